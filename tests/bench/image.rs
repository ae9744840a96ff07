//! Images as the registry holds them: an index, its manifests and their configurations, with real digests.

use crate::scene::{PAGE, repository};
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// Something that a registry answers with.
#[derive(Clone)]
pub(crate) struct Document {
    pub(crate) media: &'static str,
    pub(crate) digest: String,
    pub(crate) bytes: Bytes,
}

impl Document {
    fn new(media: &'static str, bytes: Bytes) -> Self {
        Self { media, digest: digest(&bytes), bytes }
    }

    fn json(media: &'static str, value: &Value) -> Self {
        Self::new(media, Bytes::from(value.to_string()))
    }

    fn descriptor(&self) -> Value {
        json!({ "mediaType": self.media, "digest": self.digest, "size": self.bytes.len() })
    }
}

/// An image in one version.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) repository: String,
    /// What the tag names.
    pub(crate) top: Document,
    /// The manifests below an index.
    pub(crate) manifests: Vec<Document>,
    pub(crate) config: Document,
    pub(crate) layers: Vec<Document>,
}

impl Image {
    /// Returns the image of a container: an index over two platforms. Its layers are only named.
    pub(crate) fn numbered(number: usize, version: u32) -> Self {
        let repository = repository(number);
        let layers = [Document::new(LAYER, Bytes::from(format!("layer of {repository}")))];
        let config = config("amd64", &layers, &json!({ "Cmd": ["/app"] }), version);
        let manifests = ["amd64", "arm64"].map(|architecture| {
            let variant = format!("{repository} {version} {architecture}");
            manifest(&config, &layers, &json!({ "org.opencontainers.image.title": variant }))
        });
        let listed: Vec<Value> = ["amd64", "arm64"]
            .iter()
            .zip(&manifests)
            .map(|(architecture, manifest)| {
                let mut entry = manifest.descriptor();
                entry["platform"] = json!({ "architecture": architecture, "os": "linux" });
                entry
            })
            .collect();
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": listed });
        Self {
            repository,
            top: Document::json(INDEX, &index),
            manifests: manifests.to_vec(),
            config,
            layers: Vec::new(),
        }
    }

    /// Returns the image of the harness's page server: one manifest, one layer with this very program.
    pub(crate) fn page(program: &Bytes, version: u32) -> Self {
        let layers = [Document::new(LAYER, archive("bench", program))];
        let run = json!({
            "Entrypoint": ["/bench", "page", "0.0.0.0:8080"],
            "Env": [format!("PAGE_VERSION={version}")],
            "ExposedPorts": { "8080/tcp": {} },
        });
        let config = config("amd64", &layers, &run, version);
        let top = manifest(&config, &layers, &json!({}));
        let manifests = Vec::new();
        Self { repository: PAGE.to_owned(), top, manifests, config, layers: layers.to_vec() }
    }
}

/// Returns the digest of some bytes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("a String takes everything");
    }
    text
}

fn config(architecture: &str, layers: &[Document], run: &Value, version: u32) -> Document {
    let identifiers: Vec<&str> = layers.iter().map(|layer| layer.digest.as_str()).collect();
    let value = json!({
        "architecture": architecture,
        "os": "linux",
        "created": "2026-01-01T00:00:00Z",
        "config": run,
        "rootfs": { "type": "layers", "diff_ids": identifiers },
        "history": [{ "created": "2026-01-01T00:00:00Z", "comment": format!("version {version}") }],
    });
    Document::json(CONFIG, &value)
}

fn manifest(config: &Document, layers: &[Document], annotations: &Value) -> Document {
    let layers: Vec<Value> = layers.iter().map(Document::descriptor).collect();
    let value = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.descriptor(),
        "layers": layers,
        "annotations": annotations,
    });
    Document::json(MANIFEST, &value)
}

/// Returns a tar archive of one executable file.
fn archive(name: &str, content: &[u8]) -> Bytes {
    let mut header = [0_u8; 512];
    let mut put =
        |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000755");
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{:011o}", content.len()));
    put(136, "00000000000");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\u{0}00");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    let text = format!("{sum:06o}\u{0} ");
    header[148..156].copy_from_slice(text.as_bytes());
    let padding = content.len().next_multiple_of(512) - content.len();
    let mut archive = Vec::with_capacity(content.len() + 2048);
    archive.extend_from_slice(&header);
    archive.extend_from_slice(content);
    archive.resize(archive.len() + padding + 1024, 0);
    Bytes::from(archive)
}

//! Reads manifests and indexes, and finds the one for a platform.  (pure)

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer};
use sha2::Digest as _;

use crate::core::digest::{Digest, Platform};

/// The media types of everything that a tag may name; all are asked for, because a registry answers
/// 404 or another digest where the right one is missing.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";

/// The media types of the config of an image.
const IMAGE_CONFIGS: [&str; 6] = [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
    // Tools of old wrote these, or none; engines take them for images as well.
    "application/octet-stream",
    "application/json",
    "text/html",
    "",
];

/// The media types of the manifests of old, with and without a signature in them.
const OUTDATED_KINDS: [&str; 2] = [
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/vnd.docker.distribution.manifest.v1+json",
];

/// Why a manifest of old is no image any more.
pub(super) const OUTDATED: &str = "its manifest has schema version 1, which engines no longer run; \
     push the image again with a newer tool";

/// The longest media type that is shown.
const LONGEST_SHOWN: usize = 100;

/// Why a content is not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is no manifest of its kind.
    Broken(String),
    /// It is a manifest of something that no container can run.
    NotAnImage(String),
}

/// What a tag or digest names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Manifest {
    /// One image.
    Image {
        /// The digest of its config.
        config: Digest,
        /// The size of its config and its layers, as they are transferred.
        size_bytes: u64,
    },
    /// Several images, one for each platform.
    Index(Vec<Entry>),
}

/// One line of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) digest: Digest,
    /// `None` where the index does not say.
    pub(super) platform: Option<Platform>,
    /// Whether it is an index again.
    pub(super) nested: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: Option<u8>,
    #[serde(default, deserialize_with = "text_or_null")]
    media_type: String,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default, deserialize_with = "text_or_null")]
    media_type: String,
    digest: Digest,
    #[serde(default)]
    size: u64,
    platform: Option<Described>,
    #[serde(default)]
    annotations: Option<std::collections::BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Described {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
}

/// Some tools write `null` where they have nothing to say.
fn text_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl Described {
    fn platform(&self) -> Option<Platform> {
        let known = |text: &str| !text.is_empty() && text != "unknown";
        (known(&self.os) && known(&self.architecture))
            .then(|| Platform::new(&self.os, &self.architecture, self.variant.as_deref()))
    }
}

impl Descriptor {
    /// Says whether it names an image at all, rather than what is known about another one.
    fn is_image(&self) -> bool {
        let annotations = self.annotations.as_ref();
        let attestation = annotations
            .and_then(|all| all.get("vnd.docker.reference.type"))
            .is_some_and(|kind| kind == "attestation-manifest");
        let manifest = self.media_type.is_empty() || is_accepted(&self.media_type);
        let platform = self.platform.as_ref().is_none_or(|own| own.platform().is_some());
        manifest && !attestation && platform
    }

    fn is_index(&self) -> bool {
        self.media_type == "application/vnd.oci.image.index.v1+json"
            || self.media_type == "application/vnd.docker.distribution.manifest.list.v2+json"
    }
}

impl Manifest {
    /// Reads a manifest or an index of either kind.
    pub(super) fn read(content: &[u8]) -> Result<Self, Unread> {
        let document: Document = serde_json::from_slice(content).map_err(|error| {
            Unread::Broken(format!("the manifest is not valid JSON of its kind ({error})"))
        })?;
        match document.schema_version {
            Some(2) => document.manifest(),
            Some(1) => Err(Unread::NotAnImage(OUTDATED.to_owned())),
            _ => Err(document.unread("the manifest has no schema version that is known")),
        }
    }
}

impl Document {
    fn manifest(self) -> Result<Manifest, Unread> {
        if let Some(entries) = self.manifests {
            return Ok(Manifest::Index(entries.iter().filter_map(entry).collect()));
        }
        let Some(config) = self.config else {
            return Err(self.unread("the manifest names neither a config nor other manifests"));
        };
        if !IMAGE_CONFIGS.contains(&bare(&config.media_type)) {
            return Err(not_an_image("its config", &config.media_type));
        }
        let layers = self.layers.unwrap_or_default();
        let sizes = layers.iter().chain([&config]).map(|part| part.size);
        let size_bytes = sizes.fold(0, u64::saturating_add);
        Ok(Manifest::Image { config: config.digest, size_bytes })
    }

    /// Returns why it is not read: what says of itself that it is something else is not broken.
    fn unread(&self, broken: &str) -> Unread {
        if self.media_type.is_empty() || is_accepted(&self.media_type) {
            Unread::Broken(broken.to_owned())
        } else {
            not_an_image("its manifest", &self.media_type)
        }
    }
}

fn not_an_image(part: &str, media_type: &str) -> Unread {
    let shown = media_type.chars().filter(|c| !c.is_control()).take(LONGEST_SHOWN);
    let shown: String = shown.collect();
    Unread::NotAnImage(format!("it is no container image: {part} is of the type {shown}"))
}

fn is_accepted(media_type: &str) -> bool {
    ACCEPTED.split(", ").any(|accepted| accepted == bare(media_type))
}

/// Says whether a manifest is one of old, by its media type: with a signature in it, it is not the
/// content of its digest.
pub(super) fn is_outdated(media_type: &str) -> bool {
    OUTDATED_KINDS.contains(&bare(media_type))
}

/// Returns a media type without its parameters.
fn bare(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

fn entry(descriptor: &Descriptor) -> Option<Entry> {
    descriptor.is_image().then(|| Entry {
        digest: descriptor.digest.clone(),
        platform: descriptor.platform.as_ref().and_then(Described::platform),
        nested: descriptor.is_index(),
    })
}

/// Returns the entries that may run on a platform, the best first; the ones without a platform
/// come last, because only their content tells.
pub(super) fn candidates<'a>(entries: &'a [Entry], wanted: &Platform) -> Vec<&'a Entry> {
    let rank = |entry: &Entry| match &entry.platform {
        Some(platform) => platform.distance_to(wanted).map(u16::from),
        None => Some(u16::MAX),
    };
    let mut found: Vec<_> =
        entries.iter().filter_map(|entry| Some((rank(entry)?, entry))).collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// Returns platforms for an error's text.
pub(super) fn listed<'a>(platforms: impl Iterator<Item = &'a Platform>) -> Box<str> {
    let names: BTreeSet<String> = platforms.map(Platform::to_string).collect();
    let names: Vec<String> = names.into_iter().collect();
    names.join(", ").into()
}

/// Returns the platform that an image's config names.
pub(super) fn platform_of(config: &serde_json::Value) -> Option<Platform> {
    let text = |name: &str| config.get(name).and_then(serde_json::Value::as_str);
    let (os, architecture) = (text("os")?, text("architecture")?);
    let described = Described {
        os: os.to_owned(),
        architecture: architecture.to_owned(),
        variant: text("variant").map(str::to_owned),
    };
    described.platform()
}

/// Says whether a content is the one that a digest names.
pub(super) fn is_content_of(digest: &Digest, content: &[u8]) -> bool {
    match digest.as_str().split_once(':') {
        Some(("sha256", _)) => Digest::of(content) == *digest,
        Some(("sha512", wanted)) => {
            let hash = sha2::Sha512::digest(content);
            let hexadecimal = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('?');
            let found = hash.iter().flat_map(|b| [hexadecimal(b >> 4), hexadecimal(b & 15)]);
            found.eq(wanted.chars())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(letter: char) -> Digest {
        format!("sha256:{}", letter.to_string().repeat(64)).parse().unwrap()
    }

    fn line(letter: char, platform: &str, more: &str) -> String {
        format!(r#"{{"digest":"{}","size":5{platform}{more}}}"#, digest(letter))
    }

    fn on(platform: &str) -> String {
        let mut parts = platform.split('/');
        let mut next = || parts.next().unwrap_or_default();
        format!(
            r#","platform":{{"os":"{}","architecture":"{}","variant":"{}"}}"#,
            next(),
            next(),
            next()
        )
    }

    #[test]
    fn the_best_entry_is_first() {
        let lines = [
            line('a', &on("linux/arm/v6"), ""),
            line('b', &on("linux/arm/v7"), ""),
            line('c', &on("linux/amd64"), ""),
            line('d', &on("unknown/unknown"), ""),
            line(
                'e',
                &on("linux/amd64"),
                r#","annotations":{"vnd.docker.reference.type":"attestation-manifest"}"#,
            ),
            line('f', "", r#","mediaType":"application/vnd.oci.image.index.v1+json""#),
        ];
        let content = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, lines.join(","));
        let Manifest::Index(entries) = Manifest::read(content.as_bytes()).unwrap() else {
            panic!("no index");
        };
        for (platform, letters) in [
            (Platform::new("linux", "amd64", None), "cf"),
            (Platform::new("linux", "arm", Some("v7")), "baf"),
            (Platform::new("linux", "arm", Some("v6")), "af"),
            (Platform::new("linux", "s390x", None), "f"),
        ] {
            let found: Vec<_> =
                candidates(&entries, &platform).into_iter().map(|entry| &entry.digest).collect();
            let expected: Vec<_> = letters.chars().map(digest).collect();
            assert_eq!(found, expected.iter().collect::<Vec<_>>(), "{platform}");
        }
        assert!(entries.last().unwrap().nested);
        let platforms = entries.iter().filter_map(|entry| entry.platform.as_ref());
        assert_eq!(&*listed(platforms), "linux/amd64, linux/arm/v6, linux/arm/v7");
    }

    #[test]
    fn images_are_read() {
        let config = line('a', "", "");
        let layers = [line('b', "", ""), line('c', "", "")].join(",");
        let content = format!(r#"{{"schemaVersion":2,"config":{config},"layers":[{layers}]}}"#);
        let expected = Manifest::Image { config: digest('a'), size_bytes: 15 };
        assert_eq!(Manifest::read(content.as_bytes()), Ok(expected));
        let config = line('a', "", r#","mediaType":null"#);
        let content = format!(r#"{{"schemaVersion":2,"mediaType":null,"config":{config}}}"#);
        let expected = Manifest::Image { config: digest('a'), size_bytes: 5 };
        assert_eq!(Manifest::read(content.as_bytes()), Ok(expected));
    }

    #[test]
    fn bad_manifests_say_why() {
        for (content, part) in [
            ("", "JSON"),
            ("<html>", "JSON"),
            ("{}", "no schema version"),
            (r#"{"schemaVersion":3}"#, "no schema version"),
            (r#"{"schemaVersion":2}"#, "neither"),
            (
                r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#,
                "neither",
            ),
            (r#"{"schemaVersion":2,"manifests":{}}"#, "JSON"),
            (r#"{"schemaVersion":2,"manifests":[{"#, "JSON"),
            (r#"{"schemaVersion":2,"config":{"digest":"sha256:12"}}"#, "JSON"),
        ] {
            match Manifest::read(content.as_bytes()) {
                Err(Unread::Broken(reason)) => {
                    assert!(reason.contains(part), "{content}: {reason}");
                }
                other => panic!("{content}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_image_says_what_it_is() {
        let of = |media_type: &str| {
            let config = line('a', "", &format!(r#","mediaType":"{media_type}""#));
            format!(r#"{{"schemaVersion":2,"config":{config},"layers":[]}}"#)
        };
        let artifact = "application/vnd.oci.artifact.manifest.v1+json";
        let blobs = format!(r#"{{"mediaType":"{artifact}","blobs":[]}}"#);
        let versioned = format!(r#"{{"schemaVersion":2,"mediaType":"{artifact}","blobs":[]}}"#);
        let helm = "application/vnd.cncf.helm.config.v1+json";
        let long = "x".repeat(200);
        for (content, part) in [
            (of(helm), helm),
            (of("application/vnd.oci.empty.v1+json"), "vnd.oci.empty"),
            (of("application/vnd.docker.plugin.v1+json"), "plugin"),
            (of(&long), "xxx"),
            (of("a\\nb"), "type ab"),
            (blobs, artifact),
            (versioned, artifact),
            (r#"{"schemaVersion":1,"name":"app","fsLayers":[]}"#.to_owned(), "schema version 1"),
        ] {
            match Manifest::read(content.as_bytes()) {
                Err(Unread::NotAnImage(reason)) => {
                    assert!(reason.contains(part) && reason.len() < 180, "{content}: {reason}");
                }
                other => panic!("{content}: {other:?}"),
            }
        }
        for media_type in IMAGE_CONFIGS.into_iter().chain(["text/html; charset=utf-8"]) {
            let read = Manifest::read(of(media_type).as_bytes());
            assert!(matches!(read, Ok(Manifest::Image { .. })), "{media_type}: {read:?}");
        }
        for (media_type, outdated) in OUTDATED_KINDS.iter().map(|kind| (*kind, true)).chain([
            ("application/vnd.docker.distribution.manifest.v1+json; charset=utf-8", true),
            ("application/vnd.docker.distribution.manifest.v2+json", false),
            ("", false),
        ]) {
            assert_eq!(is_outdated(media_type), outdated, "{media_type}");
        }
    }

    #[test]
    fn an_index_has_no_line_for_what_is_no_image() {
        let lines = [
            line('a', "", r#","mediaType":"application/vnd.oci.image.layer.v1.tar+gzip""#),
            line('b', "", r#","mediaType":"application/vnd.oci.image.manifest.v1+json""#),
            line('c', &on("unknown/unknown"), ""),
        ];
        let content = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, lines.join(","));
        let Manifest::Index(entries) = Manifest::read(content.as_bytes()).unwrap() else {
            panic!("no index");
        };
        let digests: Vec<_> = entries.into_iter().map(|entry| entry.digest).collect();
        assert_eq!(digests, [digest('b')]);
    }

    #[test]
    fn contents_are_checked() {
        let long = "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
                    47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";
        for (digest, content, same) in [
            (Digest::of(b"x"), &b"x"[..], true),
            (Digest::of(b"x"), b"y", false),
            (long.parse().unwrap(), b"", true),
            (long.parse().unwrap(), b"x", false),
        ] {
            assert_eq!(is_content_of(&digest, content), same, "{digest}");
        }
    }
}

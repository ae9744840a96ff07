//! What a tag may name that is no container image: it is told apart from a fault, and remembered.

use docker_auto::core::digest::{Digest, Platform};
use docker_auto::registry::Registry;
use serde_json::{Value, json};

use super::fake::{Fake, INDEX, MANIFEST, digest_of, outcome_of, settings};
use super::images::{amd64, entry, index};
use crate::support::scripted::Reply;

const HELM: &str = "application/vnd.cncf.helm.config.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const SCHEMA_1: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";

/// Adds an artifact with a config of a type.
pub(super) fn put_artifact(
    fake: &Fake,
    (repository, tag): (&str, &str),
    (kind, config): (&str, &str),
) -> Digest {
    let config = fake.put_blob(repository, config.to_owned());
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": kind, "digest": config, "size": 2},
        "layers": [{"digest": Digest::of(b"layer"), "size": 1000}],
    });
    fake.put_manifest((repository, tag), MANIFEST, &manifest)
}

/// Adds a chart.
pub(super) fn put_chart(fake: &Fake, place: (&str, &str)) -> Digest {
    put_artifact(fake, place, (HELM, r#"{"name":"app","version":"1.0.0"}"#))
}

fn silent(digest: &Digest) -> Value {
    json!({"mediaType": MANIFEST, "digest": digest, "size": 500})
}

fn attestation() -> Value {
    let mut entry = entry(&Digest::of(b"absent"), &amd64());
    entry["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    entry
}

/// Asks for an image twice; the second time nothing may be asked of the registry that lasts.
async fn check(fake: &Fake, digest: &Digest, (code, part): (&str, &str)) {
    let registry = Registry::new(settings()).unwrap();
    let (wanted, platform) = (fake.wanted("app:1"), Platform::new("linux", "amd64", None));
    let found = registry.resolve(&wanted, digest, &platform).await;
    assert_eq!(outcome_of(&found), code, "{found:?}");
    let text = found.as_ref().err().map(ToString::to_string).unwrap_or_default();
    assert!(text.contains(part) && (text.is_empty() || text.contains("app:1: ")), "{text}");
    fake.server.forget();
    assert_eq!(registry.resolve(&wanted, digest, &platform).await, found);
    let other = registry.resolve(&fake.wanted("app:2"), digest, &platform).await;
    assert_eq!(outcome_of(&other), code);
    let other = other.err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(other, text.replace("app:1: ", "app:2: "));
    assert_eq!(fake.server.seen().len(), 0, "{text}");
}

#[tokio::test]
async fn what_is_no_image_is_said_to_be_none() {
    let fake = Fake::open();
    let chart = put_chart(&fake, ("app", "chart"));
    let unsaid = r#"{"architecture":"","os":"","rootfs":{"type":"layers","diff_ids":[]}}"#;
    let signature = put_artifact(&fake, ("app", "signature"), (OCI_CONFIG, unsaid));
    let materials = put_artifact(&fake, ("app", "materials"), (EMPTY, "{}"));
    let unsaid = put_artifact(&fake, ("app", "unsaid"), ("", "{}"));
    let (arm, _) =
        fake.put_platform(("app", "arm"), &json!({"os": "linux", "architecture": "arm64"}));
    let (image, _) = fake.put_platform(("app", "image"), &amd64());
    let put = |entries: &[Value]| fake.put_manifest(("app", "1"), INDEX, &index(entries));
    for (digest, expected) in [
        (&chart, ("not_an_image", HELM)),
        (&signature, ("not_an_image", "names no platform")),
        (&materials, ("not_an_image", EMPTY)),
        (&unsaid, ("not_an_image", "names no platform")),
        (&put(&[attestation()]), ("not_an_image", "its index names none")),
        (&put(&[]), ("not_an_image", "its index names none")),
        (&put(&[silent(&signature), silent(&chart)]), ("not_an_image", "names no platform")),
        (&put(&[entry(&chart, &amd64())]), ("not_an_image", HELM)),
        // What is no image does not hide what is one, nor for whom that is.
        (
            &put(&[silent(&chart), entry(&arm, &json!({"os": "linux", "architecture": "arm64"}))]),
            ("no_platform", "only for linux/arm64"),
        ),
        (&put(&[silent(&chart), silent(&arm)]), ("no_platform", "only for linux/arm64")),
        (&put(&[entry(&chart, &amd64()), silent(&image)]), ("ok", "")),
        (&put(&[silent(&chart), attestation(), entry(&image, &amd64())]), ("ok", "")),
    ] {
        check(&fake, digest, expected).await;
    }
}

#[tokio::test]
async fn whether_there_is_an_image_costs_no_more_than_its_index() {
    let fake = Fake::open();
    let (image, _) = fake.put_platform(("app", "image"), &amd64());
    let arm = json!({"os": "linux", "architecture": "arm64"});
    let chart = put_chart(&fake, ("app", "chart"));
    let put = |entries: &[Value]| fake.put_manifest(("app", "1"), INDEX, &index(entries));
    let platform = Platform::new("linux", "amd64", None);
    for (digest, code, manifests) in [
        (&put(&[entry(&image, &amd64())]), "ok", 1),
        (&put(&[silent(&image)]), "ok", 2),
        (&image, "ok", 1),
        (&chart, "not_an_image", 1),
        (&put(&[entry(&image, &arm)]), "no_platform", 1),
        (&put(&[attestation()]), "not_an_image", 1),
    ] {
        let registry = Registry::new(settings()).unwrap();
        let wanted = fake.wanted("app:1");
        fake.server.forget();
        let found = registry.has_image(&wanted, digest, &platform).await;
        let asked = fake.server.count("GET", "/manifests/");
        assert_eq!((outcome_of(&found), asked), (code, manifests), "{found:?}");
        // What is not there is remembered; what is stated alone is not taken for what was read.
        let resolved = registry.resolve(&wanted, digest, &platform).await;
        assert_eq!(outcome_of(&resolved), code, "{resolved:?}");
        assert_eq!(fake.server.count("GET", "/manifests/") > asked, code == "ok", "{code}");
    }
}

#[tokio::test]
async fn a_manifest_of_old_is_none_although_its_digest_is_of_a_part_of_it() {
    let fake = Fake::open();
    let body = r#"{"schemaVersion":1,"name":"app","fsLayers":[],"signatures":[]}"#;
    let digest = Digest::of(b"what was signed");
    let path = format!("/v2/app/manifests/{digest}");
    let reply = Reply::new(200).header("content-type", SCHEMA_1).body(body);
    fake.script("GET", &path, [reply.into()]);
    check(&fake, &digest, ("not_an_image", "schema version 1")).await;
    // Where HEAD is no answer, the tag is read.
    let reply = Reply::new(200)
        .header("content-type", SCHEMA_1)
        .header("docker-content-digest", digest.as_str())
        .body(body);
    fake.script("HEAD", "/v2/app/manifests/1", [Reply::new(405).into()]);
    fake.script("GET", "/v2/app/manifests/1", [reply.into()]);
    let found = digest_of(&Registry::new(settings()).unwrap(), &fake.wanted("app:1")).await;
    assert_eq!(outcome_of(&found), "not_an_image", "{found:?}");
}

#[tokio::test]
async fn a_fault_is_none_of_that_and_is_asked_about_again() {
    let fake = Fake::open();
    let chart = put_chart(&fake, ("app", "1"));
    let path = format!("/v2/app/manifests/{chart}");
    let (registry, wanted) = (Registry::new(settings()).unwrap(), fake.wanted("app:1"));
    let platform = Platform::new("linux", "amd64", None);
    let whole = fake.content(&path);
    let other = put_artifact(&fake, ("app", "other"), (EMPTY, "{}"));
    let other = fake.content(&format!("/v2/app/manifests/{other}"));
    for (reply, code) in [
        (Reply::new(200).body(whole.slice(..whole.len() / 2)), "bad_answer"),
        (Reply::new(200).body(other), "bad_answer"),
        (Reply::new(403), "forbidden"),
        (Reply::new(404), "not_found"),
        (Reply::new(501), "unavailable"),
    ] {
        fake.script("GET", &path, [reply.into()]);
        let found = registry.resolve(&wanted, &chart, &platform).await;
        assert_eq!(outcome_of(&found), code, "{found:?}");
    }
    let found = registry.resolve(&wanted, &chart, &platform).await;
    assert_eq!(outcome_of(&found), "not_an_image", "{found:?}");
}

//! From a digest to the image for a platform, and its config.

use docker_auto::core::digest::{Digest, Platform};
use docker_auto::core::reference::ImageRef;
use docker_auto::registry::{Registry, RegistryError, RemoteImage, Wanted};
use serde_json::{Value, json};

use super::fake::{DOCKER_LIST, Fake, INDEX, MANIFEST, digest_of, outcome_of, settings};
use crate::support::scripted::{Reply, ScriptedServer};

pub(super) fn amd64() -> Value {
    json!({"os": "linux", "architecture": "amd64"})
}

fn arm(variant: &str) -> Value {
    json!({"os": "linux", "architecture": "arm", "variant": variant})
}

pub(super) fn entry(digest: &Digest, platform: &Value) -> Value {
    json!({"mediaType": MANIFEST, "digest": digest, "size": 500, "platform": platform})
}

pub(super) fn index(entries: &[Value]) -> Value {
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
}

async fn resolve(
    fake: &Fake,
    digest: &Digest,
    platform: (&str, &str, Option<&str>),
) -> Result<RemoteImage, RegistryError> {
    let registry = Registry::new(settings()).unwrap();
    let platform = Platform::new(platform.0, platform.1, platform.2);
    registry.resolve(&fake.wanted("app:1"), digest, &platform).await
}

#[tokio::test]
async fn an_index_leads_to_the_platforms_image() {
    let fake = Fake::open();
    let (on_amd64, config) = fake.put_platform(("app", "amd64"), &amd64());
    let (on_v6, _) = fake.put_platform(("app", "v6"), &arm("v6"));
    let (on_v7, _) = fake.put_platform(("app", "v7"), &arm("v7"));
    let attestation = {
        let mut entry = entry(&Digest::of(b"absent"), &amd64());
        entry["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
        entry
    };
    let unknown = json!({"os": "unknown", "architecture": "unknown"});
    let entries = [
        attestation,
        entry(&Digest::of(b"absent, too"), &unknown),
        entry(&on_v6, &arm("v6")),
        entry(&on_v7, &arm("v7")),
        entry(&on_amd64, &amd64()),
    ];
    for media_type in [INDEX, DOCKER_LIST] {
        let digest = fake.put_manifest(("app", "1"), media_type, &index(&entries));
        let tagged = digest_of(&Registry::new(settings()).unwrap(), &fake.wanted("app:1")).await;
        let tagged = tagged.unwrap();
        assert_eq!((&tagged.digest, &*tagged.media_type), (&digest, media_type));
        let image = resolve(&fake, &digest, ("linux", "amd64", None)).await.unwrap();
        assert_eq!((&image.digest, &image.manifest, &image.config), (&digest, &on_amd64, &config));
        assert!(image.size_bytes > 1000 && image.image_config.is_none());
        for (variant, expected) in [("v7", &on_v7), ("v6", &on_v6), ("v8", &on_v7)] {
            let image = resolve(&fake, &digest, ("linux", "arm", Some(variant))).await.unwrap();
            assert_eq!(&image.manifest, expected, "{variant}");
        }
        let error = resolve(&fake, &digest, ("linux", "s390x", None)).await.unwrap_err();
        assert_eq!(error.code(), "no_platform");
        let text = error.to_string();
        assert!(
            text.contains("linux/s390x") && text.contains("linux/amd64, linux/arm/v6"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn nested_indexes_are_followed_three_deep() {
    let fake = Fake::open();
    let (image, _) = fake.put_platform(("app", "image"), &amd64());
    let mut inner = fake.put_manifest(("app", "0"), INDEX, &index(&[entry(&image, &amd64())]));
    for (depth, outcome) in [(1, "ok"), (2, "ok"), (3, "bad_answer")] {
        let nested = json!({"mediaType": INDEX, "digest": inner, "size": 500});
        inner = fake.put_manifest(("app", "1"), INDEX, &index(&[nested]));
        let found = resolve(&fake, &inner, ("linux", "amd64", None)).await;
        let code = outcome_of(&found);
        assert_eq!(code, outcome, "{} indexes: {found:?}", depth + 1);
    }
}

#[tokio::test]
async fn a_single_image_is_checked_by_its_config() {
    let fake = Fake::open();
    let (digest, config) = fake.put_platform(("app", "1"), &arm("v6"));
    let image = resolve(&fake, &digest, ("linux", "arm", Some("v7"))).await.unwrap();
    assert_eq!((&image.manifest, &image.config), (&digest, &config));
    assert_eq!(image.platform, Platform::new("linux", "arm", Some("v6")));
    assert_eq!(image.image_config.unwrap()["config"]["Labels"]["of"], "app:1");
    let error = resolve(&fake, &digest, ("linux", "amd64", None)).await.unwrap_err();
    assert!(
        error.to_string().contains("not made for linux/amd64, only for linux/arm/v6"),
        "{error}"
    );

    // An index need not say a platform; then, too, the config does.
    let silent = json!({"mediaType": MANIFEST, "digest": digest, "size": 500});
    let outer = fake.put_manifest(("app", "1"), INDEX, &index(&[silent]));
    let image = resolve(&fake, &outer, ("linux", "arm", Some("v7"))).await.unwrap();
    assert_eq!((image.digest, image.manifest), (outer, digest));
}

#[tokio::test]
async fn content_that_is_not_what_was_asked_for_is_refused() {
    let fake = Fake::open();
    let (digest, config) = fake.put_platform(("app", "1"), &amd64());
    let manifest = format!("/v2/app/manifests/{digest}");
    let blob = format!("/v2/app/blobs/{config}");
    let (another, another_config) = fake.put_platform(("another", "1"), &amd64());
    let other_manifest = fake.content(&format!("/v2/another/manifests/{another}"));
    let other_config = fake.content(&format!("/v2/another/blobs/{another_config}"));
    for (path, reply, code) in [
        (&manifest, Reply::new(200).body(other_manifest), "bad_answer"),
        (&manifest, Reply::new(404), "not_found"),
        (&manifest, Reply::new(403), "forbidden"),
        (&blob, Reply::new(200).body(other_config), "bad_answer"),
        (&blob, Reply::new(200).body(vec![b' '; 9 * 1024 * 1024]), "bad_answer"),
        (&blob, Reply::new(404), "not_found"),
    ] {
        fake.script("GET", path, [reply.into()]);
        let error = resolve(&fake, &digest, ("linux", "amd64", None)).await.unwrap_err();
        assert_eq!(error.code(), code, "{path}: {error}");
    }
    for (name, content) in [("text", "<html>"), ("cut off", r#"{"os":"linux""#)] {
        let config = fake.put_blob("app", content);
        let manifest = json!({"schemaVersion": 2, "config": {"digest": config}, "layers": []});
        let digest = fake.put_manifest(("app", "1"), MANIFEST, &manifest);
        let error = resolve(&fake, &digest, ("linux", "amd64", None)).await.unwrap_err();
        assert_eq!(error.code(), "bad_answer", "{name}: {error}");
    }
    resolve(&fake, &digest, ("linux", "amd64", None)).await.unwrap();
}

#[tokio::test]
async fn a_config_may_lie_elsewhere_but_credentials_stay() {
    let fake = Fake::new(super::door::Door::Bearer(super::door::TokenRules::default()));
    let (_, config) = fake.put_platform(("app", "1"), &amd64());
    let path = format!("/v2/app/blobs/{config}");
    let registry = Registry::new(settings()).unwrap();
    let content = registry.image_config(&fake.wanted("app:1"), &config).await.unwrap();
    assert_eq!(content["architecture"], "amd64");

    let text = content.to_string();
    let elsewhere = ScriptedServer::plain(move |_| Reply::new(200).body(text.clone()).into());
    let location = format!("http://{}/data?signed=1", elsewhere.address());
    fake.server.forget();
    fake.script("GET", &path, [Reply::new(307).header("location", &location).into()]);
    assert_eq!(registry.image_config(&fake.wanted("app:1"), &config).await.unwrap(), content);
    let seen = elsewhere.seen();
    assert_eq!(
        (seen.len(), seen[0].query.as_str(), seen[0].header("authorization")),
        (1, "signed=1", "")
    );

    let near = "/v2/app/blobs/moved?here";
    fake.script("GET", &path, [Reply::new(302).header("location", near).into()]);
    let error = registry.image_config(&fake.wanted("app:1"), &config).await.unwrap_err();
    assert_eq!(error.code(), "not_found");
    let last = fake.server.seen().pop().unwrap();
    assert!(near.starts_with(&last.path) && last.header("authorization").starts_with("Bearer "));

    for location in ["", "ftp://elsewhere.test/", &path] {
        let reply = Reply::new(302).header("location", location);
        fake.script("GET", &path, vec![reply.into(); 6]);
        let error = registry.image_config(&fake.wanted("app:1"), &config).await.unwrap_err();
        assert_eq!(error.code(), "bad_answer", "{location}: {error}");
        // What is left of the script must not meet the next case.
        while registry.image_config(&fake.wanted("app:1"), &config).await.is_err() {}
    }
}

#[tokio::test]
async fn a_pinned_image_is_asked_for_by_tag_if_it_has_one() {
    let fake = Fake::open();
    let digest = fake.put_image("app", "1");
    let registry = Registry::new(settings()).unwrap();
    let old = Digest::of(b"old");
    for (name, path) in [
        (format!("app:1@{old}"), "/v2/app/manifests/1".to_owned()),
        (format!("app@{digest}"), format!("/v2/app/manifests/{digest}")),
    ] {
        fake.server.forget();
        let reference = ImageRef::parse(&format!("{}/{name}", fake.server.address())).unwrap();
        let found = digest_of(&registry, &Wanted::new(reference)).await.unwrap();
        assert_eq!((found.digest, &fake.server.seen()[0].path), (digest.clone(), &path));
    }
}

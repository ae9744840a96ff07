//! The registry client against real registries of the lab, with and without faults.

use docker_auto::clock::Clock;
use docker_auto::core::digest::{Digest, Platform};
use docker_auto::core::reference::ImageRef;
use docker_auto::core::secret::Secret;
use docker_auto::registry::{
    Credential, Freshness, InsecureRule, Login, Now, Registry as Client, Settings, Wanted,
};
use serde_json::json;

use super::fake::{digest_of, settings};
use crate::support::image::{ImageSpec, Index};
use crate::support::lab::{needs, the_lab, unique};
use crate::support::registry::{PASSWORD, Registry, USER};

fn password(registry: &Registry, password: &str) -> Vec<Credential> {
    let login = Login::Password { username: USER.into(), password: Secret::new(password) };
    vec![Credential { host: registry.address.clone(), login }]
}

/// Settings that allow the lab's registries to be spoken to without TLS.
fn lab_settings() -> Settings {
    // Real servers name real dates.
    let now = Now::new(|| Clock::real().now());
    let insecure = vec![InsecureRule::parse("10.0.0.0/8").unwrap()];
    Settings { insecure, now, ..settings() }
}

fn wanted(registry: &Registry, image: &ImageSpec) -> Wanted {
    Wanted::new(ImageRef::parse(&image.reference(registry)).unwrap())
}

fn machine() -> Platform {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    Platform::new("linux", architecture, None)
}

#[tokio::test]
async fn real_registries_let_in_whom_they_know() {
    needs!(lab);
    let ca = || Some(the_lab().pki.join("ca.crt"));
    let (plain, basic, token, tls) =
        (Registry::shared(), Registry::basic(), Registry::token(), Registry::tls());
    for (registry, folder, credentials, certificate_authorities, outcome) in [
        (&plain, "", vec![], None, "ok"),
        (&basic, "", password(&basic, PASSWORD), None, "ok"),
        (&basic, "", password(&basic, "wrong"), None, "unauthorized"),
        (&basic, "", vec![], None, "unauthorized"),
        (&token, "public/", vec![], None, "ok"),
        (&token, "", password(&token, PASSWORD), None, "ok"),
        (&token, "", password(&token, "wrong"), None, "unauthorized"),
        (&token, "", vec![], None, "unauthorized"),
        (&tls, "", vec![], ca(), "ok"),
    ] {
        let image = ImageSpec::web(&format!("{folder}{}/app", unique()), "1");
        let digest: Digest = registry.push(&image).parse().unwrap();
        let settings = Settings { credentials, certificate_authorities, ..lab_settings() };
        let client = Client::new(settings).unwrap();
        let reply = digest_of(&client, &wanted(registry, &image)).await;
        match reply {
            Ok(found) => assert_eq!(("ok", &found.digest), (outcome, &digest)),
            Err(error) => assert_eq!(error.code(), outcome, "{error}"),
        }
    }
}

#[tokio::test]
async fn a_real_certificate_of_an_unknown_authority_is_refused() {
    needs!(lab);
    let registry = Registry::tls();
    let image = ImageSpec::web(&format!("{}/app", unique()), "1");
    registry.push(&image);
    let client = Client::new(settings()).unwrap();
    let error = digest_of(&client, &wanted(&registry, &image)).await.unwrap_err();
    assert!(error.to_string().contains("DOCKER_AUTO_REGISTRY_CA"), "{error}");
}

#[tokio::test]
async fn indexes_of_every_kind_lead_to_this_machines_image() {
    needs!(lab);
    let registry = Registry::shared();
    let client = Client::new(lab_settings()).unwrap();
    let image = |index: Option<Index>, docker: bool| {
        let image = ImageSpec::web(&format!("{}/app", unique()), "1");
        let image = if docker { image.docker_media_types() } else { image };
        index.map_or(image.clone(), |index| image.index(index))
    };
    for (index, docker) in [
        (None, false),
        (None, true),
        (Some(Index::Multi), false),
        (Some(Index::Multi), true),
        (Some(Index::Attested), false),
        (Some(Index::Nested), false),
    ] {
        let image = image(index, docker);
        let pushed: Digest = registry.push(&image).parse().unwrap();
        let wanted = wanted(&registry, &image);
        let found = digest_of(&client, &wanted).await.unwrap();
        assert_eq!(found.digest, pushed, "{index:?} {docker}");
        let resolved = client.resolve(&wanted, &pushed, &machine()).await.unwrap();
        assert_eq!(resolved.manifest == pushed, index.is_none(), "{index:?} {docker}");
        let config = client.image_config(&wanted, &resolved.config).await.unwrap();
        assert_eq!(config["os"], "linux", "{index:?} {docker}");
        let nowhere = Platform::new("linux", "s390x", None);
        let error = client.resolve(&wanted, &pushed, &nowhere).await.unwrap_err();
        assert_eq!(error.code(), "no_platform", "{error}");
    }
}

#[tokio::test]
async fn an_image_that_is_up_to_date_costs_one_head() {
    needs!(lab);
    let registry = Registry::faulty(&json!({}));
    let image = ImageSpec::web(&format!("{}/app", unique()), "1");
    registry.push(&image);
    let client = Client::new(lab_settings()).unwrap();
    let hundred = vec![wanted(&registry, &image); 100];
    for _ in 0..2 {
        registry.forget();
        let replies = client.check(hundred.clone(), Freshness::Forced).await;
        assert!(replies.values().all(Result::is_ok), "{replies:?}");
        let lines: Vec<_> = registry.log().iter().map(|entry| entry["method"].clone()).collect();
        assert_eq!(lines, ["HEAD"]);
    }
}

#[tokio::test]
async fn real_faults_come_to_exact_answers() {
    needs!(lab);
    let image = ImageSpec::web(&format!("{}/app", unique()), "1");
    let digest: Digest = Registry::shared().push(&image).parse().unwrap();
    let manifests = "/manifests/";
    for (faults, outcome, requests) in [
        (json!({"fail": [503, "drop"], "only": manifests}), "ok", (3, 0)),
        (json!({"fail": [401], "only": manifests}), "ok", (1, 1)),
        (json!({"fail": [403], "only": manifests}), "forbidden", (1, 0)),
        (json!({"fail": [500, 500, 500, 500], "only": manifests}), "unavailable", (4, 0)),
        (json!({"rate_limit": 0, "head_counts": true}), "rate_limited", (1, 0)),
        (
            json!({"rate_limit": 0, "head_counts": true, "retry_after_date": true}),
            "rate_limited",
            (1, 0),
        ),
        (json!({"no_digest": true}), "ok", (1, 1)),
        (json!({"head_refused": true}), "ok", (1, 1)),
        (json!({"head_refused": true, "truncate_manifest": 40}), "bad_answer", (1, 1)),
        (json!({"head_refused": true, "bad_digest": true}), "bad_answer", (1, 1)),
    ] {
        let registry = Registry::faulty(&faults);
        let client = Client::new(lab_settings()).unwrap();
        let reply = digest_of(&client, &wanted(&registry, &image)).await;
        match &reply {
            Ok(found) => assert_eq!(("ok", &found.digest), (outcome, &digest), "{faults}"),
            Err(error) => assert_eq!(error.code(), outcome, "{faults}: {error}"),
        }
        let counts = (registry.count("HEAD", manifests), registry.count("GET", manifests));
        assert_eq!(counts, requests, "{faults}: {reply:?}");
    }
}

#[tokio::test]
async fn a_config_that_is_cut_off_is_not_taken() {
    needs!(lab);
    let registry = Registry::faulty(&json!({"drop_after": 20}));
    let image = ImageSpec::web(&format!("{}/app", unique()), "1");
    let digest: Digest = registry.push(&image).parse().unwrap();
    let client = Client::new(lab_settings()).unwrap();
    let wanted = wanted(&registry, &image);
    let error = client.resolve(&wanted, &digest, &machine()).await.unwrap_err();
    assert_eq!(error.code(), "bad_answer", "{error}");
    registry.faults(&json!({}));
    client.resolve(&wanted, &digest, &machine()).await.unwrap();
}

//! Registries ask for credentials, fail and count as told.

use serde_json::json;

use crate::support::engine::{Engine, Host};
use crate::support::http::{Question, ask_tcp};
use crate::support::image::ImageSpec;
use crate::support::lab::{needs, the_lab, unique};
use crate::support::registry::Registry;

#[test]
fn registries_ask_for_what_they_are_named_after() {
    needs!(lab);
    let image = ImageSpec::web(&format!("{}/app", unique()), "1");
    for (registry, challenge) in [(Registry::basic(), "Basic "), (Registry::token(), "Bearer ")] {
        registry.push(&image);
        let answer = ask_tcp(&registry.address, Question::get("/v2/")).unwrap();
        assert_eq!(answer.status, 401);
        assert!(answer.header("www-authenticate").unwrap().starts_with(challenge));
    }
    Registry::tls().push(&image);
    assert!(the_lab().pki.join("foreign-ca.crt").exists());
}

#[test]
fn a_faulty_registry_fails_as_told_and_keeps_a_log() {
    needs!(lab);
    let registry = Registry::faulty(&json!({"fail": [503, "drop"], "only": "/manifests/"}));
    let repository = format!("{}/app", unique());
    registry.push(&ImageSpec::web(&repository, "1"));
    let path = format!("/v2/{repository}/manifests/1");
    let accept = [("Accept", "application/vnd.oci.image.manifest.v1+json")];
    let head = Question { method: "HEAD", headers: &accept, ..Question::get(&path) };
    assert_eq!(ask_tcp(&registry.address, head).unwrap().status, 503);
    assert!(ask_tcp(&registry.address, head).is_err(), "the connection is reset");
    assert_eq!(ask_tcp(&registry.address, head).unwrap().status, 200);
    let outcomes: Vec<_> = registry.log().iter().map(|entry| entry["status"].clone()).collect();
    assert_eq!(outcomes, [json!(503), json!("drop"), json!(200)]);

    registry.forget();
    registry.faults(&json!({"rate_limit": 1, "rate_window": 60}));
    let statuses = ["HEAD", "GET", "GET"].map(|method| {
        let answer = ask_tcp(&registry.address, Question { method, ..head }).unwrap();
        (answer.status, answer.header("retry-after").is_some())
    });
    assert_eq!(statuses, [(200, false), (200, false), (429, true)]);
    assert_eq!((registry.count("HEAD", &repository), registry.count("GET", &repository)), (1, 2));
}

#[test]
fn an_engine_pulls_through_a_faulty_registry() {
    needs!(lab);
    let registry = Registry::faulty(&json!({}));
    let image = ImageSpec::web(&format!("{}/app", unique()), "1");
    registry.push(&image);
    for engine in Engine::ALL {
        registry.forget();
        Host::shared(engine).pull(&image.reference(&registry));
        assert!(registry.count("GET", "/blobs/") > 0, "{engine:?}");
    }
}

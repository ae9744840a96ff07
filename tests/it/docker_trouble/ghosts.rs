//! Containers that are hardly there: without a name, being removed, or broken.

use docker_auto::core::id::{ContainerName, Timestamp};
use docker_auto::core::inventory::RunState;
use serde_json::{Value, json};

use crate::support::program::Program;

use super::fake::{FakeEngine, Reply, ok, ping};

fn listed(id: &str, name: &Value, state: &str) -> Value {
    json!({"Id": id.repeat(64), "Names": name, "Image": "web:1", "ImageID": "sha256:1",
        "State": state, "Status": state, "Labels": null})
}

/// A host on which only one container is well.
fn host(line: &str) -> Reply {
    let found = json!([
        listed("a", &json!(null), "removing"),
        listed("b", &json!([]), "dead"),
        listed("c", &json!([""]), "running"),
        listed("d", &json!(["/dead"]), "dead"),
        listed("e", &json!(["/going"]), "removing"),
        listed("f", &json!(["/strange"]), "levitating"),
        {"Id": "1".repeat(64), "Names": ["/bare"]},
        {"Id": "2".repeat(64), "Names": ["/web"], "Image": "web@sha256:".to_owned() + &"3".repeat(64),
            "ImageID": "sha256:2", "State": "running"},
    ]);
    let missing = || (404, String::new(), json!({"message": "No such container"}).to_string());
    match line {
        "GET /_ping" => ping("1.47"),
        _ if line.contains("/containers/json") => ok(found.to_string()),
        _ if line.contains("/containers/") => missing(),
        _ if line.ends_with("/version") || line.ends_with("/info") => ok("{}"),
        _ => ok("[]"),
    }
}

#[tokio::test]
async fn containers_that_are_hardly_there_hide_no_other() {
    let fake = FakeEngine::start(host);
    let found = fake.host().inventory(Timestamp::default()).await.unwrap();
    let states: Vec<_> =
        found.containers.values().map(|one| (one.name.as_str(), one.state)).collect();
    let expected = [
        ("bare", RunState::Dead),
        ("dead", RunState::Dead),
        ("going", RunState::Removing),
        ("strange", RunState::Dead),
        ("web", RunState::Running),
    ];
    assert_eq!(states, expected);
    assert!(!found.containers.contains_key(&ContainerName::new("")));
}

#[test]
fn a_check_says_of_each_what_it_is() {
    let fake = FakeEngine::start(host);
    let program = Program::new(&fake.socket());
    let views = program.run(&["check", "--json"]).expect(0).json();
    let views = views.as_array().unwrap().iter();
    let told: Vec<_> = views
        .map(|view| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&view["name"]), text(&view["reason"]["code"]))
        })
        .collect();
    let hardly = ["bare", "dead", "going", "strange"].map(|name| (name, "being_removed"));
    let expected: Vec<_> = hardly.into_iter().chain([("web", "digest_without_tag")]).collect();
    assert!(
        told.iter().map(|(name, code)| (name.as_str(), code.as_str())).eq(expected),
        "{told:?}"
    );
}

//! Probes: what a new container must show besides its healthcheck, and for how long.

use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::image::Kind;
use crate::support::lab::needs;
use crate::support::scene::{Scene, on_each_engine};

/// Returns the body of a container with these labels.
fn probed(labels: &[(&str, &str)]) -> Value {
    let labels = labels
        .iter()
        .map(|(name, value)| (format!("docker-auto.health.{name}"), Value::from(*value)));
    json!({"Labels": labels.collect::<serde_json::Map<_, _>>()})
}

/// Updates a container with these labels to a new image of some behaviour; returns the record, and
/// why the new one was not good enough.
#[track_caller]
fn update(engine: Engine, kind: Kind, labels: &[(&str, &str)]) -> (Value, Option<String>) {
    update_body(engine, kind, &probed(labels))
}

#[track_caller]
fn update_body(engine: Engine, kind: Kind, body: &Value) -> (Value, Option<String>) {
    let scene = Scene::on(engine);
    scene.start("web", body);
    scene.push_kind("web", "2", kind);
    let before = scene.seen("web");
    let (program, name) = (scene.program(), scene.name("web"));
    let output = program.run(&["update", &name, "--json"]);
    let (result, reason) = output.result();
    let record = output.json()[0]["record"].clone();
    if result == "updated" {
        assert_eq!(scene.version("web"), "2");
        return (record, None);
    }
    assert_eq!((result.as_str(), scene.seen("web").id), ("rolled_back", before.id), "{reason}");
    scene.all_run(&["web"]);
    let checked = program.run(&["check", &name, "--json"]).expect(0).json();
    assert_eq!(checked[0]["reason"]["code"], "rejected_before", "{checked}");
    (record, Some(reason))
}

#[test]
fn probes_are_asked_until_they_are_answered() {
    needs!(lab);
    on_each_engine(|engine| {
        // The first two times it is too early.
        let exec = "echo x >> /tmp/asked; [ $(wc -l < /tmp/asked) -ge 3 ]";
        let labels = [("exec", exec), ("log", "^starting web [2]"), ("soak", "2s")];
        let (record, problem) = update(engine, Kind::Plain, &labels);
        assert_eq!(problem, None);
        let steps = record["steps"].as_array().unwrap();
        let proof = steps.iter().find(|step| step["step"] == "await_healthy").unwrap();
        assert!(proof["duration_ms"].as_u64() >= Some(3000), "a second up, and two more: {proof}");
    });
}

#[test]
fn what_does_not_answer_well_is_taken_back() {
    needs!(lab);
    for (labels, words) in [
        (("exec", "echo no rows; exit 2"), "ended with exit code 2: no rows"),
        (("exec", r#"["/no/such/program"]"#), "/no/such/program"),
        (("exec", "sleep 4321"), "did not end within 10s and was killed"),
        (("log", "never said"), "no line of its log matches"),
        // That is what the old one has logged.
        (("log", "starting web 1"), "no line of its log matches"),
    ] {
        let (_, problem) = update(Engine::New, Kind::Plain, &[labels, ("timeout", "3s")]);
        let problem = problem.unwrap_or_default();
        let begun = problem.contains("its probe did not succeed within 3 s");
        assert!(begun && problem.contains(words), "{labels:?}: {problem}");
    }
}

#[test]
fn what_is_good_must_stay_good_for_a_while() {
    needs!(lab);
    let falters = "echo x >> /tmp/asked; [ $(wc -l < /tmp/asked) -le 2 ]";
    for (kind, labels, words) in [
        (Kind::Sickens, &[("soak", "1m")][..], "its healthcheck says unhealthy"),
        (Kind::Crashes, &[("soak", "1m")], "ended with exit code 1"),
        (Kind::Plain, &[("soak", "1m"), ("exec", falters)], "its probe failed 3 times in a row"),
    ] {
        let (_, problem) = update(Engine::New, kind, labels);
        let problem = problem.unwrap_or_default();
        assert!(problem.contains(words), "{kind:?}: {problem}");
    }
    // Not before it was seen to be healthy, however busy the machine is.
    let later = json!({"Env": ["SICK_AFTER=30"]});
    let (_, problem) = update_body(Engine::New, Kind::Sickens, &later);
    assert_eq!(problem, None, "nobody has asked for more");
}

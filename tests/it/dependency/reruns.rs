//! Containers that end by themselves are run again before those that need them done are updated.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::scene::{PATIENCE, Scene};
use crate::support::wait::wait_until;

/// Writes down as which version it runs, and fails where it is told to.
const MIGRATE: &str = "echo $APP_VERSION >>/state/ran; test ! -e /state/broken";

fn service(scene: &Scene, name: &str, depends_on: &str, more: &Value) -> Value {
    let mut body = json!({"Labels": {
        "scene": scene.prefix,
        "com.docker.compose.project": scene.prefix,
        "com.docker.compose.service": name,
        "com.docker.compose.depends_on": depends_on,
    }});
    for (field, value) in more.as_object().expect("fields") {
        body[field] = value.clone();
    }
    body
}

fn bind(state: &Path) -> String {
    format!("{}:/state", state.display())
}

/// Starts a service, and the migration that it waited for.
fn start(scene: &Scene, state: &Path, label: Option<&str>, app: &Value) {
    let needs = "migrate:service_completed_successfully:false";
    scene.start("app", &service(scene, "app", needs, app));
    let host = json!({"NetworkMode": "none", "Binds": [bind(state)]});
    let run = json!({"Entrypoint": ["sh", "-c", MIGRATE], "HostConfig": host});
    let mut job = service(scene, "migrate", "", &run);
    if let Some(label) = label {
        job["Labels"]["docker-auto.rerun"] = label.into();
    }
    scene.start_like("app", "migrate", &job);
    wait_until("it has ended", PATIENCE, || scene.seen("migrate").status == "exited");
}

fn ran(state: &Path) -> Vec<String> {
    let text = fs::read_to_string(state.join("ran")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Only the two are there, and stand as they should.
#[track_caller]
fn check_tidy(scene: &Scene) {
    let expected = [("app", "running"), ("migrate", "exited")];
    let expected = expected.map(|(name, state)| (name.to_owned(), state.to_owned()));
    assert_eq!(scene.containers(), expected, "{:?}", scene.host.engine);
}

fn check(engine: Engine) {
    let (scene, folder) = (Scene::on(engine), TempDir::new().unwrap());
    let state = folder.path();
    start(&scene, state, Some("30s"), &json!({}));
    scene.push("app", "2");
    let (program, app) = (scene.program(), scene.name("app"));
    let plan = program.run(&["plan", &app]).expect(0).stdout;
    assert!(plan.contains(&format!("; run {}", scene.name("migrate"))), "{plan}");
    assert!(plan.contains("ends with exit code 0 (up to 30 s)"), "{plan}");
    program.run(&["update", &app]).expect(0);
    assert_eq!(["app", "migrate"].map(|name| scene.version(name)), ["2", "2"]);
    assert_eq!(ran(state), ["1", "2"]);
    assert!(scene.seen("migrate").started_at < scene.seen("app").started_at);
    check_tidy(&scene);
    // One that fails costs the service nothing, and is not tried again with the same image.
    fs::write(state.join("broken"), "").unwrap();
    scene.push("app", "3");
    let before = ["app", "migrate"].map(|name| scene.seen(name));
    let (result, reason) = program.run(&["update", &app, "--json"]).expect(1).result();
    assert_eq!(result, "aborted", "{reason}");
    assert!(reason.contains("migrate") && reason.contains("ended with exit code 1"), "{reason}");
    assert_eq!(["app", "migrate"].map(|name| scene.seen(name)), before);
    assert_eq!(ran(state), ["1", "2", "3"]);
    check_tidy(&scene);
    let checked = program.run(&["check", &app, "--json"]).expect(0).json();
    assert_eq!(checked[0]["reason"]["code"], "rejected_before", "{checked}");
}

#[test]
fn a_migration_is_run_again_before_the_service_that_needs_it_done() {
    needs!(lab);
    for engine in [Engine::Old, Engine::Containerd] {
        check(engine);
    }
}

#[test]
fn a_migration_that_does_not_ask_for_it_is_left_alone() {
    needs!(lab);
    let (scene, folder) = (Scene::on(Engine::New), TempDir::new().unwrap());
    start(&scene, folder.path(), None, &json!({}));
    scene.push("app", "2");
    let before = scene.seen("migrate");
    scene.program().run(&["update", &scene.name("app")]).expect(0);
    assert_eq!((scene.seen("migrate"), ran(folder.path())), (before, vec!["1".to_owned()]));
    check_tidy(&scene);
}

#[test]
fn a_migration_is_not_run_behind_a_pause_nor_before_its_data_is_saved() {
    needs!(lab);
    let (scene, folder) = (Scene::on(Engine::New), TempDir::new().unwrap());
    let app = json!({"HostConfig": {"Binds": [bind(folder.path())]}});
    start(&scene, folder.path(), Some("30s"), &app);
    scene.push("app", "2");
    let (program, app, migrate) = (scene.program(), scene.name("app"), scene.name("migrate"));
    let before = ["app", "migrate"].map(|name| scene.seen(name));
    let refused = |arguments: &[&str], why: &str| {
        let refused = program.run(arguments).expect(1);
        let said = format!("{}{}", refused.stdout, refused.stderr);
        assert!(said.contains(why), "{said}");
    };
    let saved =
        format!("{migrate} is to be run again before it (docker-auto.rerun) and can write to");
    refused(&["update", &app, "--backup"], &saved);
    program.run(&["pause", &migrate]).expect(0);
    refused(&["update", &app], "was paused by");
    assert_eq!(["app", "migrate"].map(|name| scene.seen(name)), before);
    assert_eq!(ran(folder.path()), ["1"]);
    program.run(&["resume", &migrate]).expect(0);
    program.run(&["update", &app]).expect(0);
    assert_eq!(ran(folder.path()), ["1", "2"]);
    check_tidy(&scene);
}

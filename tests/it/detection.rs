//! What the program takes for newer, and what not: through real engines, registries and the program's
//! own words.

mod local;
mod pinned;
mod remembered;
mod same;
mod trouble;
mod watched;

use serde_json::{Value, json};

use crate::support::engine::{Engine, Host};
use crate::support::program::Program;
use crate::support::registry::Registry;
use crate::support::scene::{Scene, Seen};

/// Returns a scene in whose registry requests can be counted.
fn counted(engine: Engine) -> Scene {
    Scene::with(Host::shared(engine), Registry::faulty(&json!({})))
}

/// Checks one container; returns how it is shown.
#[track_caller]
fn view(scene: &Scene, program: &Program, short: &str) -> Value {
    let output = program.run(&["check", &scene.name(short), "--json"]);
    let view = output.json()[0].clone();
    assert_eq!(output.code, i32::from(view["status"] == "Error"), "{view}");
    view
}

/// Checks one container; returns its status and the code of the reason.
#[track_caller]
fn status(scene: &Scene, program: &Program, short: &str) -> (String, String) {
    let view = view(scene, program, short);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&view["status"]), text(&view["reason"]["code"]))
}

/// Asks for an update that must not be made; returns the code of the reason.
#[track_caller]
fn left_alone(scene: &Scene, program: &Program, short: &str) -> String {
    let before: Seen = scene.seen(short);
    let output = program.run(&["update", &scene.name(short), "--json"]);
    assert_eq!(scene.seen(short), before, "{}", output.stdout);
    output.json()[0]["reason"]["code"].as_str().unwrap_or_default().to_owned()
}

/// Returns how many manifests were asked for: by HEAD, and by GET.
fn manifests(registry: &Registry) -> (usize, usize) {
    (registry.count("HEAD", "/manifests/"), registry.count("GET", "/manifests/"))
}

fn words(status: &str, code: &str) -> (String, String) {
    (status.to_owned(), code.to_owned())
}

//! Updates by the program itself on real engines: what a container was asked to be it stays, and what
//! its image brought changes with the image.

mod defaults;
mod files;
mod kitchen;
mod labels;
mod mounts;
mod networks;
mod passing;
mod platform;
mod source;
mod state;

use serde_json::Value;

use crate::support::program::{Output, Program};
use crate::support::scene::Scene;

/// Updates a container of a scene, which must succeed; returns it as it was and as it is.
#[track_caller]
fn update(scene: &Scene, program: &Program, short: &str) -> (Value, Value) {
    let name = scene.name(short);
    let before = scene.host.inspect(&name);
    let updated = program.run(&["update", &name, "--json"]).expect(0);
    assert_eq!(updated.result().0, "updated", "{}", updated.stdout);
    let after = scene.host.inspect(&name);
    assert_ne!(after["Id"], before["Id"]);
    (before, after)
}

/// Asks for an update that is not made; returns its result and the code of its reason.
#[track_caller]
fn not_updated(scene: &Scene, program: &Program, short: &str) -> (Output, String) {
    let before = scene.seen(short);
    let output = program.run(&["update", &scene.name(short), "--json"]);
    let code = output.json()[0]["reason"]["code"].as_str().unwrap_or_default().to_owned();
    assert_eq!(scene.seen(short), before, "{}", output.stdout);
    (output, code)
}

/// Returns the mounts of a container, by their place in it.
fn mounts(inspect: &Value) -> Vec<Value> {
    let mut mounts = inspect["Mounts"].as_array().cloned().unwrap_or_default();
    mounts.sort_by_key(|mount| mount["Destination"].to_string());
    mounts
}

//! Bad input and faults of everything around: named with their cure, and no container the worse for it.

mod answers;
mod data;
mod labels;
mod registries;

use serde_json::json;

use crate::support::engine::Engine;
use crate::support::program::Program;
use crate::support::proxy::EngineProxy;
use crate::support::scene::Scene;

/// Returns a scene with an outdated container, and the program that reaches it through a proxy.
fn outdated() -> (Scene, EngineProxy, Program) {
    let scene = Scene::on(Engine::New);
    scene.start_outdated("web", &json!({}));
    let proxy = EngineProxy::start(&scene.host, &[]);
    let program = scene.program_behind(&proxy);
    (scene, proxy, program)
}

/// Checks that the update goes as ever when the trouble is over.
#[track_caller]
fn check_goes_on(scene: &Scene, program: &Program) {
    program.run(&["update", &scene.name("web")]).expect(0);
    assert_eq!(scene.version("web"), "2");
}

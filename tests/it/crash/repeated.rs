//! The program is killed again and again at the same place: it turns back, and at last asks for help.

use std::thread;

use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::scene::{PATIENCE, Scene, Server};
use crate::support::wait::wait_until;

use super::state::{history, open_operations};

/// Kills an update as often at each start of a container, then lets it come to its end; returns its
/// record.
fn killed(scene: &Scene, times: usize) -> Value {
    let proxy = EngineProxy::start(&scene.host, &[]);
    let program = scene.program_behind(&proxy).env("DOCKER_AUTO_SCAN_ON_START", "false");
    proxy.set_rules(&[Rule::before("POST .*/start").kill(&program.pid_file())]);
    program.run(&["update", &scene.name("web")]).expect(-9);
    for _ in 1..times {
        program.run(&["serve"]).expect(-9);
    }
    proxy.set_rules(&[]);
    let server = Server::start(&program);
    wait_until("it is over", PATIENCE, || open_operations(&program).is_empty());
    server.end();
    let records = history(&program);
    assert_eq!(records.len(), 1, "{records:?}");
    records[0].clone()
}

fn check(times: usize, outcome: &str, version: &str) {
    let scene = Scene::on(Engine::Old);
    scene.start_outdated("web", &json!({"HostConfig": {"RestartPolicy": {"Name": "always"}}}));
    let old = scene.seen("web");
    let record = killed(&scene, times);
    assert_eq!(record["outcome"], outcome, "killed {times} times: {record}");
    assert!(scene.runs("web", version), "killed {times} times: {:?}", scene.containers());
    let now = scene.seen("web");
    assert_eq!((now.id == old.id, now.policy), (version == "1", old.policy));
    let parked = outcome == "needs_help";
    let reason = record["reason"].as_str().unwrap_or_default();
    assert_eq!(reason.contains("interrupted too often"), parked, "{reason}");
    // Nothing is removed any more when a person has to look.
    let others = scene.containers().iter().filter(|(name, _)| name != "web").count();
    assert_eq!(others, usize::from(parked), "{:?}", scene.containers());
}

#[test]
fn a_place_that_kills_again_and_again_is_left() {
    needs!(lab);
    thread::scope(|scope| {
        for (times, outcome, version) in
            [(2, "updated", "2"), (3, "rolled_back", "1"), (6, "needs_help", "1")]
        {
            scope.spawn(move || check(times, outcome, version));
        }
    });
}

//! Compose's labels in all their forms, of several projects on one host.

use serde_json::Value;

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::scene::{Scene, Seen};

use super::service;

/// The same service in another project.
fn elsewhere(scene: &Scene, name: &str, depends_on: &str) -> Value {
    let mut body = service(scene, name, depends_on);
    let project = format!("{}-other", scene.prefix);
    body["Labels"]["com.docker.compose.project"] = project.into();
    body
}

/// The containers, who they are, and what their label says of whom they need.
const SERVICES: [(&str, &str, &str); 7] = [
    ("cache", "cache", ""),
    ("web", "web", "db,cache"),
    ("odd", "odd", "nobody:service_started:true,, db:service_mended:true ,:x"),
    ("lone", "lone", ""),
    ("worker", "worker", "web:service_started:false"),
    ("ping", "ping", "pong:service_started:true"),
    ("pong", "pong", "ping:service_started:true"),
];

#[test]
fn each_form_of_the_label_finds_who_is_meant() {
    needs!(lab);
    let scene = Scene::on(Engine::Old);
    scene.start_outdated("db", &service(&scene, "db", ""));
    for (name, own, needs) in SERVICES {
        scene.start_like("db", name, &service(&scene, own, needs));
    }
    for (name, own, needs) in [("other-db", "db", ""), ("other-web", "web", "db,cache")] {
        scene.start_like("db", name, &elsewhere(&scene, own, needs));
    }
    let names = ["db", "other-db", "other-web"].into_iter();
    let names: Vec<_> = names.chain(SERVICES.map(|(name, _, _)| name)).collect();
    let seen = || names.iter().map(|name| scene.seen(name)).collect::<Vec<_>>();

    // What is updated, who is made anew, and who is restarted.
    for (update, restarted) in
        [("db", &["web", "odd"][..]), ("ping", &["pong"]), ("other-db", &["other-web"])]
    {
        let before = seen();
        scene.program().run(&["update", &scene.name(update)]).expect(0);
        let after = seen();
        for ((name, before), after) in names.iter().zip(before).zip(after) {
            let expected = match name {
                name if *name == update => "replaced",
                name if restarted.contains(name) => "restarted",
                _ => "left alone",
            };
            assert_eq!(happened(&before, &after), expected, "{name} while {update} is updated");
        }
        assert_eq!(scene.version(update), "2");
    }
    assert!(scene.containers().iter().all(|(_, state)| state == "running"));
    assert_eq!(scene.containers().len(), names.len());
}

fn happened(before: &Seen, after: &Seen) -> &'static str {
    match (before.id == after.id, before.started_at == after.started_at) {
        (false, _) => "replaced",
        (true, false) => "restarted",
        (true, true) => "left alone",
    }
}

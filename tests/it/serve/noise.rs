//! A day of polling on a host where much is wrong: each thing is told once, and nothing empty.

use std::time::Duration;

use docker_auto::clock::Clock;
use serde_json::{Value, json};

use super::timing::{Loop, counting_on, midnight};
use crate::support::engine::Engine;
use crate::support::image::Kind;
use crate::support::lab::needs;
use crate::support::registry::Registry;
use crate::support::scene::Scene;

const HOUR: Duration = Duration::from_hours(1);
/// All requests of a day and more.
const MANY: usize = 2000;

fn mode(mode: &str) -> Value {
    json!({"Labels": {"docker-auto.mode": mode}})
}

/// Two that wait for one image, one whose update fails, one whose image a person rejects, and one
/// whose registry goes away.
fn troubled(scene: &Scene, away: &Registry) {
    scene.push("app", "1");
    scene.host.pull(&scene.reference("app"));
    for name in ["pending", "pending-too"] {
        scene.start_like("app", name, &mode("watch"));
    }
    scene.push("app", "2");
    scene.start("failing", &mode("auto"));
    scene.push_kind("failing", "2", Kind::ExitsOne);
    scene.start_outdated("rejected", &mode("watch"));
    let image = scene.image("away", "1");
    away.push(&image);
    let reference = image.reference(away);
    scene.host.pull(&reference);
    let body = scene.body("away", &json!({"Image": reference}));
    scene.host.create_and_start(&scene.name("away"), &body);
}

/// Lets hours of checks go by; returns what they told.
async fn polls(running: &mut Loop<'_>, hours: u32) -> Vec<String> {
    for _ in 0..hours {
        running.after(HOUR, 1, "check").await;
    }
    running.told()
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_day_of_polling_each_thing_is_told_once() {
    needs!(lab);
    let scene = counting_on(Engine::Old);
    let away = Registry::faulty(&json!({}));
    troubled(&scene, &away);
    let data = scene.program();
    let rejected = scene.name("rejected");
    data.run(&["reject", &rejected]).expect(0);
    let gone = json!({"fail": vec!["drop"; MANY]});
    away.faults(&gone);
    let (folder, clock) = (data.data_dir(), Clock::settable(midnight()));
    let variables = [("SCAN_INTERVAL", "1h"), ("DOCKER_AUTO_WATCH_EVENTS", "false")];
    let mut running = Loop::start(&scene, &folder, clock.clone(), &variables).await;
    running.runs("check").await;
    let mut first = running.told();
    first.sort();
    let expected = [
        "check_failed away",
        "operation_finished failing",
        "operation_started failing",
        "update_available failing",
        "update_available pending",
        "update_available rejected",
    ];
    assert_eq!(first, expected);
    assert_eq!(polls(&mut running, 10).await, [""; 0], "hours without news");
    running.end().await;
    // A restart is no news either.
    let mut running = Loop::start(&scene, &folder, clock.clone(), &variables).await;
    running.runs("check").await;
    assert_eq!(polls(&mut running, 4).await, [""; 0]);
    // The registry is back for a while, then its relapse is one more change; what waits is not.
    away.faults(&json!({}));
    assert_eq!(polls(&mut running, 2).await, [""; 0]);
    away.faults(&gone);
    assert_eq!(polls(&mut running, 2).await, ["check_failed away"]);
    // The registry of all the others goes away and comes back: what was said of images stands.
    scene.registry.faults(&gone);
    let mut told = polls(&mut running, 1).await;
    told.sort();
    let failed = ["failing", "pending", "pending-too", "rejected"];
    assert_eq!(told, failed.map(|name| format!("check_failed {name}")));
    scene.registry.faults(&json!({}));
    assert_eq!(polls(&mut running, 5).await, [""; 0]);
    let records = running.triggers().await;
    assert_eq!(records.len(), 1, "one update was tried in all that time");
    running.end().await;
    assert_eq!(clock.now(), midnight() + Duration::from_hours(24));
    scene.all_run(&["away", "failing", "pending", "pending-too", "rejected"]);
    for name in ["failing", "pending", "pending-too", "rejected"] {
        assert_eq!(scene.version(name), "1", "{name}");
    }
}

#[test]
fn the_table_of_a_check_names_those_that_wait_together() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.push("app", "1");
    scene.host.pull(&scene.reference("app"));
    let names = ["a", "b", "c"].map(|short| {
        scene.start_like("app", short, &mode("watch"));
        scene.name(short)
    });
    scene.start_outdated("alone", &mode("watch"));
    scene.push("app", "2");
    let [a, b, c] = &names;
    let shown = scene.program().run(&["check", a, b, c, &scene.name("alone")]).expect(0).stdout;
    let lines: Vec<&str> = shown.lines().filter(|line| line.ends_with(" wait for it")).collect();
    let [line] = lines[..] else { panic!("{shown}") };
    assert!(line.starts_with(&scene.reference("app")), "{line}");
    assert!(line.ends_with(&format!(": {a}, {b}, {c} wait for it")), "{line}");
}

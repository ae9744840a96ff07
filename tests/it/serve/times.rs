//! When a server updates single containers: their own schedules, windows and cooldowns, and a clock
//! that jumps; the engine's own loop on a real host.

use std::time::Duration;

use docker_auto::clock::Clock;
use serde_json::json;
use tempfile::TempDir;

use super::timing::{Loop, counting, counting_on, midnight};
use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::scene::PATIENCE;
use crate::support::wait::wait_until;

const HOUR: Duration = Duration::from_hours(1);
/// Nothing but a container's own time can be due for days.
const FAR: [(&str, &str); 3] = [
    ("DOCKER_AUTO_SCAN_CRON", "0 0 1 1 *"),
    ("DOCKER_AUTO_UPDATE_CRON", "0 0 1 1 *"),
    ("DOCKER_AUTO_WATCH_EVENTS", "false"),
];

#[tokio::test(flavor = "multi_thread")]
async fn containers_are_updated_at_their_own_times() {
    needs!(lab);
    let scene = counting();
    let own = |more: &str| json!({"Labels": {"docker-auto.schedule": more}});
    scene.start_outdated("own", &own("0 3 * * *"));
    scene.start_outdated("late", &own("0 5 * * *"));
    scene.start_outdated("other", &json!({}));
    let (data, clock) = (TempDir::new().unwrap(), Clock::settable(midnight()));
    let running = Loop::start(&scene, data.path(), clock.clone(), &FAR).await;
    running.runs("check").await;
    clock.advance(3 * HOUR);
    wait_until("its own schedule has come round", PATIENCE, || scene.runs("own", "2"));
    assert_eq!((scene.version("late"), scene.version("other")), ("1".to_owned(), "1".to_owned()));
    scene.push("own", "3");
    running.end().await;
    // Away over two turns of each: they are made up for once.
    clock.advance(50 * HOUR);
    let without_start = [FAR.as_slice(), &[("DOCKER_AUTO_SCAN_ON_START", "false")]].concat();
    let running = Loop::start(&scene, data.path(), clock.clone(), &without_start).await;
    wait_until("turns were missed", PATIENCE, || scene.runs("own", "3") && scene.runs("late", "2"));
    assert_eq!(scene.version("other"), "1");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_acts_when_what_holds_an_update_ends() {
    needs!(lab);
    let scene = counting();
    let label =
        |name: &str, value: &str| json!({"Labels": {name: value, "docker-auto.mode": "auto"}});
    scene.start_outdated("window", &label("docker-auto.window", "04:00-05:00"));
    scene.start("cooldown", &label("docker-auto.cooldown", "6h"));
    // A date that nobody believes: what counts is when it is first seen.
    scene.registry.push(&scene.image("cooldown", "2").created("1970-01-01T00:00:00Z"));
    let (data, clock) = (TempDir::new().unwrap(), Clock::settable(midnight()));
    let variables = &FAR[..1];
    let running = Loop::start(&scene, data.path(), clock.clone(), variables).await;
    running.runs("check").await;
    clock.advance(4 * HOUR);
    wait_until("its window opens", PATIENCE, || scene.runs("window", "2"));
    assert_eq!(scene.version("cooldown"), "1");
    running.end().await;
    // The first sight outlives the program.
    clock.advance(2 * HOUR);
    let running = Loop::start(&scene, data.path(), clock.clone(), variables).await;
    wait_until("it is old enough", PATIENCE, || scene.runs("cooldown", "2"));
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cooldown_begins_anew_when_its_tag_moves_and_outlives_a_restart() {
    needs!(lab);
    let scene = counting_on(Engine::Old);
    let labels = json!({"docker-auto.mode": "auto", "docker-auto.cooldown": "6h"});
    scene.start("web", &json!({"Labels": labels}));
    let push = |version: &str| {
        scene.registry.push(&scene.image("web", version).created("1970-01-01T00:00:00Z"))
    };
    push("2");
    let (data, clock) = (TempDir::new().unwrap(), Clock::settable(midnight()));
    let variables = [("SCAN_INTERVAL", "1h"), ("DOCKER_AUTO_WATCH_EVENTS", "false")];
    let running = Loop::start(&scene, data.path(), clock.clone(), &variables).await;
    running.runs("check").await;
    for _ in 1..=4 {
        running.after(HOUR, 1, "check").await;
    }
    push("3");
    // The other image is first seen at the fifth hour; at the sixth the first one would have been due.
    for _ in 5..=7 {
        running.after(HOUR, 1, "check").await;
    }
    assert_eq!(scene.version("web"), "1");
    running.end().await;
    let running = Loop::start(&scene, data.path(), clock.clone(), &variables).await;
    for _ in 8..=10 {
        running.after(HOUR, 1, "check").await;
    }
    assert_eq!(scene.version("web"), "1", "six hours from the fifth are not over");
    clock.advance(HOUR);
    wait_until("it is old enough", PATIENCE, || scene.runs("web", "3"));
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_makes_one_check_and_no_gap() {
    needs!(lab);
    let scene = counting();
    scene.start("web", &json!({}));
    scene.registry.forget();
    let (data, clock) = (TempDir::new().unwrap(), Clock::settable(midnight()));
    let variables = [("SCAN_INTERVAL", "1h"), ("DOCKER_AUTO_WATCH_EVENTS", "false")];
    let running = Loop::start(&scene, data.path(), clock.clone(), &variables).await;
    running.runs("check").await;
    clock.advance(30 * 24 * HOUR);
    running.runs("check").await;
    running.after(HOUR, 1, "check").await;
    assert_eq!(running.checks(), 3, "thirty days are one check");
    clock.set("2025-04-09T00:00:00Z".parse().unwrap());
    wait_until("it checks again", PATIENCE, || {
        clock.advance(Duration::from_mins(10));
        running.checks() > 3
    });
    assert!(clock.now() < midnight(), "and not only when the clock is where it was");
    running.end().await;
}

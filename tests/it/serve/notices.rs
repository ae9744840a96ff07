//! What happens on a host is seen without waiting for the next check.

use docker_auto::clock::Clock;
use docker_auto::core::id::HostId;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::timing::{Loop, midnight};
use crate::support::engine::{Engine, Host};
use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::proxy::EngineProxy;
use crate::support::registry::Registry;
use crate::support::scene::{PATIENCE, Scene, Server, on_each_engine};
use crate::support::wait::wait_until;

/// Returns a server that checks nothing by itself, and follows the events.
fn follow(program: &Program) -> Server {
    let server = Server::start(program);
    server.wait_log("following what happens on the host");
    server
}

fn program(scene: &Scene) -> Program {
    scene
        .program()
        .env("DOCKER_AUTO_SCAN_ON_START", "false")
        .env("DOCKER_AUTO_SCAN_INTERVAL", "24h")
        .env("DOCKER_AUTO_WATCH_SETTLE", "1s")
        .env("DOCKER_AUTO_LOG_LEVEL", "debug")
}

fn body(scene: &Scene, more: &Value) -> Value {
    let mut body = scene.body("web", more);
    body["Image"] = format!("{}/web:1", scene.prefix).into();
    body
}

#[test]
fn an_image_that_is_built_here_is_followed_without_a_registry() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let build = |version| scene.host.docker_load(&scene.image("web", version));
        build("1");
        for (short, skip) in [("web", "false"), ("left", "true")] {
            let labels = json!({
                "docker-auto.mode": "auto", "docker-auto.skip-local-build": skip,
            });
            let body = body(&scene, &json!({"Labels": labels}));
            scene.host.create_and_start(&scene.name(short), &body);
        }
        let program = program(&scene);
        let server = follow(&program);
        build("2");
        wait_until("the build runs", PATIENCE, || scene.runs("web", "2"));
        scene.settles(&["left", "web"]);
        server.end();
        let records = program.run(&["history", &scene.name("web"), "--json"]).expect(0).json();
        assert_eq!(records[0]["triggered_by"], "auto");
        assert!(scene.runs("left", "1"), "its label leaves builds alone");
    });
}

#[test]
fn what_somebody_pulls_or_starts_is_looked_at() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start("web", &json!({"Labels": {"docker-auto.mode": "auto"}}));
    scene.start("shown", &json!({"Labels": {"docker-auto.mode": "watch"}}));
    let program = program(&scene);
    let server = follow(&program);
    for short in ["web", "shown"] {
        scene.push(short, "2");
        scene.host.pull(&scene.reference(short));
    }
    wait_until("what was pulled runs", PATIENCE, || scene.runs("web", "2"));
    scene.push("late", "1");
    scene.host.pull(&scene.reference("late"));
    // It is looked at once, soon after it began: by then its tag has to have moved.
    scene.push("late", "2");
    scene.start_like("late", "late", &json!({"Labels": {"docker-auto.mode": "watch"}}));
    for short in ["shown", "late"] {
        wait_until("it is told", PATIENCE, || {
            let told =
                |line: &str| line.contains("a newer image") && line.contains(&scene.name(short));
            server.running.stderr().lines().any(told)
        });
    }
    server.end();
    assert!(scene.runs("shown", "1"), "it is only watched");
}

#[test]
fn what_ends_or_gets_another_name_is_looked_at() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    for short in ["ended", "renamed"] {
        scene.start(short, &json!({"Labels": {"docker-auto.mode": "watch"}}));
    }
    let program = program(&scene).env("DOCKER_AUTO_DOCKER_INCLUDE_STOPPED", "true");
    let server = follow(&program);
    for short in ["ended", "renamed"] {
        scene.push(short, "2");
    }
    let (ended, renamed) = (scene.name("ended"), scene.name("renamed"));
    scene.host.post(&format!("/containers/{ended}/kill"), &json!({}));
    scene.host.post(&format!("/containers/{renamed}/rename?name={renamed}-too"), &json!({}));
    for name in [ended, format!("{renamed}-too")] {
        wait_until("it is told", PATIENCE, || {
            let told = |line: &str| line.contains("a newer image") && line.contains(&name);
            server.running.stderr().lines().any(told)
        });
    }
    server.end();
}

#[test]
fn events_are_followed_only_where_that_is_wanted() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    for (wanted, followed) in [("true", true), ("false", false)] {
        let proxy = EngineProxy::start(&scene.host, &[]);
        let program = scene.program_behind(&proxy).env("DOCKER_AUTO_WATCH_EVENTS", wanted);
        let server = Server::start(&program);
        let asks = |path: &str| proxy.log().iter().any(|call| call.line.contains(path));
        // The snapshots of a check ask for the containers; by then the events were asked for.
        wait_until("a check", PATIENCE, || asks("/containers/json"));
        if followed {
            wait_until("the events", PATIENCE, || asks("/events"));
        }
        server.end();
        assert_eq!(asks("/events"), followed, "{wanted}");
    }
}

/// Waits until the codes that are known of a scene's containers are these.
async fn known(running: &Loop<'_>, scene: &Scene, expected: &[(&str, &str)]) {
    let mut last = Vec::new();
    let waiting = async {
        loop {
            let results = running.store.targets().results(&HostId::default()).await.unwrap();
            let of_scene = results.into_iter().filter_map(|(name, result)| {
                let short = name.as_str().strip_prefix(&format!("{}-", scene.prefix))?;
                Some((short.to_owned(), result["code"].as_str()?.to_owned()))
            });
            last = of_scene.collect();
            if last.iter().map(|(name, code)| (&**name, &**code)).eq(expected.iter().copied()) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await.is_ok();
    assert!(waited, "{last:?} is known, and not {expected:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_is_renamed_or_removed_is_known_without_a_check() {
    needs!(lab);
    let proxy = EngineProxy::start(&Host::shared(Engine::New), &[]);
    let host = Host::shared(Engine::New).behind(&proxy);
    let scene = Scene::with(host, Registry::faulty(&json!({})));
    let id = scene.start("web", &json!({}));
    scene.start("other", &json!({}));
    let (data, clock) = (TempDir::new().unwrap(), Clock::settable(midnight()));
    let variables = [("SCAN_INTERVAL", "24h"), ("DOCKER_AUTO_WATCH_SETTLE", "1s")];
    let running = Loop::start(&scene, data.path(), clock, &variables).await;
    running.runs("check").await;
    wait_until("the events are followed", PATIENCE, || {
        proxy.log().iter().any(|call| call.line.contains("/events"))
    });
    known(&running, &scene, &[("other", "up_to_date"), ("web", "up_to_date")]).await;
    scene.host.post(&format!("/containers/{id}/kill"), &json!({}));
    known(&running, &scene, &[("other", "up_to_date"), ("web", "stopped")]).await;
    scene.host.post(&format!("/containers/{id}/rename?name={}", scene.name("zoo")), &json!({}));
    known(&running, &scene, &[("other", "up_to_date"), ("zoo", "stopped")]).await;
    scene.host.delete(&format!("/containers/{id}"));
    known(&running, &scene, &[("other", "up_to_date")]).await;
    running.end().await;
}

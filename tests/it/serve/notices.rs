//! What happens on a host is seen without waiting for the next check.

use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::proxy::EngineProxy;
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

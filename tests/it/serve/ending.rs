//! A server that is told to end does so in time, whatever it is doing, and goes on at its next start.

use std::fs;
use std::net::TcpStream;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::{Engine, Host, HostOptions};
use crate::support::image::{ImageSpec, Kind};
use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::proxy::EngineProxy;
use crate::support::registry::Registry;
use crate::support::scene::{PATIENCE, Scene, Server, merge, on_each_engine};
use crate::support::wait::wait_until;

/// What a container waits for, however long that takes: a file that opens it.
struct Gate(TempDir);

impl Gate {
    fn closed() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn open(&self) {
        fs::write(self.0.path().join("open"), "").unwrap();
    }

    /// Returns the body of a container that sees it.
    fn before(&self, more: &Value) -> Value {
        let binds = [format!("{}:/gate", self.0.path().display())];
        let mut body = json!({"HostConfig": {"Binds": binds}});
        merge(&mut body, more);
        body
    }
}

/// When it opens: until then the operation does not come to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opens {
    /// When the server has heard that it is to end.
    Told,
    /// When it has ended.
    Ended,
}

fn open_operations(program: &Program) -> usize {
    fs::read_dir(program.data_dir().join("operations")).map_or(0, Iterator::count)
}

/// Ends a server in the middle of an update from one image to another, when a call was made; the
/// next one has to bring the update to its end.
fn check_goes_on(
    scene: &Scene,
    body: &Value,
    images: [ImageSpec; 2],
    (call, opens): (&str, Opens),
) {
    let ([old, new], gate) = (images, Gate::closed());
    scene.registry.push(&old);
    scene.start_pushed("web", &gate.before(body));
    scene.registry.push(&new);
    let proxy = EngineProxy::start(&scene.host, &[]);
    let program = scene
        .program_behind(&proxy)
        .env("DOCKER_AUTO_UPDATE_ENABLED", "true")
        .env("DOCKER_AUTO_SCAN_INTERVAL", "1m");
    let server = Server::start(&program);
    let address = server.address();
    wait_until(call, PATIENCE, || {
        proxy.log().iter().any(|made| made.line.starts_with("POST ") && made.line.contains(call))
    });
    server.running.terminate();
    server.wait_log("SIGTERM received");
    if opens == Opens::Told {
        wait_until("it takes that to heart", PATIENCE, || TcpStream::connect(&address).is_err());
        gate.open();
    }
    let ended = server.running.wait_exit(PATIENCE).expect(0);
    gate.open();
    assert_eq!(open_operations(&program), 1, "{call}: {}", ended.stderr);
    scene.registry_recovers();
    let server = Server::start(&program);
    // A stop may have to be waited for twice.
    wait_until("the update has its end", 2 * PATIENCE, || {
        scene.runs("web", "2") && open_operations(&program) == 0
    });
    server.end();
    scene.all_run(&["web"]);
}

/// Returns an image that is healthy as soon as the gate is open, and not taken for unhealthy before.
fn gated(scene: &Scene) -> ImageSpec {
    let second = 1_000_000_000_u64;
    let check = json!({
        "Test": ["CMD-SHELL", "[ -e /gate/open ]"],
        "Interval": second, "StartPeriod": 600 * second,
    });
    scene.image("web", "2").config(&json!({"Healthcheck": check}))
}

#[test]
fn an_idle_server_ends_at_once() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let program = scene.program();
    for signal in ["TERM", "INT"] {
        let server = Server::start(&program);
        server.running.signal(signal);
        server.running.wait_exit(PATIENCE).expect(0);
    }
}

#[test]
fn a_server_ends_during_a_pull() {
    needs!(lab);
    on_each_engine(|engine| {
        let slow = json!({"only": "GET .*/blobs/", "bytes_per_second": 20_000});
        let scene = Scene::with(Host::shared(engine), Registry::faulty(&json!({})));
        let old = scene.image("web", "1");
        let new = scene.image("web", "2").blob(2_000_000, &scene.prefix);
        scene.registry.push(&old);
        scene.host.pull(&scene.reference("web"));
        scene.registry.faults(&slow);
        check_goes_on(&scene, &json!({}), [old, new], ("/images/create", Opens::Ended));
    });
}

#[test]
fn a_server_ends_while_the_new_container_is_proven() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let images = [scene.image("web", "1"), gated(&scene)];
        check_goes_on(&scene, &json!({}), images, ("/start", Opens::Ended));
    });
}

#[test]
fn a_server_ends_during_a_stop() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let stop = "until [ -e /gate/open ]; do sleep 0.1; done; exit 0";
        let run = format!("trap '{stop}' TERM; while :; do sleep 1; done");
        let body = json!({"Entrypoint": ["/bin/sh", "-c", run], "StopTimeout": 60});
        let images = [scene.image("web", "1"), scene.image("web", "2")];
        check_goes_on(&scene, &body, images, ("/stop", Opens::Told));
    });
}

#[test]
fn a_server_ends_during_a_stop_that_takes_too_long() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let images = [scene.image("web", "1").kind(Kind::IgnoresTerm), scene.image("web", "2")];
        check_goes_on(&scene, &json!({"StopTimeout": 30}), images, ("/stop", Opens::Ended));
    });
}

#[test]
fn a_server_ends_while_the_engine_does_not_answer() {
    needs!(lab);
    let scene =
        Scene::with(Host::private(Engine::Old, &HostOptions::default()), Registry::shared());
    let proxy = EngineProxy::start(&scene.host, &[]);
    let program = scene.program_behind(&proxy).env("DOCKER_AUTO_SCAN_ON_START", "false");
    let server = Server::start(&program);
    scene.host.freeze();
    let calls = proxy.log().len();
    let check = program.spawn(&["check"]);
    // Else the command could find no server any more, and wait for the engine itself.
    wait_until("the server asks the engine", PATIENCE, || proxy.log().len() > calls);
    server.running.terminate();
    server.running.wait_exit(PATIENCE).expect(0);
    // Where it came too late for the server, it waits for the engine itself.
    check.wait_exit(PATIENCE).expect(1);
    // One that has not found it yet waits for nothing else.
    let server = Server::start(&program);
    server.running.terminate();
    server.running.wait_exit(PATIENCE).expect(0);
    scene.host.thaw();
}

#[test]
fn a_second_signal_ends_it_at_once() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.registry.push(&scene.image("web", "1").kind(Kind::IgnoresTerm));
    scene.start_pushed("web", &json!({"StopTimeout": 30}));
    scene.push("web", "2");
    let proxy = EngineProxy::start(&scene.host, &[]);
    let program = scene.program_behind(&proxy).env("DOCKER_AUTO_UPDATE_ENABLED", "true");
    let server = Server::start(&program);
    wait_until("it stops", PATIENCE, || proxy.log().iter().any(|call| call.line.contains("/stop")));
    server.running.terminate();
    server.wait_log("SIGTERM received");
    server.running.signal("INT");
    let ended = server.running.wait_exit(PATIENCE).expect(0);
    assert!(ended.stderr.contains("ended at once"), "{}", ended.stderr);
    let server = Server::start(&program);
    wait_until("the update has its end", 2 * PATIENCE, || {
        scene.runs("web", "2") && open_operations(&program) == 0
    });
    server.end();
}

#[test]
fn a_command_that_is_interrupted_says_that_it_goes_on() {
    needs!(lab);
    on_each_engine(|engine| {
        let (scene, gate) = (Scene::on(engine), Gate::closed());
        scene.start("web", &gate.before(&json!({})));
        scene.registry.push(&gated(&scene));
        let program = scene.program();
        let updating = program.spawn(&["update", &scene.name("web"), "--json"]);
        wait_until("it is being proven", PATIENCE, || scene.runs("web", "2"));
        updating.signal("INT");
        let ended = updating.wait_exit(PATIENCE).expect(1);
        assert_eq!(ended.result().0, "interrupted");
        assert_eq!(open_operations(&program), 1);
        gate.open();
        let again = program.run(&["update", &scene.name("web"), "--json"]).expect(0);
        let (result, reason) = again.result();
        assert_eq!(result, "unchanged", "the open operation came first: {reason}");
        assert_eq!(open_operations(&program), 0);
        scene.all_run(&["web"]);
        assert_eq!(scene.version("web"), "2");
    });
}

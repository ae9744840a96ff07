//! Engines that are dead, frozen or closed when a server starts, and come back.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use serde_json::json;
use tempfile::TempDir;

use crate::support::engine::{Engine, Host, HostOptions};
use crate::support::lab::needs;
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::registry::Registry;
use crate::support::scene::{PATIENCE, Scene, Server};
use crate::support::wait::wait_until;

const AGREED: (&str, &str) = ("DOCKER_AUTO_UPDATE_ENABLED", "true");

/// Waits for the trouble, ends it, and waits for the work that then is done.
fn check_comes_back(scene: &Scene, server: Server, words: &[&str], cure: impl FnOnce()) {
    for words in words {
        server.wait_log(words);
    }
    let (name, value) = words.first().map_or(("", ""), |words| ("trouble", *words));
    cure();
    wait_until("it works", PATIENCE, || scene.runs("web", "2"));
    let log = server.end().stderr;
    let errors =
        log.lines().filter(|line| line.contains("ERROR")).filter(|line| line.contains(value));
    assert!(errors.count() <= 2, "{name} is told again and again: {log}");
}

#[test]
fn a_dead_engine_is_waited_for() {
    needs!(lab);
    let host = Host::private(Engine::New, &HostOptions::default());
    let scene = Scene::with(host, Registry::shared());
    let always = json!({"HostConfig": {"RestartPolicy": {"Name": "always"}}});
    scene.start_outdated("web", &always);
    scene.host.kill();
    let program = scene.program().env(AGREED.0, AGREED.1);
    let check = program.run(&["check"]).expect(1);
    assert!(check.stderr.contains("start it"), "{}", check.stderr);
    let server = Server::spawn(&program, &["serve"]);
    let words = ["cannot be reached", "start it", "listening on"];
    check_comes_back(&scene, server, &words, || scene.host.start());
}

#[test]
fn a_socket_that_is_not_there_yet_is_waited_for() {
    needs!(lab);
    let scene = Scene::on(Engine::Old);
    scene.start_outdated("web", &json!({}));
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("docker.sock");
    let host = format!("unix://{}", socket.display());
    let program = scene.program().env("DOCKER_HOST", &host).env(AGREED.0, AGREED.1);
    let server = Server::spawn(&program, &["serve"]);
    let words = ["there is no such socket", "mount the socket"];
    check_comes_back(&scene, server, &words, || symlink(&scene.host.socket, &socket).unwrap());
}

#[test]
fn a_frozen_engine_is_waited_for() {
    needs!(lab);
    let host = Host::private(Engine::Containerd, &HostOptions::default());
    let scene = Scene::with(host, Registry::shared());
    scene.start_outdated("web", &json!({}));
    scene.host.freeze();
    let program = scene.program().env(AGREED.0, AGREED.1);
    let server = Server::spawn(&program, &["serve"]);
    check_comes_back(&scene, server, &["may be frozen"], || scene.host.thaw());
}

#[test]
fn a_proxy_that_refuses_is_told_what_to_allow() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start_outdated("web", &json!({}));
    let proxy =
        EngineProxy::start(&scene.host, &[Rule::before("GET .*/info").fail(403, "Forbidden")]);
    let program = scene.program_behind(&proxy).env(AGREED.0, AGREED.1);
    let check = program.run(&["check"]).expect(1);
    assert!(check.stderr.contains("INFO=1"), "{}", check.stderr);
    let server = Server::spawn(&program, &["serve"]);
    check_comes_back(&scene, server, &["refuses GET /info", "INFO=1"], || proxy.set_rules(&[]));
}

#[test]
fn an_engine_that_goes_away_in_an_update_is_waited_for() {
    needs!(lab);
    for engine in [Engine::Old, Engine::Containerd] {
        let scene = Scene::with(Host::private(engine, &HostOptions::default()), Registry::shared());
        let always = json!({"HostConfig": {"RestartPolicy": {"Name": "always"}}});
        scene.start_outdated("web", &always);
        let kill = Rule::before("POST .*/start").nth(1).run(&scene.host.control_command("kill"));
        let proxy = EngineProxy::start(&scene.host, &[kill]);
        let program = scene.program_behind(&proxy);
        let updating = program.spawn(&["update", &scene.name("web")]);
        wait_until("it notices", PATIENCE, || updating.stderr().contains("cannot be reached"));
        scene.host.start();
        let ended = updating.wait_exit(PATIENCE);
        let version = scene.version("web");
        let expected = if ended.code == 0 { "2" } else { "1" };
        assert_eq!(version, expected, "{}", ended.stderr);
        scene.all_run(&["web"]);
    }
}

#[test]
fn a_socket_without_permission_is_told_how_to_get_it() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start("web", &json!({}));
    let proxy = EngineProxy::start(&scene.host, &[]);
    chown(&proxy.socket, Some(65534), Some(65534)).unwrap();
    set_permissions(&proxy.socket, Permissions::from_mode(0o600)).unwrap();
    // The owner of everything, but without the power to pass by permissions.
    let script = "exec setpriv --bounding-set=-dac_override,-dac_read_search $BIN check";
    let output = scene.program_behind(&proxy).run_in_shell(script).expect(1);
    for words in ["ermission denied", "group"] {
        assert!(output.stderr.contains(words), "{words}: {}", output.stderr);
    }
}

//! Engines whose answers make no sense.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use serde_json::json;
use tempfile::TempDir;

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::scene::{Scene, Server};

use super::{check_goes_on, outdated};

/// Answers every call on a socket, but the first question, with one text.
fn talk(folder: &TempDir, nonsense: &'static str) -> Program {
    let socket = folder.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let line = request_line(&stream);
            let body = if line.contains("/_ping") { "OK" } else { nonsense };
            let head = "HTTP/1.1 200 OK\r\nApi-Version: 1.45\r\nConnection: close\r\n";
            // A client that has gone does not need the rest.
            let _gone = write!(&stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    Program::new(&socket)
}

fn request_line(stream: &UnixStream) -> String {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let _headers = lines.take_while(|line| !line.is_empty()).count();
    first
}

#[test]
fn an_engine_that_talks_nonsense_is_named() {
    for nonsense in ["<html>", "[{\"Id\": 5}]", "[", "{\"message\": \"no\"}", "\"\u{fffd}\""] {
        let folder = TempDir::new().unwrap();
        let program = talk(&folder, nonsense);
        for command in
            [&["check"][..], &["check", "--json"], &["update", "web"], &["update", "--all"]]
        {
            let output = program.run(command).expect(1);
            assert!(
                output.stderr.contains("is it a Docker engine?"),
                "{nonsense}: {}",
                output.stderr
            );
            assert_eq!(output.stdout, "");
        }
    }
}

#[test]
fn an_answer_that_makes_no_sense_in_an_update_changes_nothing() {
    needs!(lab);
    let (scene, proxy, program) = outdated();
    let before = scene.seen("web");
    for (call, code) in [
        ("GET .*/containers/[0-9a-f]{64}/json", 1),
        ("POST .*/images/create", 1),
        ("GET .*/images/.*/json", 1),
        ("POST .*/containers/create", 1),
    ] {
        proxy.set_rules(&[Rule::before(call).fail(200, "nonsense")]);
        let output = program.run(&["update", &scene.name("web"), "--json"]);
        assert_eq!(output.code, code, "{call}: {}{}", output.stdout, output.stderr);
        assert_eq!(scene.seen("web"), before, "{call}");
        scene.all_run(&["web"]);
    }
    proxy.set_rules(&[]);
    check_goes_on(&scene, &program);
}

#[test]
fn a_container_that_the_engine_cannot_show_holds_up_no_other() {
    needs!(lab);
    let scene = Scene::on(Engine::Old);
    for short in ["web", "outdated", "hidden"] {
        scene.start_outdated(short, &json!({}));
    }
    // Its tag has moved on here: the list shows it by its image's ID.
    scene.host.pull(&scene.reference("hidden"));
    let proxy = EngineProxy::start(&scene.host, &[]);
    let broken = |short| format!("GET .*/containers/{}/json", scene.seen(short).id);
    let broken = ["outdated", "hidden"].map(broken);
    proxy.set_rules(&broken.map(|call| Rule::before(&call).fail(500, "its files are gone")));
    let program = scene.program_behind(&proxy);
    for short in ["outdated", "hidden"] {
        let view = program.run(&["check", &scene.name(short), "--json"]).expect(1).json();
        assert_eq!(view[0]["reason"]["code"], "engine_error", "{view}");
        let message = view[0]["reason"]["message"].as_str().unwrap();
        assert!(message.contains("its files are gone"), "{message}");
    }
    let agreed = scene.program_behind(&proxy).env("DOCKER_AUTO_UPDATE_ENABLED", "true");
    agreed.run(&["update", "--all"]);
    assert_eq!(["web", "outdated", "hidden"].map(|short| scene.version(short)), ["2", "1", "1"]);
    // After a check of everything it is stored what the engine shows, as far as it does.
    let server = Server::start(&program);
    for short in ["outdated", "hidden"] {
        server.wait_log(&format!("{}: ", scene.name(short)));
    }
    let log = server.end().stderr;
    let ours = log.lines().filter(|line| line.contains(&scene.prefix));
    assert!(ours.into_iter().all(|line| !line.contains("ERROR")), "{log}");
}

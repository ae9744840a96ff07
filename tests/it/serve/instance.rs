//! One server for a data directory: a second one ends or stands by.

use serde_json::json;

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::scene::{PATIENCE, Scene, Server};
use crate::support::wait::wait_until;

fn answers(program: &Program) -> bool {
    program.run(&["healthcheck"]).code == 0
}

#[test]
fn a_second_server_ends_and_names_the_first() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let program = scene.program();
    let first = Server::start(&program);
    let second = program.run(&["serve"]).expect(1);
    let data = program.data_dir().display().to_string();
    for words in [&*data, &format!("process {}", first.running.pid()), "--standby"] {
        assert!(second.stderr.contains(words), "{words}: {}", second.stderr);
    }
    assert!(answers(&program), "the first one still answers");
    first.end();
}

#[test]
fn a_standby_takes_over() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start_outdated("web", &json!({}));
    let program = scene.program().env("DOCKER_AUTO_SCAN_ON_START", "false");
    let first = Server::start(&program);
    let standby = Server::spawn(&program, &["serve", "--standby"]);
    standby
        .wait_log(&format!("standing by for another docker-auto, process {}", first.running.pid()));
    assert!(!standby.running.stderr().contains("listening on"));
    first.running.kill();
    standby.wait_log("listening on");
    wait_until("it answers", PATIENCE, || answers(&program));
    program.run(&["update", &scene.name("web")]).expect(0);
    assert_eq!(scene.version("web"), "2");
    standby.end();
}

#[test]
fn a_standby_ends_when_it_is_told_to() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let program = scene.program();
    let first = Server::start(&program);
    let standby = Server::spawn(&program, &["serve", "--standby"]);
    standby.wait_log("standing by");
    standby.end();
    assert!(answers(&program));
    first.end();
}

#[test]
fn two_data_directories_are_two_instances() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let [one, two] = [scene.program(), scene.program()];
    let servers = [Server::start(&one), Server::start(&two)];
    assert!(answers(&one) && answers(&two));
    for server in servers {
        drop(server.end());
    }
}

#[test]
fn a_killed_server_is_in_nobodys_way() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let program = scene.program();
    let killed = Server::start(&program);
    let socket = killed.control();
    killed.running.kill();
    assert!(socket.exists(), "it could not tidy up");
    program.run(&["healthcheck"]).expect(1);
    program.run(&["history"]).expect(0);
    Server::start(&program).end();
}

#[test]
fn an_address_that_is_taken_is_named_with_the_cure() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let program = scene.program();
    let first = Server::start(&program);
    let address = first.address();
    let second = scene.program().env("DOCKER_AUTO_SERVER_ADDR", &address).run(&["serve"]).expect(1);
    for words in [&*address, "DOCKER_AUTO_SERVER_ADDR"] {
        assert!(second.stderr.contains(words), "{}", second.stderr);
    }
    first.end();
}

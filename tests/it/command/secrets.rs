//! Credentials are used and never shown: not in logs, answers, errors or files.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::engine::{Engine, Host};
use crate::support::lab::needs;
use crate::support::program::{Output, Program};
use crate::support::registry::{PASSWORD, Registry, USER};
use crate::support::scene::{PATIENCE, Scene, Server};
use crate::support::wait::wait_until;

const WRONG: &str = "hunter2-is-wrong";

fn base64(text: &str) -> String {
    use std::process::{Command, Stdio};
    let mut child = Command::new("base64")
        .arg("-w0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

/// Checks that none of the forms of a password stands in a text.
#[track_caller]
fn check_clean(what: &str, bytes: &[u8], password: &str) {
    let text = String::from_utf8_lossy(bytes);
    let basic = base64(&format!("{USER}:{password}"));
    for form in [password, basic.trim_end_matches('='), "Bearer ey"] {
        assert!(!text.contains(form), "{what} shows {form}: {text}");
    }
}

#[track_caller]
fn check_output(what: &str, output: &Output, password: &str) {
    check_clean(what, output.stdout.as_bytes(), password);
    check_clean(what, output.stderr.as_bytes(), password);
}

fn check_files(folder: &Path, password: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            check_files(&path, password);
        } else if path.is_file() {
            check_clean(&path.display().to_string(), &fs::read(&path).unwrap(), password);
        }
    }
}

fn with_login(scene: &Scene, password: &str) -> Program {
    scene
        .program()
        .env("DOCKER_AUTO_REGISTRY_AUTH_1_HOST", &scene.registry.address)
        .env("DOCKER_AUTO_REGISTRY_AUTH_1_USERNAME", USER)
        .env("DOCKER_AUTO_REGISTRY_AUTH_1_PASSWORD", password)
        .env("DOCKER_AUTO_LOG_LEVEL", "trace")
}

#[test]
fn a_password_is_used_and_never_shown() {
    needs!(lab);
    for registry in [Registry::basic(), Registry::token()] {
        let scene = Scene::with(Host::shared(Engine::New), registry);
        scene.push("web", "1");
        scene.host.pull_as(&scene.reference("web"), USER, PASSWORD);
        let (name, body) = (scene.name("web"), scene.body("web", &json!({})));
        scene.host.create_and_start(&name, &body);
        scene.push("web", "2");
        let program = with_login(&scene, PASSWORD);
        check_output("check", &program.run(&["check", &name, "--json"]).expect(0), PASSWORD);
        check_output("plan", &program.run(&["plan", &name, "--json"]).expect(0), PASSWORD);
        let agreed = program.env("DOCKER_AUTO_UPDATE_ENABLED", "true");
        let server = Server::start(&agreed);
        wait_until("it is updated", PATIENCE, || scene.runs("web", "2"));
        check_output("history", &agreed.run(&["history", "--json"]).expect(0), PASSWORD);
        check_output("serve", &server.end(), PASSWORD);
        check_files(&agreed.data_dir(), PASSWORD);
    }
}

#[test]
fn a_wrong_password_is_refused_without_being_shown() {
    needs!(lab);
    for registry in [Registry::basic(), Registry::token()] {
        let scene = Scene::with(Host::shared(Engine::New), registry);
        scene.push("web", "1");
        scene.host.pull_as(&scene.reference("web"), USER, PASSWORD);
        let name = scene.name("web");
        scene.host.create_and_start(&name, &scene.body("web", &json!({})));
        let program = with_login(&scene, WRONG);
        let checked = program.run(&["check", &name, "--json"]).expect(1);
        let view = &checked.json()[0];
        assert_eq!(
            (&view["status"], &view["reason"]["code"]),
            (&json!("Error"), &json!("unauthorized"))
        );
        assert!(view["reason"]["message"].as_str().unwrap().contains(USER), "{view}");
        check_output("check", &checked, WRONG);
    }
}

#[test]
fn the_password_of_a_proxy_is_not_shown() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start("web", &json!({}));
    for proxy in
        [format!("http://{USER}:{WRONG}@127.0.0.1:1"), format!("http://{USER}:{WRONG}@bad host")]
    {
        let program = scene.program().env("HTTP_PROXY", &proxy).env("LOG_LEVEL", "trace");
        let program = program.env("NO_PROXY", "nowhere.example.com");
        let output = program.run(&["check", &scene.name("web")]);
        assert!([1, 2].contains(&output.code), "{}", output.stderr);
        check_output("check", &output, WRONG);
    }
    let program = scene.program().env("DOCKER_AUTO_REGISTRY_AUTH_1_PASSWORD", WRONG);
    check_output("a login that is not complete", &program.run(&["check"]).expect(2), WRONG);
}

//! Answers: the probes on TCP, the control socket, and commands beside a server as alone.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::{Engine, Host, HostOptions};
use crate::support::http::{Answer, Question, ask_tcp, ask_unix};
use crate::support::lab::needs;
use crate::support::program::{Output, Program};
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::registry::Registry;
use crate::support::scene::{PATIENCE, Scene, Server};
use crate::support::wait::{wait_for, wait_until};

fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("no JSON: {}", answer.text()))
}

#[test]
fn on_tcp_there_are_only_the_probes() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let program = scene.program();
    let server = Server::start(&program);
    let address = server.address();
    wait_until("it is ready", PATIENCE, || {
        ask_tcp(&address, Question::get("/readyz")).is_ok_and(|answer| answer.status == 200)
    });
    for (method, path, status) in [
        ("GET", "/healthz", 200),
        ("HEAD", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/", 404),
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/updates/history", 404),
        ("POST", "/api/v1/check", 404),
        ("POST", "/api/v1/updates", 404),
        ("POST", "/healthz", 405),
        ("GET", "/%2e%2e/%00", 404),
    ] {
        let ask = || ask_tcp(&address, Question { method, ..Question::get(path) }).unwrap();
        // An engine that is slow to answer is not ready for a moment.
        let ready = || Some(ask()).filter(|answer| answer.status == 200);
        let answer = if path == "/readyz" { wait_for(path, PATIENCE, ready) } else { ask() };
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"), "{method} {path}");
        if status >= 400 {
            let body = json_of(&answer);
            assert_eq!(body["code"], status, "{method} {path}: {body}");
            assert!(body["message"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
            assert!(body["timestamp"].is_string(), "{body}");
        } else if method == "GET" {
            let word = if path == "/readyz" { "ready" } else { "healthy" };
            assert_eq!(json_of(&answer), json!({"status": word}));
        }
    }
    server.end();
}

#[test]
fn the_control_socket_is_its_owners_alone_and_strict() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let program = scene.program();
    let server = Server::start(&program);
    let socket = server.control();
    let mode = fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let long = format!("{{\"names\": [\"{}\"]}}", "x".repeat(70_000));
    for (method, path, body, status) in [
        ("POST", "/api/v1/check", "{", 400),
        ("POST", "/api/v1/check", "{\"name\": []}", 400),
        ("POST", "/api/v1/check", &long, 400),
        ("POST", "/api/v1/updates", "{}", 400),
        ("POST", "/api/v1/updates", "{\"names\": [\"a\"], \"all\": true}", 400),
        ("POST", "/api/v1/containers/nosuch/plan", "", 404),
        ("GET", "/api/v1/updates/history?limit=0", "", 400),
        ("GET", "/api/v1/updates/history?limit=x", "", 400),
        ("GET", "/api/v1/updates/history?status=odd", "", 400),
        ("GET", "/api/v1/updates/history?status=failed&limit=3", "", 200),
        ("DELETE", "/api/v1/updates", "", 405),
    ] {
        let question = Question { method, body: body.as_bytes(), ..Question::get(path) };
        let answer = ask_unix(&socket, question).unwrap();
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert_eq!(json_of(&answer)["code"], status, "{method} {path}");
    }
    server.end();
    assert!(!socket.exists(), "a server that ended leaves no socket");
}

#[test]
fn who_connects_and_says_nothing_is_not_waited_for() {
    let program = Program::without_engine()
        .env("DOCKER_HOST", "unix:///no/such/docker.sock")
        .env("DOCKER_AUTO_SERVER_ADDR", "127.0.0.1:0");
    let server = Server::start(&program);
    let address = server.address();
    let words: [&[u8]; 3] = [
        b"",
        b"PRI * HTTP/2.0\r\n\r\nSM",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
    ];
    let idle: Vec<_> = (0..130)
        .map(|number| {
            let mut stream = std::net::TcpStream::connect(&address).unwrap();
            stream.write_all(words[number % words.len()]).unwrap();
            stream
        })
        .collect();
    wait_until("the others are shown out", 3 * PATIENCE, || {
        ask_tcp(&address, Question::get("/healthz")).is_ok_and(|answer| answer.status == 200)
    });
    drop(idle);
    server.end();
}

#[test]
fn readiness_follows_the_engine() {
    needs!(lab);
    let host = Host::private(Engine::Old, &HostOptions::default());
    let scene = Scene::with(host, Registry::shared());
    let program = scene.program();
    let server = Server::start(&program);
    let ask = |path| {
        let address = server.address();
        let [open, inside] = [
            ask_tcp(&address, Question::get(path)),
            ask_unix(&server.control(), Question::get(path)),
        ]
        .map(Result::unwrap);
        // Where the engine is, and what is wrong with it, is not everyone's matter.
        assert_eq!(json_of(&open)["message"], Value::Null);
        (open.status, json_of(&inside)["message"].as_str().unwrap_or_default().to_owned())
    };
    wait_until("it is ready", PATIENCE, || ask("/readyz").0 == 200);
    scene.host.kill();
    wait_until("it says what to do", PATIENCE, || {
        let (status, message) = ask("/readyz");
        assert_eq!(status, 503, "{message}");
        message.contains("start it")
    });
    assert_eq!(ask("/healthz").0, 200, "it lives all the same");
    assert_eq!(program.run(&["healthcheck"]).expect(0).stdout, "healthy\n");
    scene.host.start();
    wait_until("it is ready again", PATIENCE, || ask("/readyz").0 == 200);
    scene.host.freeze();
    let (status, message) = ask("/readyz");
    scene.host.thaw();
    assert!(status == 503 && !message.is_empty(), "{status} {message}");
    wait_until("it is ready again", PATIENCE, || ask("/readyz").0 == 200);
    server.end();
    let alone = program.run(&["healthcheck"]).expect(1);
    assert!(alone.stderr.contains("no server answers"), "{}", alone.stderr);
}

/// Returns an output without what differs from run to run.
fn comparable(output: &Output, scene: &Scene) -> (i32, String, String) {
    let mut stdout = output.stdout.clone();
    if let Ok(Value::Array(mut views)) = serde_json::from_str(&stdout) {
        for view in &mut views {
            if view.get("lastCheckedAt").is_some() {
                view["lastCheckedAt"] = json!("then");
            }
        }
        views.retain(|view| {
            view["name"].as_str().is_none_or(|name| name.starts_with(&scene.prefix))
        });
        stdout = Value::Array(views).to_string();
    }
    (output.code, without_operation(&stdout), without_operation(&output.stderr))
}

/// Replaces the identity of an operation, which is new in each plan.
fn without_operation(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || "-._".contains(c))) {
        let bare = word.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        let is_held = words.last().is_some_and(|before| before == "keep:");
        let is_uuid = bare.len() == 36 && bare.matches('-').count() == 4;
        match word.find(".da-").and_then(|at| word[at..].rfind('-').map(|dash| at + dash)) {
            _ if is_held => words.push(word.replace(bare, "OP6")),
            _ if is_uuid => words.push(word.replace(bare, "OPERATION")),
            Some(dash) => {
                words.push(format!("{}-OP6{}", &word[..dash], &word[(dash + 7).min(word.len())..]));
            }
            None => words.push(word.to_owned()),
        }
    }
    words.concat()
}

#[test]
fn commands_answer_beside_a_server_as_alone() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start_outdated("old", &json!({"Labels": {"docker-auto.mode": "sometimes"}}));
    scene.start("fresh", &json!({}));
    let program = scene.program().env("DOCKER_AUTO_SCAN_ON_START", "false");
    // There is a history to show.
    scene.start_outdated("done", &json!({}));
    program.run(&["update", &scene.name("done")]).expect(0);
    let [old, fresh, done] = ["old", "fresh", "done"].map(|short| scene.name(short));
    let slashed = format!("/{old}");
    let commands: [&[&str]; 17] = [
        &["check", "--json", "--force"],
        &["check", &old, &fresh],
        &["check", "nosuch"],
        &["check", &slashed],
        &["plan", &old],
        &["plan", &slashed],
        &["plan", &old, "--json"],
        &["plan", &fresh],
        &["plan", "no/such?thing=%41+b"],
        &["update", &old, "--dry-run"],
        &["update", &old, "--dry-run", "--json"],
        &["update", &fresh, "--json"],
        &["update", "nosuch"],
        &["rollback", "nosuch"],
        &["rollback", &fresh],
        &["history", "--json"],
        &["history", &done, "--limit", "1"],
    ];
    let ask = |program: &Program| commands.map(|command| comparable(&program.run(command), &scene));
    let alone = ask(&program);
    let server = Server::start(&program);
    let beside = ask(&program);
    for (command, (alone, beside)) in commands.iter().zip(alone.iter().zip(&beside)) {
        assert_eq!(alone, beside, "{command:?}");
    }
    assert!(alone[4].1.contains("stop"), "a plan is shown: {}", alone[4].1);
    // What changes something goes through the server as well, and is followed to its end.
    let updated = program.run(&["update", &old, "--json"]).expect(0);
    assert_eq!(updated.result().0, "updated");
    assert_eq!(scene.version("old"), "2");
    let back = program.run(&["rollback", &old]).expect(0);
    assert!(back.stdout.contains("rolled_back_by_hand"), "{}", back.stdout);
    assert!(back.stderr.contains("stop old"), "progress is shown: {}", back.stderr);
    assert_eq!(scene.version("old"), "1");
    server.end();
    let records = program.run(&["history", &old, "--json"]).expect(0).json();
    assert_eq!(records.as_array().map(Vec::len), Some(2), "the server has recorded them");
    let shown = program.run(&["history", &old]).expect(0).stdout;
    let kinds: Vec<_> =
        shown.lines().skip(1).filter_map(|line| line.split_whitespace().nth(3)).collect();
    assert_eq!(kinds, ["rollback", "update"], "{shown}");
}

#[test]
fn a_closed_connection_stops_no_update() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start_outdated("web", &json!({}));
    let program = scene.program().env("DOCKER_AUTO_HEALTH_STABLE", "3s");
    let server = Server::start(&program);
    let following = program.spawn(&["update", &scene.name("web")]);
    wait_until("it is begun", PATIENCE, || following.stderr().contains("start new"));
    following.kill();
    wait_until("it is finished", PATIENCE, || {
        let records = program.run(&["history", &scene.name("web"), "--json"]).json();
        records[0]["outcome"] == "updated"
    });
    assert_eq!(scene.version("web"), "2");
    server.end();
}

#[test]
fn a_second_command_waits_or_is_told_who_is_at_work() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start_outdated("web", &json!({}));
    let (proxy, folder) = (EngineProxy::start(&scene.host, &[]), TempDir::new().unwrap());
    let program = scene.program_behind(&proxy);
    let hold = |moment: &str| {
        let until = folder.path().join(moment);
        proxy.set_rules(&[Rule::before("POST .*/start").nth(1).hold_until(&until)]);
        until
    };
    let until = hold("first");
    let first = program.spawn(&["update", &scene.name("web")]);
    wait_until("it is begun", PATIENCE, || first.stderr().contains("start new"));
    let second = program.run(&["update", &scene.name("web")]).expect(1);
    fs::write(until, "").unwrap();
    let pid = first.pid().to_string();
    assert!(second.stderr.contains("in use by another docker-auto"), "{}", second.stderr);
    assert!(second.stderr.contains(&format!("process {pid}")), "{}", second.stderr);
    first.wait_exit(PATIENCE).expect(0);
    let server = Server::start(&program);
    scene.push("web", "3");
    let until = hold("second");
    let first = program.spawn(&["update", &scene.name("web"), "--json"]);
    let open = program.data_dir().join("operations");
    wait_until("it is begun", Duration::from_secs(30), || {
        fs::read_dir(&open).is_ok_and(|files| files.count() > 0)
    });
    let second = program.run(&["update", &scene.name("web"), "--json"]).expect(1);
    let (_, reason) = second.result();
    assert!(reason.contains("has an operation already"), "{reason}");
    fs::write(until, "").unwrap();
    assert_eq!(first.wait_exit(PATIENCE).expect(0).result().0, "updated");
    server.end();
}

#[test]
fn a_file_that_was_broken_since_stops_no_command_beside_a_server() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let program = scene.program();
    let file = program.data_dir().join("config.yaml");
    fs::write(&file, "scan: {interval: 10m}\n").unwrap();
    let server = Server::start(&program);
    fs::write(&file, "scan: {interval: ten}\n").unwrap();
    let words = format!("the key scan.interval in {} has the value \"ten\"", file.display());
    let paused = program.run(&["pause", "--all"]).expect(0);
    assert!(paused.stderr.contains(&words), "{}", paused.stderr);
    wait_until("it is healthy", PATIENCE, || program.run(&["healthcheck"]).code == 0);
    server.end();
    for arguments in [&["resume", "--all"][..], &["migrate"], &["serve"]] {
        let refused = program.run(arguments).expect(2);
        assert!(refused.stderr.contains(&words), "{arguments:?}: {}", refused.stderr);
    }
    fs::remove_file(&file).unwrap();
    let resumed = program.run(&["resume", "--all"]).expect(0).stdout;
    assert!(!resumed.contains("nothing"), "it was paused: {resumed}");
}

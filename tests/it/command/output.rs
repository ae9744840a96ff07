//! What is written to standard output: JSON for programs, tables for people, colours for terminals.

use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::scene::{Scene, on_each_engine};

const ESCAPE: char = '\x1b';

/// The status model of a container, whose order is that of the fields in the answer.
const FIELDS: [&str; 13] = [
    "id",
    "name",
    "image",
    "running",
    "currentDigest",
    "remoteDigest",
    "status",
    "skipped",
    "skipReason",
    "labels",
    "lastCheckedAt",
    "reason",
    "candidate",
];

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flat_map(|fields| fields.keys().map(String::as_str)).collect()
}

#[test]
fn a_check_has_exactly_the_fields_of_the_status_model() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        scene.start("fresh", &json!({}));
        let old = scene.push("outdated", "1");
        scene.start_pushed("outdated", &json!({}));
        let new = scene.push("outdated", "2");
        let pinned = format!("{}@{}", scene.reference("fresh"), scene.push("fresh", "1"));
        scene.host.pull(&pinned);
        scene.host.create_and_start(
            &scene.name("pinned"),
            &scene.body("fresh", &json!({"Image": pinned})),
        );
        let digest = scene.push("gone", "1");
        scene.start_pushed("gone", &json!({}));
        scene.registry.delete(&format!("{}/gone", scene.prefix), &digest);
        let names = ["fresh", "outdated", "pinned", "gone"].map(|short| scene.name(short));
        let mut arguments = vec!["check", "--json"];
        arguments.extend(names.iter().map(String::as_str));
        let views = scene.program().run(&arguments).expect(1).json();
        let views = views.as_array().unwrap();
        for view in views {
            // The version that an image says it has, where it was looked at.
            let looked_at = ["UpToDate", "UpdateAvailable"].iter().any(|it| view["status"] == *it);
            let version = looked_at.then_some("currentVersion");
            let fields: Vec<_> = FIELDS.into_iter().chain(version).collect();
            assert_eq!(keys(view), fields, "{view}");
            assert!(
                ["code", "message"].iter().all(|key| view["reason"][key].is_string()),
                "{view}"
            );
            assert_eq!(view["running"], true);
            assert_eq!(view["skipped"], view["status"] == "Skipped");
            assert_eq!(view["skipReason"] != "", view["status"] == "Skipped", "{view}");
            assert_eq!(view["labels"]["scene"], scene.prefix.as_str());
        }
        let of = |short: &str| views.iter().find(|view| view["name"] == scene.name(short)).unwrap();
        let statuses =
            ["fresh", "outdated", "pinned", "gone"].map(|short| of(short)["status"].clone());
        assert_eq!(statuses, ["UpToDate", "UpdateAvailable", "Skipped", "Error"]);
        let outdated = of("outdated");
        assert_eq!(outdated["id"], scene.seen("outdated").id.as_str());
        assert_eq!(outdated["image"], scene.reference("outdated").as_str());
        assert_eq!(outdated["currentDigest"], old.as_str());
        assert_eq!(outdated["remoteDigest"], new.as_str());
        assert_eq!(outdated["candidate"]["digest"], new.as_str());
        assert_eq!(outdated["candidate"]["platform"], "linux/amd64", "{outdated}");
        assert!(outdated["candidate"]["sizeBytes"].as_u64() > Some(0), "{outdated}");
        assert_eq!(of("fresh")["candidate"], Value::Null);
        assert_eq!(of("gone")["reason"]["code"], "not_found");
    });
}

#[test]
fn without_a_terminal_there_are_no_escapes() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start_outdated("web", &json!({}));
    scene.start("fresh", &json!({}));
    let (program, name) = (scene.program(), scene.name("web"));
    for arguments in [
        &["check", &name][..],
        &["plan", &name],
        &["update", &name, "--dry-run"],
        &["update", &name],
        &["history"],
        &["rollback", &name],
        &["--help"],
    ] {
        let output = program.run(arguments).expect(0);
        assert!(
            !output.stdout.contains(ESCAPE) && !output.stderr.contains(ESCAPE),
            "{arguments:?}"
        );
        assert!(!output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn what_images_and_labels_say_does_not_steer_the_terminal() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let rude = "2\u{1b}[31mRED\u{7}\nFAKE LINE";
    let label = json!({"Labels": {"docker-auto.mode": "au\u{1b}[31m\nFAKE LINE"}});
    scene.start("web", &label);
    let newer = json!({"Labels": {"org.opencontainers.image.version": rude}});
    scene.registry.push(&scene.image("web", "2").config(&newer));
    let (program, name) = (scene.program(), scene.name("web"));
    for arguments in [
        &["check", &name][..],
        &["plan", &name],
        &["update", &name],
        &["history"],
        &["rollback", &name],
    ] {
        let output = program.run(arguments).expect(0);
        for text in [&output.stdout, &output.stderr] {
            assert!(!text.contains([ESCAPE, '\u{7}']), "{arguments:?}: {text}");
            assert!(!text.lines().any(|line| line.starts_with("FAKE")), "{arguments:?}: {text}");
        }
    }
}

#[test]
fn a_terminal_has_colours_unless_it_refuses_them() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start_outdated("web", &json!({}));
    let name = scene.name("web");
    let at_a_terminal = format!(r#"exec script -qefc "$BIN check {name}" /dev/null"#);
    let program = scene.program();
    let shown = program.run_in_shell(&at_a_terminal).expect(0).stdout;
    assert!(shown.contains("\x1b[33mUpdateAvailable\x1b[0m"), "{shown:?}");
    let plain = program.env("NO_COLOR", "1").run_in_shell(&at_a_terminal).expect(0).stdout;
    assert!(plain.contains("UpdateAvailable") && !plain.contains(ESCAPE), "{plain:?}");
}

#[test]
fn a_reader_that_leaves_breaks_nothing() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start_outdated("web", &json!({}));
    let (program, name) = (scene.program(), scene.name("web"));
    for command in [
        format!("check {name}"),
        format!("check {name} --json"),
        format!("plan {name} --json"),
        "history --json".to_owned(),
        "--help".to_owned(),
        format!("update {name} 2>&1"),
    ] {
        // The reader is gone before there is anything to read.
        let script = format!("$BIN {command} | exec 0<&-; exit ${{PIPESTATUS[0]}}");
        let output = program.run_in_shell(&script).expect(0);
        assert!(!output.stderr.contains("panic"), "{command}: {}", output.stderr);
    }
    assert_eq!(scene.version("web"), "2", "the update did not stop for it");
}

#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start("web", &json!({}));
    let output = scene.program().run_in_shell("$BIN check --json >/dev/full").expect(1);
    assert!(output.stderr.contains("No space left on device"), "{}", output.stderr);
}

#[test]
fn a_server_logs_lines_or_objects_with_the_agreed_fields() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start_outdated("web", &json!({"Labels": {"docker-auto.mode": "auto"}}));
    let program = scene.program().env("DOCKER_AUTO_LOG_FORMAT", "json").env("LOG_LEVEL", "debug");
    let server = crate::support::scene::Server::start(&program);
    server.wait_log("operation_finished");
    let log = server.end().stderr;
    let mut events = Vec::new();
    for line in log.lines() {
        let object: Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("no object: {line}"));
        for field in ["timestamp", "level", "component", "message"] {
            assert!(object[field].is_string(), "{field}: {line}");
        }
        if object["container"] == scene.name("web") {
            events.extend(object["event"].as_str().map(str::to_owned));
        }
    }
    for event in ["update_available", "operation_started", "step_started", "operation_finished"] {
        assert!(events.iter().any(|told| told == event), "{event}: {events:?}");
    }
    let told = |event: &str| events.iter().filter(|told| *told == event).count();
    assert_eq!((told("operation_started"), told("operation_finished")), (1, 1));
}

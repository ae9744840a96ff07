//! What people decide holds, whoever asks and across restarts: until it is taken back or overtaken.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::scene::{PATIENCE, Scene, Server};
use crate::support::wait::wait_until;

/// All containers of the story; they share an image, whose tag moves on.
const NAMES: [&str; 5] = ["free", "held", "later", "out", "still"];

fn begin(scene: &Scene) {
    scene.push("app", "1");
    scene.host.pull(&scene.reference("app"));
    for name in NAMES {
        let labels = match name {
            "held" => json!({"docker-auto.mode": "approve", "docker-auto.tag.include": "^1"}),
            "still" => json!({"docker-auto.mode": "auto", "docker-auto.group": scene.prefix}),
            // A rule says it for this one.
            "out" => json!({}),
            _ => json!({"docker-auto.mode": "auto"}),
        };
        scene.start_like("app", name, &json!({"Labels": labels}));
    }
    scene.push("app", "2");
}

/// Returns the code of each container's reason, in the order of their names.
fn codes(scene: &Scene, program: &Program) -> Vec<String> {
    let views = program.run(&["check", "--json", "--force"]).expect(0).json();
    let own =
        |view: &&Value| view["name"].as_str().is_some_and(|name| name.starts_with(&scene.prefix));
    let own = views.as_array().into_iter().flatten().filter(own);
    let codes = own.map(|view| view["reason"]["code"].clone());
    codes.filter_map(|code| code.as_str().map(ToOwned::to_owned)).collect()
}

/// Starts a server and waits until it has updated one of them at its start.
fn serve_until(scene: &Scene, program: &Program, name: &str, version: &str) -> Server {
    let server = Server::start(program);
    wait_until("it is updated", PATIENCE, || scene.runs(name, version));
    wait_until("it is told", PATIENCE, || {
        let records = program.run(&["history", &scene.name(name), "--json"]).json();
        records[0]["outcome"] == "updated"
    });
    server
}

/// Returns the chain's last word and what is said of it.
fn why(scene: &Scene, program: &Program, name: &str) -> Value {
    let why = program.run(&["why", &scene.name(name), "--json"]).expect(0).json();
    let last = why["chain"].as_array().and_then(|chain| chain.last()).cloned();
    assert_eq!(last.unwrap_or_default()["ended"], why["reason"]["code"], "{why}");
    why
}

/// Puts a container off until a date; returns the moment.
fn dated(program: &Program, name: &str) -> Value {
    program.run(&["snooze", name, "2098-01-01", "--json"]).expect(0).json()["until"].clone()
}

#[test]
fn what_people_decide_holds_until_they_take_it_back() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    begin(&scene);
    // Only what is asked for happens, and what a start brings.
    let program = scene.program().env("DOCKER_AUTO_WATCH_EVENTS", "false");
    let [held, later, out, still] = ["held", "later", "out", "still"].map(|name| scene.name(name));
    let rule = json!({"match": {"name": out}, "set": {"mode": "auto"}}).to_string();
    program.run(&["policy", "set", "own", &rule]).expect(0);
    program.run(&["skip", &out]).expect(0);
    let snoozed = program.run(&["snooze", &later, "1d", "--json"]).expect(0).json();
    assert_eq!(snoozed["verdict"], "snoozed");
    assert_eq!(snoozed["reason"]["code"], "snoozed");
    program.run(&["pause", "--group", &scene.prefix]).expect(0);
    // A date is one of the time zone, with a server and without one.
    let program = program.env("TZ", "Asia/Tokyo");
    assert_eq!(dated(&program, &later), "2097-12-31T15:00:00Z");

    let server = serve_until(&scene, &program, "free", "2");
    let expected = ["up_to_date", "awaiting_approval", "snoozed", "skipped", "paused_by_person"];
    assert_eq!(codes(&scene, &program), expected);
    let asked = why(&scene, &program, "held");
    assert_eq!(asked["cause"]["kind"], "label");
    assert_eq!(asked["lifts"]["when"], "by_person");
    let problem = asked["problems"][0].as_str().unwrap_or_default();
    assert!(problem.contains("tag.include has no effect without docker-auto.track"), "{asked}");
    assert_eq!(why(&scene, &program, "later")["lifts"]["when"], "at");
    assert_eq!(dated(&program, &later), "2097-12-31T15:00:00Z");
    let chinese = program.run(&["why", &still, "--language", "zh"]).expect(0).stdout;
    assert!(chinese.contains("暂停") && chinese.contains("paused_by_person"), "{chinese}");

    // An approval is for one image.
    let approved = program.run(&["approve", &held]).expect(0).stdout;
    assert!(approved.contains("approved"), "{approved}");
    assert_eq!(codes(&scene, &program)[1], "update");
    scene.push("app", "3");
    assert_eq!(codes(&scene, &program)[1], "awaiting_approval");
    // The skipped image is not the newest one any more.
    assert_eq!(codes(&scene, &program)[3], "update");
    program.run(&["skip", &out]).expect(0);
    program.run(&["snooze", &later, "1d"]).expect(0);
    program.run(&["approve", &held]).expect(0);
    server.end();
    for name in ["held", "later", "out", "still"] {
        assert_eq!(scene.version(name), "1", "{name}");
    }

    // All of it is there after a restart.
    let server = serve_until(&scene, &program, "held", "3");
    assert_eq!(codes(&scene, &program)[2..], ["snoozed", "skipped", "paused_by_person"]);
    for name in [&out, &still] {
        let told = program.run(&["update", name, "--json"]).expect(1);
        assert_eq!(told.result().0, "held", "naming it is not enough");
    }
    program.run(&["update", &later]).expect(0);
    program.run(&["approve", &out, "--now"]).expect(0);
    program.run(&["resume", "--group", &scene.prefix]).expect(0);
    let nothing = program.run(&["reject", &held]).expect(1).stderr;
    assert!(nothing.contains("has no other image that could run"), "{nothing}");
    server.end();
    program.run(&["update", "--all"]).expect(0);
    for name in NAMES {
        assert_eq!(scene.version(name), "3", "{name}");
    }
}

#[test]
fn a_pause_holds_who_waits_while_another_one_is_updated() {
    needs!(lab);
    let (scene, folder) = (Scene::on(Engine::New), TempDir::new().unwrap());
    let (begun, busy) = (folder.path().join("begun"), folder.path().join("busy"));
    fs::write(&busy, "").unwrap();
    let hook = "touch /shared/begun; while [ -e /shared/busy ]; do sleep 1; done";
    let hooked = json!({
        "Labels": {
            "docker-auto.mode": "auto",
            "docker-auto.hook.pre-update": hook,
            "docker-auto.hook.user": "0:0",
        },
        "HostConfig": {"Binds": [format!("{}:/shared", folder.path().display())]},
    });
    scene.start_outdated("a", &hooked);
    for name in ["b", "c"] {
        scene.start_outdated(name, &json!({"Labels": {"docker-auto.mode": "auto"}}));
    }
    let program = scene.program();
    let server = Server::start(&program);
    wait_until("the first one is being updated", PATIENCE, || begun.exists());
    program.run(&["pause", &scene.name("b")]).expect(0);
    fs::remove_file(busy).unwrap();
    wait_until("the last one is updated", PATIENCE, || {
        let records = program.run(&["history", &scene.name("c"), "--json"]).json();
        records[0]["outcome"] == "updated"
    });
    server.end();
    assert_eq!(["a", "b", "c"].map(|name| scene.version(name)), ["2", "1", "2"]);
}

#[test]
fn a_rejection_and_a_pause_hold_and_are_taken_back() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let auto = |group: &str| {
        json!({"Labels": {
            "docker-auto.mode": "auto", "docker-auto.group": format!("{}-{group}", scene.prefix),
        }})
    };
    for (name, group) in [("one", "a"), ("two", "b")] {
        scene.start_outdated(name, &auto(group));
    }
    // Its server does nothing by itself.
    let program = scene.program().env("DOCKER_AUTO_SCAN_ON_START", "false");
    let program = program.env("DOCKER_AUTO_SCAN_INTERVAL", "24h");
    let one = scene.name("one");
    let unknown = program.run(&["pause", "--group", "nobody"]).expect(1).stderr;
    let known = ["a", "b"].map(|group| format!("{}-{group}", scene.prefix));
    assert!(unknown.contains("no container is of the group \"nobody\": there are "), "{unknown}");
    assert!(known.iter().all(|group| unknown.contains(group)), "{unknown}");

    // A person's rejection: as if it had failed there.
    let rejected = program.run(&["reject", &one, "--json"]).expect(0).json();
    assert_eq!(
        (&rejected["verdict"], &rejected["reason"]["code"]),
        (&json!("rejected"), &json!("rejected_by_person"))
    );
    let all = || program.run(&["update", "--all", "--json"]).expect(0).json();
    let result = |views: &Value, short: &str| {
        let mut views = views.as_array().into_iter().flatten();
        let view = views.find(|view| view["name"] == scene.name(short)).cloned();
        view.unwrap_or_default()["result"].clone()
    };
    // Nothing is updated while everything is paused.
    program.run(&["pause", "--all"]).expect(0);
    assert_eq!(codes(&scene, &program), ["rejected_by_person", "paused_by_person"]);
    let held = all();
    assert_eq!((result(&held, "one"), result(&held, "two")), (json!("held"), json!("held")));
    let server = Server::start(&program);
    // All that is asked from here on is asked of the server.
    program.run(&["resume", "--all"]).expect(0);
    assert_eq!(codes(&scene, &program), ["rejected_by_person", "update"]);
    program.run(&["pause", &scene.name("two")]).expect(0);
    assert_eq!(codes(&scene, &program), ["rejected_by_person", "paused_by_person"]);
    let held = all();
    assert_eq!((result(&held, "one"), result(&held, "two")), (json!("held"), json!("held")));
    assert_eq!((scene.version("one"), scene.version("two")), ("1".to_owned(), "1".to_owned()));
    program.run(&["resume", &scene.name("two")]).expect(0);
    assert_eq!(result(&all(), "two"), "updated");
    assert_eq!((scene.version("one"), scene.version("two")), ("1".to_owned(), "2".to_owned()));

    // Words that are taken back leave nothing behind.
    let forgotten = program.run(&["forget", &one, "--json"]).expect(0).json();
    assert_eq!(forgotten, json!({"name": one, "forgotten": ["rejected"]}));
    let nothing = program.run(&["forget", &one]).expect(1).stderr;
    assert!(nothing.contains("nothing was said of images in the place of"), "{nothing}");
    server.end();
    program.run(&["skip", &one]).expect(0);
    let forgotten = program.run(&["forget", &one]).expect(0).stdout;
    assert_eq!(forgotten, format!("{one}: taken back: skipped\n"));
    assert_eq!(result(&all(), "one"), "updated");
    assert_eq!(scene.version("one"), "2");
}

#[test]
fn a_key_of_the_configuration_file_is_named_as_the_cause() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start("web", &json!({}));
    scene.push("web", "2");
    let program = scene.program();
    let file = program.data_dir().join("config.yaml");
    std::fs::write(&file, "update: {enabled: false}\n").unwrap();
    let told = why(&scene, &program, "web");
    assert_eq!(told["reason"]["code"], "updates_not_enabled", "{told}");
    assert_eq!(
        (&told["cause"]["kind"], &told["cause"]["name"]),
        (&json!("file"), &json!("update.enabled"))
    );
    for (language, words) in [
        ("en", format!("the key update.enabled in {}", file.display())),
        ("zh", format!("{} 中的配置项 update.enabled", file.display())),
    ] {
        let told =
            program.run(&["why", &scene.name("web"), "--language", language]).expect(0).stdout;
        assert!(told.contains(&words), "{told}");
    }
}

//! In which order and how gently containers are updated.

use std::fs;
use std::net::SocketAddr;

use docker_auto::core::id::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::{Engine, Host, HostOptions};
use crate::support::image::Kind;
use crate::support::lab::needs;
use crate::support::proxy::EngineProxy;
use crate::support::registry::Registry;
use crate::support::scene::{PATIENCE, Scene, on_each_engine};
use crate::support::wait::wait_until;

use super::outage::Probe;

/// Returns what the engine tells of a scene's containers since a moment: `(action, name)`.
fn events(scene: &Scene, since: u64) -> Vec<(String, String)> {
    let filters = r#"{"type":["container"]}"#.replace('"', "%22");
    let until = now(&scene.host) + 1;
    let path = format!("/events?since={since}&until={until}&filters={filters}");
    let answer = scene.host.ask("GET", &path, None).text();
    let lines = answer.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let told = lines.filter_map(|event| {
        let name = event["Actor"]["Attributes"]["name"].as_str()?.to_owned();
        let name = name.strip_prefix(&format!("{}-", scene.prefix))?.to_owned();
        Some((event["Action"].as_str()?.to_owned(), name))
    });
    told.collect()
}

fn now(host: &Host) -> u64 {
    let time = host.get("/info")["SystemTime"].as_str().unwrap_or_default().to_owned();
    let time: Timestamp = time.parse().expect("a time");
    u64::try_from(time.timestamp()).unwrap()
}

/// Returns the body of a container that is reached from outside.
fn published(mode: &str, port: u16) -> Value {
    let ports = json!({"8080/tcp": [{"HostPort": port.to_string()}]});
    let host = json!({"NetworkMode": "bridge", "PortBindings": ports});
    json!({"Labels": {"docker-auto.mode": mode}, "HostConfig": host})
}

#[test]
fn ten_are_updated_one_after_the_other_and_nobody_else_notices() {
    needs!(lab);
    // The engine remembers no more than its last few hundred events: nobody else may make some.
    let host = Host::private(Engine::Old, &HostOptions::default());
    let scene = Scene::with(host, Registry::shared());
    let names: Vec<_> = (0..10).map(|number| format!("web{number}")).collect();
    let address = |port: u16| SocketAddr::new(scene.host.address.parse().unwrap(), port);
    scene.start("web", &published("off", 18100));
    let bodies = (18102..).map(|port| published("auto", port));
    let old: Vec<_> =
        names.iter().zip(bodies).map(|(name, body)| scene.start_like("web", name, &body)).collect();
    scene.start_like("web", "watched", &published("watch", 18101));
    scene.push("web", "2");
    let bystanders = ["web", "watched"];
    let before = bystanders.map(|name| scene.seen(name));
    let begun = now(&scene.host);
    wait_until("the clock moves on, which events are told by", PATIENCE, || {
        now(&scene.host) > begun
    });
    let since = now(&scene.host);
    let undisturbed = [18100, 18101].map(|port| Probe::start(address(port)));
    let proxy = EngineProxy::start(&scene.host, &[]);
    let updated = scene.program_behind(&proxy).run(&["update", "--all", "--json"]).expect(0);
    for (name, probe) in bystanders.iter().zip(undisturbed) {
        assert_eq!(probe.end(), 0, "{name} is not touched");
    }
    let views = updated.json();
    let mut of_scene: Vec<_> =
        views.as_array().unwrap().iter().filter_map(|view| view["result"].as_str()).collect();
    of_scene.sort_unstable();
    assert_eq!((of_scene[0], &of_scene[1..]), ("held", &["updated"; 10][..]));
    assert_eq!(bystanders.map(|name| scene.seen(name)), before);
    for name in &names {
        assert_eq!(scene.version(name), "2");
    }
    let replaced: Vec<_> =
        names.iter().zip(old).map(|(name, id)| (id, scene.seen(name).id)).collect();
    let told = events(&scene, since);
    check_one_at_a_time(&told, &names);
    let none = |(_, name): &&(String, String)| bystanders.contains(&name.as_str());
    assert_eq!(told.iter().find(none), None);
    check_nothing_else_is_waited_for(&proxy, &replaced);
}

/// What keeps a container away is its own stop, start and renames: nothing else is done.
fn check_nothing_else_is_waited_for(proxy: &EngineProxy, replaced: &[(String, String)]) {
    let calls = proxy.log().into_iter().map(|call| call.line);
    let calls: Vec<_> = calls.filter(|line| !line.starts_with("GET ")).collect();
    for (old, new) in replaced {
        let call = |what: &str| {
            let made = calls.iter().position(|line| line.contains(what));
            made.unwrap_or_else(|| panic!("no {what}: {calls:#?}"))
        };
        let stop = call(&format!("/containers/{old}/stop"));
        let start = call(&format!("/containers/{new}/start"));
        for line in &calls[stop..=start] {
            let own = [old, new].iter().any(|id| line.contains(&format!("/containers/{id}/")));
            assert!(own, "{line} while it is down: {:#?}", &calls[stop..=start]);
        }
    }
}

/// While one is down, nothing but its own renames, update and start happens on the host.
fn check_one_at_a_time(told: &[(String, String)], names: &[String]) {
    let mut down = 0;
    for (index, (action, name)) in told.iter().enumerate() {
        if action != "die" || !names.contains(name) {
            continue;
        }
        down += 1;
        let window = told[index..].iter().take_while(|(action, _)| action != "start");
        for (action, other) in window {
            let own = other == name || other.starts_with(&format!("{name}.da-"));
            assert!(own, "{action} of {other} while {name} is down: {told:?}");
            assert!(
                !["create", "pull"].contains(&action.as_str()),
                "{action} while {name} is down"
            );
        }
    }
    assert_eq!(down, names.len(), "each went down once: {told:?}");
}

#[test]
fn as_many_are_updated_at_once_as_asked() {
    needs!(lab);
    let (scene, folder) = (Scene::on(Engine::New), TempDir::new().unwrap());
    let short = ["a", "b"];
    for name in short {
        // Where both are there already, neither waits for the other one.
        fs::write(folder.path().join(name), "").unwrap();
        let meet = "until [ -e /shared/a ] && [ -e /shared/b ]; do sleep 1; done";
        let labels = json!({
            "docker-auto.hook.pre-update": format!("touch /shared/{name}; {meet}"),
            "docker-auto.hook.user": "0:0",
        });
        let binds = [format!("{}:/shared", folder.path().display())];
        let more = json!({"Labels": labels, "HostConfig": {"Binds": binds}});
        scene.start_outdated(name, &more);
    }
    let names = short.map(|name| scene.name(name));
    let command = ["update", &names[0], &names[1], "--json"];
    let program = scene.program().env("DOCKER_AUTO_HEALTH_STABLE", "500ms");
    let updated = program.run(&command).expect(0).json();
    let [one, other] = [0, 1].map(|index: usize| {
        let time = |field: &str| updated[index]["record"][field].as_str()?.parse().ok();
        let times: [Option<Timestamp>; 2] = [time("started_at"), time("completed_at")];
        times.map(|time| time.expect("a record has its times"))
    });
    assert!(one[1] <= other[0] || other[1] <= one[0], "one after the other: {updated}");

    // Now each waits for the other one's beginning.
    for name in short {
        fs::remove_file(folder.path().join(name)).unwrap();
        scene.push(name, "3");
    }
    let program = program.env("DOCKER_AUTO_UPDATE_CONCURRENCY", "2");
    program.run(&command).expect(0);
    assert_eq!(short.map(|name| scene.version(name)), ["3", "3"]);
}

#[test]
fn a_container_is_stopped_as_gently_as_it_asks() {
    needs!(lab);
    on_each_engine(|engine| {
        for (label, query) in [(None, ""), (Some("1s"), "?t=1"), (Some("soon"), "")] {
            let scene = Scene::on(engine);
            let kind = if label == Some("1s") { Kind::IgnoresTerm } else { Kind::Plain };
            scene.push_kind("web", "1", kind);
            let mut more = json!({"StopTimeout": 7});
            if let Some(label) = label {
                more["Labels"] = json!({"docker-auto.stop-timeout": label});
            }
            let id = scene.start_pushed("web", &more);
            scene.push("web", "2");
            let proxy = EngineProxy::start(&scene.host, &[]);
            let program = scene.program_behind(&proxy);
            if label == Some("soon") {
                let shown = program.run(&["check", &scene.name("web")]).expect(0).stdout;
                assert!(
                    shown.contains("docker-auto.stop-timeout") && shown.contains("=soon"),
                    "{shown}"
                );
            }
            program.run(&["update", &scene.name("web")]).expect(0);
            let calls = proxy.log().into_iter().map(|call| call.line);
            let stops: Vec<_> = calls.filter(|line| line.contains("/stop")).collect();
            assert_eq!(stops.len(), 1, "{stops:?}");
            assert!(stops[0].ends_with(&format!("/containers/{id}/stop{query}")), "{stops:?}");
            assert_eq!(scene.version("web"), "2");
        }
    });
}

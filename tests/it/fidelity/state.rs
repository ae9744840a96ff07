//! Names by which containers know themselves, and states in which they are found.

use serde_json::{Value, json};

use crate::support::lab::needs;
use crate::support::scene::{Scene, on_each_engine};

use super::{not_updated, update};

const INCLUDE_STOPPED: &str = "DOCKER_AUTO_DOCKER_INCLUDE_STOPPED";

/// Containers by how they are named, with what `hostname` says in them: nothing for their own ID.
fn named(host: &str) -> Vec<(&'static str, Value, Option<String>)> {
    let host = Some(host.to_owned());
    let own = json!({"Hostname": "own", "Domainname": "example.test"});
    vec![
        ("default", json!({}), None),
        ("own", own, Some("own".to_owned())),
        ("net", json!({"HostConfig": {"NetworkMode": "host"}}), host.clone()),
        ("uts", json!({"HostConfig": {"UTSMode": "host"}}), host),
    ]
}

#[test]
fn host_names_stay_but_for_those_made_from_an_id() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        scene.push("web", "1");
        scene.host.pull(&scene.reference("web"));
        let own_name = scene.host.get("/info")["Name"].as_str().unwrap().to_owned();
        let containers = named(&own_name);
        for (short, more, _) in &containers {
            scene.host.create_and_start(&scene.name(short), &scene.body("web", more));
        }
        scene.push("web", "2");
        for (short, _, hostname) in containers {
            let (before, after) = update(&scene, &scene.program(), short);
            let hostname =
                hostname.unwrap_or_else(|| after["Id"].as_str().unwrap()[..12].to_owned());
            let shown = scene.host.read_in(&scene.name(short), &["hostname"]);
            assert_eq!(shown.trim(), hostname, "{short} on {engine:?}");
            for pointer in ["/Config/Domainname", "/HostConfig/NetworkMode", "/HostConfig/UTSMode"]
            {
                assert_eq!(
                    after.pointer(pointer),
                    before.pointer(pointer),
                    "{short} on {engine:?}"
                );
            }
        }
    });
}

#[test]
fn a_container_that_does_not_run_is_made_anew_and_not_started() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        scene.start("exited", &json!({}));
        scene.host.post(&format!("/containers/{}/stop?t=0", scene.name("exited")), &json!({}));
        let create = format!("/containers/create?name={}", scene.name("created"));
        scene.host.post(&create, &scene.body("exited", &json!({})));
        scene.push("exited", "2");
        let (output, code) = not_updated(&scene, &scene.program(), "exited");
        assert_eq!((output.code, &*code), (1, "stopped"));
        let program = scene.program().env(INCLUDE_STOPPED, "true");
        for short in ["exited", "created"] {
            let (_, after) = update(&scene, &program, short);
            assert_eq!(after["State"]["Status"], "created");
            assert_eq!(after["State"]["StartedAt"], "0001-01-01T00:00:00Z", "{short}");
            assert_eq!(scene.version(short), "2");
        }
        let left: Vec<_> = scene.containers().into_iter().map(|(name, _)| name).collect();
        assert_eq!(left, ["created", "exited"]);
    });
}

#[test]
fn a_paused_container_is_left_alone() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        scene.start_outdated("web", &json!({}));
        let name = scene.name("web");
        scene.host.post(&format!("/containers/{name}/pause"), &json!({}));
        let (output, code) = not_updated(&scene, &scene.program(), "web");
        assert_eq!((output.code, &*code), (1, "paused"));
        assert!(output.stdout.contains("docker unpause"), "{}", output.stdout);
        scene.host.post(&format!("/containers/{name}/unpause"), &json!({}));
        update(&scene, &scene.program(), "web");
    });
}

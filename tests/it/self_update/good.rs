//! A good version takes its place, and everything else is as it was.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::engine::{Engine, run};
use crate::support::lab::{lab_variable, needs, the_lab};
use crate::support::scene::on_each_engine;

use super::house::{DATA, House, NAME, PORT};

#[test]
fn it_moves_to_a_new_version_and_back() {
    needs!(lab);
    on_each_engine(|engine| {
        let house = House::on(engine);
        let old = house.start(&[]);
        house.host.exec(NAME, &["sh", "-c", "echo kept >/data/mine"]);
        house.push("2");
        house.begin("update");
        let record = house.recorded(1);
        assert_eq!(record["outcome"], "updated", "{record:#}");
        house.settled();
        check(&house, "2");
        assert_eq!(house.most_at_once(), 1, "never two at once");
        assert_ne!(house.host.inspect(NAME)["Id"], *old);
        let (code, said) = house.run(&["plan", NAME]);
        assert!(code == 0 && said.contains("nothing to do"), "{said}");

        house.begin("rollback");
        let record = house.recorded(2);
        assert_eq!((&record["outcome"], &record["kind"]), (&json!("updated"), &json!("rollback")));
        house.settled();
        check(&house, "1");
        let (_, said) = house.run(&["check", NAME]);
        assert!(said.contains("is not tried again"), "{said}");
    });
}

fn check(house: &House, version: &str) {
    assert_eq!(house.version(), version);
    let inspect = house.host.inspect(NAME);
    let host = &inspect["HostConfig"];
    assert_eq!(host["RestartPolicy"]["Name"], "unless-stopped");
    assert_eq!(host["PortBindings"]["8080/tcp"][0]["HostPort"], PORT.to_string());
    assert_eq!(volume(&inspect), DATA);
    assert_eq!(house.host.read_in(NAME, &["cat", "/data/mine"]), "kept\n");
}

fn volume(inspect: &Value) -> &str {
    let mounts = inspect["Mounts"].as_array().into_iter().flatten();
    let mut data = mounts.filter(|mount| mount["Destination"] == "/data");
    data.next().and_then(|mount| mount["Name"].as_str()).unwrap_or_default()
}

/// A volume that nobody named is handed on like any other; the schedule does it by itself, and last.
#[test]
fn it_comes_last_in_a_cycle() {
    needs!(lab);
    let house = House::on(Engine::New);
    let neighbour = json!({
        "Image": house.reference(), "Entrypoint": ["sleep", "9999"],
        "HostConfig": {"NetworkMode": "none"}, "StopSignal": "SIGKILL",
    });
    house.host.create_and_start("another", &neighbour);
    house.host.create_and_start("zebra", &neighbour);
    house.push("2");
    let variables = [
        "DOCKER_AUTO_UPDATE_ENABLED=true",
        "DOCKER_AUTO_SCAN_ON_START=true",
        "DOCKER_AUTO_HEALTH_STABLE=1s",
    ];
    let socket = format!("{}:/var/run/docker.sock", house.proxy.socket.display());
    let body = house.body(&variables, &json!({"Binds": [socket]}));
    house.host.create_and_start(NAME, &body);
    house.wait("docker-auto is another", || (house.version() == "2").then_some(()));
    let record = house.recorded(1);
    assert_eq!(record["outcome"], "updated", "{record:#}");
    let (_, all) = house.run(&["history", "--json"]);
    let all: Value = serde_json::from_str(&all).unwrap();
    let order: Vec<_> =
        all.as_array().unwrap().iter().map(|one| one["container"].clone()).collect();
    assert_eq!(order, [NAME, "zebra", "another"], "the newest first");
}

#[test]
fn what_compose_made_is_at_peace_with_compose() {
    needs!(lab);
    let house = House::on(Engine::New);
    let body = house.body(&[], &json!({}));
    let service = json!({
        "image": house.reference(), "container_name": NAME, "restart": "unless-stopped",
        "environment": body["Env"], "labels": body["Labels"], "ports": [format!("{PORT}:8080")],
        "volumes": body["HostConfig"]["Binds"],
    });
    let file = json!({"services": {"auto": service}, "volumes": {DATA: {"name": DATA}}});
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("compose.yaml"), file.to_string()).unwrap();
    up(&house, folder.path());
    house.wait("it serves", || house.serves().then_some(()));
    house.push("2");
    house.begin("update");
    let record = house.recorded(1);
    assert_eq!(record["outcome"], "updated", "{record:#}");
    house.settled();
    let before = house.host.inspect(NAME);
    up(&house, folder.path());
    let after = house.host.inspect(NAME);
    assert_eq!((&after["Id"], &after["State"]), (&before["Id"], &before["State"]));
    assert_eq!(house.version(), "2");
}

fn up(house: &House, folder: &Path) {
    let mut compose = Command::new(lab_variable("LAB_COMPOSE"));
    compose.args(["--progress", "plain", "up", "-d"]).current_dir(folder);
    compose.env("DOCKER_HOST", house.host.docker_host());
    run(compose.env("DOCKER_CONFIG", &the_lab().client_config));
}

//! Volumes and mounts: the same ones with the same data, and nothing left behind.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::{Host, HostOptions};
use crate::support::lab::needs;
use crate::support::registry::Registry;
use crate::support::scene::{Scene, on_each_engine};

use super::{mounts, update};

/// Returns the names of all volumes on a host.
fn volumes(host: &Host) -> BTreeSet<String> {
    let listed = host.get("/volumes");
    let listed = listed["Volumes"].as_array().into_iter().flatten();
    listed.map(|volume| volume["Name"].as_str().unwrap().to_owned()).collect()
}

/// Returns what is mounted where; not every engine shows the name of each volume.
fn places(inspect: &Value) -> Vec<(Value, Value)> {
    let mounts = mounts(inspect).into_iter();
    mounts.map(|mount| (mount["Destination"].clone(), mount["Source"].clone())).collect()
}

#[test]
fn volumes_without_a_name_stay_with_their_data() {
    needs!(lab);
    on_each_engine(|engine| {
        // No other test makes volumes on a host of its own.
        let host = Host::private(engine, &HostOptions::default());
        let scene = Scene::with(host, Registry::shared());
        let push = |version: &str| {
            let image = scene.image("web", version).config(&json!({"Volumes": {"/state": {}}}));
            scene.registry.push(&image);
        };
        push("1");
        let host_config = json!({
            "Binds": ["/bound"],
            "Mounts": [{"Type": "volume", "Target": "/mounted"}],
        });
        scene.start_pushed("web", &json!({"HostConfig": host_config}));
        let name = scene.name("web");
        let before = places(&scene.host.inspect(&name));
        assert_eq!(before.len(), 3, "{before:?}");
        for (place, _) in &before {
            let file = format!("{}/file", place.as_str().unwrap());
            scene.host.exec(&name, &["touch", &file]);
        }
        let existing = volumes(&scene.host);
        let program = scene.program();
        for version in ["2", "3"] {
            push(version);
            let (_, after) = update(&scene, &program, "web");
            assert_eq!(places(&after), before, "{engine:?}");
            assert_eq!(scene.version("web"), version);
            assert_eq!(volumes(&scene.host), existing, "none is new and none is gone");
            for (place, _) in &before {
                let file = format!("{}/file", place.as_str().unwrap());
                scene.host.exec(&name, &["test", "-f", &file]);
            }
        }
    });
}

#[test]
fn what_is_mounted_stays_mounted_in_the_same_way() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let folder = TempDir::new().unwrap();
        let source = folder.path().display().to_string();
        let shared = scene.name("shared");
        let donor = json!({"HostConfig": {"Binds": [format!("{shared}:/shared")]}});
        scene.start("donor", &donor);
        let named = scene.name("named");
        let more = json!({"HostConfig": {
            "Binds": [format!("{named}:/named"), format!("{source}:/bound:ro")],
            "Mounts": [{
                "Type": "volume", "Source": named, "Target": "/again", "ReadOnly": true,
            }],
            "Tmpfs": {"/scratch": "rw,size=1m,mode=1777"},
            "VolumesFrom": [format!("{}:ro", scene.name("donor"))],
        }});
        scene.start_outdated("web", &more);
        scene.host.exec(&scene.name("web"), &["touch", "/named/file"]);
        let (before, after) = update(&scene, &scene.program(), "web");
        assert_eq!(mounts(&before), mounts(&after), "{engine:?}");
        assert_eq!(mounts(&after).iter().filter(|mount| mount["RW"] == false).count(), 3);
        assert_eq!(after["HostConfig"]["Tmpfs"], before["HostConfig"]["Tmpfs"]);
        let table = scene.host.read_in(&scene.name("web"), &["mount"]);
        let scratch = table.lines().find(|line| line.contains(" /scratch ")).unwrap_or_default();
        assert!(scratch.contains("size=1024k"), "{table}");
        scene.host.exec(&scene.name("web"), &["test", "-f", "/named/file"]);
    });
}

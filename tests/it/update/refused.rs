//! Updates that end before the old container is touched.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::{Engine, Host, HostOptions};
use crate::support::image::ImageSpec;
use crate::support::lab::{needs, script};
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::registry::Registry;
use crate::support::scene::{Scene, on_each_engine};

/// Updates the scene's only container, which must end with these words and leave everything as it was.
#[track_caller]
fn check_aborted(scene: &Scene, rules: &[Rule], words: &str) -> Value {
    let before = scene.seen("web");
    let proxy = EngineProxy::start(&scene.host, rules);
    let updated = scene.program_behind(&proxy).run(&["update", &scene.name("web"), "--json"]);
    let (result, reason) = updated.expect(1).result();
    assert_eq!(result, "aborted", "{reason}");
    assert!(reason.contains(words), "{reason}");
    assert_eq!(scene.seen("web"), before, "nobody touched it");
    scene.all_run(&["web"]);
    let stops = proxy.log().into_iter().filter(|call| call.line.contains("/stop"));
    assert_eq!(stops.count(), 0);
    scene.host.inspect(&scene.name("web"))
}

#[test]
fn a_bind_source_that_is_gone_stops_the_update_before_it_begins() {
    needs!(lab);
    on_each_engine(|engine| {
        let folder = TempDir::new().unwrap();
        let source = folder.path().join("disk");
        let path = source.display().to_string();
        let mut binds = vec![
            json!({"Binds": [format!("{path}:/data")]}),
            json!({"Mounts": [{"Type": "bind", "Source": path, "Target": "/data"}]}),
        ];
        if engine != Engine::Old {
            let mut made = binds[1].clone();
            made["Mounts"][0]["BindOptions"] = json!({"CreateMountpoint": true});
            binds.push(made);
        }
        for host_config in binds {
            fs::create_dir(&source).unwrap();
            let scene = Scene::on(engine);
            scene.start_outdated("web", &json!({"HostConfig": host_config}));
            fs::remove_dir(&source).unwrap();
            check_aborted(&scene, &[], "bind source path does not exist");
            assert!(!source.exists(), "an empty folder in its place would be taken for the data");
            // With the disk back, nothing stands against it.
            fs::create_dir(&source).unwrap();
            scene.program().run(&["update", &scene.name("web")]).expect(0);
            assert_eq!(scene.version("web"), "2");
            fs::remove_dir(&source).unwrap();
        }
    });
}

/// A neighbour is started anew as well, and would find an empty folder.
#[test]
fn a_bind_source_of_a_neighbour_that_is_gone_stops_the_update() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        scene.start_outdated("web", &json!({}));
        let web = scene.name("web");
        for (short, more) in [
            ("sharer", json!({"HostConfig": {"NetworkMode": format!("container:{web}")}})),
            ("dependent", json!({"Labels": {"docker-auto.depends-on": format!("{web}:restart")}})),
        ] {
            let folder = TempDir::new().unwrap();
            let source = folder.path().join("disk");
            fs::create_dir(&source).unwrap();
            let mut more = more;
            more["HostConfig"]["Binds"] = json!([format!("{}:/data", source.display())]);
            scene.start_like("web", short, &more);
            fs::remove_dir(&source).unwrap();
            let before = ["web", short].map(|short| scene.seen(short));
            let (result, reason) =
                scene.program().run(&["update", &web, "--json"]).expect(1).result();
            assert_eq!(result, "aborted", "{reason}");
            assert!(reason.contains("bind source path does not exist"), "{reason}");
            assert_eq!(["web", short].map(|short| scene.seen(short)), before);
            assert!(!source.exists());
            scene.host.delete(&format!("/containers/{}?force=1", scene.name(short)));
        }
        scene.program().run(&["update", &web]).expect(0);
    });
}

#[test]
fn a_create_that_is_refused_stops_nothing() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        scene.start_outdated("web", &json!({}));
        let words = "no such device: bad endpoint";
        let refusal = Rule::before("POST .*/containers/create").fail(400, words);
        check_aborted(&scene, &[refusal], words);
        // Nothing that it could run: the engine's own refusal.
        let nothing = scene.image("web", "3").config(&json!({"Entrypoint": null, "Cmd": null}));
        scene.registry.push(&nothing);
        check_aborted(&scene, &[], "ommand specified");
    });
}

#[test]
fn a_network_that_cannot_be_joined_stops_nothing() {
    needs!(lab);
    let scene = Scene::on(Engine::Old);
    let networks = ["back", "front"].map(|short| scene.name(short));
    for network in &networks {
        scene.host.post("/networks/create", &json!({"Name": network, "Internal": true}));
    }
    let [back, front] = &networks;
    scene.start_outdated("web", &json!({"HostConfig": {"NetworkMode": front}}));
    let connect = json!({"Container": scene.name("web")});
    scene.host.post(&format!("/networks/{back}/connect"), &connect);
    let rule = Rule::before("POST .*/networks/.*/connect").fail(400, "no free addresses");
    let inspect = check_aborted(&scene, &[rule], "no free addresses");
    assert_eq!(
        inspect["NetworkSettings"]["Networks"].as_object().map(serde_json::Map::len),
        Some(2)
    );
}

#[test]
fn what_the_new_container_needs_is_looked_for_before_anything_happens() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let network = scene.name("net");
        scene.host.post("/networks/create", &json!({"Name": network, "Internal": true}));
        scene.start_outdated("web", &json!({"HostConfig": {"NetworkMode": network}}));
        // Somebody took it off its network and removed that: only a start would notice.
        let name = scene.name("web");
        let disconnect = json!({"Container": name, "Force": true});
        scene.host.post(&format!("/networks/{network}/disconnect"), &disconnect);
        scene.host.delete(&format!("/networks/{network}"));
        let before = scene.seen("web");
        let updated = scene.program().run(&["update", &name, "--json"]).expect(1);
        let (result, reason) = updated.result();
        assert!(reason.contains(&format!("its network {network} is gone")), "{result}: {reason}");
        assert_eq!(scene.seen("web"), before, "nobody touched it");
        scene.all_run(&["web"]);
    });
}

#[test]
fn a_registry_that_cuts_a_layer_off_changes_nothing() {
    needs!(lab);
    on_each_engine(|engine| {
        let arguments = match engine {
            Engine::Containerd => Vec::new(),
            _ => vec!["--max-download-attempts=1".to_owned()],
        };
        let options = HostOptions { arguments, ..HostOptions::default() };
        let scene = Scene::with(Host::private(engine, &options), Registry::faulty(&json!({})));
        scene.start("web", &json!({}));
        scene.registry.push(&scene.image("web", "2").blob(400_000, &scene.prefix));
        scene.registry.faults(&json!({"only": "GET .*/blobs/", "drop_after": 100_000}));
        let reference = scene.reference("web");
        check_aborted(&scene, &[], &format!("pulling {reference}"));
        scene.registry.faults(&json!({}));
        scene.program().run(&["update", &scene.name("web")]).expect(0);
        assert_eq!(scene.version("web"), "2", "the next try brings it");
    });
}

#[test]
fn a_tag_that_moves_while_it_is_pulled_is_not_believed() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        scene.start_outdated("web", &json!({}));
        let move_on = push_command(&scene, &scene.image("web", "3"), "3");
        let rule = Rule::before("POST .*/images/create").nth(1).run(&move_on);
        check_aborted(&scene, &[rule], "the tag moved again");
        scene.program().run(&["update", &scene.name("web")]).expect(0);
        assert_eq!(scene.version("web"), "3", "once it was looked at");
    });
}

#[test]
fn a_name_that_is_moved_between_pull_and_create_is_not_believed() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        scene.start("web", &json!({}));
        scene.start("other", &json!({}));
        scene.host.request("DELETE", &format!("/containers/{}?force=1", scene.name("other")), None);
        scene.push("web", "2");
        let [foreign, own] = ["other", "web"].map(|short| scene.reference(short));
        let repository = own.trim_end_matches(":1");
        let path = format!("/images/{foreign}/tag?repo={repository}&tag=1");
        let socket = scene.host.socket.display().to_string();
        let url = format!("http://engine/v{}{path}", engine.api());
        let tag = ["/usr/bin/curl", "-sf", "-X", "POST", "--unix-socket", &socket, &url];
        let rule = Rule::before("POST .*/containers/create").nth(1).run(&tag.map(str::to_owned));
        check_aborted(&scene, &[rule], "the tag was moved");
        scene.program().run(&["update", &scene.name("web")]).expect(0);
        assert_eq!(scene.version("web"), "2");
    });
}

#[test]
fn names_of_operations_are_never_updated() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let reserved = ["web.da-old-0a1b2c", "web.da-kept-0a1b2c", "x.da-old-1.da-bad-ffffff"];
        scene.push("web", "1");
        scene.host.pull(&scene.reference("web"));
        let label = json!({"Labels": {"docker-auto.mode": "auto"}});
        for short in &reserved {
            drop(scene.start_like("web", short, &label));
        }
        scene.push("web", "2");
        for short in reserved {
            let before = scene.seen(short);
            let checked = scene.program().run(&["check", &scene.name(short), "--json"]).expect(0);
            let view = &checked.json()[0];
            assert_eq!(view["status"], "Skipped");
            assert_eq!(view["reason"]["code"], "name_reserved");
            let updated = scene.program().run(&["update", &scene.name(short), "--json"]);
            assert_eq!(updated.expect(1).result().0, "skipped");
            scene.program().run(&["update", "--all"]).expect(0);
            assert_eq!(scene.seen(short), before);
        }
    });
}

#[test]
fn a_full_disk_of_the_engine_stops_at_the_pull() {
    needs!(lab);
    for engine in Engine::ALL {
        let options = HostOptions { data_size: Some("24m".to_owned()), ..HostOptions::default() };
        let scene = Scene::with(Host::private(engine, &options), Registry::shared());
        scene.start("web", &json!({}));
        scene.registry.push(&scene.image("web", "2").blob(30 << 20, &scene.prefix));
        check_aborted(&scene, &[], "no space left on device");
    }
}

/// Returns a command that moves the image's tag in the shared registry.
fn push_command(scene: &Scene, image: &ImageSpec, version: &str) -> Vec<String> {
    let reference = image.reference(&scene.registry);
    let (registry, rest) = reference.split_once('/').unwrap();
    let (repository, tag) = rest.split_once(':').unwrap();
    let seed = script("seed.py").display().to_string();
    [&seed, "push", registry, repository, tag, "--version", version, "--kind", "plain"]
        .map(str::to_owned)
        .to_vec()
}

//! Containers that the engine removes when they end.

use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::image::Kind;
use crate::support::lab::needs;
use crate::support::scene::{PATIENCE, Scene, Server, on_each_engine};
use crate::support::wait::wait_until;

use super::{mounts, update};

/// Starts a container of `docker run --rm -v /data` with a file; returns its inspect.
fn start(scene: &Scene) -> Value {
    let host_config = json!({"AutoRemove": true, "Binds": ["/data"]});
    scene.start("web", &json!({"HostConfig": host_config}));
    let name = scene.name("web");
    scene.host.exec(&name, &["touch", "/data/file"]);
    scene.host.inspect(&name)
}

/// It runs, with its volume and its data, and still goes when it ends.
#[track_caller]
fn check_kept(scene: &Scene, before: &Value, version: &str) {
    let name = scene.name("web");
    let after = scene.host.inspect(&name);
    scene.all_run(&["web"]);
    assert_eq!(scene.version("web"), version);
    assert_eq!(after["HostConfig"]["AutoRemove"], true);
    assert_eq!(mounts(&after)[0]["Source"], mounts(before)[0]["Source"]);
    scene.host.exec(&name, &["test", "-f", "/data/file"]);
}

#[test]
fn a_container_that_goes_when_it_ends_is_updated() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let before = start(&scene);
        scene.push("web", "2");
        update(&scene, &scene.program(), "web");
        check_kept(&scene, &before, "2");
    });
}

#[test]
fn a_container_that_is_gone_is_made_anew_when_the_new_one_fails() {
    needs!(lab);
    on_each_engine(|engine: Engine| {
        let scene = Scene::on(engine);
        let before = start(&scene);
        scene.push_kind("web", "2", Kind::ExitsOne);
        let program = scene.program();
        let updated = program.run(&["update", &scene.name("web"), "--json"]).expect(3);
        assert_eq!(updated.result().0, "recovered_from_spec", "{}", updated.stdout);
        check_kept(&scene, &before, "1");
        assert_eq!(scene.host.inspect(&scene.name("web"))["Image"], before["Image"]);
    });
}

/// The engine would have removed the volume with it, had the update not named it.
#[test]
fn a_volume_that_nobody_named_goes_with_a_container_that_goes_when_it_ends() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        start(&scene);
        let host_config = json!({"NetworkMode": "none", "Binds": ["/data"]});
        scene.start_like("web", "kept", &json!({"HostConfig": host_config}));
        let program = scene.program();
        let volume = |short: &str| {
            let inspect = scene.host.inspect(&scene.name(short));
            let source = mounts(&inspect)[0]["Source"].as_str().unwrap().to_owned();
            source.trim_end_matches("/_data").rsplit('/').next().unwrap().to_owned()
        };
        let there = |volume: &str| {
            let (status, _) = scene.host.request("GET", &format!("/volumes/{volume}"), None);
            status == 200
        };
        let (gone, kept) = (volume("web"), volume("kept"));
        // Twice, for the second one finds a volume that has a name.
        for version in ["2", "3"] {
            scene.push("web", version);
            for short in ["web", "kept"] {
                update(&scene, &program, short);
            }
        }
        assert_eq!((volume("web"), volume("kept")), (gone.clone(), kept.clone()));
        scene.host.post(&format!("/containers/{}/stop?t=0", scene.name("web")), &json!({}));
        scene.host.delete(&format!("/containers/{}?force=1", scene.name("kept")));
        wait_until("it is removed", PATIENCE, || scene.containers().is_empty());
        assert!(there(&gone), "the engine takes it for one with a name");
        let server = Server::start(&program);
        wait_until("the volume is removed", PATIENCE, || !there(&gone));
        server.end();
        assert!(there(&kept), "who removes a container says whether its volumes go");
        scene.host.delete(&format!("/volumes/{kept}"));
    });
}

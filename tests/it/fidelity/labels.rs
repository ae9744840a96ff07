//! What Compose says in labels: those that an image brought stay, and hooks that are named are told.

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::scene::{Scene, on_each_engine};

use super::update;

/// What `docker compose build` writes into an image.
const COMPOSE: [(&str, &str); 3] = [
    ("com.docker.compose.project", "shop"),
    ("com.docker.compose.service", "web"),
    ("com.docker.compose.version", "2.40.3"),
];

#[test]
fn a_project_that_stands_in_the_image_stays_on_the_container() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let mut labels = json!({"own.of.image": "1"});
        for (label, value) in COMPOSE {
            labels[label] = value.into();
        }
        scene.registry.push(&scene.image("web", "1").config(&json!({"Labels": labels})));
        scene.start_pushed("web", &json!({}));
        // The next one was not built by Compose.
        scene.push("web", "2");
        let (before, after) = update(&scene, &scene.program(), "web");
        for (label, value) in COMPOSE {
            assert_eq!(before["Config"]["Labels"][label], value);
            assert_eq!(after["Config"]["Labels"][label], value, "{engine:?}");
        }
        assert!(after["Config"]["Labels"]["own.of.image"].is_null(), "{engine:?}");
    });
}

#[test]
fn hooks_that_compose_alone_runs_are_told() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("compose.yaml");
    let text = "services:\n  web:\n    post_start:\n      - command: x\n  db:\n    pre_stop: []\n";
    fs::write(&file, text).unwrap();
    let mut labels = json!({
        "scene": scene.prefix,
        "com.docker.compose.project.config_files": format!("/nowhere,{}", file.display()),
    });
    for (label, value) in COMPOSE {
        labels[label] = value.into();
    }
    scene.start_outdated("web", &json!({"Labels": labels}));
    let plan = scene.program().run(&["plan", &scene.name("web")]).expect(0).stdout;
    assert!(plan.contains("post_start") && !plan.contains("pre_stop"), "{plan}");
    update(&scene, &scene.program(), "web");
}

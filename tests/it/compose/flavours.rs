//! The forms in which Compose writes down what a container was made of, and what it finds there later.

use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::image::{ImageSpec, Index};
use crate::support::lab::needs;
use crate::support::scene::{Scene, on_each_engine};

use super::{COMPOSES, Project};

const LABEL: &str = "com.docker.compose.image";

fn label(scene: &Scene, short: &str) -> Value {
    scene.host.inspect(&scene.name(short))["Config"]["Labels"][LABEL].clone()
}

/// An index of two platforms with their attestations: what it is called, what the platform's manifest
/// is called, and what the image is called are three things.
#[test]
fn an_image_of_several_platforms_is_written_as_compose_writes_it() {
    needs!(lab);
    on_each_engine(|engine| {
        for compose in COMPOSES {
            let scene = Scene::on(engine);
            let index = |image: ImageSpec| image.index(Index::Attested);
            let project = Project::up_with(&scene, compose, index);
            let names = ["db-1", "web-1"];
            project.is_at_peace(&names, &["up", "-d"]);
            let before = names.map(|name| label(&scene, name));
            for image in ["db", "web"] {
                scene.registry.push(&index(scene.image(image, "2")));
            }
            let full = names.map(|name| scene.name(name));
            scene.program().run(&["update", &full[0], &full[1]]).expect(0);
            assert_eq!(names.map(|name| scene.version(name)), ["2", "2"]);
            let after = names.map(|name| label(&scene, name));
            assert!(before.iter().zip(&after).all(|(one, other)| one != other), "{after:?}");
            project.is_at_peace(&names, &["up", "-d"]);
            project.run(&["down", "-v"]);
        }
    });
}

/// A container that an older Compose has made, which wrote no such label, as far as a newer one goes
/// along with it.
#[test]
fn a_container_without_the_label_has_it_after_its_update() {
    needs!(lab);
    for engine in [Engine::Old, Engine::Containerd] {
        let scene = Scene::on(engine);
        let project = Project::up(&scene, COMPOSES[0]);
        let name = scene.name("db-1");
        let mut shown = scene.host.inspect(&name);
        scene.host.delete(&format!("/containers/{name}?force=1"));
        shown["Config"]["Labels"].as_object_mut().unwrap().remove(LABEL).unwrap();
        let networks = shown["NetworkSettings"]["Networks"].as_object().unwrap().iter();
        let endpoints: serde_json::Map<_, _> = networks
            .map(|(network, endpoint)| (network.clone(), json!({"Aliases": endpoint["Aliases"]})))
            .collect();
        let mut body = shown["Config"].take();
        body.as_object_mut().unwrap().remove("Hostname");
        body["HostConfig"] = shown["HostConfig"].take();
        body["NetworkingConfig"] = json!({"EndpointsConfig": endpoints});
        scene.host.create_and_start(&name, &body);

        scene.push("db", "2");
        scene.program().run(&["update", &name]).expect(0);
        assert_eq!(
            (scene.version("db-1"), label(&scene, "db-1")),
            ("2".to_owned(), json!(scene.seen("db-1").image))
        );
        project.is_at_peace(&["db-1", "web-1"], &["up", "-d"]);
        project.run(&["down", "-v"]);
    }
}

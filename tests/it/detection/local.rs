//! Images that no registry knows.

use serde_json::json;

use crate::support::engine::Engine;
use crate::support::image::{ImageSpec, Kind};
use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::scene::{Scene, Server, on_each_engine};

use super::{counted, left_alone, manifests, status, words};

const SKIP_LOCAL_BUILD: &str = "DOCKER_AUTO_POLICY_SKIP_LOCAL_BUILD";

/// Builds a version of a container's image on its host, as `docker load` brings it.
fn build(scene: &Scene, version: &str) -> String {
    let repository = format!("{}/{}/built", scene.registry.address, scene.prefix);
    let image = ImageSpec::web(&repository, "1").version(version).kind(Kind::Plain);
    scene.host.docker_load(&image);
    format!("{repository}:1")
}

/// Starts a container of an image that was built on its host; returns the image's reference as well.
fn start(engine: Engine) -> (Scene, String) {
    let scene = counted(engine);
    let image = build(&scene, "1");
    let body = scene.body("web", &json!({"Image": image}));
    scene.host.create_and_start(&scene.name("web"), &body);
    (scene, image)
}

/// Has a server check a container, of which it has nothing to say that a person would have to read.
fn look_quietly(scene: &Scene, program: &Program) {
    let server = Server::start(program);
    program.run(&["check", &scene.name("web")]);
    let log = server.end().stderr;
    let loud = |line: &&str| line.contains("ERROR") || line.contains("WARN");
    let ours = log.lines().filter(loud).filter(|line| line.contains(&scene.prefix));
    assert_eq!(ours.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn an_image_that_was_built_here_makes_no_noise() {
    needs!(lab);
    on_each_engine(|engine| {
        let (scene, _) = start(engine);
        let program = scene.program();
        // The containerd store does not tell whether an image was built here or pulled, so that the
        // registry is asked.
        let (seen, code) = match engine {
            Engine::Containerd => ("Error", "not_found"),
            _ => ("Skipped", "built_locally"),
        };
        assert_eq!(status(&scene, &program, "web"), words(seen, code));
        build(&scene, "2");
        assert_eq!(left_alone(&scene, &program, "web"), code);
        look_quietly(&scene, &program);
        if engine != Engine::Containerd {
            assert_eq!(manifests(&scene.registry), (0, 0), "{engine:?}");
        }
    });
}

#[test]
fn an_image_that_was_built_anew_is_followed_where_that_is_wanted() {
    needs!(lab);
    on_each_engine(|engine| {
        let (scene, image) = start(engine);
        let program = scene.program().env(SKIP_LOCAL_BUILD, "false");
        if engine != Engine::Containerd {
            assert_eq!(status(&scene, &program, "web"), words("UpToDate", "up_to_date_locally"));
        }
        build(&scene, "2");
        let name = scene.name("web");
        let updated = program.run(&["update", &name, "--json"]).expect(0);
        assert_eq!(updated.result().0, "updated", "{}", updated.stdout);
        assert_eq!(scene.version("web"), "2");
        assert_eq!(scene.seen("web").image, scene.host.image_id(&image));
        scene.all_run(&["web"]);
    });
}

//! Images that are watched although no container runs them.

use serde_json::Value;

use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::scene::{PATIENCE, Scene, Server, on_each_engine};
use crate::support::wait::wait_until;

/// Returns how the only watched image stands, and whether its tag has moved.
#[track_caller]
fn look(program: &Program, code: i32) -> (String, bool, Value) {
    let views = program.run(&["images", "--json"]).expect(code).json();
    let view = views[0].clone();
    assert_eq!(views.as_array().map(Vec::len), Some(1), "{views}");
    (view["status"].as_str().unwrap().to_owned(), !view["previousDigest"].is_null(), view)
}

#[test]
fn watched_images_are_compared_with_what_is_here() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let reference = scene.reference("seen");
        let program = scene.program().env("DOCKER_AUTO_WATCH_IMAGES", &reference);
        let check = |code, status: &str, moved| {
            let (found, has_moved, view) = look(&program, code);
            assert_eq!((found.as_str(), has_moved), (status, moved), "{view}");
            view
        };
        let missing = check(1, "Error", false);
        assert_eq!(missing["error"]["code"], "not_found", "as a container's reason says it");
        scene.push("seen", "1");
        check(0, "NotPulled", false);
        scene.host.pull(&reference);
        check(0, "UpToDate", false);
        let digest = scene.push("seen", "2");
        let view = check(0, "UpdateAvailable", true);
        assert_eq!(view["remoteDigest"], digest.as_str());
        scene.host.pull(&reference);
        assert_eq!(check(0, "UpToDate", true)["since"], view["since"]);
    });
}

#[test]
fn a_server_tells_that_a_watched_image_has_moved() {
    needs!(lab);
    let scene = Scene::on(crate::support::engine::Engine::New);
    scene.push("seen", "1");
    let program = scene.program().env("DOCKER_AUTO_WATCH_IMAGES", &scene.reference("seen"));
    look(&program, 0);
    scene.push("seen", "2");
    let server = Server::start(&program);
    let told = || server.running.stderr().matches("names another image now").count();
    wait_until("it is told", PATIENCE, || told() == 1);
    assert_eq!(look(&program, 0).0, "NotPulled", "by the server");
    assert_eq!(told(), 1, "once");
    server.end();
}

//! Other digests for what runs already.

use serde_json::json;

use crate::support::engine::Engine;
use crate::support::image::{ImageSpec, Index};
use crate::support::lab::{needs, the_lab};
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::scene::{Scene, on_each_engine};

use crate::serve::changes;

use super::{counted, left_alone, manifests, status, view, words};

#[test]
fn many_names_of_one_image_do_not_confuse() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = counted(engine);
        // Equal to the last byte, in a repository that sorts before the container's own.
        let source = json!({"Labels": {"org.opencontainers.image.source": scene.prefix}});
        let foreign = ImageSpec::web(&format!("a-{}/web", scene.prefix), "1").version("1");
        scene.registry.push(&foreign.clone().config(&source));
        scene.host.pull(&foreign.reference(&scene.registry));
        let own =
            ImageSpec::web(&format!("{}/web", scene.prefix), "1").version("1").config(&source);
        let digest = scene.registry.push(&own);
        scene.start_pushed("web", &json!({}));
        let id = scene.host.image_id(&scene.reference("web"));
        for repository in ["a", "z"] {
            let repository = format!("{}%2F{}-{repository}", scene.registry.address, scene.prefix);
            scene.host.post(&format!("/images/{id}/tag?repo={repository}&tag=2"), &json!({}));
        }
        scene.registry.forget();
        let shown = view(&scene, &scene.program(), "web");
        assert_eq!(shown["status"], "UpToDate", "{shown}");
        assert_eq!(shown["reason"]["code"], "up_to_date");
        assert_eq!(shown["currentDigest"], digest);
        assert_eq!(manifests(&scene.registry), (1, 0));
    });
}

/// A container of an index in which something else changes each time.
#[track_caller]
fn check_same_content(scene: &Scene, change: impl Fn(ImageSpec, &str) -> ImageSpec) {
    let push = |number| {
        scene.registry.push(&change(scene.image("web", "1").index(Index::Attested), number))
    };
    let first = push("1");
    scene.start_pushed("web", &json!({}));
    let second = push("2");
    assert_ne!(first, second);
    let program = scene.program();
    assert_eq!(status(scene, &program, "web"), words("UpToDate", "same_content"));
    scene.registry.forget();
    let shown = view(scene, &program, "web");
    assert_eq!(shown["reason"]["code"], "up_to_date", "{shown}");
    assert_eq!(shown["remoteDigest"], second);
    assert_eq!(manifests(&scene.registry), (1, 0), "it was remembered");
    push("3");
    assert_eq!(left_alone(scene, &program, "web"), "same_content");
    // What is remembered does not hide what is really new.
    scene.registry.push(&change(scene.image("web", "2").index(Index::Attested), "3"));
    assert_eq!(status(scene, &program, "web").0, "UpdateAvailable");
}

#[test]
fn another_platforms_rebuild_is_no_update() {
    needs!(lab);
    on_each_engine(|engine| check_same_content(&counted(engine), ImageSpec::other_version));
}

#[test]
fn another_attestation_is_no_update() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = counted(engine);
        // An older image of the repository hangs about without a name, and ours has a name of this host.
        scene.push("web", "0");
        scene.host.pull(&scene.reference("web"));
        let same = |image: ImageSpec, number: &str| {
            image.other_version("1").attestation(&format!("{} {number}", scene.prefix))
        };
        check_same_content(&scene, same);
        let id = scene.seen("web").image;
        let tag = format!("/images/{id}/tag?repo=docker-auto.local/{}&tag=keep", scene.prefix);
        scene.host.post(&tag, &json!({}));
        scene.registry.push(&same(scene.image("web", "1").index(Index::Attested), "4"));
        assert_eq!(status(&scene, &scene.program(), "web"), words("UpToDate", "same_content"));
        scene.host.delete(&format!("/images/docker-auto.local/{}:keep", scene.prefix));
    });
}

#[test]
fn the_same_image_in_another_wrapping_is_no_update() {
    needs!(lab);
    // The containerd store names an image by its wrapping, so that there it is another one.
    for engine in [Engine::Old, Engine::New] {
        let scene = counted(engine);
        scene.start("web", &json!({}));
        scene.registry.push(&scene.image("web", "1").docker_media_types());
        let program = scene.program();
        assert_eq!(left_alone(&scene, &program, "web"), "same_content");
        let before = scene.seen("web");
        // Somebody pulls it: the engine has a new digest of the same image.
        scene.host.pull(&scene.reference("web"));
        assert_eq!(left_alone(&scene, &program, "web"), "up_to_date");
        assert_eq!(scene.seen("web"), before);
    }
}

#[test]
fn a_pull_after_which_the_name_is_on_the_same_image_changes_nothing() {
    needs!(lab);
    let scene = Scene::on(Engine::Old);
    scene.start_outdated("web", &json!({}));
    let before = scene.seen("web");
    // As soon as the image is there, its name is back on the one that runs.
    let (client, host) = (the_lab().client.display().to_string(), scene.host.docker_host());
    let (image, reference) = (before.image.as_str(), scene.reference("web"));
    let back = ["-H", &*host, "tag", image, &*reference].map(ToOwned::to_owned);
    let back = [vec![client], back.to_vec()].concat();
    let rule = Rule::after("POST .*/images/create").nth(1).run(&back);
    let proxy = EngineProxy::start(&scene.host, &[rule]);
    let program = scene.program_behind(&proxy);
    let output = program.run(&["update", &scene.name("web"), "--json"]).expect(0);
    assert_eq!(output.result().0, "no_change", "{}", output.stdout);
    assert!(!output.stderr.contains("is done"), "nothing to tell: {}", output.stderr);
    assert_eq!(scene.seen("web"), before, "not even its start is another one");
    let touched: Vec<_> = changes(&proxy);
    assert!(touched.iter().all(|call| !call.contains("/containers/")), "{touched:?}");
    let records = program.run(&["history", &scene.name("web"), "--json"]).expect(0).json();
    assert_eq!(
        (&records[0]["outcome"], &records[0]["status"]),
        (&json!("no_change"), &json!("success"))
    );
    scene.all_run(&["web"]);
}

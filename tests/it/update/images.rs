//! The images that updates leave behind: the newest ones are the way back, the others go when nothing
//! needs them.

use serde_json::{Value, json};

use crate::support::engine::{Engine, Host, HostOptions};
use crate::support::image::Kind;
use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::proxy::EngineProxy;
use crate::support::registry::Registry;
use crate::support::scene::{Scene, on_each_engine};

/// Returns a scene whose images no other scene has.
fn scene(engine: Engine) -> Scene {
    Scene::with(Host::shared(engine), Registry::faulty(&json!({})))
}

/// Moves the tag of `web` to a version.
#[track_caller]
fn push(scene: &Scene, version: &str) {
    let own = json!({"Labels": {"scene": scene.prefix}});
    scene.registry.push(&scene.image("web", version).config(&own));
}

/// Starts `web` on version 1; returns its image.
#[track_caller]
fn start(scene: &Scene) -> String {
    push(scene, "1");
    scene.start_pushed("web", &json!({}));
    scene.seen("web").image
}

/// Updates `web` to a version; returns the record.
#[track_caller]
fn update(scene: &Scene, program: &Program, version: &str) -> Value {
    push(scene, version);
    let updated = program.run(&["update", &scene.name("web"), "--json"]).expect(0);
    assert_eq!(updated.result().0, "updated", "{}", updated.stdout);
    assert_eq!(scene.version("web"), version);
    updated.json()[0]["record"].clone()
}

fn is_there(scene: &Scene, image: &str) -> bool {
    scene.host.request("GET", &format!("/images/{image}/json"), None).0 == 200
}

/// Returns a scene that may prune: with the containerd store that ends the pulls of everybody, whatever
/// it is to prune (moby#53321).
fn scene_to_prune(engine: Engine) -> Scene {
    match engine {
        Engine::Containerd => {
            let host = Host::private(engine, &HostOptions::default());
            Scene::with(host, Registry::faulty(&json!({})))
        }
        Engine::Old | Engine::New => scene(engine),
    }
}

/// Removes the scene's images that have no name, as `docker image prune` does.
fn prune(scene: &Scene) {
    let filters = format!(r#"{{"label":["scene={}"]}}"#, scene.prefix).replace('"', "%22");
    scene.host.post(&format!("/images/prune?filters={filters}"), &json!({}));
}

fn keep_tags(scene: &Scene, image: &str) -> Vec<String> {
    let inspect = scene.host.get(&format!("/images/{image}/json"));
    let tags = inspect["RepoTags"].as_array().into_iter().flatten();
    let tags = tags.filter_map(Value::as_str).filter(|tag| tag.starts_with("docker-auto.local/"));
    tags.map(ToOwned::to_owned).collect()
}

#[test]
fn the_previous_image_stays_for_a_rollback_and_the_one_before_goes() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = scene_to_prune(engine);
        let (program, name) = (scene.program(), scene.name("web"));
        let first = start(&scene);
        let record = update(&scene, &program, "2");
        assert_eq!(record["removed_images"], Value::Null, "{record}");
        prune(&scene);
        assert_eq!(keep_tags(&scene, &first).len(), 1, "a prune does not take the way back");
        let second = scene.seen("web").image;
        push(&scene, "3");
        let plan = program.run(&["plan", &name]).expect(0).stdout;
        let digits = &first["sha256:".len()..][..12];
        assert!(plan.contains(&format!("remove the image {digits}, unless")), "{plan}");
        let record = update(&scene, &program, "3");
        let removed = &record["removed_images"];
        assert_eq!(removed[0]["image"], first, "{record}");
        assert!(removed[0]["size_bytes"].as_u64() > Some(0), "{record}");
        assert!(!is_there(&scene, &first), "on {engine:?}");
        assert_eq!(record["warnings"], Value::Null, "{record}");
        let shown = program.run(&["history", &name]).expect(0).stdout;
        assert!(shown.contains("removed 1 image, "), "{shown}");
        // The engine's disk is ours as well.
        let free = &removed[0]["free"];
        assert!(free["before_bytes"].as_u64() > Some(0), "{record}");
        assert!(shown.contains(" free before, "), "{shown}");
        prune(&scene);
        // Nobody has to be asked for what is there.
        scene.registry.forget();
        let back = program.run(&["rollback", &name, "--json"]).expect(0);
        assert_eq!(back.result().0, "rolled_back_by_hand");
        assert_eq!(scene.registry.log(), [Value::Null; 0], "on {engine:?}");
        assert_eq!((scene.version("web"), scene.seen("web").image), ("2".to_owned(), second));
        let view = program.run(&["check", &name, "--json"]).json();
        assert_ne!(view[0]["status"], "Error", "{view}");
        scene.all_run(&["web"]);
    });
}

#[test]
fn none_is_kept_if_so_wished_and_there_is_no_way_back() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = scene(engine);
        let program = scene.program().env("DOCKER_AUTO_UPDATE_KEEP_IMAGES", "0");
        let first = start(&scene);
        let record = update(&scene, &program, "2");
        assert_eq!(record["removed_images"][0]["image"], first, "{record}");
        assert!(!is_there(&scene, &first), "on {engine:?}");
        let back = program.run(&["rollback", &scene.name("web")]).expect(1);
        assert!(back.stderr.contains("is not on the host any more; pull it"), "{}", back.stderr);
        assert_eq!(scene.version("web"), "2");
        scene.all_run(&["web"]);
    });
}

#[test]
fn what_anybody_needs_stays() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = scene(engine);
        let proxy = EngineProxy::start(&scene.host, &[]);
        let program = scene.program_behind(&proxy);
        let first = start(&scene);
        let off = json!({"Labels": {"docker-auto.mode": "off"}});
        scene.host.post(
            &format!("/containers/create?name={}", scene.name("excluded")),
            &scene.body("web", &off),
        );
        update(&scene, &program, "2");
        let second = scene.seen("web").image;
        let tag = format!("/images/{second}/tag?repo={}&tag=theirs", scene.prefix);
        scene.host.post(&tag, &json!({}));
        for version in ["3", "4"] {
            let record = update(&scene, &program, version);
            assert_eq!(record["removed_images"], Value::Null, "{record}");
        }
        assert!(is_there(&scene, &first), "a container that never ran is made of it");
        assert!(is_there(&scene, &second), "it has a name of somebody's");
        // When nobody needs them any more they go after all.
        scene.host.delete(&format!("/containers/{}", scene.name("excluded")));
        scene.host.delete(&format!("/images/{}:theirs", scene.prefix));
        let record = update(&scene, &program, "5");
        let removed = record["removed_images"].as_array().map_or(0, Vec::len);
        assert_eq!(removed, 3, "{record}");
        assert!(!is_there(&scene, &first) && !is_there(&scene, &second), "on {engine:?}");
        let calls = proxy.log().into_iter().map(|call| call.line);
        let deletions: Vec<_> = calls.filter(|line| line.starts_with("DELETE ")).collect();
        let of_images = deletions.iter().filter(|line| line.contains("/images/")).count();
        assert!(of_images >= removed, "{deletions:?}");
        assert!(deletions.iter().all(|line| !line.contains("force")), "{deletions:?}");
    });
}

#[test]
fn an_image_that_failed_goes_and_the_tag_is_what_it_was() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = scene(engine);
        let (program, name) = (scene.program(), scene.name("web"));
        let first = start(&scene);
        let failed = |version: &str| {
            scene.push_kind("web", version, Kind::ExitsOne);
            let updated = program.run(&["update", &name, "--json"]).expect(3);
            assert_eq!(updated.result().0, "rolled_back", "{}", updated.stdout);
            let record = updated.json()[0]["record"].clone();
            let id = program.run(&["history", &name, "--json"]).expect(0).json();
            (record, id[0]["new_image_id"].as_str().unwrap().to_owned())
        };
        let means = || scene.host.image_id(&scene.reference("web"));
        let (record, second) = failed("2");
        assert_eq!(record["removed_images"][0]["image"], second, "{record}");
        assert!(record["removed_images"][0]["free"]["after_bytes"].as_u64() > Some(0), "{record}");
        assert!(!is_there(&scene, &second), "on {engine:?}");
        assert_eq!(means(), first, "the tag is the old one's again");
        let shown = program.run(&["history", &name]).expect(0).stdout;
        assert!(shown.contains("removed 1 image, "), "{shown}");
        // It is not tried again, and nothing is wrong with what runs.
        let view = program.run(&["check", &name, "--json"]).json();
        assert_eq!(view[0]["status"], "UpdateAvailable", "{view}");
        // One that another container follows as well stays for it, until another one goes well.
        let off = json!({"Labels": {"docker-auto.mode": "off"}});
        let create = format!("/containers/create?name={}", scene.name("other"));
        scene.host.post(&create, &scene.body("web", &off));
        let (record, third) = failed("3");
        assert_eq!(record["removed_images"], Value::Null, "{record}");
        assert!(is_there(&scene, &third), "on {engine:?}");
        scene.host.delete(&format!("/containers/{}", scene.name("other")));
        let record = update(&scene, &program, "4");
        assert_eq!(record["removed_images"][0]["image"], third, "{record}");
        assert!(!is_there(&scene, &third), "on {engine:?}");
        scene.all_run(&["web"]);
    });
}

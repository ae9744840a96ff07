//! Containers that follow versions: another tag, its way back, and what lies beyond.

use serde_json::{Value, json};

use crate::support::engine::{Engine, Host};
use crate::support::image::{ImageSpec, Kind};
use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::registry::Registry;
use crate::support::scene::{Scene, on_each_engine};

fn image(scene: &Scene, version: &str) -> ImageSpec {
    ImageSpec::web(&format!("{}/app", scene.prefix), version).version(version).kind(Kind::Plain)
}

/// Returns a scene with `web` on `app:1.0.0`, whose registry gives three tags at a time.
fn start(engine: Engine) -> Scene {
    let scene = Scene::with(Host::shared(engine), Registry::faulty(&json!({"page": 3})));
    let first = image(&scene, "1.0.0");
    scene.registry.push(&first);
    let reference = first.reference(&scene.registry);
    scene.host.pull(&reference);
    let labels = json!({"docker-auto.track": "minor", "scene": scene.prefix});
    let body = scene.body("web", &json!({"Image": reference, "Labels": labels}));
    scene.host.create_and_start(&scene.name("web"), &body);
    for version in ["0.9.0", "1.0.1", "1.0.1-rc1", "2.0.0", "2.1.0-beta"] {
        scene.registry.push(&image(&scene, version));
    }
    scene.registry.push(&image(&scene, "1.1.0").platform("s390x"));
    scene
}

fn check(scene: &Scene, program: &Program) -> Value {
    program.run(&["check", &scene.name("web"), "--json"]).json()[0].clone()
}

/// Says which tag `web` was made with.
fn tag(scene: &Scene) -> String {
    let inspect = scene.host.inspect(&scene.name("web"));
    let image = inspect["Config"]["Image"].as_str().unwrap_or_default();
    image.rsplit(':').next().unwrap_or_default().to_owned()
}

fn runs(scene: &Scene, version: &str) {
    assert_eq!((tag(scene).as_str(), scene.version("web").as_str()), (version, version));
    scene.all_run(&["web"]);
}

#[test]
fn a_version_moves_to_the_newest_for_its_platform_and_back() {
    needs!(lab);
    on_each_engine(|engine| {
        let (scene, name) = (start(engine), "web");
        let (program, name) = (scene.program(), scene.name(name));
        let view = check(&scene, &program);
        assert_eq!(
            (&view["candidate"]["tag"], &view["newestBeyond"]),
            (&json!("1.0.1"), &json!("2.0.0"))
        );
        assert_eq!(view["currentVersion"], "1.0.0");
        let message = view["reason"]["message"].as_str().unwrap_or_default();
        assert!(
            message.contains("app:1.0.0 → 1.0.1 (") && message.contains("; 2.0.0 exists"),
            "{message}"
        );
        assert_eq!(scene.registry.count("GET", "/tags/list"), 3, "three pages");

        let updated = program.run(&["update", &name, "--json"]).expect(0);
        let record = &updated.json()[0]["record"];
        let ends =
            |field: &str, tag: &str| record[field].as_str().is_some_and(|it| it.ends_with(tag));
        assert!(ends("old_image", "/app:1.0.0") && ends("new_image", "/app:1.0.1"), "{record}");
        runs(&scene, "1.0.1");
        let view = check(&scene, &program);
        assert_eq!((&view["status"], &view["newestBeyond"]), (&json!("UpToDate"), &json!("2.0.0")));

        let back = program.run(&["rollback", &name, "--json"]).expect(0);
        assert_eq!(back.result().0, "rolled_back_by_hand", "{}", back.stdout);
        runs(&scene, "1.0.0");
        assert_eq!(check(&scene, &program)["reason"]["code"], "rejected_before");
    });
}

#[test]
fn labels_say_which_tags_count() {
    needs!(lab);
    let scene = start(Engine::New);
    for version in ["1.1.1", "1.2.0-rc.1", "1.3.0-hotfix"] {
        scene.registry.push(&image(&scene, version));
    }
    let reference = image(&scene, "1.0.0").reference(&scene.registry);
    for (short, label, expected) in [
        ("plain", None, "1.1.1"),
        ("include", Some(("include", r"^1\.0\.")), "1.0.1"),
        ("exclude", Some(("exclude", r"^1\.1\.")), "1.0.1"),
        ("prerelease", Some(("prerelease", "true")), "1.2.0-rc.1"),
        ("transform", Some(("transform", r"^([0-9.]+)-hotfix$ => $1")), "1.3.0-hotfix"),
    ] {
        let mut labels = json!({"docker-auto.track": "minor", "scene": scene.prefix});
        if let Some((name, value)) = label {
            labels[format!("docker-auto.tag.{name}")] = value.into();
        }
        let body = scene.body(short, &json!({"Image": reference, "Labels": labels}));
        scene.host.create_and_start(&scene.name(short), &body);
        let view = scene.program().run(&["check", &scene.name(short), "--json"]).expect(0).json();
        assert_eq!(view[0]["candidate"]["tag"], expected, "{short}: {view}");
    }
}

#[test]
fn a_list_that_cannot_be_had_is_no_sign_of_being_up_to_date() {
    needs!(lab);
    let scene = start(Engine::ALL[0]);
    scene.registry.faults(&json!({"only": "GET .*/tags/list", "fail": vec![403; 9]}));
    let view = check(&scene, &scene.program());
    assert_eq!((&view["status"], &view["reason"]["code"]), (&json!("Error"), &json!("forbidden")));
}

#[test]
fn a_broken_version_is_taken_back_to_the_tag_before() {
    needs!(lab);
    let scene = start(Engine::ALL[0]);
    scene.registry.push(&image(&scene, "1.2.0").kind(Kind::ExitsOne));
    let before = scene.seen("web");
    let program = scene.program();
    program.run(&["update", &scene.name("web"), "--json"]).expect(3);
    assert_eq!(scene.seen("web").id, before.id);
    runs(&scene, "1.0.0");
    // None is tried in its place: who knows whether it was to blame.
    assert_eq!(check(&scene, &program)["reason"]["code"], "rejected_before");
}

//! Containers that are gone, or would be when they stop, and those that hold on to them.

use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::scene::Scene;

use super::{idle, sharing};

/// Its ID means nothing any more; it was seen under a name that is there again.
#[test]
fn a_parent_that_somebody_made_again_is_joined_under_its_name() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let parent = scene.start("vpn", &json!({}));
    scene.start_outdated("app", &sharing("NetworkMode", &parent, &json!({})));
    let (program, app) = (scene.program(), scene.name("app"));
    program.run(&["plan", &app]).expect(0); // it is seen with its parent
    let vpn = scene.name("vpn");
    scene.host.delete(&format!("/containers/{vpn}?force=1"));
    let refused = program.run(&["update", &app]).expect(1);
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(said.contains("which is gone; make that container again"), "{said}");
    let again = scene.start_pushed("vpn", &json!({}));
    let told = program.run(&["plan", &app]).expect(0).stdout;
    assert!(told.contains(&format!("it joins {vpn}, which has that one's name now")), "{told}");
    program.run(&["update", &app]).expect(0);
    let mode = scene.host.inspect(&app)["HostConfig"]["NetworkMode"].clone();
    assert_eq!((mode, scene.version("app")), (json!(format!("container:{again}")), "2".into()));
    scene.all_run(&["app", "vpn"]);
}

/// No object of one that is removed when it stops would be left for the way back.
#[test]
fn who_would_vanish_holds_an_update_back_and_is_not_restarted() {
    needs!(lab);
    let vanishing = |body: &Value| {
        let mut body = body.clone();
        body["HostConfig"]["AutoRemove"] = true.into();
        body
    };
    for (parent_vanishes, named) in [(false, "app"), (true, "vpn")] {
        let scene = Scene::on(Engine::New);
        let plain = json!({"HostConfig": {"NetworkMode": "none"}});
        let parent = if parent_vanishes { vanishing(&plain) } else { plain };
        let id = scene.start_outdated("vpn", &parent);
        let app = sharing("NetworkMode", &id, &json!({}));
        scene.start("app", &if parent_vanishes { app } else { vanishing(&app) });
        let before = ["vpn", "app"].map(|name| scene.seen(name));
        let refused = scene.program().run(&["update", &scene.name("vpn")]).expect(1);
        let said = format!("{}{}", refused.stdout, refused.stderr);
        let cure = format!("make {} without --rm", scene.name(named));
        assert!(said.contains(&cure) && said.contains("no object would be left"), "{said}");
        assert_eq!(["vpn", "app"].map(|name| scene.seen(name)), before);
        scene.all_run(&["app", "vpn"]);
    }
    let scene = Scene::on(Engine::New);
    scene.start_outdated("db", &json!({}));
    let needs =
        json!({"Labels": {"docker-auto.depends-on": format!("{}:restart", scene.name("db"))}});
    scene.start_like("db", "web", &vanishing(&idle(&needs)));
    let before = scene.seen("web");
    let told = scene.program().run(&["plan", &scene.name("db")]).expect(0).stdout;
    assert!(
        told.contains("is not restarted with it: it is removed when it stops (--rm)"),
        "{told}"
    );
    scene.program().run(&["update", &scene.name("db")]).expect(0);
    assert_eq!((scene.seen("web"), scene.version("db")), (before, "2".to_owned()));
    scene.all_run(&["db", "web"]);
}

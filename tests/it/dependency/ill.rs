//! Containers that are broken already, and the updates of those that they hold on to.

use serde_json::json;

use crate::support::image::Kind;
use crate::support::lab::needs;
use crate::support::scene::{PATIENCE, Scene, on_each_engine};
use crate::support::wait::wait_until;

/// `app` lives in the parent's namespace, `ui` is restarted with it; both end every two seconds.
#[test]
fn who_was_broken_before_condemns_no_image() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let parent = scene.start("vpn", &json!({}));
        scene.push_kind("app", "1", Kind::Crashes);
        let looping = |mode: &str| {
            let needs = format!("{}:restart", scene.name("vpn"));
            json!({
                "Labels": {"docker-auto.depends-on": needs},
                "HostConfig": {"NetworkMode": mode, "RestartPolicy": {"Name": "always"}},
            })
        };
        scene.start_pushed("app", &looping(&format!("container:{parent}")));
        scene.start_like("app", "ui", &looping("none"));
        let restarts = |name: &str| {
            scene.host.inspect(&scene.name(name))["RestartCount"].as_u64().unwrap_or_default()
        };
        wait_until("both were restarted", PATIENCE, || {
            ["app", "ui"].iter().all(|name| restarts(name) > 0)
        });
        let vpn = scene.name("vpn");
        let program = scene.program();
        let result = || program.run(&["update", &vpn, "--json"]).result();
        scene.push("vpn", "2");
        let plan = program.run(&["plan", &vpn]).expect(0).stdout;
        for name in ["app", "ui"] {
            let words = format!("{}: its policy restarts it again and again", scene.name(name));
            assert!(plan.contains(&words), "{plan}");
        }
        assert_eq!(result().0, "updated");
        let now = scene.host.inspect(&vpn)["Id"].as_str().unwrap().to_owned();
        let app = || scene.host.inspect(&scene.name("app"));
        assert_eq!(app()["HostConfig"]["NetworkMode"], json!(format!("container:{now}")));
        // The way back from an image that is not good ends well, too.
        scene.push_kind("vpn", "3", Kind::ExitsOne);
        wait_until("both were restarted again", PATIENCE, || {
            ["app", "ui"].iter().all(|name| restarts(name) > 0)
        });
        let (result_of_bad, reason) = result();
        assert_eq!(result_of_bad, "rolled_back", "{reason}");
        assert_eq!(
            (scene.version("vpn"), scene.host.inspect(&vpn)["Id"].clone()),
            ("2".into(), json!(now))
        );
        assert_eq!(app()["HostConfig"]["NetworkMode"], json!(format!("container:{now}")));
        let left: Vec<_> = scene.containers().into_iter().map(|(name, _)| name).collect();
        assert_eq!(left, ["app", "ui", "vpn"]);
    });
}

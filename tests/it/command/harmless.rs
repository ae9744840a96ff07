//! Commands that only tell: they change nothing, neither on the host nor in what is planned.

use serde_json::{Value, json};

use crate::serve::changes;
use crate::support::lab::needs;
use crate::support::proxy::EngineProxy;
use crate::support::scene::{Scene, on_each_engine};

/// Returns everything of a host that a command could have changed.
fn whole(scene: &Scene) -> (Vec<(String, String)>, Vec<Value>, Value) {
    let seen = ["web", "broken"].map(|short| scene.host.inspect(&scene.name(short)));
    let web = scene.host.get(&format!("/images/{}/json", scene.reference("web")));
    (scene.containers(), seen.to_vec(), web["Id"].clone())
}

#[test]
fn what_only_tells_touches_nothing() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        scene.start_outdated("web", &json!({"Labels": {"docker-auto.mode": "auto"}}));
        scene.start("broken", &json!({}));
        let proxy = EngineProxy::start(&scene.host, &[]);
        let (program, before, name) =
            (scene.program_behind(&proxy), whole(&scene), scene.name("web"));
        let plan = program.run(&["plan", &name]).expect(0);
        for words in [
            "new image: ",
            "pull",
            "create",
            "stop",
            "rename",
            "start",
            "remove",
            &scene.reference("web"),
        ] {
            assert!(plan.stdout.contains(words), "{words}: {}", plan.stdout);
        }
        let plan = program.run(&["plan", &name, "--json"]).expect(0).json();
        assert_eq!(plan["candidate"]["reference"], scene.reference("web").as_str(), "{plan}");
        let steps = plan["plan"]["steps"].as_array().unwrap();
        let verbs: Vec<_> = steps.iter().map(|step| step["action"]["step"].clone()).collect();
        assert!(
            verbs.contains(&json!("create")) && verbs.contains(&json!("await_healthy")),
            "{verbs:?}"
        );
        let told = program.run(&["update", &name, "--dry-run", "--json"]).expect(0);
        assert_eq!(told.result().0, "planned");
        let told = program.run(&["update", "--all", "--dry-run", "--json"]).expect(0);
        assert_eq!(told.json()[0]["result"], "planned");
        program.run(&["check", &name, "--force"]).expect(0);
        program.run(&["history"]).expect(0);
        program.run(&["rollback", &name]).expect(1);
        assert_eq!(changes(&proxy), [""; 0]);
        assert_eq!(whole(&scene), before);
        let fresh = program.run(&["plan", &scene.name("broken")]).expect(0);
        assert!(fresh.stdout.starts_with("nothing to do for "), "{}", fresh.stdout);
        let fresh = program.run(&["plan", &scene.name("broken"), "--json"]).expect(0).json();
        assert_eq!(fresh["plan"], Value::Null);
        assert_eq!(program.run(&["history", "--json"]).expect(0).json(), json!([]));
    });
}

#[test]
fn one_unknown_name_stops_the_others_before_they_begin() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        scene.start_outdated("web", &json!({}));
        let before = scene.seen("web");
        let (program, name) = (scene.program(), scene.name("web"));
        for command in ["check", "update"] {
            let output = program.run(&[command, &name, "nosuch", "--json"]).expect(1);
            assert!(output.stderr.contains("there is no container nosuch"), "{}", output.stderr);
            assert_eq!(output.stdout, "");
        }
        assert_eq!(scene.seen("web"), before);
        let id = scene.seen("web").id;
        for known in [&id, &id[..12], &format!("/{name}")] {
            let checked = program.run(&["check", known, "--json"]).expect(0).json();
            assert_eq!(checked[0]["name"], name.as_str(), "{known}");
        }
        // Shorter ones are too easily mistaken.
        program.run(&["check", &id[..8]]).expect(1);
        let updated = program.run(&["update", &id[..12], "--json"]).expect(0);
        assert_eq!(updated.json()[0]["name"], name.as_str());
        assert_eq!(scene.version("web"), "2");
        let nothing = program.run(&["history", "nosuch"]).expect(0).stdout;
        assert_eq!(nothing, "no operations of nosuch\n");
    });
}

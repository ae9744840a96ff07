//! Containers that need one another, on real engines: who is made anew with whom, who is restarted,
//! in which order, and how all of them come back together.

mod gone;
mod ill;
mod labels;
mod order;
mod reruns;
mod volumes;

use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::image::Kind;
use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::scene::{Scene, Seen, merge, on_each_engine};

/// A process that does nothing, beside another one in the same namespaces.
fn idle(more: &Value) -> Value {
    let mut body = json!({"Entrypoint": ["sleep", "100000"], "StopSignal": "SIGKILL"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn sharing(field: &str, parent: &str, more: &Value) -> Value {
    let mut host = json!({"NetworkMode": "none"});
    host[field] = format!("container:{parent}").into();
    let mut body = idle(more);
    body["HostConfig"] = host;
    body
}

/// A scene with a parent at version 1, two that live in its namespaces, and what watches over them.
struct Family {
    scene: Scene,
    parent: String,
    sharers: [String; 2],
}

impl Family {
    fn on(engine: Engine) -> Self {
        let scene = Scene::on(engine);
        let host = json!({"HostConfig": {"NetworkMode": "none", "IpcMode": "shareable"}});
        let parent = scene.start("vpn", &host);
        scene.start("app", &sharing("NetworkMode", &parent, &json!({})));
        // The name of its parent's tag means another image by the time it is made anew.
        scene.start_like("vpn", "side", &sharing("IpcMode", &parent, &json!({})));
        let sharers = ["app", "side"]
            .map(|name| scene.host.inspect(&scene.name(name))["Id"].as_str().unwrap().to_owned());
        Self { scene, parent, sharers }
    }

    fn id(&self, name: &str) -> String {
        self.scene.host.inspect(&self.scene.name(name))["Id"].as_str().unwrap().to_owned()
    }

    fn mode(&self, name: &str, field: &str) -> String {
        let inspect = self.scene.host.inspect(&self.scene.name(name));
        inspect["HostConfig"][field].as_str().unwrap().to_owned()
    }

    /// The sharers live with the parent that is there, on the image that they ran.
    #[track_caller]
    fn live_together(&self) {
        let parent = self.id("vpn");
        assert_eq!(self.mode("app", "NetworkMode"), format!("container:{parent}"));
        assert_eq!(self.mode("side", "IpcMode"), format!("container:{parent}"));
        assert_eq!(["app", "side"].map(|name| self.scene.version(name)), ["1", "1"]);
        self.scene.all_run(&["app", "side", "vpn"]);
        // It listens a moment after it runs.
        let (app, version) = (self.scene.name("app"), self.scene.version("vpn"));
        self.scene.host.wait_printed(&app, &["wget", "-qO-", "127.0.0.1:8080"], &version);
    }

    fn program(&self) -> Program {
        self.scene.program()
    }
}

#[test]
fn who_lives_with_a_container_is_made_anew_with_it() {
    needs!(lab);
    on_each_engine(|engine| {
        let family = Family::on(engine);
        let image = family.scene.host.inspect(&family.scene.name("side"))["Image"].clone();
        family.scene.push("vpn", "2");
        let told = family.program().run(&["update", &family.scene.name("vpn")]).expect(0);
        assert_eq!(family.scene.version("vpn"), "2", "{}", told.stdout);
        family.live_together();
        assert_ne!(family.id("vpn"), family.parent);
        let now = ["app", "side"].map(|name| family.id(name));
        assert!(now.iter().all(|id| !family.sharers.contains(id)), "{now:?}");
        let side = family.scene.host.inspect(&family.scene.name("side"));
        assert_eq!(side["Image"], image);
        assert_eq!(side["Config"]["Image"], json!(family.scene.reference("vpn")));
        // The tag means the new image again.
        let new = family.scene.host.inspect(&family.scene.name("vpn"))["Image"].clone();
        assert_eq!(new, json!(family.scene.host.image_id(&family.scene.reference("vpn"))));
    });
}

#[test]
fn who_lives_with_a_broken_update_comes_back_with_the_old_one() {
    needs!(lab);
    on_each_engine(|engine| {
        let family = Family::on(engine);
        family.scene.push_kind("vpn", "2", Kind::ExitsOne);
        family.program().run(&["update", &family.scene.name("vpn")]).expect(3);
        assert_eq!(family.id("vpn"), family.parent);
        assert_eq!(["app", "side"].map(|name| family.id(name)), family.sharers);
        family.live_together();
    });
}

#[test]
fn a_container_that_must_not_be_touched_holds_its_parent_back() {
    needs!(lab);
    for (label, reason, words) in [
        ("docker-auto.mode", "off", "forbids to touch it"),
        ("docker-auto.enable", "false", "forbids to touch it"),
        ("docker-auto.mode", "of", "docker-auto.mode=of cannot be understood"),
        ("docker-auto.carry", "app", "docker-auto.carry=app cannot be understood"),
        ("leave", "alone", "DOCKER_AUTO_POLICY_EXCLUDE_LABELS leaves out what has the label leave"),
    ] {
        let scene = Scene::on(Engine::Old);
        let parent = scene.start_outdated("vpn", &json!({}));
        let label = json!({"Labels": {(label): reason, "scene": scene.prefix}});
        scene.start("app", &sharing("NetworkMode", &parent, &label));
        let before = ["vpn", "app"].map(|name| scene.seen(name));
        let program = scene.program().env("DOCKER_AUTO_POLICY_EXCLUDE_LABELS", "leave=alone");
        let told = program.run(&["update", &scene.name("vpn")]).expect(1);
        let said = format!("{}{}", told.stdout, told.stderr);
        for words in [words, "; change that, or update both by hand", &scene.name("app")] {
            assert!(said.contains(words), "{said}");
        }
        assert_eq!(["vpn", "app"].map(|name| scene.seen(name)), before);
        scene.all_run(&["app", "vpn"]);
    }
}

/// A selection says what is updated by itself, not who may be left without its parent.
#[test]
fn who_is_not_selected_goes_along_with_its_parent() {
    needs!(lab);
    let scene = Scene::on(Engine::Old);
    let labels = json!({"Labels": {"follow": scene.prefix, "docker-auto.mode": "auto"}});
    let parent = scene.start_outdated("vpn", &labels);
    scene.start("app", &sharing("NetworkMode", &parent, &json!({})));
    scene.push("app", "2");
    let asks = format!("{}:restart", scene.name("vpn"));
    let asks = idle(&json!({"Labels": {"scene": scene.prefix, "docker-auto.depends-on": asks}}));
    scene.start_like("app", "web", &asks);
    let before = scene.seen("web");
    let only = format!("follow={}", scene.prefix);
    let program = scene.program().env("DOCKER_AUTO_POLICY_ONLY_LABELS", &only);
    program.run(&["update", "--all"]).expect(0);
    assert_eq!(["vpn", "app"].map(|name| scene.version(name)), ["2", "1"]);
    let parent = scene.seen("vpn").id;
    let mode = scene.host.inspect(&scene.name("app"))["HostConfig"]["NetworkMode"].clone();
    assert_eq!(mode, format!("container:{parent}"));
    let after = scene.seen("web");
    assert!(after.id == before.id && after.started_at > before.started_at, "it is restarted");
    scene.all_run(&["app", "vpn", "web"]);
}

/// Compose's labels, as it writes them.
fn service(scene: &Scene, name: &str, depends_on: &str) -> Value {
    json!({"Labels": {
        "scene": scene.prefix,
        "com.docker.compose.project": scene.prefix,
        "com.docker.compose.service": name,
        "com.docker.compose.depends_on": depends_on,
    }})
}

/// `web` lives in the namespace of `api`, which is restarted with `db`; `gone` would be destroyed by a
/// restart, and `off` is nobody's but its owner's.
#[test]
fn who_is_restarted_takes_along_who_lives_with_it_and_nobody_who_must_stay_up() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start_outdated("db", &json!({}));
    let asking = |more: &Value| {
        let mut body = idle(&json!({"HostConfig": {"NetworkMode": "none"}}));
        body["Labels"] = json!({"scene": scene.prefix, "docker-auto.depends-on": format!("{}:restart", scene.name("db"))});
        merge(&mut body, more);
        body
    };
    let api = scene.start("api", &asking(&json!({"Entrypoint": null})));
    scene.start_like("api", "web", &sharing("NetworkMode", &api, &json!({})));
    scene.start_like("api", "gone", &asking(&json!({"HostConfig": {"AutoRemove": true}})));
    scene.start_like("api", "off", &asking(&json!({"Labels": {"docker-auto.mode": "off"}})));
    let names = ["api", "web", "gone", "off"];
    let before = names.map(|name| scene.seen(name));
    let program = scene.program();
    let plan = program.run(&["plan", &scene.name("db")]).expect(0).stdout;
    for words in ["is removed when it stops (--rm)", "docker-auto.mode=off forbids to touch it"] {
        assert!(plan.contains(words), "{plan}");
    }
    program.run(&["update", &scene.name("db")]).expect(0);
    assert_eq!(scene.version("db"), "2");
    for (before, restarted) in before.iter().zip([true, true, false, false]) {
        let after = Seen::of(&scene.host.inspect(&before.id));
        assert_eq!(after.started_at != before.started_at, restarted, "{}", after.name);
    }
    // Else it has lost the namespace.
    scene.host.wait_printed(&scene.name("web"), &["wget", "-qO-", "127.0.0.1:8080"], "1");
    scene.all_run(&["api", "db", "gone", "off", "web"]);
}

#[test]
fn those_that_are_needed_are_updated_first() {
    needs!(lab);
    let scene = Scene::on(Engine::Old);
    let needs = |name: &str, other: &str| {
        json!({"Labels": {"scene": scene.prefix, "docker-auto.mode": "auto",
            "docker-auto.depends-on": if other.is_empty() { String::new() } else { scene.name(other) }},
            "Entrypoint": ["sleep", "100000"], "StopSignal": "SIGKILL", "Hostname": name})
    };
    scene.start("a", &needs("a", "b"));
    scene.start_like("a", "b", &needs("b", "c"));
    scene.start_like("a", "c", &needs("c", ""));
    let program = scene.program();
    let started = |name: &str| scene.seen(name).started_at;
    scene.push("a", "2");
    program.run(&["update", "--all"]).expect(0);
    assert!(started("c") < started("b") && started("b") < started("a"));
    assert_eq!(["a", "b", "c"].map(|name| scene.version(name)), ["2", "2", "2"]);
    // One that is left out is still known to stand between the two others.
    let before = scene.seen("b");
    let between = scene.program().env("DOCKER_AUTO_POLICY_EXCLUDE_NAMES", &scene.name("b"));
    scene.push("a", "3");
    between.run(&["update", "--all"]).expect(0);
    assert!(started("c") < started("a"));
    assert_eq!(
        (scene.seen("b"), scene.version("a"), scene.version("c")),
        (before, "3".into(), "3".into())
    );
}

#[test]
fn a_parent_and_who_lives_with_it_are_both_updated() {
    needs!(lab);
    let family = Family::on(Engine::New);
    let scene = &family.scene;
    scene.push("vpn", "2");
    scene.push("app", "2");
    let names = ["vpn", "app"].map(|name| scene.name(name));
    scene.program().run(&["update", &names[0], &names[1]]).expect(0);
    assert_eq!(["vpn", "app", "side"].map(|name| scene.version(name)), ["2", "2", "1"]);
    let parent = family.id("vpn");
    assert_eq!(family.mode("app", "NetworkMode"), format!("container:{parent}"));
    assert_eq!(family.mode("side", "IpcMode"), format!("container:{parent}"));
    scene.all_run(&["app", "side", "vpn"]);
}

#[test]
fn a_plan_names_who_goes_along() {
    needs!(lab);
    let family = Family::on(Engine::New);
    family.scene.push("vpn", "2");
    family.scene.host.exec(&family.scene.name("app"), &["touch", "/mine"]);
    let plan = family.program().run(&["plan", &family.scene.name("vpn")]).expect(0).stdout;
    let recreated = ["app", "side"].map(|name| family.scene.name(name)).join(", ");
    assert!(plan.contains(&format!("recreate {recreated}")), "{plan}");
    let lost = format!("{}: /mine in its own layer will be lost", family.scene.name("app"));
    assert!(plan.contains(&lost), "{plan}");
    family.live_together();
    assert_eq!(family.scene.version("vpn"), "1");
}

#[test]
fn a_link_leads_to_the_new_container() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let bridge = json!({"HostConfig": {"NetworkMode": "bridge"}});
        scene.start_outdated("db", &bridge);
        let mut linked = idle(&json!({}));
        linked["HostConfig"] =
            json!({"NetworkMode": "bridge", "Links": [format!("{}:sql", scene.name("db"))]});
        scene.start("web", &linked);
        scene.program().run(&["update", &scene.name("db")]).expect(0);
        scene.host.wait_printed(&scene.name("web"), &["wget", "-qO-", "sql:8080"], "2");
        let links = scene.host.inspect(&scene.name("web"))["HostConfig"]["Links"].clone();
        assert_eq!(links, json!([format!("/{}:/{}/sql", scene.name("db"), scene.name("web"))]));
        scene.all_run(&["db", "web"]);
    });
}

#[test]
fn volumes_that_an_update_adds_reach_those_who_share_them() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let data = json!({"Volumes": {"/old": {}}});
        scene.registry.push(&scene.image("store", "1").config(&data));
        scene.start_pushed("store", &json!({}));
        let mut user = idle(&json!({}));
        user["HostConfig"] = json!({"NetworkMode": "none", "VolumesFrom": [scene.name("store")]});
        let before = scene.start("user", &user);
        let volumes = |name: &str| {
            let inspect = scene.host.inspect(&scene.name(name));
            let mounts = inspect["Mounts"].as_array().unwrap().iter();
            let mut mounts: Vec<_> =
                mounts.map(|m| (m["Destination"].clone().to_string(), m["Name"].clone())).collect();
            mounts.sort_by(|one, other| one.0.cmp(&other.0));
            mounts
        };
        let old = volumes("store");
        scene.registry.push(&scene.image("store", "2").config(&data));
        scene.program().run(&["update", &scene.name("store")]).expect(0);
        assert_eq!(
            scene.host.inspect(&scene.name("user"))["Id"],
            json!(before),
            "needlessly made anew"
        );
        assert_eq!((volumes("store"), volumes("user")), (old.clone(), old.clone()));
        let more = json!({"Volumes": {"/old": {}, "/new": {}}});
        scene.registry.push(&scene.image("store", "3").config(&more));
        scene.program().run(&["update", &scene.name("store")]).expect(0);
        assert_ne!(scene.host.inspect(&scene.name("user"))["Id"], json!(before));
        let now = volumes("store");
        assert_eq!(now.len(), 2);
        assert!(now.contains(&old[0]), "{now:?}");
        assert_eq!(volumes("user"), now);
        scene.all_run(&["store", "user"]);
    });
}

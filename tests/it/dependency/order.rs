//! In which order those that belong together stop and start, by the calls that the engine is asked.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::support::image::Kind;
use crate::support::lab::needs;
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::scene::{Scene, on_each_engine};

use super::{idle, service, sharing};

/// The IDs of containers, with their names in the scene.
#[derive(Default)]
struct Known(BTreeMap<String, &'static str>);

impl Known {
    /// Adds the containers that have these names now.
    fn add(&mut self, scene: &Scene, names: &[&'static str]) {
        self.0.extend(names.iter().map(|name| (scene.seen(name).id, *name)));
    }
}

/// The stops and starts that went through a proxy, as `stop web` and `start web`.
struct Moves(Vec<String>);

impl Moves {
    fn of(proxy: &EngineProxy, known: &Known) -> Self {
        let moves = proxy.log().into_iter().filter_map(|call| {
            let (_, rest) = call.line.split_once("/containers/")?;
            let (id, rest) = rest.split_once('/')?;
            let verb = rest.split('?').next()?;
            let name = known.0.get(id)?;
            ["stop", "start"].contains(&verb).then(|| format!("{verb} {name}"))
        });
        Self(moves.collect())
    }

    /// Checks that all of these were asked for once, and nothing else, each in its turn.
    #[track_caller]
    fn are(&self, expected: &[&str], turns: &[(&str, &str)]) {
        let sorted = |moves: &[&str]| {
            let mut moves: Vec<_> = moves.iter().map(ToString::to_string).collect();
            moves.sort();
            moves
        };
        let all: Vec<_> = self.0.iter().map(String::as_str).collect();
        assert_eq!(sorted(&all), sorted(expected), "{all:?}");
        for (first, then) in turns {
            let at = |wanted: &str| all.iter().position(|one| *one == wanted);
            assert!(at(first) < at(then), "{first} before {then}: {all:?}");
        }
    }
}

/// Two live in the network of `vpn`, one among its processes, and one wants to be restarted with one
/// of these.
#[test]
fn who_lives_with_a_container_stops_before_it_and_starts_after_it() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let parent = scene.start_outdated("vpn", &json!({}));
        for (name, field) in [("app", "NetworkMode"), ("side", "NetworkMode"), ("eye", "PidMode")] {
            scene.start_like("vpn", name, &sharing(field, &parent, &json!({})));
        }
        let needs = format!("{}:restart", scene.name("app"));
        let needs = json!({"scene": scene.prefix, "docker-auto.depends-on": needs});
        scene.start_like("vpn", "ui", &idle(&json!({"Labels": needs})));
        let (all, sharers) = (["vpn", "app", "side", "eye", "ui"], ["app", "side", "eye"]);
        let before = all.map(|name| scene.seen(name));
        let mut known = Known::default();
        known.add(&scene, &all);
        let proxy = EngineProxy::start(&scene.host, &[]);
        scene.program_behind(&proxy).run(&["update", &scene.name("vpn")]).expect(0);

        known.add(&scene, &all);
        let expected =
            all.iter().flat_map(|name| [format!("stop {name}"), format!("start {name}")]);
        let expected: Vec<_> = expected.collect();
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        let turns = [
            ("stop ui", "stop app"),
            ("stop app", "stop vpn"),
            ("stop side", "stop vpn"),
            ("stop eye", "stop vpn"),
            ("stop vpn", "start vpn"),
            ("start vpn", "start app"),
            ("start vpn", "start side"),
            ("start vpn", "start eye"),
            ("start app", "start ui"),
        ];
        Moves::of(&proxy, &known).are(&expected, &turns);

        let inspect = |name: &str| scene.host.inspect(&scene.name(name));
        let owner = json!(format!("container:{}", scene.seen("vpn").id));
        let mode = |name: &str, field: &str| inspect(name)["HostConfig"][field].clone();
        assert_eq!(
            ["app", "side"].map(|name| mode(name, "NetworkMode")),
            [owner.clone(), owner.clone()]
        );
        assert_eq!(mode("eye", "PidMode"), owner);
        for name in ["app", "side"] {
            // It reaches the new one.
            scene.host.wait_printed(&scene.name(name), &["wget", "-qO-", "127.0.0.1:8080"], " 2");
        }
        // It sees the new one's.
        scene.host.wait_printed(&scene.name("eye"), &["ps"], "httpd");
        for (name, before) in all.iter().zip(&before) {
            let now = scene.seen(name);
            assert_eq!(now.id == before.id, *name == "ui", "{name}");
            assert_eq!(now.image == before.image, *name != "vpn", "{name}");
        }
        assert_eq!(sharers.map(|name| scene.version(name)), ["1", "1", "1"]);
        scene.all_run(&["app", "eye", "side", "ui", "vpn"]);
    });
}

#[test]
fn who_asked_for_it_is_restarted_around_an_update() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        scene.push_kind("db", "1", Kind::Web);
        scene.start_pushed("db", &service(&scene, "db", ""));
        scene.push_kind("db", "2", Kind::Web);
        scene.start("api", &service(&scene, "api", "db:service_healthy:true"));
        scene.start_like("api", "ui", &service(&scene, "ui", "api:service_started:true"));
        scene.start_like("api", "job", &service(&scene, "job", "db:service_started:false"));
        let names = ["api", "ui", "job"];
        let before = names.map(|name| scene.seen(name));
        let mut known = Known::default();
        known.add(&scene, &["db", "api", "ui", "job"]);

        // What the database is when the one that waits for it is about to be started.
        let proxy = EngineProxy::start(&scene.host, &[]);
        let shown = proxy.socket.with_file_name("db.json");
        let ask = format!(
            "curl -sf --unix-socket {} http://engine/v{}/containers/{}/json >{}",
            scene.host.socket.display(),
            engine.api(),
            scene.name("db"),
            shown.display()
        );
        let ask = ["/bin/sh", "-c", &ask].map(str::to_owned);
        let start = format!("POST .*/containers/{}/start", before[0].id);
        proxy.set_rules(&[Rule::before(&start).run(&ask)]);
        scene.program_behind(&proxy).run(&["update", &scene.name("db")]).expect(0);

        let shown: Value = serde_json::from_slice(&fs::read(shown).unwrap()).unwrap();
        let version = &shown["Config"]["Labels"]["org.opencontainers.image.version"];
        let health = &shown["State"]["Health"]["Status"];
        assert_eq!((version, health), (&json!("2"), &json!("healthy")), "{engine:?}");
        known.add(&scene, &["db"]);
        let expected = ["stop ui", "stop api", "stop db", "start db", "start api", "start ui"];
        let turns: Vec<_> = expected.windows(2).map(|pair| (pair[0], pair[1])).collect();
        Moves::of(&proxy, &known).are(&expected, &turns);
        for (index, restarted) in [(0, true), (1, true), (2, false)] {
            let (before, after) = (&before[index], scene.seen(names[index]));
            assert_eq!(before.id, after.id);
            assert_eq!(before.started_at != after.started_at, restarted, "{}", after.name);
        }
        scene.all_run(&["api", "db", "job", "ui"]);
    });
}

//! What a server may change: nothing, unless somebody agreed.

use serde_json::{Value, json};

use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::proxy::{Call, EngineProxy};
use crate::support::scene::{PATIENCE, Scene, Server, on_each_engine};
use crate::support::wait::wait_until;

/// Containers by their mode label, all of them outdated; one is compose's.
const MODES: [&str; 5] = ["plain", "auto", "watch", "approve", "off"];

fn labels(scene: &Scene, mode: &str) -> Value {
    let compose = json!({
        "com.docker.compose.project": scene.prefix, "com.docker.compose.service": mode,
    });
    match mode {
        "plain" => json!({}),
        "compose" => compose,
        "compose-auto" => {
            let mut labels = compose;
            labels["docker-auto.mode"] = "auto".into();
            labels
        }
        mode => json!({"docker-auto.mode": mode}),
    }
}

/// Starts containers of one image, whose tag then moves on.
fn outdated(scene: &Scene, modes: &[&str]) {
    scene.push("app", "1");
    scene.host.pull(&scene.reference("app"));
    for mode in modes {
        scene.start_like("app", mode, &json!({"Labels": labels(scene, mode)}));
    }
    scene.push("app", "2");
}

/// Returns the calls that changed something.
pub(crate) fn changes(proxy: &EngineProxy) -> Vec<String> {
    let reads = |call: &Call| ["GET ", "HEAD "].iter().any(|verb| call.line.starts_with(verb));
    proxy.log().into_iter().filter(|call| !reads(call)).map(|call| call.line).collect()
}

/// Returns the code of each container's reason, by its short name.
fn reasons(scene: &Scene, program: &Program) -> Vec<(String, String)> {
    let views = program.run(&["check", "--json"]).json();
    let of_scene = views.as_array().into_iter().flatten().filter_map(|view| {
        let name = view["name"].as_str()?.strip_prefix(&format!("{}-", scene.prefix))?;
        Some((name.to_owned(), view["reason"]["code"].as_str()?.to_owned()))
    });
    of_scene.collect()
}

fn check_reasons(scene: &Scene, program: &Program, expected: &[(&str, &str)]) {
    let own = |(name, code): &(&str, &str)| ((*name).to_owned(), (*code).to_owned());
    assert_eq!(reasons(scene, program), expected.iter().map(own).collect::<Vec<_>>());
}

#[test]
fn nothing_is_changed_unless_somebody_agreed() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let modes = ["plain", "watch", "approve", "off", "compose"];
        outdated(&scene, &modes);
        let before = modes.map(|mode| scene.seen(mode));
        let proxy = EngineProxy::start(&scene.host, &[]);
        let program = scene.program_behind(&proxy);
        let server = Server::start(&program);
        for mode in ["plain", "watch", "approve", "compose"] {
            wait_until("it is told", PATIENCE, || {
                let told = |line: &&str| {
                    line.contains("a newer image") && line.contains(&scene.name(mode))
                };
                server.running.stderr().lines().filter(told).count() == 1
            });
        }
        let expected = [
            ("approve", "awaiting_approval"),
            ("compose", "compose_held_back"),
            ("off", "mode_off"),
            ("plain", "updates_not_enabled"),
            ("watch", "watch_mode"),
        ];
        check_reasons(&scene, &program, &expected);
        let log = server.end().stderr;
        assert_eq!(changes(&proxy), [""; 0], "{log}");
        assert_eq!(modes.map(|mode| scene.seen(mode)), before);
        assert_eq!(
            log.matches("a newer image").count(),
            1,
            "one image is told once for all: {log}"
        );
    });
}

#[test]
fn a_container_may_agree_for_itself() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        outdated(&scene, &["plain", "auto", "compose-auto"]);
        let program = scene.program();
        let server = Server::start(&program);
        wait_until("they are updated", PATIENCE, || {
            ["auto", "compose-auto"].iter().all(|name| scene.runs(name, "2"))
        });
        scene.settles(&["auto", "compose-auto", "plain"]);
        server.end();
        let records = program.run(&["history", &scene.name("auto"), "--json"]).expect(0).json();
        assert_eq!(records[0]["triggered_by"], "auto");
        assert_eq!(scene.version("plain"), "1", "nobody agreed for that one");
    });
}

#[test]
fn updates_may_be_enabled_for_all_that_do_not_refuse() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        outdated(&scene, &["plain", "auto", "watch", "approve", "off", "compose"]);
        let program = scene.program().env("DOCKER_AUTO_UPDATE_ENABLED", "true");
        let server = Server::start(&program);
        wait_until("they are updated", PATIENCE, || {
            ["auto", "plain"].iter().all(|name| scene.runs(name, "2"))
        });
        server.end();
        for mode in ["watch", "approve", "off", "compose"] {
            assert_eq!(scene.version(mode), "1", "{mode}");
        }
    });
}

#[test]
fn everything_by_command_lifts_the_schedule_but_no_refusal() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        outdated(&scene, &MODES);
        let updated = scene.program().run(&["update", "--all", "--json"]).expect(0).json();
        let result = |view: &Value| (view["name"].clone(), view["result"].clone());
        let results: Vec<_> = updated.as_array().unwrap().iter().map(result).collect();
        let own = [("approve", "held"), ("auto", "updated"), ("plain", "held"), ("watch", "held")];
        assert_eq!(results, own.map(|(mode, result)| (json!(scene.name(mode)), json!(result))));
        let again = scene.program().run(&["update", "--all"]).expect(0).stdout;
        assert!(again.contains("updates are not enabled"), "it says why not: {again}");
        // Naming one is consent enough, whatever its mode.
        for mode in ["watch", "approve", "off", "plain"] {
            assert_eq!(scene.version(mode), "1", "{mode}");
            scene.program().run(&["update", &scene.name(mode)]).expect(0);
            assert_eq!(scene.version(mode), "2", "{mode}");
        }
    });
}

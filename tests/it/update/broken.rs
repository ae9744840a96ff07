//! Updates that fail after the old container was stopped: it comes back, and the new image is remembered.

use std::fs;
use std::path::Path;
use std::time::Duration;

use docker_auto::clock::Clock;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::serve::{Loop, changes, midnight};
use crate::support::engine::{Engine, Host};
use crate::support::image::Kind;
use crate::support::lab::{needs, the_lab};
use crate::support::program::Program;
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::registry::Registry;
use crate::support::scene::{PATIENCE, Scene, Seen, on_each_engine};
use crate::support::wait::wait_until;

const RESTART_ALWAYS: &str = r#"{"HostConfig": {"RestartPolicy": {"Name": "always"}}}"#;

fn always() -> Value {
    serde_json::from_str(RESTART_ALWAYS).unwrap()
}

/// Returns the newest record of a container as `history --json` prints it.
fn last_record(program: &Program, name: &str) -> Value {
    let records = program.run(&["history", name, "--json"]).expect(0).json();
    records[0].clone()
}

/// The same object is back and runs; only its start is another one.
#[track_caller]
fn is_back(scene: &Scene, before: &Seen) {
    let now = scene.seen("web");
    assert_eq!(now, Seen { started_at: now.started_at.clone(), ..before.clone() });
    scene.all_run(&["web"]);
}

#[test]
fn a_new_image_that_does_not_work_is_taken_back_with_its_evidence() {
    needs!(lab);
    on_each_engine(|engine| {
        for (kind, words, evidence) in [
            (Kind::ExitsOne, "ended with exit code 1", "boom: cannot go on"),
            (Kind::Unhealthy, "its healthcheck says unhealthy", "ready"),
        ] {
            let scene = Scene::on(engine);
            scene.start("web", &json!({}));
            scene.push_kind("web", "2", kind);
            let before = scene.seen("web");
            let (program, name) = (scene.program(), scene.name("web"));
            let updated = program.run(&["update", &name, "--json"]).expect(3);
            let (result, reason) = updated.result();
            assert_eq!(result, "rolled_back");
            assert!(reason.contains(words), "{reason}");
            is_back(&scene, &before);
            let record = last_record(&program, &name);
            assert_eq!(record["status"], "rollback");
            assert_eq!(record["error_message"], reason);
            let left = &record["evidence"][0];
            let logs = left["logs"].as_str().unwrap_or_default();
            assert!(logs.contains("starting web 2") && logs.contains(evidence), "{left}");
            if kind == Kind::ExitsOne {
                assert_eq!(left["exit_code"], 1, "{left}");
            } else {
                let probes = left["health"].as_array().unwrap();
                assert!(
                    probes.iter().any(|probe| probe
                        .as_str()
                        .is_some_and(|text| text.starts_with("exit code 1:"))),
                    "{left}"
                );
            }
            let shown = program.run(&["history", &name]).expect(0).stdout;
            assert!(shown.contains("rollback") && shown.contains(words), "{shown}");
            // It is remembered by another process: one that only reads the store.
            let checked = program.run(&["check", &name, "--json"]).expect(0).json();
            assert_eq!(checked[0]["reason"]["code"], "rejected_before", "{checked}");
            assert_eq!(checked[0]["status"], "UpdateAvailable");
            let again = program.run(&["update", &name, "--json"]).expect(1);
            assert_eq!(again.result().0, "held");
            let plan = program.run(&["plan", &name]).expect(0).stdout;
            assert!(plan.contains("update would hold this back: this image failed"), "{plan}");
            program.run(&["update", &name, "--force"]).expect(3);
            scene.push("web", "3");
            program.run(&["update", &name]).expect(0);
            assert_eq!(scene.version("web"), "3", "another image is another matter");
        }
    });
}

#[test]
fn an_image_that_failed_on_one_replica_is_not_tried_on_the_next() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let replica = |number: &str| {
        json!({"Labels": {
            "scene": scene.prefix,
            "docker-auto.mode": "auto",
            "com.docker.compose.project": scene.prefix,
            "com.docker.compose.service": "web",
            "com.docker.compose.container-number": number,
        }})
    };
    scene.start("web", &replica("1"));
    scene.start_like("web", "web2", &replica("2"));
    let names = ["web", "web2"];
    let before = names.map(|name| scene.seen(name).started_at);
    scene.push_kind("web", "2", Kind::ExitsOne);
    let program = scene.program();
    program.run(&["update", "--all"]).expect(3);
    let touched = || {
        let now = names.map(|name| scene.seen(name).started_at);
        now.iter().zip(&before).filter(|(now, before)| now != before).count()
    };
    assert_eq!(touched(), 1, "the other one was taken down as well");
    program.run(&["update", "--all"]).expect(0);
    assert_eq!(touched(), 1);
    let spared = if scene.seen("web").started_at == before[0] { "web" } else { "web2" };
    let why = program.run(&["why", &scene.name(spared)]).expect(0).stdout;
    assert!(why.contains("this image failed on"), "{why}");
    // A person may try it there all the same.
    program.run(&["update", &scene.name(spared), "--force"]).expect(3);
    assert_eq!(touched(), 2);
    scene.all_run(&names);
}

#[test]
fn a_crash_loop_is_seen_by_its_restarts() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        scene.start("web", &always());
        scene.push_kind("web", "2", Kind::Crashes);
        let before = scene.seen("web");
        let program = scene.program().env("DOCKER_AUTO_HEALTH_STABLE", "6s");
        let updated = program.run(&["update", &scene.name("web"), "--json"]).expect(3);
        let (_, reason) = updated.result();
        let seen = ["was restarted", "restarting"].iter().any(|words| reason.contains(words));
        assert!(seen, "{reason}");
        is_back(&scene, &before);
    });
}

#[test]
fn without_a_healthcheck_it_has_to_stay_up() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        scene.start_outdated("web", &always());
        let program = scene.program().env("DOCKER_AUTO_HEALTH_STABLE", "2s");
        program.run(&["update", &scene.name("web")]).expect(0);
        assert_eq!(scene.version("web"), "2");
        scene.all_run(&["web"]);
        let record = last_record(&program, &scene.name("web"));
        let steps = record["steps"].as_array().unwrap();
        let proof = steps.iter().find(|step| step["step"] == "await_healthy");
        let took = proof.and_then(|step| step["duration_ms"].as_u64());
        assert!(took.is_some_and(|took| (2000..20_000).contains(&took)), "{steps:?}");
        // An image that ends within the window is not accepted, though it was up for two seconds.
        scene.push_kind("web", "3", Kind::Crashes);
        let program = program.env("DOCKER_AUTO_HEALTH_STABLE", "5s");
        program.run(&["update", &scene.name("web")]).expect(3);
        assert_eq!(scene.version("web"), "2");
    });
}

/// A server that updates whatever it may each minute.
const CYCLES: [(&str, &str); 2] =
    [("DOCKER_AUTO_UPDATE_CRON", "* * * * *"), ("DOCKER_AUTO_WATCH_EVENTS", "false")];

/// Lets six cycles go by, in which nothing is to be changed.
async fn six_cycles(running: &Loop<'_>, proxy: &EngineProxy) {
    let done = changes(proxy);
    for _ in 0..6 {
        running.after(Duration::from_mins(1), 1, "update").await;
    }
    assert_eq!(changes(proxy), done, "nothing more is changed");
}

/// Returns a scene on an engine behind a proxy, in whose registry requests are counted.
fn behind(engine: Engine, proxy: &EngineProxy) -> Scene {
    Scene::with(Host::shared(engine).behind(proxy), Registry::faulty(&json!({})))
}

#[test]
fn a_rejected_image_is_left_alone_in_all_cycles_and_after_restarts() {
    needs!(lab);
    on_each_engine(|engine| {
        let proxy = EngineProxy::start(&Host::shared(engine), &[]);
        let scene = behind(engine, &proxy);
        scene.start("web", &always());
        scene.push_kind("web", "2", Kind::ExitsOne);
        let before = scene.seen("web");
        let (data, clock) = (TempDir::new().unwrap(), Clock::settable(midnight()));
        let mut told = Vec::new();
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            for run in 1..=3 {
                let mut running = Loop::start(&scene, data.path(), clock.clone(), &CYCLES).await;
                running.runs("check").await;
                if run == 1 {
                    running.after(Duration::from_mins(1), 1, "update").await;
                }
                six_cycles(&running, &proxy).await;
                told.extend(running.told());
                running.end().await;
            }
        });
        is_back(&scene, &before);
        told.retain(|event| event.starts_with("operation_"));
        assert_eq!(told, ["operation_started web", "operation_finished web"]);
    });
}

/// Returns the words of a command line client that starts a container.
fn start_command(scene: &Scene, short: &str) -> Vec<String> {
    let client = the_lab().client.display().to_string();
    let host = scene.host.docker_host();
    vec![client, "-H".to_owned(), host, "start".to_owned(), scene.name(short)]
}

#[test]
fn a_port_that_is_taken_meanwhile_is_waited_for() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let port = json!({
            "HostConfig": {"NetworkMode": "bridge", "PortBindings": {"8080/tcp": [{"HostPort": "18099"}]}},
        });
        scene.push("thief", "1");
        scene.host.pull(&scene.reference("thief"));
        let thief = scene.name("thief");
        let create = format!("/containers/create?name={thief}");
        scene.host.post(&create, &scene.body("thief", &port));
        scene.start_outdated("web", &port);
        let before = scene.seen("web");
        let steal = Rule::after("POST .*/stop").nth(1).insist(&start_command(&scene, "thief"));
        let proxy = EngineProxy::start(&scene.host, &[steal]);
        let program = scene.program_behind(&proxy);
        let updating = program.spawn(&["update", &scene.name("web"), "--json"]);
        let old_start = format!("/containers/{}/start", before.id);
        wait_until("the way back is tried again and again", PATIENCE, || {
            let tries = proxy.log().into_iter().filter(|call| call.line.contains(&old_start));
            tries.count() >= 3
        });
        scene.host.delete(&format!("/containers/{thief}?force=1"));
        let (result, reason) = updating.wait_exit(PATIENCE).expect(3).result();
        assert_eq!(result, "rolled_back");
        assert!(reason.contains("port is already allocated"), "{reason}");
        is_back(&scene, &before);
        // It was not the image's fault.
        scene.program().run(&["check", &scene.name("web")]).expect(0);
        program.run(&["update", &scene.name("web")]).expect(0);
        assert_eq!(scene.version("web"), "2");
    });
}

/// Returns the body of a container that works only as long as there is no file `/flag/broken`.
fn fragile(flag: &Path) -> Value {
    json!({
        "Entrypoint": ["/bin/sh", "-c", "[ ! -e /flag/broken ] || exit 7; exec /entry.sh"],
        "HostConfig": {"Binds": [format!("{}:/flag", flag.display())]},
    })
}

#[test]
fn when_the_old_one_does_not_work_either_everything_is_kept() {
    needs!(lab);
    on_each_engine(|engine| {
        let flag = TempDir::new().unwrap();
        let broken = flag.path().join("broken").display().to_string();
        let touch = ["/bin/touch".to_owned(), broken.clone()];
        let rules = [Rule::after("POST .*/stop").nth(1).run(&touch)];
        let proxy = EngineProxy::start(&Host::shared(engine), &rules);
        let scene = behind(engine, &proxy);
        scene.start("web", &fragile(flag.path()));
        scene.push_kind("web", "2", Kind::ExitsOne);
        let before = scene.seen("web");
        let program = scene.program();
        let updated = program.run(&["update", &scene.name("web"), "--json"]).expect(4);
        let (result, reason) = updated.result();
        assert_eq!(result, "needs_help");
        assert!(reason.contains("exit code"), "{reason}");
        let after = proxy.log().into_iter().skip_while(|call| !call.line.contains("/stop"));
        let removed = after.filter(|call| call.line.starts_with("DELETE "));
        assert_eq!(removed.count(), 0, "nothing is deleted");
        let containers = scene.containers();
        let [(bad, _), (old, _)] = containers.as_slice() else { panic!("{containers:?}") };
        assert!(bad == "web" && old.starts_with("web.da-bad-"), "{containers:?}");
        assert_eq!(scene.seen("web").id, before.id, "the old one has its name");
        assert_eq!(last_record(&program, &scene.name("web"))["outcome"], "needs_help");
        // What is written down is left alone.
        let clock = Clock::settable(Clock::real().now());
        let told = tokio::runtime::Runtime::new().unwrap().block_on(async {
            let mut running = Loop::start(&scene, &program.data_dir(), clock, &CYCLES).await;
            running.runs("check").await;
            six_cycles(&running, &proxy).await;
            let told = running.told();
            running.end().await;
            told
        });
        assert!(!told.iter().any(|event| event.starts_with("operation")), "told before: {told:?}");
        // Once a person has helped, it is a container like any other.
        fs::remove_file(broken).unwrap();
        scene.host.post(&format!("/containers/{}/start", scene.name("web")), &json!({}));
        scene.push("web", "3");
        program.run(&["update", &scene.name("web")]).expect(0);
        assert_eq!(scene.version("web"), "3");
    });
}

#[test]
fn what_was_unhealthy_before_may_be_updated() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.push_kind("web", "1", Kind::Unhealthy);
    scene.start_pushed("web", &always());
    scene.host.wait_health(&scene.name("web"), "unhealthy");
    scene.push_kind("web", "2", Kind::Web);
    let program = scene.program().timeout(Duration::from_mins(1));
    program.run(&["update", &scene.name("web")]).expect(0);
    assert_eq!(scene.version("web"), "2", "else no fix could ever land");
}

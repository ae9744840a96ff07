//! Ports as probes: asked from where the program is, or from inside the new container's network.

use std::time::Duration;

use serde_json::{Value, json};

use crate::image::build;
use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::scene::{Scene, on_each_engine};
use crate::support::wait::{wait_for, wait_until};

/// How long a record may take to be there.
const PATIENCE: Duration = Duration::from_secs(30);

/// A network of a scene, removed with it.
struct Network<'a> {
    scene: &'a Scene,
    name: String,
}

impl<'a> Network<'a> {
    fn of(scene: &'a Scene) -> Self {
        let name = scene.name("shared");
        scene.host.post("/networks/create", &json!({"Name": name}));
        Self { scene, name }
    }
}

impl Drop for Network<'_> {
    fn drop(&mut self) {
        self.scene.host.remove_all(&self.scene.prefix);
        self.scene.host.request("DELETE", &format!("/networks/{}", self.name), None);
    }
}

/// Returns the body of a container in a network, with a probe of a port.
fn asked(network: &str, (label, value, timeout): (&str, &str, &str)) -> Value {
    let labels = json!({
        format!("docker-auto.health.{label}"): value, "docker-auto.health.timeout": timeout,
    });
    json!({"Labels": labels, "HostConfig": {"NetworkMode": network}})
}

/// Starts the image in a network; returns its name.
fn start_ours(scene: &Scene, image: &str, network: &str, short: &str) -> String {
    let socket = format!("{}:/var/run/docker.sock", scene.host.socket.display());
    let only = format!("DOCKER_AUTO_POLICY_ONLY_LABELS=scene={}", scene.prefix);
    let body = json!({
        "Image": image,
        "Env": [only, "DOCKER_AUTO_HEALTH_STABLE=1s", "DOCKER_AUTO_SERVER_ADDR=127.0.0.1:0"],
        "HostConfig": {"Binds": [socket], "NetworkMode": network, "AutoRemove": true},
    });
    let name = scene.name(short);
    scene.host.create_and_start(&name, &body);
    name
}

/// Has the image's container update another one; returns the outcome and why.
///
/// An engine under load gives up on what a command printed last, so that the history is asked, which
/// can be done again.
#[track_caller]
fn update(scene: &Scene, ours: &str, short: &str) -> (String, String) {
    let name = scene.name(short);
    let run = |command: &[&str]| scene.host.exec_to_end(ours, command).1;
    let printed = run(&["/docker-auto", "update", &name]);
    let record = wait_for(&format!("the record of {name}: {printed}"), PATIENCE, || {
        let printed = run(&["/docker-auto", "history", &name, "--limit", "1", "--json"]);
        let records: Value = serde_json::from_str(&printed).ok()?;
        records.get(0).cloned()
    });
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&record["outcome"]), text(&record["error_message"]))
}

#[test]
fn ports_are_asked_from_wherever_they_can_be() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let image = build(&scene.host, &scene.prefix);
        let network = Network::of(&scene);
        let shared = network.name.as_str();
        for (short, network, probe) in [
            ("page", shared, ("http", "8080/", "1m")),
            ("missing", shared, ("http", "8080/missing", "6s")),
            ("inside", "none", ("tcp", "8080", "1m")),
            ("closed", "none", ("tcp", "8081", "6s")),
            ("lost", "none", ("http", "8080/missing", "6s")),
        ] {
            scene.start_outdated(short, &asked(network, probe));
        }
        let ours = start_ours(&scene, &image, shared, "ours");
        for short in ["page", "inside"] {
            let (result, reason) = update(&scene, &ours, short);
            assert_eq!(
                (result.as_str(), scene.version(short).as_str()),
                ("updated", "2"),
                "{reason}"
            );
        }
        for (short, words) in [
            ("missing", "8080/missing answers 404"),
            ("closed", "tcp://127.0.0.1:8081: Connection refused"),
            ("lost", "http://127.0.0.1:8080/missing answers 404"),
        ] {
            let (result, reason) = update(&scene, &ours, short);
            assert_eq!((result.as_str(), scene.version(short).as_str()), ("rolled_back", "1"));
            assert!(reason.contains(words), "{reason}");
        }
        let left = scene.host.names("docker-auto-probe-");
        assert_eq!(left, [], "who has probed is gone");
    });
}

#[test]
fn ports_are_asked_from_the_network_of_the_host() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    let image = build(&scene.host, &scene.prefix);
    scene.start_outdated("near", &asked("bridge", ("http", "8080/", "1m")));
    let ours = start_ours(&scene, &image, "host", "ours");
    wait_until("the plan says from where", PATIENCE, || {
        let plan = ["/docker-auto", "plan", &scene.name("near"), "--json"];
        scene.host.exec_to_end(&ours, &plan).1.contains(r#""vantage": "here""#)
    });
    assert_eq!(update(&scene, &ours, "near").0, "updated");
}

#[test]
fn what_nobody_could_answer_is_refused_before_anything_happens() {
    needs!(lab);
    let silent = json!({
        "Labels": {"docker-auto.health.log": "ready"},
        "HostConfig": {"LogConfig": {"Type": "none"}},
    });
    for (body, words) in [
        (asked("bridge", ("tcp", "8080", "6s")), "docker-auto runs in no container of its host"),
        (asked("none", ("http", "8080/", "6s")), "docker-auto runs in no container of its host"),
        (silent, "its log driver none does not keep"),
    ] {
        let scene = Scene::on(Engine::New);
        scene.start_outdated("web", &body);
        let before = scene.seen("web");
        let output = scene.program().run(&["update", &scene.name("web"), "--json"]).expect(1);
        let text = output.json().to_string();
        assert!(text.contains(words), "{text}");
        assert_eq!(scene.seen("web"), before);
        scene.all_run(&["web"]);
    }
}

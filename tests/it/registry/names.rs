//! Docker Hub and GHCR by their real names, over TLS and with tokens: what engines pull from there is checked
//! and updated there.

mod let_in;

use std::collections::BTreeSet;
use std::thread;

use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::hub::{Asked, Hub};
use crate::support::image::{ImageSpec, Index, Kind};
use crate::support::lab::{needs, the_lab};
use crate::support::program::Program;
use crate::support::registry::{PASSWORD, Registry, USER};
use crate::support::scene::Scene;

/// A container, its image, and what is to come of that.
type Follower = (&'static str, &'static str, &'static str);

const SHORT: Follower = ("short", "nginx:1.25", "nginx:1.25");
const LONG: Follower = ("long", "docker.io/library/nginx:1.25", "docker.io/library/nginx:1.25");
const LEGACY: Follower =
    ("legacy", "index.docker.io/library/nginx:1.25", "index.docker.io/library/nginx:1.25");
const HOST: Follower =
    ("host", "registry-1.docker.io/library/nginx:1.25", "registry-1.docker.io/library/nginx:1.25");
const OWN: Follower = ("own", "acme/own:1", "acme/own:1");
const APP: Follower = ("app", "ghcr.io/acme/app:1.0.0", "ghcr.io/acme/app:1.1.0");

/// Returns the containers of an engine: each on one or two, as all of them on all would take long.
fn followers(engine: Engine) -> &'static [Follower] {
    match engine {
        Engine::Old => &[LONG, APP],
        Engine::New => &[SHORT, LEGACY, OWN],
        Engine::Containerd => &[SHORT, HOST, APP],
    }
}

fn push(registry: &Registry, repository: &str, tag: &str, version: &str) {
    let image = ImageSpec::web(repository, tag).version(version).kind(Kind::Plain);
    registry.push(&image.index(Index::Attested));
}

/// Returns a scene with these containers, on a host of its own.
fn scene(hub: &Hub, engine: Engine, followers: &[Follower]) -> Scene {
    let scene = Scene::with(hub.host(engine), hub.docker_io());
    for (short, image, _) in followers {
        match *short {
            "own" | "app" => scene.host.pull_as(image, USER, PASSWORD),
            _ => scene.host.pull(image),
        }
        let mut labels = json!({"scene": scene.prefix});
        if *short == "app" {
            labels["docker-auto.track"] = "minor".into();
        }
        let body = scene.body(short, &json!({"Image": image, "Labels": labels}));
        scene.host.create_and_start(&scene.name(short), &body);
    }
    scene
}

/// Returns the program, to which the registries are shown; it trusts them by the system's file or by its own.
fn program(hub: &Hub, scene: &Scene) -> Program {
    let (name, file) = match scene.host.engine {
        Engine::New => ("SSL_CERT_FILE", "bundle.pem"),
        Engine::Old | Engine::Containerd => ("DOCKER_AUTO_REGISTRY_CA", "ca.crt"),
    };
    let file = the_lab().pki.join(file).display().to_string();
    hub.shown_to(scene.program()).env(name, &file)
}

/// Gives the program a login by variables.
fn login(program: Program, number: u32, host: &str, password: &str) -> Program {
    let variable = |part: &str| format!("DOCKER_AUTO_REGISTRY_AUTH_{number}_{part}");
    program
        .env(&variable("HOST"), host)
        .env(&variable("USERNAME"), USER)
        .env(&variable("PASSWORD"), password)
}

#[test]
fn containers_are_updated_by_the_names_that_people_write() {
    needs!(lab);
    let hub = Hub::start();
    push(&hub.docker_io(), "library/nginx", "1.25", "old");
    push(&hub.docker_io(), "acme/own", "1", "old");
    push(&hub.ghcr(), "acme/app", "1.0.0", "old");
    let scenes: Vec<_> = thread::scope(|scope| {
        let hub = &hub;
        let starting =
            Engine::ALL.map(|engine| scope.spawn(move || scene(hub, engine, followers(engine))));
        starting.into_iter().map(|scene| scene.join().expect("it starts")).collect()
    });
    push(&hub.docker_io(), "library/nginx", "1.25", "new");
    push(&hub.docker_io(), "acme/own", "1", "new");
    push(&hub.ghcr(), "acme/app", "1.1.0", "new");
    push(&hub.ghcr(), "acme/app", "2.0.0", "beyond");
    thread::scope(|scope| {
        for scene in &scenes {
            scope.spawn(|| update(&hub, scene));
        }
    });
    check_traffic(&hub);
}

fn update(hub: &Hub, scene: &Scene) {
    let program = login(program(hub, scene), 0, "ghcr.io", PASSWORD);
    let program = login(program, 1, "docker.io/acme", PASSWORD);
    let engine = scene.host.engine;
    let views = program.run(&["check", "--json"]).expect(0).json();
    let of = |short: &str| {
        let name = scene.name(short);
        let mut views = views.as_array().unwrap().iter();
        views.find(|view| view["name"] == name.as_str()).unwrap_or(&Value::Null)
    };
    for (short, ..) in followers(engine) {
        assert_eq!(of(short)["status"], "UpdateAvailable", "{engine:?}: {}", of(short));
    }
    if followers(engine).contains(&APP) {
        let (candidate, beyond) = (&of("app")["candidate"]["tag"], &of("app")["newestBeyond"]);
        assert_eq!((candidate, beyond), (&json!("1.1.0"), &json!("2.0.0")), "{engine:?}");
    }

    let names: Vec<_> = followers(engine).iter().map(|(short, ..)| scene.name(short)).collect();
    let mut arguments = vec!["update", "--json"];
    arguments.extend(names.iter().map(String::as_str));
    program.run(&arguments).expect(0);
    for (short, _, image) in followers(engine) {
        assert!(scene.runs(short, "new"), "{engine:?}: {short}");
        let inspect = scene.host.inspect(&scene.name(short));
        assert_eq!(inspect["Config"]["Image"], *image, "{engine:?}");
    }
    let views = program.run(&["check", "--json"]).expect(0).json();
    let open = |view: &&Value| view["status"] != "UpToDate";
    assert_eq!(views.as_array().unwrap().iter().find(open), None, "{engine:?}");
}

/// Everything went to the servers of the names, and a password was shown where it was needed and nowhere else.
fn check_traffic(hub: &Hub) {
    let called = |asked: &Asked| asked.host != "registry-1.docker.io" && asked.host != "ghcr.io";
    let requests: Vec<_> =
        hub.requests().into_iter().filter(|asked| !asked.agent.starts_with("curl")).collect();
    assert_eq!(requests.iter().find(|asked| called(asked)), None);
    let (ours, others): (Vec<_>, Vec<_>) = requests.into_iter().partition(Asked::is_ours);
    for (asked, method, host, path) in [
        (&ours, "HEAD", "registry-1.docker.io", "/v2/library/nginx/manifests/1.25"),
        (&ours, "HEAD", "registry-1.docker.io", "/v2/acme/own/manifests/1"),
        (&ours, "HEAD", "ghcr.io", "/v2/acme/app/manifests/1.0.0"),
        (&ours, "GET", "ghcr.io", "/v2/acme/app/tags/list"),
        (&others, "GET", "registry-1.docker.io", "/v2/library/nginx/blobs/"),
        (&others, "GET", "registry-1.docker.io", "/v2/acme/own/blobs/"),
        (&others, "GET", "ghcr.io", "/v2/acme/app/blobs/"),
    ] {
        let is = |asked: &&Asked| {
            (asked.method.as_str(), asked.host.as_str()) == (method, host)
                && asked.path.starts_with(path)
        };
        let statuses: BTreeSet<_> = asked.iter().filter(is).map(|asked| asked.status).collect();
        assert!(statuses.contains(&200), "{method} {host}{path}: {statuses:?}");
        assert!(statuses.is_subset(&[200, 206, 307, 401].into()), "{method} {host}{path}");
    }
    let tokens: BTreeSet<_> = hub
        .tokens()
        .into_iter()
        .filter(Asked::is_ours)
        .map(|asked| (asked.host, asked.path, asked.user, asked.status))
        .collect();
    let token = |repository: &str, user: &str| {
        let scope = format!("repository:{repository}:pull");
        ("auth.docker.io".to_owned(), scope, user.to_owned(), 200)
    };
    let expected = [token("acme/app", USER), token("acme/own", USER), token("library/nginx", "")];
    assert_eq!(tokens, expected.into());
}

//! Whom Docker Hub and GHCR let in, what the program says where they do not, and what does not hold it up.

use std::collections::BTreeSet;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tempfile::TempDir;

use super::{APP, OWN, SHORT, login, program, push, scene};
use crate::support::engine::Engine;
use crate::support::hub::Hub;
use crate::support::lab::needs;
use crate::support::registry::USER;
use crate::support::scene::{PATIENCE, Scene};
use crate::support::wait::wait_until;

/// Who the program is for which registry, and what comes of it.
struct Case {
    name: &'static str,
    container: &'static str,
    /// `HOST=PASSWORD` for variables, or for Docker's file; empty for neither.
    variables: &'static str,
    file: &'static str,
    status: &'static str,
    /// The reason's code, and words of its message.
    reason: (&'static str, &'static [&'static str]),
    /// Who asked for tokens.
    user: &'static str,
}

const PUBLIC: Case = Case {
    name: "everybody may have public images",
    container: "short",
    variables: "",
    file: "",
    status: "UpdateAvailable",
    reason: ("updates_not_enabled", &[]),
    user: "",
};
const CURRENT: Case =
    Case { status: "UpToDate", reason: ("up_to_date", &[]), user: USER, ..PUBLIC };
const REFUSED: Case = Case { status: "Error", ..CURRENT };
const WANTED: &str = "it wants credentials; set DOCKER_AUTO_REGISTRY_AUTH_0_HOST";
const FROM_SETTINGS: &str = "refuses the credentials of \"alice\" from the settings";

const CASES: [Case; 13] = [
    PUBLIC,
    Case { name: "a login elsewhere is not shown", variables: "ghcr.io=s3cret", ..PUBLIC },
    Case { name: "nor one for others", variables: "docker.io/acme=s3cret", ..PUBLIC },
    Case { name: "a login is", file: "https://index.docker.io/v1/=s3cret", user: USER, ..PUBLIC },
    Case {
        name: "a wrong one is told even so",
        file: "https://index.docker.io/v1/=wrong",
        status: "Error",
        reason: ("unauthorized", &["for docker.io", "\"alice\" from", "config.json"]),
        user: USER,
        ..PUBLIC
    },
    Case { name: "Hub by variables", container: "own", variables: "docker.io=s3cret", ..CURRENT },
    Case {
        name: "Hub by Docker's file",
        container: "own",
        file: "https://index.docker.io/v1/=s3cret",
        ..CURRENT
    },
    Case { name: "GHCR by variables", container: "app", variables: "ghcr.io=s3cret", ..CURRENT },
    Case { name: "GHCR by Docker's file", container: "app", file: "ghcr.io=s3cret", ..CURRENT },
    Case {
        name: "Hub, unknown",
        container: "own",
        reason: ("unauthorized", &["docker.io", WANTED]),
        user: "",
        ..REFUSED
    },
    Case {
        name: "Hub, wrong",
        container: "own",
        variables: "docker.io=wrong",
        reason: ("unauthorized", &["for docker.io", FROM_SETTINGS]),
        ..REFUSED
    },
    Case {
        name: "GHCR, unknown",
        container: "app",
        variables: "docker.io=s3cret",
        reason: ("unauthorized", &["ghcr.io", WANTED]),
        user: "",
        ..REFUSED
    },
    Case {
        name: "GHCR, wrong",
        container: "app",
        variables: "ghcr.io=wrong",
        reason: ("unauthorized", &["for ghcr.io", FROM_SETTINGS]),
        ..REFUSED
    },
];

#[test]
fn who_is_let_in_and_who_is_not() {
    needs!(lab);
    let hub = Hub::start();
    push(&hub.docker_io(), "library/nginx", "1.25", "old");
    push(&hub.docker_io(), "acme/own", "1", "old");
    push(&hub.ghcr(), "acme/app", "1.0.0", "old");
    let scene = scene(&hub, Engine::New, &[SHORT, OWN, APP]);
    push(&hub.docker_io(), "library/nginx", "1.25", "new");
    for case in &CASES {
        check(&hub, &scene, case);
    }
    check_trust(&hub, &scene);
    check_dates(&hub, &scene);
}

fn check(hub: &Hub, scene: &Scene, case: &Case) {
    let folder = TempDir::new().unwrap();
    let mut program =
        program(hub, scene).env("DOCKER_CONFIG", &folder.path().display().to_string());
    if let Some((host, password)) = case.variables.split_once('=') {
        program = login(program, 0, host, password);
    }
    if let Some((host, password)) = case.file.split_once('=') {
        let auth = STANDARD.encode(format!("{USER}:{password}"));
        let config = json!({"auths": {host: {"auth": auth}}}).to_string();
        fs::write(folder.path().join("config.json"), config).unwrap();
    }
    let before = hub.tokens().len();
    let views = program.run(&["check", &scene.name(case.container), "--json"]).json();
    let (view, name) = (&views[0], case.name);
    let reason = &view["reason"];
    assert_eq!(
        (&view["status"], &reason["code"]),
        (&json!(case.status), &json!(case.reason.0)),
        "{name}: {view}"
    );
    let message = reason["message"].as_str().unwrap_or_default();
    for words in case.reason.1 {
        assert!(message.contains(words), "{name}: {message}");
    }
    let users: BTreeSet<_> = hub.tokens().drain(before..).map(|asked| asked.user).collect();
    assert_eq!(users, [case.user.to_owned()].into(), "{name}");
}

/// An authority that the program does not know vouches for nobody, whatever their names are.
fn check_trust(hub: &Hub, scene: &Scene) {
    let program = hub.shown_to(scene.program());
    for short in ["short", "app"] {
        let view = program.run(&["check", &scene.name(short), "--json"]).expect(1).json();
        let message = view[0]["reason"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains("DOCKER_AUTO_REGISTRY_CA"), "{short}: {view}");
    }
}

/// Docker Hub's own API has no address here: an image's own date does as well, and nothing waits.
fn check_dates(hub: &Hub, scene: &Scene) {
    let program = program(hub, scene)
        .env("DOCKER_AUTO_UPDATE_ENABLED", "true")
        .env("DOCKER_AUTO_UPDATE_COOLDOWN", "3650d")
        .env("DOCKER_AUTO_LOG_LEVEL", "debug");
    // A busy machine may be slow to find that there is no address.
    wait_until("it does not wait", PATIENCE, || {
        let checked = program.run(&["check", &scene.name("short"), "--json"]).expect(0);
        assert_eq!(checked.json()[0]["reason"]["code"], "cooling_down", "{}", checked.stdout);
        let unknown = |line: &&str| line.contains("when nginx:1.25 was pushed is not known");
        let line = checked.stderr.lines().find(unknown).expect(&checked.stderr);
        !line.contains("no answer within")
    });
}

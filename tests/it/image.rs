//! The image itself, built as it is shipped, updates its neighbour through the mounted socket.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::containers::Cleanup;
use crate::support::engine::{Engine, Host, docker};
use crate::support::image::ImageSpec;
use crate::support::lab::{needs, unique, variable};
use crate::support::registry::Registry;
use crate::support::wait::{wait_for, wait_until};

const LONG: Duration = Duration::from_secs(90);

/// Builds the image from the program under test; returns its name.
pub(crate) fn build(host: &Host, prefix: &str) -> String {
    let context = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = variable("DOCKER_AUTO_BIN");
    let program = program.unwrap_or_else(|| env!("CARGO_BIN_EXE_docker-auto").to_owned());
    fs::create_dir_all(context.path().join("dist")).unwrap();
    for file in ["Dockerfile", "LICENSE-MIT"] {
        fs::copy(root.join(file), context.path().join(file)).unwrap();
    }
    fs::copy(program, context.path().join("dist/docker-auto")).unwrap();
    let name = format!("{prefix}/docker-auto:test");
    let arguments = ["buildx", "build", "--build-arg", "SOURCE=prebuilt", "-t", &name, "."];
    docker(host, context.path(), &arguments);
    name
}

#[test]
fn the_image_updates_its_neighbour() {
    needs!(lab);
    let (host, registry, prefix) = (Host::shared(Engine::New), Registry::shared(), unique());
    let _cleanup = Cleanup { host: &host, prefix: &prefix };
    let image = build(&host, &prefix);
    let config = host.get(&format!("/images/{image}/json"))["Config"].clone();
    assert_eq!(config["Entrypoint"], json!(["/docker-auto"]));
    assert_eq!(config["Cmd"], json!(["serve"]));
    assert!(config["Healthcheck"]["Test"].to_string().contains("healthcheck"));

    let app = ImageSpec::web(&format!("{prefix}/app"), "stable");
    let reference = app.reference(&registry);
    registry.push(&app.version("1.0.0"));
    host.pull(&reference);
    let neighbour = format!("{prefix}-neighbour");
    let labels = json!({"docker-auto.mode": "auto", "test.run": prefix});
    host.create_and_start(&neighbour, &json!({"Image": reference, "Labels": labels}));
    let newer = ImageSpec::web(&format!("{prefix}/app"), "stable").version("2.0.0");
    registry.push(&newer);

    let ours = format!("{prefix}-auto");
    let mounts = format!("{}:/var/run/docker.sock", host.socket.display());
    let only = format!("DOCKER_AUTO_POLICY_ONLY_LABELS=test.run={prefix}");
    let body = json!({
        "Image": image,
        "Env": [only, "DOCKER_AUTO_HEALTH_STABLE=1s", "DOCKER_AUTO_SCAN_ON_START=true"],
        "Healthcheck": {"Interval": 1_000_000_000_u64},
        "HostConfig": {"Binds": [mounts, format!("{prefix}-data:/data")], "ReadonlyRootfs": true},
    });
    host.create_and_start(&ours, &body);
    wait_until("the neighbour runs 2.0.0", LONG, || {
        let (_, inspect) = host.request("GET", &format!("/containers/{neighbour}/json"), None);
        let env = inspect["Config"]["Env"].to_string();
        inspect["State"]["Health"]["Status"] == "healthy" && env.contains("APP_VERSION=2.0.0")
    });
    host.wait_health(&ours, "healthy");
    // The record comes a little after the container, and an engine under load may cut what was printed.
    let printed = |command: &[&str]| host.exec_to_end(&ours, command).1;
    let record = wait_for("the record", LONG, || {
        let printed = printed(&["/docker-auto", "history", &neighbour, "--json"]);
        serde_json::from_str::<Value>(&printed).ok()?.get(0).cloned()
    });
    assert_eq!((&record["outcome"], &record["triggered_by"]), (&json!("updated"), &json!("auto")));
    wait_until("it is up to date", LONG, || {
        printed(&["/docker-auto", "check", &neighbour]).contains("UpToDate")
    });
}

//! What an image brings: all of it changes with the image, but for what was said otherwise.

use docker_auto::core::recreate::OPERATION_LABEL;
use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::scene::{Scene, on_each_engine};

const SECOND: u64 = 1_000_000_000;

/// Everything that an image can bring, in two versions that share nothing.
fn brought(version: &str) -> Value {
    match version {
        "1" => json!({
            "Env": ["MODE=one", "ONLY_ONE=1"],
            "Labels": {"team": "one", "only.one": "1"},
            "Cmd": ["one"],
            "WorkingDir": "/www",
            "User": "app",
            "StopSignal": "SIGINT",
            "Healthcheck": {"Test": ["CMD-SHELL", "exit 0 # one"], "Interval": SECOND, "Retries": 3},
            "ExposedPorts": {"8081/tcp": {}},
        }),
        _ => json!({
            "Env": ["MODE=two", "ONLY_TWO=2"],
            "Labels": {"team": "two", "only.two": "2"},
            "Cmd": ["two"],
            "WorkingDir": "/data",
            "User": "1000:1000",
            "StopSignal": "SIGTERM",
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": SECOND / 2, "Retries": 5},
            "ExposedPorts": {"8082/tcp": {}},
        }),
    }
}

const FIELDS: [&str; 8] =
    ["Env", "Labels", "Cmd", "WorkingDir", "User", "StopSignal", "Healthcheck", "ExposedPorts"];

/// Containers by what was asked for beside the image.
fn containers() -> Vec<(&'static str, Value)> {
    let interval = 3 * SECOND / 4;
    vec![
        ("nothing", json!({})),
        (
            "everything",
            json!({
                "Env": ["MODE=own", "OWN=1"],
                "Labels": {"team": "own", "own": "1"},
                "Entrypoint": ["/bin/sh", "/entry.sh"],
                "Cmd": ["own"],
                "WorkingDir": "/etc",
                "User": "root",
                "StopSignal": "SIGHUP",
                "StopTimeout": 1,
                "Healthcheck": {
                    "Test": ["CMD-SHELL", "exit 0 # own"], "Interval": interval,
                    "Timeout": SECOND, "StartPeriod": SECOND, "Retries": 7,
                },
                "ExposedPorts": {"9000/tcp": {}},
            }),
        ),
        ("no-entrypoint", json!({"Entrypoint": [""], "Cmd": ["/bin/sh", "/entry.sh"]})),
        ("unset", json!({"Env": ["MODE"]})),
        ("interval", json!({"Healthcheck": {"Interval": interval}})),
        ("no-healthcheck", json!({"Healthcheck": {"Test": ["NONE"]}})),
    ]
}

/// Returns a container's configuration without what no two containers share.
fn config(inspect: &Value) -> Value {
    let mut config = inspect["Config"].clone();
    config["Hostname"] = Value::Null;
    config["Labels"].as_object_mut().unwrap().remove(OPERATION_LABEL);
    let mut variables = config["Env"].as_array().cloned().unwrap();
    variables.sort_by_key(Value::to_string);
    config["Env"] = variables.into();
    config
}

/// Checks what tells that each wish was understood at all, on either version.
#[track_caller]
fn check_wish(name: &str, config: &Value, version: &Value) {
    let variables = config["Env"].as_array().unwrap();
    let has = |variable: &str| variables.iter().any(|one| one == variable);
    let health = &config["Healthcheck"];
    let understood = match name {
        "nothing" => FIELDS.iter().all(|field| match *field {
            "Env" => version["Env"].as_array().unwrap().iter().all(|one| variables.contains(one)),
            "Labels" => config["Labels"]["team"] == version["Labels"]["team"],
            field => config[field] == version[field],
        }),
        "everything" => has("MODE=own") && config["User"] == "root" && health["Retries"] == 7,
        "no-entrypoint" => config["Entrypoint"].is_null() && config["Cmd"][0] == "/bin/sh",
        "unset" => has("MODE") && !variables.iter().any(|one| one.to_string().contains("MODE=")),
        "interval" => {
            health["Test"] == version["Healthcheck"]["Test"] && health["Interval"] == 3 * SECOND / 4
        }
        _ => health["Test"] == json!(["NONE"]),
    };
    assert!(understood, "{name}: {config}");
}

fn check(engine: Engine) {
    let scene = Scene::on(engine);
    let push = |version: &str| {
        scene.registry.push(&scene.image("web", version).config(&brought(version)));
    };
    push("1");
    scene.host.pull(&scene.reference("web"));
    let containers = containers();
    let mut names = Vec::new();
    for (name, wish) in &containers {
        names.push(scene.name(name));
        scene.host.create_and_start(&scene.name(name), &scene.body("web", wish));
        check_wish(name, &config(&scene.host.inspect(&scene.name(name))), &brought("1"));
    }
    push("2");
    let mut arguments = vec!["update", "--json"];
    arguments.extend(names.iter().map(String::as_str));
    scene.program().run(&arguments).expect(0);
    for (name, wish) in &containers {
        let updated = config(&scene.host.inspect(&scene.name(name)));
        check_wish(name, &updated, &brought("2"));
        // The same wish, made for the first time on the new image, is the same container.
        let twin = scene.name(&format!("{name}-twin"));
        scene.host.post(&format!("/containers/create?name={twin}"), &scene.body("web", wish));
        assert_eq!(updated, config(&scene.host.inspect(&twin)), "{name} on {engine:?}");
    }
    let variables = scene.host.read_in(&scene.name("unset"), &["env"]);
    assert!(!variables.contains("MODE="), "{variables}");
}

#[test]
fn what_was_asked_for_stays_and_the_rest_is_the_new_images() {
    needs!(lab);
    on_each_engine(check);
}

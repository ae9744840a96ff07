//! What other tools were told on a host, read by `docker-auto migrate` and understood by a check.

use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::scene::{Scene, Server};

const WATCHTOWER: &str = "com.centurylinklabs.watchtower";

/// Returns what the report says of a container's setting.
fn setting<'a>(report: &'a Value, container: &str, name: &str) -> &'a Value {
    let services = ["tools", "containers"].iter().filter_map(|list| report[list].as_array());
    let service = services.flatten().find(|service| service["container"] == container);
    let settings = service.and_then(|service| service["settings"].as_array());
    settings.into_iter().flatten().find(|setting| setting["name"] == name).unwrap_or(&Value::Null)
}

#[test]
fn a_host_with_watchtower_is_read_and_understood() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start_outdated("left", &json!({"Labels": {format!("{WATCHTOWER}.enable"): "false"}}));
    scene.start_outdated(
        "watched",
        &json!({"Labels": {format!("{WATCHTOWER}.monitor-only"): "true"}}),
    );
    scene.start(
        "watchtower",
        &json!({
            "Env": ["WATCHTOWER_SCHEDULE=0 0 4 * * *", "WATCHTOWER_NOTIFICATION_URL=smtp://hidden",
                "REPO_USER=me", "REPO_PASS=hidden", "TZ=Europe/Berlin",
                "HTTP_PROXY=http://me:hidden@proxy:1"],
            "HostConfig": {"Binds": ["/etc/hostname:/config.json:ro"]},
        }),
    );
    let (left, watched, tool) =
        (scene.name("left"), scene.name("watched"), scene.name("watchtower"));

    let program = scene.program();
    let report = program.run(&["migrate", "--json"]).expect(0).json();
    let mode = |container: &str, label: &str| {
        setting(&report, container, &format!("{WATCHTOWER}.{label}"))["ours"]["docker-auto.mode"]
            .clone()
    };
    assert_eq!(mode(&left, "enable"), "off", "{report}");
    assert_eq!(mode(&watched, "monitor-only"), "watch", "{report}");
    let schedule = setting(&report, &tool, "WATCHTOWER_SCHEDULE");
    assert_eq!(schedule["ours"]["DOCKER_AUTO_UPDATE_CRON"], "0 0 4 * * *", "{report}");
    let zone = setting(&report, &tool, "TZ");
    assert_eq!(zone["ours"]["TZ"], "Europe/Berlin", "{report}");
    let logins = setting(&report, &tool, "its logins");
    assert_eq!(logins["value"], "/config.json from /etc/hostname", "{report}");
    let url = setting(&report, &tool, "WATCHTOWER_NOTIFICATION_URL");
    assert_eq!((&url["value"], &url["verdict"]), (&json!("***"), &json!("no_equivalent")));
    let text = program.run(&["migrate"]).expect(0).stdout;
    assert!(text.contains("DOCKER_AUTO_UPDATE_CRON: \"0 0 4 * * *\""), "{text}");
    assert!(text.contains("TZ: \"Europe/Berlin\"") && text.contains("HTTP_PROXY=***"), "{text}");
    assert!(!text.contains("hidden") && !report.to_string().contains("hidden"), "{text}");

    let views = program.run(&["check", "--json", &left, &watched]).expect(0).json();
    let of = |name: &str| {
        let views = views.as_array().into_iter().flatten();
        views.into_iter().find(|view| view["name"] == name).cloned().unwrap_or_default()
    };
    let reason = |name: &str| of(name)["reason"]["message"].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        (&of(&left)["status"], &of(&watched)["status"]),
        (&json!("Skipped"), &json!("UpdateAvailable"))
    );
    assert!(reason(&left).contains(&format!("the label {WATCHTOWER}.enable=false")), "{views}");
    assert!(
        reason(&watched).contains(&format!("the label {WATCHTOWER}.monitor-only=true")),
        "{views}"
    );
    let labels = of(&left)["labels"].as_object().cloned().unwrap_or_default();
    let added = labels.keys().any(|name| name.starts_with("docker-auto."));
    assert!(!labels.is_empty() && !added, "only what the container has is shown: {views}");
}

#[test]
fn labels_of_all_tools_are_read_and_understood_on_a_host() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.push("app", "1");
    scene.host.pull(&scene.reference("app"));
    // The label, ours, and what becomes of a container with it that is outdated.
    let cases = [
        ("wud", "wud.watch", "true", "docker-auto.mode", "watch", "watch_mode"),
        ("wud-off", "wud.watch", "false", "docker-auto.mode", "off", "mode_off"),
        ("drydock", "dd.watch", "true", "docker-auto.mode", "watch", "watch_mode"),
        ("diun", "diun.enable", "true", "docker-auto.mode", "watch", "watch_mode"),
        ("ouroboros", "com.ouroboros.enable", "false", "docker-auto.mode", "off", "mode_off"),
        ("watch-docker", "watchdocker.skip", "true", "docker-auto.enable", "false", "not_selected"),
    ];
    for (short, label, value, ..) in cases {
        scene.start_like("app", short, &json!({"Labels": {label: value}}));
    }
    scene.push("app", "2");
    let program = scene.program();
    let report = program.run(&["migrate", "--json"]).expect(0).json();
    for (short, label, value, ours, meaning, code) in cases {
        let name = scene.name(short);
        let found = setting(&report, &name, label);
        assert_eq!(found["ours"][ours], meaning, "{label}={value}: {found}");
        let view = program.run(&["check", &name, "--json"]).expect(0).json();
        assert_eq!(view[0]["reason"]["code"], code, "{label}={value}: {view}");
    }
}

#[test]
fn each_setting_of_another_tool_is_named_once_in_the_log() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.push("app", "1");
    scene.host.pull(&scene.reference("app"));
    let label = format!("{WATCHTOWER}.no-pull");
    let labels = json!({label.as_str(): "true", "wud.tag.include": "^1", "dd.port.label": "x"});
    for short in ["one", "two"] {
        scene.start_like("app", short, &json!({"Labels": labels}));
    }
    let program = scene.program().env("WATCHTOWER_TIMEOUT", "30s");
    let server = Server::start(&program);
    for _ in 1..=2 {
        program.run(&["check", "--force"]).expect(0);
    }
    let log = server.end().stderr;
    for (theirs, ours) in [
        (label.as_str(), "is read as docker-auto."),
        ("wud.tag.include", "is read as docker-auto.tag.include"),
        ("dd.port.label", "has no equivalent: "),
        ("WATCHTOWER_TIMEOUT", "is read as DOCKER_AUTO_UPDATE_STOP_TIMEOUT"),
    ] {
        let named = |line: &&str| line.contains(theirs) && line.contains(ours);
        assert_eq!(log.lines().filter(named).count(), 1, "{theirs}: {log}");
    }
}

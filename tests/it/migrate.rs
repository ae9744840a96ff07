//! What other tools were told on a host, read by `docker-auto migrate` and understood by a check.

use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::scene::Scene;

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
                "REPO_USER=me", "REPO_PASS=hidden"],
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
    let url = setting(&report, &tool, "WATCHTOWER_NOTIFICATION_URL");
    assert_eq!((&url["value"], &url["verdict"]), (&json!("***"), &json!("no_equivalent")));
    let text = program.run(&["migrate"]).expect(0).stdout;
    assert!(text.contains("DOCKER_AUTO_UPDATE_CRON: \"0 0 4 * * *\""), "{text}");
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

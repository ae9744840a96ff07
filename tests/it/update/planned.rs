//! What variables and labels say of an update's course stands in its plan.

use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::scene::Scene;

/// Returns a field of a plan's first step of a kind.
fn field(plan: &Value, step: &str, field: &str) -> Value {
    fn find<'a>(value: &'a Value, step: &str, field: &str) -> Option<&'a Value> {
        match value {
            Value::Object(object) if object.get("step").is_some_and(|it| it == step) => {
                object.get(field).or_else(|| object.get("gate")?.get(field))
            }
            Value::Object(object) => object.values().find_map(|value| find(value, step, field)),
            Value::Array(list) => list.iter().find_map(|value| find(value, step, field)),
            _ => None,
        }
    }
    find(plan, step, field).cloned().unwrap_or_default()
}

#[test]
fn settings_are_in_the_plan() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start_outdated("plain", &json!({}));
    let labels = json!({
        "docker-auto.health.stable": "14s", "docker-auto.health.timeout": "15s",
        "docker-auto.stop-timeout": "16s",
    });
    scene.start_outdated("labelled", &json!({"Labels": labels}));
    let bare = scene.program();
    let set = scene
        .program()
        .env("DOCKER_AUTO_HEALTH_STABLE", "4s")
        .env("DOCKER_AUTO_HEALTH_TIMEOUT", "5s")
        .env("DOCKER_AUTO_UPDATE_STOP_TIMEOUT", "6s");
    for (program, short, stable, timeout, stop) in [
        (&bare, "plain", json!(1.0), json!(300.0), Value::Null),
        (&set, "plain", json!(4.0), json!(5.0), json!(6)),
        (&set, "labelled", json!(14.0), json!(15.0), json!(16)),
        (&bare, "labelled", json!(14.0), json!(15.0), json!(16)),
    ] {
        let view = program.run(&["plan", &scene.name(short), "--json"]).expect(0).json();
        let gate = |name: &str| field(&view["plan"], "await_healthy", name);
        assert_eq!((gate("stable"), gate("timeout")), (stable, timeout), "{view}");
        assert_eq!(field(&view["plan"], "stop", "timeout_seconds"), stop, "{view}");
    }
}

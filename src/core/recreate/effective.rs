//! What a container gets from a create body and its image: the engine's own merge, written again.

use serde_json::{Map, Value};

use crate::core::recreate::value::{entries, is_empty, is_zero, items, text};

/// Returns the settings of a body with the image's merged in, as moby's `daemon/commit.go` does.
pub(super) fn merged(body: &Value, image: &Value) -> Value {
    let mut merged: Map<String, Value> = body.as_object().cloned().unwrap_or_default();
    for field in ["User", "WorkingDir", "StopSignal"] {
        if is_empty(&body[field]) {
            merged.insert(field.into(), image[field].clone());
        }
    }
    for field in ["ExposedPorts", "Volumes", "Labels"] {
        merged.insert(field.into(), joined(&body[field], &image[field]));
    }
    merged.insert("Env".into(), environment(&body["Env"], &image["Env"]));
    merged.insert("Healthcheck".into(), healthcheck(&body["Healthcheck"], &image["Healthcheck"]));
    if is_empty(&body["Entrypoint"]) {
        if is_empty(&body["Cmd"]) {
            merged.insert("Cmd".into(), image["Cmd"].clone());
        }
        if body["Entrypoint"].is_null() {
            merged.insert("Entrypoint".into(), image["Entrypoint"].clone());
        }
    }
    if let [Value::String(only)] = items(&body["Entrypoint"])
        && only.is_empty()
    {
        merged.insert("Entrypoint".into(), Value::Null);
    }
    merged.into()
}

fn joined(own: &Value, image: &Value) -> Value {
    let all = entries(image).chain(entries(own));
    Value::Object(all.map(|(key, value)| (key.to_owned(), value.clone())).collect())
}

/// Returns the name of an environment entry, which may have no value.
pub(super) fn variable(entry: &Value) -> &str {
    text(entry).split('=').next().unwrap_or_default()
}

fn environment(own: &Value, image: &Value) -> Value {
    let set = |name: &str| items(own).iter().any(|entry| variable(entry) == name);
    let inherited = items(image).iter().filter(|entry| !set(variable(entry)));
    items(own).iter().chain(inherited).cloned().collect()
}

fn healthcheck(own: &Value, image: &Value) -> Value {
    let filled = entries(own).filter(|(_, value)| !is_zero(value));
    let all = entries(image).chain(filled);
    let all: Map<_, _> = all.map(|(key, value)| (key.to_owned(), value.clone())).collect();
    if all.is_empty() { Value::Null } else { all.into() }
}

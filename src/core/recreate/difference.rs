//! What changes for a container, in the words of its settings, for people to read.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::core::plan::Difference;
use crate::core::recreate::effective::{merged, variable};
use crate::core::recreate::labels::OPERATION_LABEL;
use crate::core::recreate::podman;
use crate::core::recreate::scene::Scene;
use crate::core::recreate::value::{clean_path, entries, items, same, text};

/// Settings that are shown whole.
const WHOLE: &[&str] = &["Image", "Entrypoint", "Cmd", "User", "WorkingDir", "StopSignal", "Shell"];

/// Settings that are shown entry by entry.
const BY_ENTRY: &[&str] = &["Healthcheck", "Labels", "ExposedPorts", "Volumes"];

/// Labels that only keep books.
const UNSHOWN: &[&str] = &[OPERATION_LABEL, "com.docker.compose.image"];

/// Words in the name of a variable or label whose value is nobody's business.
const SECRET: &[&str] = &["PASS", "PWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL"];

/// Returns what will be otherwise, by the path of its field.
///
/// Compared is what takes effect: the container as it is against the body with the new image's
/// settings. Without a new image only the volumes that are written out are known.
pub(super) fn between(scene: &Scene<'_>, body: &Value) -> Vec<Difference> {
    let mut differences = Vec::new();
    if let Some(image) = scene.new_config {
        let (old, new) = (scene.shown.config, merged(body, image));
        for &field in WHOLE {
            if !equal(field, &old[field], &new[field]) {
                differences.push(difference(field.to_owned(), &old[field], &new[field]));
            }
        }
        let shown = items(&old["Env"]).iter();
        let old_env = environment(shown.filter(|entry| !podman::adds_variable(entry, scene)));
        let new_env = environment(items(&new["Env"]).iter());
        compare("Env", &old_env, &new_env, &mut differences);
        for &field in BY_ENTRY {
            let fields = |config: &Value| by_name(&config[field]);
            compare(field, &fields(old), &fields(&new), &mut differences);
        }
    }
    // A volume that the new image no longer declares is mounted all the same.
    differences.retain(|it| !(it.field.starts_with("Volumes.") && it.new.is_null()));
    let mounts = |host_config: &Value| by_target(&host_config["Mounts"]);
    let (old, new) = (mounts(scene.shown.host_config), mounts(&body["HostConfig"]));
    compare("HostConfig.Mounts", &old, &new, &mut differences);
    differences
}

type Entries = BTreeMap<String, Value>;

fn compare(field: &str, old: &Entries, new: &Entries, differences: &mut Vec<Difference>) {
    let added = new.keys().filter(|name| !old.contains_key(*name));
    for name in old.keys().chain(added) {
        let side = |entries: &Entries| entries.get(name).cloned().unwrap_or_default();
        let (old, new) = (side(old), side(new));
        if !same(&old, &new) && !UNSHOWN.contains(&name.as_str()) {
            let masked = |value: &Value| mask(name, value);
            differences.push(difference(format!("{field}.{name}"), &masked(&old), &masked(&new)));
        }
    }
}

fn difference(field: String, old: &Value, new: &Value) -> Difference {
    Difference { field, old: old.clone(), new: new.clone() }
}

fn equal(field: &str, old: &Value, new: &Value) -> bool {
    same(old, new) || (field == "WorkingDir" && clean_path(text(old)) == clean_path(text(new)))
}

fn by_name(object: &Value) -> Entries {
    entries(object).map(|(name, value)| (name.to_owned(), presence(value))).collect()
}

/// A port or volume is there or not; its value says nothing.
fn presence(value: &Value) -> Value {
    match value {
        Value::Object(object) if object.is_empty() => true.into(),
        value => value.clone(),
    }
}

/// A variable without `=` is one that the container does not have.
fn environment<'a>(list: impl Iterator<Item = &'a Value>) -> Entries {
    let set = list.filter_map(|entry| {
        let (_, value) = text(entry).split_once('=')?;
        Some((variable(entry).to_owned(), Value::from(value)))
    });
    set.collect()
}

fn by_target(mounts: &Value) -> Entries {
    let target = |mount: &Value| text(&mount["Target"]).to_owned();
    items(mounts).iter().map(|mount| (target(mount), mount["Source"].clone())).collect()
}

/// Hides what may be a secret: by its name, or a URL with a password in it.
fn mask(name: &str, value: &Value) -> Value {
    let Value::String(text) = value else { return value.clone() };
    let name = name.to_ascii_uppercase();
    let user = text.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
    let has_password = user.is_some_and(|(user, _)| user.contains(':') && !user.contains('/'));
    let mut words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let is_secret = SECRET.iter().any(|part| name.contains(part)) || words.any(|it| it == "AUTH");
    if has_password || is_secret {
        return "***".into();
    }
    value.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden() {
        for (name, value, shown) in [
            ("PATH", "/bin", "/bin"),
            ("DB_PASSWORD", "a", "***"),
            ("db_passwd", "a", "***"),
            ("API_TOKEN", "a", "***"),
            ("aws_secret", "a", "***"),
            ("BASIC_AUTH", "a:b", "***"),
            ("org.opencontainers.image.authors", "a", "a"),
            ("DATABASE_URL", "postgres://u:p@db/x", "***"),
            ("URL", "https://u@host/x", "https://u@host/x"),
            ("URL", "https://host/a:b@c", "https://host/a:b@c"),
        ] {
            assert_eq!(mask(name, &value.into()), Value::from(shown), "{name}={value}");
        }
    }
}

//! The settings that an image can give: what equals the old image's is left to the new one.
//!
//! The engine's own merge on create (moby, `daemon/commit.go`, `merge`) is what "inherited" means.

use serde_json::{Map, Value};

use crate::core::recreate::labels;
use crate::core::recreate::podman;
use crate::core::recreate::ports;
use crate::core::recreate::scene::{Inherited, Scene};
use crate::core::recreate::value::{
    clean_path, entries, filled, is_empty, is_zero, items, same, text,
};

/// What becomes of one field of `Config`.
enum Rule {
    /// Never sent, or written by a module of its own.
    Omit,
    /// No image gives it: sent as it is.
    Verbatim,
    /// Sent as far as it differs from the image's: own value, image's value.
    Compare(fn(&Value, &Value) -> Option<Value>),
}

const RULES: &[(&str, Rule)] = &[
    ("ArgsEscaped", Rule::Compare(own_value)),
    ("AttachStderr", Rule::Verbatim),
    ("AttachStdin", Rule::Verbatim),
    ("AttachStdout", Rule::Verbatim),
    ("Cmd", Rule::Omit), // with Entrypoint: see `command`
    ("Domainname", Rule::Verbatim),
    ("Entrypoint", Rule::Omit),   // see `command`
    ("Env", Rule::Omit),          // see `environment`
    ("ExposedPorts", Rule::Omit), // see `ports.rs`
    ("Healthcheck", Rule::Compare(own_fields)),
    ("Hostname", Rule::Omit),   // see `hostname.rs`
    ("Image", Rule::Omit),      // written by the caller
    ("Labels", Rule::Omit),     // see `labels.rs`
    ("MacAddress", Rule::Omit), // see `mac.rs`
    ("NetworkDisabled", Rule::Verbatim),
    ("OnBuild", Rule::Verbatim), // an image's speaks to builds alone
    ("OpenStdin", Rule::Verbatim),
    ("StdinOnce", Rule::Verbatim),
    ("StopSignal", Rule::Omit), // see `stop_signal`
    ("StopTimeout", Rule::Verbatim),
    ("Tty", Rule::Verbatim),
    ("User", Rule::Omit), // see `user`
    ("Volumes", Rule::Compare(own_keys)),
    ("WorkingDir", Rule::Compare(own_path)),
];

/// A field without a rule is one that we do not know; images may or may not give it.
const UNKNOWN: &Rule = &Rule::Compare(own_value);

/// Returns the settings that the container has of its own.
pub(super) fn own(scene: &Scene<'_>) -> Map<String, Value> {
    let (config, image) = (scene.shown.config, scene.inherited.config());
    let mut own = Map::new();
    for (field, value) in entries(config) {
        let rule = RULES.iter().find(|(name, _)| *name == field).map_or(UNKNOWN, |(_, rule)| rule);
        let kept = match rule {
            Rule::Omit => None,
            Rule::Verbatim => (!value.is_null()).then(|| value.clone()),
            Rule::Compare(difference) => difference(value, &image[field]),
        };
        own.extend(kept.map(|value| (field.to_owned(), value)));
    }
    let (entrypoint, cmd) = command(config, image);
    for (field, value) in [
        ("Entrypoint", entrypoint),
        ("Cmd", cmd),
        ("Env", environment(scene)),
        ("StopSignal", stop_signal(scene)),
        ("User", user(scene)),
        ("ExposedPorts", ports::exposed(scene)),
        ("Labels", labels::own(scene)),
    ] {
        own.extend(value.map(|value| (field.to_owned(), value)));
    }
    own
}

fn own_value(own: &Value, image: &Value) -> Option<Value> {
    if same(own, image) { None } else { filled(own) }
}

/// The working directory: the engine stores a cleaned path, the image may say it otherwise.
fn own_path(own: &Value, image: &Value) -> Option<Value> {
    if clean_path(text(own)) == clean_path(text(image)) { None } else { filled(own) }
}

/// Environment: an entry is the image's only if it is there letter by letter. One without `=`
/// removes the image's variable and stays.
fn environment(scene: &Scene<'_>) -> Option<Value> {
    let image = items(&scene.inherited.config()["Env"]);
    let own = items(&scene.shown.config["Env"]).iter();
    let kept = own.filter(|entry| !image.contains(entry) && !podman::adds_variable(entry, scene));
    filled(&kept.cloned().collect())
}

fn stop_signal(scene: &Scene<'_>) -> Option<Value> {
    let (own, image) = (&scene.shown.config["StopSignal"], &scene.inherited.config()["StopSignal"]);
    let same = scene.engine().podman && podman::same_signal(text(own), text(image));
    if same { None } else { own_value(own, image) }
}

fn own_keys(own: &Value, image: &Value) -> Option<Value> {
    let kept: Map<_, _> = entries(own)
        .filter(|(key, _)| image.get(key).is_none())
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect();
    filled(&kept.into())
}

/// Healthcheck: the engine fills each missing part from the image, so each part stands alone.
fn own_fields(own: &Value, image: &Value) -> Option<Value> {
    let kept: Map<_, _> = entries(own)
        .filter(|(key, value)| !is_zero(value) && image.get(key) != Some(value))
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect();
    filled(&kept.into())
}

/// Returns what to send as entrypoint and as command.
///
/// An entrypoint of one's own, the image's own one repeated included, keeps the image's command
/// away. An entrypoint that was taken away shows as null and is taken away again by `[""]`; as an
/// empty list it also shows, and then the image's command still counts.
fn command(own: &Value, image: &Value) -> (Option<Value>, Option<Value>) {
    let (entrypoint, cmd) = (&own["Entrypoint"], &own["Cmd"]);
    let (image_entrypoint, image_cmd) = (&image["Entrypoint"], &image["Cmd"]);
    if is_empty(entrypoint) && !is_empty(image_entrypoint) {
        return match entrypoint {
            Value::Null => (Some(Value::from(vec![""])), filled(cmd)),
            _ => (Some(entrypoint.clone()), own_value(cmd, image_cmd)),
        };
    }
    let without_image_cmd = is_empty(cmd) && !is_empty(image_cmd);
    if same(entrypoint, image_entrypoint) && !without_image_cmd {
        return (None, own_value(cmd, image_cmd));
    }
    (filled(entrypoint), filled(cmd))
}

/// Returns the user to run as.
///
/// When nobody knows whether a name came from the old image or from the owner, it is sent only
/// where leaving it out would raise the container to root: a name of the old image is often
/// unknown to the new one, which then cannot start. Numbers work in every image and are kept.
fn user(scene: &Scene<'_>) -> Option<Value> {
    let own = &scene.shown.config["User"];
    let image = &scene.inherited.config()["User"];
    if let Inherited::Guessed(_) = scene.inherited {
        let is_name = !text(own).starts_with(|first: char| first.is_ascii_digit());
        let image_is_root = matches!(text(image).split(':').next(), Some("" | "0" | "root"));
        if is_name && !image_is_root {
            return None;
        }
    }
    own_value(own, image)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn commands_are_told_apart_as_the_engine_merges_them() {
        let null = Value::Null;
        let [entry, other, cleared] = [json!(["/entry"]), json!(["/other"]), json!([""])];
        let [run, serve, empty] = [json!(["run"]), json!(["serve"]), json!([])];
        for (why, own, image, sent) in [
            ("both inherited", (&entry, &run), (&entry, &run), (&null, &null)),
            ("own command", (&entry, &serve), (&entry, &run), (&null, &serve)),
            ("own entrypoint", (&other, &null), (&entry, &run), (&other, &null)),
            ("own entrypoint, same command", (&other, &run), (&entry, &run), (&other, &run)),
            ("entrypoint taken away", (&null, &serve), (&entry, &run), (&cleared, &serve)),
            ("taken away, same command", (&null, &run), (&entry, &run), (&cleared, &run)),
            ("taken away by a list", (&empty, &run), (&entry, &run), (&empty, &null)),
            ("entrypoint repeated", (&entry, &null), (&entry, &run), (&entry, &null)),
            ("no entrypoint anywhere", (&null, &run), (&null, &run), (&null, &null)),
            ("missing is empty", (&null, &serve), (&empty, &run), (&null, &serve)),
        ] {
            let config = |(entrypoint, cmd)| json!({"Entrypoint": entrypoint, "Cmd": cmd});
            let (entrypoint, cmd) = command(&config(own), &config(image));
            let got = (entrypoint.unwrap_or_default(), cmd.unwrap_or_default());
            assert_eq!(got, (sent.0.clone(), sent.1.clone()), "{why}");
        }
    }

    #[test]
    fn parts_of_a_healthcheck_stand_alone() {
        let image = json!({"Test": ["CMD", "a"], "Interval": 5, "Retries": 3});
        for (own, sent) in [
            (json!({"Test": ["CMD", "a"], "Interval": 5, "Retries": 3}), Value::Null),
            (json!({"Test": ["CMD", "a"], "Interval": 9, "Retries": 3}), json!({"Interval": 9})),
            (json!({"Test": ["NONE"], "Interval": 5, "Retries": 3}), json!({"Test": ["NONE"]})),
            (
                json!({"Test": ["CMD", "a"], "Interval": 5, "Retries": 3, "StartInterval": 2}),
                json!({"StartInterval": 2}),
            ),
            (json!({"Test": ["CMD", "a"], "Interval": 5, "Timeout": 0}), Value::Null),
            (Value::Null, Value::Null),
        ] {
            assert_eq!(own_fields(&own, &image).unwrap_or_default(), sent, "{own}");
        }
    }
}

//! What of a container is not shown as it was, and what of that has a reason.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What the engine chooses again for each container; it may choose the same.
pub(super) const CHOICE: &str = "of the moment, chosen anew";
const ANOTHER: &str = "another container";
const IMAGE: &str = "the new image";
const VOLUME: &str = "a volume without a name is asked for by the name that it got";

/// What may differ, by the beginning of its path; `*` stands for any one part of it.
pub(super) const ALLOWED: &[(&[&str], &str)] = &[
    (&["Id"], ANOTHER),
    (&["Created"], ANOTHER),
    (&["State"], ANOTHER),
    (&["GraphDriver", "Data"], ANOTHER),
    (&["Mounts", "/image", "Source"], ANOTHER),
    (&["NetworkSettings", "SandboxID"], ANOTHER),
    (&["NetworkSettings", "SandboxKey"], ANOTHER),
    (&["NetworkSettings", "EndpointID"], ANOTHER),
    (&["NetworkSettings", "Networks", "*", "EndpointID"], ANOTHER),
    (&["ExecIDs"], CHOICE),
    (&["NetworkSettings", "Ports", "*", "*", "HostPort"], CHOICE),
    (&["NetworkSettings", "IPAddress"], CHOICE),
    (&["NetworkSettings", "MacAddress"], CHOICE),
    (&["NetworkSettings", "Networks", "alpha", "IPAddress"], CHOICE),
    (&["NetworkSettings", "Networks", "alpha", "MacAddress"], CHOICE),
    (&["NetworkSettings", "Networks", "bridge", "IPAddress"], CHOICE),
    (&["NetworkSettings", "Networks", "bridge", "MacAddress"], CHOICE),
    (&["Image"], IMAGE),
    (&["ImageManifestDescriptor"], IMAGE),
    (&["Config", "Env", "APP_VERSION"], IMAGE),
    (&["Config", "Labels", "org.opencontainers.image.version"], IMAGE),
    (&["Config", "Labels", "docker-auto.internal.operation"], "the mark of the update"),
    (&["HostConfig", "ContainerIDFile"], "a file on the side of the client"),
    (&["HostConfig", "Mounts", "/bare"], VOLUME),
    (&["HostConfig", "Mounts", "/nameless"], VOLUME),
    (&["Mounts", "/bare", "Mode"], VOLUME),
];

/// One value that differs.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) path: Vec<String>,
    before: Value,
    after: Value,
}

impl Change {
    /// Returns the row of [`ALLOWED`] that explains it.
    pub(super) fn explained(&self) -> Option<&'static [&'static str]> {
        let begins = |pattern: &[&str]| {
            let mut parts = self.path.iter();
            let mut pattern = pattern.iter();
            pattern.all(|wanted| parts.next().is_some_and(|part| *wanted == "*" || part == wanted))
        };
        ALLOWED.iter().map(|(pattern, _)| *pattern).find(|pattern| begins(pattern))
    }

    pub(super) fn text(&self) -> String {
        format!("{}: {} became {}", self.path.join("/"), self.before, self.after)
    }
}

/// Returns all that differs between what an engine shows of two containers.
pub(super) fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(&mut Vec::new(), &comparable(before), &comparable(after), &mut changes);
    changes
}

fn compare(path: &mut Vec<String>, before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let inner: BTreeSet<String> = match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            before.keys().chain(after.keys()).cloned().collect()
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            (0..before.len()).map(|index| index.to_string()).collect()
        }
        _ if before == after => return,
        _ => {
            let (path, before, after) = (path.clone(), before.clone(), after.clone());
            return changes.push(Change { path, before, after });
        }
    };
    for name in inner {
        let child = |value: &Value| match value {
            Value::Array(items) => {
                name.parse().ok().and_then(|index: usize| items.get(index)).cloned()
            }
            value => value.get(&name).cloned(),
        };
        let (before, after) = (child(before).unwrap_or_default(), child(after).unwrap_or_default());
        path.push(name);
        compare(path, &before, &after, changes);
        path.pop();
    }
}

/// Returns what an engine shows with names in place of positions where the order means nothing,
/// without the ID that is part of so many values.
fn comparable(inspect: &Value) -> Value {
    let id = inspect["Id"].as_str().expect("a container has an ID");
    let text = inspect.to_string().replace(id, "(ID)").replace(&id[..12], "(ID)");
    let mut inspect: Value = serde_json::from_str(&text).expect("an ID is no part of the syntax");
    inspect["Id"] = id.into();
    let variables = &mut inspect["Config"]["Env"];
    *variables = named(variables, |entry| entry.as_str()?.split('=').next());
    let mounts = &mut inspect["HostConfig"]["Mounts"];
    *mounts = named(mounts, |mount| mount["Target"].as_str());
    inspect["Mounts"] = named(&inspect["Mounts"], |mount| mount["Destination"].as_str());
    inspect
}

fn named(list: &Value, name: impl Fn(&Value) -> Option<&str>) -> Value {
    let items = list.as_array().into_iter().flatten();
    let entries = items.map(|item| (name(item).unwrap_or_default().to_owned(), item.clone()));
    Value::Object(entries.collect::<Map<_, _>>())
}

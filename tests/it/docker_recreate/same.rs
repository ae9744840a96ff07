//! Whether two containers are the same but for what no container has twice.

use docker_auto::core::recreate::OPERATION_LABEL;
use serde_json::{Map, Value, json};

/// What differs between any two containers, or is looked at more closely elsewhere in this file.
const OWN: &[&str] = &[
    "Config",
    "Created",
    "ExecIDs",
    "GraphDriver",
    "HostConfig",
    "HostnamePath",
    "HostsPath",
    "Id",
    "LogPath",
    "Mounts",
    "Name",
    "NetworkSettings",
    "ResolvConfPath",
    "State",
    "Storage",
];

/// What the engine gives to each endpoint.
const GIVEN: &[&str] = &[
    "DNSNames",
    "EndpointID",
    "Gateway",
    "GlobalIPv6Address",
    "GlobalIPv6PrefixLen",
    "IPAddress",
    "IPPrefixLen",
    "IPv6Gateway",
    "MacAddress",
];

/// Returns what of a container is not shown as it was.
pub(super) fn lost(before: &Value, after: &Value) -> Vec<String> {
    let mut lost = changed(&comparable(before), &comparable(after));
    for field in ["Binds", "Mounts"] {
        for asked in list(&before["HostConfig"][field]).filter(|asked| is_named(asked)) {
            if !list(&after["HostConfig"][field]).any(|mount| mount == asked) {
                lost.push(format!("{field} lacks {asked}: {}", after["HostConfig"][field]));
            }
        }
    }
    lost
}

/// Returns what of a container's configuration is not what was asked for on the same image.
pub(super) fn misunderstood(asked: &Value, made: &Value) -> Vec<String> {
    let [asked, made] = [asked, made].map(|inspect| {
        let fields = ["Config", "Path", "Args"].iter();
        let comparable = comparable(inspect);
        Value::Object(fields.map(|&field| (field.into(), comparable[field].clone())).collect())
    });
    changed(&asked, &made)
}

/// Returns the fields of an object, and of the objects in it, that have another value.
fn changed(one: &Value, other: &Value) -> Vec<String> {
    let mut names: Vec<_> = object(one).chain(object(other)).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    let mut changes = Vec::new();
    for name in names.into_iter().filter(|&name| one[name] != other[name]) {
        if one[name].is_object() && other[name].is_object() {
            let inner = changed(&one[name], &other[name]);
            changes.extend(inner.into_iter().map(|change| format!("{name}.{change}")));
        } else {
            changes.push(format!("{name}: {} became {}", one[name], other[name]));
        }
    }
    changes
}

fn comparable(inspect: &Value) -> Value {
    let own_id = inspect["Id"].as_str().and_then(|id| id.get(..12)).expect("an ID");
    let mut shown: Map<_, _> = object(inspect)
        .filter(|(field, _)| !OWN.contains(&field.as_str()))
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    shown.insert("Status".into(), inspect["State"]["Status"].clone());
    shown.insert("Config".into(), config(&inspect["Config"], own_id));
    shown.insert("HostConfig".into(), host_config(&inspect["HostConfig"]));
    shown.insert("Mounts".into(), mounts(&inspect["Mounts"]));
    let networks = object(&inspect["NetworkSettings"]["Networks"]);
    let networks: Map<_, _> =
        networks.map(|(name, shown)| (name.clone(), endpoint(shown, own_id))).collect();
    shown.insert("Networks".into(), networks.into());
    ordered(shown.into())
}

fn config(shown: &Value, own_id: &str) -> Value {
    let mut config = shown.clone();
    if config["Hostname"] == own_id {
        config["Hostname"] = "(its ID)".into();
    }
    if let Some(labels) = config["Labels"].as_object_mut() {
        labels.remove(OPERATION_LABEL);
    }
    config["Env"] = sorted(&config["Env"]);
    config
}

fn host_config(shown: &Value) -> Value {
    let mut shown = shown.clone();
    shown["Links"] = list(&shown["Links"]).map(|link| Value::from(end_of_link(link))).collect();
    shown["Links"] = sorted(&shown["Links"]);
    for field in ["Binds", "Mounts"] {
        shown[field] = Value::Null;
    }
    shown
}

/// A link is shown with the name of the container that has it.
fn end_of_link(link: &Value) -> String {
    let link = link.as_str().expect("a link is a text");
    let (target, path) = link.split_once(':').expect("a target and an alias");
    format!("{target}:{}", path.rsplit('/').next().expect("an alias"))
}

fn mounts(shown: &Value) -> Value {
    let fields = ["Type", "Source", "Destination", "Driver", "RW", "Propagation"];
    let mount = |mount: &Value| {
        let fields = fields.iter().map(|&field| (field.to_owned(), mount[field].clone()));
        Value::Object(fields.collect())
    };
    sorted(&list(shown).map(mount).collect())
}

fn endpoint(shown: &Value, own_id: &str) -> Value {
    let mut asked: Map<_, _> = object(shown)
        .filter(|(field, _)| !GIVEN.contains(&field.as_str()))
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    let aliases = list(&shown["Aliases"]).filter(|alias| *alias != own_id).cloned().collect();
    asked.insert("Aliases".into(), sorted(&aliases));
    if !shown["IPAMConfig"]["IPv4Address"].is_null() {
        asked.insert("IPAddress".into(), shown["IPAddress"].clone());
    }
    asked.into()
}

fn is_named(asked: &Value) -> bool {
    asked.as_str().map_or(!asked["Source"].is_null(), |bind| bind.contains(':'))
}

/// Sorts keys, and makes empty values alike.
fn ordered(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> =
                fields.into_iter().map(|(key, value)| (key, ordered(value))).collect();
            fields.retain(|(_, value)| ![json!(null), json!([]), json!({})].contains(value));
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(fields.into_iter().collect())
        }
        value => value,
    }
}

fn sorted(values: &Value) -> Value {
    let mut values: Vec<_> = list(values).cloned().collect();
    values.sort_by_key(Value::to_string);
    values.into()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

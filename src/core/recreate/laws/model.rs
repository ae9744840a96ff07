//! A model of the engine, and what images give and owners ask for.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::core::recreate::effective::merged;
use crate::core::recreate::value::{clean_path, entries, items, text};

/// An image's config. Its values begin with its own letter, so that none is another's by chance.
pub(super) fn image(letter: &'static str) -> impl Strategy<Value = Value> {
    let value = move || (0..3).prop_map(move |number| format!("{letter}{number}"));
    let command = move || vec(value(), 1..3);
    let variables = btree_map(select(vec!["A", "B", "C", "PATH"]), value(), 0..4);
    let labels = btree_map(select(vec!["tier", "version", "x"]), value(), 0..3);
    let texts = (option::of(value()), option::of(value()), option::of(value()));
    let paths = (btree_set(value(), 0..3), btree_set(value(), 0..3));
    let check = option::of((value(), option::of(1..9), option::of(1..9)));
    (variables, labels, command(), command(), texts, paths, check).prop_map(
        |(variables, labels, entrypoint, cmd, (user, directory, signal), (volumes, ports), check)| {
            json!({
                "Env": variables.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>(),
                "Labels": labels,
                "Entrypoint": entrypoint,
                "Cmd": cmd,
                "User": user,
                "WorkingDir": directory.map(|directory| format!("/{directory}/")),
                "StopSignal": signal,
                "Volumes": keys(volumes.iter().map(|volume| format!("/{volume}"))),
                "ExposedPorts": keys(ports.into_iter()),
                "Healthcheck": check.map(|(test, interval, retries)| {
                    json!({"Test": ["CMD", test], "Interval": interval, "Retries": retries})
                }),
            })
        },
    )
}

fn keys(names: impl Iterator<Item = String>) -> Value {
    Value::Object(names.map(|name| (name, json!({}))).collect())
}

/// What an owner asks for: any part of it may be missing.
pub(super) fn wish() -> impl Strategy<Value = Value> {
    let value = || (0..3).prop_map(|number| format!("own{number}"));
    let entry = prop_oneof![
        (select(vec!["A", "B", "OWN"]), value()).prop_map(|(key, value)| format!("{key}={value}")),
        select(vec!["A", "C", "NONE"]).prop_map(str::to_owned),
    ];
    let command = prop_oneof![
        Just(json!({})),
        value().prop_map(|cmd| json!({"Cmd": [cmd]})),
        value().prop_map(|entrypoint| json!({"Entrypoint": [entrypoint]})),
        (value(), value())
            .prop_map(|(entrypoint, cmd)| { json!({"Entrypoint": [entrypoint], "Cmd": [cmd]}) }),
        value().prop_map(|cmd| json!({"Entrypoint": [""], "Cmd": [cmd]})),
        Just(json!({"Entrypoint": []})),
        value().prop_map(|cmd| json!({"Entrypoint": [], "Cmd": [cmd]})),
    ];
    let labels =
        btree_map(select(vec!["tier", "own", "com.docker.compose.project"]), value(), 0..3);
    let check = prop_oneof![
        Just(Value::Null),
        (11..19).prop_map(|interval| json!({"Interval": interval, "StartInterval": 20})),
        value().prop_map(|test| json!({"Test": ["CMD", test]})),
        Just(json!({"Test": ["NONE"]})),
    ];
    let texts =
        (option::of(value()), option::of(value()), option::of(value()), option::of(value()));
    let mounts = (btree_set(0..4_u8, 0..4), vec(any::<Index>(), 4));
    (vec(entry, 0..4), labels, command, check, texts, mounts).prop_map(
        |(env, labels, command, check, (user, directory, signal, hostname), (targets, forms))| {
            let mut wish = json!({
                "Env": env,
                "Labels": labels,
                "Healthcheck": check,
                "User": user,
                "WorkingDir": directory.map(|directory| format!("/{directory}")),
                "StopSignal": signal,
                "Hostname": hostname,
                "Volumes": {},
                "HostConfig": {"Binds": [], "Mounts": [], "NetworkMode": "net", "Future": [1]},
                "NetworkingConfig": {"EndpointsConfig": {"net": {"Aliases": ["app"]}}},
            });
            for (field, value) in entries(&command) {
                wish[field] = value.clone();
            }
            for (target, form) in targets.into_iter().zip(forms) {
                ask_for_volume(&mut wish, &format!("/own{target}"), form.index(5));
            }
            wish
        },
    )
}

fn ask_for_volume(wish: &mut Value, target: &str, form: usize) {
    let host_config = &mut wish["HostConfig"];
    let list = |value: &mut Value, item: Value| value.as_array_mut().unwrap().push(item);
    match form {
        0 => wish["Volumes"][target] = json!({}),
        1 => list(&mut host_config["Binds"], target.into()),
        2 => list(&mut host_config["Binds"], format!("named:{target}:ro").into()),
        3 => list(&mut host_config["Mounts"], json!({"Type": "volume", "Target": target})),
        _ => {
            let mount = json!({"Type": "volume", "Source": "named", "Target": target});
            list(&mut host_config["Mounts"], mount);
        }
    }
}

/// What an engine at API 1.41 shows of a container created from a body on an image. The digit is
/// what the engine makes up: it stands in the ID and in the names of volumes.
pub(super) fn shown(digit: char, body: &Value, image: &Value) -> Value {
    let id = digit.to_string().repeat(64);
    let mut config = merged(body, image);
    for field in ["HostConfig", "NetworkingConfig"] {
        config.as_object_mut().unwrap().remove(field);
    }
    if text(&config["Hostname"]).is_empty() {
        config["Hostname"] = id[..12].into();
    }
    let directory = clean_path(text(&config["WorkingDir"]));
    config["WorkingDir"] = directory.into();
    config["Image"] = "app:1".into();
    let mut host_config = body["HostConfig"].clone();
    host_config["ConsoleSize"] = json!([0, 0]);
    host_config["OomKillDisable"] = false.into();
    let mut aliases =
        items(&body["NetworkingConfig"]["EndpointsConfig"]["net"]["Aliases"]).to_vec();
    aliases.extend([id[..12].into(), config["Hostname"].clone()]);
    let endpoint = json!({
        "Aliases": aliases,
        "NetworkID": "11",
        "IPAddress": "10.0.0.2",
        "MacAddress": "02:42:0a:00:00:02",
    });
    json!({
        "Id": id,
        "Name": "/app",
        "State": {"Status": "running"},
        "Mounts": mounted(digit, &config, &host_config),
        "Config": config,
        "HostConfig": host_config,
        "NetworkSettings": {"Networks": {"net": endpoint}},
    })
}

fn mounted(digit: char, config: &Value, host_config: &Value) -> Vec<Value> {
    let mut volumes = BTreeMap::new();
    for bind in items(&host_config["Binds"]).iter().map(text) {
        let mut parts = bind.split(':');
        match (parts.next(), parts.next()) {
            (Some(name), Some(target)) => volumes.insert(target, name.to_owned()),
            _ => volumes.insert(bind, format!("{digit}{bind}")),
        };
    }
    for mount in items(&host_config["Mounts"]) {
        let target = text(&mount["Target"]);
        let name =
            mount["Source"].as_str().map_or_else(|| format!("{digit}{target}"), str::to_owned);
        volumes.insert(target, name);
    }
    for (target, _) in entries(&config["Volumes"]) {
        volumes.entry(target).or_insert_with(|| format!("{digit}{target}"));
    }
    let show =
        |(target, name)| json!({"Type": "volume", "Name": name, "Destination": target, "RW": true});
    volumes.into_iter().map(show).collect()
}

//! What holds for every container: a model of the engine creates it, shows it, and it is made anew.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;

use crate::core::inventory::{ApiVersion, ImageStore};
use crate::core::recreate::effective::merged;
use crate::core::recreate::value::{entries, items, text};
use crate::core::recreate::*;

/// An image's config. Its values begin with its own letter, so that none is another's by chance.
fn image(letter: &'static str) -> impl Strategy<Value = Value> {
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
fn wish() -> impl Strategy<Value = Value> {
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
fn shown(digit: char, body: &Value, image: &Value) -> Value {
    let id = digit.to_string().repeat(64);
    let mut config = merged(body, image);
    for field in ["HostConfig", "NetworkingConfig"] {
        config.as_object_mut().unwrap().remove(field);
    }
    if text(&config["Hostname"]).is_empty() {
        config["Hostname"] = id[..12].into();
    }
    let directory = value::clean_path(text(&config["WorkingDir"]));
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

fn engine() -> EngineFacts {
    EngineFacts {
        api_version: ApiVersion::v1(41),
        version: String::new(),
        name: "host".into(),
        platform: Platform::new("linux", "amd64", None),
        store: ImageStore::GraphDriver,
        default_runtime: "runc".into(),
        runtimes: Vec::new(),
        cgroup_version: 2,
        registry_mirrors: Vec::new(),
        insecure_registries: Vec::new(),
        podman: false,
    }
}

/// Returns the body that moves a shown container from one image to another.
fn moved(inspect: &Value, old: &Value, new: &Value) -> Result<Recreation, PlanError> {
    let image = |config: &Value| json!({"os": "linux", "architecture": "amd64", "config": config});
    recreate(&Subject {
        inspect,
        mac_inspect: None,
        old_image: Some(&image(old)),
        new_image: Some(&image(new)),
        reference: &ImageRef::parse("app:1").unwrap(),
        engine: &engine(),
        operation: &OperationId::new("op"),
        containers: &BTreeMap::new(),
        volume_sources: &[],
        compose_image: None,
    })
}

/// Returns what takes effect, in an order of its own, without what the engine made up and without
/// the label that says who made it.
fn effect(inspect: &Value) -> Value {
    let config = &inspect["Config"];
    let mut effect: Map<_, _> = entries(config)
        .filter(|(field, value)| *field != "Env" && !value::is_empty(value))
        .map(|(field, value)| (field.to_owned(), value.clone()))
        .collect();
    let mut env: Vec<_> = items(&config["Env"]).iter().map(text).collect();
    env.sort_unstable();
    effect.insert("Env".into(), env.into());
    if text(&config["Hostname"]).starts_with(char::is_numeric) {
        effect.remove("Hostname");
    }
    if let Some(Value::Object(labels)) = effect.get_mut("Labels") {
        labels.remove(OPERATION_LABEL);
    }
    for field in ["Healthcheck", "Labels", "Volumes", "ExposedPorts"] {
        let filled = entries(&config[field]).any(|(key, _)| key != OPERATION_LABEL);
        if !filled {
            effect.remove(field);
        }
    }
    effect.into()
}

fn volumes(inspect: &Value) -> BTreeMap<&str, &str> {
    let mounts = items(&inspect["Mounts"]).iter();
    mounts.map(|mount| (text(&mount["Destination"]), text(&mount["Name"]))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Moving a container is the same as having asked for it on the new image in the first place.
    #[test]
    fn a_wish_is_kept_on_another_image(wish in wish(), old in image("old"), new in image("new")) {
        let made = moved(&shown('1', &wish, &old), &old, &new)?;
        let (after, asked) = (shown('2', &made.body, &new), shown('3', &wish, &new));
        prop_assert_eq!(effect(&after), effect(&asked));
    }

    #[test]
    fn no_volume_is_exchanged(wish in wish(), old in image("old"), new in image("new")) {
        let before = shown('1', &wish, &old);
        let after = shown('2', &moved(&before, &old, &new)?.body, &new);
        let (before, after) = (volumes(&before), volumes(&after));
        for (target, name) in before {
            prop_assert_eq!(after.get(target), Some(&name), "at {}", target);
        }
    }

    /// Made anew on its own image it is the same again, and so is what would be sent the next time.
    #[test]
    fn on_its_own_image_it_stays_the_same(wish in wish(), image in image("old")) {
        let original = shown('1', &wish, &image);
        let first = moved(&original, &image, &image)?;
        let second = moved(&shown('2', &first.body, &image), &image, &image)?;
        prop_assert_eq!(effect(&original), effect(&shown('2', &first.body, &image)));
        prop_assert_eq!(&first.body, &second.body);
        prop_assert!(second.differences.is_empty(), "{:?}", second.differences);
    }

    /// Whatever an engine, a proxy or a plugin answers, there is a body or an error.
    #[test]
    fn nothing_panics(wish in wish(), at in any::<Index>(), odd in select(oddities())) {
        let image = json!({"Env": ["A=1"], "Labels": {"a": "b"}, "Volumes": {"/v": {}}});
        for minor in [41, 52] {
            let mut inspect = shown('1', &wish, &image);
            inspect["HostConfig"]["Sysctls"] = json!({"net.ipv4.conf.eth0.x": "1"});
            inspect["HostConfig"]["VolumesFrom"] = json!(["gone:ro"]);
            inspect["NetworkSettings"]["Networks"]["net"]["DriverOpts"] = json!({"a": "b"});
            let mut places = paths(&inspect, String::new());
            let place = places.swap_remove(at.index(places.len()));
            *inspect.pointer_mut(&place).unwrap() = odd.clone();
            let engine = EngineFacts { api_version: ApiVersion::v1(minor), ..engine() };
            let subject = Subject {
                inspect: &inspect,
                mac_inspect: Some(&odd),
                old_image: Some(&odd),
                new_image: Some(&image),
                reference: &ImageRef::parse("app:1").unwrap(),
                engine: &engine,
                operation: &OperationId::new("op"),
                containers: &BTreeMap::new(),
                volume_sources: std::slice::from_ref(&odd),
                compose_image: None,
            };
            let _ = (recreate(&subject), restore(&subject));
        }
    }
}

fn oddities() -> Vec<Value> {
    let lists = [json!([]), json!([null]), json!([1]), json!([{"a": []}]), json!(["x"])];
    let objects = [json!({}), json!({"a": 1}), json!({"a": null, "Type": "volume"})];
    let plain = [Value::Null, json!(true), json!(-1), json!(1e300), json!(""), json!(":é:/")];
    lists.into_iter().chain(objects).chain(plain).collect()
}

/// Returns the pointers to all values.
fn paths(value: &Value, at: String) -> Vec<String> {
    let children: Vec<_> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, child)| (key.replace('~', "~0").replace('/', "~1"), child))
            .collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, child)| (index.to_string(), child)).collect()
        }
        _ => Vec::new(),
    };
    let deeper = children.iter().flat_map(|(key, child)| paths(child, format!("{at}/{key}")));
    let deeper: Vec<_> = deeper.collect();
    [vec![at], deeper].concat()
}

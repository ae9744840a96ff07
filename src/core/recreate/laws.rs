//! What holds for every container: a model of the engine creates it, shows it, and it is made anew.

mod model;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;

use crate::core::inventory::{ApiVersion, ImageStore};
use crate::core::recreate::laws::model::{image, shown, wish};
use crate::core::recreate::value::{entries, is_empty, items, text};
use crate::core::recreate::*;

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
        earlier: None,
        old_image: Some(&image(old)),
        new_image: Some(&image(new)),
        reference: &ImageRef::parse("app:1").unwrap(),
        engine: &engine(),
        operation: &OperationId::new("op"),
        containers: &BTreeMap::new(),
        remembered: &BTreeMap::new(),
        volume_sources: &[],
        compose_image: None,
    })
}

/// Returns what takes effect, in an order of its own, without what the engine made up and without
/// the label that says who made it.
fn effect(inspect: &Value) -> Value {
    let config = &inspect["Config"];
    let mut effect: Map<_, _> = entries(config)
        .filter(|(field, value)| *field != "Env" && !is_empty(value))
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
                earlier: Some(&odd),
                old_image: Some(&odd),
                new_image: Some(&image),
                reference: &ImageRef::parse("app:1").unwrap(),
                engine: &engine,
                operation: &OperationId::new("op"),
                containers: &BTreeMap::new(),
        remembered: &BTreeMap::new(),
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

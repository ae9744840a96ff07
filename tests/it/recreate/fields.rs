//! Every field of a create body, as the engine's API has it, goes through; and so do those that it
//! may get some day.

use std::collections::BTreeSet;

use bollard::models::ContainerCreateBody;
use serde_json::{Value, json};

use super::{Situation, made};
use crate::support::model::{EACH, Field, fields};

/// Fields that are not sent as they are shown, and why.
const OTHERWISE: &[(&str, &str)] = &[
    ("HostConfig.ContainerIDFile", "a file on the side of the client"),
    ("NetworkingConfig.EndpointsConfig.*.DNSNames.*", "given by the engine"),
    ("NetworkingConfig.EndpointsConfig.*.EndpointID", "given by the engine"),
    ("NetworkingConfig.EndpointsConfig.*.Gateway", "given by the engine"),
    ("NetworkingConfig.EndpointsConfig.*.GlobalIPv6Address", "given by the engine"),
    ("NetworkingConfig.EndpointsConfig.*.GlobalIPv6PrefixLen", "given by the engine"),
    ("NetworkingConfig.EndpointsConfig.*.IPAddress", "given by the engine"),
    ("NetworkingConfig.EndpointsConfig.*.IPPrefixLen", "given by the engine"),
    ("NetworkingConfig.EndpointsConfig.*.IPv6Gateway", "given by the engine"),
    (
        "NetworkingConfig.EndpointsConfig.*.MacAddress",
        "only what was asked for; cases of their own",
    ),
    ("NetworkingConfig.EndpointsConfig.*.NetworkID", "given by the engine"),
];

/// Fields in which not every text makes sense.
const SENSE: &[(&str, &str)] = &[
    ("HostConfig.Links.*", "db:alias"),
    ("HostConfig.VolumesFrom.*", "db:ro"),
    ("HostConfig.NetworkMode", "net"),
];

/// Returns a running container with nothing of its own in a network of its own.
fn bare() -> Value {
    json!({
        "Id": "ab".repeat(32), "Name": "/web", "State": {"Status": "running"}, "Mounts": [],
        "Config": {"Image": "demo/app:1", "Labels": {}},
        "HostConfig": {"NetworkMode": "net"},
        "NetworkSettings": {"Networks": {"net": {"NetworkID": "1", "EndpointID": "2"}}},
    })
}

/// Returns where the engine shows a field of a create body.
fn shown(field: &Field) -> Option<Field> {
    let path = match field.path.as_slice() {
        ["HostConfig", ..] => field.path.clone(),
        ["NetworkingConfig", "EndpointsConfig", EACH, rest @ ..] => {
            [&["NetworkSettings", "Networks", EACH], rest].concat()
        }
        ["NetworkingConfig", ..] => return None,
        path => [&["Config"], path].concat(),
    };
    Some(field.at(path))
}

/// Returns what is sent in a field of a container that has a value there.
fn sent(field: &Field, value: &Value) -> Option<Vec<Value>> {
    let mut inspect = bare();
    shown(field)?.write(&mut inspect, "net", value.clone());
    for (options, kind) in
        [("Bind", "bind"), ("Volume", "volume"), ("Tmpfs", "tmpfs"), ("Image", "image")]
    {
        if field.path.contains(&&*format!("{options}Options")) {
            inspect["HostConfig"]["Mounts"][0]["Type"] = kind.into();
        }
    }
    let nothing = json!({"Config": {}});
    let made = made(&Situation {
        inspect: &inspect,
        mac_inspect: None,
        old_image: Some(&nothing),
        new_image: Some(&nothing),
        rest: &json!({"engine": {"api_version": "1.56"}, "containers": {"cd": "db"}}),
    });
    let body = made.unwrap_or_else(|error| panic!("{field}: {error}")).body;
    Some(field.values(&body).into_iter().map(|(_, value)| value.clone()).collect())
}

#[test]
fn every_field_of_the_api_is_sent_as_it_is_shown() {
    let all = fields::<ContainerCreateBody>();
    assert!(all.len() > 130, "the fields are found: {}", all.len());
    let mut otherwise = BTreeSet::new();
    for field in &all {
        let path = field.to_string();
        let text = SENSE.iter().find(|(name, _)| *name == path).map(|(_, text)| json!(text));
        let value = text.unwrap_or_else(|| field.sample.clone());
        if sent(field, &value).is_none_or(|sent| !sent.contains(&value)) {
            otherwise.insert(path);
        }
    }
    assert_eq!(otherwise, OTHERWISE.iter().map(|(path, _)| (*path).to_owned()).collect());
}

#[test]
fn fields_of_tomorrow_go_along_everywhere() {
    let mut seen = BTreeSet::new();
    let tomorrow = json!({"a": [1, null, ""]});
    for field in fields::<ContainerCreateBody>() {
        // Beside each field there may be another one some day.
        let beside = field.path.iter().rposition(|name| *name != EACH).expect("a field has a name");
        let mut path = field.path[..beside].to_vec();
        path.push("FieldOfTomorrow");
        let field = field.at(path);
        if seen.insert(field.to_string())
            && let Some(sent) = sent(&field, &tomorrow)
        {
            assert!(sent.contains(&tomorrow), "{field}: {sent:?}");
        }
    }
    assert!(seen.len() > 20, "{seen:?}");
}

//! Containers as engines show them → create bodies: `fixtures/recreate/<case>`, and a note why.
//!
//! A case holds `inspect.json`, `old-image.json` and `new-image.json` where they are known,
//! `case.json` for everything else (all of it optional), `expected.json` and `note.txt`.
//! In `expected.json` the body's `HostConfig` stands as what it omits and changes of the one shown;
//! all the rest of it is sent as it is shown. `UPDATE_EXPECT=1` writes what is found into that file;
//! read the difference before you keep it.

mod fields;
mod versions;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use docker_auto::core::digest::Platform;
use docker_auto::core::id::{ContainerId, ContainerName, ImageId, OperationId};
use docker_auto::core::inventory::{ApiVersion, EngineFacts, ImageStore};
use docker_auto::core::recreate::{
    ComposeImage, ImageIdentity, PlanError, Recreation, Subject, recreate, restore,
};
use docker_auto::core::reference::ImageRef;
use serde_json::{Map, Value, json};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/recreate");

#[test]
fn containers_are_made_anew_as_they_were_asked_for() {
    let cases = cases();
    assert!(cases.len() >= 40, "only {} cases in {CASES}", cases.len());
    let failures: Vec<_> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<_> = fs::read_dir(CASES).unwrap().map(|case| case.unwrap().path()).collect();
    cases.sort();
    cases
}

fn check(case: &Path) -> Result<(), String> {
    let note = fs::read_to_string(case.join("note.txt")).unwrap_or_default();
    assert!(note.contains("Source: "), "{} has no note with its source", case.display());
    let inspect = read(case, "inspect").expect("every case has an inspect");
    let found = shape(&inspect, found(case, &inspect));
    let path = case.join("expected.json");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &found).expect("the case's folder can be written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected == found {
        return Ok(());
    }
    let line = expected.lines().zip(found.lines()).position(|(expected, found)| expected != found);
    let line = line.unwrap_or_else(|| expected.lines().count().min(found.lines().count()));
    let at = |text: &str| text.lines().nth(line).unwrap_or("(end)").trim().to_owned();
    Err(format!(
        "{}:{}\n{note}  expected: {}\n  found:    {}",
        path.display(),
        line + 1,
        at(&expected),
        at(&found)
    ))
}

fn found(case: &Path, inspect: &Value) -> Result<Recreation, PlanError> {
    let (old_image, new_image) = (read(case, "old-image"), read(case, "new-image"));
    let rest = read(case, "case").unwrap_or_default();
    made(&Situation {
        inspect,
        mac_inspect: rest.get("mac_inspect"),
        old_image: old_image.as_ref(),
        new_image: new_image.as_ref(),
        rest: &rest,
    })
}

/// A container that shall be made anew.
struct Situation<'a> {
    inspect: &'a Value,
    mac_inspect: Option<&'a Value>,
    old_image: Option<&'a Value>,
    new_image: Option<&'a Value>,
    /// Everything else, as `case.json` has it.
    rest: &'a Value,
}

fn made(situation: &Situation<'_>) -> Result<Recreation, PlanError> {
    let Situation { inspect, mac_inspect, old_image, new_image, rest } = *situation;
    let text = rest["reference"].as_str().or(inspect["Config"]["Image"].as_str());
    let text = text.expect("a container has an image");
    let compose_image = rest.get("compose_image").map(compose_image);
    let subject = Subject {
        inspect,
        mac_inspect,
        earlier: rest.get("earlier"),
        old_image,
        new_image,
        reference: &ImageRef::parse(text).expect("a case follows a reference"),
        engine: &engine(&rest["engine"]),
        operation: &OperationId::new("0198c0de-0000-7000-8000-0000000a1b2c"),
        containers: &containers(&rest["containers"]),
        remembered: &containers(&rest["remembered"]),
        volume_sources: rest["volume_sources"].as_array().map_or(&[], Vec::as_slice),
        compose_image: compose_image.as_ref(),
    };
    if rest["purpose"] == "restore" { restore(&subject) } else { recreate(&subject) }
}

fn read(case: &Path, name: &str) -> Option<Value> {
    let text = fs::read_to_string(case.join(name).with_extension("json")).ok()?;
    let error = |error| panic!("{}/{name}.json: {error}", case.display());
    Some(serde_json::from_str(&text).unwrap_or_else(error))
}

fn engine(facts: &Value) -> EngineFacts {
    let api_version = facts["api_version"].as_str().unwrap_or("1.41");
    EngineFacts {
        api_version: ApiVersion::parse(api_version).expect("1.41 and the like"),
        version: String::new(),
        name: facts["name"].as_str().unwrap_or("docker-host").to_owned(),
        platform: Platform::new("linux", "amd64", None),
        store: ImageStore::GraphDriver,
        default_runtime: "runc".to_owned(),
        runtimes: vec!["runc".to_owned()],
        cgroup_version: facts["cgroup_version"]
            .as_u64()
            .map_or(1, |version| if version == 2 { 2 } else { 1 }),
        registry_mirrors: Vec::new(),
        insecure_registries: Vec::new(),
        podman: facts["podman"] == true,
    }
}

fn containers(names: &Value) -> BTreeMap<ContainerId, ContainerName> {
    let names = names.as_object().into_iter().flatten();
    names
        .map(|(id, name)| {
            (ContainerId::new(id.as_str()), ContainerName::new(name.as_str().expect("a name")))
        })
        .collect()
}

fn compose_image(identities: &Value) -> ComposeImage {
    let identity = |side: &str| ImageIdentity {
        id: ImageId::new(identities[side]["id"].as_str().expect("an image ID")),
        manifest: identities[side]["manifest"]
            .as_str()
            .map(|digest| digest.parse().expect("a digest")),
    };
    ComposeImage { old: identity("old"), new: identity("new") }
}

fn shape(inspect: &Value, found: Result<Recreation, PlanError>) -> String {
    let shape = match found {
        Ok(mut made) => {
            made.body["HostConfig"] = changes(&inspect["HostConfig"], &made.body["HostConfig"]);
            json!({
                "body": made.body,
                "platform": made.platform.to_string(),
                "connects": made.connects,
                "warnings": made.warnings,
                "differences": made.differences,
            })
        }
        Err(error) => json!({"error": error.to_string()}),
    };
    format!("{:#}\n", sorted(shape))
}

/// The order of fields means nothing.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().collect();
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            fields.into_iter().map(|(name, value)| (name, sorted(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        value => value,
    }
}

fn changes(shown: &Value, sent: &Value) -> Value {
    let shown = shown.as_object().expect("an object");
    let sent = sent.as_object().expect("an object");
    let omitted: Vec<_> = shown.keys().filter(|field| !sent.contains_key(*field)).collect();
    let changed: Map<_, _> = sent
        .iter()
        .filter(|(field, value)| shown.get(*field) != Some(value))
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    json!({"omitted": omitted, "changed": changed})
}

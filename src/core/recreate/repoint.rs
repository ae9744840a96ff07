//! Lets a container have other volumes in the place of those it had: its data was restored into them.

use serde_json::{Map, Value, json};

use crate::core::backup::{MountSource, RestoredMount};
use crate::core::recreate::value::{clean_path, items, text};

/// Options that the engine knows for folders of the host and refuses for volumes.
const OF_BINDS: &[&str] = &[
    "private",
    "rprivate",
    "shared",
    "rshared",
    "slave",
    "rslave",
    "cached",
    "consistent",
    "default",
    "delegated",
];

/// Points a body to restored volumes wherever it names what they stand in for; a place that came from
/// another container or from the image gets a mount of its own.
pub fn repoint(body: &mut Value, restored: &[RestoredMount]) {
    let Some(host_config) = body.get_mut("HostConfig").and_then(Value::as_object_mut) else {
        return;
    };
    for bind in list(host_config, "Binds") {
        if let Some(pointed) = bound(text(bind), restored) {
            *bind = pointed.into();
        }
    }
    for mount in list(host_config, "Mounts") {
        point(mount, restored);
    }
    let missing: Vec<Value> = missing(host_config, restored).collect();
    if !missing.is_empty() {
        let asked = host_config.entry("Mounts").or_insert(Value::Null);
        *asked = items(asked).iter().cloned().chain(missing).collect();
    }
}

fn list<'a>(
    host_config: &'a mut Map<String, Value>,
    field: &str,
) -> impl Iterator<Item = &'a mut Value> {
    host_config.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Returns `volume:target:options` for what a bind names, if that was restored.
fn bound(bind: &str, restored: &[RestoredMount]) -> Option<String> {
    let mut parts = bind.splitn(3, ':');
    let (source, target) = (parts.next()?, parts.next()?);
    let options = parts.next().unwrap_or_default().split(',');
    let is_same = |mount: &&RestoredMount| match &mount.source {
        MountSource::Volume(name) => name == source,
        MountSource::Bind(path) => *path == clean_path(source),
    };
    let volume = &restored.iter().find(is_same)?.volume;
    let options: Vec<_> =
        options.filter(|option| !option.is_empty() && !OF_BINDS.contains(option)).collect();
    let options = options.join(",");
    let colon = if options.is_empty() { "" } else { ":" };
    Some(format!("{volume}:{target}{colon}{options}"))
}

/// What a mount asks for beside its source stays, as far as it is not about how the volume is made.
fn point(mount: &mut Value, restored: &[RestoredMount]) {
    let (kind, source) = (text(&mount["Type"]), text(&mount["Source"]));
    let is_same = |one: &&RestoredMount| match &one.source {
        MountSource::Volume(name) => kind == "volume" && name == source,
        MountSource::Bind(path) => kind == "bind" && *path == clean_path(source),
    };
    let Some(volume) = restored.iter().find(is_same).map(|one| &one.volume) else { return };
    let Value::Object(mount) = mount else { return };
    mount.insert("Type".into(), "volume".into());
    mount.insert("Source".into(), volume.as_str().into());
    mount.remove("BindOptions");
    if let Some(Value::Object(options)) = mount.get_mut("VolumeOptions") {
        options.remove("DriverConfig");
        options.remove("Labels");
    }
}

/// Returns mounts for those places that the body does not name.
fn missing<'a>(
    host_config: &Map<String, Value>,
    restored: &'a [RestoredMount],
) -> impl Iterator<Item = Value> + use<'a> {
    let of = |field: &str| items(host_config.get(field).unwrap_or(&Value::Null)).to_vec();
    let binds = of("Binds");
    let binds = binds.iter().filter_map(|bind| text(bind).split(':').nth(1));
    let mounts = of("Mounts");
    let mounts = mounts.iter().map(|mount| text(&mount["Target"]));
    let named: Vec<String> = binds.chain(mounts).map(clean_path).collect();
    let places = restored.iter().flat_map(|one| one.destinations.iter().map(move |it| (it, one)));
    places.filter(move |(place, _)| !named.contains(&clean_path(place))).map(|(place, one)| {
        json!({
            "Type": "volume", "Source": one.volume, "Target": place, "ReadOnly": false,
            "VolumeOptions": {"NoCopy": true},
        })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn restored(source: MountSource, place: &str, volume: &str) -> RestoredMount {
        RestoredMount {
            file: "0.tar.gz".into(),
            sha256: String::new(),
            archive_bytes: 0,
            source,
            destinations: vec![place.to_owned()],
            volume: volume.to_owned(),
            labels: BTreeMap::new(),
        }
    }

    #[test]
    fn bodies_name_the_restored_volumes() {
        let volume = |name: &str| MountSource::Volume(name.to_owned());
        let bind = |path: &str| MountSource::Bind(path.to_owned());
        let all = [
            restored(volume("data"), "/d", "d2"),
            restored(bind("/srv/web"), "/w", "w2"),
            restored(volume("loose"), "/l", "l2"),
        ];
        for (before, after) in [
            (
                json!({"Binds": ["data:/d", "/srv/web/:/w:rw,rslave,z", "data:/again:ro", "/srv/x:/x"]}),
                json!({"Binds": ["d2:/d", "w2:/w:rw,z", "d2:/again:ro", "/srv/x:/x"],
                    "Mounts": [{"Type": "volume", "Source": "l2", "Target": "/l",
                                "ReadOnly": false, "VolumeOptions": {"NoCopy": true}}]}),
            ),
            (
                json!({"Binds": null, "Mounts": [
                {"Type": "volume", "Source": "data", "Target": "/d", "VolumeOptions": {"Subpath": "s",
                 "Labels": {"a": "b"}, "DriverConfig": {"Name": "x"}}},
                {"Type": "bind", "Source": "/srv/web", "Target": "/w", "ReadOnly": false,
                 "BindOptions": {"Propagation": "rslave"}},
                {"Type": "volume", "Source": "loose", "Target": "/l/"},
                {"Type": "bind", "Source": "data", "Target": "/o"}]}),
                json!({"Binds": null, "Mounts": [
                {"Type": "volume", "Source": "d2", "Target": "/d", "VolumeOptions": {"Subpath": "s"}},
                {"Type": "volume", "Source": "w2", "Target": "/w", "ReadOnly": false},
                {"Type": "volume", "Source": "l2", "Target": "/l/"},
                {"Type": "bind", "Source": "data", "Target": "/o"}]}),
            ),
        ] {
            let mut body = json!({"HostConfig": before});
            repoint(&mut body, &all);
            assert_eq!(body, json!({"HostConfig": after}));
        }
    }
}

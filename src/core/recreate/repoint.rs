//! Lets a container have other volumes in the place of those it had: its data was restored into them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::core::backup::{MountSource, RestoredMount};
use crate::core::recreate::value::{clean_path, entries, items, text};

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

/// Points a body to restored volumes: at the places where the data was seen, whatever is mounted there
/// now, and wherever else the same data is named; a place that came from another container or from the
/// image gets a mount of its own. Returns the places that could not be given their volume.
pub fn repoint(body: &mut Value, restored: &[RestoredMount]) -> Vec<String> {
    let Some(host_config) = body.get_mut("HostConfig").and_then(Value::as_object_mut) else {
        return places(restored).map(|(place, _)| place.clone()).collect();
    };
    let stand_ins = StandIns::of(host_config, restored);
    for bind in list(host_config, "Binds") {
        if let Some(pointed) = bound(text(bind), &stand_ins) {
            *bind = pointed.into();
        }
    }
    for mount in list(host_config, "Mounts") {
        point(mount, &stand_ins);
    }
    let named: Vec<_> = named(host_config).map(|(place, _)| place).collect();
    let missing = places(restored).filter(|(place, _)| !named.contains(&clean_path(place)));
    let missing: Vec<Value> = missing.map(|(place, one)| mount_of(place, one)).collect();
    if !missing.is_empty() {
        let asked = host_config.entry("Mounts").or_insert(Value::Null);
        *asked = items(asked).iter().cloned().chain(missing).collect();
    }
    without_their_volume(host_config, restored)
}

fn places(restored: &[RestoredMount]) -> impl Iterator<Item = (&String, &RestoredMount)> {
    restored.iter().flat_map(|one| one.destinations.iter().map(move |place| (place, one)))
}

fn list<'a>(
    host_config: &'a mut Map<String, Value>,
    field: &str,
) -> impl Iterator<Item = &'a mut Value> {
    host_config.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Which volumes stand in for what a body names.
struct StandIns<'a> {
    by_place: BTreeMap<String, &'a str>,
    by_source: BTreeMap<MountSource, &'a str>,
}

impl<'a> StandIns<'a> {
    /// What is at a place now may have come there after the backup was made, and be named elsewhere
    /// as well.
    fn of(host_config: &Map<String, Value>, restored: &'a [RestoredMount]) -> Self {
        let volumes = places(restored).map(|(place, one)| (clean_path(place), one.volume.as_str()));
        let by_place: BTreeMap<_, _> = volumes.collect();
        let saved = restored.iter().map(|one| (one.source.clone(), one.volume.as_str()));
        let mut by_source: BTreeMap<_, _> = saved.collect();
        for (place, source) in named(host_config) {
            if let (Some(volume), Some(source)) = (by_place.get(&place), source) {
                by_source.insert(source, volume);
            }
        }
        Self { by_place, by_source }
    }

    fn find(&self, place: &str, source: Option<&MountSource>) -> Option<&'a str> {
        let by_source = || source.and_then(|source| self.by_source.get(source));
        self.by_place.get(&clean_path(place)).or_else(by_source).copied()
    }
}

/// Returns the places that a body names, with what is mounted there.
fn named(host_config: &Map<String, Value>) -> impl Iterator<Item = (String, Option<MountSource>)> {
    let of = |field: &str| host_config.get(field).map_or(&[][..], items);
    let binds = of("Binds").iter().map(|bind| {
        let (source, place, _) = parts(text(bind));
        (clean_path(place), source)
    });
    let mounts =
        of("Mounts").iter().map(|mount| (clean_path(text(&mount["Target"])), source(mount)));
    binds.chain(mounts)
}

/// Returns source, place and options of a bind; one that names its place alone is a volume without a
/// name.
fn parts(bind: &str) -> (Option<MountSource>, &str, &str) {
    let mut parts = bind.splitn(3, ':');
    let first = parts.next().unwrap_or_default();
    let Some(place) = parts.next() else { return (None, first, "") };
    let source = if first.starts_with('/') {
        MountSource::Bind(clean_path(first))
    } else {
        MountSource::Volume(first.to_owned())
    };
    (Some(source), place, parts.next().unwrap_or_default())
}

fn source(mount: &Value) -> Option<MountSource> {
    match (text(&mount["Type"]), text(&mount["Source"])) {
        (_, "") => None,
        ("volume", name) => Some(MountSource::Volume(name.to_owned())),
        ("bind", path) => Some(MountSource::Bind(clean_path(path))),
        _ => None,
    }
}

/// Returns `volume:place:options` for what a bind names, if that was restored.
fn bound(bind: &str, stand_ins: &StandIns<'_>) -> Option<String> {
    let (source, place, options) = parts(bind);
    let volume = stand_ins.find(place, source.as_ref())?;
    let options: Vec<_> = options
        .split(',')
        .filter(|option| !option.is_empty() && !OF_BINDS.contains(option))
        .collect();
    let options = options.join(",");
    let colon = if options.is_empty() { "" } else { ":" };
    Some(format!("{volume}:{place}{colon}{options}"))
}

/// What a mount asks for beside its source stays, as far as it is not about how the volume is made.
fn point(mount: &mut Value, stand_ins: &StandIns<'_>) {
    if !matches!(text(&mount["Type"]), "volume" | "bind") {
        return;
    }
    let found = stand_ins.find(text(&mount["Target"]), source(mount).as_ref());
    let (Some(volume), Value::Object(mount)) = (found, mount) else { return };
    mount.insert("Type".into(), "volume".into());
    mount.insert("Source".into(), volume.into());
    mount.remove("BindOptions");
    if let Some(Value::Object(options)) = mount.get_mut("VolumeOptions") {
        options.remove("DriverConfig");
        options.remove("Labels");
    }
}

fn mount_of(place: &str, restored: &RestoredMount) -> Value {
    json!({
        "Type": "volume", "Source": restored.volume, "Target": place, "ReadOnly": false,
        "VolumeOptions": {"NoCopy": true},
    })
}

/// Returns the places at which a body does not have the volume that was restored for them.
fn without_their_volume(
    host_config: &Map<String, Value>,
    restored: &[RestoredMount],
) -> Vec<String> {
    let tmpfs = host_config.get("Tmpfs").map(entries).into_iter().flatten();
    let tmpfs: Vec<_> = tmpfs.map(|(place, _)| clean_path(place)).collect();
    let named: Vec<_> = named(host_config).collect();
    let wrong = places(restored).filter(|(place, one)| {
        let place = clean_path(place);
        let volume = Some(MountSource::Volume(one.volume.clone()));
        let mut there = named.iter().filter(|(other, _)| *other == place);
        tmpfs.contains(&place) || !there.all(|(_, source)| *source == volume)
    });
    wrong.map(|(place, _)| place.clone()).collect()
}

#[cfg(test)]
mod tests {
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
            assert!(repoint(&mut body, &all).is_empty());
            assert_eq!(body, json!({"HostConfig": after}));
        }
    }

    #[test]
    fn what_is_mounted_at_the_places_now_does_not_matter() {
        let all = [restored(MountSource::Volume("data".into()), "/d", "d3")];
        for (before, after, wrong) in [
            // Restored before: the second place of the same data goes along.
            (
                json!({"Binds": ["d2:/d/:rw", "d2:/again:ro", "data:/old", "other:/o"]}),
                json!({"Binds": ["d3:/d/:rw", "d3:/again:ro", "d3:/old", "other:/o"]}),
                0,
            ),
            (json!({"Binds": ["/srv/d:/d:z,rslave"]}), json!({"Binds": ["d3:/d:z"]}), 0),
            (json!({"Binds": ["/d"]}), json!({"Binds": ["d3:/d"]}), 0),
            (
                json!({"Mounts": [{"Type": "bind", "Source": "/x", "Target": "/d"}]}),
                json!({"Mounts": [{"Type": "volume", "Source": "d3", "Target": "/d"}]}),
                0,
            ),
            (
                json!({"Mounts": [{"Type": "volume", "Target": "/d"}]}),
                json!({"Mounts": [{"Type": "volume", "Source": "d3", "Target": "/d"}]}),
                0,
            ),
            (
                json!({"Mounts": [{"Type": "tmpfs", "Target": "/d"}]}),
                json!({"Mounts": [{"Type": "tmpfs", "Target": "/d"}]}),
                1,
            ),
            (
                json!({"Binds": ["d2:/d"], "Tmpfs": {"/d/": ""}}),
                json!({"Binds": ["d3:/d"], "Tmpfs": {"/d/": ""}}),
                1,
            ),
        ] {
            let mut body = json!({"HostConfig": before});
            assert_eq!(repoint(&mut body, &all), vec!["/d"; wrong], "{before}");
            assert_eq!(body, json!({"HostConfig": after}));
        }
        assert_eq!(repoint(&mut json!({}), &all), ["/d"]);
    }
}

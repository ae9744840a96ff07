//! Volumes that nobody named: they are in no setting, only in what is mounted, and go along.

use serde_json::{Map, Value, json};

use crate::core::anonymous::{Places, is_nameless};
use crate::core::recreate::PlanError;
use crate::core::recreate::scene::Scene;
use crate::core::recreate::value::{clean_path, entries, is_empty, items, text};
use crate::core::recreate::volumes_from;

/// The options that belong to one type of mount; the engine refuses them on any other.
const OPTIONS: &[(&str, &str)] = &[
    ("BindOptions", "bind"),
    ("ClusterOptions", "cluster"),
    ("ImageOptions", "image"),
    ("TmpfsOptions", "tmpfs"),
    ("VolumeOptions", "volume"),
];

/// Writes every anonymous volume by its name, so that the new container gets the same one.
pub(super) fn carry(
    host_config: &mut Map<String, Value>,
    scene: &Scene<'_>,
    warnings: &mut Vec<String>,
) -> Result<(), PlanError> {
    if let Some(place) = nameless(scene) {
        let container = scene.shown.name.clone();
        return Err(PlanError::NamelessVolume { container, place: place.to_owned() });
    }
    for bind in list(host_config, "Binds") {
        fill_bind(bind, scene);
    }
    for mount in list(host_config, "Mounts") {
        fill_mount(mount, scene);
    }
    let mut anonymous = unexplained(scene);
    anonymous.retain(|mount| is_volume(mount) && !volumes_from::explains(mount, scene));
    for mount in &anonymous {
        warnings.extend(undeclared(mount, scene));
    }
    append(host_config, &anonymous);
    Ok(())
}

/// Returns where a volume is mounted that nobody named, and whose name cannot be read.
fn nameless<'a>(scene: &Scene<'a>) -> Option<&'a str> {
    let unnamed = |place: &&str| {
        let place = clean_path(place);
        let mut here = mounted(scene).iter().filter(|mount| is_volume(mount));
        let mount = here.find(|mount| clean_path(text(&mount["Destination"])) == place);
        mount.is_some_and(|mount| volume_name(mount).is_none())
    };
    places(scene).find(unnamed)
}

/// Returns the volumes that nobody named, by where they are mounted.
pub(super) fn anonymous(scene: &Scene<'_>) -> Places {
    let named =
        places(scene).filter_map(|place| Some((clean_path(place), volume_at(place, scene)?)));
    let nameless = named.filter(|(_, volume)| is_nameless(volume));
    nameless.map(|(place, volume)| (place, volume.to_owned())).collect()
}

/// Returns where volumes are mounted that nobody named.
fn places<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a str> {
    let host_config = scene.shown.host_config;
    let binds = items(&host_config["Binds"]).iter().map(text).filter(|bind| !bind.contains(':'));
    let sourceless =
        |mount: &&Value| text(&mount["Type"]) == "volume" && is_empty(&mount["Source"]);
    let asked = items(&host_config["Mounts"]).iter().filter(sourceless);
    let asked = binds.chain(asked.map(|mount| text(&mount["Target"])));
    let declared = unexplained(scene).into_iter();
    let declared =
        declared.filter(move |mount| is_volume(mount) && !volumes_from::explains(mount, scene));
    asked.chain(declared.map(|mount| text(&mount["Destination"])))
}

/// Appends mounts to those that were asked for, in the order of their targets.
pub(super) fn append(host_config: &mut Map<String, Value>, mounts: &[&Value]) {
    let mut mounts = mounts.to_vec();
    mounts.sort_by_key(|mount| text(&mount["Destination"]));
    let written: Vec<_> = mounts.into_iter().filter_map(as_asked).collect();
    if written.is_empty() {
        return;
    }
    let asked = host_config.entry("Mounts").or_insert(Value::Null);
    let all = items(asked).iter().cloned().chain(written).collect();
    *asked = all;
}

/// Returns what is mounted although no bind, mount or tmpfs of the container's own says so.
pub(super) fn unexplained<'a>(scene: &Scene<'a>) -> Vec<&'a Value> {
    let host_config = scene.shown.host_config;
    let binds = items(&host_config["Binds"]).iter().map(|bind| bind_target(text(bind)));
    let mounts = items(&host_config["Mounts"]).iter().map(|mount| text(&mount["Target"]));
    let tmpfs = entries(&host_config["Tmpfs"]).map(|(target, _)| target);
    let targets: Vec<_> = binds.chain(mounts).chain(tmpfs).map(clean_path).collect();
    mounted(scene)
        .iter()
        .filter(|mount| !targets.contains(&clean_path(text(&mount["Destination"]))))
        .collect()
}

fn mounted<'a>(scene: &Scene<'a>) -> &'a [Value] {
    items(&scene.shown.inspect["Mounts"])
}

fn is_volume(mount: &Value) -> bool {
    text(&mount["Type"]) == "volume"
}

fn list<'a>(
    host_config: &'a mut Map<String, Value>,
    field: &str,
) -> impl Iterator<Item = &'a mut Value> {
    host_config.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Returns where a bind is mounted: `source:target:mode`, or `target` alone.
fn bind_target(bind: &str) -> &str {
    bind.split(':').nth(1).unwrap_or(bind)
}

fn volume_at<'a>(target: &str, scene: &Scene<'a>) -> Option<&'a str> {
    let target = clean_path(target);
    let mount = mounted(scene)
        .iter()
        .find(|mount| is_volume(mount) && clean_path(text(&mount["Destination"])) == target)?;
    volume_name(mount)
}

/// Returns a mounted volume's name. Docker 28 does not show it for a bind without a source; then
/// it is the folder that the local driver made for it.
pub fn volume_name(mount: &Value) -> Option<&str> {
    match text(&mount["Name"]) {
        "" => {
            let folder = text(&mount["Source"]).strip_suffix("/_data")?;
            let name = folder.rsplit('/').next()?;
            is_nameless(name).then_some(name)
        }
        name => Some(name),
    }
}

fn fill_bind(bind: &mut Value, scene: &Scene<'_>) {
    let target = text(bind);
    if !target.contains(':')
        && let Some(name) = volume_at(target, scene)
    {
        *bind = format!("{name}:{target}:nocopy").into();
    }
}

fn fill_mount(mount: &mut Value, scene: &Scene<'_>) {
    let kind = text(&mount["Type"]).to_owned();
    let anonymous = kind == "volume" && is_empty(&mount["Source"]);
    let name = volume_at(text(&mount["Target"]), scene).filter(|_| anonymous);
    let Value::Object(mount) = mount else { return };
    mount.retain(|field, _| OPTIONS.iter().all(|(options, of)| options != field || *of == kind));
    if let Some(name) = name {
        mount.insert("Source".into(), name.into());
        let options = mount.entry("VolumeOptions").or_insert(Value::Null);
        if options.is_null() {
            *options = json!({});
        }
        if let Value::Object(options) = options {
            options.insert("NoCopy".into(), true.into());
        }
    }
}

/// Returns what asks for a mount that is there. A volume is not filled from the new image: what it
/// holds is what the container had.
fn as_asked(mount: &Value) -> Option<Value> {
    let target = text(&mount["Destination"]);
    let read_only = mount["RW"] == Value::Bool(false);
    match text(&mount["Type"]) {
        "volume" => Some(json!({
            "Type": "volume",
            "Source": volume_name(mount)?,
            "Target": target,
            "ReadOnly": read_only,
            "VolumeOptions": {"NoCopy": true},
        })),
        "bind" => Some(json!({
            "Type": "bind",
            "Source": text(&mount["Source"]),
            "Target": target,
            "ReadOnly": read_only,
            "BindOptions": {"Propagation": text(&mount["Propagation"])},
        })),
        _ => None,
    }
}

/// Says so when the new image no longer declares a volume that the old one declared.
fn undeclared(mount: &Value, scene: &Scene<'_>) -> Option<String> {
    let target = text(&mount["Destination"]);
    let declared = |config: &Value| config["Volumes"].get(target).is_some();
    let gone = declared(scene.inherited.config()) && !declared(scene.new_config?);
    gone.then(|| format!("the new image no longer declares the volume {target}; it is kept"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_of_binds() {
        for (bind, target) in [("/yy", "/yy"), ("data:/d", "/d"), ("/host:/d:ro,z", "/d"), ("", "")]
        {
            assert_eq!(bind_target(bind), target, "{bind}");
        }
    }

    #[test]
    fn volumes_without_a_name_are_found_by_their_folder() {
        let hash = "ab".repeat(32);
        for (mount, name) in [
            (json!({"Name": "data", "Source": "/v/x/_data"}), Some("data")),
            (json!({"Source": format!("/v/volumes/{hash}/_data")}), Some(hash.as_str())),
            (json!({"Source": "/v/volumes/data/_data"}), None),
            (json!({"Source": format!("/v/volumes/{hash}")}), None),
            (json!({}), None),
        ] {
            assert_eq!(volume_name(&mount), name, "{mount}");
        }
    }
}

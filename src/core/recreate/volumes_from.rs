//! Volumes shared from other containers: re-pointed by name, or written out when the other is gone.
//!
//! The engine keeps an entry in the words in which it was sent, and looks for them only once: when the
//! container is made. One that is made along with its source is sent the name which that one has for
//! the time being, and that name says to whom it belongs ever after.

use serde_json::{Map, Value};

use crate::core::recreate::mounts;
use crate::core::recreate::namespace::{find, successor};
use crate::core::recreate::scene::Scene;
use crate::core::recreate::value::{clean_path, items, text};

/// Re-points `VolumesFrom`; mounts of a container that is gone are asked for one by one, and so is what
/// the one that has its name now does not mount.
pub(super) fn repoint(
    host_config: &mut Map<String, Value>,
    scene: &Scene<'_>,
    warnings: &mut Vec<String>,
) {
    let sources = sources(scene);
    if sources.is_empty() {
        return;
    }
    let mut kept = Vec::new();
    let mut gone = Vec::new();
    for (source, mode) in sources {
        let found = find(source, scene);
        if found.is_none() {
            gone.push(source);
        }
        match (found.or_else(|| successor(source, scene)), mode) {
            (Some(name), "") => kept.push(name.to_string()),
            (Some(name), mode) => kept.push(format!("{name}:{mode}")),
            (None, _) => {}
        }
    }
    host_config.insert("VolumesFrom".into(), kept.into());
    let orphans = orphans(scene);
    if !gone.is_empty() && !orphans.is_empty() {
        warnings.push(format!(
            "the volumes that it shares from {} are written out, as that container is gone",
            gone.join(" and ")
        ));
        mounts::append(host_config, &orphans);
    }
}

/// Says whether a mount came from a container that still exists.
pub(super) fn explains(mount: &Value, scene: &Scene<'_>) -> bool {
    if sources(scene).is_empty() {
        return false;
    }
    let shown = scene.subject.volume_sources.iter().flat_map(|source| items(&source["Mounts"]));
    let mut shown = shown.peekable();
    if shown.peek().is_none() {
        // No inspect to ask: what the container or its image declares as a volume is its own.
        return !declares(mount, scene);
    }
    shown.any(|other| same_mount(other, mount)) || is_orphan(mount, scene)
}

/// Returns the mounts of containers that are gone: neither asked for nor declared by the container,
/// nor shown by a container that is still there.
fn orphans<'a>(scene: &Scene<'a>) -> Vec<&'a Value> {
    mounts::unexplained(scene).into_iter().filter(|mount| is_orphan(mount, scene)).collect()
}

fn is_orphan(mount: &Value, scene: &Scene<'_>) -> bool {
    let shown = scene.subject.volume_sources.iter().flat_map(|source| items(&source["Mounts"]));
    !declares(mount, scene) && !shown.into_iter().any(|other| same_mount(other, mount))
}

fn declares(mount: &Value, scene: &Scene<'_>) -> bool {
    let target = text(&mount["Destination"]);
    scene.shown.config["Volumes"].get(target).is_some()
}

fn same_mount(one: &Value, other: &Value) -> bool {
    ["Destination", "Source"]
        .iter()
        .all(|field| clean_path(text(&one[field])) == clean_path(text(&other[field])))
}

/// Returns the containers that volumes are shared from, with their modes (`ro`, or nothing).
fn sources<'a>(scene: &Scene<'a>) -> Vec<(&'a str, &'a str)> {
    let listed = items(&scene.shown.host_config["VolumesFrom"]).iter().map(text);
    listed.map(|entry| entry.split_once(':').unwrap_or((entry, ""))).collect()
}

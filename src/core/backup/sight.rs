//! What Compose looks for on a container whose data was restored into other volumes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::core::anonymous::is_nameless;
use crate::core::backup::restoration::is_restored;
use crate::core::backup::{MountSource, RestoredMount, mounted};

/// Where a container has the volumes that it mounts for Compose alone.
const SIGHT: &str = "/.docker-auto/";

/// A volume that stays mounted, where nothing looks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptVolume {
    /// Its name.
    pub volume: String,
}

/// Returns the volumes that a container of Compose goes on mounting while others take their places:
/// one that does not mount the volumes of its file is made anew by the next `docker compose up`, with
/// the data that somebody wanted to leave.
pub fn kept_in_sight(inspect: &Value, restored: &[RestoredMount]) -> Vec<KeptVolume> {
    let places = restored.iter().flat_map(|mount| &mount.destinations);
    let left = places.filter_map(|place| match mounted(inspect, place)? {
        MountSource::Volume(name) if !is_nameless(&name) && !is_restored(&name) => Some(name),
        _ => None,
    });
    let mounts = inspect["Mounts"].as_array().into_iter().flatten();
    let places = mounts.filter_map(|mount| mount["Destination"].as_str());
    let before = places.filter_map(|place| Some(place.strip_prefix(SIGHT)?.to_owned()));
    let names: BTreeSet<_> = left.chain(before).collect();
    names.into_iter().map(|volume| KeptVolume { volume }).collect()
}

impl KeptVolume {
    /// Has a body mount these volumes and no other ones in the same way, read-only.
    pub fn lay(kept: &[Self], body: &mut Value) {
        let Some(host_config) = body.get_mut("HostConfig").and_then(Value::as_object_mut) else {
            return;
        };
        let asked = host_config.get("Mounts").and_then(Value::as_array).cloned();
        let mut mounts = asked.clone().unwrap_or_default();
        mounts.retain(|mount| {
            !mount["Target"].as_str().is_some_and(|place| place.starts_with(SIGHT))
        });
        mounts.extend(kept.iter().map(Self::mount));
        if asked.is_some() || !mounts.is_empty() {
            host_config.insert("Mounts".to_owned(), mounts.into());
        }
    }

    fn mount(&self) -> Value {
        json!({
            "Type": "volume", "Source": self.volume, "Target": format!("{SIGHT}{}", self.volume),
            "ReadOnly": true, "VolumeOptions": {"NoCopy": true},
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn volumes_that_are_left_stay_in_sight() {
        let volume = |name: &str, place: &str| json!({"Type": "volume", "Name": name, "Source": "", "Destination": place});
        let restored = |places: &[&str]| RestoredMount {
            file: "0.tar.gz".into(),
            sha256: String::new(),
            archive_bytes: 0,
            source: MountSource::Volume("p_data".into()),
            destinations: places.iter().map(ToString::to_string).collect(),
            volume: "p_data-restored-a1b2c3".into(),
            labels: BTreeMap::new(),
        };
        let anonymous = "ab".repeat(32);
        for (mounts, places, expected) in [
            (vec![volume("p_data", "/d")], &["/d"][..], &["p_data"][..]),
            (vec![volume("p_data", "/d"), volume("p_data", "/e")], &["/d", "/e"], &["p_data"]),
            (vec![volume("p_data", "/d")], &["/gone"], &[]),
            (vec![volume(&anonymous, "/d")], &["/d"], &[]),
            (vec![json!({"Type": "bind", "Source": "/s", "Destination": "/d"})], &["/d"], &[]),
            // Restored once more.
            (
                vec![
                    volume("p_data-restored-000000", "/d"),
                    volume("p_data", "/.docker-auto/p_data"),
                ],
                &["/d"],
                &["p_data"],
            ),
        ] {
            let kept = kept_in_sight(&json!({"Mounts": mounts}), &[restored(places)]);
            let names: Vec<_> = kept.iter().map(|one| one.volume.as_str()).collect();
            assert_eq!(names, expected, "{mounts:?}");
        }
    }

    #[test]
    fn bodies_mount_what_stays_in_sight_once() {
        let kept = [KeptVolume { volume: "v".into() }];
        let laid = kept[0].mount();
        let other = json!({"Type": "volume", "Source": "w", "Target": "/d"});
        let pointed = json!({"Type": "volume", "Source": "x", "Target": "/.docker-auto/v"});
        for (before, after) in [
            (json!({}), json!({"Mounts": [laid]})),
            (json!({"Mounts": null}), json!({"Mounts": [laid]})),
            (json!({"Mounts": [other, pointed]}), json!({"Mounts": [other, laid]})),
        ] {
            let mut body = json!({"HostConfig": before});
            KeptVolume::lay(&kept, &mut body);
            assert_eq!(body, json!({"HostConfig": after}));
        }
        let mut body = json!({"HostConfig": {"Mounts": null}});
        KeptVolume::lay(&[], &mut body);
        assert_eq!(body, json!({"HostConfig": {"Mounts": null}}));
    }
}

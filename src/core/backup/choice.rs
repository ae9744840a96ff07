//! Which of a container's mounts are saved, and why the others are not.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::core::backup::{MountSource, Node, SavedMount};
use crate::core::recreate::volume_name;

/// Folders of the host that are no container's data; what lies in them may be.
const HOSTS_OWN: &[&str] = &["/", "/dev", "/proc", "/run", "/sys", "/var/run"];

/// Where docker-auto keeps what is its own, as the engine sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnPlaces {
    /// Paths of the host.
    pub paths: Vec<String>,
    /// Names of volumes.
    pub volumes: Vec<String>,
}

/// What is saved of a container, and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// What is saved.
    pub saved: Vec<SavedMount>,
    /// Where the container sees what is not, and why it is not.
    pub left: Vec<(String, &'static str)>,
}

impl Choice {
    /// Takes out what lies at none of these places as a file or folder; a place that is not named
    /// here is a folder.
    #[must_use]
    pub fn with_nodes(mut self, nodes: &BTreeMap<String, Option<Node>>) -> Self {
        let mut saved = Vec::new();
        for mut mount in self.saved {
            let node = mount.destinations.iter().find_map(|place| nodes.get(place));
            if let Some(node) = node.copied().unwrap_or(Some(Node::Folder)) {
                mount.node = node;
                saved.push(mount);
            } else {
                let why = "it is neither a file nor a folder";
                self.left.extend(mount.destinations.into_iter().map(|place| (place, why)));
            }
        }
        Self { saved, left: self.left }
    }
}

/// Returns what is saved of a container: every volume and every folder of the host that it can write
/// to, once, in the order of the places where it sees them.
pub fn choose(inspect: &Value, own: &OwnPlaces) -> Choice {
    let mut mounts: Vec<&Value> = inspect["Mounts"].as_array().into_iter().flatten().collect();
    mounts.sort_by_key(|mount| mount["Destination"].as_str());
    let mut choice = Choice::default();
    for mount in mounts {
        let destination = mount["Destination"].as_str().unwrap_or_default().to_owned();
        match source(mount, own) {
            Ok(Some(source)) => choice.add(source, destination),
            Ok(None) => {}
            Err(why) => choice.left.push((destination, why)),
        }
    }
    choice
}

impl Choice {
    fn add(&mut self, source: MountSource, destination: String) {
        match self.saved.iter_mut().find(|mount| mount.source == source) {
            Some(mount) => mount.destinations.push(destination),
            None => self.saved.push(SavedMount {
                source,
                destinations: vec![destination],
                node: Node::Folder,
                size_bytes: None,
                labels: BTreeMap::new(),
            }),
        }
    }
}

/// Returns where a mount's data lies; nothing for what holds none.
fn source(mount: &Value, own: &OwnPlaces) -> Result<Option<MountSource>, &'static str> {
    let text = |field: &str| mount[field].as_str().unwrap_or_default();
    let path = text("Source");
    let is_own = own.paths.iter().any(|place| touch(place, path) && !path.is_empty());
    let source = match text("Type") {
        "tmpfs" => return Ok(None),
        "volume" => match volume_name(mount) {
            Some(name) => MountSource::Volume(name.to_owned()),
            None => return Err("its volume has no name that could be read"),
        },
        "bind" => MountSource::Bind(path.to_owned()),
        _ => return Err("it is neither a volume nor a folder of the host"),
    };
    let is_own = is_own
        || matches!(&source, MountSource::Volume(name) if own.volumes.iter().any(|own| own == name));
    match &source {
        _ if mount["RW"] == Value::Bool(false) => Err("it is mounted read-only"),
        _ if is_own => Err("it holds docker-auto's own data"),
        MountSource::Bind(path) if HOSTS_OWN.contains(&path.as_str()) => {
            Err("it is the host's own")
        }
        _ => Ok(Some(source)),
    }
}

/// Says whether a container mounts a folder of the host, or a part of it.
pub fn mounts_folder(inspect: &Value, path: &str) -> bool {
    let mut mounts = inspect["Mounts"].as_array().into_iter().flatten();
    mounts.any(|mount| {
        let source = mount["Source"].as_str().unwrap_or_default();
        mount["Type"] == "bind" && !HOSTS_OWN.contains(&source) && touch(source, path)
    })
}

/// Says whether a container that runs can change what lies somewhere.
pub fn writes_to(inspect: &Value, source: &MountSource) -> bool {
    let mounts = inspect["Mounts"].as_array().into_iter().flatten();
    let mut writable = mounts.filter(|mount| mount["RW"] != Value::Bool(false));
    writable.any(|mount| match source {
        MountSource::Volume(name) => {
            mount["Type"] == "volume" && volume_name(mount) == Some(name.as_str())
        }
        MountSource::Bind(path) => {
            let folder = mount["Source"].as_str().unwrap_or_default();
            mount["Type"] == "bind" && touch(folder, path)
        }
    })
}

/// Returns what a container has at a place now.
pub fn mounted(inspect: &Value, place: &str) -> Option<MountSource> {
    let mut mounts = inspect["Mounts"].as_array().into_iter().flatten();
    let mount = mounts.find(|mount| mount["Destination"].as_str() == Some(place))?;
    match mount["Type"].as_str()? {
        "volume" => volume_name(mount).map(|name| MountSource::Volume(name.to_owned())),
        "bind" => Some(MountSource::Bind(mount["Source"].as_str()?.to_owned())),
        _ => None,
    }
}

/// Says whether one of two paths lies in the other, or both are the same.
fn touch(one: &str, other: &str) -> bool {
    let parts = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect()
    };
    parts(one).iter().zip(parts(other)).all(|(one, other)| *one == other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mount(kind: &str, source: &str, destination: &str) -> Value {
        let name = if kind == "volume" { source } else { "" };
        json!({"Type": kind, "Name": name, "Source": source, "Destination": destination, "RW": true})
    }

    #[test]
    fn what_can_be_written_to_is_saved() {
        let own = OwnPlaces {
            paths: vec!["/srv/docker-auto".into(), "/backups".into()],
            volumes: vec!["own".into()],
        };
        for (mount, expected) in [
            (mount("volume", "data", "/d"), Ok("data")),
            (mount("bind", "/srv/web", "/d"), Ok("/srv/web")),
            (mount("bind", "/srv/docker-auto-2", "/d"), Ok("/srv/docker-auto-2")),
            (mount("bind", "/run/web", "/d"), Ok("/run/web")),
            (mount("bind", "/srv/docker-auto/x", "/d"), Err("docker-auto's own")),
            (mount("bind", "/srv", "/d"), Err("docker-auto's own")),
            (mount("bind", "/backups/", "/d"), Err("docker-auto's own")),
            (mount("volume", "own", "/d"), Err("docker-auto's own")),
            (mount("bind", "/", "/d"), Err("docker-auto's own")),
            (mount("bind", "/proc", "/d"), Err("the host's own")),
            (mount("image", "", "/d"), Err("neither a volume nor")),
            (mount("volume", "", "/d"), Err("no name")),
            (
                json!({"Type": "bind", "Source": "/a", "Destination": "/d", "RW": false}),
                Err("read-only"),
            ),
        ] {
            let choice = choose(&json!({"Mounts": [mount]}), &own);
            match expected {
                Ok(source) => assert_eq!(choice.saved[0].source.as_str(), source),
                Err(why) => {
                    assert!(
                        choice.saved.is_empty() && choice.left[0].1.contains(why),
                        "{choice:?}"
                    );
                }
            }
        }
        let nothing = choose(&json!({"Mounts": [mount("tmpfs", "", "/d")]}), &own);
        assert_eq!(nothing, Choice::default());
    }

    #[test]
    fn folders_are_shared_in_part_as_well() {
        for (kind, source, expected) in [
            ("bind", "/srv/web", true),
            ("bind", "/srv", true),
            ("bind", "/srv/web/logs", true),
            ("bind", "/srv/webs", false),
            ("bind", "/", false),
            ("volume", "/srv/web", false),
        ] {
            let inspect = json!({"Mounts": [mount(kind, source, "/d")]});
            assert_eq!(mounts_folder(&inspect, "/srv/web"), expected, "{kind} {source}");
        }
    }

    #[test]
    fn what_can_be_written_to_is_told_from_what_is_only_read() {
        let (volume, bind) =
            (MountSource::Volume("data".into()), MountSource::Bind("/srv/web".into()));
        let read_only = |mut mount: Value| {
            mount["RW"] = Value::Bool(false);
            mount
        };
        for (mount, changes_volume, changes_bind) in [
            (mount("volume", "data", "/d"), true, false),
            (mount("volume", "other", "/d"), false, false),
            (mount("bind", "data", "/d"), false, false),
            (read_only(mount("volume", "data", "/d")), false, false),
            (mount("bind", "/srv/web/logs", "/d"), false, true),
            (mount("bind", "/", "/d"), false, true),
            (mount("bind", "/srv/webs", "/d"), false, false),
            (mount("volume", "/srv/web", "/d"), false, false),
            (read_only(mount("bind", "/srv/web", "/d")), false, false),
        ] {
            let inspect = json!({"Mounts": [mount]});
            let found = [&volume, &bind].map(|source| writes_to(&inspect, source));
            assert_eq!(found, [changes_volume, changes_bind], "{inspect}");
        }
    }

    #[test]
    fn what_is_seen_twice_is_saved_once_and_sockets_are_not() {
        let inspect = json!({"Mounts": [
            mount("volume", "data", "/z"),
            mount("volume", "data", "/a"),
            mount("bind", "/etc/x", "/b"),
            mount("bind", "/s.sock", "/c"),
        ]});
        let nodes = BTreeMap::from([("/b".to_owned(), Some(Node::File)), ("/c".to_owned(), None)]);
        let choice = choose(&inspect, &OwnPlaces::default()).with_nodes(&nodes);
        let shown: Vec<_> =
            choice.saved.iter().map(|one| (one.destinations.join(" "), one.node)).collect();
        assert_eq!(shown, [("/a /z".to_owned(), Node::Folder), ("/b".to_owned(), Node::File)]);
        assert_eq!(choice.left, [("/c".to_owned(), "it is neither a file nor a folder")]);
    }
}

//! How saved data comes back: into fresh volumes, to which the container's body is re-pointed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::core::anonymous::is_nameless;
use crate::core::backup::{KeptVolume, Manifest, MountSource, Node, mounted};
use crate::core::id::{ContainerName, OperationId};
use crate::core::plan::Difference;
use crate::core::recreate::OPERATION_LABEL;

/// How many characters of a name that nobody chose stand in a new one.
const LONGEST_STEM: usize = 40;
/// Compose finds the volumes of a project by its labels, and would take the one for the other.
const COMPOSE: &str = "com.docker.compose.";
/// What stands between a volume's own name and the operation that has made another one of it.
const RESTORED: &str = "-restored-";

/// One archive and the fresh volume that it is put into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredMount {
    /// The archive's name.
    pub file: String,
    /// Its digest.
    pub sha256: String,
    /// Its size.
    pub archive_bytes: u64,
    /// Where the data lay.
    pub source: MountSource,
    /// Where the container saw it.
    pub destinations: Vec<String>,
    /// The fresh volume.
    pub volume: String,
    /// That volume's labels.
    pub labels: BTreeMap<String, String>,
}

/// How a backup is restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restoration {
    /// Its folder.
    pub folder: String,
    /// What comes back.
    pub mounts: Vec<RestoredMount>,
    /// The volumes that stay mounted beside it.
    pub kept: Vec<KeptVolume>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

impl Restoration {
    /// Returns what differs from the mounts that the container has now, for people.
    pub fn differences(&self, inspect: &Value) -> Vec<Difference> {
        let mounts = self.mounts.iter();
        let places = mounts.flat_map(|mount| mount.destinations.iter().map(move |it| (it, mount)));
        places
            .map(|(place, mount)| Difference {
                field: format!("Mounts.{place}"),
                old: json!(mounted(inspect, place).as_ref().map(MountSource::as_str)),
                new: json!(mount.volume),
            })
            .collect()
    }
}

/// Returns how a backup is restored by an operation: each of its folders into a volume of its own,
/// which no other one has the name of.
pub fn restoration(manifest: &Manifest, folder: &str, operation: &OperationId) -> Restoration {
    let mut taken = BTreeSet::new();
    let (mut mounts, mut warnings) = (Vec::new(), Vec::new());
    for archive in &manifest.archives {
        let mount = &archive.mount;
        if mount.node == Node::File {
            let (path, file) = (mount.source.as_str(), &archive.file);
            warnings.push(format!(
                "the file {path} stays as it is: no volume can stand in for it; what it was is in \
                 {folder}/{file}"
            ));
            continue;
        }
        let volume = fresh_name(&mount.source, &manifest.container, operation, &mut taken);
        warnings.push(stays(&mount.source, &volume));
        let own = mount.labels.iter().filter(|(name, _)| !name.starts_with(COMPOSE));
        let mut labels: BTreeMap<_, _> = own.map(|(k, v)| (k.clone(), v.clone())).collect();
        labels.insert(OPERATION_LABEL.to_owned(), operation.to_string());
        mounts.push(RestoredMount {
            file: archive.file.clone(),
            sha256: archive.sums.sha256.clone(),
            archive_bytes: archive.sums.archive_bytes,
            source: mount.source.clone(),
            destinations: mount.destinations.clone(),
            volume,
            labels,
        });
    }
    Restoration { folder: folder.to_owned(), mounts, kept: Vec::new(), warnings }
}

fn stays(source: &MountSource, volume: &str) -> String {
    match source {
        MountSource::Volume(name) => format!(
            "the volume {name} stays as it is, and the container has the volume {volume} from now \
             on; remove the old one when nobody needs it"
        ),
        MountSource::Bind(path) => format!(
            "the folder {path} of the host stays as it is, and the container has the volume \
             {volume} in its place from now on"
        ),
    }
}

fn fresh_name(
    source: &MountSource,
    container: &ContainerName,
    operation: &OperationId,
    taken: &mut BTreeSet<String>,
) -> String {
    let stem = match source {
        MountSource::Volume(name) if is_nameless(name) => {
            format!("{container}-{}", name.get(..12).unwrap_or(name))
        }
        MountSource::Volume(name) => {
            name.split_once(RESTORED).map_or(name.as_str(), |(stem, _)| stem).to_owned()
        }
        MountSource::Bind(path) => {
            let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            format!("{container}-{last}")
        }
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '_' };
    let stem: String = stem.chars().map(plain).take(LONGEST_STEM).collect();
    let short = operation.short();
    let numbered = (2_u32..).map(|number| format!("{stem}{RESTORED}{short}-{number}"));
    let mut names = std::iter::once(format!("{stem}{RESTORED}{short}")).chain(numbered);
    let name = names.find(|name| !taken.contains(name)).unwrap_or_default();
    taken.insert(name.clone());
    name
}

/// Says whether a volume is one that data was restored into.
pub(super) fn is_restored(name: &str) -> bool {
    name.contains(RESTORED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_volumes_have_names_of_their_own() {
        let (container, operation) = (ContainerName::new("web"), OperationId::new("0-00a1b2c3"));
        let volume = |name: &str| MountSource::Volume(name.to_owned());
        let bind = |path: &str| MountSource::Bind(path.to_owned());
        let mut taken = BTreeSet::new();
        for (source, expected) in [
            (volume("data"), "data-restored-a1b2c3"),
            (volume("data-restored-000000"), "data-restored-a1b2c3-2"),
            (volume(&"ab".repeat(32)), "web-abababababab-restored-a1b2c3"),
            (bind("/srv/my data/"), "web-my_data-restored-a1b2c3"),
            (bind("/other/my data"), "web-my_data-restored-a1b2c3-2"),
            (bind("/"), "web--restored-a1b2c3"),
        ] {
            assert_eq!(fresh_name(&source, &container, &operation, &mut taken), expected);
        }
    }
}

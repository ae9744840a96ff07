//! What is saved of a container's data before it is updated, and how it comes back.
//!
//! The data is read and written through a container that is made for it and never started, which
//! mounts each volume and each folder in a place of its own: so one inside another is not read twice,
//! and the data of a container that the engine removes when it stops can be read as well.

mod choice;
mod estimate;
mod record;
mod restoration;
mod sight;
mod surplus;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::core::id::{ContainerName, ImageId, OperationId, Timestamp};
use crate::core::recreate::OPERATION_LABEL;

pub use self::choice::{Choice, OwnPlaces, choose, mounted, mounts_folder, writes_to};
pub use self::estimate::{Estimate, needed_bytes, warnings};
pub use self::record::BackupRecord;
pub use self::restoration::{Restoration, RestoredMount, restoration};
pub use self::sight::{KeptVolume, kept_in_sight};
pub use self::surplus::surplus;

/// The label that asks for a backup before each update.
pub const BACKUP: &str = "docker-auto.backup";

/// The role of the container through which data is read and written, in its name.
pub const ROLE: &str = "data";

/// What is saved before an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saving {
    /// Nothing.
    Nothing,
    /// The volumes and the folders of the host that it can write to.
    Volumes,
}

impl Saving {
    /// What may be saved, by the words that name it.
    pub const WORDS: [(&'static str, Self); 2] =
        [("none", Self::Nothing), ("volumes", Self::Volumes)];
}

/// Where data lies that a container mounts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MountSource {
    /// In a volume, by its name.
    Volume(String),
    /// At a path of the host.
    Bind(String),
}

impl MountSource {
    /// Returns the volume's name, or the path.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Volume(text) | Self::Bind(text) => text,
        }
    }
}

/// What lies at the place of a mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Node {
    /// A folder.
    Folder,
    /// A single file, for which no volume can stand in.
    File,
}

/// Data that a container mounts and that is saved as one archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedMount {
    /// Where it lies.
    pub source: MountSource,
    /// Where the container sees it.
    pub destinations: Vec<String>,
    /// What it is.
    pub node: Node,
    /// How much it is, where that is known beforehand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// The labels of the volume.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// How the update ended that a backup was made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It went well.
    #[default]
    Well,
    /// It failed, and the container from before it came back.
    Failed,
}

impl Fate {
    /// Says whether it went well.
    pub fn is_well(&self) -> bool {
        *self == Self::Well
    }
}

/// What stands in a backup's folder beside its archives: what they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of this file.
    pub version: u32,
    /// The operation that it was made for.
    pub operation: OperationId,
    /// The container.
    pub container: ContainerName,
    /// The reference that it followed.
    pub reference: String,
    /// The image that it ran.
    pub image: ImageId,
    /// How many backups of the container it has seen, with itself: clocks are set back, this is not.
    #[serde(default)]
    pub sequence: u64,
    /// When it was made.
    pub taken_at: Timestamp,
    /// How long that took.
    pub duration_ms: u64,
    /// The archives.
    pub archives: Vec<Archive>,
}

/// The only form of a manifest so far.
pub const MANIFEST_VERSION: u32 = 1;

/// One archive: a tar file, compressed with gzip, in which everything lies in `data`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// Its name in the folder.
    pub file: String,
    /// What is in it.
    #[serde(flatten)]
    pub mount: SavedMount,
    /// What was written.
    #[serde(flatten)]
    pub sums: Sums,
}

/// What was written of one archive, counted while it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// How many files, folders and links.
    pub entries: u64,
    /// How many bytes, before they were compressed.
    pub bytes: u64,
    /// How many bytes the file has.
    pub archive_bytes: u64,
    /// The digest of the file.
    pub sha256: String,
}

/// Returns the name of the archive with a number.
pub fn archive_name(index: usize) -> String {
    format!("{index}.tar.gz")
}

/// Returns the sentence that says how saved data comes back.
pub fn offer(name: &ContainerName, folder: &str) -> String {
    format!(
        "the data of before the update is saved in {folder}; `docker-auto rollback {name} \
         --restore` brings it back"
    )
}

/// Returns `12.3 MB`, or `12.3 GB` where it is as much.
pub fn shown(bytes: u64) -> String {
    let (tenth, unit) = if bytes < 1_000_000_000 { (100_000, "MB") } else { (100_000_000, "GB") };
    let tenths = bytes.div_ceil(tenth);
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// Returns the place where the container that is made for it has the data with a number; what an
/// archive holds begins with its last part.
pub fn place(index: usize) -> String {
    format!("{}/data", parent(index))
}

/// Returns the folder that an archive with a number is put into.
pub fn parent(index: usize) -> String {
    format!("/saved/{index}")
}

/// Returns the body of the container through which the data is read.
pub fn reader(image: &ImageId, operation: &OperationId, saved: &[SavedMount]) -> Value {
    let mounts = saved.iter().enumerate().map(|(index, mount)| match &mount.source {
        MountSource::Volume(name) => json!({
            "Type": "volume", "Source": name, "Target": place(index), "ReadOnly": true,
            "VolumeOptions": {"NoCopy": true},
        }),
        MountSource::Bind(path) => {
            json!({"Type": "bind", "Source": path, "Target": place(index), "ReadOnly": true})
        }
    });
    helper(image, operation, &mounts.collect::<Vec<_>>())
}

/// Returns the body of the container through which the data is written.
pub fn writer(image: &ImageId, operation: &OperationId, restored: &[RestoredMount]) -> Value {
    let mounts = restored.iter().enumerate().map(|(index, mount)| {
        json!({
            "Type": "volume", "Source": mount.volume, "Target": place(index),
            "VolumeOptions": {"NoCopy": true},
        })
    });
    helper(image, operation, &mounts.collect::<Vec<_>>())
}

fn helper(image: &ImageId, operation: &OperationId, mounts: &[Value]) -> Value {
    json!({
        "Image": image,
        "Entrypoint": ["data"],
        "Labels": {(OPERATION_LABEL): operation},
        "HostConfig": {"Mounts": mounts, "NetworkMode": "none"},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown() {
        for (bytes, expected) in [
            (0, "0.0 MB"),
            (1, "0.1 MB"),
            (12_340_000, "12.4 MB"),
            (999_999_999, "1000.0 MB"),
            (1_000_000_000, "1.0 GB"),
            (u64::MAX, "18446744073.8 GB"),
        ] {
            assert_eq!(shown(bytes), expected, "{bytes}");
        }
    }
}

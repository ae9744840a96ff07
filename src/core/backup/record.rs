//! What a history tells of a backup.

use serde::{Deserialize, Serialize};

use crate::core::backup::{Archive, Manifest, Sums, shown};

/// What a history tells of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupRecord {
    /// Its folder.
    pub folder: String,
    /// How many archives.
    pub archives: usize,
    /// How many bytes, before they were compressed.
    pub bytes: u64,
    /// How many bytes its files have.
    pub archive_bytes: u64,
    /// How long it took.
    pub duration_ms: u64,
    /// Of what far less came than there was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What is smaller may have become less meanwhile.
const TELLING_BYTES: u64 = 1 << 20;

/// Says where far less was saved than was there when it was measured.
fn short(archive: &Archive) -> Option<String> {
    let (measured, saved) = (archive.mount.size_bytes?, archive.sums.bytes);
    let is_short = measured > TELLING_BYTES && saved < measured / 2;
    is_short.then(|| {
        format!(
            "of {} {} was saved, and it had {} before: look whether {} holds all of it",
            archive.mount.source.as_str(),
            shown(saved),
            shown(measured),
            archive.file
        )
    })
}

impl BackupRecord {
    /// Returns what a history tells of a backup in this folder.
    pub fn of(folder: &str, manifest: &Manifest) -> Self {
        let sum = |bytes: fn(&Sums) -> u64| {
            manifest.archives.iter().fold(0_u64, |all, one| all.saturating_add(bytes(&one.sums)))
        };
        Self {
            folder: folder.to_owned(),
            archives: manifest.archives.len(),
            bytes: sum(|sums| sums.bytes),
            archive_bytes: sum(|sums| sums.archive_bytes),
            duration_ms: manifest.duration_ms,
            warnings: manifest.archives.iter().filter_map(short).collect(),
        }
    }

    /// Returns `saved 12.3 MB in 0.8 s`.
    pub fn told(&self) -> String {
        let tenths = self.duration_ms / 100;
        format!("saved {} in {}.{} s", shown(self.bytes), tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::core::backup::{MountSource, Node, SavedMount, archive_name};

    use super::*;

    #[test]
    fn far_less_than_was_there_is_told() {
        let archive = |size_bytes, bytes| Archive {
            file: archive_name(0),
            mount: SavedMount {
                source: MountSource::Volume("data".into()),
                destinations: vec!["/d".into()],
                node: Node::Folder,
                size_bytes,
                labels: BTreeMap::new(),
            },
            sums: Sums { bytes, ..Sums::default() },
        };
        for (size_bytes, bytes, expected) in [
            (Some(10_000_000), 4_999_999, true),
            (Some(10_000_000), 5_000_000, false),
            (Some(1 << 20), 0, false),
            (None, 0, false),
        ] {
            let found = short(&archive(size_bytes, bytes));
            assert_eq!(found.is_some(), expected, "{size_bytes:?} {bytes}");
        }
        assert_eq!(
            short(&archive(Some(10_000_000), 1_000_000)).unwrap(),
            "of data 1.0 MB was saved, and it had 10.0 MB before: look whether 0.tar.gz holds all of it"
        );
    }
}

//! What becomes of the data in the scenarios that are about it.

use std::collections::BTreeMap;

use docker_auto::core::backup::{MountSource, Node, Restoration, RestoredMount, SavedMount};
use docker_auto::core::plan::blueprint::Data;

use super::{Care, Shape};

/// Where the data is saved.
pub(crate) const BACKUP: &str = "/backups/web";
/// The volume that what was saved is restored into.
const RESTORED: &str = "fresh-restored";

pub(super) fn data(shape: Shape) -> Data {
    let source = || MountSource::Volume("data".into());
    match shape.care {
        Care::Stays => Data::Stays,
        Care::Saved => Data::Saved {
            folder: BACKUP.into(),
            mounts: vec![SavedMount {
                source: source(),
                destinations: vec!["/d".into()],
                node: Node::Folder,
                size_bytes: Some(1),
                labels: BTreeMap::new(),
            }],
            keep: 3,
        },
        Care::Restored => Data::Restored(Restoration {
            folder: BACKUP.into(),
            mounts: vec![RestoredMount {
                file: "0.tar.gz".into(),
                sha256: String::new(),
                archive_bytes: 1,
                source: source(),
                destinations: vec!["/d".into()],
                volume: RESTORED.into(),
                labels: BTreeMap::new(),
            }],
            kept: Vec::new(),
            warnings: Vec::new(),
        }),
    }
}

/// Returns the volume that is mounted in the place of one.
pub(super) fn restored(shape: Shape, name: &'static str) -> &'static str {
    if shape.care == Care::Restored && name == "data" { RESTORED } else { name }
}

//! What containers and images were when they were last seen: an image may be deleted while its
//! container still runs.

use std::collections::{BTreeMap, BTreeSet};

use redb::{ReadTransaction, WriteTransaction};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::digest::Digest;
use crate::core::id::{ContainerId, ContainerName, HostId, ImageId, TargetId, Timestamp};

use super::fault::Fault;
use super::record::{Stored, decode, encode, peek_listed};
use super::{Store, StoreError, table};

/// What containers and images were when they were last seen.
#[derive(Clone, Copy, Debug)]
pub struct Snapshots<'a>(pub(super) &'a Store);

/// A container as it was last seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its name.
    pub name: ContainerName,
    /// Its ID.
    pub container_id: ContainerId,
    /// The image it runs.
    pub image_id: ImageId,
    /// When it was seen.
    pub seen_at: Timestamp,
    /// Its inspect JSON, as the engine wrote it.
    pub inspect: Value,
    /// Those of whose namespaces it has a part, and those whose volumes it shares by their IDs, by the
    /// names that they had when it was seen first: an ID means nothing once its container is gone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parents: BTreeMap<ContainerId, ContainerName>,
    /// What the first looks showed that later ones cannot tell; null where only one is stored.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub first: Value,
}

impl Snapshot {
    /// Returns what was seen of it first.
    pub fn into_first(self) -> Value {
        if self.first.is_null() { self.inspect } else { self.first }
    }
}

/// An image as it was last seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageSnapshot {
    /// Its ID.
    pub image_id: ImageId,
    /// When it was seen.
    pub seen_at: Timestamp,
    /// Its inspect JSON, as the engine wrote it.
    pub inspect: Value,
}

impl Stored for Snapshot {
    const VERSION: u32 = 1;
}

impl Stored for ImageSnapshot {
    const VERSION: u32 = 1;
}

/// The part of a snapshot that tells whether it is still the same container.
#[derive(Deserialize)]
struct Known {
    name: ContainerName,
    container_id: ContainerId,
}

impl Snapshots<'_> {
    /// Stores containers and images of a host in one transaction.
    pub async fn record(
        &self,
        host: &HostId,
        containers: Vec<Snapshot>,
        images: Vec<ImageSnapshot>,
    ) -> Result<(), StoreError> {
        let host = host.clone();
        let record = move |write: &WriteTransaction| {
            let mut table = write.open_table(table::SNAPSHOTS)?;
            for snapshot in &containers {
                table.insert((host.as_str(), snapshot.name.as_str()), &*encode(snapshot)?)?;
            }
            let mut table = write.open_table(table::IMAGES)?;
            for image in &images {
                table.insert((host.as_str(), image.image_id.as_str()), &*encode(image)?)?;
            }
            Ok(())
        };
        self.0.write("writing snapshots", record).await
    }

    /// Returns which container each snapshot of a host is of, without reading what it holds.
    pub async fn known(
        &self,
        host: &HostId,
    ) -> Result<BTreeMap<ContainerName, ContainerId>, StoreError> {
        let host = host.clone();
        let list = move |read: &ReadTransaction| {
            let snapshots = read.open_table(table::SNAPSHOTS)?;
            let range = table::pairs_of(host.as_str());
            let mut found = BTreeMap::new();
            for entry in snapshots.range(range)? {
                let (key, bytes) = entry?;
                let known = peek_listed::<Known>(key.value().1, bytes.value());
                found.extend(known.map(|known| (known.name, known.container_id)));
            }
            Ok(found)
        };
        self.0.read("reading snapshots", list).await
    }

    /// Returns a container as it was last seen.
    pub async fn container(&self, target: &TargetId) -> Result<Option<Snapshot>, StoreError> {
        let target = target.clone();
        let find = move |read: &ReadTransaction| {
            let snapshots = read.open_table(table::SNAPSHOTS)?;
            let found = snapshots.get((target.host.as_str(), target.name.as_str()))?;
            Ok(found.map(|bytes| decode(bytes.value())).transpose()?)
        };
        self.0.read("reading a snapshot", find).await
    }

    /// Returns an image as it was last seen.
    pub async fn image(
        &self,
        host: &HostId,
        image: &ImageId,
    ) -> Result<Option<ImageSnapshot>, StoreError> {
        let (host, image) = (host.clone(), image.clone());
        let find = move |read: &ReadTransaction| {
            let images = read.open_table(table::IMAGES)?;
            let found = images.get((host.as_str(), image.as_str()))?;
            Ok(found.map(|bytes| decode(bytes.value())).transpose()?)
        };
        self.0.read("reading an image's snapshot", find).await
    }

    /// Remembers that digests name the same content as an image of a host.
    pub async fn add_equivalents(
        &self,
        host: &HostId,
        found: Vec<(ImageId, Digest)>,
    ) -> Result<(), StoreError> {
        let host = host.clone();
        let add = move |write: &WriteTransaction| {
            let mut equivalents = write.open_table(table::EQUIVALENTS)?;
            for (image, digest) in &found {
                equivalents.insert((host.as_str(), image.as_str(), digest.as_str()), ())?;
            }
            Ok(())
        };
        self.0.write("writing equal digests", add).await
    }

    /// Returns the digests that name the same content as the images of a host.
    pub async fn equivalents(
        &self,
        host: &HostId,
    ) -> Result<BTreeMap<ImageId, BTreeSet<Digest>>, StoreError> {
        let host = host.clone();
        let list = move |read: &ReadTransaction| {
            let equivalents = read.open_table(table::EQUIVALENTS)?;
            let mut found = BTreeMap::<_, BTreeSet<_>>::new();
            let range = table::triples_of(host.as_str());
            for entry in equivalents.range(range)? {
                let (key, _) = entry?;
                let (_, image, digest) = key.value();
                // Only digests were written; one that is none any more equals nothing.
                if let Ok(digest) = digest.parse() {
                    found.entry(ImageId::new(image)).or_default().insert(digest);
                }
            }
            Ok(found)
        };
        self.0.read("reading equal digests", list).await
    }

    /// Forgets all containers of a host but these, and what was known of images that none of them
    /// runs.
    pub async fn retain(
        &self,
        host: &HostId,
        present: BTreeMap<ContainerName, ImageId>,
    ) -> Result<(), StoreError> {
        let host = host.clone();
        let retain = move |write: &WriteTransaction| retain(write, host.as_str(), &present);
        self.0.write("cleaning snapshots up", retain).await
    }
}

fn retain(
    write: &WriteTransaction,
    host: &str,
    present: &BTreeMap<ContainerName, ImageId>,
) -> Result<(), Fault> {
    let names: BTreeSet<&str> = present.keys().map(ContainerName::as_str).collect();
    let used: BTreeSet<&str> = present.values().map(ImageId::as_str).collect();
    let one_host = || table::pairs_of(host);
    let mut snapshots = write.open_table(table::SNAPSHOTS)?;
    snapshots.retain_in(one_host(), |(_, name), _| names.contains(name))?;
    let mut images = write.open_table(table::IMAGES)?;
    images.retain_in(one_host(), |(_, image), _| used.contains(image))?;
    let mut equivalents = write.open_table(table::EQUIVALENTS)?;
    let one_host = table::triples_of(host);
    equivalents.retain_in(one_host, |(_, image, _), ()| used.contains(image))?;
    Ok(())
}

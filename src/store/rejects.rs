//! Images that were tried on a container and failed: they are not tried there again.

use std::collections::BTreeSet;

use redb::{ReadTransaction, WriteTransaction};
use serde::{Deserialize, Serialize};

use crate::core::candidate::Reject;
use crate::core::id::{ContainerName, HostId, OperationId, TargetId};
use crate::core::plan::RejectKey;

use super::fault::Fault;
use super::record::{Stored, decode, decode_listed, encode};
use super::{KeepDays, Store, StoreError, record, table};

/// The images that are not tried again.
#[derive(Clone, Copy, Debug)]
pub struct Rejects<'a>(pub(super) &'a Store);

/// One image that is not tried again on one container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// The container.
    pub target: TargetId,
    /// The image, when it failed and how.
    #[serde(flatten)]
    pub reject: Reject,
    /// The operation in which it failed.
    pub operation: OperationId,
}

impl Stored for Rejected {
    const VERSION: u32 = 1;
}

impl Rejects<'_> {
    /// Adds an image; adding it again replaces the reason.
    pub async fn add(&self, rejected: Rejected) -> Result<(), StoreError> {
        let add = move |write: &WriteTransaction| {
            let mut rejects = write.open_table(table::REJECTS)?;
            let key = table::of_image(&rejected.target, &rejected.reject.key);
            rejects.insert(key, &*encode(&rejected)?)?;
            Ok(())
        };
        self.0.write("writing the list of rejected images", add).await
    }

    /// Returns why an image is not tried again on a container, if so.
    pub async fn find(
        &self,
        target: &TargetId,
        image: &RejectKey,
    ) -> Result<Option<Rejected>, StoreError> {
        let (target, image) = (target.clone(), image.clone());
        let find = move |read: &ReadTransaction| {
            let rejects = read.open_table(table::REJECTS)?;
            let found = rejects.get(table::of_image(&target, &image))?;
            Ok(found.map(|bytes| decode(bytes.value())).transpose()?)
        };
        self.0.read("reading the list of rejected images", find).await
    }

    /// Returns all of one host, by container.
    pub async fn of_host(&self, host: &HostId) -> Result<Vec<Rejected>, StoreError> {
        let host = host.clone();
        let list = move |read: &ReadTransaction| {
            let rejects = read.open_table(table::REJECTS)?;
            let range = table::triples_of(host.as_str());
            let mut listed = Vec::new();
            for entry in rejects.range(range)? {
                let (key, bytes) = entry?;
                listed.extend(decode_listed::<Rejected>(key.value().1, bytes.value()));
            }
            Ok(listed)
        };
        self.0.read("reading the list of rejected images", list).await
    }

    /// Lets all images be tried again on a container; returns how many that were.
    pub async fn clear(&self, target: &TargetId) -> Result<usize, StoreError> {
        let target = target.clone();
        let clear = move |write: &WriteTransaction| {
            let (host, name) = (target.host.as_str(), target.name.as_str());
            let mut rejects = write.open_table(table::REJECTS)?;
            let range = table::of_container(host, name);
            let mut removed = 0;
            rejects.retain_in(range, |_, _| {
                removed += 1;
                false
            })?;
            Ok(removed)
        };
        self.0.write("clearing the list of rejected images", clear).await
    }

    /// Removes what failed longer ago on containers of a host that are not there any more. On one
    /// that is, a bad image does not get better with time.
    pub async fn expire(
        &self,
        host: &HostId,
        present: BTreeSet<ContainerName>,
        keep: KeepDays,
    ) -> Result<(), StoreError> {
        let (host, cutoff) = (host.clone(), keep.cutoff(self.0.clock.now()));
        let expire = move |write: &WriteTransaction| {
            let mut rejects = write.open_table(table::REJECTS)?;
            let range = table::triples_of(host.as_str());
            rejects.retain_in(range, |(_, name, _), bytes| {
                present.contains(&ContainerName::new(name)) || record::is_since(bytes, cutoff)
            })?;
            Ok::<_, Fault>(())
        };
        self.0.write("cleaning the list of rejected images up", expire).await
    }
}

//! What is remembered of containers that wait, for as long as they are there.

use std::collections::{BTreeMap, BTreeSet};

use redb::WriteTransaction;

use crate::core::id::{ContainerName, HostId};
use crate::core::waiting::Waiting;

use super::record::{Stored, encode};
use super::{Store, StoreError, table};

/// What is remembered of containers that wait.
#[derive(Clone, Copy, Debug)]
pub struct Waits<'a>(pub(super) &'a Store);

impl Stored for Waiting {
    const VERSION: u32 = 1;
}

impl Waits<'_> {
    /// Returns all of one host, by container.
    pub async fn of_host(
        &self,
        host: &HostId,
    ) -> Result<BTreeMap<ContainerName, Waiting>, StoreError> {
        self.0.by_container("reading what containers wait for", table::WAITS, host).await
    }

    /// Writes what has changed.
    pub async fn keep(
        &self,
        host: &HostId,
        changed: Vec<(ContainerName, Waiting)>,
    ) -> Result<(), StoreError> {
        let host = host.clone();
        let keep = move |write: &WriteTransaction| {
            let mut waits = write.open_table(table::WAITS)?;
            for (name, waiting) in &changed {
                let key = (host.as_str(), name.as_str());
                if *waiting == Waiting::default() {
                    waits.remove(key)?;
                } else {
                    waits.insert(key, &*encode(waiting)?)?;
                }
            }
            Ok(())
        };
        self.0.write("writing what containers wait for", keep).await
    }

    /// Forgets containers that are not there any more.
    pub async fn expire(
        &self,
        host: &HostId,
        present: BTreeSet<ContainerName>,
    ) -> Result<(), StoreError> {
        let host = host.clone();
        let expire = move |write: &WriteTransaction| {
            let mut waits = write.open_table(table::WAITS)?;
            let range = table::pairs_of(host.as_str());
            waits.retain_in(range, |(_, name), _| present.contains(&ContainerName::new(name)))?;
            Ok(())
        };
        self.0.write("forgetting what containers waited for", expire).await
    }
}

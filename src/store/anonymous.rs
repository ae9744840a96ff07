//! The volumes of containers that nobody named.

use std::collections::BTreeMap;

use redb::WriteTransaction;

use crate::core::anonymous::Anonymous;
use crate::core::id::{ContainerName, HostId, TargetId};

use super::record::{Stored, encode};
use super::{Store, StoreError, table};

/// The volumes of containers that nobody named.
#[derive(Clone, Copy, Debug)]
pub struct AnonymousVolumes<'a>(pub(super) &'a Store);

impl Stored for Anonymous {
    const VERSION: u32 = 1;
}

impl AnonymousVolumes<'_> {
    /// Returns all of one host, by container.
    pub async fn of_host(
        &self,
        host: &HostId,
    ) -> Result<BTreeMap<ContainerName, Anonymous>, StoreError> {
        self.0.by_container("reading which volumes nobody named", table::ANONYMOUS, host).await
    }

    /// Writes what is known of a container in the place of what was known before; nothing, where it
    /// has none.
    pub async fn put(&self, target: &TargetId, known: Anonymous) -> Result<(), StoreError> {
        let target = target.clone();
        let put = move |write: &WriteTransaction| {
            let mut all = write.open_table(table::ANONYMOUS)?;
            let key = (target.host.as_str(), target.name.as_str());
            if known.volumes.is_empty() {
                all.remove(key)?;
            } else {
                all.insert(key, &*encode(&known)?)?;
            }
            Ok(())
        };
        self.0.write("writing which volumes nobody named", put).await
    }
}

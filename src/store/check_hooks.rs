//! What became of the hooks of a check the last time: one record for each, in the place of the one
//! before.

use std::collections::BTreeSet;

use redb::{ReadTransaction, WriteTransaction};

use crate::core::check_hook::CheckHook;
use crate::core::id::{ContainerName, HostId, TargetId};

use super::record::{Stored, decode_listed, encode};
use super::{Store, StoreError, table};

/// What became of the hooks of a check the last time.
#[derive(Clone, Copy, Debug)]
pub struct CheckHooks<'a>(pub(super) &'a Store);

impl Stored for CheckHook {
    const VERSION: u32 = 1;
}

impl CheckHooks<'_> {
    /// Returns those of a container, the newest last.
    pub async fn of(&self, target: &TargetId) -> Result<Vec<CheckHook>, StoreError> {
        let target = target.clone();
        let list = move |read: &ReadTransaction| {
            let hooks = read.open_table(table::CHECK_HOOKS)?;
            let (host, name) = (target.host.as_str(), target.name.as_str());
            let mut listed: Vec<CheckHook> = Vec::new();
            for entry in hooks.range(table::of_container(host, name))? {
                let (_, bytes) = entry?;
                listed.extend(decode_listed::<CheckHook>(name, bytes.value()));
            }
            listed.sort_by_key(|hook| hook.began_at);
            Ok(listed)
        };
        self.0.read("reading what became of hooks", list).await
    }

    /// Puts these in the place of what is known of the same hooks.
    pub async fn keep(
        &self,
        host: &HostId,
        ended: Vec<(ContainerName, CheckHook)>,
    ) -> Result<(), StoreError> {
        let host = host.clone();
        let keep = move |write: &WriteTransaction| {
            let mut hooks = write.open_table(table::CHECK_HOOKS)?;
            for (name, ended) in &ended {
                let key = (host.as_str(), name.as_str(), &*ended.hook.to_string());
                hooks.insert(key, &*encode(ended)?)?;
            }
            Ok(())
        };
        self.0.write("writing what became of hooks", keep).await
    }

    /// Forgets those of containers that are not there any more.
    pub async fn expire(
        &self,
        host: &HostId,
        present: BTreeSet<ContainerName>,
    ) -> Result<(), StoreError> {
        let host = host.clone();
        let expire = move |write: &WriteTransaction| {
            let mut hooks = write.open_table(table::CHECK_HOOKS)?;
            let range = table::triples_of(host.as_str());
            hooks
                .retain_in(range, |(_, name, _), _| present.contains(&ContainerName::new(name)))?;
            Ok(())
        };
        self.0.write("forgetting what became of hooks", expire).await
    }
}

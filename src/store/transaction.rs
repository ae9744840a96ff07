//! One transaction at a time, on a thread that may wait for the disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use redb::{ReadTransaction, ReadableDatabase as _, TableDefinition, WriteTransaction};

use crate::core::id::{ContainerName, HostId};

use super::database::Guarded;
use super::fault::Fault;
use super::record::{Stored, decode_listed};
use super::{Store, StoreError, blocking, table};

impl Store {
    /// Runs `work` on what is stored at one moment.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&ReadTransaction) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(doing, move |database| {
            database.with(doing, |database| work(&database.begin_read()?))
        })
        .await
    }

    /// Runs `work` in one transaction: durable when this returns, all of it or nothing.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&WriteTransaction) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(doing, move |database| {
            database.with(doing, |database| {
                let write = database.begin_write()?;
                let value = work(&write)?;
                write.commit()?;
                Ok(value)
            })
        })
        .await
    }

    /// Returns the records of a host, by container.
    pub(super) async fn by_container<T: Stored + Send + 'static>(
        &self,
        doing: &'static str,
        table: TableDefinition<'static, (&'static str, &'static str), &'static [u8]>,
        host: &HostId,
    ) -> Result<BTreeMap<ContainerName, T>, StoreError> {
        let host = host.clone();
        let list = move |read: &ReadTransaction| {
            let mut listed = BTreeMap::new();
            for entry in read.open_table(table)?.range(table::pairs_of(host.as_str()))? {
                let (key, bytes) = entry?;
                let name = key.value().1;
                let record = decode_listed(name, bytes.value());
                listed.extend(record.map(|record| (ContainerName::new(name), record)));
            }
            Ok(listed)
        };
        self.read(doing, list).await
    }

    async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Guarded) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        // The semaphore is never closed; without a permit the work would still be right.
        let permit = Arc::clone(&self.threads).acquire_owned().await.ok();
        let database = Arc::clone(&self.database);
        blocking::run(doing, move || {
            let _permit = permit;
            work(&database)
        })
        .await
    }
}

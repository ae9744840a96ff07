//! One transaction at a time, on a thread that may wait for the disk.

use std::sync::Arc;

use redb::{ReadTransaction, ReadableDatabase as _, WriteTransaction};

use super::database::Guarded;
use super::fault::Fault;
use super::{Store, StoreError, blocking};

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

//! When the schedules last ran, so that a run that was missed is made up for once.

use redb::{ReadTransaction, WriteTransaction};

use crate::core::id::Timestamp;

use super::record::{Stored, decode, encode};
use super::{Store, StoreError, table};

/// When the schedules last ran.
#[derive(Clone, Copy, Debug)]
pub struct Schedules<'a>(pub(super) &'a Store);

impl Stored for Timestamp {
    const VERSION: u32 = 1;
}

impl Schedules<'_> {
    /// Remembers a run.
    pub async fn ran(&self, schedule: &'static str, at: Timestamp) -> Result<(), StoreError> {
        let remember = move |write: &WriteTransaction| {
            write.open_table(table::SCHEDULES)?.insert(schedule, &*encode(&at)?)?;
            Ok(())
        };
        self.0.write("writing a schedule's last run", remember).await
    }

    /// Returns the last run; `None` before the first.
    pub async fn last_run(&self, schedule: &'static str) -> Result<Option<Timestamp>, StoreError> {
        let find = move |read: &ReadTransaction| {
            let schedules = read.open_table(table::SCHEDULES)?;
            let found = schedules.get(schedule)?;
            Ok(found.map(|bytes| decode(bytes.value())).transpose()?)
        };
        self.0.read("reading a schedule's last run", find).await
    }
}

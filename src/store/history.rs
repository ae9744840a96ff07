//! Finished operations: added once, listed newest first, removed when they are old.

use std::ops::Bound;

use redb::{ReadTransaction, ReadableTable as _, WriteTransaction};
use serde::Deserialize;

use crate::core::history::{HistoryRecord, Status};
use crate::core::id::{ContainerName, HostId, ImageId, OperationId, TargetId, Timestamp};
use crate::core::journal::Outcome;
use crate::core::plan::{OperationKind, UpdatePlan};
use crate::core::reference::ImageRef;
use crate::core::retention::{Attempt, Move, Past};

use super::fault::Fault;
use super::record::{Stored, decode, decode_listed, encode, peek, peek_listed};
use super::{KeepDays, Store, StoreError, table};

/// How many records one transaction removes.
const BATCH: usize = 500;

/// What was done.
#[derive(Clone, Copy, Debug)]
pub struct History<'a>(pub(super) &'a Store);

/// Which records are listed; newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Of this container alone.
    pub target: Option<TargetId>,
    /// With this status alone.
    pub status: Option<Status>,
    /// Begun then or later.
    pub since: Option<Timestamp>,
    /// Begun before this operation: the last one of the page before.
    pub before: Option<OperationId>,
    /// How many at most.
    pub limit: usize,
}

impl Default for HistoryFilter {
    fn default() -> Self {
        Self { target: None, status: None, since: None, before: None, limit: 20 }
    }
}

impl Stored for HistoryRecord {
    const VERSION: u32 = 1;
}

impl Stored for UpdatePlan {
    const VERSION: u32 = 1;
}

impl History<'_> {
    /// Adds a record; adding it again changes nothing.
    pub async fn add(&self, record: HistoryRecord) -> Result<(), StoreError> {
        self.add_all(vec![record]).await
    }

    /// Adds records in one transaction.
    pub async fn add_all(&self, records: Vec<HistoryRecord>) -> Result<(), StoreError> {
        let add = move |write: &WriteTransaction| {
            records.into_iter().try_for_each(|record| insert(write, record))
        };
        self.0.write("writing the history", add).await
    }

    /// Says whether an operation is recorded.
    pub async fn contains(&self, id: &OperationId) -> Result<bool, StoreError> {
        let id = id.clone();
        let found = move |read: &ReadTransaction| {
            Ok(read.open_table(table::HISTORY)?.get(id.as_str())?.is_some())
        };
        self.0.read("reading the history", found).await
    }

    /// Returns the record of an operation with its plan.
    pub async fn find(&self, id: &OperationId) -> Result<Option<HistoryRecord>, StoreError> {
        let id = id.clone();
        self.0.read("reading the history", move |read| find(read, &id)).await
    }

    /// Returns one page of records, without their plans. Records that do not read back are named in
    /// the log and left out.
    pub async fn list(&self, filter: HistoryFilter) -> Result<Vec<HistoryRecord>, StoreError> {
        self.0.read("reading the history", move |read| list(read, &filter)).await
    }

    /// Returns the operations of a host that have moved a container to another image, or were to.
    pub async fn past(&self, host: &HostId) -> Result<Past, StoreError> {
        let host = host.clone();
        self.0.read("reading the history", move |read| past(read, &host)).await
    }

    /// Removes what began longer ago; returns how many records went.
    pub async fn expire(&self, keep: KeepDays) -> Result<usize, StoreError> {
        let cutoff = keep.cutoff(self.0.clock.now()).timestamp_micros();
        let mut removed = 0;
        loop {
            let expire = move |write: &WriteTransaction| remove_before(write, cutoff);
            let batch = self.0.write("cleaning the history up", expire).await?;
            removed += batch;
            if batch < BATCH {
                return Ok(removed);
            }
        }
    }
}

/// What the indexes are made of; read without the rest of the record.
#[derive(Deserialize)]
struct Place {
    host: HostId,
    container: ContainerName,
    started_at: Timestamp,
}

fn insert(write: &WriteTransaction, mut record: HistoryRecord) -> Result<(), Fault> {
    let plan = record.plan.take();
    let id = record.id.as_str();
    let started = record.started_at.timestamp_micros();
    let status = byte(record.status);
    write.open_table(table::HISTORY)?.insert(id, &*encode(&record)?)?;
    if let Some(plan) = plan {
        write.open_table(table::HISTORY_PLAN)?.insert(id, &*encode(&*plan)?)?;
    }
    write.open_table(table::HISTORY_BY_TIME)?.insert((started, id), status)?;
    let key = (record.host.as_str(), record.container.as_str(), started, id);
    write.open_table(table::HISTORY_BY_TARGET)?.insert(key, status)?;
    Ok(())
}

fn find(read: &ReadTransaction, id: &OperationId) -> Result<Option<HistoryRecord>, Fault> {
    let records = read.open_table(table::HISTORY)?;
    let Some(bytes) = records.get(id.as_str())? else { return Ok(None) };
    let mut record = decode::<HistoryRecord>(bytes.value())?;
    if let Some(plan) = read.open_table(table::HISTORY_PLAN)?.get(id.as_str())? {
        record.plan = Some(Box::new(decode(plan.value())?));
    }
    Ok(Some(record))
}

fn list(read: &ReadTransaction, filter: &HistoryFilter) -> Result<Vec<HistoryRecord>, Fault> {
    let records = read.open_table(table::HISTORY)?;
    let mut listed = Vec::new();
    for id in page(read, filter)? {
        let bytes = records.get(&*id)?;
        listed.extend(bytes.and_then(|bytes| decode_listed::<HistoryRecord>(&id, bytes.value())));
    }
    Ok(listed)
}

/// What a record says of its images; read without the rest of it.
#[derive(Deserialize)]
struct Moved {
    id: OperationId,
    host: HostId,
    kind: OperationKind,
    container: ContainerName,
    old_image_id: ImageId,
    new_image_id: ImageId,
    old_image: String,
    new_image: String,
    #[serde(flatten)]
    outcome: Outcome,
}

fn past(read: &ReadTransaction, host: &HostId) -> Result<Past, Fault> {
    let records = read.open_table(table::HISTORY)?;
    let all = HistoryFilter { limit: usize::MAX, ..HistoryFilter::default() };
    let mut past = Past::default();
    for id in page(read, &all)? {
        let Some(bytes) = records.get(&*id)? else { continue };
        let record = peek_listed::<Moved>(&id, bytes.value());
        match record.filter(|it| it.host == *host) {
            Some(it) if it.outcome == Outcome::Updated => past.moves.push(it.into()),
            Some(it) if it.kind == OperationKind::Update && it.outcome != Outcome::NoChange => {
                past.attempts.push(it.into());
            }
            _ => {}
        }
    }
    Ok(past)
}

impl From<Moved> for Move {
    fn from(it: Moved) -> Self {
        Self {
            operation: it.id,
            kind: it.kind,
            container: it.container,
            leaves: ImageRef::parse(&it.old_image).ok().filter(|_| it.old_image != it.new_image),
            from: it.old_image_id,
            to: it.new_image_id,
        }
    }
}

impl From<Moved> for Attempt {
    fn from(it: Moved) -> Self {
        let reference = ImageRef::parse(&it.new_image).ok();
        Self { container: it.container, image: it.new_image_id, reference }
    }
}

/// Returns the operations of a page from the indexes alone.
fn page(read: &ReadTransaction, filter: &HistoryFilter) -> Result<Vec<String>, Fault> {
    let before = match &filter.before {
        Some(id) => Some((started_micros(read, id)?, id.as_str())),
        None => None,
    };
    let since = filter.since.map_or(i64::MIN, |since| since.timestamp_micros());
    let Some(TargetId { host, name }) = &filter.target else {
        let end = before.map_or(Bound::Unbounded, Bound::Excluded);
        let index = read.open_table(table::HISTORY_BY_TIME)?;
        let entries = index.range((Bound::Included((since, "")), end))?.rev();
        return wanted(
            entries.map(|entry| entry.map(|(k, v)| (k.value().1.into(), v.value()))),
            filter,
        );
    };
    let (host, name) = (host.as_str(), name.as_str());
    let start = Bound::Included((host, name, since, ""));
    let end = before.map_or(Bound::Included((host, name, i64::MAX, table::LAST)), |(at, id)| {
        Bound::Excluded((host, name, at, id))
    });
    let index = read.open_table(table::HISTORY_BY_TARGET)?;
    let entries = index.range((start, end))?.rev();
    wanted(entries.map(|entry| entry.map(|(k, v)| (k.value().3.into(), v.value()))), filter)
}

/// Returns the first operations whose status is asked for.
fn wanted(
    entries: impl Iterator<Item = Result<(String, u8), redb::StorageError>>,
    filter: &HistoryFilter,
) -> Result<Vec<String>, Fault> {
    let status = filter.status.map(byte);
    let mut ids = Vec::new();
    for entry in entries {
        let (id, found) = entry?;
        if ids.len() == filter.limit {
            break;
        }
        if status.is_none_or(|status| status == found) {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn started_micros(read: &ReadTransaction, id: &OperationId) -> Result<i64, Fault> {
    let records = read.open_table(table::HISTORY)?;
    let bytes = records.get(id.as_str())?.ok_or_else(|| Fault::UnknownOperation(id.clone()))?;
    Ok(peek::<Place>(bytes.value())?.started_at.timestamp_micros())
}

fn remove_before(write: &WriteTransaction, cutoff: i64) -> Result<usize, Fault> {
    let mut by_time = write.open_table(table::HISTORY_BY_TIME)?;
    let mut by_target = write.open_table(table::HISTORY_BY_TARGET)?;
    let mut records = write.open_table(table::HISTORY)?;
    let mut plans = write.open_table(table::HISTORY_PLAN)?;
    let mut old = Vec::new();
    for entry in by_time.range(..(cutoff, ""))?.take(BATCH) {
        let (started, id) = entry.map(|(key, _)| (key.value().0, key.value().1.to_owned()))?;
        old.push((started, id));
    }
    for (started, id) in &old {
        let id = &**id;
        by_time.remove((*started, id))?;
        plans.remove(id)?;
        let Some(bytes) = records.remove(id)? else { continue };
        // One that does not read back leaves an index entry behind, which lists pass over.
        if let Ok(place) = peek::<Place>(bytes.value()) {
            by_target.remove((place.host.as_str(), place.container.as_str(), *started, id))?;
        }
    }
    Ok(old.len())
}

fn byte(status: Status) -> u8 {
    match status {
        Status::Success => 0,
        Status::Failed => 1,
        Status::Rollback => 2,
    }
}

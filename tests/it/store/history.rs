//! The history: added once, listed newest first by any filter, removed when it is old.

use std::time::Duration;

use docker_auto::core::history::{HistoryRecord, Status};
use docker_auto::core::id::OperationId;
use docker_auto::core::journal::{JournalEntry, Outcome, Position};
use docker_auto::store::{HistoryFilter, KeepDays, Store, StoreError};
use redb::{Database, TableDefinition};

use super::{clock, directory, moment, open, plan};

/// Returns the record of an operation that began so many minutes after noon.
fn record(operation: u32, container: &str, minute: u32, outcome: Outcome) -> HistoryRecord {
    let at = moment(&format!("2026-11-22T12:{minute:02}:00Z"));
    let started = JournalEntry::Started { position: Position::Forward(0), at };
    let entries = [started, JournalEntry::Finished { at, outcome }];
    HistoryRecord::from_journal(&plan(operation, container), &entries)
}

/// Six operations on two containers; the fifth began at the same moment as the fourth.
async fn fill(store: &Store) {
    let failed = || Outcome::Aborted("no".into());
    let back = || Outcome::RolledBack("no".into());
    for record in [
        record(1, "web", 1, Outcome::Updated),
        record(2, "db", 2, failed()),
        record(3, "web", 3, back()),
        record(4, "web", 4, Outcome::NoChange),
        record(5, "db", 4, Outcome::Updated),
        record(6, "web", 6, failed()),
    ] {
        store.history().add(record).await.unwrap();
    }
}

async fn check(store: &Store, filter: HistoryFilter, expected: &[u32]) {
    let listed = store.history().list(filter.clone()).await.unwrap();
    let numbers: Vec<_> = listed.iter().map(|record| number(&record.id)).collect();
    assert_eq!(numbers, expected, "{filter:?}");
    assert!(listed.iter().all(|record| record.plan.is_none()), "lists are without plans");
}

fn number(id: &OperationId) -> u32 {
    u32::from_str_radix(id.as_str().rsplit('-').next().unwrap(), 16).unwrap()
}

fn of(container: &str) -> HistoryFilter {
    HistoryFilter { target: Some(plan(0, container).target), ..HistoryFilter::default() }
}

#[tokio::test]
async fn pages_are_newest_first_and_filtered() {
    let directory = directory();
    let store = open(directory.path()).await;
    fill(&store).await;
    let all = HistoryFilter::default;
    let before = |number| Some(plan(number, "").operation);
    let since = |minute: &str| Some(moment(&format!("2026-11-22T12:{minute}:00Z")));
    for (filter, expected) in [
        (all(), &[6, 5, 4, 3, 2, 1][..]),
        (HistoryFilter { limit: 2, ..all() }, &[6, 5]),
        (HistoryFilter { limit: 2, before: before(5), ..all() }, &[4, 3]),
        (HistoryFilter { before: before(1), ..all() }, &[]),
        (HistoryFilter { since: since("04"), ..all() }, &[6, 5, 4]),
        (HistoryFilter { since: since("07"), ..all() }, &[]),
        (HistoryFilter { status: Some(Status::Failed), ..all() }, &[6, 2]),
        (HistoryFilter { status: Some(Status::Success), limit: 1, ..all() }, &[5]),
        (of("web"), &[6, 4, 3, 1]),
        (of("db"), &[5, 2]),
        (of("we"), &[]),
        (HistoryFilter { before: before(4), limit: 1, ..of("web") }, &[3]),
        (HistoryFilter { since: since("02"), ..of("web") }, &[6, 4, 3]),
        (HistoryFilter { status: Some(Status::Rollback), ..of("web") }, &[3]),
        (HistoryFilter { limit: 0, ..all() }, &[]),
    ] {
        check(&store, filter, expected).await;
    }
    let unknown = HistoryFilter { before: before(99), ..all() };
    let error = store.history().list(unknown).await.unwrap_err();
    assert!(matches!(error, StoreError::UnknownOperation(_)), "{error}");
}

#[tokio::test]
async fn a_record_is_found_with_its_plan_and_added_once() {
    let directory = directory();
    let store = open(directory.path()).await;
    let record = record(1, "web", 1, Outcome::Updated);
    assert!(!store.history().contains(&record.id).await.unwrap());
    assert_eq!(store.history().find(&record.id).await.unwrap(), None);
    for _ in 0..2 {
        store.history().add(record.clone()).await.unwrap();
    }
    assert!(store.history().contains(&record.id).await.unwrap());
    assert_eq!(store.history().find(&record.id).await.unwrap(), Some(record.clone()));
    store.close().await.unwrap();
    let error = store.history().contains(&record.id).await.unwrap_err();
    assert!(matches!(error, StoreError::Closed { .. }), "{error}");
    let store = open(directory.path()).await;
    assert_eq!(store.history().find(&record.id).await.unwrap(), Some(record));
    check(&store, HistoryFilter::default(), &[1]).await;
}

#[tokio::test]
async fn old_records_are_removed_and_others_kept() {
    let directory = directory();
    let clock = clock();
    let store = Store::open(directory.path(), clock.clone()).await.unwrap();
    fill(&store).await;
    let keep = KeepDays::new(30).unwrap();
    clock.set(moment("2026-12-22T12:03:00Z"));
    assert_eq!(store.history().expire(keep).await.unwrap(), 2);
    check(&store, HistoryFilter::default(), &[6, 5, 4, 3]).await;
    check(&store, of("web"), &[6, 4, 3]).await;
    assert_eq!(store.history().find(&plan(1, "").operation).await.unwrap(), None);
    clock.advance(Duration::from_hours(1));
    assert_eq!(store.history().expire(KeepDays::default()).await.unwrap(), 0);
    assert_eq!(store.history().expire(keep).await.unwrap(), 4);
    check(&store, HistoryFilter::default(), &[]).await;
}

#[tokio::test]
async fn many_old_records_are_removed_in_batches() {
    let directory = directory();
    let clock = clock();
    let store = Store::open(directory.path(), clock.clone()).await.unwrap();
    let records = (0..1001).map(|number| record(number, "web", number % 60, Outcome::Updated));
    store.history().add_all(records.collect()).await.unwrap();
    clock.set(moment("2027-11-22T00:00:00Z"));
    assert_eq!(store.history().expire(KeepDays::default()).await.unwrap(), 1001);
    check(&store, HistoryFilter::default(), &[]).await;
}

#[tokio::test]
async fn a_record_that_does_not_read_back_spoils_no_list() {
    let directory = directory();
    let store = open(directory.path()).await;
    fill(&store).await;
    store.close().await.unwrap();
    let database = Database::open(directory.path().join("state.redb")).unwrap();
    let write = database.begin_write().unwrap();
    let table: TableDefinition<&str, &[u8]> = TableDefinition::new("history");
    let id = plan(3, "").operation;
    let newer = br#"{"version":99,"value":{}}"#.as_slice();
    write.open_table(table).unwrap().insert(id.as_str(), newer).unwrap();
    write.commit().unwrap();
    drop(database);
    let store = open(directory.path()).await;
    check(&store, HistoryFilter::default(), &[6, 5, 4, 2, 1]).await;
    let error = store.history().find(&id).await.unwrap_err();
    assert!(matches!(error, StoreError::Record { .. }), "{error}");
}

//! Damaged databases: moved aside with all their bytes, and replaced by an empty one that works.

use std::fs;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use docker_auto::core::history::HistoryRecord;
use docker_auto::core::id::OperationId;
use docker_auto::core::journal::{JournalEntry, Outcome};
use docker_auto::store::{HistoryFilter, Operations, Store, StoreError};
use redb::{Database, TableDefinition};

use super::{START, clock, directory, moment, open, plan};

fn record(number: u32, padding: usize) -> HistoryRecord {
    let outcome = Outcome::Aborted("x".repeat(padding));
    let end = JournalEntry::Finished { at: moment(START), outcome };
    HistoryRecord::from_journal(&plan(number, "web"), &[end])
}

fn database(directory: &Path) -> PathBuf {
    directory.join("state.redb")
}

/// Returns the files that were moved aside.
fn aside(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_string_lossy().contains("state.redb.broken-")).collect()
}

/// Makes a database with three records; returns its bytes.
async fn healthy(directory: &Path) -> Vec<u8> {
    let store = open(directory).await;
    for number in 1..=3 {
        store.history().add(record(number, 100)).await.unwrap();
    }
    store.close().await.unwrap();
    fs::read(database(directory)).unwrap()
}

async fn works(store: &Store) {
    store.history().add(record(9, 10)).await.unwrap();
    assert!(store.history().contains(&record(9, 10).id).await.unwrap());
}

/// Puts a damaged database where the healthy one was; it must be moved aside.
async fn check(directory: &Path, what: &str, bytes: &[u8]) {
    fs::write(database(directory), bytes).unwrap();
    let store = open(directory).await;
    assert_eq!(store.history().list(HistoryFilter::default()).await.unwrap(), [], "{what}");
    works(&store).await;
    store.close().await.unwrap();
    let moved = aside(directory);
    assert_eq!(moved.len(), 1, "{what}: {moved:?}");
    assert!(moved[0].ends_with("state.redb.broken-20261122T030000Z"), "{moved:?}");
    assert_eq!(fs::read(&moved[0]).unwrap(), bytes, "{what}");
    fs::remove_file(&moved[0]).unwrap();
}

#[tokio::test]
async fn a_damaged_database_is_moved_aside() {
    let directory = directory();
    let good = healthy(directory.path()).await;
    let zeroed = |range: std::ops::Range<usize>| {
        let mut bytes = good.clone();
        bytes[range].fill(0);
        bytes
    };
    for (what, bytes) in [
        ("one byte", vec![0]),
        ("text", b"not a database at all\n".repeat(1000)),
        ("zeroes", vec![0; good.len()]),
        ("no header", zeroed(0..64)),
        ("cut off in the header", good[..200].to_vec()),
        ("cut off in the middle", good[..good.len() / 2].to_vec()),
        ("cut off in the first pages", good[..12288].to_vec()),
        ("no pages", zeroed(4096..good.len())),
    ] {
        check(directory.path(), what, &bytes).await;
    }
}

/// A flipped bit is either harmless or found; it never brings the program down.
#[tokio::test]
async fn no_flipped_bit_does_harm() {
    let directory = directory();
    let good = healthy(directory.path()).await;
    let mut found = 0;
    for place in (0..good.len()).step_by(good.len() / 80) {
        let mut bytes = good.clone();
        bytes[place] ^= 0x10;
        fs::write(database(directory.path()), &bytes).unwrap();
        let store = open(directory.path()).await;
        let listed = store.history().list(HistoryFilter::default()).await.unwrap();
        works(&store).await;
        store.close().await.unwrap();
        let moved = aside(directory.path());
        assert_eq!(listed.len(), if moved.is_empty() { 3 } else { 0 }, "bit at {place}");
        for path in moved {
            found += 1;
            fs::remove_file(path).unwrap();
        }
    }
    assert!(found > 0, "some bit was in use");
}

#[tokio::test]
async fn of_damaged_databases_the_newest_three_are_kept() {
    let directory = directory();
    let clock = clock();
    for (seconds, text) in [(0, "first"), (0, "second"), (1, "third"), (0, "fourth"), (0, "fifth")]
    {
        clock.advance(Duration::from_secs(seconds));
        fs::write(database(directory.path()), text).unwrap();
        Store::open(directory.path(), clock.clone()).await.unwrap().close().await.unwrap();
    }
    let mut kept: Vec<_> =
        aside(directory.path()).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    kept.sort();
    assert_eq!(kept, ["fifth", "fourth", "third"]);
}

#[tokio::test]
async fn a_damaged_database_costs_no_open_operation() {
    let directory = directory();
    let operations = Operations::open(directory.path()).await.unwrap();
    operations.create(plan(1, "web")).await.unwrap();
    fs::write(database(directory.path()), "garbage").unwrap();
    open(directory.path()).await;
    assert_eq!(operations.list().await.unwrap().open.len(), 1);
}

/// The disk goes bad under a running program: that is an error where it shows, and the next use
/// moves the file aside.
#[tokio::test]
async fn damage_that_shows_later_is_an_error_once() {
    let directory = directory();
    let store = open(directory.path()).await;
    for number in 0..40 {
        store.history().add(record(number, 200_000)).await.unwrap();
    }
    let file = fs::OpenOptions::new().write(true).open(database(directory.path())).unwrap();
    // Everything behind the header and the tables of pages.
    for page in (1 << 20..file.metadata().unwrap().len()).step_by(4096) {
        file.write_all_at(&[0xff; 64], page).unwrap();
    }
    let mut damaged = 0;
    for number in 0..40 {
        match store.history().find(&record(number, 0).id).await {
            // What is still in memory is still right; what is moved aside is gone.
            Ok(found) => assert!(found.is_none_or(|found| found.id == record(number, 0).id)),
            Err(StoreError::Damaged { .. }) => damaged += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!((damaged, aside(directory.path()).len()), (1, 1));
    works(&store).await;
}

/// Too large to be checked as a whole at every start: whatever it meets there is caught.
#[tokio::test]
async fn a_large_database_that_is_damaged_is_moved_aside() {
    let directory = directory();
    let store = open(directory.path()).await;
    for number in 0..40 {
        store.history().add(record(number, 400_000)).await.unwrap();
    }
    store.close().await.unwrap();
    let path = database(directory.path());
    let mut bytes = fs::read(&path).unwrap();
    assert!(bytes.len() > 16 << 20, "{}", bytes.len());
    for page in bytes[1 << 20..].chunks_mut(4096) {
        page[..64].fill(0xff);
    }
    fs::write(&path, &bytes).unwrap();
    let store = open(directory.path()).await;
    for number in 0..40 {
        // An error once at most, if it was not found at the start.
        let _ = store.history().find(&record(number, 0).id).await;
    }
    works(&store).await;
    assert_eq!(aside(directory.path()).len(), 1);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let directory = directory();
    open(directory.path()).await.close().await.unwrap();
    let path = database(directory.path());
    let newer = Database::open(&path).unwrap();
    let write = newer.begin_write().unwrap();
    let meta: TableDefinition<&str, u64> = TableDefinition::new("meta");
    write.open_table(meta).unwrap().insert("schema", 99).unwrap();
    write.commit().unwrap();
    drop(newer);

    let error = Store::open(directory.path(), clock()).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, known: 3, .. }), "{error:?}");
    let message = error.to_string();
    for part in ["state.redb", "schema 99", "move the file away"] {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
    assert_eq!(aside(directory.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn what_is_made_belongs_to_its_owner_alone() {
    let directory = directory();
    let data = directory.path().join("a/b");
    let store = open(&data).await;
    store.history().add(record(1, 1)).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&data), mode(&database(&data))), (0o700, 0o600));
    let other = store.clone();
    assert!(other.history().contains(&OperationId::new(record(1, 1).id.as_str())).await.unwrap());
}

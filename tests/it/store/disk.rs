//! Directories that cannot be used: each error names its cure, and nothing recorded is lost.
//!
//! Full and read-only file systems are real ones, small and in memory, mounted by a child of the
//! test in a mount namespace of its own: the child is this test binary, which runs the same test
//! again and finds the directory in the variable [`PREPARED`].

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use docker_auto::core::history::HistoryRecord;
use docker_auto::core::journal::{Journal as _, JournalEntry, Outcome, Position};
use docker_auto::store::{HistoryFilter, Lock, Operations, Store, StoreError};

use super::{START, clock, directory, moment, plan};

const PREPARED: &str = "STORE_TEST_DIRECTORY";

/// Returns the directory that the parent prepared, in the child; in the parent runs the child and
/// returns `None`. `script` is a shell command that prepares `$STORE_TEST_DIRECTORY`, and then
/// runs `"$@"`.
fn in_child(test: &str, script: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(PREPARED) {
        return Some(path.into());
    }
    if !namespace().arg("true").output().is_ok_and(|tried| tried.status.success()) {
        let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
        assert!(!is_ci, "CI=true must not skip a test: run it where mounting is allowed");
        println!("skipped: no right to mount");
        return None;
    }
    let directory = directory();
    let mut child = namespace();
    child.args(["sh", "-ec", script, "sh"]);
    child.arg(std::env::current_exe().unwrap());
    child.args(["--exact", "--nocapture", &format!("store::disk::{test}")]);
    let output = child.env(PREPARED, directory.path()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    None
}

/// Returns a command that gives its arguments a mount namespace.
fn namespace() -> Command {
    let mut command = Command::new("unshare");
    // Without root a user namespace gives the right to mount.
    command.args(if is_root() { &["-m"][..] } else { &["-rm"] });
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn record(number: u32) -> HistoryRecord {
    let outcome = Outcome::Aborted("x".repeat(10_000));
    let end = JournalEntry::Finished { at: moment(START), outcome };
    HistoryRecord::from_journal(&plan(number, "web"), &[end])
}

fn started(step: usize) -> JournalEntry {
    JournalEntry::Started { position: Position::Forward(step), at: moment(START) }
}

/// Writes until nothing fits any more; returns the file, which gives the space back when removed.
fn fill(directory: &Path) -> PathBuf {
    let path = directory.join("filler");
    let mut size = 1 << 20;
    let mut content = Vec::new();
    while size > 0 {
        content.resize(content.len() + size, 0);
        if fs::write(&path, &content).is_err() {
            content.truncate(content.len() - size);
            size /= 2;
        }
    }
    path
}

async fn refused(directory: &Path) -> Vec<StoreError> {
    vec![
        Store::open(directory, clock()).await.unwrap_err(),
        Operations::open(directory).await.unwrap_err(),
        Lock::acquire(directory, &clock()).unwrap_err(),
    ]
}

#[tokio::test]
async fn a_file_is_no_directory() {
    let directory = directory();
    let path = directory.path().join("file");
    fs::write(&path, "text").unwrap();
    for path in [path.clone(), path.join("below")] {
        for error in refused(&path).await {
            assert!(matches!(error, StoreError::NotADirectory { .. }), "{error:?}");
            assert!(error.to_string().contains("point DOCKER_AUTO_DATA to a directory"));
        }
    }
}

#[tokio::test]
async fn a_read_only_directory_is_named_with_the_cure() {
    let script = "mount -t tmpfs -o ro none \"$STORE_TEST_DIRECTORY\"; exec \"$@\"";
    let Some(directory) = in_child("a_read_only_directory_is_named_with_the_cure", script) else {
        return;
    };
    for error in refused(&directory).await {
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
        assert!(error.to_string().contains("mount the data directory writable"), "{error}");
        assert!(error.to_string().contains(&*directory.to_string_lossy()), "{error}");
    }
}

#[tokio::test]
async fn a_directory_of_someone_else_is_named_with_the_cure() {
    // Root without the right to override modes obeys them as everyone does.
    let script = "chmod 0500 \"$STORE_TEST_DIRECTORY\"; exec setpriv \
                   --bounding-set=-dac_override,-dac_read_search --inh-caps=-all \"$@\"";
    let Some(directory) = in_child("a_directory_of_someone_else_is_named_with_the_cure", script)
    else {
        return;
    };
    for error in refused(&directory).await {
        assert!(matches!(error, StoreError::Permission { .. }), "{error:?}");
        assert!(error.to_string().contains("give the data directory to the user"), "{error}");
    }
}

const SMALL: &str = "mount -t tmpfs -o size=4m none \"$STORE_TEST_DIRECTORY\"; exec \"$@\"";

#[tokio::test]
async fn a_full_disk_refuses_writes_and_loses_nothing() {
    let Some(directory) = in_child("a_full_disk_refuses_writes_and_loses_nothing", SMALL) else {
        return;
    };
    let store = Store::open(&directory, clock()).await.unwrap();
    store.history().add(record(1)).await.unwrap();
    let filler = fill(&directory);
    let mut stored = 1;
    let error = loop {
        match store.history().add(record(stored + 1)).await {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 1000, "the disk is never full");
    };
    assert!(matches!(error, StoreError::NoSpace { .. }), "{error:?}");
    let all = HistoryFilter { limit: 1000, ..HistoryFilter::default() };
    let count = |listed: Vec<HistoryRecord>| u32::try_from(listed.len()).unwrap();
    let listed = store.history().list(all.clone()).await.map(count);
    assert_eq!(listed.unwrap(), stored, "what is stored can be read while the disk is full");
    fs::remove_file(filler).unwrap();
    store.history().add(record(stored + 1)).await.unwrap();
    store.close().await.unwrap();
    let store = Store::open(&directory, clock()).await.unwrap();
    assert_eq!(count(store.history().list(all).await.unwrap()), stored + 1);
    assert!(!directory.join("state.redb.broken-20261122T030000Z").exists());
}

#[tokio::test]
async fn a_full_disk_begins_no_operation_but_lets_an_open_one_end() {
    let test = "a_full_disk_begins_no_operation_but_lets_an_open_one_end";
    let Some(directory) = in_child(test, SMALL) else { return };
    let operations = Operations::open(&directory).await.unwrap();
    let mut open = operations.create(plan(1, "web")).await.unwrap();
    let filler = fill(&directory);
    let error = operations.create(plan(2, "db")).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSpace { .. }), "{error:?}");

    for step in 0..100 {
        open.append(vec![started(step)]).await.unwrap();
    }
    let large = vec![JournalEntry::Failed {
        position: Position::Forward(0),
        at: moment(START),
        class: docker_auto::core::journal::Class::Lasting,
        error: "x".repeat(1 << 20),
    }];
    let error = open.append(large.clone()).await.unwrap_err();
    assert!(error.0.to_string().contains("no space is left"), "{:?}", error.0);
    assert_eq!(open.entries().len(), 100, "what could not be written does not count");
    open.append(vec![started(100)]).await.unwrap();
    fs::remove_file(filler).unwrap();
    open.append(large).await.unwrap();
    let written = open.entries().to_vec();
    drop(open);
    let found = Operations::open(&directory).await.unwrap().list().await.unwrap();
    assert!(found.unreadable.is_empty(), "{found:?}");
    assert_eq!(found.open.len(), 1);
    assert_eq!(found.open[0].entries(), written);
    assert_eq!(written.len(), 102);
}

/// A limit on file sizes is met as a full disk is.
#[tokio::test]
async fn a_file_size_limit_is_a_full_disk() {
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$@\"";
    let Some(directory) = in_child("a_file_size_limit_is_a_full_disk", script) else { return };
    let operations = Operations::open(&directory).await.unwrap();
    let error = operations.create(plan(1, "web")).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSpace { .. }), "{error:?}");
    let error = Store::open(&directory, clock()).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSpace { .. }), "{error:?}");
}

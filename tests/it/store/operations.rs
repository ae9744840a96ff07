//! Journals of open operations: nothing that was confirmed is lost, nothing half written counts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use docker_auto::core::history::HistoryRecord;
use docker_auto::core::id::{ContainerId, ContainerName};
use docker_auto::core::journal::{Journal as _, JournalEntry, Outcome, Position, StepOutput};
use docker_auto::store::{OpenOperation, Operations, StoreError};

use super::{START, directory, moment, open, plan};

fn started(step: usize) -> JournalEntry {
    JournalEntry::Started { position: Position::Forward(step), at: moment(START) }
}

fn created(step: usize) -> JournalEntry {
    let output = StepOutput::Created { id: ContainerId::new("2") };
    JournalEntry::Done { position: Position::Forward(step), at: moment(START), output }
}

fn finished() -> JournalEntry {
    JournalEntry::Finished { at: moment(START), outcome: Outcome::Updated }
}

/// The appends of a whole operation.
fn appends() -> Vec<Vec<JournalEntry>> {
    vec![vec![started(0)], vec![created(0), started(1)], vec![created(1), finished()]]
}

fn entries(appends: &[Vec<JournalEntry>]) -> Vec<JournalEntry> {
    appends.concat()
}

fn file(directory: &Path) -> PathBuf {
    directory.join("operations").join(format!("{}.jsonl", plan(1, "web").operation))
}

/// Writes the journal of an operation; returns its file.
async fn write(directory: &Path, appends: &[Vec<JournalEntry>]) -> PathBuf {
    let operations = Operations::open(directory).await.unwrap();
    let mut operation = operations.create(plan(1, "web")).await.unwrap();
    for entries in appends {
        operation.append(entries.clone()).await.unwrap();
    }
    assert_eq!(operation.entries(), entries(appends));
    file(directory)
}

/// Opens the only operation of a directory.
async fn reopen(directory: &Path) -> OpenOperation {
    let mut found = Operations::open(directory).await.unwrap().list().await.unwrap();
    assert_eq!(found.unreadable, []);
    assert_eq!(found.open.len(), 1);
    found.open.remove(0)
}

/// Returns the bytes up to the end of the last line.
fn lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap();
    &bytes[..=end]
}

#[tokio::test]
async fn what_is_appended_is_read_back() {
    let directory = directory();
    let path = write(directory.path(), &appends()).await;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mode = fs::metadata(path.parent().unwrap()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let bytes = fs::read(&path).unwrap();
    assert_eq!(std::str::from_utf8(&bytes).unwrap().trim_end().lines().count(), 4);
    let operation = reopen(directory.path()).await;
    assert_eq!(operation.plan(), &plan(1, "web"));
    assert_eq!(operation.entries(), entries(&appends()));
    assert!(operation.is_finished());
}

#[tokio::test]
async fn operations_are_listed_oldest_first() {
    let directory = directory();
    let operations = Operations::open(directory.path()).await.unwrap();
    for number in [2, 3, 1] {
        operations.create(plan(number, "web")).await.unwrap();
    }
    let found = operations.list().await.unwrap();
    let ids: Vec<_> = found.open.iter().map(|operation| operation.id().clone()).collect();
    assert_eq!(ids, [1, 2, 3].map(|number| plan(number, "web").operation));
}

/// The program ends while the last line is written: at every byte of it, with and without the
/// reserve behind it.
#[tokio::test]
async fn a_torn_last_line_is_ignored_wherever_it_is_torn() {
    let directory = directory();
    let path = write(directory.path(), &appends()).await;
    let whole = fs::read(&path).unwrap();
    let text = lines(&whole);
    let before = lines(&text[..text.len() - 1]).len();
    let kept = &appends()[..2];
    for torn in before..text.len() {
        for reserve in [0, whole.len() - torn] {
            let mut bytes = text[..torn].to_vec();
            bytes.resize(torn + reserve, b' ');
            fs::write(&path, &bytes).unwrap();
            let mut operation = reopen(directory.path()).await;
            assert_eq!(operation.entries(), entries(kept), "torn at {torn}");
            operation.append(vec![finished()]).await.unwrap();
            drop(operation);
            let operation = reopen(directory.path()).await;
            let expected = [entries(kept), vec![finished()]].concat();
            assert_eq!(operation.entries(), expected, "torn at {torn}");
        }
    }
}

/// Blocks of one write may reach the disk in any order: its end without its beginning.
#[tokio::test]
async fn a_last_line_with_a_hole_is_torn() {
    let directory = directory();
    let path = write(directory.path(), &appends()).await;
    let whole = fs::read(&path).unwrap();
    let text = lines(&whole);
    let before = lines(&text[..text.len() - 1]).len();
    for hole in [b' ', 0] {
        let mut bytes = whole.clone();
        bytes[before..before + 40].fill(hole);
        fs::write(&path, &bytes).unwrap();
        assert_eq!(reopen(directory.path()).await.entries(), entries(&appends()[..2]));
    }
}

#[tokio::test]
async fn a_damaged_middle_keeps_what_is_before_it_and_a_copy() {
    let directory = directory();
    let path = write(directory.path(), &appends()).await;
    let mut bytes = fs::read(&path).unwrap();
    let first = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    let second =
        first + 1 + lines(&bytes[first + 1..]).iter().position(|byte| *byte == b'\n').unwrap();
    bytes[second + 5] ^= 0x80;
    fs::write(&path, &bytes).unwrap();

    let mut operation = reopen(directory.path()).await;
    let [first, JournalEntry::Damaged { what, .. }] = operation.entries() else {
        panic!("{operation:?}")
    };
    assert_eq!(*first, started(0));
    assert!(what.contains("line 3 is damaged") && what.contains("1 entries"), "{what}");
    let copy = path.with_extension("jsonl.damaged");
    assert_eq!(fs::read(copy).unwrap(), bytes);

    operation.append(vec![finished()]).await.unwrap();
    drop(operation);
    let operation = reopen(directory.path()).await;
    let [_, JournalEntry::Damaged { .. }, last] = operation.entries() else {
        panic!("{operation:?}")
    };
    assert_eq!(*last, finished());
}

#[tokio::test]
async fn an_unreadable_file_is_kept_and_named_and_stops_no_other() {
    let plan_line = || serde_json::to_string(&plan(1, "web")).unwrap();
    let web = Some(ContainerName::new("web"));
    for (text, reason, target) in [
        (String::new(), "not complete", None),
        ("   ".repeat(100), "not complete", None),
        ("{}\n".into(), "no plan", None),
        ("\u{0}\u{0}\n".into(), "no plan", None),
        (format!("{{\"version\":2,\"plan\":{}}}\n", plan_line()), "format 2", web.clone()),
        (format!("{{\"version\":1,\"plan\":{}", plan_line()), "not complete", web),
        ("{\"version\":1,\"plan\":{\"operation\":\"x\"}}\n".into(), "no plan", None),
    ] {
        let directory = directory();
        let operations = Operations::open(directory.path()).await.unwrap();
        operations.create(plan(2, "db")).await.unwrap();
        let path = file(directory.path());
        fs::write(&path, &text).unwrap();
        let found = operations.list().await.unwrap();
        assert_eq!(found.open.len(), 1);
        let [unreadable] = &*found.unreadable else { panic!("{text:?}: {found:?}") };
        assert!(unreadable.reason.contains(reason), "{text:?}: {unreadable:?}");
        assert_eq!((&unreadable.path, &unreadable.target), (&path, &target));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

/// One that cannot even be opened is one of them.
#[tokio::test]
async fn what_cannot_be_opened_stops_no_other() {
    let directory = directory();
    let operations = Operations::open(directory.path()).await.unwrap();
    operations.create(plan(2, "db")).await.unwrap();
    fs::create_dir(file(directory.path())).unwrap();
    fs::create_dir(file(directory.path()).with_extension("other.new")).unwrap();
    let found = operations.list().await.unwrap();
    assert_eq!((found.open.len(), found.unreadable.len()), (1, 1), "{found:?}");
}

/// A line that is whole was not torn: nobody knows what a newer version meant by it.
#[tokio::test]
async fn a_last_line_of_a_newer_version_is_damage() {
    let directory = directory();
    let path = write(directory.path(), &appends()[..1]).await;
    let mut bytes = lines(&fs::read(&path).unwrap()).to_vec();
    bytes.extend_from_slice(b"[{\"entry\":\"committed\",\"at\":\"2026-11-22T03:00:00Z\"}]\n");
    fs::write(&path, &bytes).unwrap();
    let operation = reopen(directory.path()).await;
    let last = operation.entries().last();
    assert!(matches!(last, Some(JournalEntry::Damaged { .. })), "{operation:?}");
}

#[tokio::test]
async fn what_is_damaged_behind_its_end_is_filed() {
    let directory = directory();
    let path = write(directory.path(), &appends()).await;
    let mut bytes = lines(&fs::read(&path).unwrap()).to_vec();
    bytes.extend_from_slice(b"?\n?\n");
    fs::write(&path, &bytes).unwrap();
    let mut operation = reopen(directory.path()).await;
    assert!(matches!(operation.entries().last(), Some(JournalEntry::Damaged { .. })));
    operation.finish(&open(directory.path()).await).await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn what_somebody_holds_is_not_listed() {
    let directory = directory();
    let operations = Operations::open(directory.path()).await.unwrap();
    let held = operations.create(plan(1, "web")).await.unwrap();
    assert!(operations.list().await.unwrap().open.is_empty());
    drop(held);
    assert_eq!(operations.list().await.unwrap().open.len(), 1);
}

#[tokio::test]
async fn a_file_that_was_being_made_never_began() {
    let directory = directory();
    let operations = Operations::open(directory.path()).await.unwrap();
    let path = file(directory.path()).with_extension("new");
    fs::write(&path, "{\"version\":1,\"pl").unwrap();
    let found = operations.list().await.unwrap();
    assert!(found.open.is_empty() && found.unreadable.is_empty(), "{found:?}");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_finished_operation_becomes_history_before_its_file_goes() {
    let directory = directory();
    let store = open(directory.path()).await;
    let path = write(directory.path(), &appends()).await;
    reopen(directory.path()).await.finish(&store).await.unwrap();
    assert!(!path.exists());
    let record = store.history().find(&plan(1, "web").operation).await.unwrap();
    let expected = HistoryRecord::from_journal(&plan(1, "web"), &entries(&appends()));
    assert_eq!(record, Some(expected));
}

/// The program ends after the history is written and before the file is removed.
#[tokio::test]
async fn an_operation_that_is_history_already_is_only_removed() {
    let directory = directory();
    let store = open(directory.path()).await;
    let path = write(directory.path(), &appends()).await;
    let mut known = HistoryRecord::from_journal(&plan(1, "web"), &entries(&appends()));
    known.summary = "as it was written before".into();
    store.history().add(known.clone()).await.unwrap();
    let mut operation = reopen(directory.path()).await;
    operation.finish(&store).await.unwrap();
    operation.finish(&store).await.unwrap();
    assert!(!path.exists());
    assert_eq!(store.history().find(&known.id).await.unwrap(), Some(known));
}

#[tokio::test]
async fn an_operation_that_is_not_over_is_not_filed_away() {
    let directory = directory();
    let store = open(directory.path()).await;
    let path = write(directory.path(), &appends()[..2]).await;
    let error = reopen(directory.path()).await.finish(&store).await.unwrap_err();
    assert!(matches!(error, StoreError::StillOpen(_)), "{error}");
    assert!(path.exists());
    assert!(!store.history().contains(&plan(1, "web").operation).await.unwrap());
}

#[tokio::test]
async fn an_append_whose_caller_left_is_taken_in_by_the_next() {
    let directory = directory();
    let operations = Operations::open(directory.path()).await.unwrap();
    let mut operation = operations.create(plan(1, "web")).await.unwrap();
    for round in 0..20 {
        let mut append = operation.append(vec![started(round)]);
        let _ = futures_util::FutureExt::now_or_never(&mut append);
        drop(append);
        operation.append(vec![created(round)]).await.unwrap();
    }
    let expected: Vec<_> = (0..20).flat_map(|round| [started(round), created(round)]).collect();
    assert_eq!(operation.entries(), expected);
    drop(operation);
    assert_eq!(reopen(directory.path()).await.entries(), expected);
}

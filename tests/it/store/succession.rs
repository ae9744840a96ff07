//! Two processes and one operation: who has it, what the new one says, and the copy of the database.

use std::fs;

use docker_auto::clock::Clock;
use docker_auto::core::id::ContainerId;
use docker_auto::core::journal::{Journal as _, JournalEntry, Outcome, Position};
use docker_auto::core::probe::Ready;
use docker_auto::store::{Lock, Operations, StoreError, Taken};

use super::{START, directory, moment, plan};

fn started() -> JournalEntry {
    JournalEntry::Started { position: Position::Forward(0), at: moment(START) }
}

fn finished() -> JournalEntry {
    JournalEntry::Finished { at: moment(START), outcome: Outcome::Updated }
}

/// Each has the directory open on its own, as two processes have.
#[tokio::test]
async fn an_operation_is_carried_on_by_one_at_a_time() {
    let directory = directory();
    let [server, helper] = [
        Operations::open(directory.path()).await.unwrap(),
        Operations::open(directory.path()).await.unwrap(),
    ];
    let id = plan(1, "auto").operation;
    assert!(matches!(helper.take(&id).await.unwrap(), Taken::Gone));
    assert!(server.is_over(&id).await.unwrap(), "what is not there is over");

    let mut own = server.create(plan(1, "auto")).await.unwrap();
    own.append(vec![started()]).await.unwrap();
    assert!(matches!(helper.take(&id).await.unwrap(), Taken::Held));
    assert!(!helper.is_over(&id).await.unwrap());
    drop(own);

    let Taken::Open(mut taken) = helper.take(&id).await.unwrap() else { panic!("it is free") };
    assert_eq!(taken.entries(), [started()]);
    let listed = server.list().await.unwrap();
    assert!(listed.open.is_empty() && listed.unreadable.is_empty(), "{listed:?}");
    assert_eq!(listed.held, [plan(1, "auto")]);
    taken.append(vec![finished()]).await.unwrap();
    assert!(server.is_over(&id).await.unwrap(), "also while it is held");
    assert!(matches!(server.take(&id).await.unwrap(), Taken::Held));
    drop(taken);

    let Taken::Open(taken) = server.take(&id).await.unwrap() else { panic!("it is free") };
    assert_eq!(taken.entries(), [started(), finished()]);
}

#[tokio::test]
async fn what_cannot_be_read_is_no_operation() {
    let directory = directory();
    let operations = Operations::open(directory.path()).await.unwrap();
    let id = plan(1, "auto").operation;
    fs::write(directory.path().join(format!("operations/{id}.jsonl")), "{}\n").unwrap();
    let error = operations.take(&id).await.unwrap_err().to_string();
    assert!(error.contains(id.as_str()) && error.contains("cannot be read"), "{error}");
    assert!(operations.is_over(&id).await.is_err());
}

#[tokio::test]
async fn the_last_word_counts() {
    let directory = directory();
    let operations = Operations::open(directory.path()).await.unwrap();
    let id = plan(1, "auto").operation;
    assert_eq!(operations.said_ready(&id).await, None);
    for (container, started_at) in [("1", "2026"), ("2", "2027")] {
        let ready =
            Ready { container: ContainerId::new(container), started_at: started_at.to_owned() };
        operations.say_ready(&id, ready.clone()).await.unwrap();
        assert_eq!(operations.said_ready(&id).await, Some(ready));
    }
    assert_eq!(operations.said_ready(&plan(2, "auto").operation).await, None);
    fs::write(directory.path().join(format!("operations/{id}.ready")), "{").unwrap();
    assert_eq!(operations.said_ready(&id).await, None);
}

#[tokio::test]
async fn a_database_is_put_back_once() {
    let directory = directory();
    let operations = Operations::open(directory.path()).await.unwrap();
    let id = plan(1, "auto").operation;
    let clock = Clock::real();
    let database = directory.path().join("state.redb");
    let write = |text: &str| fs::write(&database, text).unwrap();
    let is = |text: &str| assert_eq!(fs::read_to_string(&database).unwrap(), text);
    operations.keep_database(&id, &clock).await.unwrap();
    operations.restore_database(&id, &clock).await.unwrap();
    assert!(!database.exists(), "there was nothing to keep");

    write("old");
    operations.keep_database(&id, &clock).await.unwrap();
    is("old");
    write("new");
    operations.restore_database(&id, &clock).await.unwrap();
    is("old");
    write("newer");
    operations.restore_database(&id, &clock).await.unwrap();
    is("newer");

    operations.keep_database(&id, &clock).await.unwrap();
    operations.sweep(&id).await.unwrap();
    operations.sweep(&id).await.unwrap();
    let left = fs::read_dir(directory.path().join("operations")).unwrap().count();
    assert_eq!(left, 0);
    write("newest");
    operations.restore_database(&id, &clock).await.unwrap();
    is("newest");
}

/// A server that stood by may have taken over.
#[tokio::test]
async fn a_database_that_is_used_is_left_alone() {
    let directory = directory();
    let operations = Operations::open(directory.path()).await.unwrap();
    let (id, clock) = (plan(1, "auto").operation, Clock::real());
    let database = directory.path().join("state.redb");
    fs::write(&database, "old").unwrap();
    operations.keep_database(&id, &clock).await.unwrap();
    fs::write(&database, "new").unwrap();

    let lock = Lock::acquire(directory.path(), &clock).unwrap();
    let restored = operations.restore_database(&id, &clock).await;
    assert!(matches!(restored, Err(StoreError::Locked { .. })), "{restored:?}");
    let kept = operations.keep_database(&id, &clock).await;
    assert!(matches!(kept, Err(StoreError::Locked { .. })), "{kept:?}");
    assert_eq!(fs::read_to_string(&database).unwrap(), "new");
    drop(lock);

    operations.restore_database(&id, &clock).await.unwrap();
    assert_eq!(fs::read_to_string(&database).unwrap(), "old");
    let _free = Lock::acquire(directory.path(), &clock).unwrap();
}

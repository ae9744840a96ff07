//! One instance at a time, and a standby that takes over.

use std::time::Duration;

use docker_auto::store::{Lock, StoreError};
use tokio_util::sync::CancellationToken;

use super::{clock, directory};

#[test]
fn a_second_instance_is_told_who_holds_the_lock() {
    let directory = directory();
    let data = directory.path().join("new/data");
    let lock = Lock::acquire(&data, &clock()).unwrap();
    let error = Lock::acquire(&data, &clock()).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    let message = error.to_string();
    let process = format!("process {} on", std::process::id());
    for part in [&*process, "since 2026-11-22T03:00:00Z", "--standby", &data.to_string_lossy()] {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
    drop(lock);
    Lock::acquire(&data, &clock()).unwrap();
}

#[test]
fn a_holder_that_cannot_be_read_is_just_another_instance() {
    let directory = directory();
    let _lock = Lock::acquire(directory.path(), &clock()).unwrap();
    for text in ["", "{", "[]", "\u{fffd}"] {
        std::fs::write(directory.path().join("lock"), text).unwrap();
        let message = Lock::acquire(directory.path(), &clock()).unwrap_err().to_string();
        assert!(message.contains("in use by another docker-auto;"), "{message}");
    }
}

#[tokio::test]
async fn a_standby_takes_over_or_leaves() {
    let directory = directory();
    let (clock, stop) = (clock(), CancellationToken::new());
    let lock = Lock::acquire(directory.path(), &clock).unwrap();
    let mut waiting = Box::pin(Lock::wait(directory.path(), &clock, &stop));
    assert!(futures_util::FutureExt::now_or_never(&mut waiting).is_none());
    clock.advance(Duration::from_secs(5));
    assert!(futures_util::FutureExt::now_or_never(&mut waiting).is_none());
    drop(lock);
    clock.advance(Duration::from_secs(5));
    let taken = waiting.await.unwrap();
    assert!(taken.is_some());

    let waiting = Lock::wait(directory.path(), &clock, &stop);
    let (left, ()) = tokio::join!(waiting, async { stop.cancel() });
    assert!(left.unwrap().is_none());
}

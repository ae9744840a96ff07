//! Waiting for a condition with a deadline, which stands where a sleep would be a guess.

use std::thread;
use std::time::{Duration, Instant};

/// Waits until `condition` holds; panics with `what` when `within` has passed.
#[track_caller]
pub(crate) fn wait_until(what: &str, within: Duration, mut condition: impl FnMut() -> bool) {
    wait_for(what, within, || condition().then_some(()));
}

/// Waits until `attempt` gives a value; panics with `what` when `within` has passed.
#[track_caller]
pub(crate) fn wait_for<T>(
    what: &str,
    within: Duration,
    mut attempt: impl FnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {within:?} in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

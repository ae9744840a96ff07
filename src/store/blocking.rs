//! Runs what blocks beside the async threads: the one place in the program that does.

use tokio::task::{JoinError, JoinHandle};

use crate::shutdown::panic_message;

use super::StoreError;

/// Begins blocking work; it runs to its end even if nobody waits for it.
#[expect(
    clippy::disallowed_methods,
    reason = "files and the database block: here and nowhere else"
)]
pub(super) fn start<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    tokio::task::spawn_blocking(work)
}

/// Does blocking work and waits for its end.
pub(super) async fn run<T: Send + 'static>(
    doing: &str,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    ended(doing, start(work).await)
}

/// Returns the result of work that was begun.
pub(super) fn ended<T>(
    doing: &str,
    result: Result<Result<T, StoreError>, JoinError>,
) -> Result<T, StoreError> {
    let doing = || doing.to_owned();
    match result.map_err(JoinError::try_into_panic) {
        Ok(result) => result,
        Err(Ok(panic)) => {
            Err(StoreError::Damaged { doing: doing(), reason: panic_message(&*panic).to_owned() })
        }
        // The runtime is ending and began nothing any more.
        Err(Err(_)) => Err(StoreError::Closed { doing: doing() }),
    }
}

//! Waiting for an engine that is not there yet, or not there any more.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Host;
use super::error::DockerError;

/// The first pause between two tries.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause: an engine that is back is noticed within it.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// The wait was ended from outside before the engine answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("waiting for the engine was cancelled")]
pub struct Cancelled;

impl Host {
    /// Asks until the engine answers, with growing pauses; every trouble is reported, so that the
    /// caller can say it once.
    ///
    /// Cancel safety: nothing is changed, it may be dropped at any time.
    pub async fn wait_until_ready(
        &self,
        cancelled: &CancellationToken,
        report: &(dyn Fn(&DockerError) + Send + Sync),
    ) -> Result<(), Cancelled> {
        let mut pause = FIRST_PAUSE;
        loop {
            let asked = tokio::select! {
                () = cancelled.cancelled() => return Err(Cancelled),
                asked = self.ping() => asked,
            };
            match asked {
                Ok(()) => return Ok(()),
                Err(error) => report(&error),
            }
            tokio::select! {
                () = cancelled.cancelled() => return Err(Cancelled),
                () = tokio::time::sleep(pause) => {}
            }
            pause = longer(pause);
        }
    }

    /// Asks the engine over a new connection whether it is there, and agrees on the version anew.
    /// An engine on its way down fails this although it still answers on open connections.
    pub async fn ping(&self) -> Result<(), DockerError> {
        self.transport().pinned.clear();
        self.transport().version().await?;
        Ok(())
    }
}

/// Returns the pause after this one.
fn longer(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit() {
        let mut pauses = vec![FIRST_PAUSE];
        while pauses.len() < 10 {
            pauses.extend(pauses.last().copied().map(longer));
        }
        assert_eq!(pauses[1], Duration::from_millis(500));
        assert_eq!(pauses[9], LONGEST_PAUSE);
        assert!(pauses.is_sorted());
    }
}

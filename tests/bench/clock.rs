//! The wall clock, for the table's date and for the times that an engine writes into its events.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Returns the time since 1970.
#[expect(clippy::disallowed_methods, reason = "a benchmark has no Clock to ask")]
pub(crate) fn unix_now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

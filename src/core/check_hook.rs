//! What became of the commands that containers run before and after a check.

use serde::{Deserialize, Serialize};

use crate::core::hook::{Execution, Moment};
use crate::core::id::Timestamp;

/// What became of one of them the last time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckHook {
    /// Which one.
    pub hook: Moment,
    /// When it began.
    pub began_at: Timestamp,
    /// How long it took.
    pub duration_ms: u64,
    /// How it ended, with the beginning and the end of what it wrote.
    #[serde(flatten)]
    pub execution: Execution,
}

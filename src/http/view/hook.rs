//! What became of a hook of a check.

use serde::{Deserialize, Serialize};

use crate::core::check_hook::CheckHook;
use crate::core::id::Timestamp;

/// What became of a hook of a check the last time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookView {
    /// `pre-check` or `post-check`.
    pub hook: String,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub duration_ms: u64,
    /// How it ended.
    pub result: String,
    /// The beginning and the end of what it wrote.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl From<CheckHook> for HookView {
    fn from(ended: CheckHook) -> Self {
        let CheckHook { hook, began_at, duration_ms, execution } = ended;
        let result = execution.problem().unwrap_or_else(|| "ended with exit code 0".to_owned());
        Self { hook: hook.to_string(), at: began_at, duration_ms, result, text: execution.text }
    }
}

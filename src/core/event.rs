//! What happened: the events that logs, the command line and later the panel and notifications show.

use serde::{Deserialize, Serialize};

use crate::core::hook::Moment;
use crate::core::id::{ContainerName, OperationId, TargetId, Timestamp};
use crate::core::journal::Outcome;

/// One thing that happened to one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub target: TargetId,
    /// In which operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// A newer image was found; said once for each, and for all that wait for it together.
    UpdateAvailable {
        /// The image that runs; where several wait, all that run.
        old: String,
        /// The image that could run.
        new: String,
        /// The other containers that were found to wait for it at the same time.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        others: Vec<ContainerName>,
    },
    /// The tag of a watched image names another image now; its reference stands for the target's
    /// name.
    ImageMoved {
        /// What it named before.
        old: String,
        /// What it names now.
        new: String,
    },
    /// A target's check ended badly; said once for each reason.
    CheckFailed {
        /// The reason's code.
        reason: String,
        /// The reason in words.
        message: String,
    },
    /// A hook of a check ended badly; said once until it ends otherwise.
    HookFailed {
        /// Which one.
        hook: Moment,
        /// What is wrong with how it ended.
        problem: String,
    },
    /// An operation began.
    OperationStarted {
        /// What it is about to do.
        summary: String,
    },
    /// An operation began that changes more than was asked for, or loses something.
    OperationWarned {
        /// What, as its plan says it.
        warning: String,
    },
    /// A step began.
    StepStarted {
        /// Its verb, `undo: ` before it on the way back.
        step: String,
    },
    /// A step failed, or is tried again.
    StepFailed {
        /// Its verb.
        step: String,
        /// Why.
        error: String,
    },
    /// A pull moved on.
    PullProgress(PullProgress),
    /// The container that docker-auto runs in is replaced by a helper from here on.
    HandedOver {
        /// The helper's name.
        helper: ContainerName,
    },
    /// An operation ended.
    OperationFinished {
        /// How.
        #[serde(flatten)]
        outcome: Outcome,
    },
}

impl What {
    /// Returns the stable code, which is also the word in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UpdateAvailable { .. } => "update_available",
            Self::ImageMoved { .. } => "image_moved",
            Self::CheckFailed { .. } => "check_failed",
            Self::HookFailed { .. } => "hook_failed",
            Self::OperationStarted { .. } => "operation_started",
            Self::OperationWarned { .. } => "operation_warned",
            Self::StepStarted { .. } => "step_started",
            Self::StepFailed { .. } => "step_failed",
            Self::PullProgress(_) => "pull_progress",
            Self::HandedOver { .. } => "handed_over",
            Self::OperationFinished { .. } => "operation_finished",
        }
    }
}

/// How far a pull is, over all layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullProgress {
    /// Bytes that arrived.
    pub done_bytes: u64,
    /// Bytes in all, as far as the layers' sizes are known.
    pub total_bytes: u64,
    /// Layers that are complete.
    pub layers_done: u32,
    /// Layers in all.
    pub layers: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_words_in_json() {
        let (step, error) = ("stop".to_owned(), "busy".to_owned());
        for what in [
            What::UpdateAvailable { old: "1".into(), new: "2".into(), others: Vec::new() },
            What::ImageMoved { old: "1".into(), new: "2".into() },
            What::CheckFailed { reason: "x".into(), message: "y".into() },
            What::HookFailed { hook: Moment::PreCheck, problem: "x".into() },
            What::OperationStarted { summary: "update".into() },
            What::OperationWarned { warning: "x is lost".into() },
            What::StepStarted { step: step.clone() },
            What::StepFailed { step, error },
            What::PullProgress(PullProgress::default()),
            What::HandedOver { helper: ContainerName::new("helper") },
            What::OperationFinished { outcome: Outcome::Updated },
        ] {
            let json = serde_json::to_value(&what).unwrap();
            assert_eq!(json.get("event").and_then(|it| it.as_str()), Some(what.code()));
        }
    }
}

//! Events are log lines as well.

use crate::core::event::{Event, What};
use crate::core::journal::Outcome;
use crate::engine::report::whose;
use crate::logging;

/// Writes what happened into the log.
pub(super) fn log_event(event: &Event) {
    let container = event.target.name.as_str();
    let code = event.what.code();
    match &event.what {
        What::UpdateAvailable { old, new, others } => {
            let whose = whose(&event.target.name, others);
            log::info!(target: logging::EVENTS, action = "check", event = code, container, digest = new.as_str(); "a newer image is available{whose}: {old} → {new}");
        }
        What::ImageMoved { old, new } => {
            log::info!(target: logging::EVENTS, action = "check", event = code, image = container, digest = new.as_str(); "the tag of {container} names another image now: {old} → {new}");
        }
        What::CheckFailed { reason, message } => {
            log::warn!(target: logging::EVENTS, action = "check", event = code, container, err = reason.as_str(); "{message}");
        }
        What::HookFailed { hook, problem } => {
            log::warn!(target: logging::EVENTS, action = "check", event = code, container, err = problem.as_str(); "{container}: its {hook} hook {problem}");
        }
        What::OperationStarted { summary } => {
            log::info!(target: logging::EVENTS, action = "update", event = code, container; "{summary}");
        }
        What::OperationWarned { warning } => {
            log::warn!(target: logging::EVENTS, action = "update", event = code, container; "{container}: {warning}");
        }
        What::StepStarted { step } => {
            log::debug!(target: logging::EVENTS, action = "update", event = code, container; "{step}");
        }
        What::StepFailed { step, error } => {
            log::warn!(target: logging::EVENTS, action = "update", event = code, container, err = error.as_str(); "{step} failed: {error}");
        }
        What::PullProgress(_) => {}
        What::HandedOver { helper } => {
            log::info!(target: logging::EVENTS, action = "update", event = code, container; "{helper} replaces {container} now");
        }
        // Nothing has happened to the container, and nobody need hear of it.
        What::OperationFinished { outcome: Outcome::NoChange } => {
            log::debug!(target: logging::EVENTS, action = "update", event = code, container; "{container} runs what was pulled already");
        }
        What::OperationFinished { outcome } => match outcome.reason() {
            "" => {
                log::info!(target: logging::EVENTS, action = "update", event = code, container; "{container} is done");
            }
            reason => {
                log::warn!(target: logging::EVENTS, action = "update", event = code, container, err = reason; "{container}: {reason}");
            }
        },
    }
}

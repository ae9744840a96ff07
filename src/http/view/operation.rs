//! What became of an update or rollback, and the plan of one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::decision::Decision;
use crate::core::event::Event;
use crate::core::history::HistoryRecord;
use crate::core::journal::Outcome;
use crate::core::plan::text::describe_plan;
use crate::core::plan::{OperationKind, UpdatePlan};
use crate::core::text::Language;
use crate::engine::command::{Operated, OperatedResult, Planning, Progress};
use crate::http::view::container::{CandidateView, ReasonView};
use crate::logging::Chain;

/// A plan: as text for people and as data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanView {
    /// The container.
    pub name: String,
    /// The lines that `docker-auto plan` prints.
    pub text: String,
    /// The plan itself; none where there is nothing to do.
    pub plan: Option<UpdatePlan>,
    /// The image that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<CandidateView>,
}

impl From<Planning> for PlanView {
    fn from(planning: Planning) -> Self {
        match planning {
            Planning::Plan(plan, candidate) => {
                let candidate = CandidateView::from(&*candidate);
                Self {
                    name: plan.target.name.to_string(),
                    text: with_image(describe_plan(&plan), &candidate),
                    plan: Some(*plan),
                    candidate: Some(candidate),
                }
            }
            Planning::UpToDate { name, reason } => Self {
                text: format!("nothing to do for {name}: {reason}\n"),
                name: name.to_string(),
                plan: None,
                candidate: None,
            },
        }
    }
}

/// Adds below a plan's first line what is known of the new image; its text is English.
fn with_image(text: String, candidate: &CandidateView) -> String {
    match (text.split_once('\n'), candidate.about(Language::English)) {
        (Some((summary, rest)), Some(about)) => format!("{summary}\n  {about}\n{rest}"),
        _ => text,
    }
}

/// What became of one container that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperationView {
    /// The container.
    pub name: String,
    /// The operation; absent where none was needed or allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// How it ended: an outcome's name, `rolled_back_by_hand`, `unchanged`, `held`, `skipped`,
    /// `planned`, `handed_over`, `interrupted` or `error`.
    pub result: String,
    /// Why.
    pub reason: ReasonView,
    /// One sentence: what was or would be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// What a person should hear of the data: how it comes back, or where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about_data: Option<String>,
    /// The history record of the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Value>,
}

impl OperationView {
    /// Returns the process exit code that this result asks for: 0 fine, 1 error, 3 rolled back,
    /// 4 needs help.
    pub fn exit_code(&self) -> u8 {
        match self.result.as_str() {
            "updated"
            | "rolled_back_by_hand"
            | "no_change"
            | "unchanged"
            | "held"
            | "skipped"
            | "planned"
            | "handed_over" => 0,
            "rolled_back" | "recovered_from_spec" => 3,
            "needs_help" => 4,
            _ => 1,
        }
    }

    /// Returns the exit code where this container was named: then it is an error that something
    /// stands against its update.
    pub fn exit_code_of_named(&self) -> u8 {
        match self.result.as_str() {
            "held" | "skipped" => 1,
            _ => self.exit_code(),
        }
    }
}

/// Returns an outcome's name, as it stands in JSON.
pub fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Updated => "updated",
        Outcome::NoChange => "no_change",
        Outcome::Aborted(_) => "aborted",
        Outcome::RolledBack(_) => "rolled_back",
        Outcome::Superseded(_) => "superseded",
        Outcome::RecoveredFromSpec(_) => "recovered_from_spec",
        Outcome::NeedsHelp(_) => "needs_help",
    }
}

/// A line of the stream that follows an operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// Something happened on the way.
    Event(Event),
    /// It is over; the last line.
    Result(Vec<OperationView>),
    /// It could not be done; the last line.
    Error(String),
}

impl OperationView {
    /// Tells what became of a container in a language.
    pub fn told(operated: Operated, language: Language) -> Self {
        let name = operated.name.to_string();
        let plain = |result: &str, code: &str, message: String| Self {
            name: operated.name.to_string(),
            operation: None,
            result: result.to_owned(),
            reason: ReasonView { code: code.to_owned(), message, until: None },
            summary: None,
            about_data: None,
            record: None,
        };
        match operated.result {
            OperatedResult::Unchanged(assessment) => {
                let decision = &assessment.decision;
                let result = match decision {
                    Decision::Hold { .. } => "held",
                    Decision::Skip { .. } => "skipped",
                    Decision::Unknown { .. } => "error",
                    _ => "unchanged",
                };
                let reason = ReasonView::told(decision, language);
                Self { reason, ..plain(result, "", String::new()) }
            }
            OperatedResult::Planned(planned) => Self {
                summary: Some(planned.summary.clone()),
                ..plain("planned", "planned", String::new())
            },
            OperatedResult::Ended(record) => Self::ended(name, &record),
            OperatedResult::Interrupted => plain(
                "interrupted",
                "interrupted",
                "docker-auto was asked to end; its next start goes on with this".to_owned(),
            ),
            OperatedResult::HandedOver { helper } => plain(
                "handed_over",
                "handed_over",
                format!(
                    "{helper} replaces docker-auto now, which stops for it and comes back; \
                     `docker-auto history {}` tells how it ended",
                    operated.name
                ),
            ),
            OperatedResult::Failed(error) => plain("error", "error", Chain(&error).to_string()),
        }
    }
}

impl OperationView {
    fn ended(name: String, record: &HistoryRecord) -> Self {
        let result = match (record.kind, &record.outcome) {
            (OperationKind::Rollback, Outcome::Updated) => "rolled_back_by_hand",
            (_, outcome) => outcome_name(outcome),
        };
        let message = record.outcome.reason().to_owned();
        Self {
            name,
            operation: Some(record.id.to_string()),
            result: result.to_owned(),
            reason: ReasonView { code: result.to_owned(), message, until: None },
            summary: Some(record.told()),
            about_data: record.about_data.clone(),
            record: serde_json::to_value(record).ok(),
        }
    }
}

impl Line {
    /// Tells what happened in a language.
    pub fn told(progress: Progress, language: Language) -> Self {
        match progress {
            Progress::Happened(event) => Self::Event((*event).clone()),
            Progress::Over(Ok(operated)) => {
                let told = |operated| OperationView::told(operated, language);
                Self::Result(operated.into_iter().map(told).collect())
            }
            Progress::Over(Err(error)) => Self::Error(Chain(&error).to_string()),
        }
    }
}

//! What people decided: a word on an image, and pauses.

use serde::{Deserialize, Serialize};

use crate::core::id::{ContainerName, Timestamp};
use crate::core::text::{self, Language};
use crate::core::verdict::{Pause, Verdict, Word};
use crate::engine::verdicts::Ruled;
use crate::http::view::container::{CandidateView, ReasonView};

/// A person's word, and how the container is judged from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictView {
    /// The container.
    pub name: String,
    /// `approved`, `skipped`, `rejected` or `snoozed`.
    pub verdict: String,
    /// Until when, for a snooze.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Who said it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The image that it is about.
    pub candidate: Option<CandidateView>,
    /// In words.
    pub message: String,
    /// How the container is judged from now on.
    pub reason: ReasonView,
}

impl VerdictView {
    /// Tells a word in a language.
    pub fn told(ruled: &Ruled, language: Language) -> Self {
        let Ruled { word, said, assessment } = ruled;
        let decision = &assessment.decision;
        Self {
            name: assessment.container.name.to_string(),
            verdict: word.code().to_owned(),
            until: match word {
                Word::Snoozed { until } => Some(*until),
                Word::Approved | Word::Skipped | Word::Rejected => None,
            },
            by: said.by.clone(),
            at: said.at,
            candidate: decision.candidate().map(CandidateView::from),
            message: text::of_word(word, language),
            reason: ReasonView::told(decision, language),
        }
    }
}

/// What was said of images in a container's place, and holds no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgottenView {
    /// The container.
    pub name: String,
    /// `approved`, `skipped`, `rejected` or `snoozed`, once for each image.
    pub forgotten: Vec<String>,
}

impl From<(ContainerName, Vec<Verdict>)> for ForgottenView {
    fn from((name, said): (ContainerName, Vec<Verdict>)) -> Self {
        let words = said.iter().map(|verdict| verdict.word.code().to_owned());
        Self { name: name.to_string(), forgotten: words.collect() }
    }
}

/// A pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseView {
    /// `everything`, `group` or `container`.
    pub of: String,
    /// The group's or container's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who paused it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// In words.
    pub message: String,
}

impl PauseView {
    /// Tells a pause in a language.
    pub fn told(pause: &Pause, language: Language) -> Self {
        let (of, name) = pause.paused.parts();
        Self {
            of: of.to_owned(),
            name: (!name.is_empty()).then(|| name.to_owned()),
            by: pause.said.by.clone(),
            at: pause.said.at,
            message: text::of_paused(&pause.paused, language).trim().to_owned(),
        }
    }
}

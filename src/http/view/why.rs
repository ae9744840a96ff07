//! Why a container is judged as it is: the whole chain, with its cause, its end and the cure.

use serde::{Deserialize, Serialize};

use crate::core::check_hook::CheckHook;
use crate::core::decision::{Asked, Cause, Lifts};
use crate::core::id::Timestamp;
use crate::core::policy::Origin;
use crate::core::text::{self, Language};
use crate::engine::command::Assessment;
use crate::http::view::container::{CandidateView, ReasonView};
use crate::http::view::hook::HookView;

/// Why a container is judged as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyView {
    /// The container.
    pub name: String,
    /// Its image as its creator wrote it.
    pub image: String,
    /// `UpToDate`, `UpdateAvailable`, `Skipped` or `Error`.
    pub status: String,
    /// The reason.
    pub reason: ReasonView,
    /// What it could run instead.
    pub candidate: Option<CandidateView>,
    /// What caused it.
    pub cause: CauseView,
    /// When it lifts.
    pub lifts: LiftsView,
    /// What to do about it.
    pub cure: String,
    /// Every question that was asked, in order; the last one is where the judgement ended.
    pub chain: Vec<AskedView>,
    /// Labels that could not be understood, or that have no effect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// What became of its hooks at the last check, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<HookView>,
    /// The language of the texts.
    pub language: String,
}

/// What caused a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseView {
    /// `default`, `variable`, `rule`, `label`, `command`, `registry`, `engine`, `person`, `failure`,
    /// `container` or `ourselves`.
    pub kind: String,
    /// The variable's, rule's or label's name, or the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// In words.
    pub text: String,
}

/// When what holds a container lifts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiftsView {
    /// `at`, `next_check`, `other_image`, `by_person`, `when_changed` or `nothing`.
    pub when: String,
    /// The moment, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// In words.
    pub text: String,
}

/// A question of a judgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedView {
    /// Its code.
    pub question: String,
    /// The code of the reason with which the judgement ended here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// What was found, where there is something to name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// The setting that answered it: `default`, or a variable, key, rule or label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The question in words.
    pub text: String,
    /// Its answer in words.
    pub answer: String,
}

impl WhyView {
    /// Tells a judgement in a language, with what became of the hooks of the last check.
    pub fn told(assessment: &Assessment, hooks: Vec<CheckHook>, language: Language) -> Self {
        let decision = &assessment.decision;
        let (cause, lifts) = (decision.cause(), decision.lifts());
        let at = match lifts {
            Lifts::At(at) => Some(at),
            _ => None,
        };
        Self {
            name: assessment.container.name.to_string(),
            image: assessment.container.image.clone(),
            status: decision.status().as_str().to_owned(),
            reason: ReasonView::told(decision, language),
            candidate: decision.candidate().map(CandidateView::from),
            cause: CauseView {
                kind: cause.code().to_owned(),
                name: name_of(&cause),
                text: text::of_cause(&cause, language),
            },
            lifts: LiftsView {
                when: lifts.code().to_owned(),
                at,
                text: text::of_lifts(lifts, language),
            },
            cure: text::of_cure(decision, language),
            chain: assessment.chain.iter().map(|asked| AskedView::told(asked, language)).collect(),
            problems: assessment.problems.clone(),
            hooks: hooks.into_iter().map(HookView::from).collect(),
            language: language.code().to_owned(),
        }
    }
}

fn name_of(cause: &Cause<'_>) -> Option<String> {
    match cause {
        Cause::Setting(
            Origin::Variable(name)
            | Origin::File { key: name, .. }
            | Origin::Rule { name }
            | Origin::Label { name, .. },
        ) => Some(name.clone()),
        Cause::Person(said) => Some(said.by.clone()),
        _ => None,
    }
}

impl AskedView {
    fn told(asked: &Asked, language: Language) -> Self {
        let (text, answer) = text::of_asked(asked, language);
        Self {
            question: asked.question.code().to_owned(),
            ended: asked.ended.map(ToOwned::to_owned),
            found: asked.found.clone(),
            origin: asked.origin.as_ref().map(|origin| match origin {
                Origin::Default => "default".to_owned(),
                Origin::Variable(name) => name.clone(),
                Origin::File { key, file } => format!("{key} in {file}"),
                Origin::Rule { name } => format!("rule {name}"),
                Origin::Label { name, value } => format!("{name}={value}"),
                Origin::Command => "command".to_owned(),
            }),
            text,
            answer,
        }
    }
}

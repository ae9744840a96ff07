//! Reasons in the languages of people: what is, why, and what to do about it.

use std::fmt;

use crate::core::candidate::{Candidate, CandidateImage};
use crate::core::decision::{Asked, Cause, Decision, HoldReason, Lifts, Question, SkipReason};
use crate::core::id::Timestamp;
use crate::core::reference::ImageRef;
use crate::core::verdict::{Paused, Word};

mod en;
mod frame;
mod zh;

pub use frame::{
    of_forgotten, of_image, of_no_pause, of_nothing_watched, of_pause, of_resumed, of_since,
    of_watched,
};

/// How many versions that are passed over a sentence names.
const SHOWN: usize = 3;

/// A language of people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Chinese.
    Chinese,
}

impl Language {
    /// All languages by the codes that name them.
    pub const WORDS: [(&'static str, Self); 2] = [("en", Self::English), ("zh", Self::Chinese)];

    /// Returns its code.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }
}

/// A reason in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Telling {
    /// What is, and why.
    pub what: String,
    /// What to do about it; empty where there is nothing to do.
    pub cure: String,
    /// What else there is to say; empty where there is nothing.
    pub note: String,
}

impl Telling {
    fn new(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { what: what.into(), cure: cure.into(), note: String::new() }
    }

    fn plain(what: impl Into<String>) -> Self {
        Self::new(what, "")
    }

    /// Takes a sentence apart in which the cure stands behind a colon.
    fn sentence(text: &str) -> Self {
        match text.split_once(": ") {
            Some((what, cure)) => Self::new(what, cure),
            None => Self::plain(text),
        }
    }

    /// Puts what could run in front.
    fn of_candidate(self, candidate: &str) -> Self {
        Self { what: format!("{candidate}; {}", self.what), ..self }
    }
}

/// The whole as one sentence.
impl fmt::Display for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.cure.is_empty() {
            write!(f, ": {}", self.cure)?;
        }
        if !self.note.is_empty() {
            write!(f, "; {}", self.note)?;
        }
        Ok(())
    }
}

/// Tells a decision.
pub fn of(decision: &Decision, language: Language) -> Telling {
    match language {
        Language::English => en::decision(decision),
        Language::Chinese => zh::decision(decision),
    }
}

/// Tells why something newer does not run now.
pub fn of_hold(reason: &HoldReason, language: Language) -> Telling {
    match language {
        Language::English => en::hold(reason),
        Language::Chinese => zh::hold(reason),
    }
}

/// Tells why a container is not looked at.
pub fn of_skip(reason: &SkipReason, language: Language) -> Telling {
    match language {
        Language::English => en::skip(reason),
        Language::Chinese => zh::skip(reason),
    }
}

/// Tells what to do about a decision.
pub fn of_cure(decision: &Decision, language: Language) -> String {
    match (of(decision, language).cure, language) {
        (cure, _) if !cure.is_empty() => cure,
        (_, Language::English) => "nothing needs to be done".to_owned(),
        (_, Language::Chinese) => "无需处理".to_owned(),
    }
}

/// Tells what caused a decision.
pub fn of_cause(cause: &Cause<'_>, language: Language) -> String {
    match language {
        Language::English => en::cause(cause),
        Language::Chinese => zh::cause(cause),
    }
}

/// Tells when what holds a container lifts.
pub fn of_lifts(lifts: Lifts, language: Language) -> String {
    match language {
        Language::English => en::lifts(lifts),
        Language::Chinese => zh::lifts(lifts),
    }
}

/// Tells a question of a judgement, and its answer.
pub fn of_asked(asked: &Asked, language: Language) -> (String, String) {
    let (question, answer) = match language {
        Language::English => (en::question(asked.question), en::answer(asked)),
        Language::Chinese => (zh::question(asked.question), zh::answer(asked)),
    };
    (question.to_owned(), answer)
}

/// Tells what was paused.
pub fn of_paused(paused: &Paused, language: Language) -> String {
    match language {
        Language::English => en::paused(paused),
        Language::Chinese => zh::paused(paused),
    }
}

/// Tells what a person's word means.
pub fn of_word(word: &Word, language: Language) -> String {
    match language {
        Language::English => en::word(word),
        Language::Chinese => zh::word(word),
    }
}

/// Tells the headings of an explanation: its chain, cause, end and cure.
pub fn of_headings(language: Language) -> [&'static str; 4] {
    match language {
        Language::English => ["asked", "because of", "lifts", "what to do"],
        Language::Chinese => ["询问过程", "原因", "何时解除", "处理办法"],
    }
}

/// Tells the heading of what is wrong with a container's labels.
pub fn of_problems_heading(language: Language) -> &'static str {
    match language {
        Language::English => "problems with its settings",
        Language::Chinese => "设置中的问题",
    }
}

/// Tells the heading of what became of the hooks of a check.
pub fn of_hooks_heading(language: Language) -> &'static str {
    match language {
        Language::English => "hooks of the last check",
        Language::Chinese => "上次检查的钩子",
    }
}

/// Returns the moment as people read it.
fn moment(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The familiar form with the digest abbreviated.
fn short(reference: &ImageRef) -> String {
    let familiar = reference.familiar();
    match (familiar.split_once('@'), reference.digest()) {
        (Some((name, _)), Some(digest)) => format!("{name}@{}", digest.short()),
        _ => familiar,
    }
}

/// Returns a candidate's name without a digest, and its digest or ID.
fn named(candidate: &Candidate) -> (String, &str, Option<(&str, Option<&str>)>) {
    let familiar = candidate.reference.familiar();
    let name = familiar.split_once('@').map_or(&*familiar, |(name, _)| name).to_owned();
    let remote = match &candidate.image {
        CandidateImage::Local { .. } => None,
        CandidateImage::Remote(image) => {
            let version = image.version.as_deref().unwrap_or_default();
            Some((version, image.resolved.mirror.as_deref()))
        }
    };
    (name, candidate.short(), remote)
}

/// Returns the name without the tag, the tag that is left, and the one that comes, where the tag is
/// another one.
fn moved(candidate: &Candidate) -> Option<(String, &str, &str)> {
    let (old, new) = (candidate.versions.leaves.as_deref()?, candidate.reference.tag()?);
    let (name, ..) = named(candidate);
    Some((name.strip_suffix(new)?.to_owned(), old, new))
}

/// Returns the versions that the image which runs and the one that comes say they have.
fn told(candidate: &Candidate) -> Option<(&str, &str, &str)> {
    let CandidateImage::Remote(image) = &candidate.image else { return None };
    let (old, new) = (candidate.versions.running.as_deref()?, image.version.as_deref()?);
    Some((old, new, candidate.reference.tag()?))
}

/// Says whether a question is one that a "yes" answers.
fn is_consent(question: Question) -> bool {
    matches!(question, Question::Person | Question::Approval)
}

#[cfg(test)]
mod tests;

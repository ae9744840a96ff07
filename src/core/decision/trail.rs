//! The questions of a judgement in their order, kept as they are answered.

use crate::core::decision::Decision;
use crate::core::policy::Origin;
use crate::core::version::Passed;

/// What a judgement asks, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Is its name its own?
    Name,
    /// Is it ours to replace, or does someone else manage it?
    Manager,
    /// Does docker-auto itself depend on it?
    Role,
    /// Is it this instance's matter?
    Scope,
    /// Do labels and lists select it?
    Selection,
    /// Is it looked at at all?
    Looking,
    /// Is its state one in which it may be updated?
    State,
    /// Which reference does it follow, and may that move?
    Reference,
    /// Is its tag one that moves?
    Tag,
    /// Did the engine say what it runs?
    Engine,
    /// Which newer version is there for it?
    Versions,
    /// What do the registry and the names here say?
    Image,
    /// Did this image fail here before?
    Failure,
    /// Did a person refuse this image?
    Refusal,
    /// Can docker-auto replace it, where it is its own container?
    Ourselves,
    /// Is it paused?
    Pause,
    /// Did a person name it?
    Person,
    /// Was this image put off?
    Snooze,
    /// Did a person approve this image?
    Approval,
    /// Can its labels be understood?
    Labels,
    /// What is its mode?
    Mode,
    /// Is it compose's, and may such containers be updated?
    Compose,
    /// Are updates enabled?
    Updates,
    /// Is it the schedule's time?
    Schedule,
    /// Is the image old enough?
    Cooldown,
    /// Is it a day on which updates may begin?
    Blackout,
    /// Is it within the times in which updates may begin?
    Window,
}

impl Question {
    /// All questions.
    pub const ALL: [Self; 27] = [
        Self::Name,
        Self::Manager,
        Self::Role,
        Self::Scope,
        Self::Selection,
        Self::Looking,
        Self::State,
        Self::Reference,
        Self::Tag,
        Self::Engine,
        Self::Versions,
        Self::Image,
        Self::Failure,
        Self::Refusal,
        Self::Ourselves,
        Self::Pause,
        Self::Person,
        Self::Snooze,
        Self::Approval,
        Self::Labels,
        Self::Mode,
        Self::Compose,
        Self::Updates,
        Self::Schedule,
        Self::Cooldown,
        Self::Blackout,
        Self::Window,
    ];

    /// Returns the stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Manager => "manager",
            Self::Role => "role",
            Self::Scope => "scope",
            Self::Selection => "selection",
            Self::Looking => "looking",
            Self::State => "state",
            Self::Reference => "reference",
            Self::Tag => "tag",
            Self::Engine => "engine",
            Self::Versions => "versions",
            Self::Image => "image",
            Self::Failure => "failure",
            Self::Refusal => "refusal",
            Self::Ourselves => "ourselves",
            Self::Pause => "pause",
            Self::Person => "person",
            Self::Snooze => "snooze",
            Self::Approval => "approval",
            Self::Labels => "labels",
            Self::Mode => "mode",
            Self::Compose => "compose",
            Self::Updates => "updates",
            Self::Schedule => "schedule",
            Self::Cooldown => "cooldown",
            Self::Blackout => "blackout",
            Self::Window => "window",
        }
    }
}

/// A question that was asked, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// What was found, where there is something to name.
    pub found: Option<String>,
    /// The newer versions that were passed over on the way.
    pub passed: Vec<Passed>,
    /// The setting that answered it, where it was one.
    pub origin: Option<Origin>,
    /// The code of the reason with which the judgement ended here; `None` where it went on.
    pub ended: Option<&'static str>,
}

impl Asked {
    /// Returns a question to which nothing was found.
    pub fn of(question: Question) -> Self {
        Self { question, found: None, passed: Vec::new(), origin: None, ended: None }
    }
}

/// Keeps the questions of a judgement, or does not.
#[derive(Debug, Default)]
pub(super) struct Trail(Option<Vec<Asked>>);

/// A reason that ends a judgement.
pub(super) trait Ends {
    fn code(&self) -> &'static str;
}

impl Ends for Box<Decision> {
    fn code(&self) -> &'static str {
        Decision::code(self)
    }
}

impl Trail {
    /// Returns a trail that keeps what it is told.
    pub(super) fn kept() -> Self {
        Self(Some(Vec::new()))
    }

    /// Returns what was asked.
    pub(super) fn asked(self) -> Vec<Asked> {
        self.0.unwrap_or_default()
    }

    /// Asks a question: a reason ends the judgement.
    pub(super) fn ask<R: Ends>(
        &mut self,
        question: Question,
        origin: Option<&Origin>,
        reason: Option<R>,
    ) -> Result<(), R> {
        let ended = reason.as_ref().map(Ends::code);
        self.keep(|| Asked { origin: origin.cloned(), ended, ..Asked::of(question) });
        reason.map_or(Ok(()), Err)
    }

    /// Notes what was found where the judgement goes on.
    pub(super) fn find(
        &mut self,
        question: Question,
        origin: Option<&Origin>,
        found: impl FnOnce() -> String,
    ) {
        let origin = origin.cloned();
        self.keep(|| Asked { found: Some(found()), origin, ..Asked::of(question) });
    }

    /// Notes which newer versions were passed over, and the one that was not.
    pub(super) fn find_version(&mut self, origin: &Origin, found: Option<&str>, passed: &[Passed]) {
        self.keep(|| Asked {
            found: found.map(ToOwned::to_owned),
            passed: passed.iter().filter(|one| Some(one.tag.as_str()) != found).cloned().collect(),
            origin: Some(origin.clone()),
            ..Asked::of(Question::Versions)
        });
    }

    /// Notes the question at which a judgement ended.
    pub(super) fn end(&mut self, question: Question, decision: &Decision) {
        let origin = decision.cause().setting().cloned();
        let ended = Some(decision.code());
        self.keep(|| Asked { origin, ended, ..Asked::of(question) });
    }

    fn keep(&mut self, asked: impl FnOnce() -> Asked) {
        if let Some(kept) = &mut self.0 {
            kept.push(asked());
        }
    }
}

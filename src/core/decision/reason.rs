//! What caused a decision, and when it lifts by itself.

use crate::core::comparison::Match;
use crate::core::decision::{Decision, HoldReason, SkipReason, UnknownReason};
use crate::core::id::Timestamp;
use crate::core::policy::{Origin, Unclear, Unselected};
use crate::core::verdict::Said;

/// What caused a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause<'a> {
    /// A setting.
    Setting(&'a Origin),
    /// What the registry answered.
    Registry,
    /// What the engine said.
    Engine,
    /// A person's word.
    Person(&'a Said),
    /// An earlier update.
    Failure(Timestamp),
    /// The container itself: its name, state, reference or who made it.
    Container,
    /// What docker-auto itself needs.
    Ourselves,
}

impl<'a> Cause<'a> {
    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Setting(Origin::Default) => "default",
            Self::Setting(Origin::Variable(_)) => "variable",
            Self::Setting(Origin::File { .. }) => "file",
            Self::Setting(Origin::Rule { .. }) => "rule",
            Self::Setting(Origin::Label { .. }) => "label",
            Self::Setting(Origin::Command) => "command",
            Self::Registry => "registry",
            Self::Engine => "engine",
            Self::Person(_) => "person",
            Self::Failure(_) => "failure",
            Self::Container => "container",
            Self::Ourselves => "ourselves",
        }
    }

    /// Returns the setting, where it was one.
    pub fn setting(&self) -> Option<&'a Origin> {
        match self {
            Self::Setting(origin) => Some(origin),
            _ => None,
        }
    }
}

/// When what holds a container lifts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifts {
    /// At this moment.
    At(Timestamp),
    /// At the next check, if it is better then.
    NextCheck,
    /// When there is another image.
    OtherImage,
    /// When a person says so.
    ByPerson,
    /// When the container or its settings are changed.
    WhenChanged,
    /// Nothing holds it.
    Nothing,
}

impl Lifts {
    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::At(_) => "at",
            Self::NextCheck => "next_check",
            Self::OtherImage => "other_image",
            Self::ByPerson => "by_person",
            Self::WhenChanged => "when_changed",
            Self::Nothing => "nothing",
        }
    }
}

impl Decision {
    /// Returns what caused it.
    pub fn cause(&self) -> Cause<'_> {
        match self {
            Self::UpToDate { how: Match::LocalName, .. } => Cause::Engine,
            Self::Update { candidate } if candidate.is_here() => Cause::Engine,
            Self::UpToDate { .. } | Self::Update { .. } => Cause::Registry,
            Self::Hold { reason, .. } => reason.cause(),
            Self::Skip { reason } => reason.cause(),
            Self::Unknown { reason } => match reason {
                UnknownReason::Engine(_) => Cause::Engine,
                UnknownReason::BadReference(_) => Cause::Container,
                UnknownReason::Registry(_)
                | UnknownReason::NotAsked(_)
                | UnknownReason::NotAllLookedAt { .. }
                | UnknownReason::Unresolved { .. } => Cause::Registry,
            },
        }
    }

    /// Returns when what holds the container lifts.
    pub fn lifts(&self) -> Lifts {
        match self {
            Self::UpToDate { .. } | Self::Update { .. } => Lifts::Nothing,
            Self::Hold { until: Some(until), .. } => Lifts::At(*until),
            Self::Hold { reason, .. } => reason.lifts(),
            Self::Skip { reason } => match reason {
                SkipReason::Paused | SkipReason::BeingRemoved => Lifts::NextCheck,
                _ => Lifts::WhenChanged,
            },
            Self::Unknown { reason } => match reason {
                UnknownReason::Registry(failure) => {
                    failure.until.map_or(Lifts::NextCheck, Lifts::At)
                }
                UnknownReason::BadReference(_) | UnknownReason::NotAllLookedAt { .. } => {
                    Lifts::WhenChanged
                }
                UnknownReason::Engine(_)
                | UnknownReason::NotAsked(_)
                | UnknownReason::Unresolved { .. } => Lifts::NextCheck,
            },
        }
    }
}

impl HoldReason {
    fn cause(&self) -> Cause<'_> {
        match self {
            Self::UpdatesNotEnabled(origin)
            | Self::WatchMode(origin)
            | Self::AwaitingApproval(origin)
            | Self::ComposeHeldBack { origin, .. }
            | Self::WaitingForSchedule { origin, .. }
            | Self::ScheduleNeverAllowed { origin, .. }
            | Self::OutsideWindow { origin, .. }
            | Self::Blackout { origin, .. }
            | Self::CoolingDown { origin, .. }
            | Self::LabelUnclear(Unclear { origin, .. }) => Cause::Setting(origin),
            Self::RejectedBefore { at, .. } | Self::FailedBeside { at, .. } => Cause::Failure(*at),
            Self::Skipped(said)
            | Self::RejectedByPerson(said)
            | Self::Snoozed { said, .. }
            | Self::Paused { said, .. } => Cause::Person(said),
            Self::Irreplaceable(_) => Cause::Ourselves,
        }
    }

    fn lifts(&self) -> Lifts {
        match self {
            Self::RejectedBefore { .. }
            | Self::FailedBeside { .. }
            | Self::Skipped(_)
            | Self::RejectedByPerson(_) => Lifts::OtherImage,
            Self::AwaitingApproval(_) | Self::Paused { .. } => Lifts::ByPerson,
            Self::Snoozed { until, .. } => Lifts::At(*until),
            Self::WaitingForSchedule { .. }
            | Self::OutsideWindow { .. }
            | Self::Blackout { .. }
            | Self::CoolingDown { .. } => Lifts::NextCheck,
            Self::UpdatesNotEnabled(_)
            | Self::WatchMode(_)
            | Self::ComposeHeldBack { .. }
            | Self::ScheduleNeverAllowed { .. }
            | Self::LabelUnclear(_)
            | Self::Irreplaceable(_) => Lifts::WhenChanged,
        }
    }
}

impl SkipReason {
    fn cause(&self) -> Cause<'_> {
        match self {
            Self::NotSelected(
                Unselected::Label(origin)
                | Unselected::Has { origin, .. }
                | Unselected::Named { origin, .. }
                | Unselected::HasNone { origin, .. },
            )
            | Self::OtherScope { origin, .. }
            | Self::ModeOff(origin)
            | Self::Stopped(origin)
            | Self::PinnedDigest { origin, .. }
            | Self::PinnedSemver { origin, .. }
            | Self::TagNotFloating { origin, .. }
            | Self::BuiltLocally { origin, .. } => Cause::Setting(origin),
            Self::Infrastructure(_) => Cause::Ourselves,
            Self::NameReserved
            | Self::Foreign(_)
            | Self::OneOff(_)
            | Self::Paused
            | Self::BeingRemoved
            | Self::DigestWithoutTag(_)
            | Self::PinnedImageId(_) => Cause::Container,
        }
    }
}

//! Why something newer is not run now: each reason with a stable code, its cause and the cure.

use std::fmt;
use std::time::Duration;

use crate::core::compose::Compose;
use crate::core::id::{ContainerName, Timestamp};
use crate::core::ourselves::Obstacle;
use crate::core::policy::{Origin, Unclear};
use crate::core::text::{self, Language};
use crate::core::verdict::{Paused, Said};

/// Why something newer is not run now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldReason {
    /// Nobody enabled updates.
    UpdatesNotEnabled(Origin),
    /// It is only watched.
    WatchMode(Origin),
    /// A person has to agree.
    AwaitingApproval(Origin),
    /// Compose made the container, and updating those was not allowed.
    ComposeHeldBack {
        /// Its project and service.
        compose: Compose,
        /// The setting.
        origin: Origin,
    },
    /// This image was tried here and failed.
    RejectedBefore {
        /// When.
        at: Timestamp,
        /// How.
        why: String,
    },
    /// This image was tried on a container that is as good as this one, and failed there.
    FailedBeside {
        /// The other one.
        sibling: ContainerName,
        /// When.
        at: Timestamp,
        /// How.
        why: String,
    },
    /// Updates have their times.
    WaitingForSchedule {
        /// The cron expression.
        schedule: String,
        /// The setting.
        origin: Origin,
    },
    /// Updates have their times, and on none of them may one begin.
    ScheduleNeverAllowed {
        /// The cron expression.
        schedule: String,
        /// The setting.
        origin: Origin,
    },
    /// Updates may not begin at this time of the week.
    OutsideWindow {
        /// When they may, as it was written.
        windows: String,
        /// The setting.
        origin: Origin,
    },
    /// Updates may not begin on this day.
    Blackout {
        /// The days, as they were written.
        dates: String,
        /// The setting.
        origin: Origin,
    },
    /// The image is too young.
    CoolingDown {
        /// Since when it is there.
        since: Timestamp,
        /// How old it must be.
        cooldown: Duration,
        /// The setting.
        origin: Origin,
    },
    /// A label that may have been meant to forbid it, or says how it is made, cannot be understood.
    LabelUnclear(Unclear),
    /// docker-auto runs in it and cannot replace itself.
    Irreplaceable(Obstacle),
    /// A person left this image out.
    Skipped(Said),
    /// A person rejected this image.
    RejectedByPerson(Said),
    /// A person put this image off.
    Snoozed {
        /// Until when.
        until: Timestamp,
        /// Who did.
        said: Said,
    },
    /// A person paused it, its group or everything.
    Paused {
        /// What is paused.
        paused: Paused,
        /// Who did.
        said: Said,
    },
}

impl HoldReason {
    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UpdatesNotEnabled(_) => "updates_not_enabled",
            Self::WatchMode(_) => "watch_mode",
            Self::AwaitingApproval(_) => "awaiting_approval",
            Self::ComposeHeldBack { .. } => "compose_held_back",
            Self::RejectedBefore { .. } => "rejected_before",
            Self::FailedBeside { .. } => "failed_beside",
            Self::WaitingForSchedule { .. } => "waiting_for_schedule",
            Self::ScheduleNeverAllowed { .. } => "schedule_never_allowed",
            Self::OutsideWindow { .. } => "outside_window",
            Self::Blackout { .. } => "blackout",
            Self::CoolingDown { .. } => "cooling_down",
            Self::LabelUnclear(_) => "label_unclear",
            Self::Irreplaceable(_) => "irreplaceable",
            Self::Skipped(_) => "skipped",
            Self::RejectedByPerson(_) => "rejected_by_person",
            Self::Snoozed { .. } => "snoozed",
            Self::Paused { .. } => "paused_by_person",
        }
    }
}

/// The reason as a sentence, in English.
impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::of_hold(self, Language::English).fmt(f)
    }
}

//! Why something newer is not run now: each reason with a stable code, its cause and the cure.

use std::fmt;
use std::time::Duration;

use crate::core::candidate::{Candidate, CandidateImage};
use crate::core::compose::Compose;
use crate::core::duration;
use crate::core::id::Timestamp;
use crate::core::ourselves::Obstacle;
use crate::core::policy::Origin;
use crate::core::reference::ImageRef;

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
    /// A label that may have been meant to forbid it cannot be understood.
    LabelUnclear(Origin),
    /// docker-auto runs in it and cannot replace itself.
    Irreplaceable(Obstacle),
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
            Self::WaitingForSchedule { .. } => "waiting_for_schedule",
            Self::ScheduleNeverAllowed { .. } => "schedule_never_allowed",
            Self::OutsideWindow { .. } => "outside_window",
            Self::Blackout { .. } => "blackout",
            Self::CoolingDown { .. } => "cooling_down",
            Self::LabelUnclear(_) => "label_unclear",
            Self::Irreplaceable(_) => "irreplaceable",
        }
    }
}

pub(super) const BY_NAME: &str = "update it by its name with docker-auto update";

const SOONER: &str = "wait, or update it by its name with docker-auto update";

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpdatesNotEnabled(origin) => write!(
                f,
                "updates are not enabled ({origin}): set DOCKER_AUTO_UPDATE_ENABLED=true, give the \
                 container the label docker-auto.mode=auto, or {BY_NAME}"
            ),
            Self::WatchMode(origin) => {
                write!(f, "{origin} says that it is only watched: {BY_NAME}")
            }
            Self::AwaitingApproval(origin) => {
                write!(f, "{origin} asks for a person's word: {BY_NAME}")
            }
            Self::ComposeHeldBack { compose, origin } => write!(
                f,
                "it belongs to the compose service {compose}, and {origin} holds those back: set \
                 DOCKER_AUTO_UPDATE_ALLOW_COMPOSE=true, give the container the label \
                 docker-auto.mode=auto, or {BY_NAME}"
            ),
            Self::RejectedBefore { at, why } => write!(
                f,
                "this image failed here at {} ({why}) and is not tried again: wait for another one, \
                 or try it with docker-auto update --force",
                moment(*at)
            ),
            Self::WaitingForSchedule { schedule, origin } => {
                write!(f, "{origin} has updates wait for {schedule:?}: {SOONER}")
            }
            Self::ScheduleNeverAllowed { schedule, origin } => write!(
                f,
                "{origin} has updates wait for {schedule:?}, and none of the next times lies in its \
                 window and on no blackout date: change one of these settings, or {BY_NAME}"
            ),
            Self::OutsideWindow { windows, origin } => {
                write!(f, "{origin} lets updates begin only in {windows:?}: {SOONER}")
            }
            Self::Blackout { dates, origin } => {
                write!(f, "{origin} lets no update begin on {dates:?}: {SOONER}")
            }
            Self::CoolingDown { since, cooldown, origin } => write!(
                f,
                "{origin} asks for images that are {} old, and this one is there since {}: wait, or \
                 take it with docker-auto update --force",
                duration::print(*cooldown),
                moment(*since)
            ),
            Self::LabelUnclear(origin) => write!(
                f,
                "{origin} cannot be understood and may have been meant to forbid it: correct it, or \
                 {BY_NAME}"
            ),
            Self::Irreplaceable(obstacle) => obstacle.fmt(f),
        }
    }
}

/// Says what could run.
pub(super) fn candidate(f: &mut fmt::Formatter<'_>, candidate: &Candidate) -> fmt::Result {
    let familiar = candidate.reference.familiar();
    let name = familiar.split_once('@').map_or(&*familiar, |(name, _)| name);
    match &candidate.image {
        CandidateImage::Local { id, .. } => {
            write!(f, "{name} names another image here now ({})", id.short())
        }
        CandidateImage::Remote(image) => {
            write!(f, "{name} has moved to {} in its registry", image.resolved.digest.short())?;
            if let Some(version) = &image.version {
                write!(f, ", version {version}")?;
            }
            let mirror = image.resolved.mirror.as_ref();
            mirror.map_or(Ok(()), |mirror| write!(f, ", as its mirror {mirror} says"))
        }
    }
}

/// Returns the moment as people read it.
pub(super) fn moment(at: Timestamp) -> impl fmt::Display {
    at.format("%Y-%m-%d %H:%M:%S UTC")
}

/// The familiar form with the digest abbreviated.
pub(super) fn short(reference: &ImageRef) -> String {
    let familiar = reference.familiar();
    match (familiar.split_once('@'), reference.digest()) {
        (Some((name, _)), Some(digest)) => format!("{name}@{}", digest.short()),
        _ => familiar,
    }
}

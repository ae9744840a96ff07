//! Why something newer is not run now: each reason with a stable code, its cause and the cure.

use std::fmt;

use crate::core::candidate::{Candidate, CandidateImage};
use crate::core::compose::Compose;
use crate::core::id::Timestamp;
use crate::core::ourselves::Obstacle;
use crate::core::policy::Origin;
use crate::core::reference::ImageRef;
use crate::core::remote::RemoteImage;
use crate::core::version::Versions;

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
            Self::LabelUnclear(_) => "label_unclear",
            Self::Irreplaceable(_) => "irreplaceable",
        }
    }
}

pub(super) const BY_NAME: &str = "update it by its name with docker-auto update";

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
                write!(f, "{origin} has updates wait for {schedule:?}")
            }
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
            write!(f, "{name} names another image here now ({})", id.short())?;
        }
        CandidateImage::Remote(image) => {
            remote(f, (name, image), candidate)?;
            if let Some(mirror) = &image.resolved.mirror {
                write!(f, ", as its mirror {mirror} says")?;
            }
        }
    }
    beyond(f, &candidate.versions)
}

fn remote(
    f: &mut fmt::Formatter<'_>,
    (name, image): (&str, &RemoteImage),
    candidate: &Candidate,
) -> fmt::Result {
    let digest = image.resolved.digest.short();
    let tag = candidate.reference.tag().unwrap_or_default();
    match (&candidate.versions, &image.version) {
        (Versions { leaves: Some(old), .. }, _) => {
            let name = name.strip_suffix(tag).unwrap_or(name);
            write!(f, "{name}{old} → {tag} ({digest})")
        }
        (Versions { running: Some(old), .. }, Some(new)) => {
            write!(f, "{name} ({old}) → {tag} ({new}): it has moved to {digest} in its registry")
        }
        (_, Some(new)) => write!(f, "{name} has moved to {digest} in its registry, version {new}"),
        (_, None) => write!(f, "{name} has moved to {digest} in its registry"),
    }
}

/// Says what there is beyond the versions that are followed.
pub(super) fn beyond(f: &mut fmt::Formatter<'_>, versions: &Versions) -> fmt::Result {
    versions.beyond.as_ref().map_or(Ok(()), |beyond| write!(f, "; {beyond} exists"))
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

//! Why something newer does not run now, in English.

use crate::core::decision::HoldReason;
use crate::core::duration;
use crate::core::policy::{About, Unclear};
use crate::core::text::{Telling, moment};

use super::BY_NAME;
use super::chain::{paused, person};

const SOONER: &str = "wait, or update it by its name with docker-auto update";

pub(in crate::core::text) fn hold(reason: &HoldReason) -> Telling {
    match reason {
        HoldReason::UpdatesNotEnabled(origin) => Telling::new(
            format!("updates are not enabled ({origin})"),
            format!(
                "set DOCKER_AUTO_UPDATE_ENABLED=true, give the container the label \
                 docker-auto.mode=auto, or {BY_NAME}"
            ),
        ),
        HoldReason::WatchMode(origin) => {
            Telling::new(format!("{origin} says that it is only watched"), BY_NAME)
        }
        HoldReason::AwaitingApproval(origin) => Telling::new(
            format!("{origin} asks for a person's word"),
            format!("approve it with docker-auto approve, or {BY_NAME}"),
        ),
        HoldReason::ComposeHeldBack { compose, origin } => Telling::new(
            format!("it belongs to the compose service {compose}, and {origin} holds those back"),
            format!(
                "set DOCKER_AUTO_UPDATE_ALLOW_COMPOSE=true, give the container the label \
                 docker-auto.mode=auto, or {BY_NAME}"
            ),
        ),
        HoldReason::RejectedBefore { at, why } => Telling::new(
            format!("this image failed here at {} ({why}) and is not tried again", moment(*at)),
            "wait for another one, or try it with docker-auto update --force",
        ),
        HoldReason::FailedBeside { sibling, at, why } => Telling::new(
            format!(
                "this image failed on {sibling} at {} ({why}) and is not tried here",
                moment(*at)
            ),
            "wait for another one, approve it, or try it with docker-auto update --force",
        ),
        HoldReason::WaitingForSchedule { .. }
        | HoldReason::ScheduleNeverAllowed { .. }
        | HoldReason::OutsideWindow { .. }
        | HoldReason::Blackout { .. }
        | HoldReason::CoolingDown { .. } => hold_in_time(reason),
        HoldReason::LabelUnclear(Unclear { origin, about: About::Whether }) => Telling::new(
            format!("{origin} cannot be understood and may have been meant to forbid it"),
            format!("correct it, or {BY_NAME}"),
        ),
        HoldReason::LabelUnclear(Unclear { origin, about: About::How }) => Telling::new(
            format!("{origin} cannot be understood and says to what, or how, it is updated"),
            "correct it: a person's word does not stand above it",
        ),
        HoldReason::Irreplaceable(obstacle) => Telling::sentence(&obstacle.to_string()),
        HoldReason::Skipped(_)
        | HoldReason::RejectedByPerson(_)
        | HoldReason::Snoozed { .. }
        | HoldReason::Paused { .. } => hold_by_person(reason),
    }
}

fn hold_in_time(reason: &HoldReason) -> Telling {
    match reason {
        HoldReason::WaitingForSchedule { schedule, origin } => {
            Telling::new(format!("{origin} has updates wait for {schedule:?}"), SOONER)
        }
        HoldReason::ScheduleNeverAllowed { schedule, origin } => Telling::new(
            format!(
                "{origin} has updates wait for {schedule:?}, and none of the next times lies in its \
                 window and on no blackout date"
            ),
            format!("change one of these settings, or {BY_NAME}"),
        ),
        HoldReason::OutsideWindow { windows, origin } => {
            Telling::new(format!("{origin} lets updates begin only in {windows:?}"), SOONER)
        }
        HoldReason::Blackout { dates, origin } => {
            Telling::new(format!("{origin} lets no update begin on {dates:?}"), SOONER)
        }
        HoldReason::CoolingDown { since, cooldown, origin } => Telling::new(
            format!(
                "{origin} asks for images that are {} old, and this one is there since {}",
                duration::print(*cooldown),
                moment(*since)
            ),
            "wait, or take it with docker-auto update --force",
        ),
        _ => Telling::default(),
    }
}

fn hold_by_person(reason: &HoldReason) -> Telling {
    let other = "wait for another one, or let it run with docker-auto approve";
    match reason {
        HoldReason::Skipped(said) => {
            Telling::new(format!("this image was left out by {}", person(said)), other)
        }
        HoldReason::RejectedByPerson(said) => {
            Telling::new(format!("this image was rejected by {}", person(said)), other)
        }
        HoldReason::Snoozed { said, .. } => Telling::new(
            format!("this image was put off by {}", person(said)),
            format!("let it run with docker-auto approve, or {BY_NAME}"),
        ),
        HoldReason::Paused { paused: what, said } => {
            let resume = what.argument();
            Telling::new(
                format!("{} was paused by {}", paused(what), person(said)),
                format!("docker-auto resume {resume}, or update it once with --force"),
            )
        }
        _ => Telling::default(),
    }
}

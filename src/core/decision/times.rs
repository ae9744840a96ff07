//! Whether it is time: schedules, the age of an image, blackout dates and windows.

use std::time::Duration;

use chrono::TimeDelta;

use crate::core::candidate::Candidate;
use crate::core::decision::consent::Held;
use crate::core::decision::trail::{Question, Trail};
use crate::core::decision::{Facts, HoldReason, Request};
use crate::core::id::Timestamp;
use crate::core::policy::{Origin, Policy, Sourced, Updates};
use crate::core::window::Schedule;

/// How many runs of a schedule are looked at for one that windows and blackout dates leave.
const RUNS: usize = 60;

/// Asks whether it is time for a candidate. A person who named the container lifts all of it but the
/// cooldown, which needs force.
pub(super) fn may_begin(
    facts: &Facts<'_>,
    candidate: &Candidate,
    trail: &mut Trail,
) -> Result<(), Held> {
    let policy = facts.policy;
    if !facts.is_named() {
        let origin = schedule(policy).map(|(_, origin)| origin);
        trail.ask(Question::Schedule, origin, by_schedule(facts))?;
    }
    let origin = &policy.cooldown.origin;
    trail.ask(Question::Cooldown, Some(origin), cooling_down(facts, candidate))?;
    if facts.is_named() {
        return Ok(());
    }
    let origin = policy.blackout.as_ref().map(|dates| &dates.origin);
    trail.ask(Question::Blackout, origin, by_dates(policy, facts.now))?;
    let origin = policy.window.as_ref().map(|window| &window.origin);
    trail.ask(Question::Window, origin, by_window(policy, facts.now))
}

fn by_schedule(facts: &Facts<'_>) -> Option<Held> {
    let (schedule, origin) = schedule(facts.policy)?;
    let has_come = match (&facts.policy.schedule, facts.request) {
        (_, Request::Everything) => true,
        (Some(own), _) => facts.waiting.has_turn(&own.value, facts.now),
        (None, request) => request != Request::Check,
    };
    if has_come {
        return None;
    }
    let (text, origin) = (schedule.text().to_owned(), origin.clone());
    let until = next_run(facts.policy, schedule, facts.now);
    let runs = until.is_some() || schedule.next_after(facts.now).is_none();
    let reason = if runs {
        HoldReason::WaitingForSchedule { schedule: text, origin }
    } else {
        HoldReason::ScheduleNeverAllowed { schedule: text, origin }
    };
    Some(Held { reason, until })
}

/// A container's own schedule stands above the one of all, and where there is none is one.
fn schedule(policy: &Policy) -> Option<(&Schedule, &Origin)> {
    let updates = &policy.rules.updates;
    match (&policy.schedule, &updates.value) {
        (Some(Sourced { value, origin }), _) => Some((value, origin)),
        (None, Updates::At(schedule)) => Some((schedule, &updates.origin)),
        (None, Updates::AtCheck | Updates::Never) => None,
    }
}

/// Returns the next run on which an update could begin.
fn next_run(policy: &Policy, schedule: &Schedule, now: Timestamp) -> Option<Timestamp> {
    let mut at = now;
    for _ in 0..RUNS {
        at = schedule.next_after(at)?;
        match by_calendar(policy, at) {
            None => return Some(at),
            // The run may come at the very moment of the opening.
            Some(Held { until, .. }) => {
                at = until?.checked_sub_signed(TimeDelta::seconds(1))?.max(at);
            }
        }
    }
    None
}

/// Returns until when a candidate is too young.
pub(super) fn cools_until(facts: &Facts<'_>, candidate: &Candidate) -> Option<Timestamp> {
    cooling_down(facts, candidate)?.until
}

fn cooling_down(facts: &Facts<'_>, candidate: &Candidate) -> Option<Held> {
    let Sourced { value: cooldown, origin } = &facts.policy.cooldown;
    if facts.is_forced() || *cooldown == Duration::ZERO {
        return None;
    }
    let since = facts.waiting.since(candidate, facts.now);
    let until = since.checked_add_signed(TimeDelta::from_std(*cooldown).ok()?)?;
    let (cooldown, origin) = (*cooldown, origin.clone());
    let reason = HoldReason::CoolingDown { since, cooldown, origin };
    (until > facts.now).then_some(Held { reason, until: Some(until) })
}

/// Blackout dates and windows.
fn by_calendar(policy: &Policy, now: Timestamp) -> Option<Held> {
    by_dates(policy, now).or_else(|| by_window(policy, now))
}

fn by_dates(policy: &Policy, now: Timestamp) -> Option<Held> {
    let zone = policy.rules.time_zone;
    let blackout = policy.blackout.as_ref().filter(|dates| dates.value.covers(now, zone))?;
    let Sourced { value, origin } = blackout;
    let reason = HoldReason::Blackout { dates: value.text().to_owned(), origin: origin.clone() };
    Some(Held { reason, until: value.end(now, zone) })
}

fn by_window(policy: &Policy, now: Timestamp) -> Option<Held> {
    let zone = policy.rules.time_zone;
    let window = policy.window.as_ref().filter(|window| !window.value.is_open(now, zone))?;
    let Sourced { value, origin } = window;
    let reason =
        HoldReason::OutsideWindow { windows: value.text().to_owned(), origin: origin.clone() };
    Some(Held { reason, until: value.next_opening(now, zone) })
}

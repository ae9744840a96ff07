//! What `serve` has to wake up for beside its own timetables: containers' schedules, and the moments
//! at which what holds an update ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use crate::core::decision::{Decision, HoldReason, Request};
use crate::core::id::{ContainerName, ImageId, Timestamp};
use crate::core::inventory::Inventory;
use crate::core::policy::Policy;
use crate::core::waiting::{Turn, Waiting};
use crate::core::window::{Course, Due, Schedule, Timetable};
use crate::engine::command::Assessment;
use crate::engine::{Engine, EngineError};

/// What each container is waited for.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    entries: BTreeMap<ContainerName, Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    own: Option<(Timetable, Course)>,
    until: Option<Timestamp>,
    /// The image that its reference was moved to here, once that has led to a look at it.
    moved: Option<ImageId>,
}

impl Agenda {
    /// Returns the containers whose time has come, and the next moment at which that of one comes.
    pub(super) fn due(&mut self, now: Timestamp) -> (Vec<ContainerName>, Option<Timestamp>) {
        let (mut names, mut next) = (Vec::new(), None::<Timestamp>);
        for (name, entry) in &mut self.entries {
            let own = entry.own.as_mut();
            let own =
                own.map_or(Due::Never, |(table, course)| course.due(now, table, Duration::ZERO));
            let held = entry
                .until
                .map_or(Due::Never, |until| if until <= now { Due::Now } else { Due::At(until) });
            if own == Due::Now || held == Due::Now {
                names.push(name.clone());
            }
            for due in [own, held] {
                let Due::At(at) = due else { continue };
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        }
        (names, next)
    }

    /// Notes that containers have had a turn that began at a moment; returns the last turns of their
    /// own schedules. What came round meanwhile is a turn of its own.
    fn had_turns(
        &mut self,
        names: &[ContainerName],
        began: Timestamp,
    ) -> Vec<(ContainerName, Turn)> {
        let mut turns = Vec::new();
        for name in names {
            let Some(entry) = self.entries.get_mut(name) else { continue };
            // What is still held was noted anew, with a moment that was to come.
            entry.until = entry.until.filter(|until| *until > began);
            let Some((Timetable::Cron(schedule), course)) = &mut entry.own else { continue };
            course.ran(began);
            turns.push((name.clone(), Turn::new(schedule, began)));
        }
        turns
    }

    fn note(&mut self, name: &ContainerName, own: Option<(&Schedule, &Turn)>) {
        let entry = self.entries.entry(name.clone()).or_default();
        let Some((schedule, turn)) = own else {
            entry.own = None;
            return;
        };
        let table = Timetable::Cron(schedule.clone());
        match &entry.own {
            Some((known, _)) if *known == table => {}
            _ => entry.own = Some((table, Course::new(turn.last))),
        }
    }

    fn hold(&mut self, name: &ContainerName, until: Option<Timestamp>) {
        self.entries.entry(name.clone()).or_default().until = until;
    }

    /// Notes which image a container's reference was moved to here, if any; says whether that is
    /// news. What an update pulls itself is none: it would begin the next try.
    pub(super) fn note_moved(&mut self, name: &ContainerName, image: Option<&ImageId>) -> bool {
        let entry = self.entries.entry(name.clone()).or_default();
        let before = std::mem::replace(&mut entry.moved, image.cloned());
        image.is_some() && before.as_ref() != image
    }
}

impl Engine {
    pub(super) fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns the schedules of a host's containers before the first check.
    pub(super) async fn learn_schedules(&self) -> Result<(), EngineError> {
        let inventory = self.discover().await?;
        let now = self.clock.now();
        let mut known = self.store.waits().of_host(self.host.id()).await?;
        let mut changed = Vec::new();
        for container in inventory.containers.values() {
            let policy = self.policy_of(container);
            let Some(own) = &policy.schedule else { continue };
            let before = known.remove(&container.name).unwrap_or_default();
            let after = Waiting { turn: turn_of(&before, &policy, now), ..before.clone() };
            let turn = after.turn.as_ref();
            self.agenda().note(&container.name, turn.map(|turn| (&own.value, turn)));
            changed.extend((after != before).then(|| (container.name.clone(), after)));
        }
        Ok(self.store.waits().keep(self.host.id(), changed).await?)
    }

    /// Remembers what a check found out of schedules and candidates.
    pub(super) async fn note_waits(
        &self,
        assessments: &[Assessment],
        request: Request,
    ) -> Result<(), EngineError> {
        let now = self.clock.now();
        let mut known = self.store.waits().of_host(self.host.id()).await?;
        let mut changed = Vec::new();
        for Assessment { container, policy, decision, beyond, .. } in assessments {
            let name = &container.name;
            let before = known.remove(name).unwrap_or_default();
            let own = policy.schedule.as_ref().map(|own| &own.value);
            let passed = decision.versions().map_or(&[][..], |versions| &versions.passed);
            let mut after = before.after(own, (decision.candidate(), passed), now);
            after.beyond.clone_from(beyond);
            if matches!(decision, Decision::Unknown { .. } | Decision::Skip { .. }) {
                after.sighting.clone_from(&before.sighting);
                after.passed.clone_from(&before.passed);
            }
            let mut agenda = self.agenda();
            agenda.note(name, own.zip(after.turn.as_ref()));
            if says_until(decision, request) {
                agenda.hold(name, opening(decision));
            }
            changed.extend((after != before).then(|| (name.clone(), after)));
        }
        if changed.is_empty() {
            return Ok(());
        }
        Ok(self.store.waits().keep(self.host.id(), changed).await?)
    }

    /// Forgets containers that are not there any more.
    pub(super) async fn forget_gone(&self, inventory: &Inventory) -> Result<(), EngineError> {
        let present: BTreeSet<_> = inventory.containers.keys().cloned().collect();
        self.agenda().entries.retain(|name, _| present.contains(name));
        self.store.check_hooks().expire(self.host.id(), present.clone()).await?;
        let known = self.store.waits().of_host(self.host.id()).await?;
        if known.keys().all(|name| present.contains(name)) {
            return Ok(());
        }
        Ok(self.store.waits().expire(self.host.id(), present).await?)
    }

    /// Notes that containers have had a turn that began at a moment.
    pub(super) async fn had_turns(
        &self,
        names: &[ContainerName],
        began: Timestamp,
    ) -> Result<(), EngineError> {
        let turns = self.agenda().had_turns(names, began);
        if turns.is_empty() {
            return Ok(());
        }
        let mut known = self.store.waits().of_host(self.host.id()).await?;
        let changed = turns.into_iter().map(|(name, turn)| {
            let before = known.remove(&name).unwrap_or_default();
            (name, Waiting { turn: Some(turn), ..before })
        });
        let changed = changed.collect();
        Ok(self.store.waits().keep(self.host.id(), changed).await?)
    }
}

fn turn_of(before: &Waiting, policy: &Policy, now: Timestamp) -> Option<Turn> {
    before.after(policy.schedule.as_ref().map(|own| &own.value), (None, &[]), now).turn
}

/// Says whether a decision tells how long an update is held: a person who names the container lifts
/// what holds it for all others, and who could not look knows nothing.
fn says_until(decision: &Decision, request: Request) -> bool {
    let named = matches!(request, Request::Named | Request::Forced);
    !named && !matches!(decision, Decision::Unknown { .. })
}

/// Returns when what holds an update ends by itself; that may be over by now. Schedules have their
/// own timetables.
fn opening(decision: &Decision) -> Option<Timestamp> {
    match decision {
        Decision::Hold { reason: HoldReason::WaitingForSchedule { .. }, .. } => None,
        Decision::Hold { until, .. } => *until,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use crate::core::decision::{SkipReason, UnknownReason};

    use super::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn web() -> ContainerName {
        ContainerName::new("web")
    }

    #[test]
    fn containers_have_their_turns_once() {
        let schedule = Schedule::parse("0 3 * * *", Tz::UTC).unwrap();
        let mut agenda = Agenda::default();
        let noon = moment("2026-05-04T12:00:00Z");
        agenda.note(&web(), Some((&schedule, &Turn::new(&schedule, noon))));
        let three = moment("2026-05-05T03:00:00Z");
        assert_eq!(agenda.due(noon), (vec![], Some(three)));
        assert_eq!(agenda.due(three).0, [web()]);
        // Days late: one turn.
        let late = moment("2026-05-09T12:00:00Z");
        assert_eq!(agenda.due(late).0, [web()]);
        agenda.had_turns(&[web()], late);
        assert_eq!(agenda.due(late), (vec![], Some(moment("2026-05-10T03:00:00Z"))));
        // Set back by a year: the next turn is within a day.
        let back = moment("2025-05-09T12:00:00Z");
        assert_eq!(agenda.due(back), (vec![], Some(moment("2025-05-10T03:00:00Z"))));
        assert_eq!(agenda.due(moment("2025-05-10T03:00:00Z")).0, [web()]);
        agenda.note(&web(), None);
        assert_eq!(agenda.due(late), (vec![], None));
    }

    #[test]
    fn what_holds_ends_once() {
        let mut agenda = Agenda::default();
        let (noon, opens) = (moment("2026-05-04T12:00:00Z"), moment("2026-05-04T22:00:00Z"));
        agenda.hold(&web(), Some(opens));
        assert_eq!(agenda.due(noon), (vec![], Some(opens)));
        assert_eq!(agenda.due(opens).0, [web()]);
        agenda.had_turns(&[web()], opens);
        assert_eq!(agenda.due(opens), (vec![], None));
        agenda.hold(&web(), Some(noon));
        agenda.hold(&web(), None);
        assert_eq!(agenda.due(opens), (vec![], None));
    }

    #[test]
    fn what_comes_round_during_a_turn_is_not_lost() {
        let hourly = Schedule::parse("0 * * * *", Tz::UTC).unwrap();
        let mut agenda = Agenda::default();
        let (began, over) = (moment("2026-05-04T12:00:00Z"), moment("2026-05-04T13:30:00Z"));
        agenda.note(&web(), Some((&hourly, &Turn::new(&hourly, moment("2026-05-04T11:30:00Z")))));
        assert_eq!(agenda.due(began).0, [web()]);
        let opened = moment("2026-05-04T12:10:00Z");
        agenda.hold(&web(), Some(opened));
        let turns = agenda.had_turns(&[web()], began);
        assert_eq!(turns, [(web(), Turn::new(&hourly, began))]);
        assert_eq!(agenda.due(opened).0, [web()], "its window opened meanwhile");
        assert_eq!(agenda.due(over).0, [web()], "an hour has passed");
        agenda.had_turns(&[web()], over);
        assert_eq!(agenda.due(over), (vec![], Some(moment("2026-05-04T14:00:00Z"))));
    }

    #[test]
    fn a_move_is_news_once() {
        let mut agenda = Agenda::default();
        let (one, other) = (ImageId::new("sha256:1"), ImageId::new("sha256:2"));
        for (image, news) in [
            (None, false),
            (Some(&one), true),
            (Some(&one), false),
            (Some(&other), true),
            (Some(&one), true),
            (None, false),
            (Some(&one), true),
        ] {
            assert_eq!(agenda.note_moved(&web(), image), news, "{image:?}");
        }
    }

    #[test]
    fn who_could_not_look_and_who_is_named_say_nothing_of_waiting() {
        let unknown = Decision::Unknown { reason: UnknownReason::BadReference("?".to_owned()) };
        let skipped = Decision::Skip { reason: SkipReason::NameReserved };
        for (decision, request, says) in [
            (&skipped, Request::Check, true),
            (&skipped, Request::Schedule, true),
            (&skipped, Request::Named, false),
            (&skipped, Request::Forced, false),
            (&unknown, Request::Check, false),
        ] {
            assert_eq!(says_until(decision, request), says, "{decision:?} {request:?}");
        }
    }
}

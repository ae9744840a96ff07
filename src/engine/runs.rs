//! What `serve` does next, and when it did it last.

use std::hash::{BuildHasher as _, Hasher as _};
use std::time::Duration;

use crate::core::id::{ContainerName, Timestamp};
use crate::core::window::{Course, Due};
use crate::engine::Engine;
use crate::engine::schedule::Timetables;
use crate::logging::Chain;

const CHECK: &str = "check";
const UPDATE: &str = "update";

/// When each job last ran, whatever the store could keep of it.
pub(super) struct Runs {
    check: Course,
    update: Course,
    /// When the check at the start is due, until it was made.
    first: Option<Timestamp>,
    /// By how much the next check comes late.
    delay: Duration,
    /// Whether the last job was an update: then turns come first, lest one of both be always due.
    updated: bool,
}

/// What is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// A check, with the updates that follow it at once.
    Check,
    /// A check and the updates that wait for the schedule.
    Update,
    /// A check of some containers, whose own time has come, with the updates that follow it.
    Turns(Vec<ContainerName>),
}

/// The part of the time between two checks over which one is spread, and the most.
const SHARE: u32 = 10;
// Less than a run's answers are kept, so that an update that follows asks for nothing again.
const LONGEST_SPREAD: Duration = Duration::from_mins(4);

impl Runs {
    /// Returns over how much time a check that begins now may be spread: none for the first one, for
    /// which people wait.
    pub(super) fn spread(&self, timetables: &Timetables, now: Timestamp) -> Duration {
        let next = timetables.check.next_after(now).filter(|_| self.first.is_none());
        let gap = next.and_then(|next| (next - now).to_std().ok());
        gap.map_or(Duration::ZERO, |gap| (gap / SHARE).min(LONGEST_SPREAD))
    }
}

impl Engine {
    /// Returns when each job ran last; what never ran is counted from now.
    pub(super) async fn runs(&self, timetables: &Timetables) -> Runs {
        let now = self.clock.now();
        let stored = async |name| self.store.schedules().last_run(name).await.unwrap_or_default();
        let check = Course::new(stored(CHECK).await.unwrap_or(now));
        let update = Course::new(stored(UPDATE).await.unwrap_or(now));
        if !timetables.check_on_start
            && let Err(error) = self.learn_schedules().await
        {
            log::warn!(
                "schedules of containers are known after the first check: {}",
                Chain(&error)
            );
        }
        let delay = chance(timetables.jitter);
        // Many instances that begin at once, as after an outage, do not ask at once either.
        let first = timetables.check_on_start.then_some(now + delay);
        Runs { check, update, first, delay, updated: false }
    }

    /// Returns the job that is due, or the moment to look again. Runs that were missed while the
    /// program or the machine was away are caught up once.
    pub(super) fn next_job(
        &self,
        timetables: &Timetables,
        runs: &mut Runs,
    ) -> (Job, Option<Timestamp>) {
        let now = self.clock.now();
        let update = timetables.update.as_ref();
        let update = update.map_or(Due::Never, |table| runs.update.due(now, table, Duration::ZERO));
        let (turns, turn) = self.agenda().due(now);
        let check = match runs.first {
            Some(first) if first <= now || first > now + timetables.jitter => {
                return (Job::Check, None);
            }
            Some(first) => Due::At(first),
            None => runs.check.due(now, &timetables.check, runs.delay),
        };
        if update == Due::Now && (turns.is_empty() || !runs.updated) {
            return (Job::Update, None);
        }
        // At least a minute lies between two of them.
        if check == Due::Now {
            return (Job::Check, None);
        }
        if !turns.is_empty() {
            return (Job::Turns(turns), None);
        }
        let times = [update, check].into_iter().filter_map(|due| match due {
            Due::At(at) => Some(at),
            Due::Now | Due::Never => None,
        });
        let far = now + Duration::from_hours(24);
        (Job::Check, Some(times.chain(turn).fold(far, Timestamp::min)))
    }

    /// Notes a job that began at a moment. An update is a check as well.
    pub(super) async fn ran(
        &self,
        (job, began): (&Job, Timestamp),
        timetables: &Timetables,
        runs: &mut Runs,
    ) {
        let now = self.clock.now();
        runs.updated = *job == Job::Update;
        let names: &[&'static str] = match job {
            Job::Update => &[UPDATE, CHECK],
            Job::Check => &[CHECK],
            Job::Turns(names) => {
                if let Err(error) = self.had_turns(names, began).await {
                    log::error!("{}", Chain(&error));
                }
                return;
            }
        };
        runs.check.ran(now);
        (runs.first, runs.delay) = (None, chance(timetables.jitter));
        if *job == Job::Update {
            runs.update.ran(now);
        }
        for name in names {
            if let Err(error) = self.store.schedules().ran(name, now).await {
                log::error!("{}", Chain(&error));
            }
        }
    }
}

/// Returns a time of chance up to the longest.
fn chance(longest: Duration) -> Duration {
    let number = std::hash::RandomState::new().build_hasher().finish();
    let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX - 1);
    Duration::from_millis(number % (longest + 1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono_tz::Tz;

    use crate::core::window::{Schedule, Timetable};
    use crate::store::KeepDays;

    use super::*;

    #[test]
    fn a_check_is_spread_over_a_part_of_the_time_to_the_next() {
        let now: Timestamp = "2026-05-04T12:00:00Z".parse().unwrap();
        let cron = |text| Timetable::Cron(Schedule::parse(text, Tz::UTC).unwrap());
        for (check, first, seconds) in [
            (Timetable::Every(Duration::from_mins(1)), None, 6),
            (Timetable::Every(Duration::from_mins(10)), None, 60),
            (Timetable::Every(Duration::from_mins(10)), Some(now), 0),
            (cron("0 * * * *"), None, 240),
            (cron("0 3 * * *"), None, 240),
        ] {
            let timetables = Timetables {
                check,
                update: None,
                jitter: Duration::ZERO,
                check_on_start: true,
                settle: None,
                keep: KeepDays::default(),
            };
            let (check, update) = (Course::new(now), Course::new(now));
            let runs = Runs { check, update, first, delay: Duration::ZERO, updated: false };
            let spread = runs.spread(&timetables, now);
            assert_eq!(spread.as_secs(), seconds, "{:?}", timetables.check);
        }
    }

    #[test]
    fn chance_knows_its_bounds() {
        let longest = Duration::from_secs(10);
        let drawn: BTreeSet<_> = (0..100).map(|_| chance(longest)).collect();
        assert!(drawn.len() > 1 && drawn.iter().all(|time| *time <= longest), "{drawn:?}");
        assert_eq!(chance(Duration::ZERO), Duration::ZERO);
        assert!(chance(Duration::MAX) < Duration::MAX);
    }
}

//! Clocks that jump, machines that sleep: no timetable runs in a burst, none stands still.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use docker_auto::core::window::{Course, Due, Schedule, Timetable};
use proptest::prelude::*;

use super::{moment, zone};

/// A loop that looks at the clock every minute, as `serve` does at the latest.
struct Walk {
    timetable: Timetable,
    course: Course,
    now: DateTime<Utc>,
    /// The runs, in minutes that have really passed, and by the clock.
    runs: Vec<(i64, DateTime<Utc>)>,
    passed: i64,
}

impl Walk {
    fn new(timetable: Timetable, now: DateTime<Utc>) -> Self {
        Self { timetable, course: Course::new(now), now, runs: Vec::new(), passed: 0 }
    }

    fn look(&mut self) {
        // A burst would be run after run without the clock moving.
        while self.course.due(self.now, &self.timetable, Duration::ZERO) == Due::Now {
            self.course.ran(self.now);
            self.runs.push((self.passed, self.now));
        }
    }

    fn pass(&mut self, minutes: i64) {
        for _ in 0..minutes {
            self.passed += 1;
            self.now += TimeDelta::minutes(1);
            self.look();
        }
    }

    fn jump(&mut self, by: TimeDelta) {
        self.now += by;
        self.look();
    }
}

fn cron(text: &str, zone: Tz) -> Timetable {
    Timetable::Cron(Schedule::parse(text, zone).unwrap())
}

const YEAR: i64 = 365 * 24 * 60;

#[test]
fn a_jump_makes_one_run_and_no_gap() {
    let every = || Timetable::Every(Duration::from_mins(10));
    let timetables: [(fn() -> Timetable, i64); 3] = [
        (every, 10),
        (|| cron("*/10 * * * *", Tz::UTC), 10),
        (|| cron("30 2 * * *", zone("Europe/Berlin")), 24 * 60),
    ];
    for (timetable, interval) in timetables {
        // Forward by thirty days, as after a sleep of the machine; back by an hour and a year.
        for (minutes, at_once) in [(30 * 24 * 60, 1), (-60, 0), (-YEAR, 0)] {
            let mut walk = Walk::new(timetable(), moment("2026-05-04T12:00:00Z"));
            walk.pass(3 * interval + 5);
            let before = walk.runs.len();
            walk.jump(TimeDelta::minutes(minutes));
            let jumped = walk.passed;
            assert_eq!(walk.runs.len() - before, at_once, "{:?} by {minutes}", walk.timetable);
            walk.pass(interval);
            let next = walk.runs.get(before + at_once).map(|(passed, _)| passed - jumped);
            assert!(next.is_some_and(|next| next <= interval), "{:?}: {next:?}", walk.timetable);
            walk.pass(interval);
            assert!(walk.runs.len() - before - at_once <= 2, "{:?}", walk.runs);
        }
    }
}

#[test]
fn changes_of_the_clocks_lose_no_run_and_repeat_none() {
    for (name, days) in [
        ("Europe/Berlin", ["2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z"]),
        ("America/New_York", ["2026-03-07T12:00:00Z", "2026-10-31T12:00:00Z"]),
    ] {
        for (start, (text, runs)) in days.iter().flat_map(|day| {
            [("0 2 * * *", 2), ("30 2 * * *", 2), ("*/10 * * * *", 288), ("0 * * * *", 48)]
                .map(|expected| (day, expected))
        }) {
            let mut walk = Walk::new(cron(text, zone(name)), moment(start));
            walk.pass(48 * 60);
            assert_eq!(walk.runs.len(), runs, "{text} in {name} from {start}: {:?}", walk.runs);
        }
    }
}

#[test]
fn a_delay_makes_runs_late_and_loses_none() {
    let at = |text| Due::At(moment(text));
    let table = cron("0 3 * * *", Tz::UTC);
    let mut course = Course::new(moment("2026-05-04T12:00:00Z"));
    let delay = Duration::from_mins(7);
    assert_eq!(
        course.due(moment("2026-05-05T03:00:00Z"), &table, delay),
        at("2026-05-05T03:07:00Z")
    );
    assert_eq!(course.due(moment("2026-05-05T03:07:00Z"), &table, delay), Due::Now);
    course.ran(moment("2026-05-05T03:07:00Z"));
    assert_eq!(
        course.due(moment("2026-05-05T03:08:00Z"), &table, delay),
        at("2026-05-06T03:07:00Z")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_clock_does_there_is_no_burst_and_no_standstill(
        steps in prop::collection::vec((0..200_i64, prop_oneof![-YEAR..YEAR, -90..90_i64, Just(0)]), 1..20),
        interval in 1..60_i64,
        by_cron in any::<bool>(),
    ) {
        let interval = if by_cron { 10 } else { interval };
        let timetable = if by_cron {
            cron("*/10 * * * *", zone("Europe/Berlin"))
        } else {
            Timetable::Every(Duration::from_secs(interval.unsigned_abs() * 60))
        };
        let mut walk = Walk::new(timetable, moment("2026-03-28T12:00:00Z"));
        let jumps = i64::try_from(steps.len()).unwrap();
        let mut since = 0;
        for (minutes, jump) in steps {
            for _ in 0..minutes {
                walk.pass(1);
                let last = walk.runs.last().map_or(0, |(passed, _)| *passed).max(since);
                prop_assert!(walk.passed - last <= interval, "nothing since {}", last);
            }
            walk.jump(TimeDelta::minutes(jump));
            since = walk.passed;
        }
        // After a jump the times on the wall come in another phase, the first of them at any moment.
        let each = if by_cron { 2 } else { 1 };
        let most = walk.passed / interval + each * jumps + 1;
        prop_assert!(i64::try_from(walk.runs.len()).unwrap() <= most, "{} runs", walk.runs.len());
    }
}

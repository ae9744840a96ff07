//! Cron expressions → the times at which they run, in zones whose clocks are changed; missed runs;
//! windows and blackout dates → when updates may begin.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Datelike as _, NaiveDateTime, TimeDelta, Timelike as _, Utc};
use chrono_tz::Tz;
use docker_auto::core::window::{Course, Due, Schedule, Timetable};
use proptest::prelude::*;

mod clock;
mod hours;

const TABLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/window/");

/// Returns the rows of a table, each in its columns.
fn rows(table: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(format!("{TABLES}{table}.txt")).expect("a table");
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| row.split(" | ").map(ToOwned::to_owned).collect()).collect()
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

fn zone(name: &str) -> Tz {
    name.parse().expect("a zone")
}

#[test]
fn schedules_run_when_cron_would_run_them() {
    let rows: Vec<_> = ["plain", "clock-changes"].into_iter().flat_map(rows).collect();
    assert!(rows.len() >= 70, "only {} rows", rows.len());
    for row in rows {
        let [name, text, after, runs] = &row[..] else { panic!("{row:?}") };
        let schedule = Schedule::parse(text, zone(name)).unwrap();
        let mut at = moment(after);
        for run in runs.split(", ").filter(|run| *run != "never") {
            at = schedule.next_after(at).unwrap();
            let shown = at.with_timezone(&zone(name)).format("%Y-%m-%d %H:%M:%S %Z").to_string();
            let good = shown == *run || shown.rsplit_once(' ').unwrap().0 == run;
            assert!(good, "{text} in {name} after {after}: {shown} instead of {run}");
        }
        if runs == "never" {
            assert_eq!(schedule.next_after(at), None, "{text} after {after}");
        }
    }
}

#[test]
fn what_is_no_schedule_is_refused_by_field() {
    let rows = rows("refused");
    assert!(rows.len() >= 30, "only {} rows", rows.len());
    for row in rows {
        let [text, expected] = &row[..] else { panic!("{row:?}") };
        let error = Schedule::parse(text, Tz::UTC).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn missed_runs_are_caught_up_once() {
    let cron = |text| Timetable::Cron(Schedule::parse(text, Tz::UTC).unwrap());
    let every = |seconds| Timetable::Every(Duration::from_secs(seconds));
    let at = |text| Due::At(moment(text));
    for (timetable, last, now, expected) in [
        (every(600), "2026-01-01T00:00:00Z", "2026-01-01T00:09:59Z", at("2026-01-01T00:10:00Z")),
        (every(600), "2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z", Due::Now),
        (every(600), "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", Due::Now),
        (every(600), "2026-01-01T01:00:00Z", "2026-01-01T00:00:00Z", at("2026-01-01T00:10:00Z")),
        (
            cron("0 3 * * *"),
            "2026-01-01T03:00:00Z",
            "2026-01-01T12:00:00Z",
            at("2026-01-02T03:00:00Z"),
        ),
        (cron("0 3 * * *"), "2026-01-01T03:00:00Z", "2026-01-02T03:00:00Z", Due::Now),
        (cron("0 3 * * *"), "2026-01-01T03:00:00Z", "2026-01-09T12:00:00Z", Due::Now),
        (
            cron("0 3 * * *"),
            "2026-01-09T12:00:00Z",
            "2026-01-09T12:00:00Z",
            at("2026-01-10T03:00:00Z"),
        ),
        (
            cron("0 3 * * *"),
            "2030-01-01T00:00:00Z",
            "2026-01-01T12:00:00Z",
            at("2026-01-02T03:00:00Z"),
        ),
        (cron("0 0 29 2 *"), "2096-03-01T00:00:00Z", "2096-03-01T00:00:00Z", Due::Never),
    ] {
        assert_eq!(
            Course::new(moment(last)).due(moment(now), &timetable, Duration::ZERO),
            expected,
            "{timetable:?} {last} {now}"
        );
    }
}

#[test]
fn schedules_know_whether_they_run_within_a_minute() {
    for (text, faster) in [
        ("* * * * *", false),
        ("5 * * * * *", false),
        ("5,6 * * * * *", true),
        ("* * * * * *", true),
    ] {
        let schedule = Schedule::parse(text, Tz::UTC).unwrap();
        assert_eq!(schedule.is_faster_than_a_minute(), faster, "{text}");
    }
}

/// A field as it is written and as it is meant.
#[derive(Clone, Debug)]
enum Field {
    All,
    Step(u32),
    Range(u32, u32, u32),
    List(BTreeSet<u32>),
}

impl Field {
    fn text(&self) -> String {
        match self {
            Self::All => "*".to_owned(),
            Self::Step(step) => format!("*/{step}"),
            Self::Range(from, to, 1) => format!("{from}-{to}"),
            Self::Range(from, to, step) => format!("{from}-{to}/{step}"),
            Self::List(values) => values.iter().map(u32::to_string).collect::<Vec<_>>().join(","),
        }
    }

    fn is_met(&self, first: u32, value: u32) -> bool {
        match self {
            Self::All => true,
            Self::Step(step) => (value - first).is_multiple_of(*step),
            Self::Range(from, to, step) => {
                (*from..=*to).contains(&value) && (value - from).is_multiple_of(*step)
            }
            Self::List(values) => values.contains(&value),
        }
    }

    fn any(first: u32, last: u32) -> impl Strategy<Value = Self> {
        let pair = (first..=last, first..=last, 1..=last.min(7));
        prop_oneof![
            3 => Just(Self::All),
            2 => (1..=last).prop_map(Self::Step),
            2 => pair.prop_map(|(a, b, step)| Self::Range(a.min(b), a.max(b), step)),
            3 => prop::collection::btree_set(first..=last, 1..4).prop_map(Self::List),
        ]
    }
}

/// Minute, hour, day of month, month, day of week.
type Fields = (Field, Field, Field, Field, Field);

fn is_met(fields: &Fields, local: NaiveDateTime) -> bool {
    let (minute, hour, day, month, weekday) = fields;
    let date_met = day.is_met(1, local.day());
    let weekday_met = weekday.is_met(0, local.weekday().num_days_from_sunday());
    let star = |field: &Field| matches!(field, Field::All | Field::Step(_));
    let days_met =
        if star(day) || star(weekday) { date_met && weekday_met } else { date_met || weekday_met };
    let hour_met = hour.is_met(0, local.hour());
    minute.is_met(0, local.minute()) && hour_met && days_met && month.is_met(1, local.month())
}

/// Walks from minute to minute, with nothing but the wall clock in view.
fn walk(fields: &Fields, zone: Tz, after: DateTime<Utc>, minutes: i64) -> Option<DateTime<Utc>> {
    let every_hour = matches!(fields.1, Field::All | Field::Step(_));
    let wall = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local();
    let minute = TimeDelta::minutes(1);
    let mut at = after - TimeDelta::hours(3);
    let mut highest = wall(at);
    while at < after + TimeDelta::minutes(minutes) {
        at += minute;
        let local = wall(at);
        let mut skipped = highest + minute;
        let mut runs = is_met(fields, local) && (every_hour || local > highest);
        while skipped < local {
            runs |= is_met(fields, skipped);
            skipped += minute;
        }
        highest = highest.max(local);
        if runs && at > after {
            return Some(at);
        }
    }
    None
}

/// Zones, and a moment shortly before a change of their clocks.
const PLACES: [(&str, &str); 7] = [
    ("Europe/Berlin", "2026-03-28T12:00:00Z"),
    ("Europe/Berlin", "2026-10-24T12:00:00Z"),
    ("America/New_York", "2026-03-07T12:00:00Z"),
    ("America/New_York", "2026-10-31T12:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T00:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T00:00:00Z"),
    ("UTC", "2028-02-28T00:00:00Z"),
];

/// How far the walk looks, in minutes.
const FAR: i64 = 4 * 24 * 60;

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_next_run_is_the_one_that_a_walk_finds(
        fields in (Field::any(0, 59), Field::any(0, 23), Field::any(1, 31), Field::any(1, 12), Field::any(0, 6)),
        place in 0..PLACES.len(),
        offset in 0..36 * 60_i64,
    ) {
        let (name, start) = PLACES[place];
        let (minute, hour, day, month, weekday) = &fields;
        let text = [minute, hour, day, month, weekday].map(Field::text).join(" ");
        let Ok(schedule) = Schedule::parse(&text, zone(name)) else {
            prop_assert!(text.contains("30") || text.contains("31") || text.contains("29"), "{}", text);
            return Ok(());
        };
        let mut at = moment(start) + TimeDelta::minutes(offset);
        for _ in 0..3 {
            let end = at + TimeDelta::minutes(FAR);
            let next = schedule.next_after(at);
            match walk(&fields, zone(name), at, FAR) {
                Some(found) => prop_assert_eq!(next, Some(found), "{} in {} after {}", text, name, at),
                None => prop_assert!(next.is_none_or(|next| next > end), "{} in {}", text, name),
            }
            let Some(next) = next else { break };
            prop_assert!(next > at);
            at = next;
        }
    }

    #[test]
    fn nothing_makes_it_panic(text in "[-0-9*/,? LWa-z@#é]{0,24}", seconds in prop_oneof![0..4_300_000_000_i64, (i64::MIN / 2_000_000)..(i64::MAX / 2_000_000), Just(i64::MAX)], zone in 0..chrono_tz::TZ_VARIANTS.len()) {
        let zone = chrono_tz::TZ_VARIANTS[zone];
        let at = DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
        for text in [text.as_str(), "* * * * *", "30 2 * * *", "* 2 * * * *"] {
            if let Ok(schedule) = Schedule::parse(text, zone) {
                let next = schedule.next_after(at);
                prop_assert!(next.is_none_or(|next| next > at));
            }
        }
    }
}

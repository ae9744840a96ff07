//! Windows and blackout dates → when updates may begin.

use chrono::{DateTime, Datelike as _, TimeDelta, Timelike as _, Utc};
use chrono_tz::Tz;
use docker_auto::core::window::{Blackouts, Windows};
use proptest::prelude::*;

use super::{PLACES, moment, rows, zone};

fn check(row: &[String], open: bool, next: Option<DateTime<Utc>>) {
    let [name, _, _, expected] = row else { panic!("{row:?}") };
    let shown = |at: DateTime<Utc>| {
        at.with_timezone(&zone(name)).format("%Y-%m-%d %H:%M:%S %Z").to_string()
    };
    let found = match (open, next) {
        (true, _) => "open".to_owned(),
        (false, Some(next)) => shown(next),
        (false, None) => "never".to_owned(),
    };
    assert_eq!(found, *expected, "{row:?}");
}

#[test]
fn windows_open_when_the_clock_on_the_wall_says_so() {
    let rows = rows("windows");
    assert!(rows.len() >= 45, "only {} rows", rows.len());
    for row in rows {
        let (windows, at) = (Windows::parse(&row[1]).unwrap(), moment(&row[2]));
        assert_eq!(windows.text(), row[1]);
        check(&row, windows.is_open(at, zone(&row[0])), windows.next_opening(at, zone(&row[0])));
    }
}

#[test]
fn blackouts_end_with_their_last_day() {
    let rows = rows("blackouts");
    assert!(rows.len() >= 15, "only {} rows", rows.len());
    for row in rows {
        let (dates, at) = (Blackouts::parse(&row[1]).unwrap(), moment(&row[2]));
        assert_eq!(dates.text(), row[1].trim());
        check(&row, !dates.covers(at, zone(&row[0])), dates.end(at, zone(&row[0])));
    }
}

type Parser = fn(&str) -> Result<(), String>;

#[test]
fn what_is_no_window_or_date_is_refused_with_the_cure() {
    let windows: Parser = |text| Windows::parse(text).map(drop);
    let blackouts: Parser = |text| Blackouts::parse(text).map(drop);
    for (table, parse) in [("windows-refused", windows), ("blackouts-refused", blackouts)] {
        let rows = rows(table);
        assert!(rows.len() >= 14, "only {} rows in {table}", rows.len());
        for row in rows {
            let error = parse(&row[0]).unwrap_err();
            assert!(error.contains(&row[1]), "{}: {error}", row[0]);
        }
    }
}

/// Days from Monday on, with the first and the last minute.
type Times = (Vec<bool>, u32, u32);

fn text((days, from, to): &Times) -> String {
    const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let names = NAMES.iter().zip(days).filter(|(_, open)| **open);
    let names: Vec<&str> = names.map(|(name, _)| *name).collect();
    let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!("{} {}-{}", names.join(","), clock(*from), clock(*to))
}

/// What the clock on the wall says, with nothing else in view.
fn shows((days, from, to): &Times, zone: Tz, at: DateTime<Utc>) -> bool {
    let local = at.with_timezone(&zone).naive_local();
    let minute = local.hour() * 60 + local.minute();
    let today = local.weekday().num_days_from_monday() as usize;
    let yesterday = (today + 6) % 7;
    if from < to {
        days[today] && minute >= *from && minute < *to
    } else {
        (days[today] && minute >= *from) || (days[yesterday] && minute < *to)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_next_opening_is_the_one_that_a_walk_finds(
        days in prop::collection::vec(any::<bool>(), 7),
        from in 0..24 * 60_u32,
        length in 1..24 * 60_u32,
        place in 0..PLACES.len(),
        offset in 0..36 * 60_i64,
    ) {
        prop_assume!(days.contains(&true));
        let times = (days, from, (from + length) % (24 * 60));
        let (name, start) = PLACES[place];
        let (zone, text) = (zone(name), text(&times));
        let windows = Windows::parse(&text).unwrap();
        let at = moment(start) + TimeDelta::minutes(offset);
        let minutes = (0..16 * 24 * 60).map(|minute| at + TimeDelta::minutes(minute));
        let walked = minutes.into_iter().find(|at| shows(&times, zone, *at));
        prop_assert_eq!(windows.next_opening(at, zone), walked, "{} in {} at {}", text, name, at);
        prop_assert_eq!(windows.is_open(at, zone), walked == Some(at));
    }

    #[test]
    fn no_text_makes_them_panic(text in "[-0-9:;,. MonFriUTC/é]{0,24}", seconds in prop_oneof![0..4_300_000_000_i64, Just(i64::MAX)], zone in 0..chrono_tz::TZ_VARIANTS.len()) {
        let zone = chrono_tz::TZ_VARIANTS[zone];
        let at = DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
        for text in [text.as_str(), "Sun 02:00-03:00", "22:00-06:00"] {
            if let Ok(windows) = Windows::parse(text) {
                let next = windows.next_opening(at, zone);
                prop_assert!(next.is_none_or(|next| next >= at && windows.is_open(next, zone)));
            }
        }
        for text in [text.as_str(), "12-24..01-02", "01-01..12-31"] {
            if let Ok(dates) = Blackouts::parse(text) {
                prop_assert!(dates.end(at, zone).is_none_or(|end| end > at && !dates.covers(end, zone)));
            }
        }
    }
}

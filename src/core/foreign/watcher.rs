//! When drydock's watchers let updates begin: maintenance windows, and how old images must be.

use std::iter::successors;

use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;

use crate::core::foreign::idiom::text;
use crate::core::foreign::variables::Variables;
use crate::core::id::Timestamp;
use crate::core::window::{Schedule, Windows};

/// The variables of its watchers begin so.
pub(super) const PREFIX: &str = "DD_WATCHER_";
pub(super) const WINDOW: &str = "_MAINTENANCE_WINDOW";
pub(super) const MIN_AGE: &str = "_MATURITY_MIN_AGE_DAYS";
pub(super) const MODE: &str = "_MATURITY_MODE";
/// How old images must be where only that is asked for.
pub(super) const WEEK: u32 = 7;
/// Days from which nobody could still tell an error.
const MOST_DAYS: u32 = 3650;

const MINUTES_OF_A_DAY: i64 = 24 * 60;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// A window of more pieces is no time that a person would write.
const MOST_SPANS: usize = 24;

fn of_watchers<'a>(
    variables: &'a Variables,
    end: &'a str,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let ending = variables.keys().filter(move |it| it.starts_with(PREFIX) && it.ends_with(end));
    ending.filter_map(|name| Some((name.as_str(), text(variables, name)?)))
}

/// A window that cannot be had here, or one of several.
#[derive(Debug)]
pub(super) struct OtherWindow;

/// Returns the one maintenance window of all watchers, as one of ours; `None` where there is none.
pub(super) fn windows(variables: &Variables) -> Result<Option<String>, OtherWindow> {
    let mut one: Option<String> = None;
    for (name, cron) in of_watchers(variables, WINDOW) {
        let zone = text(variables, &format!("{name}_TZ")).unwrap_or("UTC");
        let found = window(cron, zone).ok_or(OtherWindow)?;
        if one.as_ref().is_some_and(|before| *before != found) {
            return Err(OtherWindow);
        }
        one = Some(found);
    }
    Ok(one)
}

/// drydock's window is open in the minutes that a cron expression matches, and in no others.
fn window(cron: &str, zone: &str) -> Option<String> {
    let zone: Tz = zone.parse().ok()?;
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let [minute, hour, "*", "*", weekday] = fields[..] else { return None };
    let days = runs(&format!("0 0 * * {weekday}"), 7 * MINUTES_OF_A_DAY)?;
    let mut spans: Vec<(i64, i64)> = Vec::new();
    for minute in runs(&format!("{minute} {hour} * * *"), MINUTES_OF_A_DAY)? {
        match spans.last_mut() {
            Some((_, end)) if *end == minute => *end += 1,
            _ => spans.push((minute, minute + 1)),
        }
    }
    let names = DAYS.iter().zip(0..).filter(|(_, day)| days.contains(&(day * MINUTES_OF_A_DAY)));
    let names: Vec<&str> = names.map(|(name, _)| *name).collect();
    let names = if names.len() == DAYS.len() { "always".to_owned() } else { names.join(",") };
    let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let times: Vec<String> =
        spans.iter().map(|(from, to)| format!("{}-{}", clock(*from), clock(*to))).collect();
    let text = format!("{names} {} {zone}", times.join(","));
    (spans.len() <= MOST_SPANS && Windows::parse(&text).is_ok()).then_some(text)
}

/// Returns the minutes after a Monday's beginning, and below a limit, in which a schedule runs.
fn runs(cron: &str, limit: i64) -> Option<Vec<i64>> {
    let schedule = Schedule::parse(cron, Tz::UTC).ok()?;
    let monday: Timestamp = DateTime::UNIX_EPOCH.checked_add_signed(TimeDelta::days(4))?;
    let before = monday.checked_sub_signed(TimeDelta::seconds(1))?;
    let all = successors(schedule.next_after(before), |at| schedule.next_after(*at));
    let minutes = all.map(|at| at.signed_duration_since(monday).num_minutes());
    Some(minutes.take_while(|minute| *minute < limit).collect())
}

/// Reads a number of days.
pub(super) fn days(text: &str) -> Result<u32, String> {
    let days = text.trim().parse().ok().filter(|days| *days <= MOST_DAYS);
    days.ok_or_else(|| "write whole days".to_owned())
}

/// Returns how many days old images must be where a container's label does not say it: the most that
/// a watcher asks for.
pub(super) fn min_age(variables: &Variables) -> Option<u32> {
    of_watchers(variables, MIN_AGE).filter_map(|(_, text)| days(text).ok()).max()
}

/// Says whether watchers say that images of any age may be taken.
pub(super) fn takes_all(variables: &Variables) -> bool {
    let mut modes = of_watchers(variables, MODE).map(|(_, mode)| mode).peekable();
    modes.peek().is_some() && modes.all(|mode| mode == "all")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maintenance_windows_are_minutes_that_a_cron_expression_matches() {
        for (cron, zone, expected) in [
            ("* 2-3 * * *", "UTC", Some("always 02:00-04:00 UTC")),
            (
                "* 22-23,0 * * 1-5",
                "Europe/Berlin",
                Some("Mon,Tue,Wed,Thu,Fri 00:00-01:00,22:00-24:00 Europe/Berlin"),
            ),
            ("0 2-3 * * 0", "UTC", Some("Sun 02:00-02:01,03:00-03:01 UTC")),
            ("0-29 4 * * 7", "UTC", Some("Sun 04:00-04:30 UTC")),
            ("* * * * *", "UTC", Some("always 00:00-24:00 UTC")),
            ("*/10 * * * *", "UTC", None),
            ("* 2 1 * *", "UTC", None),
            ("* 2 * 6 *", "UTC", None),
            ("0 0 2 * * *", "UTC", None),
            ("@daily", "UTC", None),
            ("* 25 * * *", "UTC", None),
            ("* 2 * * *", "Mars/Base", None),
            ("", "UTC", None),
        ] {
            assert_eq!(window(cron, zone).as_deref(), expected, "{cron} {zone}");
        }
    }
}

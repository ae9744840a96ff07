//! When things are due and allowed: cron schedules with their Unix meaning, intervals, missed runs,
//! windows and blackout dates.

use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use chrono::{DateTime, Datelike as _, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;

use crate::core::id::Timestamp;

mod blackout;
mod course;
mod field;
mod hours;
mod moment;
mod zone;

pub use blackout::Blackouts;
pub use course::Course;
pub use field::ScheduleError;
use field::{Days, Fields};
pub use hours::Windows;
pub use moment::moment;
use zone::Place;

/// The years that the `cron` crate can look into.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2100;

/// A cron expression in a time zone.
///
/// Five fields (minute, hour, day of month, month, day of week) or six (a second before them), with
/// their Unix meaning: Sunday is 0 or 7, names are allowed, and where both day fields are restricted
/// either is enough. As in Vixie's cron a day field that begins with `*` is not a restriction.
///
/// When clocks are changed: a time that is skipped runs at the first moment after the gap, a time
/// that comes twice runs once, and a schedule whose hour field is `*` or `*/n` runs in both hours.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    text: String,
    zone: Tz,
    /// The expression in the `cron` crate's dialect: two where either day field is enough, since
    /// that crate demands both.
    expressions: Vec<cron::Schedule>,
    repeats: Repeats,
    seconds: usize,
}

/// What a schedule does in an hour that comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeats {
    Once,
    EveryHour,
}

impl Schedule {
    /// Reads a cron expression, or `@yearly`, `@monthly`, `@weekly`, `@daily`, `@hourly` and their
    /// usual other names.
    pub fn parse(text: &str, zone: Tz) -> Result<Self, ScheduleError> {
        let fields = Fields::parse(text.trim())?;
        let expressions = match fields.days {
            Days::Both => vec![expression(&fields, &fields.day_of_month, &fields.day_of_week)?],
            Days::Either => vec![
                expression(&fields, &fields.day_of_month, "*")?,
                expression(&fields, "*", &fields.day_of_week)?,
            ],
        };
        let repeats = if fields.every_hour { Repeats::EveryHour } else { Repeats::Once };
        let seconds = fields.second.split(',').count();
        let seconds = if fields.second == "*" { 60 } else { seconds };
        Ok(Self { text: text.trim().to_owned(), zone, expressions, repeats, seconds })
    }

    /// Returns the same schedule by the clocks of another time zone.
    #[must_use]
    pub fn in_zone(self, zone: Tz) -> Self {
        Self { zone, ..self }
    }

    /// Returns the expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Says whether it runs more than once within a minute.
    pub fn is_faster_than_a_minute(&self) -> bool {
        self.seconds > 1
    }

    /// Returns the first run after a moment; `None` if there is none before the year 2100.
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        let at = if at.year() < *YEARS.start() { DateTime::UNIX_EPOCH } else { at };
        if !YEARS.contains(&at.year()) {
            return None;
        }
        let mut local = zone::local(self.zone, at);
        let next = loop {
            let Some(candidate) = self.next_local(local) else { break None };
            match self.instant_after(candidate, at) {
                Some(instant) => break Some(instant),
                None => local = candidate,
            }
        };
        match (next, self.in_the_second_pass(at)) {
            (Some(next), Some(again)) => Some(next.min(again)),
            (next, again) => next.or(again),
        }
    }

    /// Returns the next match of the fields on the wall clock, whatever the zone makes of it.
    fn next_local(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let after = local.and_utc();
        let nexts = self.expressions.iter().filter_map(|one| one.after(&after).next());
        nexts.min().map(|next| next.naive_utc())
    }

    /// Returns the run that a wall-clock time stands for, if it comes after `at`.
    fn instant_after(&self, local: NaiveDateTime, at: Timestamp) -> Option<Timestamp> {
        let instant = match (zone::place(self.zone, local)?, self.repeats) {
            (Place::Once(instant) | Place::AfterGap(instant), _) => instant,
            (Place::Twice { first, .. }, Repeats::Once) => first,
            (Place::Twice { first, second }, Repeats::EveryHour) => {
                if first > at {
                    first
                } else {
                    second
                }
            }
        };
        (instant > at).then_some(instant)
    }

    /// Returns the first run of an hour's second pass, if `at` lies in its first pass: the wall
    /// clock goes back there, so that it comes after runs with a later wall-clock time.
    fn in_the_second_pass(&self, at: Timestamp) -> Option<Timestamp> {
        if self.repeats == Repeats::Once {
            return None;
        }
        let start = zone::second_pass(self.zone, at)?;
        let before = start.checked_sub_signed(TimeDelta::seconds(1))?;
        match zone::place(self.zone, self.next_local(before)?)? {
            Place::Twice { second, .. } => Some(second),
            Place::Once(_) | Place::AfterGap(_) => None,
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.zone)
    }
}

fn expression(
    fields: &Fields,
    month_days: &str,
    week: &str,
) -> Result<cron::Schedule, ScheduleError> {
    let Fields { second, minute, hour, month, .. } = fields;
    let text = format!("{second} {minute} {hour} {month_days} {month} {week}");
    cron::Schedule::from_str(&text).map_err(|source| ScheduleError::Refused(source.to_string()))
}

/// When something runs again and again.
#[derive(Clone, Debug, PartialEq)]
pub enum Timetable {
    /// This long after the run before.
    Every(Duration),
    /// By the clock on the wall.
    Cron(Schedule),
}

impl Timetable {
    /// Returns the first run after the run before.
    pub fn next_after(&self, last: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(interval) => last.checked_add_signed(TimeDelta::from_std(*interval).ok()?),
            Self::Cron(schedule) => schedule.next_after(last),
        }
    }
}

/// Whether something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Now, once, however many runs were missed.
    Now,
    /// At this time.
    At(Timestamp),
    /// Not in this century.
    Never,
}

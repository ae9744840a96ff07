//! Blackout dates: days on which no update begins.

use std::cmp::Ordering;

use chrono::{Datelike as _, NaiveDate};
use chrono_tz::Tz;

use crate::core::id::Timestamp;

use super::field::MONTH_LENGTHS;
use super::zone;

/// How many days ahead the end of a blackout is looked for.
const FARTHEST: usize = 10 * 366;
/// What the word for none stands for.
const NONE: &str = "none";
const EXAMPLE: &str = "write dates such as 2026-12-24..2026-12-26 or, for every year, 12-24..01-02, with \
                       commas between them, or none";

/// Dates on which no update begins, by the calendar of the configured time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blackouts {
    text: String,
    list: Vec<Dates>,
}

/// The first and the last of some dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dates {
    Once(NaiveDate, NaiveDate),
    /// Month and day; over the end of the year where the last comes before the first.
    EveryYear((u32, u32), (u32, u32)),
}

impl Blackouts {
    /// Reads dates and ranges of dates that are separated by commas, with their year or without it.
    /// The error says what is wrong and the cure.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let pieces = text.split(',').map(str::trim).filter(|piece| !piece.is_empty());
        let pieces: Vec<&str> = pieces.collect();
        let list = match pieces.as_slice() {
            [] => return Err(format!("it names no date; {EXAMPLE}")),
            [word] if word.eq_ignore_ascii_case(NONE) => Vec::new(),
            pieces => pieces.iter().map(|piece| Dates::parse(piece)).collect::<Result<_, _>>()?,
        };
        Ok(Self { text: text.to_owned(), list })
    }

    /// Returns the dates as they were written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Says whether a moment lies on one of the dates.
    pub fn covers(&self, at: Timestamp, zone: Tz) -> bool {
        self.has(zone::local(zone, at).date())
    }

    /// Returns the beginning of the first day after `at` that is none of the dates; `None` where
    /// there is none in sight.
    pub fn end(&self, at: Timestamp, zone: Tz) -> Option<Timestamp> {
        let today = zone::local(zone, at).date();
        let day = today.iter_days().skip(1).take(FARTHEST).find(|date| !self.has(*date))?;
        zone::day_start(zone, day)
    }

    fn has(&self, date: NaiveDate) -> bool {
        self.list.iter().any(|dates| dates.have(date))
    }
}

impl Dates {
    fn parse(text: &str) -> Result<Self, String> {
        let cure = || format!("{text:?} is no date; {EXAMPLE}");
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let (first, last) = (first.trim(), last.trim());
        if let (Some(first), Some(last)) = (month_and_day(first), month_and_day(last)) {
            return Ok(Self::EveryYear(first, last));
        }
        let (first, last) = (date(first).ok_or_else(cure)?, date(last).ok_or_else(cure)?);
        match first.cmp(&last) {
            Ordering::Greater => Err(format!("{text:?} runs backwards; write {last}..{first}")),
            _ => Ok(Self::Once(first, last)),
        }
    }

    fn have(self, date: NaiveDate) -> bool {
        let day = (date.month(), date.day());
        match self {
            Self::Once(first, last) => (first..=last).contains(&date),
            Self::EveryYear(first, last) if first <= last => (first..=last).contains(&day),
            Self::EveryYear(first, last) => day >= first || day <= last,
        }
    }
}

/// Reads `2026-12-24`.
fn date(text: &str) -> Option<NaiveDate> {
    let (year, rest) = text.split_at_checked(4)?;
    let year = digits(year, 4)?;
    let (month, day) = month_and_day(rest.strip_prefix('-')?)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

/// Reads `12-24`.
fn month_and_day(text: &str) -> Option<(u32, u32)> {
    let (month, day) = text.split_once('-')?;
    let (month, day) = (digits(month, 2)?, digits(day, 2)?);
    let length = MONTH_LENGTHS.get(month.checked_sub(1)? as usize)?;
    (1..=*length).contains(&day).then_some((month, day))
}

fn digits(text: &str, count: usize) -> Option<u32> {
    let good = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    good.then(|| text.parse().ok()).flatten()
}

//! The fields of a cron expression: read with their Unix meaning, written in the `cron` crate's.

use std::collections::BTreeSet;
use std::fmt;

/// Why a text is no schedule; names the field, the text and the cure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduleError {
    /// There are not five or six fields.
    FieldCount(usize),
    /// One field cannot be read.
    Field {
        /// The field's name.
        field: &'static str,
        /// What stands there.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No month that is asked for has the day that is asked for.
    Impossible {
        /// The day-of-month field.
        days: String,
        /// The month field.
        months: String,
    },
    /// The word after `@` is not one of the known ones.
    Shortcut(String),
    /// The schedule library refused it.
    Refused(String),
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FieldCount(count) => write!(
                f,
                "it has {count} fields; write five (minute, hour, day of month, month, day of week) \
                 or six (a second before them), such as 0 3 * * *"
            ),
            Self::Field { field, text, reason } => write!(f, "the {field} {text:?} {reason}"),
            Self::Impossible { days, months } => {
                write!(f, "the day of month {days:?} never comes in the month {months:?}")
            }
            Self::Shortcut(word) => write!(
                f,
                "{word:?} is not known; use @yearly, @monthly, @weekly, @daily, @hourly or five fields"
            ),
            Self::Refused(reason) => write!(f, "the schedule library refused it: {reason}"),
        }
    }
}

impl std::error::Error for ScheduleError {}

/// How the two day fields go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Days {
    /// A day must match both.
    Both,
    /// A day must match one of them.
    Either,
}

/// The fields in the `cron` crate's dialect: lists of numbers, Sunday is 1.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) second: String,
    pub(super) minute: String,
    pub(super) hour: String,
    pub(super) day_of_month: String,
    pub(super) month: String,
    pub(super) day_of_week: String,
    pub(super) days: Days,
    /// Whether the hour field is `*` or `*/n`.
    pub(super) every_hour: bool,
}

struct Rule {
    field: &'static str,
    first: u32,
    last: u32,
    names: &'static [&'static str],
}

const SECOND: Rule = Rule { field: "second", first: 0, last: 59, names: &[] };
const MINUTE: Rule = Rule { field: "minute", first: 0, last: 59, names: &[] };
const HOUR: Rule = Rule { field: "hour", first: 0, last: 23, names: &[] };
const DAY_OF_MONTH: Rule = Rule { field: "day of month", first: 1, last: 31, names: &[] };
const MONTH: Rule = Rule { field: "month", first: 1, last: 12, names: &MONTHS };
const DAY_OF_WEEK: Rule = Rule { field: "day of week", first: 0, last: 6, names: &WEEKDAYS };

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
/// The longest that each month can be.
pub(super) const MONTH_LENGTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

impl Fields {
    pub(super) fn parse(text: &str) -> Result<Self, ScheduleError> {
        let words: Vec<&str> = match text.strip_prefix('@') {
            Some(_) => shortcut(text)?.split(' ').collect(),
            None => text.split_whitespace().collect(),
        };
        let (second, rest) = match words.as_slice() {
            [second, rest @ ..] if rest.len() == 5 => (*second, rest),
            rest => ("0", rest),
        };
        let [minute, hour, day_of_month, month, day_of_week] = rest else {
            return Err(ScheduleError::FieldCount(words.len()));
        };
        let month_days = DAY_OF_MONTH.read(day_of_month)?;
        let months = MONTH.read(month)?;
        let comes = |(day, month): (&u32, &u32)| {
            month
                .checked_sub(1)
                .and_then(|at| MONTH_LENGTHS.get(at as usize))
                .is_some_and(|l| day <= l)
        };
        if !months.iter().any(|month| month_days.iter().any(|day| comes((day, month)))) {
            let (days, months) = ((*day_of_month).to_owned(), (*month).to_owned());
            return Err(ScheduleError::Impossible { days, months });
        }
        let free = |field: &str| field.starts_with(['*', '?']);
        Ok(Self {
            second: SECOND.write(&SECOND.read(second)?, 0),
            minute: MINUTE.write(&MINUTE.read(minute)?, 0),
            hour: HOUR.write(&HOUR.read(hour)?, 0),
            day_of_month: DAY_OF_MONTH.write(&month_days, 0),
            month: MONTH.write(&months, 0),
            day_of_week: DAY_OF_WEEK.write(&DAY_OF_WEEK.read(day_of_week)?, 1),
            days: if free(day_of_month) || free(day_of_week) { Days::Both } else { Days::Either },
            every_hour: *hour == "*" || hour.strip_prefix("*/").is_some_and(|n| !n.contains(',')),
        })
    }
}

fn shortcut(word: &str) -> Result<&'static str, ScheduleError> {
    match word.to_ascii_lowercase().as_str() {
        "@yearly" | "@annually" => Ok("0 0 1 1 *"),
        "@monthly" => Ok("0 0 1 * *"),
        "@weekly" => Ok("0 0 * * 0"),
        "@daily" | "@midnight" => Ok("0 0 * * *"),
        "@hourly" => Ok("0 * * * *"),
        _ => Err(ScheduleError::Shortcut(word.to_owned())),
    }
}

impl Rule {
    fn error(&self, text: &str, reason: impl Into<String>) -> ScheduleError {
        ScheduleError::Field { field: self.field, text: text.to_owned(), reason: reason.into() }
    }

    fn is_week(&self) -> bool {
        self.last == 6
    }

    /// Reads a list of `*`, numbers, names and ranges, each with an optional step.
    fn read(&self, text: &str) -> Result<BTreeSet<u32>, ScheduleError> {
        let mut values = BTreeSet::new();
        for item in text.split(',') {
            let (range, step) = match item.split_once('/') {
                Some((range, step)) => (range, Some(self.step(text, step)?)),
                None => (item, None),
            };
            let (from, to) = self.range(text, range, step.is_some())?;
            let step = step.unwrap_or(1) as usize;
            values.extend((from..=to).step_by(step).map(|value| self.wrap(value)));
        }
        Ok(values)
    }

    /// Sunday is 0, and 7 at the end of a range.
    fn wrap(&self, value: u32) -> u32 {
        if self.is_week() && value == 7 { 0 } else { value }
    }

    fn step(&self, text: &str, step: &str) -> Result<u32, ScheduleError> {
        match step.parse::<u32>() {
            Ok(0) => Err(self.error(text, "has a step of zero; the smallest is 1")),
            Ok(step) if step <= self.last => Ok(step),
            Ok(_) => {
                Err(self.error(text, format!("has a step beyond its largest value {}", self.last)))
            }
            Err(_) => Err(self.error(text, "has a step that is no number")),
        }
    }

    fn range(&self, text: &str, range: &str, open: bool) -> Result<(u32, u32), ScheduleError> {
        let days = self.field.starts_with("day");
        if range == "*" || (range == "?" && days) {
            return Ok((self.first, self.last));
        }
        let Some((from, to)) = range.split_once('-') else {
            let from = self.value(text, range)?;
            // As everywhere but in the oldest crons, `5/10` counts on from 5.
            return Ok((from, if open { self.last.max(from) } else { from }));
        };
        let from = self.value(text, from)?;
        let to = match self.value(text, to)? {
            0 if self.is_week() && from > 0 && to != "0" => 7,
            to => to,
        };
        if from > to {
            let cure = format!(
                "is a range that runs backwards; write {from}-{},{}-{to}",
                self.last, self.first
            );
            return Err(self.error(text, cure));
        }
        Ok((from, to))
    }

    fn value(&self, text: &str, word: &str) -> Result<u32, ScheduleError> {
        let last = if self.is_week() { 7 } else { self.last };
        let number = match word.bytes().all(|b| b.is_ascii_digit()) {
            true if word.is_empty() => None,
            true => Some(word.parse().unwrap_or(u32::MAX)),
            false => self.named(word),
        };
        match number {
            Some(number) if (self.first..=last).contains(&number) => Ok(number),
            Some(_) => Err(self.error(text, format!("must lie between {} and {last}", self.first))),
            None if word.is_empty() => Err(self.error(text, "has an empty part")),
            None if word.contains(['L', 'W', '#']) => {
                Err(self.error(text, "uses L, W or #, which are not supported; write numbers"))
            }
            None if self.names.is_empty() => Err(self.error(text, "is no number")),
            None => Err(self.error(text, "is neither a number nor an English name")),
        }
    }

    /// Reads a name in full or by its first three letters.
    fn named(&self, word: &str) -> Option<u32> {
        let word = word.to_ascii_lowercase();
        let index =
            self.names.iter().position(|name| *name == word || name.get(..3) == Some(&word))?;
        u32::try_from(index).ok().map(|index| index + self.first)
    }

    fn write(&self, values: &BTreeSet<u32>, shift: u32) -> String {
        if values.len() == (self.last - self.first + 1) as usize {
            return "*".to_owned();
        }
        let words: Vec<String> = values.iter().map(|value| (value + shift).to_string()).collect();
        words.join(",")
    }
}

//! Windows: days and times of the week in which updates may begin.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _};
use chrono_tz::Tz;

use crate::core::id::Timestamp;

use super::zone::{self, Place};

/// How far ahead an opening is looked for: one of a week's, after one that no clock showed.
const DAYS_AHEAD: i64 = 15;
const MINUTES_OF_A_DAY: u32 = 24 * 60;
const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// What the word for no restriction stands for.
const ALWAYS: &str = "always";

/// Times of the week, of which one is enough.
///
/// They are open while the clock on the wall of their time zone shows a time in them. So where clocks
/// are changed, an hour that comes twice is in them both times, and one that is skipped never comes.
/// A window across midnight belongs to the day on which it opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    text: String,
    list: Vec<Window>,
}

/// Days with their times.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Window {
    /// From Monday on.
    days: [bool; 7],
    times: Vec<Span>,
    /// `None` is the zone of the configuration.
    zone: Option<Tz>,
}

/// Minutes of a day; the end lies on the next day where it does not lie after the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    from: u32,
    to: u32,
}

impl Windows {
    /// Reads windows that are separated by `;`, each of days such as `Mon-Fri` or `Sat,Sun`, times
    /// such as `22:00-06:00`, and a time zone's name, in any order; what is left out is every day,
    /// the whole day, and the zone of the configuration. The error says what is wrong and the cure.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let pieces = text.split(';').map(str::trim).filter(|piece| !piece.is_empty());
        let list: Vec<Window> = pieces.map(Window::parse).collect::<Result<_, _>>()?;
        if list.is_empty() {
            return Err(format!("it names no window; {EXAMPLE}"));
        }
        Ok(Self { text: text.to_owned(), list })
    }

    /// Returns the windows as they were written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Says whether one of them is open.
    pub fn is_open(&self, at: Timestamp, zone: Tz) -> bool {
        self.list.iter().any(|window| window.is_open(at, zone))
    }

    /// Returns the first moment from `at` on at which one of them is open; `None` where there is none
    /// in sight.
    pub fn next_opening(&self, at: Timestamp, zone: Tz) -> Option<Timestamp> {
        if self.is_open(at, zone) {
            return Some(at);
        }
        self.list.iter().filter_map(|window| window.next_opening(at, zone)).min()
    }
}

const EXAMPLE: &str = "write days, times and a time zone such as Mon-Fri 22:00-06:00 Europe/Berlin, \
                       several windows with ; between them, or always";

impl Window {
    fn parse(text: &str) -> Result<Self, String> {
        let (mut days, mut times, mut zone) = (None, None, None);
        for word in words(text) {
            let twice = if word.contains(':') {
                times.replace(spans(&word)?).is_some()
            } else if let Ok(name) = word.parse() {
                zone.replace(name).is_some()
            } else if word.eq_ignore_ascii_case(ALWAYS) {
                days.replace([true; 7]).is_some()
            } else {
                days.replace(weekdays(&word)?).is_some()
            };
            if twice {
                return Err(format!(
                    "the window {text:?} says {word:?} after another word of that kind; put commas \
                     between days or times, and ; between windows"
                ));
            }
        }
        let all_day = || vec![Span { from: 0, to: MINUTES_OF_A_DAY }];
        Ok(Self { days: days.unwrap_or([true; 7]), times: times.unwrap_or_else(all_day), zone })
    }

    fn is_open(&self, at: Timestamp, zone: Tz) -> bool {
        let local = zone::local(self.zone.unwrap_or(zone), at);
        let minute = local.hour() * 60 + local.minute();
        let today = self.is_day(local.date());
        let yesterday = local.date().pred_opt().is_some_and(|date| self.is_day(date));
        self.times.iter().any(|span| match span {
            Span { from, to } if from < to => today && (*from..*to).contains(&minute),
            Span { from, to } => (today && minute >= *from) || (yesterday && minute < *to),
        })
    }

    fn is_day(&self, date: NaiveDate) -> bool {
        let index = date.weekday().num_days_from_monday() as usize;
        self.days.get(index).copied().unwrap_or(false)
    }

    /// A window can open when the clock shows its beginning, or when the clock is changed.
    fn next_opening(&self, at: Timestamp, zone: Tz) -> Option<Timestamp> {
        let own = self.zone.unwrap_or(zone);
        let today = zone::local(own, at).date();
        let dates =
            (-1..=DAYS_AHEAD).filter_map(|days| today.checked_add_signed(TimeDelta::days(days)));
        let begins =
            dates.flat_map(|date| self.times.iter().map(move |span| beginning(date, *span)));
        let begins = begins.flatten().filter_map(|local| zone::place(own, local));
        let begins = begins.flat_map(|place| match place {
            Place::Once(at) | Place::AfterGap(at) => [at, at],
            Place::Twice { first, second } => [first, second],
        });
        let day = |days| at.checked_add_signed(TimeDelta::days(days));
        let changes =
            (0..DAYS_AHEAD).filter_map(|days| zone::change(own, day(days)?, day(days + 1)?));
        let moments = begins.chain(changes).filter(|moment| *moment > at);
        moments.filter(|moment| self.is_open(*moment, zone)).min()
    }
}

fn beginning(date: NaiveDate, span: Span) -> Option<NaiveDateTime> {
    let time = NaiveTime::from_hms_opt(span.from / 60, span.from % 60, 0)?;
    Some(date.and_time(time))
}

/// Returns the words of a window; space around commas and hyphens separates none.
fn words(text: &str) -> Vec<String> {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (apart, together) in [(" ,", ","), (", ", ","), (" -", "-"), ("- ", "-")] {
        text = text.replace(apart, together);
    }
    text.split(' ').map(ToOwned::to_owned).collect()
}

/// Reads `Mon-Fri,Sun`; a range may run over the end of the week.
fn weekdays(text: &str) -> Result<[bool; 7], String> {
    let mut days = [false; 7];
    for item in text.split(',') {
        let (from, to) = item.split_once('-').unwrap_or((item, item));
        let (from, to) = (weekday(from, text)?, weekday(to, text)?);
        let length = (to + 7 - from) % 7;
        for (index, day) in days.iter_mut().enumerate() {
            *day |= (index + 7 - from) % 7 <= length;
        }
    }
    Ok(days)
}

fn weekday(word: &str, text: &str) -> Result<usize, String> {
    let lower = word.to_ascii_lowercase();
    let found = WEEKDAYS.iter().position(|name| lower.len() >= 3 && name.starts_with(&lower));
    found.ok_or_else(|| {
        let kind =
            if word.contains('/') { "no time zone" } else { "neither a day nor a time zone" };
        let whole = if word == text { String::new() } else { format!(" of {text:?}") };
        format!("{word:?}{whole} is {kind}; {EXAMPLE}")
    })
}

/// Reads `22:00-06:00,12:00-13:30`.
fn spans(text: &str) -> Result<Vec<Span>, String> {
    text.split(',').map(span).collect()
}

fn span(text: &str) -> Result<Span, String> {
    let cure =
        || format!("{text:?} is no time of day; write a beginning and an end such as 22:00-06:00");
    let (from, to) = text.split_once('-').ok_or_else(cure)?;
    let (from, to) = (minute(from).ok_or_else(cure)?, minute(to).ok_or_else(cure)?);
    if from == MINUTES_OF_A_DAY {
        return Err(format!("{text:?} begins at the end of a day; write 00:00 for its beginning"));
    }
    if from == to {
        return Err(format!("{text:?} ends as it begins; write 00:00-24:00 for the whole day"));
    }
    Ok(Span { from, to })
}

/// Reads `22:00`, up to `24:00`.
fn minute(text: &str) -> Option<u32> {
    let number = |text: &str| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<u32>().ok()).flatten()
    };
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (number(hour)?, number(minute)?);
    let sum = hour * 60 + minute;
    (minute < 60 && sum <= MINUTES_OF_A_DAY).then_some(sum)
}

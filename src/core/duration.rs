//! Durations as people write them: `90s`, `10m`, `1h30m`.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::time::Duration;

/// Why a text is no duration; names the text and the cure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DurationError {
    text: String,
    reason: Cow<'static, str>,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the duration {:?} cannot be used: {}", self.text, self.reason)
    }
}

impl std::error::Error for DurationError {}

const UNITS: [(&str, u64); 6] = [
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Far beyond any sensible setting, and safe to add to any moment.
const LONGEST: Duration = Duration::from_hours(10 * 366 * 24);

/// Reads whole numbers with their units, the larger unit first: `500ms`, `90s`, `10m`, `1h30m`,
/// `2d`, `1w`. A number without a unit is refused: tools disagree whether it means seconds.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let error = |reason| DurationError { text: text.to_owned(), reason: Cow::Borrowed(reason) };
    let example = "write whole numbers with units (ms, s, m, h, d, w), such as 90s, 10m or 1h30m";
    let mut rest = text.trim();
    // Nothing is nothing in every unit.
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    let mut milliseconds = 0_u64;
    let mut smallest = usize::MAX;
    while !rest.is_empty() {
        let (number, after) = split_at_first(rest, |c| !c.is_ascii_digit());
        let (unit, after) = split_at_first(after, |c| !c.is_ascii_alphabetic());
        let number: u64 = number.parse().map_err(|_| error(example))?;
        let place = UNITS.iter().position(|(name, _)| unit.eq_ignore_ascii_case(name));
        let place = place.ok_or_else(|| error(example))?;
        if smallest != usize::MAX && place <= smallest {
            return Err(error("write the larger unit first and each unit once, such as 1h30m"));
        }
        smallest = place;
        let part = number.checked_mul(UNITS[place].1);
        let sum = part.and_then(|part| milliseconds.checked_add(part));
        milliseconds = sum.ok_or_else(|| error("it is longer than ten years"))?;
        rest = after;
    }
    let duration = Duration::from_millis(milliseconds);
    match (smallest, duration > LONGEST) {
        (usize::MAX, _) => Err(error(example)),
        (_, true) => Err(error("it is longer than ten years")),
        (_, false) => Ok(duration),
    }
}

/// Reads a duration that must not be shorter than another one.
pub fn at_least(text: &str, least: Duration) -> Result<Duration, DurationError> {
    let duration = parse(text)?;
    if duration < least {
        let reason = format!("the smallest is {}", print(least)).into();
        return Err(DurationError { text: text.to_owned(), reason });
    }
    Ok(duration)
}

/// Returns the shortest text that [`parse`] reads back, to the millisecond: `1h30m`.
pub fn print(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    // Weeks are read but not printed: people count retention and time-outs in days.
    for (name, length) in UNITS.iter().skip(1) {
        let number = rest / length;
        if number > 0 {
            let _ = write!(text, "{number}{name}");
            rest %= length;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

fn split_at_first(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_printed() {
        for (text, milliseconds, printed) in [
            ("10m", 600_000, "10m"),
            ("1h30m", 5_400_000, "1h30m"),
            ("90s", 90_000, "1m30s"),
            ("500ms", 500, "500ms"),
            ("2d", 172_800_000, "2d"),
            ("1w", 604_800_000, "7d"),
            ("90d", 7_776_000_000, "90d"),
            (" 1H ", 3_600_000, "1h"),
            ("1m5s250ms", 65_250, "1m5s250ms"),
            ("0s", 0, "0s"),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)), "{text}");
            assert_eq!(print(Duration::from_millis(milliseconds)), printed);
        }
    }

    #[test]
    fn bad_durations_name_themselves_and_the_cure() {
        for (text, cure) in [
            ("", "such as 90s"),
            ("10", "such as 90s"),
            ("m", "such as 90s"),
            ("1.5h", "such as 90s"),
            ("-1m", "such as 90s"),
            ("10 m", "such as 90s"),
            ("1y", "such as 90s"),
            ("10m1h", "larger unit first"),
            ("1m1m", "each unit once"),
            ("4000d", "ten years"),
            ("99999999999999999w", "ten years"),
            ("9223372036854775807d", "ten years"),
            ("é", "such as 90s"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")) && error.contains(cure), "{error}");
        }
    }
}

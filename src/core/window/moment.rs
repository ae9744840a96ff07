//! Moments in people's words.

use chrono_tz::Tz;

use crate::core::duration;
use crate::core::id::Timestamp;

use super::zone::day_start;

/// Reads when something ends: a duration from now, a date (its first moment in a time zone), or a
/// moment.
pub fn moment(text: &str, now: Timestamp, zone: Tz) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(span) = duration::parse(text) {
        return Ok(now + span);
    }
    let midnight = || day_start(zone, text.parse().ok()?);
    let moment = text.parse().ok().or_else(midnight);
    moment.ok_or_else(|| {
        format!(
            "{text:?} is no time: write a duration such as 12h or 7d, a date such as 2026-12-31, or \
             a moment such as 2026-12-31T18:00:00Z"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        let now: Timestamp = "2026-05-04T12:00:00Z".parse().unwrap();
        for (text, zone, expected) in [
            ("7d", Tz::UTC, "2026-05-11 12:00:00 UTC"),
            ("7d", Tz::Europe__Berlin, "2026-05-11 12:00:00 UTC"),
            ("2026-12-31", Tz::UTC, "2026-12-31 00:00:00 UTC"),
            ("2026-12-31", Tz::Europe__Berlin, "2026-12-30 23:00:00 UTC"),
            ("2026-07-01", Tz::Europe__Berlin, "2026-06-30 22:00:00 UTC"),
            (" 2026-12-31 ", Tz::America__New_York, "2026-12-31 05:00:00 UTC"),
            // Clocks go from 24:00 to 01:00 there on that day, and have its midnight twice in autumn.
            ("2026-09-06", Tz::America__Santiago, "2026-09-06 04:00:00 UTC"),
            ("2026-11-01", Tz::America__Havana, "2026-11-01 04:00:00 UTC"),
            ("2026-12-31T18:00:00+02:00", Tz::Asia__Tokyo, "2026-12-31 16:00:00 UTC"),
            ("2026-13-31", Tz::UTC, "\"2026-13-31\" is no time: write a duration such as 12h"),
            ("tomorrow", Tz::UTC, "\"tomorrow\" is no time"),
            ("7", Tz::UTC, "\"7\" is no time"),
        ] {
            let read = moment(text, now, zone);
            let read = read.map_or_else(|error| error, |moment| moment.to_string());
            assert!(read.starts_with(expected), "{text} {zone}: {read}");
        }
    }
}

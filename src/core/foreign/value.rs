//! Values as other tools write them, turned into ours.

use std::time::Duration;

use crate::core::duration;
use crate::core::value;
use crate::core::window::Schedule;

/// The units of Go's durations, and those that Watchtower's cooldown adds.
const MONTH: u64 = 30 * 24 * 3600;

/// Reads a duration as Go writes it: `1h30m`, `90s`, `1h0m0s`, `1.5h`; a bare number is in `unit`.
pub(super) fn go_duration(text: &str, unit: Duration) -> Result<String, String> {
    let text = text.trim();
    if let Ok(number) = text.parse::<u32>() {
        return Ok(duration::print(unit.saturating_mul(number)));
    }
    let cure = || format!("{text:?} is no duration; write one such as 90s or 1h30m");
    let mut rest = text;
    let mut milliseconds = 0.0_f64;
    if rest.is_empty() {
        return Err(cure());
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(cure)?;
        let (number, after) = rest.split_at(end);
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let number: f64 = number.parse().map_err(|_| cure())?;
        milliseconds += number * milliseconds_of(unit).ok_or_else(cure)?;
        rest = after;
    }
    let exact = Duration::try_from_secs_f64(milliseconds / 1000.0).map_err(|_| cure())?;
    duration::parse(&duration::print(exact)).map_err(|error| error.to_string())?;
    Ok(duration::print(exact))
}

#[expect(clippy::cast_precision_loss, reason = "a month in milliseconds is far below the limit")]
fn milliseconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" => 1.0,
        "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        "w" => 604_800_000.0,
        "M" => MONTH as f64 * 1_000.0,
        _ => return None,
    })
}

/// Reads whole minutes; nothing for 0, which means no limit.
pub(super) fn minutes(text: &str) -> Result<Option<Duration>, String> {
    let number: u32 = text.trim().parse().map_err(|_| "write whole minutes".to_owned())?;
    Ok((number > 0).then(|| Duration::from_secs(60 * u64::from(number))))
}

/// Reads whole milliseconds.
pub(super) fn milliseconds(text: &str) -> Result<String, String> {
    let number: u32 = text.trim().parse().map_err(|_| "write whole milliseconds".to_owned())?;
    Ok(duration::print(Duration::from_millis(number.into())))
}

/// When something runs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum When {
    /// At the times of a cron expression.
    Cron(String),
    /// After each of these intervals.
    Every(String),
}

/// Reads a schedule: five or six cron fields, where `?` stands for `*`, `@daily` and its like, or
/// `@every 1h`.
pub(super) fn schedule(text: &str) -> Result<When, String> {
    let text = text.trim().trim_matches(['"', '\'']).trim();
    if let Some(interval) = text.strip_prefix("@every ") {
        return go_duration(interval, Duration::from_secs(1))
            .map(at_least_a_minute)
            .map(When::Every);
    }
    let zone = ["CRON_TZ=", "TZ="].iter().any(|prefix| text.starts_with(prefix));
    if zone {
        return Err("write the time zone in the variable TZ".to_owned());
    }
    let cron = text.replace('?', "*");
    Schedule::parse(&cron, chrono_tz::UTC).map_err(|error| error.to_string())?;
    Ok(When::Cron(cron))
}

/// Checks are a minute apart at least.
pub(super) fn at_least_a_minute(interval: String) -> String {
    let short = duration::parse(&interval).is_ok_and(|it| it < Duration::from_mins(1));
    if short { "1m".to_owned() } else { interval }
}

/// Reads names that are separated by commas, into dependencies that are restarted along.
pub(super) fn needs(text: &str) -> String {
    let names = value::list(text).map(|name| format!("{}:restart", name.trim_start_matches('/')));
    names.collect::<Vec<_>>().join(",")
}

/// Reads a regular expression as JavaScript or Go write it.
pub(super) fn pattern(text: &str) -> Result<String, String> {
    let written = regex::Regex::new(text);
    written.map(|_| text.to_owned()).map_err(|_| {
        "this regular expression is not understood here: look-around and back-references are not \
         known"
            .to_owned()
    })
}

/// Reads regular expressions of which any may match, separated by `;`.
pub(super) fn any_pattern(text: &str) -> Result<String, String> {
    let listed: Vec<&str> = text.split(';').map(str::trim).filter(|one| !one.is_empty()).collect();
    match listed.as_slice() {
        [] => Err("write a regular expression".to_owned()),
        [one] => pattern(one),
        many => {
            let each: Result<Vec<_>, _> = many.iter().map(|one| pattern(one)).collect();
            Ok(each?.iter().map(|one| format!("(?:{one})")).collect::<Vec<_>>().join("|"))
        }
    }
}

/// Reads a shell command; one that looks like a JSON array is wrapped, so that a shell gets it.
pub(super) fn command(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().next() {
        None => Err("write a shell command".to_owned()),
        Some('[') => Ok(serde_json::json!(["sh", "-c", text]).to_string()),
        Some(_) => Ok(text.to_owned()),
    }
}

/// Returns a list of names with commas between them, from one with commas or spaces.
pub(super) fn names(text: &str) -> String {
    let parts = text.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(|name| name.trim_start_matches('/')).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_others_are_read() {
        for (text, expected) in [
            ("30s", Some("30s")),
            ("1h0m0s", Some("1h")),
            ("1.5h", Some("1h30m")),
            ("30", Some("30s")),
            ("0", Some("0s")),
            ("2w", Some("14d")),
            ("1M", Some("30d")),
            ("3d12h", Some("3d12h")),
            ("100ms", Some("100ms")),
            ("", None),
            ("h", None),
            ("1y", None),
            ("1.2.3s", None),
            ("999999w", None),
        ] {
            let read = go_duration(text, Duration::from_secs(1)).ok();
            assert_eq!(read.as_deref(), expected, "{text}");
        }
        assert_eq!(minutes("0"), Ok(None));
        assert_eq!(minutes("2"), Ok(Some(Duration::from_mins(2))));
        assert!(minutes("1m").is_err() && milliseconds("1s").is_err());
        assert_eq!(milliseconds("300000").as_deref(), Ok("5m"));
    }

    #[test]
    fn schedules_of_others_are_read() {
        for (text, expected) in [
            ("0 0 4 * * *", Some(When::Cron("0 0 4 * * *".into()))),
            ("0 30 3 ? * SUN", Some(When::Cron("0 30 3 * * SUN".into()))),
            ("@daily", Some(When::Cron("@daily".into()))),
            ("\"@daily\"", Some(When::Cron("@daily".into()))),
            ("@every 1h30m0s", Some(When::Every("1h30m".into()))),
            ("@every 30s", Some(When::Every("1m".into()))),
            ("CRON_TZ=UTC 0 0 4 * * *", None),
            ("@every x", None),
            ("61 * * * *", None),
        ] {
            assert_eq!(schedule(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn lists_and_patterns_of_others_are_read() {
        assert_eq!(needs("/db, cache"), "db:restart,cache:restart");
        assert_eq!(names("a /b,c"), "a,b,c");
        assert_eq!(any_pattern("^1\\.;^2"), Ok("(?:^1\\.)|(?:^2)".to_owned()));
        assert_eq!(any_pattern("^1$"), Ok("^1$".to_owned()));
        assert!(any_pattern(" ; ").is_err() && pattern("(?!x)").is_err());
        assert_eq!(command(" a b "), Ok("a b".to_owned()));
        assert_eq!(command("[ -f /x ]"), Ok("[\"sh\",\"-c\",\"[ -f /x ]\"]".to_owned()));
        assert!(command(" ").is_err());
    }
}

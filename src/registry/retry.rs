//! When to ask again, and what a registry says of its limits.  (pure)

use std::time::Duration;

use chrono::DateTime;
use http::HeaderMap;

use super::error::{RegistryError, Retry};
use crate::core::id::Timestamp;
use crate::core::remote::RateLimit;

/// How often a request is repeated at most.
const REPEATS: u32 = 3;

/// Returns how long to wait before asking again, or `None` to give up: because it is of no use, was
/// tried often enough, or does not fit the time left.
pub(super) fn pause(
    error: &RegistryError,
    repeated: u32,
    first: Duration,
    left: Duration,
) -> Option<Duration> {
    if repeated >= REPEATS {
        return None;
    }
    let usual = first * 4u32.pow(repeated);
    let wait = match error.retry() {
        Retry::Never => return None,
        // "At once", or a date that our clock has passed, must not make us ask without a pause.
        Retry::After(wait) => wait.max(usual),
        Retry::Later => usual,
    };
    (wait < left).then_some(wait)
}

/// Returns how long an answer asks us to wait: `Retry-After`, else `RateLimit-Reset`, in seconds, as
/// a Unix time or, the former, as a date. More than [`LONGEST_WAIT`] is not believed.
pub(super) fn wait_asked(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let until = |moment: Timestamp| (moment - now).to_std().unwrap_or_default();
    let number = |text: &str| {
        let seconds: u64 = text.parse().ok()?;
        let moment = i64::try_from(seconds).ok().filter(|_| seconds > ONE_YEAR);
        let moment = moment.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        Some(moment.map_or(Duration::from_secs(seconds), until))
    };
    let date = |text: &str| DateTime::parse_from_rfc2822(text).ok().map(|at| until(at.to_utc()));
    let after = text("retry-after").and_then(|text| number(text).or_else(|| date(text)));
    let wait = after.or_else(|| text("ratelimit-reset").and_then(number))?;
    Some(wait.min(LONGEST_WAIT))
}

/// From here on a number of seconds is a Unix time, not a duration.
const ONE_YEAR: u64 = 366 * 24 * 3600;

/// The windows of registries' limits are shorter; whoever says more must not shut one out for ever.
const LONGEST_WAIT: Duration = Duration::from_hours(6);

/// Reads what Docker Hub's headers say; `None` where there are none.
pub(super) fn rate_limit(registry: &str, headers: &HeaderMap, now: Timestamp) -> Option<RateLimit> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let number = |text: &str| text.split(';').next()?.trim().parse().ok();
    let limit = text("ratelimit-limit");
    let remaining = text("ratelimit-remaining");
    let window = limit.or(remaining)?.split(";w=").nth(1);
    Some(RateLimit {
        limit: limit.and_then(number),
        remaining: remaining.and_then(number),
        window: window.and_then(number).map(Duration::from_secs),
        counted: text("docker-ratelimit-source").map(str::to_owned),
        ..RateLimit::unknown(registry, now)
    })
}

/// Returns when all that was used is allowed again at the latest.
pub(super) fn ends_at(limit: &RateLimit) -> Option<Timestamp> {
    let window = limit.window?.min(LONGEST_WAIT);
    limit.seen_at.checked_add_signed(chrono::TimeDelta::from_std(window).ok()?)
}

/// Says whether a limit, while it holds, leaves less than half.
pub(super) fn is_half_used(limit: &RateLimit, now: Timestamp) -> bool {
    let holds = ends_at(limit).is_none_or(|end| now < end);
    let counts = limit.limit.zip(limit.remaining);
    holds && counts.is_some_and(|(most, remaining)| remaining < most.div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn waits_are_read() {
        for (pairs, seconds) in [
            (vec![], None),
            (vec![("retry-after", "7")], Some(7)),
            (vec![("retry-after", "Sun, 22 Nov 2026 10:00:30 GMT")], Some(30)),
            (vec![("retry-after", "Sun, 22 Nov 2026 09:00:00 GMT")], Some(0)),
            (vec![("retry-after", "soon")], None),
            (vec![("retry-after", "soon"), ("ratelimit-reset", "9")], Some(9)),
            (vec![("ratelimit-reset", "1795341660")], Some(60)),
            (vec![("retry-after", "1795341660")], Some(60)),
            (vec![("retry-after", "8000000000000")], Some(6 * 3600)),
            (vec![("retry-after", "86400")], Some(6 * 3600)),
            (vec![("retry-after", "Sun, 22 Nov 2099 10:00:30 GMT")], Some(6 * 3600)),
            (vec![("ratelimit-reset", "18446744073709551615")], Some(6 * 3600)),
        ] {
            let wait = wait_asked(&headers(&pairs), now());
            assert_eq!(wait, seconds.map(Duration::from_secs), "{pairs:?}");
        }
    }

    #[test]
    fn pauses_grow_and_fit_the_time_left() {
        let doing: Box<str> = "asking".into();
        let limited = |wait: Option<u64>| RegistryError::RateLimited {
            doing: doing.clone(),
            until: None,
            wait: wait.map(Duration::from_secs),
        };
        let unavailable =
            RegistryError::Unavailable { doing: doing.clone(), status: 503, wait: None };
        let absent = RegistryError::NotFound { doing: doing.clone() };
        for (error, repeated, left, expected) in [
            (&unavailable, 0, 15_000, Some(250)),
            (&unavailable, 1, 15_000, Some(1_000)),
            (&unavailable, 2, 15_000, Some(4_000)),
            (&unavailable, 3, 15_000, None),
            (&unavailable, 2, 4_000, None),
            (&limited(Some(5)), 0, 15_000, Some(5_000)),
            (&limited(Some(20)), 0, 15_000, None),
            (&limited(Some(0)), 1, 15_000, Some(1_000)),
            (&limited(None), 1, 15_000, Some(1_000)),
            (&absent, 0, 15_000, None),
        ] {
            let first = Duration::from_millis(250);
            let found = pause(error, repeated, first, Duration::from_millis(left));
            assert_eq!(found, expected.map(Duration::from_millis), "{error} {repeated} {left}");
        }
    }

    #[test]
    fn limits_are_read() {
        let pairs = [
            ("ratelimit-limit", "100;w=21600"),
            ("ratelimit-remaining", "76;w=21600"),
            ("docker-ratelimit-source", "192.0.2.7"),
        ];
        let limit = rate_limit("docker.io", &headers(&pairs), now()).unwrap();
        let expected = RateLimit {
            registry: "docker.io".into(),
            limit: Some(100),
            remaining: Some(76),
            window: Some(Duration::from_hours(6)),
            counted: Some("192.0.2.7".into()),
            seen_at: now(),
            blocked_until: None,
        };
        assert_eq!(limit, expected);
        assert_eq!(rate_limit("docker.io", &headers(&[]), now()), None);
        for (remaining, hours, expected) in
            [("50", 0, false), ("49", 0, true), ("49", 5, true), ("0", 6, false), ("x", 0, false)]
        {
            let pairs = [("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", remaining)];
            let limit = rate_limit("docker.io", &headers(&pairs), now()).unwrap();
            let later = now() + chrono::TimeDelta::hours(hours);
            assert_eq!(is_half_used(&limit, later), expected, "{remaining} {hours}");
        }
        let odd = rate_limit("a", &headers(&[("ratelimit-limit", "x;w=y")]), now()).unwrap();
        assert_eq!((odd.limit, odd.window), (None, None));
    }
}

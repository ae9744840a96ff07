//! A registry, and how much it still allows.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::duration;
use crate::core::id::Timestamp;
use crate::core::remote::RateLimit;

/// What a registry has said of how much it still allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistryView {
    /// Its host, as image references name it.
    pub registry: String,
    /// How many pulls it allows in the window.
    pub limit: Option<u64>,
    /// How many are left.
    pub remaining: Option<u64>,
    /// How long the window is.
    pub window_seconds: Option<u64>,
    /// Whom it counts: an address or an account.
    pub counted: Option<String>,
    /// When it said so.
    pub seen_at: Timestamp,
    /// Until when it refuses everything.
    pub blocked_until: Option<Timestamp>,
}

impl From<&RateLimit> for RegistryView {
    fn from(limit: &RateLimit) -> Self {
        Self {
            registry: limit.registry.clone(),
            limit: limit.limit,
            remaining: limit.remaining,
            window_seconds: limit.window.map(|window| window.as_secs()),
            counted: limit.counted.clone(),
            seen_at: limit.seen_at,
            blocked_until: limit.blocked_until,
        }
    }
}

impl RegistryView {
    /// Returns one line for people: `docker.io: 76 of 100 pulls left in 6h, counted for 192.0.2.7`.
    pub fn line(&self) -> String {
        let number = |number: Option<u64>| number.map_or("?".to_owned(), |it| it.to_string());
        let window = self.window_seconds.map_or_else(String::new, |seconds| {
            format!(" in {}", duration::print(Duration::from_secs(seconds)))
        });
        let (remaining, limit) = (number(self.remaining), number(self.limit));
        let known = self.limit.or(self.remaining).is_some();
        let left = if known {
            format!("{remaining} of {limit} pulls left{window}")
        } else {
            "too many requests".to_owned()
        };
        let counted = self.counted.as_ref().map(|counted| format!("counted for {counted}"));
        let blocked = self.blocked_until;
        let blocked = blocked.map(|until| format!("none before {}", until.format("%F %T UTC")));
        let parts: Vec<_> = std::iter::once(left).chain(counted).chain(blocked).collect();
        format!("{}: {}", self.registry, parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(limit: &RateLimit, expected: &str) {
        assert_eq!(RegistryView::from(limit).line(), expected);
    }

    #[test]
    fn limits_are_told_in_one_line() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let unknown = || RateLimit::unknown("docker.io", now);
        let hub = || RateLimit {
            limit: Some(100),
            remaining: Some(76),
            window: Some(Duration::from_hours(6)),
            ..unknown()
        };
        check(&hub(), "docker.io: 76 of 100 pulls left in 6h");
        check(
            &RateLimit { counted: Some("192.0.2.7".into()), blocked_until: Some(now), ..hub() },
            "docker.io: 76 of 100 pulls left in 6h, counted for 192.0.2.7, none before 2026-11-22 \
             10:00:00 UTC",
        );
        check(
            &RateLimit { blocked_until: Some(now), ..unknown() },
            "docker.io: too many requests, none before 2026-11-22 10:00:00 UTC",
        );
        check(&RateLimit { limit: Some(9), ..unknown() }, "docker.io: ? of 9 pulls left");
    }
}

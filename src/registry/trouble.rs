//! What went wrong with a host a moment ago, so that not everyone has to find out for themselves.

use std::time::Duration;

use http::{HeaderMap, Method};
use tokio::time::Instant;

use super::error::RegistryError;
use super::retry;
use crate::core::id::Timestamp;
use crate::core::remote::RateLimit;

/// How long a failed connection stands for those that would be tried next.
const FAILED_FOR: Duration = Duration::from_secs(1);

/// How many attempts in a row may get no answer before a host is given up.
const MOST_SILENCES: usize = 8;

/// How long a host is left alone after somebody gave up.
const GIVEN_UP_FOR: Duration = Duration::from_secs(5);

/// What went wrong with a host a moment ago.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// Why the last connection failed.
    unconnected: Option<(Instant, RegistryError)>,
    /// Why somebody gave up.
    given_up: Option<(Instant, RegistryError)>,
    /// How many attempts in a row got no answer.
    silences: usize,
}

/// How much a host still allows one account, as far as it said so: what it grants the one says
/// nothing of another.
#[derive(Debug, Default)]
pub(super) struct Quota {
    /// Until when all requests are held back.
    pause: Option<(Instant, Timestamp)>,
    /// Until when those are held back that may count as pulls.
    pause_of_pulls: Option<(Instant, Timestamp)>,
    rate_limit: Option<RateLimit>,
    /// How few pulls are left, while that is too few, and when there are more at the latest.
    kept: Option<(Instant, u64, Timestamp)>,
}

impl Trouble {
    /// Says whether a connection must not be tried, because the last one failed just now.
    pub(super) fn check_connecting(&self, doing: &str) -> Result<(), RegistryError> {
        standing(self.unconnected.as_ref(), doing)
    }

    /// Says whether a request must not be sent now: somebody gave up a moment ago.
    pub(super) fn check(&self, doing: &str) -> Result<(), RegistryError> {
        standing(self.given_up.as_ref(), doing)
    }

    /// Remembers whether a connection came about.
    pub(super) fn connected(&mut self, failure: Option<&RegistryError>) {
        self.unconnected = failure.map(|error| (Instant::now() + FAILED_FOR, error.clone()));
    }

    /// Remembers that an attempt failed; a host that leaves many without any answer is given up for
    /// all, because their waiting would hold up requests to other hosts.
    pub(super) fn failed(&mut self, error: &RegistryError) {
        if matches!(error, RegistryError::Timeout { .. }) {
            self.silences += 1;
            if self.silences >= MOST_SILENCES {
                self.give_up(error);
            }
        }
    }

    /// Says whether somebody gave up a moment ago, so that repeating is of no use.
    pub(super) fn is_given_up(&self) -> bool {
        standing(self.given_up.as_ref(), "").is_err()
    }

    /// Remembers that somebody gave up, and why.
    pub(super) fn give_up(&mut self, error: &RegistryError) {
        if !self.is_given_up() {
            self.given_up = Some((Instant::now() + GIVEN_UP_FOR, error.clone()));
        }
    }

    /// Remembers that there was an answer.
    pub(super) fn answered(&mut self) {
        self.given_up = None;
        self.silences = 0;
    }
}

impl Quota {
    /// Says whether the host asked for a pause.
    pub(super) fn check(&self, method: &Method, doing: &str) -> Result<(), RegistryError> {
        let now = Instant::now();
        let pulls = self.pause_of_pulls.filter(|_| *method != Method::HEAD);
        let longest = pulls.max(self.pause).filter(|(end, _)| *end > now);
        longest.map_or(Ok(()), |(end, until)| {
            let (until, wait) = (Some(until), Some(end - now));
            Err(RegistryError::RateLimited { doing: doing.into(), until, wait })
        })
    }

    /// Says whether a request that counts as a pull must not be sent, because few are left.
    pub(super) fn check_quota(&self, doing: &str) -> Result<(), RegistryError> {
        match self.kept {
            Some((end, remaining, until)) if end > Instant::now() => {
                Err(RegistryError::QuotaKept { doing: doing.into(), remaining, until })
            }
            _ => Ok(()),
        }
    }

    /// Remembers what an answer says of limits; fewer pulls than `floor` are not used.
    pub(super) fn answered(
        &mut self,
        host: &str,
        headers: &HeaderMap,
        (now, floor): (Timestamp, u64),
    ) {
        let Some(limit) = retry::rate_limit(host, headers, now) else { return };
        let few = limit.remaining.filter(|remaining| *remaining < floor);
        self.kept = few.zip(retry::ends_at(&limit)).and_then(|(remaining, until)| {
            let end = Instant::now().checked_add((until - now).to_std().ok()?)?;
            Some((end, remaining, until))
        });
        self.rate_limit = Some(limit);
    }

    /// Remembers that the host asked for a pause; a refused pull leaves HEAD requests free.
    pub(super) fn asked_to_pause(&mut self, method: &Method, (wait, until): (Duration, Timestamp)) {
        let Some(end) = Instant::now().checked_add(wait) else { return };
        let pause =
            if *method == Method::HEAD { &mut self.pause } else { &mut self.pause_of_pulls };
        *pause = (*pause).max(Some((end, until)));
    }

    /// Returns what is known of the host's limits.
    pub(super) fn rate_limit(&self, registry: &str, now: Timestamp) -> Option<RateLimit> {
        let pauses = [self.pause, self.pause_of_pulls].into_iter().flatten();
        let blocked_until = pauses.map(|(_, until)| until).filter(|until| *until > now).max();
        let unknown = || blocked_until.map(|_| RateLimit::unknown(registry, now));
        let known = self.rate_limit.clone().or_else(unknown)?;
        Some(RateLimit { registry: registry.to_owned(), blocked_until, ..known })
    }
}

/// Returns an error that others ran into a moment ago, while it stands.
fn standing(
    remembered: Option<&(Instant, RegistryError)>,
    doing: &str,
) -> Result<(), RegistryError> {
    match remembered {
        Some((until, error)) if *until > Instant::now() => Err(error.clone().while_doing(doing)),
        _ => Ok(()),
    }
}

//! One host that is spoken to: how it is reached, how much it bears, and what it complained of.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Method, Uri};
use tokio::time::Instant;

use super::challenge::authority;
use super::error::RegistryError;
use super::insecure::{Tolerance, split_port};
use super::limit::Limit;
use super::pool::{MOST_CONNECTIONS, MOST_STREAMS, Pools, Security};
use super::retry::RateLimit;
use crate::connect::ConnectError;
use crate::core::id::Timestamp;

/// Which ways of reaching a host are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Schemes {
    /// A registry: TLS, and where the rules allow it anything else.
    Registry,
    /// An `https` address.
    Https,
    /// An `http` address.
    Http,
}

/// What identifies a host, with the rules that hold for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PeerKey {
    /// Host and, if it is named, port.
    pub(super) authority: String,
    pub(super) schemes: Schemes,
    pub(super) tolerance: Tolerance,
}

impl PeerKey {
    /// Returns the host of an absolute URL.
    pub(super) fn of_url(url: &url::Url, tolerance: Tolerance) -> Self {
        let schemes = if url.scheme() == "http" { Schemes::Http } else { Schemes::Https };
        Self { authority: authority(url), schemes, tolerance }
    }

    /// Says whether the rules name this host.
    pub(super) fn is_tolerated(&self) -> bool {
        let port = if self.schemes == Schemes::Http { 80 } else { 443 };
        self.tolerance.covers(&self.authority, port)
    }
}

/// One host that is spoken to.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) key: PeerKey,
    /// The most requests at a time, whatever the protocol would bear.
    most: usize,
    state: Mutex<State>,
    finding: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    link: Option<Arc<Link>>,
    /// Why the last connection failed, so that those who wait for one need not try at once.
    failed: Option<(Instant, RegistryError)>,
    /// Why somebody gave up, so that others need not find out as slowly.
    given_up: Option<(Instant, RegistryError)>,
    /// How many attempts in a row got no answer.
    silences: usize,
    pause: Pause,
    rate_limit: Option<RateLimit>,
}

/// Until when requests are held back: all of them, or those that count as pulls.
#[derive(Debug, Default)]
struct Pause {
    all: Option<(Instant, Timestamp)>,
    pulls: Option<(Instant, Timestamp)>,
}

/// How a host is reached.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) security: Security,
    pub(super) http2: bool,
    pub(super) limit: Arc<Limit>,
}

/// How long a failed connection stands for those that would be tried next.
const FAILED_FOR: Duration = Duration::from_secs(1);

/// How many attempts in a row may get no answer before a host is given up.
const MOST_SILENCES: usize = 8;

/// How long a host is left alone after somebody gave up.
const GIVEN_UP_FOR: Duration = Duration::from_secs(5);

impl Peer {
    pub(super) fn new(key: PeerKey, most: usize) -> Self {
        Self { key, most, state: Mutex::default(), finding: tokio::sync::Mutex::default() }
    }

    /// Returns how the host is reached, and finds out if that is not known.
    pub(super) async fn link(
        &self,
        pools: &Pools,
        doing: &str,
    ) -> Result<Arc<Link>, RegistryError> {
        if let Some(link) = self.known_link() {
            return Ok(link);
        }
        let _one_at_a_time = self.finding.lock().await;
        if let Some(link) = self.known_link() {
            return Ok(link);
        }
        standing(self.lock().failed.as_ref(), doing)?;
        match self.find(pools).await {
            Ok(link) => {
                let mut state = self.lock();
                state.failed = None;
                state.link = Some(link.clone());
                Ok(link)
            }
            Err(error) => {
                let error = RegistryError::of_connecting(doing, &error);
                self.lock().failed = Some((Instant::now() + FAILED_FOR, error.clone()));
                Err(error)
            }
        }
    }

    /// Returns how the host is reached, if that is known.
    pub(super) fn known_link(&self) -> Option<Arc<Link>> {
        self.lock().link.clone()
    }

    /// Forgets how the host is reached, because it no longer is.
    pub(super) fn forget_link(&self) {
        self.lock().link = None;
    }

    async fn find(&self, pools: &Pools) -> Result<Arc<Link>, ConnectError> {
        if self.key.schemes == Schemes::Http {
            return self.open(pools, Security::Plain).await;
        }
        let error = match self.open(pools, Security::Verified).await {
            Ok(link) => return Ok(link),
            Err(error) => error,
        };
        let next = match (&error, self.key.schemes) {
            (ConnectError::Certificate { .. }, _) => Security::Unverified,
            (ConnectError::Resolve { .. } | ConnectError::Address { .. }, _)
            | (_, Schemes::Https) => return Err(error),
            _ => Security::Plain,
        };
        if !self.is_insecure().await {
            return Err(error);
        }
        // Where neither way works, the first one's error says what is wrong with the usual way.
        self.open(pools, next).await.map_err(|_| error)
    }

    async fn open(&self, pools: &Pools, security: Security) -> Result<Arc<Link>, ConnectError> {
        let http2 = pools.open(security, &self.uri(security, "/")?).await?;
        let bearable = if http2 { MOST_STREAMS } else { MOST_CONNECTIONS };
        let limit = Arc::new(Limit::new(self.most.min(bearable)));
        Ok(Arc::new(Link { security, http2, limit }))
    }

    /// Says whether the rules name the host or one of its addresses.
    async fn is_insecure(&self) -> bool {
        if self.key.is_tolerated() {
            return true;
        }
        let (name, _) = split_port(&self.key.authority);
        let looking = tokio::net::lookup_host((name, 0));
        match tokio::time::timeout(Duration::from_secs(5), looking).await {
            Ok(Ok(mut addresses)) => {
                addresses.any(|address| self.key.tolerance.covers_address(address.ip()))
            }
            _ => false,
        }
    }

    /// Returns the absolute form of a path on this host.
    pub(super) fn uri(&self, security: Security, path: &str) -> Result<Uri, ConnectError> {
        let scheme = if security == Security::Plain { "http" } else { "https" };
        let authority = self.key.authority.as_str();
        let parts = Uri::builder().scheme(scheme).authority(authority).path_and_query(path);
        parts.build().map_err(|_| ConnectError::Address {
            uri: format!("{scheme}://{authority}{path}"),
            reason: "it is no address",
        })
    }

    /// Says whether a request must not be sent now: somebody gave up a moment ago, or the host asked
    /// for a pause.
    pub(super) fn check(&self, method: &Method, doing: &str) -> Result<(), RegistryError> {
        let state = self.lock();
        standing(state.given_up.as_ref(), doing)?;
        let now = Instant::now();
        let pause = if *method == Method::HEAD { None } else { state.pause.pulls };
        let longest = pause.max(state.pause.all).filter(|(end, _)| *end > now);
        longest.map_or(Ok(()), |(end, until)| {
            let (until, wait) = (Some(until), Some(end - now));
            Err(RegistryError::RateLimited { doing: doing.into(), until, wait })
        })
    }

    /// Remembers that an attempt failed; a host that leaves many without any answer is given up for
    /// all, because their waiting would hold up requests to other hosts.
    pub(super) fn failed(&self, error: &RegistryError) {
        if matches!(error, RegistryError::Timeout { .. }) {
            self.lock().silences += 1;
            if self.lock().silences >= MOST_SILENCES {
                self.give_up(error);
            }
        }
    }

    /// Says whether somebody gave up a moment ago, so that repeating is of no use.
    pub(super) fn is_given_up(&self) -> bool {
        standing(self.lock().given_up.as_ref(), "").is_err()
    }

    /// Remembers that a request was given up because no connection comes about. Where there is one,
    /// the fault may be one image's alone.
    pub(super) fn gave_up(&self, error: &RegistryError) {
        use RegistryError::{Timeout, Unreachable};
        if matches!(error, Timeout { .. } | Unreachable { .. }) && self.known_link().is_none() {
            self.give_up(error);
        }
    }

    fn give_up(&self, error: &RegistryError) {
        if !self.is_given_up() {
            self.lock().given_up = Some((Instant::now() + GIVEN_UP_FOR, error.clone()));
        }
    }

    /// Remembers what an answer says of limits.
    pub(super) fn answered(&self, headers: &HeaderMap, now: Timestamp) {
        let mut state = self.lock();
        state.given_up = None;
        state.silences = 0;
        if let Some(limit) = RateLimit::read(&self.key.authority, headers, now) {
            state.rate_limit = Some(limit);
        }
    }

    /// Remembers that the host asked for a pause; a refused pull leaves HEAD requests free.
    pub(super) fn asked_to_pause(&self, method: &Method, wait: Duration, until: Timestamp) {
        let Some(end) = Instant::now().checked_add(wait) else { return };
        let mut state = self.lock();
        let slot =
            if *method == Method::HEAD { &mut state.pause.all } else { &mut state.pause.pulls };
        *slot = (*slot).max(Some((end, until)));
    }

    /// Returns what is known of the host's limits.
    pub(super) fn rate_limit(&self, registry: &str, now: Timestamp) -> Option<RateLimit> {
        let state = self.lock();
        let ends = [state.pause.all, state.pause.pulls].into_iter().flatten();
        let blocked_until = ends.map(|(_, until)| until).filter(|until| *until > now).max();
        let known = state
            .rate_limit
            .clone()
            .or_else(|| blocked_until.map(|_| RateLimit::unknown(registry, now)))?;
        Some(RateLimit { registry: registry.to_owned(), blocked_until, ..known })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

//! One host that is spoken to: how it is reached and how much it bears.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Uri};

use super::challenge::authority;
use super::client::Request;
use super::error::RegistryError;
use super::guess::Guess;
use super::insecure::{Tolerance, split_port};
use super::limit::Limit;
use super::pool::{MOST_CONNECTIONS, MOST_STREAMS, Pools, Security};
use super::trouble::{Quota, Trouble};
use crate::connect::ConnectError;
use crate::core::id::Timestamp;
use crate::core::remote::RateLimit;

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

    /// Says whether a registry is named insecure on a port of its own, where TLS is rarely spoken.
    pub(super) fn is_plain_likely(&self) -> bool {
        let (_, port) = split_port(&self.authority);
        self.schemes == Schemes::Registry
            && port.is_some_and(|port| port != "443")
            && self.tolerance.names(&self.authority, 443)
    }
}

/// One host that is spoken to.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) key: PeerKey,
    /// The most requests at a time, whatever the protocol would bear.
    pub(super) most: usize,
    /// Fewer pulls than these are left to people.
    floor: u64,
    link: Mutex<Option<Arc<Link>>>,
    guess: Mutex<Option<Guess>>,
    /// Held by the one request that finds out how the host is reached.
    finding: tokio::sync::Mutex<()>,
    trouble: Mutex<Trouble>,
    /// What it allows each account.
    quotas: Mutex<HashMap<Box<str>, Arc<Mutex<Quota>>>>,
}

/// How a host is reached.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) security: Security,
    pub(super) http2: bool,
    pub(super) limit: Arc<Limit>,
}

impl Peer {
    pub(super) fn new(key: PeerKey, most: usize, floor: u64) -> Self {
        Self {
            key,
            most,
            floor,
            link: Mutex::default(),
            guess: Mutex::default(),
            finding: tokio::sync::Mutex::default(),
            trouble: Mutex::default(),
            quotas: Mutex::default(),
        }
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
        self.trouble().check_connecting(doing)?;
        let found = self.find(pools).await;
        let found = found.map_err(|error| RegistryError::of_connecting(doing, &error));
        self.trouble().connected(found.as_ref().err());
        let link = found?;
        *self.lock() = Some(link.clone());
        Ok(link)
    }

    /// Returns how the host is reached, if that is known.
    pub(super) fn known_link(&self) -> Option<Arc<Link>> {
        self.lock().clone()
    }

    /// Ends a guess with how the host is reached, if that was found meanwhile.
    pub(super) fn end_guess(&self, found: Option<Arc<Link>>) {
        *self.guess.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if let Some(found) = found {
            self.trouble().connected(None);
            self.lock().get_or_insert(found);
        }
    }

    /// Returns the guess that is being tried, or begins one.
    pub(super) fn guess(&self, begin: impl FnOnce() -> Guess) -> Guess {
        let mut guess = self.guess.lock().unwrap_or_else(PoisonError::into_inner);
        guess.get_or_insert_with(begin).clone()
    }

    /// Forgets how the host is reached, because it no longer is.
    pub(super) fn forget_link(&self) {
        *self.lock() = None;
    }

    async fn find(&self, pools: &Pools) -> Result<Arc<Link>, ConnectError> {
        use ConnectError::{Address, Certificate, Resolve};
        if self.key.schemes == Schemes::Http {
            return self.open(pools, Security::Plain).await;
        }
        let error = match self.find_with_tls(pools).await {
            Ok(link) => return Ok(link),
            Err(error) => error,
        };
        let without = match (&error, self.key.schemes) {
            (Certificate { .. } | Resolve { .. } | Address { .. }, _) | (_, Schemes::Https) => {
                false
            }
            _ => self.is_insecure().await,
        };
        if !without {
            return Err(error);
        }
        // Where neither way works, the first one's error says what is wrong with the usual way.
        self.open(pools, Security::Plain).await.map_err(|_| error)
    }

    /// Finds the way with TLS; the rules may make up for a certificate that is not trusted.
    pub(super) async fn find_with_tls(&self, pools: &Pools) -> Result<Arc<Link>, ConnectError> {
        match self.open(pools, Security::Verified).await {
            Err(error @ ConnectError::Certificate { .. }) if self.is_insecure().await => {
                self.open(pools, Security::Unverified).await.map_err(|_| error)
            }
            other => other,
        }
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

    /// Remembers that a request was given up because no connection comes about. Where there is one,
    /// the fault may be one image's alone.
    pub(super) fn gave_up(&self, error: &RegistryError) {
        use RegistryError::{Timeout, Unreachable};
        if matches!(error, Timeout { .. } | Unreachable { .. }) && self.known_link().is_none() {
            self.trouble().give_up(error);
        }
    }

    /// Says whether a request must not be sent now.
    pub(super) fn check(&self, request: &Request<'_>) -> Result<(), RegistryError> {
        self.trouble().check(request.doing)?;
        let quota = self.quota(request.account);
        let quota = locked(&quota);
        quota.check(&request.method, request.doing)?;
        if request.counts_as_pull() { quota.check_quota(request.doing) } else { Ok(()) }
    }

    /// Remembers what an answer says of an account's limits.
    pub(super) fn answered(&self, account: &str, headers: &HeaderMap, now: Timestamp) {
        self.trouble().answered();
        let quota = self.quota(account);
        locked(&quota).answered(&self.key.authority, headers, (now, self.floor));
    }

    /// Remembers that the host asked an account for a pause.
    pub(super) fn asked_to_pause(&self, request: &Request<'_>, wait: (Duration, Timestamp)) {
        let quota = self.quota(request.account);
        locked(&quota).asked_to_pause(&request.method, wait);
    }

    /// Returns what is known of an account's limits.
    pub(super) fn rate_limit(
        &self,
        (registry, account): (&str, &str),
        now: Timestamp,
    ) -> Option<RateLimit> {
        let name = match account {
            "" => registry.to_owned(),
            path => format!("{registry}/{path}"),
        };
        locked(&self.quota(account)).rate_limit(&name, now)
    }

    fn quota(&self, account: &str) -> Arc<Mutex<Quota>> {
        let mut quotas = locked(&self.quotas);
        match quotas.get(account) {
            Some(quota) => quota.clone(),
            None => quotas.entry(account.into()).or_default().clone(),
        }
    }

    /// Returns what went wrong a moment ago; never held across an await.
    pub(super) fn trouble(&self) -> MutexGuard<'_, Trouble> {
        locked(&self.trouble)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Link>>> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

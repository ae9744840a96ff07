//! What the registry client needs to know; nothing is read from the environment here.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::credentials::Credential;
use super::insecure::InsecureRule;
use super::pool::MOST_STREAMS;
use crate::connect::ProxyRules;
use crate::core::id::Timestamp;

/// Settings of the registry client.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Credentials that stand above those of Docker's own file.
    pub credentials: Vec<Credential>,
    /// Docker's `config.json`, with logins and the names of credential helpers.
    pub docker_config: Option<PathBuf>,
    /// The folder of the credential helpers' programs; without one they are searched in `PATH`.
    pub credential_helpers: Option<PathBuf>,
    /// A PEM file of certificate authorities to trust beside the known ones.
    pub certificate_authorities: Option<PathBuf>,
    /// Hosts that may be spoken to without TLS; loopback always may.
    pub insecure: Vec<InsecureRule>,
    /// Which hosts are reached through a proxy.
    pub proxy: ProxyRules,
    /// How many connections work at a time, over all registries; one HTTP/2 connection carries
    /// many requests and is not counted.
    pub concurrency: usize,
    /// How many requests one registry gets at a time; without HTTP/2 at most 64.
    pub per_registry: usize,
    /// Where AWS is asked for passwords of its registries, in place of its own addresses.
    pub ecr_endpoint: Option<Url>,
    /// Where Docker Hub's own API is, which knows when images were pushed; `None` to leave it alone.
    pub hub_api: Option<Url>,
    /// How many pulls are left to people where a registry says how many it still allows.
    pub quota_floor: u64,
    /// How long an answer may be used again; errors for 30 seconds at most.
    pub cache_ttl: Duration,
    /// How long things may take.
    pub timing: Timing,
    /// The clock for the dates in answers.
    pub now: Now,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Name look-up, connection and TLS handshake together.
    pub connect: Duration,
    /// The time to the beginning of an answer, and between two parts of it.
    pub read: Duration,
    /// A request without content, its repeats and pauses included.
    pub budget: Duration,
    /// A request with content, its repeats and pauses included.
    pub download: Duration,
    /// The pause before the first repeat; each further one is four times as long.
    pub backoff: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(8),
            budget: Duration::from_secs(15),
            download: Duration::from_mins(1),
            backoff: Duration::from_millis(250),
        }
    }
}

/// A clock.
#[derive(Clone)]
pub struct Now(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Now {
    /// Wraps a clock.
    pub fn new(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(clock))
    }

    pub(super) fn read(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Now")
    }
}

impl Settings {
    /// Returns the defaults with a clock.
    pub fn new(now: Now) -> Self {
        Self {
            credentials: Vec::new(),
            docker_config: None,
            credential_helpers: None,
            certificate_authorities: None,
            insecure: Vec::new(),
            proxy: ProxyRules::default(),
            concurrency: 64,
            per_registry: MOST_STREAMS,
            ecr_endpoint: None,
            hub_api: None,
            quota_floor: 0,
            cache_ttl: Duration::from_mins(5),
            timing: Timing::default(),
            now,
        }
    }
}

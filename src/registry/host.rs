//! One registry: how it lets us in, and which requests it understands.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::challenge::{Bearer, Challenge};
use super::peer::Peer;
use super::token::{Scope, Tokens};

/// How a registry lets us in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Without asking.
    Open,
    /// With a user name and a password.
    Basic,
    /// With a token from its token server.
    Bearer(Arc<Bearer>),
}

impl From<Challenge> for Way {
    fn from(challenge: Challenge) -> Self {
        match challenge {
            Challenge::Basic => Self::Basic,
            Challenge::Bearer(bearer) => Self::Bearer(Arc::new(bearer)),
        }
    }
}

/// Whether a registry answers HEAD requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Heads {
    /// It has not answered one yet: a refusal may concern the method.
    #[default]
    Unknown,
    /// It does: a refusal concerns the image.
    Answered,
    /// It said that it does not.
    Refused,
}

/// One registry.
#[derive(Debug)]
pub(super) struct Host {
    /// Its name, as image references have it and credentials are kept under.
    pub(super) name: Arc<str>,
    /// The path below which its repositories have credentials of their own; mostly empty.
    pub(super) account: String,
    /// What stands before `/v2/` in its paths.
    pub(super) prefix: String,
    pub(super) peer: Arc<Peer>,
    pub(super) tokens: Tokens,
    /// Held by the one request that finds out how the registry lets us in.
    pub(super) learning: tokio::sync::Mutex<()>,
    pub(super) other_method: Arc<AtomicBool>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    way: Option<Way>,
    heads: Heads,
    /// When the first request failed.
    stumbled: Option<Instant>,
}

/// How long after a failed first request the others do not queue for the same fate.
const STUMBLED_FOR: Duration = Duration::from_secs(5);

impl Host {
    pub(super) fn new(name: &str, (prefix, account): (String, &str), peer: Arc<Peer>) -> Self {
        Self {
            name: name.into(),
            account: account.to_owned(),
            prefix,
            peer,
            tokens: Tokens::default(),
            learning: tokio::sync::Mutex::default(),
            other_method: Arc::default(),
            known: Mutex::default(),
        }
    }

    pub(super) fn way(&self) -> Option<Way> {
        self.lock().way.clone()
    }

    /// Remembers how the registry lets us in; says whether that is news.
    pub(super) fn learn(&self, way: Way) -> bool {
        let mut known = self.lock();
        if known.way.as_ref() == Some(&way) {
            return false;
        }
        if matches!(known.way, Some(Way::Bearer(_))) {
            self.tokens.reset();
        }
        known.way = Some(way);
        true
    }

    /// Remembers that the registry let in who showed nothing, unless it has asked others for more.
    pub(super) fn learn_open(&self) {
        self.lock().way.get_or_insert(Way::Open);
    }

    /// Remembers that the first request failed.
    pub(super) fn stumble(&self) {
        self.lock().stumbled = Some(Instant::now());
    }

    /// Says whether the first request failed a moment ago: the fault may be its own image's.
    pub(super) fn has_stumbled(&self) -> bool {
        self.lock().stumbled.is_some_and(|then| then.elapsed() < STUMBLED_FOR)
    }

    pub(super) fn heads(&self) -> Heads {
        self.lock().heads
    }

    pub(super) fn learn_heads(&self, heads: Heads) {
        self.lock().heads = heads;
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns what a token must allow for a repository to be read.
pub(super) fn scope_of(repository: &str) -> Scope {
    format!("repository:{repository}:pull").into()
}

//! What the mocks counted: every kind of request and every connection.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts of one run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// HEADs of manifests that were answered with the manifest's digest.
    pub(crate) heads: u64,
    /// Requests to the registry that were answered with 401.
    pub(crate) challenges: u64,
    /// Requests of `/v2/`, whatever the answer.
    pub(crate) pings: u64,
    pub(crate) manifest_gets: u64,
    pub(crate) blob_gets: u64,
    pub(crate) tag_lists: u64,
    /// Requests that the mock registry has no answer for.
    pub(crate) unknown: u64,
    pub(crate) tokens: u64,
    /// The scopes of the token with the most.
    pub(crate) most_scopes: u64,
    /// All bytes of `Authorization` headers, before any compression.
    pub(crate) authorization_bytes: u64,
    /// Connections to the registry that carried a request.
    pub(crate) registry_connections: u64,
    pub(crate) token_connections: u64,
    /// Requests to the engine by method and path, without their identifiers.
    pub(crate) engine: BTreeMap<String, u64>,
}

impl Counts {
    /// Returns how many requests the engine got.
    pub(crate) fn engine_requests(&self) -> u64 {
        self.engine.values().sum()
    }
}

/// Counts that many connections write at the same time.
#[derive(Default)]
pub(crate) struct Counters(Mutex<Counts>);

impl Counters {
    /// Lets `write` change the counts.
    pub(crate) fn record(&self, write: impl FnOnce(&mut Counts)) {
        write(&mut self.lock());
    }

    /// Returns the counts as they are now.
    pub(crate) fn snapshot(&self) -> Counts {
        self.lock().clone()
    }

    pub(crate) fn reset(&self) {
        *self.lock() = Counts::default();
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

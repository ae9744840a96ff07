//! Answers with their age, shared by all who ask the same.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, Shared, WeakShared};
use tokio::time::Instant;

use super::error::RegistryError;
use super::wanted::Freshness;

/// What became of a question.
pub(super) type Reply<T> = Result<T, RegistryError>;

/// A question under way; everyone who asks the same waits for this one.
pub(super) type Asking<T> = Shared<BoxFuture<'static, Reply<T>>>;

/// The longest that an error stands without being asked again.
const LONGEST_ERROR: Duration = Duration::from_secs(30);

/// How long the answers of one run are kept for it, if the settings keep them shorter.
const ONE_RUN: Duration = Duration::from_mins(10);

/// Answers with their age, and questions under way.
#[derive(Debug)]
pub(super) struct Cache<K, T: Clone> {
    ttl: Duration,
    known: Mutex<Known<K, T>>,
}

#[derive(Debug)]
struct Known<K, T: Clone> {
    replies: HashMap<K, (Instant, Reply<T>)>,
    under_way: HashMap<K, WeakShared<BoxFuture<'static, Reply<T>>>>,
}

impl<K: Clone + Eq + Hash, T: Clone> Cache<K, T> {
    pub(super) fn new(ttl: Duration) -> Self {
        let known = Known { replies: HashMap::new(), under_way: HashMap::new() };
        Self { ttl, known: Mutex::new(known) }
    }

    /// Returns an answer that is no older than allowed.
    pub(super) fn fresh(&self, key: &K, freshness: Freshness) -> Option<Reply<T>> {
        let known = self.lock();
        let (asked_at, reply) = known.replies.get(key)?;
        let oldest = match freshness {
            Freshness::Within(oldest) => oldest.min(self.ttl),
            Freshness::Since(moment) if *asked_at >= moment => self.longest(),
            Freshness::Since(_) | Freshness::Forced => return None,
        };
        let oldest = if reply.is_ok() { oldest } else { oldest.min(LONGEST_ERROR) };
        (asked_at.elapsed() < oldest).then(|| reply.clone())
    }

    /// Joins the question under way, or starts one; says whether it is a new one.
    pub(super) fn ask(
        &self,
        key: &K,
        start: impl FnOnce() -> BoxFuture<'static, Reply<T>>,
    ) -> (Asking<T>, bool) {
        let mut known = self.lock();
        if let Some(asking) = known.under_way.get(key).and_then(WeakShared::upgrade) {
            return (asking, false);
        }
        let asking = start().shared();
        if let Some(weak) = asking.downgrade() {
            known.under_way.insert(key.clone(), weak);
        }
        (asking, true)
    }

    /// Keeps an answer, and drops those that nobody may use any more.
    pub(super) fn keep(&self, key: &K, reply: &Reply<T>) {
        let mut known = self.lock();
        known.under_way.remove(key);
        known.replies.insert(key.clone(), (Instant::now(), reply.clone()));
    }

    /// Drops answers that nobody may use any more.
    pub(super) fn tidy(&self) {
        let longest = self.longest();
        self.lock().replies.retain(|_, (since, _)| since.elapsed() < longest);
    }

    fn longest(&self) -> Duration {
        self.ttl.max(ONE_RUN)
    }

    fn lock(&self) -> MutexGuard<'_, Known<K, T>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

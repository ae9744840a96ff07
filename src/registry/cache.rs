//! Answers with their age, shared by all who ask for the same image.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, Shared, WeakShared};
use tokio::time::Instant;

use super::error::RegistryError;
use super::image::RemoteDigest;
use crate::core::reference::ImageRef;

/// What became of a question.
pub(super) type Reply = Result<RemoteDigest, RegistryError>;

/// A question under way; everyone who asks the same waits for this one.
pub(super) type Asking = Shared<BoxFuture<'static, Reply>>;

/// The longest that an error stands without being asked again.
const LONGEST_ERROR: Duration = Duration::from_secs(30);

/// Answers with their age, and questions under way.
#[derive(Debug)]
pub(super) struct Cache {
    ttl: Duration,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    replies: HashMap<ImageRef, (Instant, Reply)>,
    under_way: HashMap<ImageRef, WeakShared<BoxFuture<'static, Reply>>>,
}

impl Cache {
    pub(super) fn new(ttl: Duration) -> Self {
        Self { ttl, known: Mutex::default() }
    }

    /// Returns an answer that is no older than allowed.
    pub(super) fn fresh(&self, reference: &ImageRef, oldest: Duration) -> Option<Reply> {
        let known = self.lock();
        let (asked_at, reply) = known.replies.get(reference)?;
        let oldest = oldest.min(self.ttl);
        let oldest = if reply.is_ok() { oldest } else { oldest.min(LONGEST_ERROR) };
        (asked_at.elapsed() < oldest).then(|| reply.clone())
    }

    /// Joins the question under way, or starts one; says whether it is a new one.
    pub(super) fn ask(
        &self,
        reference: &ImageRef,
        start: impl FnOnce() -> BoxFuture<'static, Reply>,
    ) -> (Asking, bool) {
        let mut known = self.lock();
        if let Some(asking) = known.under_way.get(reference).and_then(WeakShared::upgrade) {
            return (asking, false);
        }
        let asking = start().shared();
        if let Some(weak) = asking.downgrade() {
            known.under_way.insert(reference.clone(), weak);
        }
        (asking, true)
    }

    /// Keeps an answer, and drops those that nobody may use any more.
    pub(super) fn keep(&self, reference: &ImageRef, reply: &Reply) {
        let mut known = self.lock();
        known.under_way.remove(reference);
        known.replies.insert(reference.clone(), (Instant::now(), reply.clone()));
    }

    /// Drops answers that nobody may use any more.
    pub(super) fn tidy(&self) {
        let ttl = self.ttl;
        self.lock().replies.retain(|_, (since, _)| since.elapsed() < ttl);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

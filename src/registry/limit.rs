//! How many requests one registry gets at a time: halved when it asks us to slow down.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// One complaint is answered once: those of requests already under way do not count again.
const ONE_WAVE: Duration = Duration::from_secs(1);

/// How long after a complaint the limit stays low before it grows again, request by request.
const CAUTION: Duration = Duration::from_secs(10);

/// A limit that shrinks and grows.
#[derive(Debug)]
pub(super) struct Limit {
    permits: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    size: usize,
    ceiling: usize,
    /// Permits in use that are to vanish when they come back.
    surplus: usize,
    halved_at: Option<Instant>,
}

/// The right to have one request under way.
#[derive(Debug)]
pub(super) struct Permit {
    permit: Option<OwnedSemaphorePermit>,
    limit: Arc<Limit>,
}

impl Limit {
    pub(super) fn new(ceiling: usize) -> Self {
        let ceiling = ceiling.max(1);
        let state = State { size: ceiling, ceiling, surplus: 0, halved_at: None };
        Self { permits: Arc::new(Semaphore::new(ceiling)), state: Mutex::new(state) }
    }

    pub(super) async fn acquire(self: &Arc<Self>) -> Permit {
        let permit = self.permits.clone().acquire_owned().await.ok();
        Permit { permit, limit: self.clone() }
    }

    /// Halves the limit, once for each wave of complaints.
    pub(super) fn halve(&self) {
        let mut state = self.lock();
        if state.halved_at.is_some_and(|then| then.elapsed() < ONE_WAVE) {
            return;
        }
        state.halved_at = Some(Instant::now());
        let removed = state.size / 2;
        state.size -= removed;
        state.surplus += removed - self.permits.forget_permits(removed);
    }

    /// Grows the limit by one towards its ceiling, if the last complaint is long enough ago.
    pub(super) fn grow(&self) {
        let mut state = self.lock();
        let cautious = state.halved_at.is_some_and(|then| then.elapsed() < CAUTION);
        if cautious || state.size == state.ceiling {
            return;
        }
        state.size += 1;
        if state.surplus > 0 {
            state.surplus -= 1;
        } else {
            self.permits.add_permits(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.limit.lock();
        if state.surplus > 0
            && let Some(permit) = self.permit.take()
        {
            state.surplus -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_complaint_halves_what_is_free_and_what_comes_back() {
        let limit = Arc::new(Limit::new(8));
        let mut held = Vec::new();
        for _ in 0..6 {
            held.push(limit.acquire().await);
        }
        limit.halve();
        limit.halve();
        assert_eq!((limit.lock().size, limit.permits.available_permits()), (4, 0));
        held.clear();
        assert_eq!((limit.lock().surplus, limit.permits.available_permits()), (0, 4));
    }

    #[tokio::test]
    async fn success_grows_it_again_after_a_while() {
        let limit = Arc::new(Limit::new(4));
        limit.halve();
        limit.grow();
        assert_eq!(limit.permits.available_permits(), 2);
        limit.lock().halved_at = None;
        for _ in 0..9 {
            limit.grow();
        }
        assert_eq!((limit.lock().size, limit.permits.available_permits()), (4, 4));
    }

    #[test]
    fn one_request_is_always_allowed() {
        let limit = Limit::new(0);
        limit.halve();
        assert_eq!(limit.permits.available_permits(), 1);
    }
}

//! How much happens at once: one operation per container, one per image and project, few per host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::core::id::ContainerName;

/// More operations at once than anyone wants.
const MOST_PLACES: u32 = 1 << 16;

/// The limits of one host; a cheap clone.
#[derive(Clone)]
pub struct Limits {
    operations: Arc<Semaphore>,
    /// How many places there are.
    places: u32,
    busy: Arc<Mutex<BTreeSet<ContainerName>>>,
    /// Those with an operation that is open, whether or not it is being carried on.
    blocked: Arc<Mutex<BTreeSet<ContainerName>>>,
    turns: Arc<Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>>,
}

/// Leave to operate on containers, given back when dropped.
pub struct Slot {
    _targets: Busy,
    _turns: Vec<OwnedMutexGuard<()>>,
    _permit: Option<OwnedSemaphorePermit>,
}

struct Busy {
    names: BTreeSet<ContainerName>,
    all: Arc<Mutex<BTreeSet<ContainerName>>>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        lock(&self.all).retain(|name| !self.names.contains(name));
    }
}

impl Limits {
    /// Allows as many operations at once as `concurrency` says, at least one.
    pub fn new(concurrency: usize) -> Self {
        let places = u32::try_from(concurrency).unwrap_or(u32::MAX).clamp(1, MOST_PLACES);
        Self {
            operations: Arc::new(Semaphore::new(places as usize)),
            places,
            busy: Arc::default(),
            blocked: Arc::default(),
            turns: Arc::default(),
        }
    }

    /// Waits for its turn at all that only one may have at a time, such as an image's name, and for a
    /// free place; says at once which of the containers already has an operation.
    pub async fn acquire(
        &self,
        names: BTreeSet<ContainerName>,
        turns: BTreeSet<String>,
    ) -> Result<Slot, ContainerName> {
        self.admit(names, turns, 1).await
    }

    /// The same, and waits until nothing else is going on; until the slot is given back nothing else
    /// begins.
    pub async fn acquire_alone(
        &self,
        names: BTreeSet<ContainerName>,
        turns: BTreeSet<String>,
    ) -> Result<Slot, ContainerName> {
        self.admit(names, turns, self.places).await
    }

    async fn admit(
        &self,
        names: BTreeSet<ContainerName>,
        turns: BTreeSet<String>,
        places: u32,
    ) -> Result<Slot, ContainerName> {
        let targets = self.occupy(names)?;
        let mut held = Vec::new();
        // Always in the same order, or two could wait for each other.
        for turn in turns {
            held.push(self.turn(turn).lock_owned().await);
        }
        let permit = Arc::clone(&self.operations).acquire_many_owned(places).await.ok();
        Ok(Slot { _targets: targets, _turns: held, _permit: permit })
    }

    fn occupy(&self, names: BTreeSet<ContainerName>) -> Result<Busy, ContainerName> {
        if let Some(name) = lock(&self.blocked).intersection(&names).next() {
            return Err(name.clone());
        }
        let mut busy = lock(&self.busy);
        if let Some(name) = busy.intersection(&names).next() {
            return Err(name.clone());
        }
        busy.extend(names.iter().cloned());
        drop(busy);
        Ok(Busy { names, all: Arc::clone(&self.busy) })
    }

    /// Says whether a container has an operation now.
    pub(super) fn is_busy(&self, name: &ContainerName) -> bool {
        [&self.blocked, &self.busy].iter().any(|names| lock(names).contains(name))
    }

    /// Lets a container have no further operation: one is open, whoever holds its slot.
    pub(super) fn block(&self, name: ContainerName) {
        lock(&self.blocked).insert(name);
    }

    /// Lets a container have operations again.
    pub(super) fn unblock(&self, name: &ContainerName) {
        lock(&self.blocked).remove(name);
    }

    /// The lock of one turn; those that nobody holds any more are forgotten.
    fn turn(&self, name: String) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = lock(&self.turns);
        turns.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(turns.entry(name).or_default())
    }
}

/// A panic elsewhere leaves these collections whole: every change is one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn one_operation_per_container_and_per_turn() {
        let limits = Limits::new(2);
        let turns = |text: &str| text.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
        let names = |text: &str| text.split(' ').map(ContainerName::new).collect();
        let (nginx, shop, redis) = (turns("nginx shop"), turns("api shop"), turns("redis"));
        let held = limits.acquire(names("web sidecar"), nginx.clone()).await.unwrap();
        for busy in ["web", "sidecar"] {
            let refused = limits.acquire(names(&format!("api {busy}")), nginx.clone()).await;
            assert_eq!(refused.err(), Some(ContainerName::new(busy)));
        }
        let waiting = limits.acquire(names("api"), shop.clone());
        tokio::pin!(waiting);
        assert!(futures_util::poll!(waiting.as_mut()).is_pending(), "the project is busy");
        let other = limits.acquire(names("redis"), redis.clone()).await;
        assert!(other.is_ok(), "another image has a free place");
        drop((held, other));
        assert!(waiting.await.is_ok());
        let held = limits.acquire(names("web sidecar"), nginx.clone()).await;
        assert!(held.is_ok(), "a slot is given back");
        limits.block(ContainerName::new("web"));
        drop(held);
        assert!(
            limits.acquire(names("web"), nginx.clone()).await.is_err(),
            "an open operation stays"
        );
        limits.unblock(&ContainerName::new("web"));
        let held = limits.acquire(names("web"), nginx.clone()).await;
        assert!(held.is_ok());
        let alone = limits.acquire_alone(names("auto"), redis.clone());
        tokio::pin!(alone);
        assert!(futures_util::poll!(alone.as_mut()).is_pending(), "something is going on");
        drop(held);
        let alone = alone.await;
        let waiting = limits.acquire(names("web"), nginx.clone());
        tokio::pin!(waiting);
        assert!(futures_util::poll!(waiting.as_mut()).is_pending(), "it is alone");
        drop(alone);
        assert!(waiting.await.is_ok());
    }

    #[tokio::test]
    async fn the_number_decides_how_many_operations_there_are_at_once() {
        for (concurrency, most) in [(0, 1), (1, 1), (2, 2), (5, 5)] {
            let limits = Limits::new(concurrency);
            let ask = |number: usize| {
                let name = ContainerName::new(format!("web{number}"));
                limits.acquire(BTreeSet::from([name]), BTreeSet::from([format!("image{number}")]))
            };
            let mut held = Vec::new();
            for number in 0..most {
                let asked = ask(number);
                tokio::pin!(asked);
                let Poll::Ready(slot) = futures_util::poll!(asked) else {
                    panic!("{number} of {most} has to wait")
                };
                held.push(slot.unwrap());
            }
            let waiting = ask(most);
            tokio::pin!(waiting);
            assert!(futures_util::poll!(waiting.as_mut()).is_pending(), "{most} are the most");
            held.pop();
            assert!(waiting.await.is_ok(), "a place is free again");
        }
    }
}

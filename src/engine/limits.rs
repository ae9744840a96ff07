//! How much happens at once: one operation per container, one per image, few per host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::core::id::ContainerName;
use crate::core::reference::ImageRef;

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
    images: Arc<Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>>,
}

/// Leave to operate on containers, given back when dropped.
pub struct Slot {
    _targets: Busy,
    _images: Vec<OwnedMutexGuard<()>>,
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
            images: Arc::default(),
        }
    }

    /// Waits for the images' turn and a free place; says at once which of the containers already
    /// has an operation.
    pub async fn acquire(
        &self,
        names: BTreeSet<ContainerName>,
        images: &[ImageRef],
    ) -> Result<Slot, ContainerName> {
        self.admit(names, images, 1).await
    }

    /// The same, and waits until nothing else is going on; until the slot is given back nothing else
    /// begins.
    pub async fn acquire_alone(
        &self,
        names: BTreeSet<ContainerName>,
        images: &[ImageRef],
    ) -> Result<Slot, ContainerName> {
        self.admit(names, images, self.places).await
    }

    async fn admit(
        &self,
        names: BTreeSet<ContainerName>,
        images: &[ImageRef],
        places: u32,
    ) -> Result<Slot, ContainerName> {
        let targets = self.occupy(names)?;
        // Always in the same order, or two could wait for each other.
        let repositories: BTreeSet<_> = images.iter().map(ImageRef::name).collect();
        let mut held = Vec::new();
        for repository in repositories {
            held.push(self.image(&repository).lock_owned().await);
        }
        let permit = Arc::clone(&self.operations).acquire_many_owned(places).await.ok();
        Ok(Slot { _targets: targets, _images: held, _permit: permit })
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

    /// The lock of one image; those that nobody holds any more are forgotten.
    fn image(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut images = lock(&self.images);
        images.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(images.entry(name.to_owned()).or_default())
    }
}

/// A panic elsewhere leaves these collections whole: every change is one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_operation_per_container_and_per_image() {
        let limits = Limits::new(2);
        let image = |text: &str| [ImageRef::parse(text).unwrap()];
        let names = |text: &str| text.split(' ').map(ContainerName::new).collect();
        let (nginx, newer, redis) = (image("nginx:1"), image("nginx:2"), image("redis"));
        let held = limits.acquire(names("web sidecar"), &nginx).await.unwrap();
        for busy in ["web", "sidecar"] {
            let refused = limits.acquire(names(&format!("api {busy}")), &nginx).await;
            assert_eq!(refused.err(), Some(ContainerName::new(busy)));
        }
        let waiting = limits.acquire(names("api"), &newer);
        tokio::pin!(waiting);
        assert!(futures_util::poll!(waiting.as_mut()).is_pending(), "the image is busy");
        let other = limits.acquire(names("redis"), &redis).await;
        assert!(other.is_ok(), "another image has a free place");
        drop((held, other));
        assert!(waiting.await.is_ok());
        let held = limits.acquire(names("web sidecar"), &nginx).await;
        assert!(held.is_ok(), "a slot is given back");
        limits.block(ContainerName::new("web"));
        drop(held);
        assert!(limits.acquire(names("web"), &nginx).await.is_err(), "an open operation stays");
        limits.unblock(&ContainerName::new("web"));
        let held = limits.acquire(names("web"), &nginx).await;
        assert!(held.is_ok());
        let alone = limits.acquire_alone(names("auto"), &redis);
        tokio::pin!(alone);
        assert!(futures_util::poll!(alone.as_mut()).is_pending(), "something is going on");
        drop(held);
        let alone = alone.await;
        let waiting = limits.acquire(names("web"), &nginx);
        tokio::pin!(waiting);
        assert!(futures_util::poll!(waiting.as_mut()).is_pending(), "it is alone");
        drop(alone);
        assert!(waiting.await.is_ok());
    }
}

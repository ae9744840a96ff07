//! How much happens at once: one operation per container, one per image, few per host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::core::id::ContainerName;
use crate::core::reference::ImageRef;

/// The limits of one host; a cheap clone.
#[derive(Clone)]
pub struct Limits {
    operations: Arc<Semaphore>,
    busy: Arc<Mutex<BTreeSet<ContainerName>>>,
    /// Those with an operation that is open, whether or not it is being carried on.
    blocked: Arc<Mutex<BTreeSet<ContainerName>>>,
    images: Arc<Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>>,
}

/// Leave to operate on one container, given back when dropped.
pub struct Slot {
    _target: Busy,
    _image: OwnedMutexGuard<()>,
    _permit: Option<OwnedSemaphorePermit>,
}

struct Busy {
    name: ContainerName,
    all: Arc<Mutex<BTreeSet<ContainerName>>>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        lock(&self.all).remove(&self.name);
    }
}

impl Limits {
    /// Allows as many operations at once as `concurrency` says, at least one.
    pub fn new(concurrency: usize) -> Self {
        Self {
            operations: Arc::new(Semaphore::new(concurrency.max(1))),
            busy: Arc::default(),
            blocked: Arc::default(),
            images: Arc::default(),
        }
    }

    /// Waits for the image's turn and a free place; `None` at once when the container already has
    /// an operation.
    pub async fn acquire(&self, name: &ContainerName, image: &ImageRef) -> Option<Slot> {
        if lock(&self.blocked).contains(name) || !lock(&self.busy).insert(name.clone()) {
            return None;
        }
        let target = Busy { name: name.clone(), all: Arc::clone(&self.busy) };
        let image = self.image(&image.name());
        let image = image.lock_owned().await;
        let permit = Arc::clone(&self.operations).acquire_owned().await.ok();
        Some(Slot { _target: target, _image: image, _permit: permit })
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
        let (web, api) = (ContainerName::new("web"), ContainerName::new("api"));
        let nginx = ImageRef::parse("nginx:1").unwrap();
        let held = limits.acquire(&web, &nginx).await.unwrap();
        assert!(limits.acquire(&web, &nginx).await.is_none(), "the container is busy");
        let newer = ImageRef::parse("nginx:2").unwrap();
        let waiting = limits.acquire(&api, &newer);
        tokio::pin!(waiting);
        assert!(futures_util::poll!(waiting.as_mut()).is_pending(), "the image is busy");
        let redis = ImageRef::parse("redis").unwrap();
        let other = limits.acquire(&ContainerName::new("redis"), &redis).await;
        assert!(other.is_some(), "another image has a free place");
        drop((held, other));
        assert!(waiting.await.is_some());
        let held = limits.acquire(&web, &nginx).await;
        assert!(held.is_some(), "a slot is given back");
        limits.block(web.clone());
        drop(held);
        assert!(limits.acquire(&web, &nginx).await.is_none(), "an open operation stays");
        limits.unblock(&web);
        assert!(limits.acquire(&web, &nginx).await.is_some());
    }
}

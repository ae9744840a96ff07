//! What images say of themselves and when they were published: read once, for what a digest stands
//! for never changes.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::TimeDelta;

use crate::core::digest::Digest;
use crate::core::id::Timestamp;
use crate::core::inventory::Inventory;
use crate::core::policy::Policy;
use crate::core::reference::ImageRef;
use crate::core::remote::RemoteImage;
use crate::engine::judge::Subject;
use crate::engine::{Engine, remote};
use crate::registry::Wanted;

/// How many images are remembered; beyond that all are read anew.
const MOST: usize = 4096;

/// How much must be known of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    /// What it says of itself.
    Described,
    /// When it was published as well, for containers that ask for images of some age.
    Dated,
}

impl Depth {
    /// Returns what a container's policy asks for.
    pub(super) fn of(policy: &Policy) -> Self {
        if policy.cooldown.value == Duration::ZERO { Self::Described } else { Self::Dated }
    }
}

/// What is known of images, by their repository and their platform's manifest.
pub(super) type Descriptions = HashMap<(String, Digest), Description>;

/// What is known of an image.
#[derive(Clone, Debug)]
pub(super) struct Description {
    built_at: Option<Timestamp>,
    version: Option<String>,
    revision: Option<String>,
    /// When it was published, as far as that is known.
    published_at: Option<Timestamp>,
    /// How much was asked.
    depth: Depth,
    asked_at: Timestamp,
}

/// How long what could not be read is not asked for again.
const RETRIED_AFTER: TimeDelta = TimeDelta::hours(1);

impl Description {
    /// Says whether nothing has to be asked again.
    fn holds(&self, now: Timestamp) -> bool {
        self.built_at.is_some() || (now - self.asked_at).abs() < RETRIED_AFTER
    }
}

impl Engine {
    /// Puts into an image what it says of itself; without it, it is as good.
    pub(super) async fn describe(
        &self,
        inventory: &Inventory,
        reference: &ImageRef,
        (image, depth): (&mut RemoteImage, Depth),
    ) {
        let wanted = remote::wanted(reference, inventory);
        let now = self.clock.now();
        let place = (reference.name(), image.manifest.clone());
        let known = self.descriptions().get(&place).cloned();
        let mut description = match known.filter(|known| known.holds(now)) {
            Some(description) => description,
            None => self.description(&wanted, image).await,
        };
        if depth > description.depth {
            let digests = (&image.resolved.digest, &image.manifest);
            // What could not be asked is asked again: a date that is missing makes an image older.
            if let Ok(published_at) = self.registry.published_at(&wanted, digests).await {
                description.published_at = published_at;
                description.depth = depth;
            }
        }
        image.version.clone_from(&description.version);
        image.revision.clone_from(&description.revision);
        image.created_at = description.published_at.or(description.built_at);
        let mut all = self.descriptions();
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(place, description);
    }

    async fn description(&self, wanted: &Wanted, image: &mut RemoteImage) -> Description {
        if image.created_at.is_none()
            && let Some(digest) = &image.config
        {
            match self.registry.image_config(wanted, digest).await {
                Ok(config) => remote::describe(image, &config),
                Err(error) => log::debug!("what an image says of itself is not known: {error}"),
            }
        }
        Description {
            built_at: image.created_at,
            version: image.version.clone(),
            revision: image.revision.clone(),
            published_at: None,
            depth: Depth::Described,
            asked_at: self.clock.now(),
        }
    }

    fn descriptions(&self) -> std::sync::MutexGuard<'_, Descriptions> {
        self.descriptions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subject<'_> {
    /// Puts in the date that is remembered of an image, if it is the later one: when it was published
    /// may have been known before, and not now.
    pub(super) fn date(&self, image: &mut RemoteImage) {
        image.created_at = image.created_at.max(self.sighted(&image.manifest));
    }
}

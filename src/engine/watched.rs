//! Checks the images that are watched although no container has to run them.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::comparison::LocalImages;
use crate::core::digest::Digest;
use crate::core::event::What;
use crate::core::id::ContainerName;
use crate::core::inventory::Inventory;
use crate::core::reference::ImageRef;
use crate::core::watched::{Standing, Watched};
use crate::engine::command::Freshness;
use crate::engine::{Engine, EngineError, remote};

/// A watched image, and how it stands on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedImage {
    /// What is known of it.
    pub watched: Watched,
    /// The digests of the image that has its name on the host; `None` where none has it.
    pub here: Option<BTreeSet<Digest>>,
}

impl WatchedImage {
    /// Returns how it stands.
    pub fn standing(&self) -> Standing {
        self.watched.standing(self.here.as_ref())
    }
}

impl Engine {
    /// Asks the registries for all watched images, remembers what they answer and tells what is new.
    /// Returns the images in the order of their references.
    pub async fn check_images(&self) -> Result<Vec<WatchedImage>, EngineError> {
        if self.settings.watched.is_empty() {
            return Ok(Vec::new());
        }
        let inventory = self.discover().await?;
        self.check_images_in(&inventory, Freshness::Forced).await
    }

    /// Does it with an inventory; the answers of the check before it are good enough.
    pub(super) async fn check_images_in(
        &self,
        inventory: &Inventory,
        freshness: Freshness,
    ) -> Result<Vec<WatchedImage>, EngineError> {
        let references = &self.settings.watched;
        let known = self.store.watched_images().all().await?;
        if references.is_empty() && known.is_empty() {
            return Ok(Vec::new());
        }
        let mut known: BTreeMap<ImageRef, Watched> =
            known.into_iter().map(|one| (one.reference.clone(), one)).collect();
        let wanted = references.iter().map(|reference| remote::wanted(reference, inventory));
        let asking = self.registry.check(wanted.collect(), remote::freshness(freshness));
        let now = self.clock.now();
        let images = LocalImages::new(inventory.engine.store, &inventory.images);
        let mut checked = Vec::new();
        for (reference, reply) in asking.await {
            let before = known.remove(&reference);
            let answer = remote::answer(reply);
            let watched = Watched::after(before.clone(), &reference, &answer, now);
            self.tell_of_image(before.as_ref(), &watched);
            checked.push(WatchedImage { here: images.digests_of(&reference), watched });
        }
        let all = checked.iter().map(|one| one.watched.clone()).collect();
        self.store.watched_images().replace(all).await?;
        Ok(checked)
    }

    fn tell_of_image(&self, before: Option<&Watched>, watched: &Watched) {
        if let Some((old, new)) = watched.moved(before) {
            let reference = ContainerName::new(watched.reference.familiar());
            let (old, new) = (old.short().to_owned(), new.short().to_owned());
            self.tell(self.target(&reference), None, What::ImageMoved { old, new });
        }
    }
}

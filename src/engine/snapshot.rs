//! Stores what the engine shows of containers and their images while both are there: an image that
//! is removed by force can no longer say which settings were its own.

use std::collections::BTreeSet;

use crate::core::id::{ContainerId, ImageId};
use crate::core::inventory::{Container, Inventory};
use crate::engine::{Engine, EngineError};
use crate::logging::Chain;
use crate::store::{ImageSnapshot, Snapshot};

impl Engine {
    /// Stores every container that was not seen before, and its image.
    pub(super) async fn snapshot(&self, inventory: &Inventory) -> Result<(), EngineError> {
        let host = self.host.id();
        let known = self.store.snapshots().known(host).await?;
        let present = inventory.containers.values();
        let present = present.map(|one| (one.name.clone(), one.image_id.clone())).collect();
        let unseen = |container: &&Container| {
            known.get(&container.name) != Some(&container.id) && !container.name.is_reserved()
        };
        let mut containers = Vec::new();
        let mut images = Vec::new();
        let mut image_ids = BTreeSet::new();
        for container in inventory.containers.values().filter(unseen) {
            let snapshot = self.container_snapshot(container, &container.id).await;
            let Some(snapshot) = shown(container, snapshot)? else { continue };
            containers.push(snapshot);
            if image_ids.insert(&container.image_id) {
                images.extend(shown(container, self.image_snapshot(&container.image_id).await)?);
            }
        }
        if !containers.is_empty() {
            self.store.snapshots().record(host, containers, images).await?;
        }
        Ok(self.store.snapshots().retain(host, present).await?)
    }

    async fn container_snapshot(
        &self,
        container: &Container,
        id: &ContainerId,
    ) -> Result<Option<Snapshot>, EngineError> {
        let inspect = self.host.inspect_container(id).await?;
        Ok(inspect.map(|inspect| Snapshot {
            name: container.name.clone(),
            container_id: id.clone(),
            image_id: container.image_id.clone(),
            seen_at: self.clock.now(),
            inspect,
        }))
    }

    async fn image_snapshot(&self, id: &ImageId) -> Result<Option<ImageSnapshot>, EngineError> {
        let inspect = self.host.inspect_image(id.as_str(), None).await?;
        Ok(inspect.map(|inspect| ImageSnapshot {
            image_id: id.clone(),
            seen_at: self.clock.now(),
            inspect,
        }))
    }
}

/// Names what the engine could not show; the next check asks again.
fn shown<T>(
    container: &Container,
    snapshot: Result<Option<T>, EngineError>,
) -> Result<Option<T>, EngineError> {
    match snapshot {
        Err(error) if !error.is_unreachable() => {
            let name = container.name.as_str();
            log::warn!(action = "check", container = name; "{name}: {}", Chain(&error));
            Ok(None)
        }
        snapshot => snapshot,
    }
}

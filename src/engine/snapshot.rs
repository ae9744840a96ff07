//! Stores what the engine shows of containers and their images while both are there: an image that
//! is removed by force can no longer say which settings were its own.

use std::collections::BTreeSet;

use crate::core::id::ContainerId;
use crate::core::inventory::{Container, Inventory};
use crate::engine::{Engine, EngineError, image};
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
            containers.extend(self.container_snapshot(container, &container.id).await?);
            if image_ids.insert(&container.image_id) {
                let inspect = self.host.inspect_image(container.image_id.as_str(), None).await?;
                images.extend(inspect.filter(image::is_whole).map(|inspect| ImageSnapshot {
                    image_id: container.image_id.clone(),
                    seen_at: self.clock.now(),
                    inspect,
                }));
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
}

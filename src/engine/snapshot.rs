//! Stores what the engine shows of containers and their images while both are there: an image that
//! is removed by force can no longer say which settings were its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::core::dependency::{namespace_owners, volume_owners};
use crate::core::id::{ContainerId, ContainerName, ImageId};
use crate::core::inventory::{Container, Inventory};
use crate::core::recreate::first_look;
use crate::engine::{Engine, EngineError, image};
use crate::logging::Chain;
use crate::store::{ImageSnapshot, Snapshot};

/// How many containers are written in one transaction: the inspects of hundreds at a time would
/// leave a heap that is never as small again.
const WRITTEN_AT_ONCE: usize = 16;

impl Engine {
    /// Stores every container that was not seen before, and its image.
    pub(super) async fn snapshot(&self, inventory: &Inventory) -> Result<(), EngineError> {
        let host = self.host.id();
        let known = self.store.snapshots().known(host).await?;
        let unseen = |container: &&Container| {
            known.get(&container.name) != Some(&container.id) && !container.name.is_reserved()
        };
        let unseen: Vec<_> = inventory.containers.values().filter(unseen).collect();
        let mut image_ids = BTreeSet::new();
        for some in unseen.chunks(WRITTEN_AT_ONCE) {
            let (mut containers, mut images) = (Vec::new(), Vec::new());
            for container in some {
                let snapshot = self.container_snapshot(container, inventory).await;
                let Some(snapshot) = shown(container, snapshot)? else { continue };
                containers.push(snapshot);
                if image_ids.insert(&container.image_id) {
                    let image = self.image_snapshot(&container.image_id).await;
                    images.extend(shown(container, image)?);
                }
            }
            if !containers.is_empty() {
                self.store.snapshots().record(host, containers, images).await?;
            }
        }
        let present = inventory.containers.values();
        let present = present.map(|one| (one.name.clone(), one.image_id.clone())).collect();
        Ok(self.store.snapshots().retain(host, present).await?)
    }

    /// Returns a container that was not seen before. One that names others by ID is stored at once: by
    /// the next check they may have been replaced.
    pub(super) async fn first_seen(
        &self,
        container: &Container,
        inventory: &Inventory,
    ) -> Result<Option<Snapshot>, EngineError> {
        let snapshot = self.container_snapshot(container, inventory).await?;
        if let Some(snapshot) = snapshot.as_ref().filter(|snapshot| !snapshot.parents.is_empty()) {
            let image = self.image_snapshot(&container.image_id).await?.into_iter().collect();
            self.store.snapshots().record(self.host.id(), vec![snapshot.clone()], image).await?;
        }
        Ok(snapshot)
    }

    async fn container_snapshot(
        &self,
        container: &Container,
        inventory: &Inventory,
    ) -> Result<Option<Snapshot>, EngineError> {
        let inspect = self.host.inspect_container(&container.id).await?;
        let Some(inspect) = inspect else { return Ok(None) };
        let parents = self.parents((container, &inspect), inventory).await?;
        let earlier = self.earlier(&container.name).await?;
        Ok(Some(Snapshot {
            name: container.name.clone(),
            container_id: container.id.clone(),
            image_id: container.image_id.clone(),
            seen_at: self.clock.now(),
            first: first_look(earlier.as_ref(), &inspect),
            inspect,
            parents,
        }))
    }

    /// Returns those of whose namespaces a container has a part, and those whose volumes it shares by
    /// their IDs, with the names that they have, or had when they were seen last.
    pub(super) async fn parents(
        &self,
        (container, inspect): (&Container, &Value),
        inventory: &Inventory,
    ) -> Result<BTreeMap<ContainerId, ContainerName>, EngineError> {
        let owners: Vec<_> = namespace_owners(inspect).chain(volume_owners(inspect)).collect();
        if owners.is_empty() {
            return Ok(BTreeMap::new());
        }
        let stored = self.store.snapshots().container(&self.target(&container.name)).await?;
        let stored = stored.filter(|snapshot| snapshot.container_id == container.id);
        let mut parents = stored.map(|snapshot| snapshot.parents).unwrap_or_default();
        let named = |one: &&Container| {
            owners.iter().any(|owner| owner.len() >= 12 && one.id.as_str().starts_with(owner))
        };
        let there = inventory.containers.values().filter(named);
        parents.extend(there.map(|one| (one.id.clone(), one.name.clone())));
        Ok(parents)
    }

    async fn image_snapshot(&self, id: &ImageId) -> Result<Option<ImageSnapshot>, EngineError> {
        let inspect = self.host.inspect_image(id.as_str(), None).await?;
        Ok(inspect.filter(image::is_whole).map(|inspect| ImageSnapshot {
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

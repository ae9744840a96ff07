//! What becomes of the images that operations on a container have replaced.

use crate::core::id::{ContainerName, OperationId};
use crate::core::inventory::Inventory;
use crate::core::retention::{ImageCare, Move, Situation, image_care};
use crate::engine::prepare::Job;
use crate::engine::{Engine, EngineError};

impl Engine {
    /// Returns which image is held and which ones go when an operation has ended well.
    pub(super) async fn image_care(
        &self,
        job: &Job<'_>,
        operation: &OperationId,
    ) -> Result<ImageCare, EngineError> {
        let past = self.store.history().moves(self.host.id()).await?;
        let planned = Move {
            operation: operation.clone(),
            kind: job.kind,
            container: job.container.name.clone(),
            from: job.container.image_id.clone(),
            to: job.goal.image.id.clone(),
        };
        Ok(image_care(&Situation {
            planned: &planned,
            reference: &job.goal.reference,
            old_container: self.settings.retention_of(job.container),
            past: &past,
            inventory: job.inventory,
            keep: self.settings.keep_images,
        }))
    }
}

/// Says whether an operation's six digits are those of a container or of an image that is held.
pub(super) fn is_taken(inventory: &Inventory, operation: &OperationId) -> bool {
    let short = operation.short();
    let mut named = inventory.containers.keys().filter_map(ContainerName::reserved_parts);
    let mut held = inventory.images.values().flat_map(|image| &image.keep_tags);
    named.any(|(_, _, taken)| taken == short) || held.any(|tag| tag.ends_with(short))
}

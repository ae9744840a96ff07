//! What becomes of the images that operations on a container have replaced.

use std::path::PathBuf;

use crate::core::id::{ContainerName, OperationId};
use crate::core::inventory::Inventory;
use crate::core::journal::{FreeSpace, Known, StepOutput};
use crate::core::plan::{Key, Step, StepError, StepRunner as _};
use crate::core::retention::{ImageCare, Move, Situation, image_care};
use crate::engine::operate::Runner;
use crate::engine::prepare::{Job, left};
use crate::engine::{Engine, EngineError};
use crate::store::backups;

impl Engine {
    /// Returns which image is held and which ones go when an operation has ended well.
    pub(super) async fn image_care(
        &self,
        job: &Job<'_>,
        operation: &OperationId,
    ) -> Result<ImageCare, EngineError> {
        let past = self.store.history().past(self.host.id()).await?;
        let planned = Move {
            operation: operation.clone(),
            kind: job.kind,
            container: job.container.name.clone(),
            from: job.container.image_id.clone(),
            to: job.goal.image.id.clone(),
            leaves: left(job.container, &job.goal.reference),
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

impl Runner<'_> {
    /// Removes an image and looks what that did to the engine's disk.
    pub(super) async fn remove_image(
        &self,
        step: &Step,
        known: &Known,
    ) -> Result<StepOutput, StepError> {
        let folders = self.folders_of_the_engine(known).await;
        let before = free_bytes(&folders).await;
        let mut output = self.host.run(step, known).await?;
        if let StepOutput::ImageRemoved { free, .. } = &mut output {
            let space = before.zip(free_bytes(&folders).await);
            *free =
                space.map(|(before_bytes, after_bytes)| FreeSpace { before_bytes, after_bytes });
        }
        Ok(output)
    }

    /// Returns folders that lie on the engine's disk if they are there. A container's own files lie
    /// there. Elsewhere, that a path which the engine names is the same for us is shown by the folder
    /// of a container that the plan has made or found.
    async fn folders_of_the_engine(&self, known: &Known) -> Vec<PathBuf> {
        let is_contained =
            self.engine.shown().await.ok().flatten().is_some_and(|own| !own.ids.is_empty());
        if is_contained {
            return vec![PathBuf::from("/")];
        }
        if !self.engine.settings.sees_the_host() {
            return Vec::new();
        }
        let Ok(root) = self.engine.host.root_directory().await else { return Vec::new() };
        let containers = PathBuf::from(root).join("containers");
        let ids =
            [Key::replacement(), Key::old()].into_iter().filter_map(|key| known.ids.get(&key));
        ids.map(|id| containers.join(id.as_str())).collect()
    }
}

async fn free_bytes(folders: &[PathBuf]) -> Option<u64> {
    for folder in folders {
        if let Some(bytes) = backups::free_bytes_at(folder.clone()).await {
            return Some(bytes);
        }
    }
    None
}

/// Says whether an operation's six digits are those of a container or of an image that is held.
pub(super) fn is_taken(inventory: &Inventory, operation: &OperationId) -> bool {
    let short = operation.short();
    let mut named = inventory.containers.keys().filter_map(ContainerName::reserved_parts);
    let mut held = inventory.images.values().flat_map(|image| &image.keep_tags);
    named.any(|(_, _, taken)| taken == short) || held.any(|tag| tag.ends_with(short))
}

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
        let past = self.store.history().moves(self.host.id()).await?;
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
        let folder = self.folder_of_the_engine(known).await;
        let before = free_bytes(folder.as_ref()).await;
        let mut output = self.host.run(step, known).await?;
        if let StepOutput::ImageRemoved { free, .. } = &mut output {
            let space = before.zip(free_bytes(folder.as_ref()).await);
            *free =
                space.map(|(before_bytes, after_bytes)| FreeSpace { before_bytes, after_bytes });
        }
        Ok(output)
    }

    /// Returns a folder on the engine's disk. That the path which the engine names is the same for us is
    /// shown by the folder of a container that we have just made.
    async fn folder_of_the_engine(&self, known: &Known) -> Option<PathBuf> {
        let container = known.ids.get(&Key::replacement())?;
        if !self.engine.settings.sees_the_host() {
            return None;
        }
        let root = self.engine.host.root_directory().await.ok()?;
        Some(PathBuf::from(root).join("containers").join(container.as_str()))
    }
}

async fn free_bytes(folder: Option<&PathBuf>) -> Option<u64> {
    backups::free_bytes_at(folder?.clone()).await
}

/// Says whether an operation's six digits are those of a container or of an image that is held.
pub(super) fn is_taken(inventory: &Inventory, operation: &OperationId) -> bool {
    let short = operation.short();
    let mut named = inventory.containers.keys().filter_map(ContainerName::reserved_parts);
    let mut held = inventory.images.values().flat_map(|image| &image.keep_tags);
    named.any(|(_, _, taken)| taken == short) || held.any(|tag| tag.ends_with(short))
}

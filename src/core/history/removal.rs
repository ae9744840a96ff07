//! What a record tells of the images that an operation has removed, or has left where they were.

use serde::{Deserialize, Serialize};

use crate::core::id::ImageId;
use crate::core::journal::{JournalEntry, Position, StepOutput};
use crate::core::plan::{Step, UpdatePlan};

/// An image that an operation has removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedImage {
    /// Its ID.
    pub image: ImageId,
    /// Its size on disk, with layers that others may share; null where it is unknown.
    pub size_bytes: Option<u64>,
}

/// Returns the images that an operation has removed.
pub(super) fn removed_images(plan: &UpdatePlan, entries: &[JournalEntry]) -> Vec<RemovedImage> {
    let removed = entries.iter().filter_map(|entry| match entry {
        JournalEntry::Done { position, output: StepOutput::ImageRemoved { size_bytes }, .. } => {
            let image = image_at(plan, *position)?.clone();
            Some(RemovedImage { image, size_bytes: *size_bytes })
        }
        _ => None,
    });
    removed.collect()
}

/// Returns the warning about an image that was not removed.
pub(super) fn stays(plan: &UpdatePlan, position: Position, reason: &str) -> Option<String> {
    let image = image_at(plan, position)?;
    Some(format!("the image {} stays: {reason}", image.short()))
}

fn image_at(plan: &UpdatePlan, position: Position) -> Option<&ImageId> {
    match position.step(plan)? {
        Step::RemoveImage { image, .. } => Some(image),
        _ => None,
    }
}

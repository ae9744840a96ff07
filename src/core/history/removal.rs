//! What a record tells of the images that an operation has removed, or has left where they were.

use serde::{Deserialize, Serialize};

use crate::core::backup::shown;
use crate::core::id::ImageId;
use crate::core::journal::{FreeSpace, JournalEntry, Position, StepOutput};
use crate::core::plan::{Step, UpdatePlan};

/// An image that an operation has removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedImage {
    /// Its ID.
    pub image: ImageId,
    /// Its size on disk, with layers that others may share; null where it is unknown.
    pub size_bytes: Option<u64>,
    /// What that did to the engine's disk, where it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<FreeSpace>,
}

/// Returns `removed 2 images, 12.3 MB (1.0 GB free before, 1.1 GB after)`; `None` where there is
/// nothing to tell.
pub fn freed(removed: &[RemovedImage]) -> Option<String> {
    let images = match removed.len() {
        0 => return None,
        1 => "1 image".to_owned(),
        count => format!("{count} images"),
    };
    let known: u64 = removed.iter().filter_map(|image| image.size_bytes).sum();
    let tenths = known / 100_000;
    let size = format!("{}.{} MB", tenths / 10, tenths % 10);
    let size = match removed.iter().filter(|image| image.size_bytes.is_none()).count() {
        0 => size,
        unknown if unknown == removed.len() => "size unknown".to_owned(),
        _ => format!("{size} and some of unknown size"),
    };
    // Layers that others share are not freed, so that the sizes alone would promise too much.
    let before = removed.iter().find_map(|image| image.free).map(|free| free.before_bytes);
    let after = removed.iter().rev().find_map(|image| image.free).map(|free| free.after_bytes);
    let free = match before.zip(after) {
        Some((before, after)) => format!("{} free before, {} after", shown(before), shown(after)),
        None => "free space unknown".to_owned(),
    };
    Some(format!("removed {images}, {size} ({free})"))
}

/// Returns the images that an operation has removed.
pub(super) fn removed_images(plan: &UpdatePlan, entries: &[JournalEntry]) -> Vec<RemovedImage> {
    let removed = entries.iter().filter_map(|entry| match entry {
        JournalEntry::Done {
            position,
            output: StepOutput::ImageRemoved { size_bytes, free },
            ..
        } => {
            let image = image_at(plan, *position)?.clone();
            Some(RemovedImage { image, size_bytes: *size_bytes, free: *free })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_freed_is_told() {
        let space = |before_bytes, after_bytes| Some(FreeSpace { before_bytes, after_bytes });
        for (sizes, free, expected) in [
            (&[][..], None, None),
            (
                &[Some(12_340_000)],
                space(1_000_000, 13_000_000),
                Some("removed 1 image, 12.3 MB (1.0 MB free before, 13.0 MB after)"),
            ),
            (
                &[Some(1_000_000), Some(50_000)],
                None,
                Some("removed 2 images, 1.0 MB (free space unknown)"),
            ),
            (&[None], None, Some("removed 1 image, size unknown (free space unknown)")),
            (
                &[Some(1_000_000), None],
                space(1, 1),
                Some(
                    "removed 2 images, 1.0 MB and some of unknown size (0.1 MB free before, 0.1 MB after)",
                ),
            ),
        ] {
            let image = |size_bytes: &Option<u64>| RemovedImage {
                image: ImageId::new("sha256:1"),
                size_bytes: *size_bytes,
                free,
            };
            let removed: Vec<_> = sizes.iter().map(image).collect();
            assert_eq!(freed(&removed).as_deref(), expected, "{sizes:?}");
        }
    }
}

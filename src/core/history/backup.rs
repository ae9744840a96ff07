//! What a record tells of data that was saved, or that came back.

use crate::core::backup::{BackupRecord, offer};
use crate::core::history::HistoryRecord;
use crate::core::id::{ImageId, OperationId};
use crate::core::journal::{JournalEntry, Outcome, StepOutput};
use crate::core::plan::{OperationKind, Step, UpdatePlan};

/// What goes back with a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayBack {
    /// The image, and the data where that was asked for.
    Image,
    /// The data alone: the image is what it was already.
    Data,
}

/// Returns the newest of a container's operations that saved what it had before the image that it
/// runs, or with it where the container is on that image again; one that was restored since is none.
pub fn way_back(records: &[HistoryRecord], image: &ImageId) -> Option<(OperationId, WayBack)> {
    let done = |record: &&HistoryRecord| record.outcome == Outcome::Updated;
    let restored: Vec<_> =
        records.iter().filter(done).filter_map(|record| record.restored.as_ref()).collect();
    let saved = records.iter().filter(|record| record.kind == OperationKind::Update);
    let mut saved = saved.filter(|record| {
        record.backup.as_ref().is_some_and(|backup| !restored.contains(&&backup.folder))
    });
    saved.find_map(|record| {
        let way = if done(&record) && record.new_image_id == *image {
            WayBack::Image
        } else if record.old_image_id == *image {
            WayBack::Data
        } else {
            return None;
        };
        Some((record.id.clone(), way))
    })
}

/// Returns what an operation has saved.
pub(super) fn saved(entries: &[JournalEntry]) -> Option<BackupRecord> {
    entries.iter().find_map(|entry| match entry {
        JournalEntry::Done { output: StepOutput::BackedUp(record), .. } => Some(record.clone()),
        _ => None,
    })
}

/// Returns the folder of the backup that an operation has restored.
pub(super) fn restored(plan: &UpdatePlan, entries: &[JournalEntry]) -> Option<String> {
    entries.iter().find_map(|entry| match entry {
        JournalEntry::Done { position, .. } => match position.step(plan)? {
            Step::Restore { folder, .. } => Some(folder.clone()),
            _ => None,
        },
        _ => None,
    })
}

/// A new version that was not good enough may have written to the data before it was stopped.
pub(super) fn offered(
    plan: &UpdatePlan,
    entries: &[JournalEntry],
    outcome: &Outcome,
) -> Option<String> {
    let updated = *outcome == Outcome::Updated;
    let folder = match saved(entries).filter(|_| !updated) {
        Some(record) => Some(record.folder),
        None => plan.unrestored.clone().filter(|_| updated),
    };
    folder.map(|folder| offer(&plan.target.name, &folder))
}

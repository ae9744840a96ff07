//! What a record tells of data that was saved, or that came back.

use crate::core::backup::{BackupRecord, RestoredMount, offer};
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

/// Returns what a person should hear of the data. A new version that was not good enough may have
/// written to it before it was stopped.
pub(super) fn about_data(
    plan: &UpdatePlan,
    entries: &[JournalEntry],
    outcome: &Outcome,
) -> Option<String> {
    let offered = |folder: &String| offer(&plan.target.name, folder);
    match outcome {
        Outcome::Updated => {
            restored_mounts(plan).map(moved).or_else(|| plan.unrestored.as_ref().map(offered))
        }
        _ => saved(entries).map(|record| offered(&record.folder)),
    }
}

fn restored_mounts(plan: &UpdatePlan) -> Option<&[RestoredMount]> {
    plan.steps.iter().find_map(|planned| match &planned.action {
        Step::Restore { mounts, .. } => Some(&**mounts),
        _ => None,
    })
}

fn moved(mounts: &[RestoredMount]) -> String {
    let moved: Vec<_> =
        mounts.iter().map(|it| format!("{} ({})", it.volume, it.source.as_str())).collect();
    format!(
        "its data is in fresh volumes now: {}; what stands in brackets stays as it is, remove it when \
         nobody needs it",
        moved.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use crate::core::history::tests::plan;

    use super::*;

    fn record(kind: OperationKind, (from, to): (&str, &str), outcome: Outcome) -> HistoryRecord {
        let (old_image_id, new_image_id) = (ImageId::new(from), ImageId::new(to));
        let made = HistoryRecord::from_journal(&plan(), &[]);
        HistoryRecord { kind, old_image_id, new_image_id, outcome, ..made }
    }

    /// Returns an update that has saved the data.
    fn update(id: &str, images: (&str, &str), outcome: Outcome) -> HistoryRecord {
        let folder = id.to_owned();
        let backup = BackupRecord {
            folder,
            archives: 1,
            bytes: 1,
            archive_bytes: 1,
            duration_ms: 1,
            warnings: Vec::new(),
        };
        let made = record(OperationKind::Update, images, outcome);
        HistoryRecord { id: OperationId::new(id), backup: Some(backup), ..made }
    }

    fn back(images: (&str, &str), restored: Option<&str>, outcome: Outcome) -> HistoryRecord {
        let restored = restored.map(ToOwned::to_owned);
        HistoryRecord { restored, ..record(OperationKind::Rollback, images, outcome) }
    }

    #[test]
    fn the_newest_backup_that_was_not_used_is_the_way_back() {
        let updated = || Outcome::Updated;
        let failed = || Outcome::RolledBack("x".into());
        let up = || update("1", ("a", "b"), updated());
        let plain = record(OperationKind::Update, ("a", "b"), updated());
        let later = update("2", ("b", "c"), updated());
        for (records, present, expected) in [
            (vec![], "b", None),
            (vec![plain], "b", None),
            (vec![up()], "b", Some(("1", WayBack::Image))),
            (vec![up()], "c", None),
            (vec![update("1", ("a", "b"), failed())], "a", Some(("1", WayBack::Data))),
            (vec![update("1", ("a", "b"), failed())], "b", None),
            (vec![back(("b", "a"), None, updated()), up()], "a", Some(("1", WayBack::Data))),
            (vec![back(("b", "a"), Some("1"), updated()), up()], "a", None),
            (vec![back(("b", "a"), Some("1"), failed()), up()], "b", Some(("1", WayBack::Image))),
            (
                vec![back(("c", "b"), Some("2"), updated()), later, up()],
                "b",
                Some(("1", WayBack::Image)),
            ),
        ] {
            let expected = expected.map(|(id, way)| (OperationId::new(id), way));
            assert_eq!(way_back(&records, &ImageId::new(present)), expected, "{present}");
        }
    }
}

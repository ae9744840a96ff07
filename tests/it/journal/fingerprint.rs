//! Tells whether two moments are the same, so that none is tried twice.

use std::hash::{DefaultHasher, Hash, Hasher};

use docker_auto::core::journal::{JournalEntry, Position};

use super::drive::Begin;

/// Returns a number that is the same for moments from which the same follows.
pub(crate) fn fingerprint(begin: &Begin) -> u64 {
    let mut hasher = DefaultHasher::new();
    let engine = &begin.engine;
    (&engine.containers, &engine.tags, &engine.volumes, &engine.rejected).hash(&mut hasher);
    (engine.database, engine.copy, &engine.files).hash(&mut hasher);
    for entry in &begin.entries {
        hash(entry, &mut hasher);
    }
    hasher.finish()
}

/// Times and texts decide nothing.
fn hash(entry: &JournalEntry, hasher: &mut DefaultHasher) {
    std::mem::discriminant(entry).hash(hasher);
    match entry {
        JournalEntry::Started { position, .. } | JournalEntry::Done { position, .. } => {
            place(*position).hash(hasher);
        }
        JournalEntry::Failed { position, class, .. } => {
            (place(*position), *class as u8).hash(hasher);
        }
        JournalEntry::Looked { observed, .. } | JournalEntry::Resumed { observed, .. } => {
            for (key, seen) in &observed.containers {
                (key, &seen.id, &seen.name, seen.state as u8).hash(hasher);
            }
            observed.owners.hash(hasher);
        }
        JournalEntry::Damaged { .. } | JournalEntry::Finished { .. } => {}
    }
}

fn place(position: Position) -> (u8, usize, usize) {
    match position {
        Position::Forward(step) => (0, step, 0),
        Position::Undo { step, undo } => (1, step, undo),
        Position::Rescue(index) => (2, index, 0),
    }
}

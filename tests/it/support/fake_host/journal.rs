//! A journal in memory: what is appended survives the program, and nothing else does.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use docker_auto::core::journal::{Journal, JournalEntry, JournalError};
use docker_auto::core::plan::{BoxFuture, UpdatePlan};

use super::Disk;

/// The journal of one operation.
pub(crate) struct MemoryJournal {
    plan: Arc<UpdatePlan>,
    entries: Vec<JournalEntry>,
    disk: Arc<Disk>,
}

impl MemoryJournal {
    /// Opens a journal with what is already written.
    pub(crate) fn open(plan: Arc<UpdatePlan>, entries: Vec<JournalEntry>, disk: Arc<Disk>) -> Self {
        disk.written.store(entries.len(), Ordering::Relaxed);
        Self { plan, entries, disk }
    }

    /// Returns what is written.
    pub(crate) fn into_entries(self) -> Vec<JournalEntry> {
        self.entries
    }
}

impl Journal for MemoryJournal {
    fn plan(&self) -> &UpdatePlan {
        &self.plan
    }

    fn entries(&self) -> &[JournalEntry] {
        &self.entries
    }

    fn append(&mut self, entries: Vec<JournalEntry>) -> BoxFuture<'_, Result<(), JournalError>> {
        Box::pin(async move {
            if self.disk.full.swap(false, Ordering::Relaxed) {
                return Err(JournalError("no space left on device".into()));
            }
            self.entries.extend(entries);
            self.disk.written.store(self.entries.len(), Ordering::Relaxed);
            Ok(())
        })
    }
}

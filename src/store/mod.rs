//! What outlives the program: one redb file, one journal file for each open operation, one lock.

mod anonymous;
pub mod backups;
mod blocking;
mod check_hooks;
pub mod compose_files;
mod database;
mod directory;
mod error;
mod fault;
pub mod foreign;
mod history;
mod journal_file;
mod keep;
mod lock;
mod migrate;
mod operations;
mod record;
mod rejects;
mod rules;
mod schedules;
mod snapshots;
mod succession;
mod table;
mod targets;
mod transaction;
mod verdicts;
mod waits;
mod watched;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::clock::Clock;

use database::Guarded;

pub use anonymous::AnonymousVolumes;
pub use check_hooks::CheckHooks;
pub use error::StoreError;
pub use history::{History, HistoryFilter};
pub use keep::KeepDays;
pub use lock::{Holder, Lock};
pub use operations::{OpenOperation, OpenOperations, Operations, Unreadable};
pub use record::RecordError;
pub use rejects::{Rejected, Rejects};
pub use rules::Rules;
pub use schedules::Schedules;
pub use snapshots::{ImageSnapshot, Snapshot, Snapshots};
pub use succession::Taken;
pub use targets::{Checked, News, Saying, Scope, Targets};
pub use verdicts::{Given, Newest, Verdicts};
pub use waits::Waits;
pub use watched::WatchedImages;

/// How many threads may wait for the disk at once.
const THREADS: usize = 4;

/// Everything that is stored except open operations; clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    database: Arc<Guarded>,
    threads: Arc<Semaphore>,
    clock: Clock,
}

impl Store {
    /// Opens the store of a data directory, which is made if it is missing. A damaged database is
    /// moved aside with a message at error level.
    ///
    /// # Errors
    ///
    /// Each names its cure: a directory that is none, is read-only, full or someone else's, and a
    /// database of a newer version.
    pub async fn open(directory: &Path, clock: Clock) -> Result<Self, StoreError> {
        let (path, time) = (directory.to_owned(), clock.clone());
        let open = move || Guarded::open(&path, time).map(Arc::new);
        let database = blocking::run("opening the store", open).await?;
        Ok(Self { database, threads: Arc::new(Semaphore::new(THREADS)), clock })
    }

    /// Returns what was done.
    pub fn history(&self) -> History<'_> {
        History(self)
    }

    /// Returns the images that are not tried again.
    pub fn rejects(&self) -> Rejects<'_> {
        Rejects(self)
    }

    /// Returns what people decided.
    pub fn verdicts(&self) -> Verdicts<'_> {
        Verdicts(self)
    }

    /// Returns the rules that people stored.
    pub fn rules(&self) -> Rules<'_> {
        Rules(self)
    }

    /// Returns what containers and images were when they were last seen.
    pub fn snapshots(&self) -> Snapshots<'_> {
        Snapshots(self)
    }

    /// Returns the last check's results.
    pub fn targets(&self) -> Targets<'_> {
        Targets(self)
    }

    /// Returns when the schedules last ran.
    pub fn schedules(&self) -> Schedules<'_> {
        Schedules(self)
    }

    /// Returns what is known of watched images.
    pub fn watched_images(&self) -> WatchedImages<'_> {
        WatchedImages(self)
    }

    /// Returns the volumes of containers that nobody named.
    pub fn anonymous_volumes(&self) -> AnonymousVolumes<'_> {
        AnonymousVolumes(self)
    }

    /// Returns what containers wait for.
    pub fn waits(&self) -> Waits<'_> {
        Waits(self)
    }

    /// Returns what became of the hooks of a check.
    pub fn check_hooks(&self) -> CheckHooks<'_> {
        CheckHooks(self)
    }

    /// Writes everything out and lets the file go; every later use of any clone is an error.
    pub async fn close(&self) -> Result<(), StoreError> {
        let database = Arc::clone(&self.database);
        blocking::run("closing the store", move || database.close()).await
    }
}

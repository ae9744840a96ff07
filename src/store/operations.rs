//! The journals of open operations: one file each, independent of the database.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;

use crate::core::history::HistoryRecord;
use crate::core::id::{ContainerName, OperationId};
use crate::core::journal::{Journal, JournalEntry, JournalError};
use crate::core::plan::{BoxFuture, UpdatePlan};

use super::journal_file::{Contents, Illegible, JournalFile, glimpse};
use super::{Store, StoreError, blocking, directory};

const DIRECTORY: &str = "operations";
pub(super) const EXTENSION: &str = "jsonl";
const WRITING: &str = "writing the journal";

/// The open operations of a data directory. Whoever uses them holds the directory's lock.
#[derive(Clone, Debug)]
pub struct Operations {
    pub(super) directory: Arc<Path>,
    pub(super) held: Arc<Mutex<BTreeSet<PathBuf>>>,
}

/// All operations that an earlier run of the program left open.
#[derive(Debug, Default)]
pub struct OpenOperations {
    /// Those that can go on, the oldest first.
    pub open: Vec<OpenOperation>,
    /// The plans of those that another process carries on.
    pub held: Vec<UpdatePlan>,
    /// Files that do not tell what the operation was; they are kept.
    pub unreadable: Vec<Unreadable>,
}

/// A file of an open operation that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
    /// The container that it was about, as far as that can still be read.
    pub target: Option<ContainerName>,
}

/// The journal of one open operation.
#[derive(Debug)]
pub struct OpenOperation {
    plan: UpdatePlan,
    entries: Vec<JournalEntry>,
    file: Arc<Mutex<JournalFile>>,
    _hold: Hold,
    /// A write under way: if the caller leaves, the next one waits for it.
    writing: Option<Writing>,
}

/// Keeps a file from being opened a second time until it is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    path: PathBuf,
    held: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl Hold {
    /// Holds a file; `None` where someone does already.
    pub(super) fn new(held: &Arc<Mutex<BTreeSet<PathBuf>>>, path: &Path) -> Option<Self> {
        let free = lock(held).insert(path.to_owned());
        free.then(|| Self { path: path.to_owned(), held: Arc::clone(held) })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        lock(&self.held).remove(&self.path);
    }
}

#[derive(Debug)]
struct Writing {
    task: JoinHandle<Result<(), StoreError>>,
    entries: Vec<JournalEntry>,
}

impl Operations {
    /// Opens the operations of a data directory, which is made if it is missing.
    pub async fn open(directory: &Path) -> Result<Self, StoreError> {
        let parent = directory.to_owned();
        let directory: Arc<Path> = directory.join(DIRECTORY).into();
        let path = Arc::clone(&directory);
        blocking::run("opening the journals", move || {
            directory::prepare(&parent)?;
            directory::prepare(&path)
        })
        .await?;
        Ok(Self { directory, held: Arc::default() })
    }

    /// Begins an operation: its plan is durable when this returns.
    pub async fn create(&self, plan: UpdatePlan) -> Result<OpenOperation, StoreError> {
        let path = self.directory.join(format!("{}.{EXTENSION}", plan.operation));
        let hold = Hold::new(&self.held, &path);
        let hold = hold.ok_or_else(|| StoreError::StillOpen(plan.operation.clone()))?;
        let create = move || {
            let file = JournalFile::create(&path, &plan)?;
            Ok(OpenOperation::new(file, plan, Vec::new(), hold))
        };
        blocking::run(WRITING, create).await
    }

    /// Opens all operations that were left open and that nobody holds, for recovery.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read. A file that cannot be read is no error but reported among
    /// the others.
    pub async fn list(&self) -> Result<OpenOperations, StoreError> {
        let all = self.clone();
        blocking::run("reading the journals", move || all.list_blocking()).await
    }

    fn list_blocking(&self) -> Result<OpenOperations, StoreError> {
        let mut found = OpenOperations::default();
        for path in paths(&self.directory)? {
            let journal = path.with_extension(EXTENSION);
            let Some(hold) = Hold::new(&self.held, &journal) else { continue };
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(EXTENSION) => open_one(&path, hold, &mut found),
                // Was being made when the program ended: nothing had begun.
                Some("new") => remove(&path),
                _ => {}
            }
        }
        Ok(found)
    }
}

/// Returns the files of a directory, the oldest operation first.
fn paths(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = || StoreError::at("reading", directory);
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed())? {
        paths.push(entry.map_err(failed())?.path());
    }
    paths.sort();
    Ok(paths)
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        log::warn!("{} cannot be removed: {error}", path.display());
    }
}

fn open_one(path: &Path, hold: Hold, found: &mut OpenOperations) {
    let opened = match JournalFile::open(path) {
        Ok(None) => glimpse(path).map(|contents| found.held.push(contents.plan)),
        Ok(Some((file, Contents { plan, entries, .. }))) => {
            if let Some(JournalEntry::Damaged { what, .. }) = entries.last() {
                log::error!(operation = plan.operation.as_str(); "{}: {what}", path.display());
            }
            found.open.push(OpenOperation::new(file, plan, entries, hold));
            Ok(())
        }
        Err(illegible) => Err(illegible),
    };
    if let Err(Illegible { reason, target }) = opened {
        let path = path.to_owned();
        found.unreadable.push(Unreadable { path, reason, target });
    }
}

impl OpenOperation {
    pub(super) fn new(
        file: JournalFile,
        plan: UpdatePlan,
        entries: Vec<JournalEntry>,
        hold: Hold,
    ) -> Self {
        let file = Arc::new(Mutex::new(file));
        Self { plan, entries, file, _hold: hold, writing: None }
    }

    /// Returns the operation.
    pub fn id(&self) -> &OperationId {
        &self.plan.operation
    }

    /// Says whether the operation is over, so that only its filing away is left to do.
    pub fn is_finished(&self) -> bool {
        // Behind its end there may stand what was damaged.
        self.entries.iter().any(|entry| matches!(entry, JournalEntry::Finished { .. }))
    }

    /// Files a finished operation away: durably into the history first, then its own file is
    /// removed. May be called again after an error or a crash.
    pub async fn finish(&mut self, store: &Store) -> Result<(), StoreError> {
        self.settle().await?;
        if !self.is_finished() {
            return Err(StoreError::StillOpen(self.id().clone()));
        }
        let history = store.history();
        if !history.contains(self.id()).await? {
            history.add(HistoryRecord::from_journal(&self.plan, &self.entries)).await?;
        }
        let file = Arc::clone(&self.file);
        blocking::run("removing the journal", move || lock(&file).remove()).await
    }

    async fn write(&mut self, entries: Vec<JournalEntry>) -> Result<(), StoreError> {
        // What became of a write that its caller left does not concern this one.
        let _ = self.settle().await;
        if entries.is_empty() {
            return Ok(());
        }
        let (file, written) = (Arc::clone(&self.file), entries.clone());
        let task = blocking::start(move || lock(&file).append(&written));
        self.writing = Some(Writing { task, entries });
        self.settle().await
    }

    /// Waits for the write under way; its entries count only once they are on the disk.
    async fn settle(&mut self) -> Result<(), StoreError> {
        let Some(Writing { task, .. }) = &mut self.writing else { return Ok(()) };
        let result = blocking::ended(WRITING, task.await);
        if let (Ok(()), Some(Writing { entries, .. })) = (&result, self.writing.take()) {
            self.entries.extend(entries);
        }
        result
    }
}

/// *Cancel safety*: an append that is dropped may still reach the file; the next call waits for it
/// and takes it in.
impl Journal for OpenOperation {
    fn plan(&self) -> &UpdatePlan {
        &self.plan
    }

    fn entries(&self) -> &[JournalEntry] {
        &self.entries
    }

    fn append(&mut self, entries: Vec<JournalEntry>) -> BoxFuture<'_, Result<(), JournalError>> {
        Box::pin(
            async move { self.write(entries).await.map_err(|error| JournalError(Box::new(error))) },
        )
    }
}

/// What is locked is whole also after a panic elsewhere: every change is one call.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

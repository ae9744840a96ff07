//! The journals of open operations: one file each, independent of the database.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;

use crate::core::history::HistoryRecord;
use crate::core::id::OperationId;
use crate::core::journal::{Journal, JournalEntry, JournalError};
use crate::core::plan::{BoxFuture, UpdatePlan};

use super::journal_file::{Contents, JournalFile};
use super::{Store, StoreError, blocking, directory};

const DIRECTORY: &str = "operations";
const EXTENSION: &str = "jsonl";
const WRITING: &str = "writing the journal";

/// The open operations of a data directory. Whoever uses them holds the directory's lock.
#[derive(Clone, Debug)]
pub struct Operations {
    directory: Arc<Path>,
}

/// All operations that an earlier run of the program left open.
#[derive(Debug, Default)]
pub struct OpenOperations {
    /// Those that can go on, the oldest first.
    pub open: Vec<OpenOperation>,
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
}

/// The journal of one open operation.
#[derive(Debug)]
pub struct OpenOperation {
    plan: UpdatePlan,
    entries: Vec<JournalEntry>,
    damage: Option<String>,
    file: Arc<Mutex<JournalFile>>,
    /// A write under way: if the caller leaves, the next one waits for it.
    writing: Option<Writing>,
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
        Ok(Self { directory })
    }

    /// Begins an operation: its plan is durable when this returns.
    pub async fn create(&self, plan: UpdatePlan) -> Result<OpenOperation, StoreError> {
        let path = self.directory.join(format!("{}.{EXTENSION}", plan.operation));
        let create = move || {
            let file = JournalFile::create(&path, &plan)?;
            Ok(OpenOperation::new(file, plan, Vec::new(), None))
        };
        blocking::run(WRITING, create).await
    }

    /// Opens all operations that were left open, for recovery at start.
    ///
    /// # Errors
    ///
    /// When the directory or a file cannot be read at all. A file with unreadable contents is no
    /// error but reported among the others.
    pub async fn list(&self) -> Result<OpenOperations, StoreError> {
        let directory = Arc::clone(&self.directory);
        blocking::run("reading the journals", move || list(&directory)).await
    }
}

fn list(directory: &Path) -> Result<OpenOperations, StoreError> {
    let failed = || StoreError::at("reading", directory);
    let mut found = OpenOperations::default();
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed())? {
        paths.push(entry.map_err(failed())?.path());
    }
    paths.sort();
    for path in paths {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(EXTENSION) => open_one(&path, &mut found)?,
            // Was being made when the program ended: nothing had begun.
            Some("new") => fs::remove_file(&path).map_err(StoreError::at("removing", &path))?,
            _ => {}
        }
    }
    Ok(found)
}

fn open_one(path: &Path, found: &mut OpenOperations) -> Result<(), StoreError> {
    match JournalFile::open(path)? {
        Ok((file, Contents { plan, entries, damage, .. })) => {
            if let Some(damage) = &damage {
                log::error!(operation = plan.operation.as_str(); "{}: {damage}", path.display());
            }
            found.open.push(OpenOperation::new(file, plan, entries, damage));
        }
        Err(reason) => {
            log::error!(
                "the journal {} is unreadable and was left as it is: {reason}",
                path.display()
            );
            found.unreadable.push(Unreadable { path: path.to_owned(), reason });
        }
    }
    Ok(())
}

impl OpenOperation {
    fn new(
        file: JournalFile,
        plan: UpdatePlan,
        entries: Vec<JournalEntry>,
        damage: Option<String>,
    ) -> Self {
        Self { plan, entries, damage, file: Arc::new(Mutex::new(file)), writing: None }
    }

    /// Returns the operation.
    pub fn id(&self) -> &OperationId {
        &self.plan.operation
    }

    /// Returns what was lost from the middle of the file, if anything was: a copy is kept beside it.
    pub fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// Says whether the operation is over, so that only its filing away is left to do.
    pub fn is_finished(&self) -> bool {
        matches!(self.entries.last(), Some(JournalEntry::Finished { .. }))
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

fn lock(file: &Mutex<JournalFile>) -> std::sync::MutexGuard<'_, JournalFile> {
    file.lock().unwrap_or_else(PoisonError::into_inner)
}

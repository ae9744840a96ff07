//! What docker-auto and the helper that replaces it share: who carries an operation on, what the new
//! one says of itself, and a copy of the database.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::Clock;
use crate::core::id::OperationId;
use crate::core::journal::JournalEntry;
use crate::core::probe::Ready;

use super::journal_file::{Contents, JournalFile, glimpse};
use super::operations::{EXTENSION, Hold, OpenOperation, Operations};
use super::{Lock, StoreError, blocking, database, directory};

const READY: &str = "ready";
const COPY: &str = "redb";
/// What is being written.
const PART: &str = "part";
const COPY_PART: &str = "redb-part";
/// How long somebody may keep the data directory's lock.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// What became of an attempt to carry an operation on.
#[derive(Debug)]
pub enum Taken {
    /// It is over and filed away.
    Gone,
    /// Another process carries it on.
    Held,
    /// Nobody else carries it on while this is kept.
    Open(Box<OpenOperation>),
}

impl Operations {
    /// Takes an operation, unless another process has it.
    ///
    /// # Errors
    ///
    /// When its journal cannot be read.
    pub async fn take(&self, id: &OperationId) -> Result<Taken, StoreError> {
        let (all, path) = (self.clone(), self.path(id, EXTENSION));
        blocking::run("opening the journal", move || all.take_blocking(&path)).await
    }

    fn take_blocking(&self, path: &Path) -> Result<Taken, StoreError> {
        if !path.exists() {
            return Ok(Taken::Gone);
        }
        let Some(hold) = Hold::new(&self.held, path) else { return Ok(Taken::Held) };
        match JournalFile::open(path) {
            Ok(Some((file, Contents { plan, entries, .. }))) => {
                Ok(Taken::Open(Box::new(OpenOperation::new(file, plan, entries, hold))))
            }
            Ok(None) => Ok(Taken::Held),
            Err(_) if !path.exists() => Ok(Taken::Gone),
            Err(illegible) => {
                Err(StoreError::Illegible { path: path.to_owned(), reason: illegible.reason })
            }
        }
    }

    /// Says whether an operation is over, whoever carries it on; also if it is filed away.
    ///
    /// # Errors
    ///
    /// When its journal cannot be read.
    pub async fn is_over(&self, id: &OperationId) -> Result<bool, StoreError> {
        let entries = self.entries(id).await?;
        Ok(entries.is_none_or(|entries| entries.iter().any(is_end)))
    }

    /// Returns what is written of an operation, whoever carries it on; `None` when it is filed away.
    ///
    /// # Errors
    ///
    /// When its journal cannot be read.
    pub async fn entries(&self, id: &OperationId) -> Result<Option<Vec<JournalEntry>>, StoreError> {
        let path = self.path(id, EXTENSION);
        let look = move || match glimpse(&path) {
            Ok(contents) => Ok(Some(contents.entries)),
            Err(_) if !path.exists() => Ok(None),
            Err(illegible) => Err(StoreError::Illegible { path, reason: illegible.reason }),
        };
        blocking::run("reading the journal", look).await
    }

    /// Returns how long an operation's journal is, in bytes; nothing where there is none.
    pub fn length(&self, id: &OperationId) -> u64 {
        fs::metadata(self.path(id, EXTENSION)).map_or(0, |found| found.len())
    }

    /// Says for everyone who reads it that this process serves.
    pub async fn say_ready(&self, id: &OperationId, ready: Ready) -> Result<(), StoreError> {
        let (path, part) = (self.path(id, READY), self.path(id, PART));
        let doing = format!("writing {}", path.display());
        let write = move || {
            let text = serde_json::to_vec(&ready).map_err(|error| StoreError::Record {
                doing: doing.clone(),
                source: error.into(),
            })?;
            let written = fs::write(&part, text).and_then(|()| fs::rename(&part, &path));
            written.map_err(|error| StoreError::io(doing, error))
        };
        blocking::run("saying that it serves", write).await
    }

    /// Returns what was said last; what cannot be read was not said.
    pub async fn said_ready(&self, id: &OperationId) -> Option<Ready> {
        let path = self.path(id, READY);
        let read =
            move || Ok(fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok()));
        blocking::run("reading who serves", read).await.ok().flatten()
    }

    /// Keeps a copy of the database, which nobody uses meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] when somebody uses the data directory and goes on to.
    pub async fn keep_database(&self, id: &OperationId, clock: &Clock) -> Result<(), StoreError> {
        let lock = self.lock(clock).await?;
        let (database, copy) = (self.database(), self.path(id, COPY));
        let part = self.path(id, COPY_PART);
        let doing = format!("copying {} to {}", database.display(), copy.display());
        let keep = move || {
            let _lock = lock;
            match copy_whole(&database, &part, &copy) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && !database.exists() => {
                    Ok(())
                }
                kept => kept.map_err(|error| StoreError::io(doing, error)),
            }
        };
        blocking::run("copying the database", keep).await
    }

    /// Puts the copy in the database's place, which nobody uses meanwhile. Once only: afterwards
    /// there is no copy any more, and what has been written since stays.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] when somebody uses the data directory and goes on to.
    pub async fn restore_database(
        &self,
        id: &OperationId,
        clock: &Clock,
    ) -> Result<(), StoreError> {
        let (database, copy) = (self.database(), self.path(id, COPY));
        if !copy.exists() {
            return Ok(());
        }
        let lock = self.lock(clock).await?;
        let restore = move || {
            let _lock = lock;
            fs::rename(&copy, &database).map_err(StoreError::at("putting back", &copy))?;
            database.parent().map_or(Ok(()), directory::sync)
        };
        blocking::run("putting the database back", restore).await
    }

    /// Takes the data directory's lock; a command that has it is over in a moment.
    async fn lock(&self, clock: &Clock) -> Result<Lock, StoreError> {
        let data = self.directory.parent().unwrap_or(&self.directory);
        Lock::acquire_within(data, clock, LOCK_PATIENCE).await
    }

    /// Removes everything that an operation leaves beside its journal.
    pub async fn sweep(&self, id: &OperationId) -> Result<(), StoreError> {
        let left = [READY, PART, COPY, COPY_PART].map(|extension| self.path(id, extension));
        let sweep = move || {
            for path in left {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    removed => removed.map_err(StoreError::at("removing", &path))?,
                }
            }
            Ok(())
        };
        blocking::run("tidying up", sweep).await
    }

    fn path(&self, id: &OperationId, extension: &str) -> PathBuf {
        self.directory.join(format!("{id}.{extension}"))
    }

    fn database(&self) -> PathBuf {
        self.directory.with_file_name(database::FILE)
    }
}

fn is_end(entry: &JournalEntry) -> bool {
    matches!(entry, JournalEntry::Finished { .. })
}

/// Copies a file durably; under its name the copy is always complete.
fn copy_whole(from: &Path, part: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, part)?;
    File::open(part)?.sync_all()?;
    fs::rename(part, to)?;
    to.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

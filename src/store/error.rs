//! What can go wrong with what is stored, each with its cure.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::core::id::OperationId;

use super::lock::Holder;
use super::record::RecordError;

/// Why something could not be stored or read back.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The data directory is mounted read-only.
    #[error(
        "{doing}: the file system is read-only; mount the data directory writable, or point \
         DOCKER_AUTO_DATA to another one"
    )]
    ReadOnly {
        /// What was being done.
        doing: String,
        /// The system's word.
        source: io::Error,
    },
    /// The data directory belongs to someone else.
    #[error(
        "{doing}: permission denied; give the data directory to the user that docker-auto runs \
         as, or point DOCKER_AUTO_DATA to another one"
    )]
    Permission {
        /// What was being done.
        doing: String,
        /// The system's word.
        source: io::Error,
    },
    /// The disk is full.
    #[error("{doing}: no space is left; free some, nothing that was recorded is lost")]
    NoSpace {
        /// What was being done.
        doing: String,
        /// The system's word.
        source: io::Error,
    },
    /// The data directory is something else.
    #[error("{} is not a directory; point DOCKER_AUTO_DATA to a directory", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// Another instance uses the data directory.
    #[error(
        "the data directory {} is in use by {holder}; end that one, or start this one with \
         --standby", path.display()
    )]
    Locked {
        /// The directory.
        path: PathBuf,
        /// Who uses it.
        holder: Holder,
    },
    /// The database has a schema that this version does not know.
    #[error(
        "the database {} was written by a newer docker-auto (schema {found}, this version knows \
         {known}); start that version, or move the file away to begin anew", path.display()
    )]
    Newer {
        /// The database's file.
        path: PathBuf,
        /// Its schema.
        found: u64,
        /// The newest schema that is known here.
        known: u64,
    },
    /// The database proved to be damaged while it was in use; the next use opens it anew.
    #[error("{doing}: the database is damaged ({reason}); it is checked at its next use")]
    Damaged {
        /// What was being done.
        doing: String,
        /// What was found.
        reason: String,
    },
    /// A record does not read back.
    #[error("{doing}")]
    Record {
        /// What was being done.
        doing: String,
        /// Why.
        source: RecordError,
    },
    /// There is no such operation in the history.
    #[error("the history has no operation {0}")]
    UnknownOperation(OperationId),
    /// A journal does not tell what its operation is.
    #[error("the journal {} cannot be read: {reason}", path.display())]
    Illegible {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// An operation was to be filed away that is not over.
    #[error("the operation {0} is not over")]
    StillOpen(OperationId),
    /// The store was closed, or the program is ending.
    #[error("{doing}: the store is closed")]
    Closed {
        /// What was being done.
        doing: String,
    },
    /// The operating system refused something else.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// The system's word.
        source: io::Error,
    },
    /// The database refused something else.
    #[error("{doing}")]
    Database {
        /// What was being done.
        doing: String,
        /// Its word.
        source: Box<redb::Error>,
    },
}

impl StoreError {
    /// Returns the error for what the operating system said.
    pub(super) fn io(doing: impl Into<String>, source: io::Error) -> Self {
        let doing = doing.into();
        match source.kind() {
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { doing, source },
            io::ErrorKind::PermissionDenied => Self::Permission { doing, source },
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::NoSpace { doing, source },
            _ => Self::Io { doing, source },
        }
    }

    /// Returns a function that makes an error of what the operating system said of a path.
    pub(super) fn at(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::NotADirectory => {
                Self::NotADirectory { path: path.parent().unwrap_or(path).to_owned() }
            }
            _ => Self::io(format!("{verb} {}", path.display()), source),
        }
    }
}

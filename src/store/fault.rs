//! What goes wrong inside a transaction, before it is known what was being done.

use super::StoreError;
use super::record::RecordError;
use crate::core::id::OperationId;

/// Why work inside a transaction ended.
#[derive(Debug)]
pub(super) enum Fault {
    /// The database refused.
    Database(redb::Error),
    /// A record did not read back.
    Record(RecordError),
    /// A newer version wrote the database.
    Newer { found: u64, known: u64 },
    /// The history has no such operation.
    UnknownOperation(OperationId),
}

impl Fault {
    /// Says whether the database must be opened anew before it is used again.
    pub(super) fn spoils(&self) -> bool {
        matches!(
            self,
            Self::Database(
                redb::Error::Io(_)
                    | redb::Error::PreviousIo
                    | redb::Error::Corrupted(_)
                    | redb::Error::LockPoisoned(_)
                    | redb::Error::DatabaseClosed
            )
        )
    }

    /// Says that the file itself is no good database, and why.
    pub(super) fn damage(&self) -> Option<String> {
        use std::io::ErrorKind::{InvalidData, UnexpectedEof};

        match self {
            Self::Database(redb::Error::Corrupted(reason)) => Some(reason.clone()),
            Self::Database(redb::Error::Io(error))
                if matches!(error.kind(), InvalidData | UnexpectedEof) =>
            {
                Some(error.to_string())
            }
            // Formats older than the one that every version of ours wrote: not our file any more.
            Self::Database(redb::Error::UpgradeRequired(format)) if *format < 3 => {
                Some(format!("it claims file format {format}"))
            }
            _ => None,
        }
    }

    /// Returns the error for the caller.
    pub(super) fn while_doing(self, doing: &str, path: &std::path::Path) -> StoreError {
        let doing = doing.to_owned();
        match self {
            Self::Database(redb::Error::Io(source)) => StoreError::io(doing, source),
            Self::Database(redb::Error::Corrupted(reason)) => StoreError::Damaged { doing, reason },
            Self::Database(source) => StoreError::Database { doing, source: Box::new(source) },
            Self::Record(source) => StoreError::Record { doing, source },
            Self::Newer { found, known } => {
                StoreError::Newer { path: path.to_owned(), found, known }
            }
            Self::UnknownOperation(operation) => StoreError::UnknownOperation(operation),
        }
    }
}

impl From<RecordError> for Fault {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

macro_rules! from_database {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for Fault {
            fn from(error: redb::$error) -> Self {
                Self::Database(error.into())
            }
        })*
    };
}

from_database!(Error, CommitError, DatabaseError, StorageError, TableError, TransactionError);

//! What can go wrong with a backup, each with its cure.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::core::backup::shown;
use crate::store::StoreError;
use crate::store::backups::measure::Space;

/// Why a backup could not be made or read.
#[derive(Debug, Error)]
pub enum BackupError {
    /// It would not fit.
    #[error(
        "saving its data may take {}, and {} has {} free, of which {} are left to others; free some, \
         or point DOCKER_AUTO_BACKUP_DIR to a larger disk",
        shown(*needed), path.display(), shown(space.free), shown(space.floor())
    )]
    TooLarge {
        /// The folder of the backups.
        path: PathBuf,
        /// How much it may take.
        needed: u64,
        /// How much there is.
        space: Space,
    },
    /// It would be gone with the container.
    #[error(
        "docker-auto runs in a container, and {} is on none of its volumes: a backup there would be \
         gone with it; mount a volume or a folder of the host there, or point \
         DOCKER_AUTO_BACKUP_DIR to one", path.display()
    )]
    Fleeting {
        /// The folder of the backups.
        path: PathBuf,
    },
    /// It did not fit.
    #[error(
        "{doing}: no space is left; free some, or point DOCKER_AUTO_BACKUP_DIR to a larger disk"
    )]
    Full {
        /// What was being done.
        doing: String,
        /// The system's word.
        source: io::Error,
    },
    /// What the engine sent is no whole archive.
    #[error("{doing}: the engine's archive is not whole: {reason}")]
    NotWhole {
        /// What was being done.
        doing: String,
        /// What was found.
        reason: String,
    },
    /// An archive is not what was written.
    #[error("{} is not what was written: {reason}; it cannot be restored", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// There is none.
    #[error("there is no complete backup in {}", path.display())]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// The operating system refused something else.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// The system's word.
        source: io::Error,
    },
    /// Nothing blocking can be done any more.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BackupError {
    /// Returns a function that makes an error of what the operating system said of a path.
    pub(super) fn at(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| {
            let doing = format!("{verb} {}", path.display());
            match source.kind() {
                io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::FileTooLarge => Self::Full { doing, source },
                _ => Self::Io { doing, source },
            }
        }
    }
}

//! Backups of containers' data: one folder each, with a compressed archive of every mount and a manifest
//! that tells what they hold. A folder has its own name only once everything in it is on the disk.

mod error;
mod folder;
mod measure;
mod read;
mod write;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::core::backup::{Fate, Manifest};
use crate::core::id::{ContainerName, OperationId, Timestamp};

use super::blocking;

pub use error::BackupError;
pub use read::Reading;
pub use write::Writing;

/// How long a disk is waited for that somebody only wants to know something of.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many pieces of an archive wait between the engine and the disk.
const PIECES: usize = 8;

/// The folder that backups lie in.
#[derive(Clone, Debug)]
pub struct Backups {
    directory: PathBuf,
}

impl Backups {
    /// Returns the backups in a folder, which is made when it is needed.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Returns where they are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns the folder of the backup that an operation makes.
    pub fn folder(&self, name: &ContainerName, at: Timestamp, operation: &OperationId) -> String {
        let folder = folder::name(name, at, operation);
        self.directory.join(folder).to_string_lossy().into_owned()
    }

    /// Makes sure that so much may be written on their disk.
    pub async fn make_sure_it_fits(&self, needed_bytes: u64) -> Result<(), BackupError> {
        let directory = self.directory.clone();
        let look = run("looking at the backups", move || folder::fits(&directory, needed_bytes));
        tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|elapsed| {
            let late = io::Error::new(io::ErrorKind::TimedOut, elapsed);
            Err(BackupError::at("looking at the free space of", &self.directory)(late))
        })
    }

    /// Returns how fast the newest backup was written that can tell, in bytes a second.
    pub async fn bytes_per_second(&self) -> Option<u64> {
        let directory = self.directory.clone();
        let look = move || Ok(measure::bytes_per_second(&directory));
        run("looking at the backups", look).await.ok().flatten()
    }
}

/// Returns how much lies at a path, where it can be seen and is not too much to look at.
pub async fn measured_bytes(path: PathBuf) -> Option<u64> {
    let look = run("measuring a folder", move || Ok(measure::bytes(&path)));
    tokio::time::timeout(PATIENCE, look).await.ok()?.ok()?
}

/// Returns how much may be written where a folder is; `None` where it is not.
pub async fn free_bytes_at(folder: PathBuf) -> Option<u64> {
    let look =
        move || if folder.is_dir() { measure::free_bytes(&folder).map(Some) } else { Ok(None) };
    run("looking at a disk", look).await.ok().flatten()
}

/// Makes the folder of a backup under its temporary name, where its disk has this much space.
pub async fn prepare(folder: &str, needed_bytes: Option<u64>) -> Result<(), BackupError> {
    let folder = PathBuf::from(folder);
    run("making a backup's folder", move || folder::prepare(&folder, needed_bytes)).await
}

/// Gives a backup that is written its own name, with its manifest beside the archives.
pub async fn complete(folder: &str, manifest: Manifest) -> Result<(), BackupError> {
    let folder = PathBuf::from(folder);
    run("completing a backup", move || folder::complete(&folder, manifest)).await
}

/// Removes what is there of a backup that was not completed.
pub async fn discard(folder: &str) -> Result<(), BackupError> {
    let folder = PathBuf::from(folder);
    run("removing an incomplete backup", move || folder::discard(&folder)).await
}

/// Removes the backups that are too many of the container that this one is of; how its update ended is
/// kept with it.
pub async fn prune(folder: &str, keep: usize, fate: Fate) -> Result<(), BackupError> {
    let folder = PathBuf::from(folder);
    run("removing old backups", move || folder::prune(&folder, keep, fate)).await
}

/// Returns what a complete backup holds.
pub async fn manifest(folder: &str) -> Result<Manifest, BackupError> {
    let folder = PathBuf::from(folder);
    run("reading a backup's manifest", move || folder::manifest(&folder)).await
}

/// Does blocking work; what it fails with is the caller's matter.
async fn run<T: Send + 'static>(
    doing: &str,
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    blocking::run(doing, move || Ok(work())).await?
}

//! Compose files of the host: read, and written anew, in the directories that the operator names and
//! nowhere else.

mod door;
mod error;
mod owner;
mod replace;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::core::compose::edit::FileChange;
use crate::core::digest::Digest;

use super::blocking;

pub use self::error::FileError;

use self::door::Door;

/// How long reading or writing may take: a disk may be away.
const PATIENCE: Duration = Duration::from_secs(10);
/// The folder in the data directory in which files are kept as they were.
const COPIES: &str = "compose";
/// One file is written at a time; one who waits for a disk that is away holds up the others.
static WRITING: Mutex<()> = Mutex::const_new(());

/// Where Compose files may be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComposeFiles {
    directories: Vec<PathBuf>,
    copies: PathBuf,
}

/// A file that was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// Its path, without links on the way to it.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").field("path", &self.path).finish_non_exhaustive()
    }
}

impl ComposeFiles {
    /// Returns the files in these directories; what is written over is kept in the data directory.
    pub fn new(directories: Vec<PathBuf>, data: &Path) -> Self {
        Self { directories, copies: data.join(COPIES) }
    }

    /// Says whether there is a directory in which files may be written.
    pub fn are_allowed(&self) -> bool {
        !self.directories.is_empty()
    }

    /// Reads files, by the paths that labels give; these are anybody's.
    pub async fn read(&self, paths: Vec<String>) -> Vec<Result<Found, FileError>> {
        let (files, count) = (self.clone(), paths.len());
        let reading =
            blocking::start(move || paths.iter().map(|path| files.read_one(path)).collect());
        let slow = || (0..count).map(|_| Err(FileError::Slow)).collect();
        timeout(PATIENCE, reading).await.ok().and_then(Result::ok).unwrap_or_else(slow)
    }

    fn read_one(&self, path: &str) -> Result<Found, FileError> {
        let given = Path::new(path);
        if !given.is_absolute() || !is_expected(given) {
            return Err(FileError::Odd);
        }
        let real = fs::canonicalize(given).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => self.absence(given),
            _ => FileError::at("finding it")(source),
        })?;
        if !self.allow(&real) || !is_expected(&real) {
            return Err(FileError::NotAllowed);
        }
        let path = real.to_str().ok_or(FileError::Odd)?.to_owned();
        let content = Door::to(&real)?.read()?.content;
        let text = String::from_utf8(content).map_err(|_| FileError::NotText)?;
        Ok(Found { path, text })
    }

    /// Says whether a real path lies in one of the directories.
    fn allow(&self, real: &Path) -> bool {
        let mut allowed = self.directories.iter().filter_map(|it| fs::canonicalize(it).ok());
        allowed.any(|folder| real.starts_with(folder))
    }

    /// A file is missing only where its directory is one of those that we see as the host does.
    fn absence(&self, given: &Path) -> FileError {
        let known = fs::symlink_metadata(given);
        let is_none = known.is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        let folder = given.parent().and_then(|folder| fs::canonicalize(folder).ok());
        let is_seen = folder.is_some_and(|folder| self.allow(&folder));
        if is_none && is_seen { FileError::Missing } else { FileError::Unseen }
    }

    /// Says why a file that was read could not be written.
    pub async fn check(&self, path: String) -> Result<(), FileError> {
        let checking = blocking::start(move || Door::to(Path::new(&path))?.may_replace());
        timeout(PATIENCE, checking).await.ok().and_then(Result::ok).unwrap_or(Err(FileError::Slow))
    }

    /// Returns where a file is kept as it was: one copy of each.
    pub fn copy_of(&self, path: &str) -> String {
        let mark: String = Digest::of(path.as_bytes()).short().chars().take(12).collect();
        let name = path.rsplit('/').next().unwrap_or_default();
        self.copies.join(format!("{mark}-{name}")).to_string_lossy().into_owned()
    }
}

/// Makes a change, unless it is made already. A file that is not what was read stays as it is.
pub async fn write(change: FileChange) -> Result<(), FileError> {
    let given_up = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&given_up);
    let writing = async move {
        let turn = WRITING.lock().await;
        let work = move || {
            let _turn = turn;
            replace::write(&change, &told)
        };
        blocking::start(work).await
    };
    let written = timeout(PATIENCE, writing).await;
    // Who is told that it failed must not find it written later.
    given_up.store(true, Ordering::SeqCst);
    written.ok().and_then(Result::ok).unwrap_or(Err(FileError::Slow))
}

/// Returns the real paths of those files that can be found, by the paths that labels give.
pub async fn resolved(paths: Vec<String>) -> Result<BTreeMap<String, String>, FileError> {
    let real = |path: String| {
        let real = fs::canonicalize(&path).ok()?.to_str()?.to_owned();
        Some((path, real))
    };
    let looking = blocking::start(move || paths.into_iter().filter_map(real).collect());
    timeout(PATIENCE, looking).await.ok().and_then(Result::ok).ok_or(FileError::Slow)
}

/// Understands files beside the async threads: large ones take their time.
pub async fn understood<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, FileError> {
    let working = blocking::start(work);
    timeout(PATIENCE, working).await.ok().and_then(Result::ok).ok_or(FileError::Endless)
}

/// Nothing but what Compose could have read is touched, whatever a label says.
fn is_expected(path: &Path) -> bool {
    let of_compose = path.extension().is_some_and(|it| it == "yml" || it == "yaml" || it == "env");
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    of_compose || name.starts_with(".env")
}

#[cfg(test)]
mod tests;

//! The data directory and what all files in it have in common.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::StoreError;

/// Makes a directory, for its owner alone, unless it is there.
pub(super) fn prepare(path: &Path) -> Result<(), StoreError> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(StoreError::NotADirectory { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(StoreError::at("creating the directory", path)),
        Err(error) => Err(StoreError::at("opening the directory", path)(error)),
    }
}

/// Returns options for files that belong to their owner alone.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// Makes the names in a directory durable.
pub(super) fn sync(path: &Path) -> Result<(), StoreError> {
    let written = File::open(path).and_then(|directory| directory.sync_all());
    written.map_err(StoreError::at("writing the directory", path))
}

/// Returns a path beside `path` that is not taken: `<name>.<suffix>`, then `<name>.<suffix>-2`, ….
pub(super) fn free_beside(path: &Path, suffix: &str) -> PathBuf {
    let named = |ending: String| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{suffix}{ending}"));
        PathBuf::from(name)
    };
    let numbered = (2_u32..).map(|number| named(format!("-{number}")));
    let mut candidates = std::iter::once(named(String::new())).chain(numbered);
    candidates.find(|path| !path.exists()).unwrap_or_else(|| named(String::new()))
}

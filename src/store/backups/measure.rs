//! How much there is: of space, of data, and of speed.

use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

use super::{BackupError, folder};

/// How many files are looked at before a folder counts as one that cannot be measured in time.
const MOST_FILES: usize = 200_000;

/// How much of a disk is left to others, unless a part of it is less.
const LEFT_TO_OTHERS: u64 = 1 << 30;
/// Which part of it that is: one in so many.
const PART: u64 = 20;

/// How much there is of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What may be written.
    pub free: u64,
    /// All of it.
    pub all: u64,
}

impl Space {
    /// Returns how much of it a backup leaves to others who write to that disk.
    pub fn floor(self) -> u64 {
        LEFT_TO_OTHERS.min(self.all / PART)
    }

    /// Says whether so much fits, and leaves to others what is theirs.
    pub fn has(self, bytes: u64) -> bool {
        bytes <= self.free.saturating_sub(self.floor())
    }
}

/// Returns how much may be written where a folder is, or will be.
pub(super) fn free_bytes(directory: &Path) -> Result<u64, BackupError> {
    space(directory).map(|space| space.free)
}

/// Returns how much there is of the disk where a folder is, or will be.
pub(super) fn space(directory: &Path) -> Result<Space, BackupError> {
    let there = directory.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/"));
    let disk = statvfs(there).map_err(|errno| {
        BackupError::at("looking at the free space of", there)(std::io::Error::from(errno))
    })?;
    // The types differ by platform.
    let [free, all, size] =
        [disk.blocks_available(), disk.blocks(), disk.fragment_size()].map(u64::from);
    Ok(Space { free: free.saturating_mul(size), all: all.saturating_mul(size) })
}

/// Returns how much lies at a path, as an archive counts it; `None` where it cannot be seen, or is
/// too much to look at.
pub(super) fn bytes(path: &Path) -> Option<u64> {
    let (mut all, mut seen) = (0_u64, 0_usize);
    let mut open: Vec<PathBuf> = Vec::new();
    let mut look = |path: PathBuf, open: &mut Vec<PathBuf>| {
        let found = fs::symlink_metadata(&path).ok()?;
        seen += 1;
        if found.is_file() {
            all = all.saturating_add(found.len());
        } else if found.is_dir() {
            open.push(path);
        }
        (seen <= MOST_FILES).then_some(())
    };
    look(path.to_owned(), &mut open)?;
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).ok()? {
            look(entry.ok()?.path(), &mut open)?;
        }
    }
    Some(all)
}

/// What is smaller tells how long it takes to begin, not how fast it goes on.
const TELLING: u64 = 16 << 20;

/// Returns how fast the newest backup in a folder was written that was large enough to tell.
pub(super) fn bytes_per_second(directory: &Path) -> Option<u64> {
    let found = folder::complete_ones(directory).into_iter().map(|one| one.manifest);
    let sized = found.map(|manifest| {
        let sizes = manifest.archives.iter().map(|archive| archive.sums.bytes);
        (sizes.fold(0, u64::saturating_add), manifest)
    });
    let telling = sized.filter(|(all, _)| *all >= TELLING);
    let (all, newest) = telling.max_by_key(|(_, manifest)| manifest.taken_at)?;
    all.saturating_mul(1000).checked_div(newest.duration_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_keep_a_part_of_the_disk() {
        for (free, all, floor, fits) in [
            (105, 100, 5, true),
            (104, 100, 5, false),
            (1 << 30, 1 << 40, 1 << 30, false),
            (100, 0, 0, true),
        ] {
            let space = Space { free, all };
            assert_eq!((space.floor(), space.has(100)), (floor, fits), "{space:?}");
        }
    }

    #[test]
    fn files_are_added_up_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("one"), [0; 1000]).unwrap();
        fs::write(folder.path().join("two"), [0; 23]).unwrap();
        std::os::unix::fs::symlink("/", inner.join("link")).unwrap();
        assert_eq!(bytes(folder.path()), Some(1023));
        assert_eq!(bytes(&folder.path().join("two")), Some(23));
        assert_eq!(bytes(&folder.path().join("none")), None);
        let missing = folder.path().join("not/yet");
        assert!(free_bytes(&missing).unwrap() > 0);
    }
}

//! The way to one file: no link is followed on it, whoever moves directories meanwhile.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::{AccessFlags, faccessat};

use super::FileError;
use super::owner::Owner;

/// No Compose file is larger, in bytes.
const LARGEST: u64 = 1 << 20;

/// A file in its directory, which is held open.
pub(super) struct Door {
    pub(super) directory: OwnedFd,
    pub(super) name: String,
    path: PathBuf,
}

/// What a file held when it was read.
pub(super) struct Held {
    pub(super) content: Vec<u8>,
    pub(super) known: Metadata,
}

impl Door {
    /// Goes to a file by its real path, one directory after the other.
    pub(super) fn to(path: &Path) -> Result<Self, FileError> {
        let failed = |error: nix::Error| match error {
            nix::Error::ELOOP | nix::Error::ENOTDIR => FileError::NotRegular,
            nix::Error::ENOENT => FileError::Missing,
            error => FileError::at("opening its directory")(error.into()),
        };
        let folder = path.parent().ok_or(FileError::Odd)?;
        let name = path.file_name().and_then(|name| name.to_str()).ok_or(FileError::Odd)?;
        let way = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let root = File::open("/").map_err(FileError::at("opening /"))?;
        let mut directory = OwnedFd::from(root);
        for part in folder.components() {
            match part {
                Component::RootDir => {}
                Component::Normal(part) => {
                    directory = openat(&directory, part, way, Mode::empty()).map_err(failed)?;
                }
                _ => return Err(FileError::Odd),
            }
        }
        // What was only gone through cannot be written to the disk.
        let last = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = openat(&directory, ".", last, Mode::empty()).map_err(failed)?;
        Ok(Self { directory, name: name.to_owned(), path: path.to_owned() })
    }

    /// Reads the file: a regular one, by its only name, of a size that Compose files have.
    pub(super) fn read(&self) -> Result<Held, FileError> {
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let opened = openat(&self.directory, &*self.name, flags | OFlag::O_NOCTTY, Mode::empty());
        let opened = opened.map_err(|error| match error {
            nix::Error::ENOENT => FileError::Missing,
            nix::Error::ELOOP | nix::Error::ENXIO => FileError::NotRegular,
            error => FileError::at("opening it")(error.into()),
        })?;
        let file = File::from(opened);
        let known = file.metadata().map_err(FileError::at("looking at it"))?;
        if !known.is_file() {
            return Err(FileError::NotRegular);
        }
        if known.nlink() != 1 {
            return Err(FileError::Linked);
        }
        let mut content = Vec::new();
        let read = file.take(LARGEST + 1).read_to_end(&mut content);
        read.map_err(FileError::at("reading it"))?;
        if content.len() as u64 > LARGEST {
            return Err(FileError::TooLarge);
        }
        Ok(Held { content, known })
    }

    /// Says what can be known to stand against another file in its place.
    pub(super) fn may_replace(&self) -> Result<(), FileError> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        if is_mounted(&mounts, &self.path) {
            return Err(FileError::Mounted);
        }
        let may = AccessFlags::W_OK | AccessFlags::X_OK;
        let allowed = faccessat(&self.directory, ".", may, AtFlags::AT_EACCESS);
        allowed.map_err(|error| FileError::ReadOnly(io::Error::from(error)))?;
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let known = self.read()?.known;
        let may_give = Owner::read(&status).is_none_or(|we| we.may_give(known.uid(), known.gid()));
        if may_give { Ok(()) } else { Err(FileError::NotOurs) }
    }
}

/// Says whether something is mounted at a path; the kernel writes odd bytes of names in octal.
fn is_mounted(mounts: &str, path: &Path) -> bool {
    let escaped: String = path.to_string_lossy().chars().fold(String::new(), |mut text, letter| {
        match letter {
            ' ' => text.push_str("\\040"),
            '\t' => text.push_str("\\011"),
            '\n' => text.push_str("\\012"),
            '\\' => text.push_str("\\134"),
            letter => text.push(letter),
        }
        text
    });
    mounts.lines().any(|line| line.split(' ').nth(4) == Some(&*escaped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_mounted_by_itself_is_recognised() {
        let mounts = "22 1 0:1 / / rw - overlay o rw\n\
                      23 22 8:1 /c.yaml /srv/my\\040shop/c.yaml rw - ext4 /dev/sda rw\n";
        for (path, expected) in [
            ("/srv/my shop/c.yaml", true),
            ("/srv/my shop", false),
            ("/", true),
            ("/srv/c.yaml", false),
        ] {
            assert_eq!(is_mounted(mounts, Path::new(path)), expected, "{path}");
        }
    }
}

//! Puts another file in the place of one: whole, or not at all.

use std::fs::{self, DirBuilder, File, Permissions};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};

use crate::core::compose::edit::{FileChange, Written};
use crate::store::directory::{private, sync};

use super::FileError;
use super::door::{Door, Held};

/// So many files are kept as they were; who has more loses the oldest.
const MOST_COPIES: usize = 200;

/// Makes a change, unless it is given up before the new file is in its place. A run that was
/// interrupted anywhere is made good by the next one.
pub(super) fn write(change: &FileChange, given_up: &AtomicBool) -> Result<(), FileError> {
    let door = Door::to(Path::new(&change.path))?;
    let random = RandomState::new().build_hasher().finish();
    let temporary = format!("{}-{random:016x}", beginning(&door));
    let result = write_beside(&door, &temporary, (change, given_up));
    sweep(&door);
    result
}

/// Returns how the names of the new files begin, in their old ones' directory.
fn beginning(door: &Door) -> String {
    format!(".{}.docker-auto", door.name)
}

/// Removes our own new file, and what interrupted runs have left; what cannot be is in nobody's way.
fn sweep(door: &Door) {
    let beginning = beginning(door);
    let is_ours = |name: &str| {
        let ending = name.strip_prefix(&*beginning);
        let random = |it: &str| it.len() == 17 && it.starts_with('-');
        ending.is_some_and(|ending| ending.is_empty() || random(ending))
    };
    // The directory that is held open, wherever it is by now.
    let held = format!("/proc/self/fd/{}", door.directory.as_raw_fd());
    for entry in fs::read_dir(held).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(is_ours) {
            let _ = unlinkat(&door.directory, &*name, UnlinkatFlags::NoRemoveDir);
        }
    }
}

fn write_beside(
    door: &Door,
    temporary: &str,
    (change, given_up): (&FileChange, &AtomicBool),
) -> Result<(), FileError> {
    let held = door.read()?;
    let text = match change.written(&held.content) {
        Written::New(text) => text,
        Written::Changed => return Err(FileError::Changed),
        // It may not have reached the disk.
        Written::Already => return sync_names(door),
    };
    door.may_replace()?;
    keep(Path::new(&change.copy), &held.content)?;
    fill(door, temporary, (&text, &held))?;
    // A person may have saved it since.
    if change.written(&door.read()?.content) != Written::New(text) {
        return Err(FileError::Changed);
    }
    if given_up.load(Ordering::SeqCst) {
        return Err(FileError::Slow);
    }
    let renamed = renameat(&door.directory, temporary, &door.directory, &*door.name);
    renamed.map_err(|error| match error {
        nix::Error::EBUSY => FileError::Mounted,
        error => FileError::at("putting it in its place")(error.into()),
    })?;
    sync_names(door)
}

/// Writes the new text to a file of its own, which has the old one's owner and mode.
fn fill(door: &Door, temporary: &str, (text, held): (&str, &Held)) -> Result<(), FileError> {
    let flags =
        OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let made = openat(&door.directory, temporary, flags, Mode::S_IRUSR | Mode::S_IWUSR);
    let mut file = File::from(
        made.map_err(|error| FileError::at("making a file beside it")(io::Error::from(error)))?,
    );
    file.write_all(text.as_bytes()).map_err(FileError::at("writing a file beside it"))?;
    let own = file.metadata().map_err(FileError::at("looking at the file beside it"))?;
    let known = &held.known;
    if (own.uid(), own.gid()) != (known.uid(), known.gid()) {
        let owned = fchown(&file, Some(known.uid()), Some(known.gid()));
        owned.map_err(FileError::at("giving the new one its owner"))?;
    }
    let permissions = Permissions::from_mode(known.mode() & 0o7777);
    file.set_permissions(permissions).map_err(FileError::at("giving the new one its mode"))?;
    file.sync_all().map_err(FileError::at("writing a file beside it"))
}

fn sync_names(door: &Door) -> Result<(), FileError> {
    let directory = door.directory.try_clone().map(File::from);
    let written = directory.and_then(|directory| directory.sync_all());
    written.map_err(FileError::at("writing its directory"))
}

/// Keeps a file as it was, where only we can read it: variables may be secrets.
fn keep(copy: &Path, content: &[u8]) -> Result<(), FileError> {
    let failed = FileError::at("keeping it as it was");
    let folder = copy.parent().unwrap_or(Path::new("/"));
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder).map_err(&failed)?;
    let partial = PathBuf::from(format!("{}.partial", copy.display()));
    let written = private().create(true).truncate(true).open(&partial).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&partial, copy)).map_err(&failed)?;
    sync(folder).map_err(|error| failed(io::Error::other(error)))?;
    prune(folder);
    Ok(())
}

/// What cannot be removed is in nobody's way.
fn prune(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut copies: Vec<_> = entries
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    copies.sort();
    let surplus = copies.len().saturating_sub(MOST_COPIES);
    copies.iter().take(surplus).for_each(|(_, path)| drop(fs::remove_file(path)));
}

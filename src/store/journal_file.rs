//! The file of one open operation: the plan in its first line, then a line for each append.
//!
//! Behind the last line stand spaces, a reserve that is written when the file is made. Appending
//! overwrites them: it needs no new block, so a disk that is full in the middle of an operation
//! stops neither its way on nor its way back, and each `fdatasync` is cheaper.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::id::{ContainerName, TargetId, Timestamp};
use crate::core::journal::JournalEntry;
use crate::core::plan::UpdatePlan;

use super::{StoreError, directory};

/// More than a journal with the logs of a failed container takes.
const RESERVE: usize = 128 << 10;

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Head<P> {
    version: u32,
    plan: P,
}

/// The open file; all writing is behind `end_of_lines`.
#[derive(Debug)]
pub(super) struct JournalFile {
    path: PathBuf,
    file: File,
    end_of_lines: u64,
    /// Whether something other than the reserve may stand behind the lines.
    torn: bool,
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) plan: UpdatePlan,
    pub(super) entries: Vec<JournalEntry>,
    /// What was lost from the middle of the file, if anything was.
    damage: Option<String>,
    /// Why its last line counts as absent, if it does.
    dropped: Option<String>,
    end_of_lines: usize,
    torn: bool,
}

/// Why a file does not tell what the operation was.
#[derive(Debug)]
pub(super) struct Illegible {
    pub(super) reason: String,
    /// The container that it was about, as far as that can still be read.
    pub(super) target: Option<ContainerName>,
}

/// How often, and after which pauses, a lock that somebody has is tried again.
const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

impl Drop for JournalFile {
    /// As with the directory's lock: who is being started has a copy of this file for a moment.
    fn drop(&mut self) {
        // The system lets it go with the last copy at the latest.
        let _ = self.file.unlock();
    }
}

impl JournalFile {
    /// Makes the file of an operation, durably; under its name it is always complete.
    pub(super) fn create(path: &Path, plan: &UpdatePlan) -> Result<Self, StoreError> {
        let mut text = line(path, &Head { version: VERSION, plan })?;
        let end_of_lines = text.len() as u64;
        text.resize(text.len() + RESERVE, b' ');
        let new = path.with_extension("new");
        let create = || {
            let file = directory::private().create(true).truncate(true).open(&new)?;
            file.write_all_at(&text, 0)?;
            file.sync_all()?;
            file.try_lock()?;
            fs::rename(&new, path)?;
            Ok(file)
        };
        let file = create().map_err(StoreError::at("creating the journal", path))?;
        path.parent().map_or(Ok(()), directory::sync)?;
        Ok(Self { path: path.to_owned(), file, end_of_lines, torn: false })
    }

    /// Opens a file and puts it in order: what is behind its complete lines is wiped. Where lines in
    /// the middle are damaged, that is written in their place, and a copy of the file is kept. It is
    /// ours as long as it is open; `None` where another process has it.
    pub(super) fn open(path: &Path) -> Result<Option<(Self, Contents)>, Illegible> {
        let mut bytes = Vec::new();
        let read = read(path, &mut bytes);
        let illegible = |reason| Illegible { reason, target: target(&bytes) };
        let Some((written, file)) = read.map_err(|error| illegible(error.to_string()))? else {
            return Ok(None);
        };
        let mut contents = parse(&bytes).map_err(illegible)?;
        if let Some(error) = contents.dropped.take() {
            log::warn!("a journal's last line is not complete and was dropped: {error}");
        }
        let end_of_lines = contents.end_of_lines as u64;
        let mut journal = Self { path: path.to_owned(), file, end_of_lines, torn: contents.torn };
        if let Some(what) = contents.damage.take() {
            keep_copy(path);
            let damaged = JournalEntry::Damaged { at: written, what };
            journal.replace_rest(&damaged).map_err(|error| illegible(error.to_string()))?;
            contents.entries.push(damaged);
        }
        // Else the next line is written behind it, or fails as well.
        if let Err(error) = journal.wipe() {
            log::warn!("{}: what was half written is still there: {error}", path.display());
        }
        Ok(Some((journal, contents)))
    }

    /// Writes entries as one line, durably.
    pub(super) fn append(&mut self, entries: &[JournalEntry]) -> Result<(), StoreError> {
        let line = line(&self.path, &entries)?;
        self.write(&line).map_err(StoreError::at("writing the journal", &self.path))
    }

    /// Removes the file; that it is gone need not be durable.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(StoreError::at("removing the journal", &self.path)),
        }
    }

    /// Writes an entry over what cannot be read, before anything else is wiped: that something was
    /// lost must not be lost itself.
    fn replace_rest(&mut self, entry: &JournalEntry) -> Result<(), StoreError> {
        let line = line(&self.path, &[entry])?;
        let written = self.file.write_all_at(&line, self.end_of_lines);
        let written = written.and_then(|()| self.file.sync_data());
        written.map_err(StoreError::at("repairing the journal", &self.path))?;
        self.end_of_lines += line.len() as u64;
        self.torn = true;
        Ok(())
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.wipe()?;
        self.torn = true;
        self.file.write_all_at(line, self.end_of_lines)?;
        self.file.sync_data()?;
        self.torn = false;
        self.end_of_lines += line.len() as u64;
        Ok(())
    }

    /// Turns what a write left behind that did not succeed into reserve again.
    fn wipe(&mut self) -> io::Result<()> {
        if !self.torn {
            return Ok(());
        }
        let behind = self.file.metadata()?.len().saturating_sub(self.end_of_lines);
        let blank = vec![b' '; usize::try_from(behind).unwrap_or(RESERVE)];
        self.file.write_all_at(&blank, self.end_of_lines)?;
        self.file.sync_data()?;
        self.torn = false;
        Ok(())
    }
}

/// Reads a file as far as that can be done; returns it, and when it was last written. `None` where
/// another process carries its operation on.
fn read(path: &Path, bytes: &mut Vec<u8>) -> io::Result<Option<(Timestamp, File)>> {
    let mut file = directory::private().open(path)?;
    let mut tries = 0;
    loop {
        match file.try_lock() {
            // A program that is being started shares the locks of who starts it for a moment.
            Err(TryLockError::WouldBlock) if tries < LOCK_TRIES => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => return Ok(None),
            locked => {
                locked?;
                break;
            }
        }
        tries += 1;
    }
    file.read_to_end(bytes)?;
    Ok(Some((file.metadata()?.modified()?.into(), file)))
}

/// Reads a file that another process may be writing, and leaves it as it is.
pub(super) fn glimpse(path: &Path) -> Result<Contents, Illegible> {
    let bytes = fs::read(path).map_err(|error| error.to_string());
    let bytes = bytes.map_err(|reason| Illegible { reason, target: None })?;
    parse(&bytes).map_err(|reason| Illegible { reason, target: target(&bytes) })
}

/// Keeps what a damaged file held; that it cannot be kept must not hold up the operation.
fn keep_copy(path: &Path) {
    let copy = directory::free_beside(path, "damaged");
    if let Err(error) = fs::copy(path, &copy) {
        log::warn!("the damaged journal cannot be copied to {}: {error}", copy.display());
    }
}

fn line(path: &Path, value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let mut line = serde_json::to_vec(value).map_err(|error| StoreError::Record {
        doing: format!("writing the journal {}", path.display()),
        source: error.into(),
    })?;
    line.push(b'\n');
    Ok(line)
}

/// Reads a file's bytes. An invalid last line was being written when the program ended and counts
/// as absent; one before others is damage, and only what stands before it counts.
fn parse(bytes: &[u8]) -> Result<Contents, String> {
    let (head, _) = split_line(bytes).ok_or("its first line is not complete")?;
    let plan = parse_head(head)?;
    let mut contents = Contents {
        plan,
        entries: Vec::new(),
        damage: None,
        dropped: None,
        end_of_lines: head.len() + 1,
        torn: false,
    };
    let mut number = 1;
    while let Some((line, rest)) = bytes.get(contents.end_of_lines..).and_then(split_line) {
        number += 1;
        match serde_json::from_slice::<Vec<JournalEntry>>(line) {
            Ok(entries) => contents.entries.extend(entries),
            // What is valid JSON was written to its end: by a newer version.
            Err(error) if is_blank(rest) && !error.is_data() => {
                contents.dropped = Some(error.to_string());
                break;
            }
            Err(error) => {
                let kept = contents.entries.len();
                let damage = format!("line {number} is damaged ({error}); {kept} entries are kept");
                contents.damage = Some(damage);
                break;
            }
        }
        contents.end_of_lines += line.len() + 1;
    }
    contents.torn = !bytes
        .get(contents.end_of_lines..)
        .is_none_or(|rest| rest.iter().all(|byte| *byte == b' '));
    Ok(contents)
}

fn parse_head(line: &[u8]) -> Result<UpdatePlan, String> {
    let invalid = |error: serde_json::Error| format!("its first line is no plan: {error}");
    let Head { version, plan } =
        serde_json::from_slice::<Head<serde_json::Value>>(line).map_err(invalid)?;
    if version != VERSION {
        return Err(format!("it has format {version}, this docker-auto knows {VERSION}"));
    }
    serde_json::from_value(plan).map_err(invalid)
}

/// Returns the container of a plan, whatever else is there and however it goes on.
fn target(bytes: &[u8]) -> Option<ContainerName> {
    const FIELD: &[u8] = b"\"target\":";
    let start = bytes.windows(FIELD.len()).position(|window| window == FIELD)? + FIELD.len();
    let mut values = serde_json::Deserializer::from_slice(bytes.get(start..)?).into_iter();
    let target: TargetId = values.next()?.ok()?;
    Some(target.name)
}

/// Returns the bytes before the first line end and those behind it.
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

/// Says whether nothing was ever written here: a reserve, or blocks that a crash left empty.
fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\n' | 0))
}

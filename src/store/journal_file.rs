//! The file of one open operation: the plan in its first line, then a line for each append.
//!
//! Behind the last line stand spaces, a reserve that is written when the file is made. Appending
//! overwrites them: it needs no new block, so a disk that is full in the middle of an operation
//! stops neither its way on nor its way back, and each `fdatasync` is cheaper.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

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
    pub(super) damage: Option<String>,
    end_of_lines: usize,
    torn: bool,
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
            fs::rename(&new, path)?;
            Ok(file)
        };
        let file = create().map_err(StoreError::at("creating the journal", path))?;
        path.parent().map_or(Ok(()), directory::sync)?;
        Ok(Self { path: path.to_owned(), file, end_of_lines, torn: false })
    }

    /// Opens a file and puts it in order: what is behind its complete lines is wiped; where lines
    /// in the middle are damaged, a copy of the file is kept beside it.
    pub(super) fn open(path: &Path) -> Result<Result<(Self, Contents), String>, StoreError> {
        let bytes = fs::read(path).map_err(StoreError::at("reading the journal", path))?;
        let contents = match parse(&bytes) {
            Ok(contents) => contents,
            Err(reason) => return Ok(Err(reason)),
        };
        if contents.damage.is_some() {
            let copy = directory::free_beside(path, "damaged");
            fs::copy(path, &copy).map_err(StoreError::at("copying the journal to", &copy))?;
        }
        let file = directory::private().open(path);
        let file = file.map_err(StoreError::at("opening the journal", path))?;
        let end_of_lines = contents.end_of_lines as u64;
        let mut journal = Self { path: path.to_owned(), file, end_of_lines, torn: contents.torn };
        journal.wipe().map_err(StoreError::at("repairing the journal", path))?;
        Ok(Ok((journal, contents)))
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
        end_of_lines: head.len() + 1,
        torn: false,
    };
    let mut number = 1;
    while let Some((line, rest)) = bytes.get(contents.end_of_lines..).and_then(split_line) {
        number += 1;
        match serde_json::from_slice::<Vec<JournalEntry>>(line) {
            Ok(entries) => contents.entries.extend(entries),
            Err(error) if is_blank(rest) => {
                log::warn!("a journal's last line is not complete and was dropped: {error}");
                break;
            }
            Err(error) => {
                let kept = contents.entries.len();
                contents.damage =
                    Some(format!("line {number} is damaged ({error}); {kept} entries are kept"));
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

/// Returns the bytes before the first line end and those behind it.
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

/// Says whether nothing was ever written here: a reserve, or blocks that a crash left empty.
fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\n' | 0))
}

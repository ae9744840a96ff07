//! A change of a file, with all that is needed to make it once, and never over another one.

use serde::{Deserialize, Serialize};

use crate::core::digest::Digest;

use super::{Edit, replaced};

/// A change of a file, as it stands in a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChange {
    /// The file, without links on the way to it.
    pub path: String,
    /// The line that changes, from 1 on.
    pub line: usize,
    /// The setting in that line before.
    pub before: String,
    /// The setting after.
    pub after: String,
    /// The byte at which the piece begins that is replaced.
    pub offset: usize,
    /// The piece.
    pub old: String,
    /// What stands there afterwards.
    pub new: String,
    /// What the whole file is before.
    pub from: Digest,
    /// What it is after.
    pub to: Digest,
    /// Where the file is kept as it was.
    pub copy: String,
}

/// What becomes of a file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is so already.
    Already,
    /// This is what it shall be.
    New(String),
    /// Somebody has changed it since.
    Changed,
}

impl FileChange {
    /// Returns the change that an edit makes of a text; `None` where they do not fit together.
    pub fn of(edit: Edit, text: &str, copy: String) -> Option<Self> {
        let after = edit.apply(text)?;
        Some(Self {
            path: edit.path,
            line: edit.line,
            before: edit.shown.0,
            after: edit.shown.1,
            offset: edit.offset,
            old: edit.old,
            new: edit.new,
            from: Digest::of(text.as_bytes()),
            to: Digest::of(after.as_bytes()),
            copy,
        })
    }

    /// Returns what becomes of the file, from what it is now.
    pub fn written(&self, content: &[u8]) -> Written {
        let is = Digest::of(content);
        if is == self.to {
            return Written::Already;
        }
        let text = std::str::from_utf8(content).ok().filter(|_| is == self.from);
        let new = text.and_then(|text| replaced(text, self.offset, (&self.old, &self.new)));
        match new.filter(|new| Digest::of(new.as_bytes()) == self.to) {
            Some(new) => Written::New(new),
            None => Written::Changed,
        }
    }
}

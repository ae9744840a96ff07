//! Writes another tag into a project's Compose files: the one place that says it, and nothing else.
//!
//! What is written must be certain: the file is read before and after, with all aliases and merges
//! resolved, and nothing but the image of the one service may differ. Everything else is refused,
//! and told to a person.

mod change;
mod dotenv;
mod image;
mod mark;
mod named;
mod proof;
mod refusal;
mod settings;
mod sharing;
mod variable;

use std::fmt;

use crate::core::reference::ImageRef;

pub use self::change::{FileChange, Written};
pub use self::mark::remark;
pub use self::named::{EnvironmentFiles, environment_files};
pub use self::refusal::{Refusal, Refused};

use self::image::Files;

/// A file and its text.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A file that sets variables, such as `.env`.
#[derive(Clone, PartialEq, Eq)]
pub struct VariableFile {
    /// Its path.
    pub path: String,
    /// Its text, or why it cannot be read; that matters only where a variable is looked up.
    pub text: Result<String, String>,
}

impl fmt::Debug for VariableFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VariableFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The files of a project, and one of its services.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// The files, in the order in which Compose lays them over one another.
    pub files: Vec<SourceFile>,
    /// The files with variables, in the same order.
    pub variables: Vec<VariableFile>,
    /// The service.
    pub service: String,
    /// Its directory; empty where that is not known.
    pub folder: String,
    /// The files that its services name.
    pub environment: EnvironmentFiles,
}

/// What is to be done to say another tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rewriting {
    /// Nothing: the files say it already.
    Already,
    /// One piece of one file.
    Edit(Edit),
}

/// One piece of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The file.
    pub path: String,
    /// The line, from 1 on.
    pub line: usize,
    /// The byte at which it begins.
    pub offset: usize,
    /// What stands there.
    pub old: String,
    /// What shall stand there.
    pub new: String,
    /// The setting that it is in, as people see it, before and after.
    pub shown: (String, String),
}

impl Edit {
    /// Returns a text with the piece in its place; `None` where something else stands there.
    pub fn apply(&self, text: &str) -> Option<String> {
        replaced(text, self.offset, (&self.old, &self.new))
    }
}

fn replaced(text: &str, offset: usize, (old, new): (&str, &str)) -> Option<String> {
    let (before, rest) = text.split_at_checked(offset)?;
    Some([before, new, rest.strip_prefix(old)?].concat())
}

/// Finds what must be written so that a service has an image with another tag.
///
/// # Errors
///
/// What is not certain is refused.
pub fn rewrite(project: &Project, from: &ImageRef, to: &ImageRef) -> Result<Rewriting, Refused> {
    let files = Files::read(project)?;
    let Some(edit) = files.edit(from, to)? else { return Ok(Rewriting::Already) };
    files.prove(&edit, to)?;
    Ok(Rewriting::Edit(edit))
}

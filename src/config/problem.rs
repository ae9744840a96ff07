//! What can be wrong with the configuration, each with its cure.

use std::path::PathBuf;

/// A problem with the configuration; names the variable, its value and the cure.
#[derive(Debug, thiserror::Error)]
pub enum ConfigProblem {
    /// A value cannot be read.
    #[error("the variable {variable} has the value {value:?}: {cure}")]
    BadValue {
        /// The variable, by the name that was used.
        variable: String,
        /// Its value; `***` for a secret.
        value: String,
        /// What to write instead.
        cure: String,
    },
    /// A file that holds a value cannot be read.
    #[error("the variable {variable} names the file {}, which cannot be read: make it a readable text file that is not empty", path.display())]
    BadFile {
        /// The variable.
        variable: String,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A secret is given twice.
    #[error("the variables {variable} and {variable}_FILE are both set: remove one of them")]
    BothGiven {
        /// The variable.
        variable: String,
    },
    /// Variables that go together are not all there, or one is there twice.
    #[error("the variable {variable}: {cure}")]
    Incomplete {
        /// The variable.
        variable: String,
        /// What to do.
        cure: String,
    },
    /// Nobody reads it.
    #[error("the variable {variable} is not known{suggestion}")]
    Unknown {
        /// The variable.
        variable: String,
        /// `; did you mean …?`, or nothing.
        suggestion: String,
    },
    /// It is another tool's, and is read as ours.
    #[error("the variable {variable} is read as {meaning}")]
    Understood {
        /// The variable.
        variable: String,
        /// Ours, or why there is nothing to set.
        meaning: String,
    },
    /// It is another tool's, and nothing here is like it.
    #[error("the variable {variable} has no equivalent: {why}")]
    NoEquivalent {
        /// The variable.
        variable: String,
        /// Why not, or what to do in its place.
        why: String,
    },
    /// It has no effect.
    #[error("the variable {variable} has no effect: {why}")]
    Ignored {
        /// The variable.
        variable: String,
        /// Why not.
        why: String,
    },
}

impl ConfigProblem {
    /// Says whether the program must not start: a bad value may have been meant to restrain it.
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::BadValue { .. }
            | Self::BadFile { .. }
            | Self::BothGiven { .. }
            | Self::Incomplete { .. } => true,
            Self::Unknown { .. }
            | Self::Understood { .. }
            | Self::NoEquivalent { .. }
            | Self::Ignored { .. } => false,
        }
    }

    /// Says whether it is only worth a line in a log: nothing is wrong, or nothing can be done.
    pub fn is_note(&self) -> bool {
        matches!(self, Self::Understood { .. } | Self::NoEquivalent { .. })
    }

    /// Returns the variable that it is about.
    pub fn variable(&self) -> &str {
        match self {
            Self::BadValue { variable, .. }
            | Self::BadFile { variable, .. }
            | Self::BothGiven { variable }
            | Self::Incomplete { variable, .. }
            | Self::Unknown { variable, .. }
            | Self::Understood { variable, .. }
            | Self::NoEquivalent { variable, .. }
            | Self::Ignored { variable, .. } => variable,
        }
    }
}

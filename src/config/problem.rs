//! What can be wrong with the configuration, each with its cure.

use std::path::PathBuf;

use crate::config::file;
use crate::core::ourselves::CONFIGURATION;
use crate::core::policy::Origin;

/// A problem with the configuration; names the variable or key, its value and the cure.
#[derive(Debug, thiserror::Error)]
pub enum ConfigProblem {
    /// A value cannot be read.
    #[error("{setting} has the value {value:?}: {cure}")]
    BadValue {
        /// The variable or key, by the name that was used.
        setting: Origin,
        /// Its value; `***` for a secret.
        value: String,
        /// What to write instead.
        cure: String,
    },
    /// A file that holds a value cannot be read.
    #[error("{setting} names the file {}, which cannot be read: make it a readable text file that is not empty", path.display())]
    BadFile {
        /// The variable or key.
        setting: Origin,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A secret is given twice.
    #[error("{setting} and {file} are both set: remove one of them")]
    BothGiven {
        /// The secret itself.
        setting: Origin,
        /// What names a file with it.
        file: Origin,
    },
    /// The configuration file cannot be used.
    #[error("the configuration file {} cannot be used: {why}", path.display())]
    BadConfiguration {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// Variables that go together are not all there, or one is there twice.
    #[error("{setting}: {cure}")]
    Incomplete {
        /// The variable or key.
        setting: Origin,
        /// What to do.
        cure: String,
    },
    /// Nobody reads it.
    #[error("{setting} is not known{suggestion}")]
    Unknown {
        /// The variable or key.
        setting: Origin,
        /// `; did you mean …?`, or nothing.
        suggestion: String,
    },
    /// It is another tool's, and is read as ours.
    #[error("{setting} is read as {meaning}")]
    Understood {
        /// The variable or key.
        setting: Origin,
        /// Ours, or why there is nothing to set.
        meaning: String,
    },
    /// It is another tool's, and nothing here is like it.
    #[error("{setting} has no equivalent: {why}")]
    NoEquivalent {
        /// The variable or key.
        setting: Origin,
        /// Why not, or what to do in its place.
        why: String,
    },
    /// The environment says something else, which counts.
    #[error("{setting} has no effect: {by} is set as well and stands above it")]
    Overruled {
        /// The key.
        setting: Origin,
        /// What counts.
        by: Origin,
    },
    /// It has no effect.
    #[error("{setting} has no effect: {why}")]
    Ignored {
        /// The variable or key.
        setting: Origin,
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
            | Self::BadConfiguration { .. }
            | Self::Incomplete { .. } => true,
            Self::Unknown { .. }
            | Self::Understood { .. }
            | Self::NoEquivalent { .. }
            | Self::Overruled { .. }
            | Self::Ignored { .. } => false,
        }
    }

    /// Says whether it is only worth a line in a log: nothing is wrong, or nothing can be done.
    pub fn is_note(&self) -> bool {
        matches!(self, Self::Understood { .. } | Self::NoEquivalent { .. } | Self::Overruled { .. })
    }

    /// Says whether it is about the configuration file.
    pub fn is_of_file(&self) -> bool {
        matches!(self.setting(), None | Some(Origin::File { .. }))
    }

    /// Says whether with it nobody knows which data directory was meant, as long as no variable names one.
    pub fn hides_data(&self) -> bool {
        match self.setting() {
            Some(Origin::File { key, .. }) => file::is_called(key, "data"),
            Some(_) => false,
            None => true,
        }
    }

    /// Returns the name of the variable or key that it is about.
    pub fn name(&self) -> &str {
        match self.setting() {
            Some(Origin::Variable(name) | Origin::File { key: name, .. }) => name,
            Some(_) => "",
            None => CONFIGURATION,
        }
    }

    /// Returns the variable or key; `None` where it is the whole file.
    fn setting(&self) -> Option<&Origin> {
        match self {
            Self::BadValue { setting, .. }
            | Self::BadFile { setting, .. }
            | Self::BothGiven { setting, .. }
            | Self::Incomplete { setting, .. }
            | Self::Unknown { setting, .. }
            | Self::Understood { setting, .. }
            | Self::NoEquivalent { setting, .. }
            | Self::Overruled { setting, .. }
            | Self::Ignored { setting, .. } => Some(setting),
            Self::BadConfiguration { .. } => None,
        }
    }
}

//! Why a Compose file is left as it is.

use std::fmt;

use crate::core::yaml::YamlError;

/// Why a file is left as it is, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The file; empty where it is none of them in particular.
    pub path: String,
    /// Why.
    pub why: Refusal,
}

/// Why a file is left as it is: only what is certain is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be read as YAML.
    Yaml(YamlError),
    /// No file has the service.
    NoService,
    /// The service has no image of its own, or none that is text.
    NoImage,
    /// The image comes from another service, by `extends`.
    Inherited,
    /// The service may be in a file that is included.
    Included,
    /// Compose builds the image.
    Built,
    /// A tag such as `!reset` stands on the way to it.
    Tagged,
    /// The file asks for something else than what runs, written so.
    Other(String),
    /// The image's name is longer than any.
    TooLong,
    /// The image is pinned to a digest.
    Pinned,
    /// The image is written without its tag.
    NoTag,
    /// A variable is written in a way that is not understood.
    OddVariable(String),
    /// A variable is set by whoever runs Compose.
    FromOutside(String),
    /// The file that sets variables cannot be read.
    Unread(String),
    /// A line of a file with variables is not understood.
    OddEntry {
        /// Where.
        line: usize,
    },
    /// A variable is set more than once.
    SetTwice(String),
    /// A variable's value is made of others, or written with escapes.
    Computed(String),
    /// What is written there stands in other places as well.
    Shared {
        /// Where it is written.
        line: usize,
        /// One of the other places.
        place: String,
    },
    /// The variable is used elsewhere as well.
    SharedVariable {
        /// Its name.
        name: String,
        /// Where else.
        place: String,
    },
    /// The variable may be used in files that are not seen.
    Unseen(String),
    /// The variable may be used in a file that a service names and that cannot be read.
    UnseenFile {
        /// Its name.
        name: String,
        /// Where the file is named.
        place: String,
    },
    /// The tag is spread over several places.
    Split,
    /// The value is written over several lines, or with escapes.
    Folded {
        /// Where.
        line: usize,
    },
    /// Another service takes its image from this one.
    Extended(String),
    /// What was written would not mean what it should.
    Unproven,
}

impl Refusal {
    /// Returns the refusal of a file.
    pub(super) fn of(self, path: &str) -> Refused {
        Refused { path: path.to_owned(), why: self }
    }
}

impl From<YamlError> for Refusal {
    fn from(error: YamlError) -> Self {
        Self::Yaml(error)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.path {
            "" => write!(f, "{}", self.why),
            path => write!(f, "{path}: {}", self.why),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yaml(error) => error.fmt(f),
            Self::NoService => f.write_str("no file has the service"),
            Self::NoImage => f.write_str("the service has no image there"),
            Self::Inherited => f.write_str("its image comes from elsewhere, by extends"),
            Self::Included => f.write_str("the service may be in a file that is included"),
            Self::Built => f.write_str("Compose builds the image"),
            Self::Tagged => {
                f.write_str("a tag such as !reset or !override stands on the way to it")
            }
            Self::Other(text) => write!(f, "it asks for {text}, which is not what runs"),
            Self::TooLong => f.write_str("the name of the image is too long for one"),
            Self::Pinned => f.write_str("the image is pinned to a digest"),
            Self::NoTag => f.write_str("the image is written without its tag"),
            Self::OddVariable(text) => write!(f, "a variable in {text} is not understood"),
            Self::FromOutside(name) => write!(f, "{name} is set by whoever runs Compose"),
            Self::Unread(reason) => write!(f, "it cannot be read: {reason}"),
            Self::OddEntry { line } => write!(f, "line {line} is not understood"),
            Self::SetTwice(name) => write!(f, "{name} is set twice"),
            Self::Computed(name) => write!(f, "the value of {name} is no plain text"),
            Self::Shared { line, place } => {
                write!(f, "what stands in line {line} is {place} as well")
            }
            Self::SharedVariable { name, place } => write!(f, "{name} is used by {place} as well"),
            Self::Unseen(name) => {
                write!(f, "{name} may be used in files that are included or extended")
            }
            Self::UnseenFile { name, place } => {
                write!(f, "{name} may be used in a file of {place} that cannot be read here")
            }
            Self::Split => f.write_str("it is not clear which part of the image's tag to change"),
            Self::Folded { line } => {
                write!(f, "the image in line {line} is written over several lines, or with escapes")
            }
            Self::Extended(service) => write!(f, "the service {service} takes its image from it"),
            Self::Unproven => f.write_str("what was written would not mean what it should"),
        }
    }
}

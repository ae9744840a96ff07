//! YAML as far as people write settings in it: where things stand, and what they mean.

use std::fmt;

mod document;
mod tree;

pub use self::document::{BYTE_ORDER_MARK, Document, Kind, Node};
pub use self::tree::{Shape, Tree};

/// Why a text is not read as YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum YamlError {
    /// It is none, or not to the end.
    NotUnderstood {
        /// Where.
        line: usize,
        /// What was found there.
        what: String,
    },
    /// There is nothing in it.
    Empty,
    /// A key stands twice in one mapping.
    Twice {
        /// Where.
        line: usize,
        /// The key.
        key: String,
    },
}

impl std::error::Error for YamlError {}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUnderstood { line, what } => {
                write!(f, "line {line} is not understood: {what}")
            }
            Self::Empty => f.write_str("there is nothing in it"),
            Self::Twice { line, key } => write!(f, "{key} stands twice, again in line {line}"),
        }
    }
}

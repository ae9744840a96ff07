//! What the labels and variables of other tools mean here.
//!
//! A label or variable of another tool becomes settings of ours before ours are read, so that
//! whatever reads ours understands theirs. Ours stand above theirs.

pub mod flags;
pub mod idiom;
pub mod labels;
pub mod report;
pub mod tool;
mod trigger;
mod value;
pub mod variables;
mod watcher;

pub use self::idiom::Idiom;
pub use self::tool::Tool;

use std::fmt;

use crate::core::secret::Secret;

/// What a setting of another tool means here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// These settings of ours.
    Ours(Vec<Setting>),
    /// Something that holds in any case, or that other settings carry.
    Already(&'static str),
    /// Nothing: there is no equivalent, for this reason.
    Nothing(&'static str),
}

/// One of our labels or variables, with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The name of the label or variable.
    pub name: String,
    /// Its value.
    pub value: Content,
}

/// A value that may be shown, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// It may.
    Open(String),
    /// It may not.
    Secret(Secret),
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(text) => f.write_str(text),
            Self::Secret(_) => f.write_str("***"),
        }
    }
}

impl Content {
    /// Returns the text, for those who read it as a setting.
    pub fn expose(&self) -> &str {
        match self {
            Self::Open(text) => text,
            Self::Secret(secret) => secret.expose(),
        }
    }
}

impl Setting {
    /// Returns a setting that may be shown.
    pub fn open(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: Content::Open(value.into()) }
    }

    /// Returns a setting that may not.
    pub fn secret(name: impl Into<String>, value: &str) -> Self {
        Self { name: name.into(), value: Content::Secret(Secret::new(value)) }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(settings) => {
                let shown: Vec<String> = settings.iter().map(ToString::to_string).collect();
                f.write_str(&shown.join(" "))
            }
            Self::Already(why) => write!(f, "nothing to set: {why}"),
            Self::Nothing(why) => write!(f, "no equivalent: {why}"),
        }
    }
}

/// What reading a foreign value comes to; the error says what to write instead.
type Understood = Result<Meaning, String>;

/// Returns the meaning that is one setting of ours.
#[expect(clippy::unnecessary_wraps, reason = "it ends readers that can fail")]
fn one(name: &str, value: impl Into<String>) -> Understood {
    Ok(Meaning::Ours(vec![Setting::open(name, value)]))
}

#[cfg(test)]
mod tests;

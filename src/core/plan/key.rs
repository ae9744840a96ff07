//! The name of a container within one plan.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a container within one plan: `old`, `new`, `data`, `rescue`, `sharer.1.old`, `dependent.1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(Box<str>);

impl Key {
    /// The container that is replaced.
    pub fn old() -> Self {
        Self("old".into())
    }

    /// The container that replaces it.
    pub fn replacement() -> Self {
        Self("new".into())
    }

    /// The container that is created, never started, to see whether bind sources exist.
    pub fn probe() -> Self {
        Self("probe".into())
    }

    /// The container through which data is saved or restored, created and never started.
    pub fn data() -> Self {
        Self("data".into())
    }

    /// The container made from the saved body when the old one is gone.
    pub fn rescue() -> Self {
        Self("rescue".into())
    }

    /// The container from which docker-auto itself is replaced.
    pub fn helper() -> Self {
        Self("helper".into())
    }

    /// A container that is made anew with it: the one that is (`old`), or takes its place (`new`).
    pub fn sharer(index: usize, role: &str) -> Self {
        Self(format!("sharer.{}.{role}", index + 1).into())
    }

    /// A container that is restarted with it.
    pub fn dependent(index: usize) -> Self {
        Self(format!("dependent.{}", index + 1).into())
    }

    /// Returns the key of the container that was there before, of the same service.
    pub(super) fn present(&self) -> Self {
        match self.0.strip_prefix("sharer.").and_then(|rest| rest.split_once('.')) {
            Some((number, _)) => Self(format!("sharer.{number}.old").into()),
            None if self.0.starts_with("dependent.") => self.clone(),
            None => Self::old(),
        }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

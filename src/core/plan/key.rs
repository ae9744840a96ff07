//! The name of a container within one plan.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a container within one plan: `old`, `new`, `data`, `files`, `rescue`, `sharer.1.old`,
/// `rerun.1.new`, `dependent.1`.
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

    /// The container that holds the files of one that the engine removes, created and never started.
    pub fn files() -> Self {
        Self("files".into())
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

    /// A container that is run again to its end before it is replaced: the one that ran (`old`), or
    /// the one that is run (`new`).
    pub fn rerun(index: usize, role: &str) -> Self {
        Self(format!("rerun.{}.{role}", index + 1).into())
    }

    /// Says whether its container is run to its end, so that it is not up afterwards.
    pub fn ends(&self) -> bool {
        self.0.starts_with("rerun.")
    }

    /// A container that is restarted with it.
    pub fn dependent(index: usize) -> Self {
        Self(format!("dependent.{}", index + 1).into())
    }

    /// Returns the key of the container that was there before, of the same service.
    pub(super) fn present(&self) -> Self {
        match self.0.rsplit_once('.') {
            Some((service, _))
                if service.starts_with("sharer.") || service.starts_with("rerun.") =>
            {
                Self(format!("{service}.old").into())
            }
            Some(("dependent", _)) => self.clone(),
            _ => Self::old(),
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

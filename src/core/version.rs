//! Versions in tags: what a tag says, which other tags could take its place, and which one should.

mod choice;
mod kind;
mod parse;
mod rules;
mod suffix;
#[cfg(test)]
mod tests;

use crate::core::remote::{RemoteFailure, RemoteImage};

pub use self::choice::{Choice, choose, has_versions};
pub use self::kind::Kind;
pub use self::parse::{Family, Stage, Tag};
pub use self::rules::{Pattern, Track, Transform, VersionPatch, VersionRules};
pub use self::suffix::{Part, Role};

/// The label of an image that says its version.
pub const VERSION_LABEL: &str = "org.opencontainers.image.version";

/// The longest version that is shown.
const LONGEST: usize = 64;

/// What a registry's list of tags came to for one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionAnswer {
    /// The list, or what it led to, could not be had.
    Failed(RemoteFailure),
    /// The list was read.
    Known {
        /// The newest version that the container may move to, if there is one for its platform.
        newest: Option<Box<Newest>>,
        /// The newest version of all that lies beyond.
        beyond: Option<String>,
    },
}

/// A version that a container may move to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// Its tag.
    pub tag: String,
    /// Its image for the container's platform.
    pub image: RemoteImage,
}

/// What is known of versions beside the digests of a decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// What the image that runs says of itself.
    pub running: Option<String>,
    /// The tag that is left for another one.
    pub leaves: Option<String>,
    /// The newest version beyond what is followed.
    pub beyond: Option<String>,
}

/// Returns a version as an image tells it, fit to be shown in a line.
pub fn shown(text: &str) -> Option<String> {
    let clean: String = text.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    (!clean.is_empty()).then_some(clean)
}

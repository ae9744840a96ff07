//! Versions in tags: what a tag says, which other tags could take its place, and which one should.

mod beyond;
mod choice;
mod idle;
mod kind;
mod offer;
mod parse;
mod rules;
mod suffix;
#[cfg(test)]
mod tests;

pub use self::beyond::{Glimpse, Outlook, Seen, outlook};
pub use self::choice::{Choice, choose, has_versions};
pub use self::idle::idle;
pub use self::kind::Kind;
pub use self::offer::{NoImage, Offer, Offered, Passed, PassedOver, VersionAnswer};
pub use self::parse::{Family, Stage, Tag};
pub use self::rules::{Pattern, Track, Transform, VersionPatch, VersionRules};
pub use self::suffix::{Part, Role};

/// The label of an image that says its version.
pub const VERSION_LABEL: &str = "org.opencontainers.image.version";

/// The longest version that is shown.
const LONGEST: usize = 64;

/// What is known of versions beside the digests of a decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// What the image that runs says of itself.
    pub running: Option<String>,
    /// The tag that is left for another one.
    pub leaves: Option<String>,
    /// The newest version beyond what is followed that has an image for the platform.
    pub beyond: Option<String>,
    /// The newer versions that are not taken, the newest first.
    pub passed: Vec<Passed>,
    /// How many older ones of those that are followed were not looked at, where none is taken.
    pub unseen: usize,
}

/// Returns a version as an image tells it, fit to be shown in a line.
pub fn shown(text: &str) -> Option<String> {
    let clean: String = text.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    (!clean.is_empty()).then_some(clean)
}

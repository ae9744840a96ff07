//! Why a container is not looked at: each reason with a stable code, its cause and the cure.

use std::fmt;

use crate::core::comparison::LocalEvidence;
use crate::core::compose::{Compose, Foreign};
use crate::core::decision::Role;
use crate::core::policy::{Origin, Scope, Unselected};
use crate::core::reference::ImageRef;
use crate::core::text::{self, Language};

/// Why a container is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Its name is one that operations give to their own containers.
    NameReserved,
    /// Someone else manages it.
    Foreign(Foreign),
    /// It was made by `docker compose run`.
    OneOff(Compose),
    /// docker-auto itself depends on it.
    Infrastructure(Role),
    /// A label or list leaves it out.
    NotSelected(Unselected),
    /// It is another instance's matter.
    OtherScope {
        /// The label with its own scope, if it has one.
        own: Option<Origin>,
        /// Which containers are this instance's matter.
        scope: Scope,
        /// The setting.
        origin: Origin,
    },
    /// Its mode is off.
    ModeOff(Origin),
    /// It does not run, and such containers are not included.
    Stopped(Origin),
    /// It is frozen.
    Paused,
    /// It is being removed, or is broken.
    BeingRemoved,
    /// Its reference has a digest.
    PinnedDigest {
        /// Its reference.
        reference: ImageRef,
        /// The setting.
        origin: Origin,
    },
    /// Its reference has a digest and no tag that could move.
    DigestWithoutTag(ImageRef),
    /// Its tag stands for one version.
    PinnedSemver {
        /// The tag.
        tag: String,
        /// The setting.
        origin: Origin,
    },
    /// It was made from an image ID; the name is the only one that the image has.
    PinnedImageId(Option<ImageRef>),
    /// Its tag is not among those that are looked at.
    TagNotFloating {
        /// The tag.
        tag: String,
        /// The setting.
        origin: Origin,
    },
    /// No registry knows its image.
    BuiltLocally {
        /// Its reference.
        reference: ImageRef,
        /// What shows it.
        evidence: LocalEvidence,
        /// The setting.
        origin: Origin,
    },
}

impl SkipReason {
    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NameReserved => "name_reserved",
            Self::Foreign(_) => "foreign",
            Self::OneOff(_) => "one_off",
            Self::Infrastructure(_) => "infrastructure",
            Self::NotSelected(_) => "not_selected",
            Self::OtherScope { .. } => "other_scope",
            Self::ModeOff(_) => "mode_off",
            Self::Stopped(_) => "stopped",
            Self::Paused => "paused",
            Self::BeingRemoved => "being_removed",
            Self::PinnedDigest { .. } => "pinned_digest",
            Self::DigestWithoutTag(_) => "digest_without_tag",
            Self::PinnedSemver { .. } => "pinned_semver",
            Self::PinnedImageId(_) => "pinned_image_id",
            Self::TagNotFloating { .. } => "tag_not_floating",
            Self::BuiltLocally { .. } => "built_locally",
        }
    }
}

/// The reason as a sentence, in English.
impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::of_skip(self, Language::English).fmt(f)
    }
}

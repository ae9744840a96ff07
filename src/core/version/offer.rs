//! The versions that a repository offers for a container, and why some of them are passed over.

use crate::core::candidate::Mark;
use crate::core::id::Timestamp;
use crate::core::remote::{RemoteFailure, RemoteImage};

/// What a registry's list of tags came to for one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionAnswer {
    /// The list, or what it led to, could not be had.
    Failed(RemoteFailure),
    /// The list was read.
    Known(Offered),
}

/// What a list of tags holds for a container, as far as it was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// The versions that it may move to, the newest first, down to the first one that is taken.
    pub offers: Vec<Offer>,
    /// How many older ones were not looked at although none of these is taken.
    pub unseen: usize,
    /// The newest version of all that lies beyond and has an image, as far as that is known.
    pub beyond: Option<String>,
}

/// A version that a container may move to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its tag.
    pub tag: String,
    /// Its image for the container's platform.
    pub image: Result<Box<RemoteImage>, NoImage>,
}

/// Why a tag has no image that a container could run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoImage {
    /// There is none for its platform, or none any more.
    NoPlatform,
    /// It names something else: a chart, a signature, a bill of materials.
    NotAnImage,
}

/// A newer version that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Its tag.
    pub tag: String,
    /// What its image is recognised by, where there is one for the platform.
    pub mark: Option<Mark>,
    /// When its image was published or built, as far as that was asked.
    pub created_at: Option<Timestamp>,
    /// Why it is not taken.
    pub why: PassedOver,
}

/// Why a newer version is not taken, so that an older one may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassedOver {
    /// It has no image for the platform.
    NoPlatform,
    /// It is no container image.
    NotAnImage,
    /// It is too young.
    CoolingDown {
        /// Until when.
        until: Timestamp,
    },
    /// A person put it off.
    Snoozed {
        /// Until when.
        until: Timestamp,
    },
    /// It was tried here and failed.
    Failed,
    /// A person left it out or rejected it.
    Refused,
}

impl PassedOver {
    /// Returns the stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoPlatform => "no_platform",
            Self::NotAnImage => "not_an_image",
            Self::CoolingDown { .. } => "cooling_down",
            Self::Snoozed { .. } => "snoozed",
            Self::Failed => "rejected_before",
            Self::Refused => "refused",
        }
    }

    /// Returns when that ends by itself.
    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::CoolingDown { until } | Self::Snoozed { until } => Some(until),
            Self::NoPlatform | Self::NotAnImage | Self::Failed | Self::Refused => None,
        }
    }
}

impl From<NoImage> for PassedOver {
    fn from(why: NoImage) -> Self {
        match why {
            NoImage::NoPlatform => Self::NoPlatform,
            NoImage::NotAnImage => Self::NotAnImage,
        }
    }
}

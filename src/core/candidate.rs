//! What could run in a container's place, and what was tried there and failed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::core::digest::Digest;
use crate::core::id::{ContainerName, ImageId, Timestamp};
use crate::core::plan::RejectKey;
use crate::core::reference::ImageRef;
use crate::core::remote::RemoteImage;
use crate::core::version::Versions;

/// What could run instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The reference to run; with a digest for a container that stays pinned.
    pub reference: ImageRef,
    /// The image that it names.
    pub image: CandidateImage,
    /// What is known of versions.
    pub versions: Versions,
}

/// Where a candidate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CandidateImage {
    /// In its registry.
    Remote(Box<RemoteImage>),
    /// Here: its name was moved by a pull or a build.
    Local {
        /// Its ID.
        id: ImageId,
        /// The digests that it has from its repository.
        digests: BTreeSet<Digest>,
    },
}

impl Candidate {
    /// Returns the key under which it is rejected if it fails.
    pub fn reject_key(&self) -> RejectKey {
        match &self.image {
            CandidateImage::Remote(image) => RejectKey::manifest(&image.manifest),
            CandidateImage::Local { id, .. } => RejectKey::image(id),
        }
    }

    /// Says whether it is found here, and not in its registry.
    pub fn is_here(&self) -> bool {
        matches!(self.image, CandidateImage::Local { .. })
    }

    /// Returns the first twelve digits of its digest or ID.
    pub fn short(&self) -> &str {
        match &self.image {
            CandidateImage::Remote(image) => image.resolved.digest.short(),
            CandidateImage::Local { id, .. } => id.short(),
        }
    }
}

/// An image that was tried in a container's place and failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// The key that it is remembered under.
    pub key: RejectKey,
    /// The ID that it has here, by which its local name is recognised after the rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageId>,
    /// The digest that its reference resolved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// When it failed.
    pub at: Timestamp,
    /// How it failed.
    pub reason: String,
    /// On whom, where that was another container which is as good as this one; never stored.
    #[serde(skip)]
    pub beside: Option<ContainerName>,
}

impl Reject {
    /// Says whether a candidate is this image, whether it is seen in its registry or here.
    pub fn is(&self, candidate: &Candidate) -> bool {
        let Self { key, image, digest, .. } = self;
        same((key, image.as_ref(), digest.as_ref()), candidate)
    }
}

/// What an image is recognised by, wherever it is seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The key that it would be rejected under.
    pub key: RejectKey,
    /// The ID that it has or would have here, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageId>,
    /// The digest that its reference resolved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

impl Mark {
    /// Returns what a candidate is recognised by.
    pub fn of(candidate: &Candidate) -> Self {
        let (image, digest) = match &candidate.image {
            CandidateImage::Remote(image) => {
                let config = image.config.as_ref().map(|config| ImageId::new(config.as_str()));
                (config, Some(image.resolved.digest.clone()))
            }
            CandidateImage::Local { id, digests } => (Some(id.clone()), digests.first().cloned()),
        };
        Self { key: candidate.reject_key(), image, digest }
    }

    /// Says whether two marks are of the same image.
    pub fn meets(&self, other: &Self) -> bool {
        self.key == other.key
            || (self.digest.is_some() && self.digest == other.digest)
            || (self.image.is_some() && self.image == other.image)
    }

    /// Says whether a candidate is this image, whether it is seen in its registry or here.
    pub fn is(&self, candidate: &Candidate) -> bool {
        same((&self.key, self.image.as_ref(), self.digest.as_ref()), candidate)
    }
}

fn same(
    (key, image, digest): (&RejectKey, Option<&ImageId>, Option<&Digest>),
    candidate: &Candidate,
) -> bool {
    *key == candidate.reject_key()
        || match &candidate.image {
            CandidateImage::Remote(remote) => {
                let config = remote.config.as_ref();
                digest == Some(&remote.resolved.digest)
                    || config.is_some_and(|config| {
                        image.is_some_and(|id| id.as_str() == config.as_str())
                    })
            }
            CandidateImage::Local { id, digests } => {
                image == Some(id) || digest.is_some_and(|digest| digests.contains(digest))
            }
        }
}

//! Why nobody can say what is to be done.

use crate::core::digest::Digest;
use crate::core::reference::ImageRef;
use crate::core::remote::RemoteFailure;

/// Why nobody can say whether a container is up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownReason {
    /// The registry did not say it.
    Registry(RemoteFailure),
    /// The engine that it runs on did not say what it is; its words.
    Engine(String),
    /// Its image is given as something that is no reference.
    BadReference(String),
    /// The registry was not asked.
    NotAsked(ImageRef),
    /// The registry has another digest, but its manifest was not read.
    Unresolved {
        /// The reference.
        reference: ImageRef,
        /// The digest.
        digest: Digest,
    },
    /// None of the newest versions may be taken, and there are more than are looked at.
    NotAllLookedAt {
        /// The reference.
        reference: ImageRef,
        /// How many were looked at.
        looked_at: usize,
        /// How many were not.
        unseen: usize,
    },
}

impl UnknownReason {
    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Registry(failure) => failure.code.as_str(),
            Self::Engine(_) => "engine_error",
            Self::BadReference(_) => "bad_reference",
            Self::NotAsked(_) => "not_checked",
            Self::Unresolved { .. } => "not_resolved",
            Self::NotAllLookedAt { .. } => "not_all_looked_at",
        }
    }
}

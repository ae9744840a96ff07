//! Why nobody can say, and how it is known that nothing is to be done.

use std::fmt;

use crate::core::comparison::Match;
use crate::core::decision::hold::{beyond, moment};
use crate::core::digest::Digest;
use crate::core::reference::ImageRef;
use crate::core::remote::RemoteFailure;
use crate::core::version::Versions;

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
        }
    }
}

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(RemoteFailure { code, message, until }) => {
                write!(f, "{message}: {}", code.cure())?;
                until.map_or(Ok(()), |until| write!(f, "; not before {}", moment(until)))
            }
            Self::Engine(error) => {
                write!(f, "{error}: look at the engine's log; it is asked again at the next check")
            }
            Self::BadReference(error) => write!(f, "{error}: recreate it with a reference"),
            Self::NotAsked(reference) => {
                write!(f, "the registry was not asked for {}: check it", reference.familiar())
            }
            Self::Unresolved { reference, digest } => write!(
                f,
                "{} has another digest ({}) in its registry, but its manifest was not read: check it",
                reference.familiar(),
                digest.short()
            ),
        }
    }
}

/// Says how a container is known to be up to date.
pub(super) fn up_to_date(
    f: &mut fmt::Formatter<'_>,
    (reference, versions): (&ImageRef, &Versions),
    how: &Match,
) -> fmt::Result {
    let name = reference.familiar();
    match how {
        Match::Digest(digest) => {
            write!(f, "{name} is {} in its registry, which runs", digest.short())
        }
        Match::Content(digest) => write!(
            f,
            "{name} is {} in its registry, with the content that runs already",
            digest.short()
        ),
        Match::LocalName => write!(f, "{name} still names the local image that runs"),
    }?;
    beyond(f, versions)
}

//! What a registry says of a reference, in our words.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::digest::{Digest, Platform};
use crate::core::id::Timestamp;

/// A registry's answer about one reference for one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteAnswer {
    /// The digest that the tag resolves to, nothing more.
    Digest(RemoteDigest),
    /// The image for the platform.
    Image(RemoteImage),
    /// No answer, and why.
    Failed(RemoteFailure),
}

/// What a HEAD request brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteDigest {
    /// The digest that the tag resolves to: an index's or a manifest's.
    pub digest: Digest,
    /// The mirror that answered in place of the registry, which could not be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<String>,
}

/// What the manifest of a platform's image says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteImage {
    /// What the tag resolves to.
    #[serde(flatten)]
    pub resolved: RemoteDigest,
    /// The digest of the platform's manifest; the same one where there is no index.
    pub manifest: Digest,
    /// The digest of its config, which is the image ID where a graph driver keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Digest>,
    /// The platform that the image says it is for; `None` where nothing says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// When it was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// The size of its layers as they are pulled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// `org.opencontainers.image.version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `org.opencontainers.image.revision`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// What a registry says of how much it still allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The registry's host, as image references name it.
    pub registry: String,
    /// How many pulls are allowed in the window.
    pub limit: Option<u64>,
    /// How many are left.
    pub remaining: Option<u64>,
    /// How long the window is.
    pub window: Option<Duration>,
    /// Whom it counts: an address or an account.
    pub counted: Option<String>,
    /// When it said so.
    pub seen_at: Timestamp,
    /// Until when it refuses everything.
    pub blocked_until: Option<Timestamp>,
}

impl RateLimit {
    /// Returns the limits of a registry that says nothing of them.
    pub fn unknown(registry: &str, now: Timestamp) -> Self {
        Self {
            registry: registry.to_owned(),
            limit: None,
            remaining: None,
            window: None,
            counted: None,
            seen_at: now,
            blocked_until: None,
        }
    }
}

/// Why a registry could not be asked, or what it answered instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteFailure {
    /// Its kind.
    pub code: FailureCode,
    /// What was being done with what, and what came of it.
    pub message: String,
    /// When to ask again, where the registry says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// The kinds of registry failures; their codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// It asks for credentials, or refuses those it got.
    Unauthorized,
    /// The account may not read it.
    Forbidden,
    /// It does not know the repository or tag.
    NotFound,
    /// Too many requests.
    RateLimited,
    /// It allows few pulls more, which are left to people.
    QuotaKept,
    /// It is in trouble itself (5xx).
    Unavailable,
    /// No connection.
    Unreachable,
    /// It did not answer in time.
    Timeout,
    /// Its answer makes no sense.
    BadAnswer,
    /// It has no image for the platform.
    NoPlatform,
    /// What the tag names is no container image.
    NotAnImage,
    /// The credentials for it could not be read.
    Credentials,
    /// The engine's mirror serves something older than the registry.
    MirrorStale,
}

impl FailureCode {
    /// All kinds.
    pub const ALL: [Self; 13] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::RateLimited,
        Self::QuotaKept,
        Self::Unavailable,
        Self::Unreachable,
        Self::Timeout,
        Self::BadAnswer,
        Self::NoPlatform,
        Self::NotAnImage,
        Self::Credentials,
        Self::MirrorStale,
    ];

    /// Returns the code's text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::QuotaKept => "quota_kept",
            Self::Unavailable => "unavailable",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::BadAnswer => "bad_answer",
            Self::NoPlatform => "no_platform",
            Self::NotAnImage => "not_an_image",
            Self::Credentials => "credentials",
            Self::MirrorStale => "mirror_stale",
        }
    }

    /// Says what a person can do about it.
    pub fn cure(self) -> &'static str {
        match self {
            Self::Unauthorized => {
                "give credentials in DOCKER_AUTO_REGISTRY_AUTH_<n>_… or log in with docker login"
            }
            Self::Forbidden => "let the account read this repository, or use another account",
            Self::NotFound => "check the name and the tag; a private one needs credentials",
            Self::RateLimited => "it is asked again later; with credentials the limit is higher",
            Self::QuotaKept => {
                "it is asked again when there are more; DOCKER_AUTO_REGISTRY_QUOTA_FLOOR=0 uses the \
                 last ones, and with credentials there are more"
            }
            Self::Unavailable => "it is asked again at the next check",
            Self::Unreachable => "check the network, DNS and proxy settings of docker-auto",
            Self::Timeout => "check the connection to it; it is asked again at the next check",
            Self::BadAnswer => "check that this host is a registry and no proxy answers for it",
            Self::NoPlatform => "the container stays on the image that it runs",
            Self::NotAnImage => {
                "give the container a tag of an image; it stays on the one that it runs"
            }
            Self::Credentials => {
                "give credentials in DOCKER_AUTO_REGISTRY_AUTH_<n>_… or repair config.json"
            }
            Self::MirrorStale => "wait for the mirror, or correct the engine's registry-mirrors",
        }
    }
}

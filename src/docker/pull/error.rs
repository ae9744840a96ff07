//! Why a pull failed, and whether waiting may cure it.

use std::time::Duration;

use crate::core::journal::Class;

use super::super::error::DockerError;

/// Why a pull failed.
#[derive(Debug, thiserror::Error)]
pub(in crate::docker) enum PullError {
    /// The engine could not be asked.
    #[error(transparent)]
    Docker(#[from] DockerError),
    /// The engine said why it cannot.
    #[error("pulling {reference}: {message}{}", cure(message))]
    Engine { reference: String, message: String },
    /// The stream ended too early, or made no sense.
    #[error("pulling {reference}: the engine's answer was cut off ({reason})")]
    Cut { reference: String, reason: String },
    /// Nothing moved any more.
    #[error(
        "pulling {reference}: nothing moved for {} s; the registry may be hanging",
        idle.as_secs_f32()
    )]
    Idle { reference: String, idle: Duration },
    /// It took too long as a whole.
    #[error("pulling {reference}: not done within {} minutes", after.as_secs() / 60)]
    TooLong { reference: String, after: Duration },
}

impl PullError {
    pub(in crate::docker) fn class(&self) -> Class {
        match self {
            Self::Docker(error) if error.is_unreachable() => Class::Unreachable,
            Self::Engine { message, .. } if is_lasting(message) => Class::Lasting,
            Self::TooLong { .. } => Class::Lasting,
            _ => Class::Transient,
        }
    }
}

/// What engines and registries say that will not change by waiting.
const LASTING: &[&str] = &[
    "manifest unknown",
    "manifest for ",
    "not found",
    "does not exist",
    "no basic auth credentials",
    "unauthorized",
    "authentication required",
    "denied",
    "forbidden",
    "no matching manifest",
    "does not match the specified platform",
    "invalid reference",
    "no space left on device",
    "disk quota exceeded",
    "unsupported media type",
    "x509:",
    "gave http response to https client",
];

/// What sounds lasting and passes nevertheless.
const PASSING: &[&str] = &[
    "toomanyrequests",
    "too many requests",
    "server misbehaving",
    // With the containerd store every prune of images ends the leases of all pulls (moby#53321): what they
    // count on is gone then, and the next pull makes it anew.
    "content digest",
    "notfound: ",
    "lease does not exist",
];

fn is_lasting(message: &str) -> bool {
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    says(LASTING) && !says(PASSING)
}

fn cure(message: &str) -> &'static str {
    let lower = message.to_lowercase();
    for (words, cure) in [
        ("no space left on device", "; make room on the engine's disk (docker system df)"),
        ("disk quota exceeded", "; make room on the engine's disk (docker system df)"),
        ("x509:", "; give the engine the registry's authority in /etc/docker/certs.d"),
        ("gave http response", "; name the registry in the engine's insecure-registries"),
        ("no basic auth credentials", "; give credentials for this registry"),
        ("toomanyrequests", "; the registry's limit is reached, credentials raise it"),
    ] {
        if lower.contains(words) {
            return cure;
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waiting_cures_is_told_from_what_it_does_not() {
        for (message, lasting) in [
            ("manifest for a/b:9 not found: manifest unknown: manifest unknown", true),
            (
                "pull access denied for a, repository does not exist or may require 'docker login'",
                true,
            ),
            ("failed to resolve reference \"r/a:9\": r/a:9: not found", true),
            ("unauthorized: authentication required", true),
            ("no basic auth credentials", true),
            ("no matching manifest for linux/arm64/v8 in the manifest list entries", true),
            ("failed to register layer: write /a: no space left on device", true),
            ("Get \"https://r/v2/\": x509: certificate signed by unknown authority", true),
            ("http: server gave HTTP response to HTTPS client", true),
            ("toomanyrequests: You have reached your pull rate limit", false),
            ("denied: too many requests", false),
            ("NotFound: content digest sha256:57ffb929a354: not found", false),
            ("failed to get reader: content digest sha256:57ffb929a354: not found", false),
            ("failed to lease content: NotFound: lease \"928396889-fZZL\": not found", false),
            ("unable to lease content: lease does not exist: not found", false),
            ("received unexpected HTTP status: 503 Service Unavailable", false),
            ("Get \"https://r/v2/\": dial tcp 10.0.0.1:443: connect: connection refused", false),
            ("Get \"https://r/v2/\": net/http: TLS handshake timeout", false),
            ("lookup r on 10.0.0.1:53: server misbehaving", false),
            ("lookup r: no such host", false),
            ("unexpected EOF", false),
            ("context deadline exceeded", false),
        ] {
            assert_eq!(is_lasting(message), lasting, "{message}");
        }
    }
}

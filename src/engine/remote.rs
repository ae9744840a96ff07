//! Between the registry client's words and the core's.

use std::time::Duration;

use crate::core::inventory::Inventory;
use crate::core::reference::ImageRef;
use crate::core::remote::{FailureCode, RemoteAnswer, RemoteDigest, RemoteFailure, RemoteImage};
use crate::docker::PullAuth;
use crate::engine::command;
use crate::registry::{self, Freshness, InsecureRule, Login, RegistryError, Source, Wanted};

/// Returns the question for a reference, with what the engine says of registries.
pub(super) fn wanted(reference: &ImageRef, inventory: &Inventory) -> Wanted {
    let insecure = inventory.engine.insecure_registries.iter();
    Wanted {
        reference: reference.clone(),
        mirrors: inventory.engine.registry_mirrors.clone(),
        insecure: insecure.filter_map(|rule| InsecureRule::parse(rule).ok()).collect(),
    }
}

/// The cache's own time to live bounds what counts as fresh.
pub(super) fn freshness(asked: command::Freshness) -> Freshness {
    match asked {
        command::Freshness::Cached => Freshness::Within(Duration::MAX),
        command::Freshness::Forced => Freshness::Forced,
    }
}

pub(super) fn answer(found: Result<registry::RemoteDigest, RegistryError>) -> RemoteAnswer {
    match found {
        Ok(found) => RemoteAnswer::Digest(RemoteDigest {
            digest: found.digest,
            mirror: match found.source {
                Source::Canonical => None,
                Source::Mirror(host) => Some(host.into()),
            },
        }),
        Err(error) => RemoteAnswer::Failed(failure(&error)),
    }
}

pub(super) fn image(found: registry::RemoteImage, resolved: &RemoteDigest) -> RemoteImage {
    RemoteImage {
        resolved: resolved.clone(),
        manifest: found.manifest,
        config: Some(found.config),
        platform: Some(found.platform),
        created_at: None,
        size_bytes: Some(found.size_bytes),
        version: None,
        revision: None,
    }
}

pub(super) fn failure(error: &RegistryError) -> RemoteFailure {
    let code = FailureCode::ALL.into_iter().find(|code| code.as_str() == error.code());
    RemoteFailure {
        code: code.unwrap_or(FailureCode::BadAnswer),
        message: error.to_string(),
        until: match error {
            RegistryError::RateLimited { until, .. } => *until,
            RegistryError::QuotaKept { until, .. } => Some(*until),
            _ => None,
        },
    }
}

/// A token that the registry itself accepts is nothing that the engine could pull with.
pub(super) fn pull_auth(login: Login) -> Option<PullAuth> {
    match login {
        Login::Password { username, password } => Some(PullAuth::Password { username, password }),
        Login::IdentityToken(token) => Some(PullAuth::IdentityToken(token)),
        Login::RegistryToken(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_failure_keeps_its_code() {
        let timeout = RegistryError::Timeout { doing: "x".into(), after: Duration::ZERO };
        assert_eq!(failure(&timeout).code, FailureCode::Timeout);
        let until = crate::core::id::Timestamp::UNIX_EPOCH;
        let kept = RegistryError::QuotaKept { doing: "x".into(), remaining: 1, until };
        assert_eq!(
            (failure(&kept).code, failure(&kept).until),
            (FailureCode::QuotaKept, Some(until))
        );
        let cut = RegistryError::CutOff { doing: "x".into() };
        assert_eq!(failure(&cut).code, FailureCode::BadAnswer);
    }
}

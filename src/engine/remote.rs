//! Between the registry client's words and the core's.

use std::time::Duration;

use serde_json::Value;

use crate::core::inventory::Inventory;
use crate::core::reference::ImageRef;
use crate::core::remote::{FailureCode, RemoteAnswer, RemoteDigest, RemoteFailure, RemoteImage};
use crate::core::version::{VERSION_LABEL, shown};
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
        command::Freshness::Since(moment) => Freshness::Since(moment),
        command::Freshness::Forced | command::Freshness::Spread(_) => Freshness::Forced,
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
    let mut image = RemoteImage {
        resolved: resolved.clone(),
        manifest: found.manifest,
        config: Some(found.config),
        platform: Some(found.platform),
        created_at: None,
        size_bytes: Some(found.size_bytes),
        version: None,
        revision: None,
    };
    if let Some(config) = &found.image_config {
        describe(&mut image, config);
    }
    image
}

/// Adds what an image's config says of it.
pub(super) fn describe(image: &mut RemoteImage, config: &Value) {
    let label = |name: &str| config.pointer("/config/Labels")?.get(name)?.as_str();
    let created = config.get("created").and_then(Value::as_str);
    // 1970, which nobody believes, where it says nothing.
    image.created_at = Some(created.and_then(|created| created.parse().ok()).unwrap_or_default());
    image.version = label(VERSION_LABEL).and_then(shown);
    image.revision = label("org.opencontainers.image.revision").and_then(shown);
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

/// A token that the registry itself accepts, and keys that were not changed for a password, are
/// nothing that the engine could pull with.
pub(super) fn pull_auth(login: Login) -> Option<PullAuth> {
    match login {
        Login::Password { username, password } => Some(PullAuth::Password { username, password }),
        Login::IdentityToken(token) => Some(PullAuth::IdentityToken(token)),
        Login::RegistryToken(_) | Login::SessionKeys { .. } => None,
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

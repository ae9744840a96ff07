//! The image that a container shall run, with everything that the registry or the engine says of it.

use serde_json::Value;

use crate::core::digest::Digest;
use crate::core::id::ImageId;
use crate::core::inventory::{ImageStore, Inventory};
use crate::core::plan::ImageSummary;
use crate::core::plan::blueprint::Source;
use crate::core::reference::ImageRef;
use crate::core::remote::RemoteImage;
use crate::engine::{Engine, EngineError, image, remote};
use crate::logging::printable;

/// The image that a container shall run.
pub(super) struct Goal {
    pub(super) reference: ImageRef,
    pub(super) image: ImageSummary,
    /// Its config: from the registry, or the engine's inspect.
    pub(super) config: Option<Value>,
    pub(super) source: Source,
    /// The digest of what runs now.
    pub(super) old_digest: Option<Digest>,
    /// The platform manifest of what runs now, where it is known.
    pub(super) old_manifest: Option<Digest>,
    pub(super) warnings: Vec<String>,
}

impl Engine {
    /// Returns an image of the registry as a goal: its config is fetched, its ID follows from the
    /// engine's store.
    pub(super) async fn remote_goal(
        &self,
        reference: &ImageRef,
        image: &RemoteImage,
        inventory: &Inventory,
    ) -> Result<Goal, EngineError> {
        let wanted = remote::wanted(reference, inventory);
        let digest = &image.resolved.digest;
        let found = image.config.clone().ok_or_else(|| EngineError::NoConfig(digest.clone()))?;
        let config = self.registry.image_config(&wanted, &found).await?;
        let id = match inventory.engine.store {
            ImageStore::GraphDriver => &found,
            ImageStore::Containerd => digest,
        };
        let text = |path: &str| config.pointer(path).and_then(Value::as_str);
        let summary = ImageSummary {
            id: ImageId::new(id.as_str()),
            digest: Some(digest.clone()),
            manifest: Some(image.manifest.clone()),
            version: text(VERSION).map(version),
            created_at: text("/created").and_then(|created| created.parse().ok()),
            size_bytes: image.size_bytes,
        };
        Ok(Goal {
            reference: reference.clone(),
            image: summary,
            config: Some(config),
            source: Source::Registry(digest.clone()),
            old_digest: None,
            old_manifest: None,
            warnings: Vec::new(),
        })
    }

    /// Returns an image that the engine has already as a goal.
    pub(super) async fn local_goal(
        &self,
        reference: &ImageRef,
        id: &ImageId,
        source: Source,
    ) -> Result<Goal, EngineError> {
        let inspect = self.host.inspect_image(id.as_str(), None).await?;
        let inspect = inspect.ok_or_else(|| EngineError::ImageGone {
            image: id.clone(),
            reference: reference.familiar(),
        })?;
        let text = |path: &str| inspect.pointer(path).and_then(Value::as_str);
        let image = ImageSummary {
            id: id.clone(),
            digest: None,
            manifest: None,
            version: text(LOCAL_VERSION).map(version),
            created_at: text("/Created").and_then(|created| created.parse().ok()),
            size_bytes: inspect.get("Size").and_then(Value::as_u64),
        };
        Ok(Goal {
            reference: reference.clone(),
            image,
            config: Some(inspect).filter(image::is_whole),
            source,
            old_digest: None,
            old_manifest: None,
            warnings: Vec::new(),
        })
    }
}

const VERSION: &str = "/config/Labels/org.opencontainers.image.version";
const LOCAL_VERSION: &str = "/Config/Labels/org.opencontainers.image.version";

/// A version is shown in one line, whatever an image says it is.
const LONGEST_VERSION: usize = 64;

/// Returns a version as it is kept and shown.
pub(super) fn version(text: &str) -> String {
    printable(text.trim()).chars().take(LONGEST_VERSION).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_fits_into_a_line() {
        for (text, expected) in [
            ("1.2.3", "1.2.3".to_owned()),
            (" 2\u{1b}[31mRED\u{7}\nFAKE ", "2\\u{1b}[31mRED\\u{7}\\nFAKE".to_owned()),
            (&"é".repeat(100), "é".repeat(64)),
        ] {
            assert_eq!(version(text), expected);
        }
    }
}

//! The image that a container runs: as the engine shows it, as it was stored, or as its registry
//! has it.
//!
//! An engine with the containerd store shows an image without its platform and config when a layer's
//! content is missing. That happens to images that run well: a pull skips layers that another
//! container's file system holds unpacked already.

use serde_json::Value;

use crate::core::digest::{Digest, Platform};
use crate::core::id::ImageId;
use crate::core::inventory::{Container, Inventory};
use crate::core::reference::ImageRef;
use crate::engine::{Engine, EngineError, remote};

/// What a container runs as.
pub(super) struct Running {
    pub(super) platform: Platform,
    /// The platform manifest, where the engine says it (API 1.48).
    pub(super) manifest: Option<Digest>,
}

impl Engine {
    /// Returns what a container runs as.
    pub(super) async fn running(
        &self,
        inventory: &Inventory,
        container: &Container,
    ) -> Result<Running, EngineError> {
        let inspect = self.host.inspect_container(&container.id).await?.unwrap_or_default();
        let manifest = manifest_of(&inspect);
        let platform = match platform_in(&inspect["ImageManifestDescriptor"]["platform"]) {
            Some(platform) => Some(platform),
            None => self.shown_or_stored(&container.image_id).await?.as_ref().and_then(platform_in),
        };
        let platform = platform.unwrap_or_else(|| inventory.engine.platform.clone());
        Ok(Running { platform, manifest })
    }

    /// Returns the inspect of the image that a container runs, as complete as it can be had.
    pub(super) async fn old_image(
        &self,
        inventory: &Inventory,
        (container, inspect): (&Container, &Value),
        reference: &ImageRef,
    ) -> Result<Option<Value>, EngineError> {
        let id = &container.image_id;
        if let Some(known) = self.shown_or_stored(id).await? {
            return Ok(Some(known));
        }
        let Some(part) = self.host.inspect_image(id.as_str(), None).await? else { return Ok(None) };
        let digest = manifest_of(inspect).or_else(|| id.as_str().parse().ok());
        let Some(digest) = digest else { return Ok(None) };
        let platform = platform_in(&inspect["ImageManifestDescriptor"]["platform"]);
        let platform = platform.unwrap_or_else(|| inventory.engine.platform.clone());
        let wanted = remote::wanted(reference, inventory);
        let config = match self.registry.resolve(&wanted, &digest, &platform).await {
            Ok(found) => self.registry.image_config(&wanted, &found.config).await,
            Err(error) => Err(error),
        };
        match config {
            Ok(config) => Ok(Some(completed(part, &config))),
            Err(error) => {
                let name = &container.name;
                log::warn!("{name}: the engine does not say what is in its image: {error}");
                Ok(None)
            }
        }
    }

    /// Returns an image's inspect, or the one that was stored while the engine knew it whole.
    async fn shown_or_stored(&self, id: &ImageId) -> Result<Option<Value>, EngineError> {
        let shown = self.host.inspect_image(id.as_str(), None).await?;
        if let Some(inspect) = shown.filter(is_whole) {
            return Ok(Some(inspect));
        }
        let stored = self.store.snapshots().image(self.host.id(), id).await?;
        Ok(stored.map(|snapshot| snapshot.inspect).filter(is_whole))
    }
}

/// Says whether an image's inspect tells its config.
pub(super) fn is_whole(inspect: &Value) -> bool {
    inspect["Os"] != ""
}

/// Returns an inspect with what the image's config says in place of what the engine does not.
fn completed(mut inspect: Value, config: &Value) -> Value {
    for (shown, own) in [
        ("Os", "os"),
        ("Architecture", "architecture"),
        ("Variant", "variant"),
        ("Created", "created"),
        ("Config", "config"),
    ] {
        inspect[shown] = config[own].clone();
    }
    inspect
}

/// Reads a platform as an image's inspect writes it (`Os`) or a descriptor does (`os`).
fn platform_in(value: &Value) -> Option<Platform> {
    let text = |field: &str| value.get(field).and_then(Value::as_str).filter(|it| !it.is_empty());
    let either = |upper: &str, lower: &str| text(upper).or_else(|| text(lower));
    let (os, architecture) = (either("Os", "os")?, either("Architecture", "architecture")?);
    Some(Platform::new(os, architecture, either("Variant", "variant")))
}

fn manifest_of(container: &Value) -> Option<Digest> {
    container["ImageManifestDescriptor"]["digest"].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_engine_does_not_say_is_completed() {
        let part = json!({"Id": "sha256:1", "Os": "", "Architecture": "", "Config": {"Env": null}});
        assert!(!is_whole(&part));
        assert_eq!(platform_in(&part), None);
        let config = json!({"os": "linux", "architecture": "arm", "variant": "v7",
            "config": {"Env": ["A=1"]}});
        let whole = completed(part, &config);
        assert!(is_whole(&whole));
        let platform = Some(Platform::new("linux", "arm", Some("v7")));
        assert_eq!((platform_in(&whole), platform_in(&config)), (platform.clone(), platform));
        assert_eq!((&whole["Id"], &whole["Config"]["Env"][0]), (&json!("sha256:1"), &json!("A=1")));
    }
}

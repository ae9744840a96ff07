//! Removing an image that nothing needs any more, never with force.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::core::id::ImageId;
use crate::core::journal::StepOutput;
use crate::core::plan::StepError;

use super::super::call::{Call, in_path};
use super::super::convert::{ListedContainer, text, texts};
use super::super::error::DockerError;
use super::class::{Action, failed};
use super::{HostRunner, StepResult};

impl HostRunner {
    /// Looks anew at who uses and names the image, since its plan was made some time ago. What the
    /// engine refuses stays, and so does what somebody needs.
    pub(super) async fn remove_image(
        &self,
        image: &ImageId,
        keep_tags: &[String],
        heir: Option<&ImageId>,
    ) -> StepResult {
        let found = self.host.inspect_image(image.as_str(), None).await;
        let Some(inspect) = found.map_err(failed(Action::Make))? else {
            return Ok(StepOutput::ImageRemoved { size_bytes: None, free: None });
        };
        let tags = texts(&inspect["RepoTags"]);
        let (own, others): (Vec<_>, Vec<_>) = tags
            .iter()
            .filter(|tag| !tag.starts_with("<none>"))
            .partition(|tag| keep_tags.contains(tag));
        if let Some(other) = others.first() {
            return Ok(stays(format!("it is {other}, too")));
        }
        if let Some(user) = self.user_of(&inspect).await? {
            return Ok(stays(format!("container {user} uses it")));
        }
        for tag in own {
            if let Some(heir) = heir {
                self.tag(heir, tag).await?;
            } else if let Some(refusal) = self.delete_image(tag).await? {
                return Ok(stays(refusal));
            }
        }
        let refusal = self.delete_image(image.as_str()).await?;
        let size_bytes = inspect["Size"].as_u64();
        Ok(refusal.map_or(StepOutput::ImageRemoved { size_bytes, free: None }, stays))
    }

    /// Returns the name of a container in any state that is made of an image.
    async fn user_of(&self, image: &Value) -> Result<Option<String>, StepError> {
        let call = Call::get("listing the containers", "/containers/json").query("all", "1");
        let listed = self.host.transport().ask::<Option<Vec<ListedContainer>>>(call).await;
        let listed = listed.map_err(failed(Action::Make))?.unwrap_or_default();
        let ids = identities(image);
        let user = listed.iter().find(|container| container.is_made_of(&ids));
        Ok(user.map(ListedContainer::called))
    }

    /// Deletes a name, or an image without names; returns why the engine refuses to. One that is
    /// gone is as it should be. Parents without a name stay: they are nobody's but the user's.
    async fn delete_image(&self, image: &str) -> Result<Option<String>, StepError> {
        let path = format!("/images/{}", in_path(image));
        let call = Call::delete(format!("removing the image {image}"), &path);
        match self.host.transport().call(call.query("noprune", "1")).await {
            Ok(_) => Ok(None),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(DockerError::Api { status: 409, message, .. }) => Ok(Some(message)),
            Err(error) => Err(failed(Action::Make)(error)),
        }
    }
}

/// Returns the digests under which containers name what they are made of: the image's own, and
/// those of its manifests where an index has several.
fn identities(image: &Value) -> BTreeSet<String> {
    let manifests = image["Manifests"].as_array().map(Vec::as_slice).unwrap_or_default();
    let manifests = manifests.iter().filter(|manifest| manifest["Kind"] == "image");
    let manifests = manifests.map(|manifest| text(&manifest["ID"]));
    manifests.chain([text(&image["Id"])]).collect()
}

fn stays(reason: String) -> StepOutput {
    StepOutput::ImageStays { reason }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_container_is_known_by_its_image_or_by_its_manifest() {
        let manifests = json!([
            {"Kind": "image", "ID": "sha256:mine"},
            {"Kind": "attestation", "ID": "sha256:paper"},
        ]);
        let ids = identities(&json!({"Id": "sha256:index", "Manifests": manifests}));
        for (image, manifest, expected) in [
            ("sha256:index", json!(null), true),
            ("sha256:index", json!({"digest": "sha256:mine"}), true),
            ("sha256:other", json!({"digest": "sha256:mine"}), true),
            ("sha256:mine", json!(null), true),
            ("sha256:other", json!({"digest": "sha256:paper"}), false),
            ("sha256:other", json!(null), false),
        ] {
            let listed = json!({"Id": "1", "ImageID": image, "ImageManifestDescriptor": manifest});
            let listed: ListedContainer = serde_json::from_value(listed).unwrap();
            assert_eq!(listed.is_made_of(&ids), expected, "{image} {manifest}");
        }
    }
}

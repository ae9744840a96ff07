//! Making a container and connecting it, found again after a crash by its name and label.

use serde_json::{Value, json};

use crate::core::digest::Platform;
use crate::core::id::{ContainerId, ContainerName, ImageId};
use crate::core::journal::{Class, Known, StepOutput};
use crate::core::plan::{Key, StepError, Volumes};

use super::super::call::{Call, in_path};
use super::super::convert::text;
use super::super::error::DockerError;
use super::class::{Action, failed};
use super::{HostRunner, StepResult, called, gone};

/// The container to be made.
pub(super) struct Wanted<'a> {
    pub(super) name: &'a ContainerName,
    pub(super) body: &'a Value,
    pub(super) platform: &'a Platform,
    pub(super) image: &'a ImageId,
}

impl HostRunner {
    pub(super) async fn create(&self, known: &Known, key: &Key, wanted: &Wanted<'_>) -> StepResult {
        if let Some(id) = self.made_before(known, key, wanted.image).await? {
            return Ok(StepOutput::Created { id });
        }
        let id = match self.post_create(wanted).await {
            Ok(id) => id,
            // A call that was given up may be heard late, in between.
            Err(error) if error.status() == Some(409) => {
                match self.made_before(known, key, wanted.image).await? {
                    Some(id) => id,
                    None => return Err(self.name_taken(known, wanted.name, error).await),
                }
            }
            Err(error) => return Err(failed(Action::Make)(error)),
        };
        self.verify(&id, wanted).await?;
        Ok(StepOutput::Created { id })
    }

    /// Returns the container that was made for a key already; one of another image is removed.
    async fn made_before(
        &self,
        known: &Known,
        key: &Key,
        image: &ImageId,
    ) -> Result<Option<ContainerId>, StepError> {
        let Some(id) = self.look_up(known, key).await? else { return Ok(None) };
        let Some(inspect) = self.inspect(&id).await? else { return Ok(None) };
        if runs(&inspect, image) {
            return Ok(Some(id));
        }
        self.remove_id(&id, Volumes::Remove).await?;
        Ok(None)
    }

    async fn post_create(&self, wanted: &Wanted<'_>) -> Result<ContainerId, DockerError> {
        let doing = format!("creating container {}", wanted.name);
        let call = Call::post(doing, "/containers/create").query("name", wanted.name.as_str());
        let call = match self.host.foreign(wanted.platform).await? {
            Some(platform) => call.query("platform", &platform.to_string()),
            None => call,
        };
        let made = self.host.transport().call(call.body(wanted.body)).await?;
        Ok(ContainerId::new(text(&made["Id"])))
    }

    /// Makes sure that the body's reference meant the image that was verified.
    async fn verify(&self, id: &ContainerId, wanted: &Wanted<'_>) -> Result<(), StepError> {
        let Some(inspect) = self.inspect(id).await? else {
            let text = format!("container {} was removed as soon as it was made", wanted.name);
            return Err(StepError::new(Class::Superseded, text));
        };
        if runs(&inspect, wanted.image) {
            return Ok(());
        }
        self.remove_id(id, Volumes::Remove).await?;
        let (asked, got) = (wanted.image.short(), ImageId::new(text(&inspect["Image"])));
        let reference = wanted.body["Image"].as_str().unwrap_or_default();
        let text = format!(
            "creating container {}: {reference} meant image {} and not {asked}; the tag was moved",
            wanted.name,
            got.short()
        );
        Err(StepError::new(Class::Lasting, text))
    }

    /// Returns what a conflict over a name means, which depends on whose the name is.
    pub(super) async fn name_taken(
        &self,
        known: &Known,
        name: &ContainerName,
        error: DockerError,
    ) -> StepError {
        let owner = match self.host.find_container(name).await {
            Ok(owner) => owner.map(|inspect| ContainerId::new(text(&inspect["Id"]))),
            Err(error) => return failed(Action::Container)(error),
        };
        match owner {
            Some(id) if known.ids.values().any(|own| *own == id) => {
                StepError::new(Class::Lasting, error.chain())
            }
            Some(id) => {
                let text = format!("the name {name} belongs to another container, {}", id.short());
                StepError::new(Class::Superseded, text)
            }
            // It was freed in between, or is held by one that is being removed.
            None => StepError::new(Class::Transient, error.chain()),
        }
    }

    pub(super) async fn connect(
        &self,
        known: &Known,
        key: &Key,
        network: &str,
        endpoint: &Value,
    ) -> StepResult {
        let inspect = self.inspect_key(known, key).await?;
        if is_connected(&inspect, network) {
            return Ok(StepOutput::Done);
        }
        let body = json!({"Container": inspect["Id"], "EndpointConfig": endpoint});
        let doing = format!("connecting {} to network {network}", called(&inspect));
        let path = format!("/networks/{}/connect", in_path(network));
        let result = self.host.transport().call(Call::post(doing, &path).body(&body)).await;
        match result {
            Ok(_) => Ok(StepOutput::Done),
            // It may be the network or the container that is not there.
            Err(error) if error.status() == Some(404) => {
                self.inspect_key(known, key).await.map_err(|_| gone(known, key))?;
                Err(failed(Action::Make)(error))
            }
            Err(error) => Err(failed(Action::Make)(error)),
        }
    }
}

fn runs(inspect: &Value, image: &ImageId) -> bool {
    inspect["Image"] == image.as_str()
}

fn is_connected(inspect: &Value, network: &str) -> bool {
    let networks = inspect["NetworkSettings"]["Networks"].as_object();
    let mut all = networks.into_iter().flatten();
    all.any(|(name, endpoint)| name == network || endpoint["NetworkID"] == network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_recognised_by_name_or_id() {
        let inspect =
            json!({"NetworkSettings": {"Networks": {"front": {"NetworkID": "n1"}, "x": null}}});
        for (network, expected) in [("front", true), ("n1", true), ("x", true), ("back", false)] {
            assert_eq!(is_connected(&inspect, network), expected, "{network}");
        }
        assert!(!is_connected(&json!({}), "front"));
    }
}

//! A host becomes an inventory: two list calls, and an inspect only where the list hides a name.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

use crate::core::id::{ContainerId, ContainerName, Timestamp};
use crate::core::inventory::{Container, EngineFacts, Inventory};
use crate::core::reference::is_image_id;

use super::Host;
use super::call::Call;
use super::convert::{ListedContainer, ListedImage, ListedNetwork, engine_facts, text};
use super::error::DockerError;

/// How many containers are inspected at once.
const INSPECTS_AT_ONCE: usize = 16;

impl Host {
    /// Returns everything on the host, with the engine's facts asked anew.
    pub async fn inventory(&self, now: Timestamp) -> Result<Inventory, DockerError> {
        // The first call agrees on the version alone, so that five of them do not all ask for it.
        self.transport().version().await?;
        let lists = self.lists();
        let (engine, (containers, images, networks)) =
            futures_util::future::try_join(self.fresh_facts(), lists).await?;
        let (containers, unclear) = self.with_image_names(containers).await?;
        Ok(Inventory {
            host: self.id().clone(),
            taken_at: now,
            engine,
            containers: containers.into_iter().map(|each| (each.name.clone(), each)).collect(),
            unclear,
            images: images.into_iter().map(Into::into).map(by_id).collect::<BTreeMap<_, _>>(),
            networks: networks.into_iter().map(|network| network.name).collect(),
        })
    }

    async fn lists(
        &self,
    ) -> Result<(Vec<ListedContainer>, Vec<ListedImage>, Vec<ListedNetwork>), DockerError> {
        let transport = self.transport();
        let containers = Call::get("listing the containers", "/containers/json").query("all", "1");
        let images = Call::get("listing the images", "/images/json");
        let networks = Call::get("listing the networks", "/networks");
        let (containers, images, networks) = futures_util::future::try_join3(
            transport.ask::<Option<Vec<_>>>(containers),
            transport.ask::<Option<Vec<_>>>(images),
            transport.ask::<Option<Vec<_>>>(networks),
        )
        .await?;
        let (containers, images) = (containers.unwrap_or_default(), images.unwrap_or_default());
        Ok((containers, images, networks.unwrap_or_default()))
    }

    /// Asks for the reference of those containers that the list shows by image ID, because the tag
    /// has moved on; one that vanished meanwhile is left out. Returns as well of which ones the engine
    /// could not say it, and why.
    async fn with_image_names(
        &self,
        listed: Vec<ListedContainer>,
    ) -> Result<(Vec<Container>, BTreeMap<ContainerName, String>), DockerError> {
        let (hidden, plain): (Vec<_>, Vec<_>) =
            listed.into_iter().partition(|container| is_image_id(&container.image));
        let mut containers: Vec<_> =
            plain.into_iter().filter_map(ListedContainer::into_container).collect();
        let mut named = stream::iter(hidden)
            .map(|container| self.with_image_name(container))
            .buffer_unordered(INSPECTS_AT_ONCE);
        let mut unclear = BTreeMap::new();
        while let Some((container, trouble)) = named.try_next().await? {
            let named = container.as_ref().map(|container| container.name.clone());
            unclear.extend(named.zip(trouble));
            containers.extend(container);
        }
        drop(named);
        Ok((containers, unclear))
    }

    async fn with_image_name(
        &self,
        mut listed: ListedContainer,
    ) -> Result<(Option<Container>, Option<String>), DockerError> {
        let inspect = match self.inspect_container(&listed.id()).await {
            Ok(Some(inspect)) => inspect,
            Ok(None) => return Ok((None, None)),
            Err(error) if error.is_unreachable() => return Err(error),
            Err(error) => return Ok((listed.into_container(), Some(error.chain()))),
        };
        let written = text(&inspect["Config"]["Image"]);
        if !written.is_empty() {
            listed.image = written;
        }
        Ok((listed.into_container(), None))
    }

    /// Returns where the engine keeps everything, as a path of its host.
    pub async fn root_directory(&self) -> Result<String, DockerError> {
        let info = Call::get("asking for the engine's settings", "/info");
        let info: Value = self.transport().ask(info).await?;
        Ok(text(&info["DockerRootDir"]))
    }

    /// Returns the containers that live in the network of another one, however they name it.
    pub async fn network_sharers(
        &self,
        id: &ContainerId,
        name: &ContainerName,
    ) -> Result<Vec<ContainerId>, DockerError> {
        let modes = [format!("container:{id}"), format!("container:{name}")];
        let call = Call::get("listing the containers", "/containers/json").query("all", "1");
        let listed: Option<Vec<Value>> = self.transport().ask(call).await?;
        let listed = listed.unwrap_or_default();
        let lives_there =
            |one: &&Value| modes.iter().any(|mode| one["HostConfig"]["NetworkMode"] == **mode);
        let sharers = listed.iter().filter(lives_there);
        Ok(sharers.map(|one| ContainerId::new(text(&one["Id"]))).collect())
    }

    /// Returns the containers that have a label with this value, whatever they do.
    pub async fn labelled(
        &self,
        label: &str,
        value: &str,
    ) -> Result<Vec<ContainerId>, DockerError> {
        Ok(self.listed_by(label, value).await?.iter().map(ListedContainer::id).collect())
    }

    /// Lists the containers that have a label with this value.
    pub(super) async fn listed_by(
        &self,
        label: &str,
        value: &str,
    ) -> Result<Vec<ListedContainer>, DockerError> {
        let filters = json!({ "label": [format!("{label}={value}")] }).to_string();
        let call = Call::get("looking for the operation's containers", "/containers/json")
            .query("all", "1")
            .query("filters", &filters);
        Ok(self.transport().ask::<Option<Vec<ListedContainer>>>(call).await?.unwrap_or_default())
    }

    /// Returns what the engine says of itself, as last asked.
    pub async fn engine_facts(&self) -> Result<EngineFacts, DockerError> {
        // A lost engine also loses the version: what comes back may be another engine.
        let known = self.known_facts().filter(|_| self.transport().pinned.version().is_some());
        match known {
            Some(facts) => Ok(facts),
            None => self.fresh_facts().await,
        }
    }

    async fn fresh_facts(&self) -> Result<EngineFacts, DockerError> {
        let transport = self.transport();
        let version = transport.version().await?;
        let (about, info) = futures_util::future::try_join(
            transport.ask::<Value>(Call::get("asking for the engine's version", "/version")),
            transport.ask::<Value>(Call::get("asking for the engine's settings", "/info")),
        )
        .await?;
        let facts = engine_facts(version, &about, &info);
        self.remember(&facts);
        Ok(facts)
    }
}

fn by_id(
    image: crate::core::inventory::Image,
) -> (crate::core::id::ImageId, crate::core::inventory::Image) {
    (image.id.clone(), image)
}

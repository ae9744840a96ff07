//! What one host holds, as its engine lists it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::core::digest::Platform;
use crate::core::id::{ContainerId, ContainerName, HostId, ImageId, Timestamp};
use crate::core::reference::ImageRef;

/// Everything known of a host at one moment, from two list calls and the engine's own facts.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// The host it was taken from.
    pub host: HostId,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// What the engine says of itself.
    pub engine: EngineFacts,
    /// All containers in every state, by name.
    pub containers: BTreeMap<ContainerName, Container>,
    /// Containers of which the list shows only the image's ID, and the engine could not say more;
    /// its words.
    pub unclear: BTreeMap<ContainerName, String>,
    /// All images that the list named, by ID.
    pub images: BTreeMap<ImageId, Image>,
    /// The networks' names.
    pub networks: Vec<String>,
}

/// Docker shows that many digits of an ID.
const SHORT_ID: usize = 12;

impl Inventory {
    /// Returns the container that a person means: by its name, or by its ID or at least the twelve
    /// digits of it that `docker ps` shows.
    pub fn meant(&self, text: &ContainerName) -> Option<&Container> {
        let by_id = || {
            let digits = Some(text.as_str()).filter(|digits| digits.len() >= SHORT_ID)?;
            let mut found =
                self.containers.values().filter(|one| one.id.as_str().starts_with(digits));
            found.next().filter(|_| found.next().is_none())
        };
        self.containers.get(text).or_else(by_id)
    }

    /// Returns the image that a reference means on the host.
    pub fn meaning(&self, reference: &ImageRef) -> Option<&ImageId> {
        let means = |tag: &String| ImageRef::parse(tag).is_ok_and(|tag| tag == *reference);
        let mut images = self.images.values();
        images.find(|image| image.repo_tags.iter().any(means)).map(|image| &image.id)
    }
}

/// What the engine says of itself (`/version`, `/info`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineFacts {
    /// The negotiated API version.
    pub api_version: ApiVersion,
    /// The engine's own version, as it prints it.
    pub version: String,
    /// The host's name, which containers in the host network show as theirs.
    pub name: String,
    /// The platform that images run on by default.
    pub platform: Platform,
    /// Where images are kept, which decides what an image ID is.
    pub store: ImageStore,
    /// The runtime of containers that name none.
    pub default_runtime: String,
    /// The names of all runtimes.
    pub runtimes: Vec<String>,
    /// Whether cgroups are of version 2.
    pub cgroup_version: u8,
    /// The engine's pull-through mirrors of Docker Hub, as URLs.
    pub registry_mirrors: Vec<String>,
    /// Registries that the engine speaks to without TLS: hosts and CIDRs.
    pub insecure_registries: Vec<String>,
    /// Whether it is Podman's compatible API.
    pub podman: bool,
}

/// A version of the Engine API, such as 1.41.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ApiVersion {
    /// The number before the dot.
    pub major: u16,
    /// The number after the dot.
    pub minor: u16,
}

impl ApiVersion {
    /// Returns version 1.`minor`.
    pub const fn v1(minor: u16) -> Self {
        Self { major: 1, minor }
    }

    /// Reads `1.41`.
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// How an engine stores images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageStore {
    /// A graph driver: an image's ID is the digest of its config.
    GraphDriver,
    /// The containerd store: an image's ID is the digest its tag resolved to.
    Containerd,
}

/// A container as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its ID.
    pub id: ContainerId,
    /// Its name.
    pub name: ContainerName,
    /// The image as its creator wrote it (`Config.Image`).
    pub image: String,
    /// The image it runs.
    pub image_id: ImageId,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its run state.
    pub state: RunState,
    /// When it was created.
    pub created_at: Timestamp,
    /// The ports of the host that it publishes.
    pub published_ports: Vec<u16>,
    /// Its addresses in its networks.
    pub addresses: Vec<String>,
}

/// An image as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its ID.
    pub id: ImageId,
    /// Its tags, `repository:tag`.
    pub repo_tags: Vec<String>,
    /// The digests it is known by, `repository@digest`, in no order.
    pub repo_digests: Vec<String>,
    /// The names by which operations hold it, which are in neither of these lists.
    pub keep_tags: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// When it was built.
    pub created_at: Timestamp,
}

/// A container's run state, in the engine's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Made and never started.
    Created,
    /// Running.
    Running,
    /// Frozen by `docker pause`.
    Paused,
    /// Between an exit and the next start of its restart policy.
    Restarting,
    /// Being removed.
    Removing,
    /// Ended.
    Exited,
    /// Broken: the engine could not remove it.
    Dead,
}

impl RunState {
    /// Reads the engine's word; a word that is not known counts as dead.
    pub fn parse(word: &str) -> Self {
        match word {
            "created" => Self::Created,
            "running" => Self::Running,
            "paused" => Self::Paused,
            "restarting" => Self::Restarting,
            "removing" => Self::Removing,
            "exited" | "stopped" | "configured" => Self::Exited,
            _ => Self::Dead,
        }
    }

    /// Says whether its process is alive or about to be again.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Running | Self::Restarting | Self::Paused)
    }
}

//! One container or image as raw JSON, which keeps fields that no model knows.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::core::backup::Node;
use crate::core::carry::{Change, ambiguous};
use crate::core::digest::Platform;
use crate::core::id::{ContainerId, ContainerName, Timestamp};
use crate::core::inventory::ApiVersion;

use super::Host;
use super::call::{Call, in_path};
use super::convert;
use super::error::DockerError;

/// From here on an image's inspect can show its manifests.
const SHOWS_MANIFESTS: ApiVersion = ApiVersion::v1(48);
/// What is at a path of a container: base64 of JSON.
const PATH_STAT: &str = "x-docker-container-path-stat";
/// The bit of a mode that says directory, as Go writes it.
const DIRECTORY: u64 = 1 << 31;
/// The bits of a mode that say what is no regular file, as Go writes them: a directory, a link, a
/// device, a pipe, a socket, something else.
const IRREGULAR: u64 = 1 << 31 | 1 << 27 | 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19;

/// From here on an image's inspect can be asked for one platform.
const TAKES_PLATFORM: ApiVersion = ApiVersion::v1(49);

impl Host {
    /// Returns a container's inspect by its ID; `None` if it is gone.
    pub async fn inspect_container(&self, id: &ContainerId) -> Result<Option<Value>, DockerError> {
        self.inspect(id.as_str(), format!("inspecting container {}", id.short())).await
    }

    /// Returns the inspect of the container that has this name; `None` if none has it.
    pub async fn find_container(&self, name: &ContainerName) -> Result<Option<Value>, DockerError> {
        let inspect = self.inspect(name.as_str(), format!("inspecting container {name}")).await?;
        // The engine also takes a name for the beginning of an ID.
        Ok(inspect.filter(|inspect| convert::name(inspect) == *name))
    }

    /// Returns what changed in a container's own layer since it was made from its image.
    pub async fn changes(&self, id: &ContainerId) -> Result<Vec<Change>, DockerError> {
        let path = format!("/containers/{}/changes", in_path(id.as_str()));
        let doing = format!("looking at the files of container {}", id.short());
        let changes: Option<Vec<Change>> = self.transport().ask(Call::get(doing, &path)).await?;
        let mut changes = changes.unwrap_or_default();
        let mut touched = BTreeSet::new();
        for path in ambiguous(&changes) {
            if self.path_stat(id, path).await?.is_some_and(|stat| stat.is_directory()) {
                touched.insert(path.to_owned());
            }
        }
        changes.retain(|change| !touched.contains(&change.path));
        Ok(changes)
    }

    /// Returns what is at a path of a container; `None` if nothing is.
    pub async fn path_stat(
        &self,
        id: &ContainerId,
        path: &str,
    ) -> Result<Option<PathStat>, DockerError> {
        let Some(headers) = self.path_headers(id, path).await? else { return Ok(None) };
        let stat = headers.get(PATH_STAT).and_then(|stat| STANDARD.decode(stat).ok());
        Ok(stat.and_then(|json| serde_json::from_slice(&json).ok()))
    }

    /// Returns the headers that tell what is at a path of a container; `None` if nothing is.
    pub(super) async fn path_headers(
        &self,
        id: &ContainerId,
        path: &str,
    ) -> Result<Option<HeaderMap>, DockerError> {
        let archive = format!("/containers/{}/archive", in_path(id.as_str()));
        let doing = format!("looking at {path} in container {}", id.short());
        let call = Call::new(doing, Method::HEAD, &archive).query("path", path);
        match self.transport().send(&call).await {
            Ok(answer) => Ok(Some(answer.headers)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn inspect(&self, what: &str, doing: String) -> Result<Option<Value>, DockerError> {
        let path = format!("/containers/{}/json", in_path(what));
        found(self.transport().call(Call::get(doing, &path)).await)
    }

    /// Returns an image's inspect by reference or ID; `None` if it is not there, or not for the
    /// platform. With a platform it is that of one image of an index, where the engine can tell
    /// them apart: in the containerd store its `Id` is then the manifest's. Without a platform it
    /// is that of the whole, with all manifests.
    pub async fn inspect_image(
        &self,
        image: &str,
        platform: Option<&Platform>,
    ) -> Result<Option<Value>, DockerError> {
        let version = self.transport().version().await?;
        let path = format!("/images/{}/json", in_path(image));
        let call = Call::get(format!("inspecting image {image}"), &path);
        let call = match platform {
            Some(platform) if version >= TAKES_PLATFORM => {
                call.query("platform", &platform_json(platform).to_string())
            }
            _ if version >= SHOWS_MANIFESTS => call.query("manifests", "1"),
            _ => call,
        };
        found(self.transport().call(call).await)
    }
}

/// Returns `None` for what is not there.
fn found(result: Result<Value, DockerError>) -> Result<Option<Value>, DockerError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}

fn platform_json(platform: &Platform) -> Value {
    let mut json = json!({"os": platform.os, "architecture": platform.architecture});
    if let Some(variant) = &platform.variant {
        json["variant"] = json!(variant);
    }
    json
}
/// What is at a path of a container.
#[derive(Clone, Debug, Deserialize)]
pub struct PathStat {
    /// Its mode, as Go writes it.
    mode: u64,
    /// When its content changed last.
    pub mtime: Timestamp,
}

impl PathStat {
    fn is_directory(&self) -> bool {
        self.mode & DIRECTORY != 0
    }

    /// Returns the permissions of who may read, write and execute it.
    pub fn permissions(&self) -> u64 {
        self.mode & 0o777
    }

    /// Returns whether it is a folder or a file; `None` for sockets, devices and the like.
    pub fn node(&self) -> Option<Node> {
        match self.mode & IRREGULAR {
            0 => Some(Node::File),
            _ if self.is_directory() => Some(Node::Folder),
            _ => None,
        }
    }
}

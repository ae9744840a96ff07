//! What must be sent to make a container anew on another image, losing nothing.
//!
//! The engine shows a container as one whole; what its owner asked for, what the old image gave and
//! what the engine filled in are no longer apart. [`recreate`] takes them apart again: settings of
//! the image are left to the new image, the engine's own are left to the engine, and everything
//! else is sent back as it stands, fields included that this program has never heard of.

mod config;
mod difference;
mod effective;
mod endpoint;
mod error;
mod host_config;
mod hostname;
mod labels;
#[cfg(test)]
mod laws;
mod mac;
mod mounts;
mod namespace;
mod network;
mod platform;
mod podman;
mod ports;
mod repoint;
mod scene;
mod settings;
mod value;
mod volumes_from;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::core::anonymous::Places;
use crate::core::digest::{Digest, Platform};
use crate::core::id::{ContainerId, ContainerName, ImageId, OperationId};
use crate::core::inventory::EngineFacts;
use crate::core::plan::Difference;
use crate::core::recreate::scene::Scene;
use crate::core::reference::ImageRef;

pub use crate::core::recreate::error::PlanError;
pub use crate::core::recreate::labels::OPERATION_LABEL;
pub use crate::core::recreate::mac::first_look;
pub use crate::core::recreate::mounts::volume_name;
pub use crate::core::recreate::repoint::repoint;
pub use crate::core::recreate::settings::settings_mark;

/// What is known of a container that shall be made anew.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// `GET /containers/x/json`, taken while it runs: a stopped container shows no addresses.
    pub inspect: &'a Value,
    /// The same at an API version from 1.44 to 1.51, whose `Config.MacAddress` is a configured one;
    /// needed from 1.52 on, where no version of the answer tells otherwise.
    pub mac_inspect: Option<&'a Value>,
    /// What [`first_look`] remembers of it, or the same as it was stored, which may be before later
    /// starts.
    pub earlier: Option<&'a Value>,
    /// The inspect of the image that it runs, or one stored while that image was still there.
    pub old_image: Option<&'a Value>,
    /// The new image: its config from the registry, or its inspect.
    pub new_image: Option<&'a Value>,
    /// The reference that it shall follow from now on.
    pub reference: &'a ImageRef,
    /// What the engine says of itself.
    pub engine: &'a EngineFacts,
    /// The operation, which is written into a label.
    pub operation: &'a OperationId,
    /// The other containers of the host, by the names that they will have when it is created.
    pub containers: &'a BTreeMap<ContainerId, ContainerName>,
    /// Those of whose namespaces it has a part, and those whose volumes it shares by their IDs, with the
    /// names under which they were seen last.
    pub remembered: &'a BTreeMap<ContainerId, ContainerName>,
    /// The inspects of the containers whose volumes it shares; those that are missing here are
    /// judged by what the container itself declares.
    pub volume_sources: &'a [Value],
    /// What Compose knows the two images by, for a container that Compose made.
    pub compose_image: Option<&'a ComposeImage>,
}

/// What Compose knows two images by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeImage {
    /// The one that the container runs.
    pub old: ImageIdentity,
    /// The one that it shall run.
    pub new: ImageIdentity,
}

/// The two values that Compose writes for an image, depending on its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageIdentity {
    /// The image's ID in this engine's store.
    pub id: ImageId,
    /// The digest of its manifest for the container's platform, where it is known.
    pub manifest: Option<Digest>,
}

/// What must be sent, and what a person should know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recreation {
    /// The body of `POST /containers/create`.
    pub body: Value,
    /// The platform to pull and to create for.
    pub platform: Platform,
    /// The networks to connect before the first start, in this order, with their endpoint configs.
    pub connects: Vec<(String, Value)>,
    /// The volumes that nobody named, by where they are mounted.
    pub anonymous: Places,
    /// What could not be kept as it was, or was guessed.
    pub warnings: Vec<String>,
    /// What the container will have that it had not, or had otherwise.
    pub differences: Vec<Difference>,
}

/// Returns what makes the container anew on its new image.
pub fn recreate(subject: &Subject<'_>) -> Result<Recreation, PlanError> {
    let scene = Scene::update(subject)?;
    platform::check(&scene)?;
    let mut made = make(&scene, scene.image_text())?;
    labels::point_to_new_image(&mut made.body, &scene);
    made.differences = difference::between(&scene, &made.body);
    Ok(made)
}

/// Returns what makes the same container again on the image that it runs, for the day when the
/// object itself is gone. Its `Image` is the text that the container has now, so that reference
/// must name the old image when this is sent.
pub fn restore(subject: &Subject<'_>) -> Result<Recreation, PlanError> {
    let scene = Scene::restoration(subject)?;
    make(&scene, scene.shown.image().to_owned())
}

fn make(scene: &Scene<'_>, image: String) -> Result<Recreation, PlanError> {
    let mut warnings = scene.warnings();
    let mut body = config::own(scene);
    body.insert("Image".into(), image.into());
    hostname::write(&mut body, scene, &mut warnings);
    labels::mark(&mut body, scene.subject.operation);
    let mut host_config = host_config::own(scene, &mut warnings);
    namespace::repoint(&mut host_config, scene, &mut warnings)?;
    volumes_from::repoint(&mut host_config, scene, &mut warnings);
    mounts::carry(&mut host_config, scene, &mut warnings)?;
    let networking = network::join(scene, &mut host_config, &mut warnings)?;
    if let Some(mac) = networking.root_mac {
        body.insert("MacAddress".into(), mac.into());
    }
    body.insert("HostConfig".into(), host_config.into());
    if !networking.endpoints.is_empty() {
        let endpoints = Value::from(networking.endpoints);
        let config = Map::from_iter([("EndpointsConfig".to_owned(), endpoints)]);
        body.insert("NetworkingConfig".into(), config.into());
    }
    Ok(Recreation {
        body: body.into(),
        platform: platform::of(scene),
        connects: networking.connects,
        anonymous: mounts::anonymous(scene),
        warnings,
        differences: Vec::new(),
    })
}

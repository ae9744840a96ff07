//! Labels: which are the container's own, ours, and the one that Compose compares.

use serde_json::{Map, Value};

use crate::core::id::OperationId;
use crate::core::recreate::ImageIdentity;
use crate::core::recreate::scene::{Inherited, Scene};
use crate::core::recreate::value::{entries, filled, text};

/// The label that names the operation which made a container.
pub const OPERATION_LABEL: &str = "docker-auto.internal.operation";

const COMPOSE_IMAGE: &str = "com.docker.compose.image";

/// Labels that are sent even when the image has the same: `docker compose build` writes the
/// project into the image, and without it the container would leave its project; likewise those
/// by which updaters and proxies pick containers.
const ALWAYS_SENT: &[&str] = &[
    "com.docker.compose.",
    "com.docker.stack.",
    "com.docker.swarm.",
    "docker-auto.",
    "com.centurylinklabs.watchtower.",
    "wud.",
    "diun.",
    "dd.",
    "com.ouroboros.",
    "watchdocker.",
    "traefik.",
    "caddy",
];

/// Labels that describe an image; kept by guess they would lie about the new one.
const OF_IMAGES: &[&str] = &["org.opencontainers.image.", "org.label-schema."];

/// Returns the labels that the container has of its own.
pub(super) fn own(scene: &Scene<'_>) -> Option<Value> {
    let image = &scene.inherited.config()["Labels"];
    let guessed = matches!(scene.inherited, Inherited::Guessed(_));
    let kept: Map<_, _> = entries(&scene.shown.config["Labels"])
        .filter(|(key, value)| {
            let inherited = image.get(key) == Some(value) || (guessed && begins(key, OF_IMAGES));
            begins(key, ALWAYS_SENT) || !inherited
        })
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect();
    filled(&kept.into())
}

fn begins(key: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| key.starts_with(prefix))
}

/// Writes the operation's label over that of the operation before.
pub(super) fn mark(body: &mut Map<String, Value>, operation: &OperationId) {
    set(body, OPERATION_LABEL, operation.as_str());
}

fn set(body: &mut Map<String, Value>, label: &str, value: &str) {
    let labels = body.entry("Labels").or_insert_with(|| Map::new().into());
    if let Value::Object(labels) = labels {
        labels.insert(label.to_owned(), value.into());
    }
}

/// Writes the new image's identity into the label that `docker compose up` compares with the local
/// image, in the form in which the label has the old one's; otherwise the next `up` would make the
/// container once more.
pub(super) fn point_to_new_image(body: &mut Value, scene: &Scene<'_>) {
    let labels = &scene.shown.config["Labels"];
    let is_composed = !text(&labels["com.docker.compose.project"]).is_empty();
    if let (Some(images), true, Value::Object(body)) =
        (scene.subject.compose_image, is_composed, body)
    {
        let written = text(&labels[COMPOSE_IMAGE]);
        let by_manifest = match form(written, &images.old) {
            Some(Form::Manifest) => true,
            Some(Form::Id) => false,
            None => compose_major(text(&labels["com.docker.compose.version"])) >= 5,
        };
        let manifest = images.new.manifest.as_ref().filter(|_| by_manifest);
        set(body, COMPOSE_IMAGE, manifest.map_or(images.new.id.as_str(), |digest| digest.as_str()));
    }
}

/// The form in which Compose wrote an image's identity.
enum Form {
    Id,
    Manifest,
}

fn form(written: &str, image: &ImageIdentity) -> Option<Form> {
    let manifest = image.manifest.as_ref();
    if written == image.id.as_str() {
        Some(Form::Id)
    } else if manifest.is_some_and(|digest| digest.as_str() == written) {
        Some(Form::Manifest)
    } else {
        None
    }
}

fn compose_major(version: &str) -> u32 {
    let number = version.trim_start_matches('v').split('.').next();
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

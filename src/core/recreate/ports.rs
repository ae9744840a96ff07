//! Ports: published as they were asked for, and exposed as far as the image does not do it.

use serde_json::{Map, Value, json};

use crate::core::recreate::scene::{NetworkMode, Scene};
use crate::core::recreate::value::{entries, filled, is_empty};

/// Returns the ports to publish.
///
/// A key without a number is refused. An empty list means any port on any address, which newer
/// engines want spelled out; Podman shows one for each port that is only exposed. A container that
/// lives in another's network publishes none.
pub(super) fn published(scene: &Scene<'_>) -> Map<String, Value> {
    let any = || json!([{"HostIp": "", "HostPort": ""}]);
    let only_exposed = |hosts: &Value| scene.engine().podman && is_empty(hosts);
    entries(&scene.shown.host_config["PortBindings"])
        .filter(|(port, hosts)| !port.starts_with('/') && !only_exposed(hosts))
        .filter(|_| scene.network_mode != NetworkMode::Container)
        .map(|(port, hosts)| (port.to_owned(), if is_empty(hosts) { any() } else { hosts.clone() }))
        .collect()
}

/// Returns the ports to expose: the container's own, and all that it publishes. One that lives in
/// another container's network may have none.
pub(super) fn exposed(scene: &Scene<'_>) -> Option<Value> {
    let published = published(scene);
    let image = &scene.inherited.config()["ExposedPorts"];
    let exposed: Map<_, _> = entries(&scene.shown.config["ExposedPorts"])
        .filter(|(port, _)| image.get(port).is_none() && !published.contains_key(*port))
        .map(|(port, _)| port.to_owned())
        .chain(published.keys().cloned())
        .map(|port| (port, Map::new().into()))
        .collect();
    filled(&exposed.into()).filter(|_| scene.network_mode != NetworkMode::Container)
}

//! What can be seen to fail before anything happens.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::core::id::ContainerName;
use crate::core::inventory::Inventory;
use crate::engine::EngineError;

/// Refuses a body that names networks or a runtime that the host does not have.
pub(super) fn check(
    name: &ContainerName,
    body: &Value,
    inventory: &Inventory,
) -> Result<(), EngineError> {
    let refuse = |problem| Err(EngineError::Preflight { name: name.clone(), problem });
    missing(body, inventory).map_or(Ok(()), refuse)
}

/// Says what a body names that the host does not have.
pub(super) fn missing(body: &Value, inventory: &Inventory) -> Option<String> {
    if let Some(network) =
        networks(body).find(|name| !inventory.networks.iter().any(|it| it == name))
    {
        return Some(format!("its network {network} is gone; make it again"));
    }
    let runtime = body.pointer("/HostConfig/Runtime").and_then(Value::as_str);
    let known = &inventory.engine.runtimes;
    let runtime = runtime.filter(|runtime| !runtime.is_empty() && !known.is_empty())?;
    let is_known = known.iter().any(|known| known == runtime);
    (!is_known).then(|| format!("its runtime {runtime} is not installed on the host any more"))
}

/// Returns the networks that a body names. One that it only names as its mode, having been taken off
/// it, is looked for by the engine at the start, for the old container no less than for the new one.
fn networks(body: &Value) -> impl Iterator<Item = &str> {
    let endpoints = body.pointer("/NetworkingConfig/EndpointsConfig").and_then(Value::as_object);
    let endpoints = endpoints.into_iter().flat_map(|endpoints| endpoints.keys());
    let mode = body.pointer("/HostConfig/NetworkMode").and_then(Value::as_str);
    let built_in = |mode: &&str| ["", "default", "bridge", "host", "none"].contains(mode);
    let mode = mode.filter(|mode| !built_in(mode) && !mode.starts_with("container:"));
    endpoints.map(String::as_str).chain(mode)
}

/// Returns the host's paths that a body binds in such a way that the engine makes those that are
/// gone: in the short form (`/source:/target`), or in the long one where it is told to. A container
/// that never ran has nothing there yet.
pub(super) fn bind_sources(inspect: &Value, body: &Value) -> BTreeSet<String> {
    if inspect["State"]["Status"] == "created" {
        return BTreeSet::new();
    }
    let list = |field: &str| {
        let list = body.pointer(&format!("/HostConfig/{field}")).and_then(Value::as_array);
        list.into_iter().flatten()
    };
    let short = list("Binds").filter_map(Value::as_str).filter_map(|bind| {
        let (source, _) = bind.split_once(':')?;
        source.starts_with('/').then_some(source)
    });
    let made = |mount: &&Value| mount["BindOptions"]["CreateMountpoint"] == Value::Bool(true);
    let long = list("Mounts").filter(made).filter_map(|mount| mount["Source"].as_str());
    short.chain(long).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn networks_are_named_by_endpoints_and_mode() {
        let body = json!({
            "NetworkingConfig": {"EndpointsConfig": {"front": {}}},
            "HostConfig": {"NetworkMode": "back"},
        });
        assert_eq!(networks(&body).collect::<Vec<_>>(), ["front", "back"]);
        for mode in ["", "default", "bridge", "host", "none", "container:0a1b"] {
            let body = json!({"HostConfig": {"NetworkMode": mode}});
            assert_eq!(networks(&body).next(), None, "{mode}");
        }
    }

    #[test]
    fn only_binds_whose_source_would_be_made_are_probed() {
        let body = json!({"HostConfig": {
            "Binds": ["/b:/x:ro", "/a:/y", "volume:/z", "/anonymous", "/a:/again"],
            "Mounts": [
                {"Type": "bind", "Source": "/long", "Target": "/1"},
                {"Type": "bind", "Source": "/c", "Target": "/2", "BindOptions": {"CreateMountpoint": true}},
                {"Type": "volume", "Target": "/3"},
            ],
        }});
        let ran = json!({"State": {"Status": "exited"}});
        assert_eq!(bind_sources(&ran, &body), ["/a", "/b", "/c"].map(str::to_owned).into());
        assert!(bind_sources(&ran, &json!({})).is_empty());
        assert!(bind_sources(&json!({"State": {"Status": "created"}}), &body).is_empty());
    }
}

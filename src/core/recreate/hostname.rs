//! Whether a hostname was asked for, or made up by the engine.

use serde_json::{Map, Value};

use crate::core::recreate::scene::{NetworkMode, Scene};
use crate::core::recreate::value::text;

/// Where a container's hostname comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// Its owner.
    Owner,
    /// The engine: the short ID, or the host's own name; or there is none.
    Engine,
    /// A container whose place this one took: a short ID that is not its own.
    Ancestor,
    /// The namespace that it shares with another container or the host.
    Shared,
}

/// Writes the hostname if the owner asked for it.
pub(super) fn write(body: &mut Map<String, Value>, scene: &Scene<'_>, warnings: &mut Vec<String>) {
    let hostname = hostname(scene);
    match origin(scene) {
        Origin::Owner => {
            body.insert("Hostname".into(), hostname.into());
        }
        Origin::Engine => {}
        Origin::Ancestor => warnings.push(format!(
            "its hostname {hostname} looks like the ID of a container that it replaced; it gets \
             one of its own"
        )),
        Origin::Shared => {
            if scene.network_mode == NetworkMode::Container {
                body.remove("Domainname");
            }
        }
    }
}

/// Says whether a network alias is one that the engine made: the short ID, and up to API 1.44 the
/// hostname. It makes them again.
pub(super) fn is_alias_of_engine(alias: &str, scene: &Scene<'_>) -> bool {
    let from_id = matches!(origin(scene), Origin::Engine | Origin::Ancestor);
    let is_hostname = alias == hostname(scene);
    alias == scene.shown.short_id() || (is_hostname && (from_id || !scene.since(45)))
}

fn origin(scene: &Scene<'_>) -> Origin {
    let hostname = hostname(scene);
    let shares_host_name = text(&scene.shown.host_config["UTSMode"]) == "host";
    let is_host_name = scene.network_mode == NetworkMode::Host && hostname == scene.engine().name;
    if scene.network_mode == NetworkMode::Container || shares_host_name {
        Origin::Shared
    } else if hostname.is_empty() || hostname == scene.shown.short_id() || is_host_name {
        Origin::Engine
    } else if is_short_id(hostname) {
        Origin::Ancestor
    } else {
        Origin::Owner
    }
}

fn hostname<'a>(scene: &Scene<'a>) -> &'a str {
    text(&scene.shown.config["Hostname"])
}

fn is_short_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

//! One network endpoint: what was asked for, without what the engine gave it.

use serde_json::{Map, Value};

use crate::core::id::ContainerName;
use crate::core::recreate::hostname;
use crate::core::recreate::namespace::find;
use crate::core::recreate::scene::Scene;
use crate::core::recreate::value::{entries, filled, is_zero, items, text};

/// What the engine gave; an address that was asked for stands in `IPAMConfig`.
const GIVEN: &[&str] = &[
    "DNSNames",
    "EndpointID",
    "Gateway",
    "GlobalIPv6Address",
    "GlobalIPv6PrefixLen",
    "IPAddress",
    "IPPrefixLen",
    "IPv6Gateway",
    "MacAddress", // see `mac.rs`
    "NetworkID",
];

/// Networks in which the engine refuses aliases, since Docker 25 with an error
/// (containrrr/watchtower#1906).
const WITHOUT_ALIASES: &[&str] = &["bridge", "host", "none", "podman"];

/// Returns what to ask for in a network.
pub(super) fn own(network: &str, shown: &Value, scene: &Scene<'_>) -> Map<String, Value> {
    let mut own = Map::new();
    for (field, value) in entries(shown) {
        let kept = match field {
            field if GIVEN.contains(&field) => None,
            "Aliases" => aliases(network, value, scene),
            "IPAMConfig" => addresses(value),
            "Links" => filled(&items(value).iter().map(|link| repointed(link, scene)).collect()),
            "GwPriority" if !scene.since(48) => None,
            _ => (!is_zero(value)).then(|| value.clone()),
        };
        own.extend(kept.map(|value| (field.to_owned(), value)));
    }
    own
}

/// Aliases without the short ID and the hostname, which engines up to API 1.44 mix in, and without
/// those of a container that this one replaced.
fn aliases(network: &str, shown: &Value, scene: &Scene<'_>) -> Option<Value> {
    if WITHOUT_ALIASES.contains(&network) {
        return None;
    }
    let mut kept: Vec<&str> = Vec::new();
    for alias in items(shown).iter().map(text) {
        if !alias.is_empty()
            && !kept.contains(&alias)
            && !hostname::is_alias_of_engine(alias, scene)
        {
            kept.push(alias);
        }
    }
    filled(&kept.into())
}

fn addresses(shown: &Value) -> Option<Value> {
    let asked: Map<_, _> = entries(shown)
        .filter_map(|(field, value)| Some((field.to_owned(), filled(value)?)))
        .collect();
    filled(&asked.into())
}

/// `target:alias`, whose target may be an ID. The engine looks for the name whenever somebody asks for
/// the alias: it is the one that stays, not the one with which the target is made.
fn repointed(link: &Value, scene: &Scene<'_>) -> Value {
    let (target, alias) = text(link).split_once(':').unwrap_or((text(link), ""));
    match (find(target, scene).map(ContainerName::home), alias) {
        (Some(name), "") => name.into(),
        (Some(name), alias) => format!("{name}:{alias}").into(),
        (None, _) => link.clone(),
    }
}

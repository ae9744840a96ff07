//! Which networks are joined at creation, and which one by one afterwards.

use serde_json::{Map, Value};

use crate::core::recreate::endpoint;
use crate::core::recreate::error::PlanError;
use crate::core::recreate::mac;
use crate::core::recreate::podman;
use crate::core::recreate::scene::{NetworkMode, Scene};
use crate::core::recreate::value::{entries, text};

/// The driver option that holds an endpoint's own kernel settings.
const ENDPOINT_SYSCTLS: &str = "com.docker.network.endpoint.sysctls";

/// How a container joins its networks.
#[derive(Debug, Default)]
pub(super) struct Networking {
    /// The endpoints of the create body, by network name.
    pub(super) endpoints: Map<String, Value>,
    /// The networks to connect afterwards.
    pub(super) connects: Vec<(String, Value)>,
    /// The MAC address for the whole container, where endpoints cannot have one.
    pub(super) root_mac: Option<String>,
}

/// Returns how the container joins its networks; moves kernel settings of its first interface to
/// that network where the engine wants them there.
pub(super) fn join(
    scene: &Scene<'_>,
    host_config: &mut Map<String, Value>,
    warnings: &mut Vec<String>,
) -> Result<Networking, PlanError> {
    warnings.extend(mac::elsewhere(scene));
    let Some(main) = main_network(scene, warnings) else { return Ok(Networking::default()) };
    let mut networking = Networking::default();
    let mut others = Vec::new();
    for (name, shown) in sorted(scene.shown.networks) {
        let is_main = name == main;
        let mut endpoint = endpoint::own(name, shown, scene);
        warnings.extend(podman::address_unknown(name, shown, scene));
        let configured = mac::configured(name, shown, is_main, scene, warnings);
        match (scene.since(44), is_main, configured) {
            (true, _, Some(mac)) => {
                endpoint.insert("MacAddress".into(), mac.into());
            }
            (false, true, mac) => networking.root_mac = mac,
            (true, _, None) | (false, false, None) => {}
            (false, false, Some(_)) => warnings.push(format!(
                "its MAC address in network {name} is left out: this engine can set only the one \
                 in the main network"
            )),
        }
        if is_main || scene.since(44) {
            networking.endpoints.insert(name.to_owned(), endpoint.into());
        } else {
            others.push((name.to_owned(), endpoint.into()));
        }
    }
    networking.connects = others;
    if let Some(settings) = take_interface_sysctls(scene, host_config)? {
        let endpoint = networking.endpoints.entry(main).or_insert_with(|| Map::new().into());
        add_sysctls(endpoint, settings);
    }
    Ok(networking)
}

/// Returns the network to create the container in: the one that its mode names, never any other
/// first one, as it decides the default route. A container that was disconnected from that network
/// starts in the first of those that it has.
fn main_network(scene: &Scene<'_>, warnings: &mut Vec<String>) -> Option<String> {
    let NetworkMode::Networks(named) = &scene.network_mode else { return None };
    let networks = scene.shown.networks;
    if networks.get(named).is_some() {
        return Some(named.clone());
    }
    let first = sorted(networks).first().map(|(name, _)| (*name).to_owned());
    if first.is_none() && scene.shown.config["NetworkDisabled"] != Value::Bool(true) {
        warnings.push(format!(
            "it is connected to no network, which cannot be asked for; it joins {named}"
        ));
    }
    first
}

/// Networks by name, which is the order in which the engine connects them.
fn sorted(networks: &Value) -> Vec<(&str, &Value)> {
    let mut networks: Vec<_> = entries(networks).collect();
    networks.sort_unstable_by_key(|(name, _)| *name);
    networks
}

/// Takes the kernel settings that name an interface out of the container's. Engines from API 1.48
/// on refuse them there; those of `eth0` mean the main network, any other could be anywhere.
fn take_interface_sysctls(
    scene: &Scene<'_>,
    host_config: &mut Map<String, Value>,
) -> Result<Option<String>, PlanError> {
    let Some(Value::Object(sysctls)) = host_config.get_mut("Sysctls") else { return Ok(None) };
    if !scene.since(48) {
        return Ok(None);
    }
    let mut moved = Vec::new();
    for (name, value) in sysctls.iter() {
        match name.splitn(5, '.').collect::<Vec<_>>()[..] {
            ["net", family, group, "eth0", setting] => {
                let line = format!("net.{family}.{group}.IFNAME.{setting}={}", text(value));
                moved.push((name.clone(), line));
            }
            ["net", _, _, interface, _] if interface.starts_with("eth") => {
                return Err(PlanError::InterfaceSysctl {
                    container: scene.shown.name.clone(),
                    sysctl: name.clone(),
                });
            }
            _ => {}
        }
    }
    sysctls.retain(|name, _| moved.iter().all(|(gone, _)| gone != name));
    moved.sort_unstable();
    let lines: Vec<_> = moved.into_iter().map(|(_, line)| line).collect();
    Ok((!lines.is_empty()).then(|| lines.join(",")))
}

/// Puts kernel settings before those that the endpoint has, which win.
fn add_sysctls(endpoint: &mut Value, mut settings: String) {
    let present = text(&endpoint["DriverOpts"][ENDPOINT_SYSCTLS]);
    if !present.is_empty() {
        settings.push(',');
        settings.push_str(present);
    }
    if !endpoint["DriverOpts"].is_object() {
        endpoint["DriverOpts"] = Map::new().into();
    }
    endpoint["DriverOpts"][ENDPOINT_SYSCTLS] = settings.into();
}

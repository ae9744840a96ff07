//! Whether a MAC address was asked for, which the engine hardly lets one know.
//!
//! A copied address that was generated becomes a duplicate as soon as addresses change hands; one
//! that was asked for and is not copied loses its DHCP lease. `EndpointSettings.MacAddress` shows
//! both alike (moby/moby#48168).

use serde_json::Value;

use crate::core::labels::MAC;
use crate::core::recreate::scene::Scene;
use crate::core::recreate::value::text;
use crate::core::value::is_mac;

/// Returns the MAC address that was asked for in a network.
pub(super) fn configured(
    network: &str,
    shown: &Value,
    is_main: bool,
    scene: &Scene<'_>,
    warnings: &mut Vec<String>,
) -> Option<String> {
    let current = text(&shown["MacAddress"]);
    // The owner says `keep`, or the address itself; what is neither is reported with its label.
    let labelled = match text(&scene.shown.config["Labels"][format!("{MAC}{network}")]) {
        "keep" => current,
        address if is_mac(address) => address,
        _ => "",
    };
    let asked = if is_main { of_container(scene) } else { Some("") };
    if asked.is_none() && labelled.is_empty() && !current.is_empty() {
        warnings.push(format!(
            "whether its MAC address {current} in network {network} was asked for cannot be known; \
             it gets a new one. The label {MAC}{network}=keep keeps it"
        ));
    }
    let unused = if scene.since(44) && scene.shown.is_unused() { current } else { "" };
    [labelled, asked.unwrap_or_default(), unused]
        .into_iter()
        .find(|address| !address.is_empty())
        .map(str::to_owned)
}

/// Returns a warning for each label that names a network which the container is not in.
pub(super) fn elsewhere(scene: &Scene<'_>) -> Vec<String> {
    let labels = scene.shown.config["Labels"].as_object().into_iter().flatten();
    let networks = labels.filter_map(|(name, _)| name.strip_prefix(MAC));
    let elsewhere = networks.filter(|network| scene.shown.networks.get(network).is_none());
    elsewhere
        .map(|network| format!("the label {MAC}{network} has no effect: it is not in that network"))
        .collect()
}

/// Returns the container-wide MAC address, empty if none was asked for; `None` if the answers at
/// hand do not say. It is shown by API versions up to 1.51.
fn of_container<'a>(scene: &Scene<'a>) -> Option<&'a str> {
    let says = |inspect: &'a Value| text(&inspect["Config"]["MacAddress"]);
    match scene.subject.mac_inspect {
        Some(inspect) => Some(says(inspect)),
        None if scene.since(52) => None,
        None => Some(says(scene.shown.inspect)),
    }
}

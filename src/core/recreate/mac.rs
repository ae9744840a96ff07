//! Whether a MAC address was asked for, which the engine hardly lets one know.
//!
//! A copied address that was generated becomes a duplicate as soon as addresses change hands; one
//! that was asked for and is not copied loses its DHCP lease. `EndpointSettings.MacAddress` shows
//! both alike (moby/moby#48168).

use serde_json::Value;

use crate::core::recreate::scene::Scene;
use crate::core::recreate::value::text;

/// The label by which an owner says it: `docker-auto.mac.<network>=keep`, or the address itself.
const LABEL: &str = "docker-auto.mac.";

/// Returns the MAC address that was asked for in a network.
pub(super) fn configured(
    network: &str,
    shown: &Value,
    is_main: bool,
    scene: &Scene<'_>,
    warnings: &mut Vec<String>,
) -> Option<String> {
    let current = text(&shown["MacAddress"]);
    let labelled = match text(&scene.shown.config["Labels"][format!("{LABEL}{network}")]) {
        "keep" => current,
        address => address,
    };
    let asked = if is_main { of_container(scene) } else { Some("") };
    if asked.is_none() && labelled.is_empty() && !current.is_empty() {
        warnings.push(format!(
            "whether its MAC address {current} in network {network} was asked for cannot be known; \
             it gets a new one. The label {LABEL}{network}=keep keeps it"
        ));
    }
    let unused = if scene.since(44) && scene.shown.is_unused() { current } else { "" };
    [labelled, asked.unwrap_or_default(), unused]
        .into_iter()
        .find(|address| !address.is_empty())
        .map(str::to_owned)
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

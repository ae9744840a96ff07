//! Whether a MAC address was asked for, which the engine hardly lets one know.
//!
//! A copied address that was generated becomes a duplicate as soon as addresses change hands; one
//! that was asked for and is not copied loses its DHCP lease. `EndpointSettings.MacAddress` shows
//! both alike (moby/moby#48168).

use std::net::Ipv4Addr;

use serde_json::{Map, Value, json};

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
    // The owner says `keep`, or the address itself; what is neither is told, and was meant to keep it.
    let labelled = match text(&scene.shown.config["Labels"][format!("{MAC}{network}")]) {
        "" => "",
        address if is_mac(address) => address,
        _ => current,
    };
    let asked = if is_main { of_container(scene) } else { of_endpoint(network, shown, scene) };
    let unused = if scene.since(44) && scene.shown.is_unused() { current } else { "" };
    if asked.is_none() && labelled.is_empty() && current != unused {
        warnings.push(format!(
            "whether its MAC address {current} in network {network} was asked for cannot be known; \
             it gets a new one. The label {MAC}{network}=keep keeps it"
        ));
    }
    [labelled, asked.unwrap_or_default(), unused]
        .into_iter()
        .find(|address| !address.is_empty())
        .map(str::to_owned)
}

/// Returns the MAC address that was asked for in a network beside the main one, empty if none was;
/// `None` if nobody can know.
fn of_endpoint<'a>(network: &str, shown: &'a Value, scene: &Scene<'_>) -> Option<&'a str> {
    let current = text(&shown["MacAddress"]);
    // Before this version of the API nobody could ask for one there.
    if !scene.since(44) || current.is_empty() || is_of_address(current, text(&shown["IPAddress"])) {
        return Some("");
    }
    let asked = !is_local(current) || has_lasted(network, current, scene);
    asked.then_some(current)
}

/// Engines up to 27, and overlay networks, make the last four bytes from the IPv4 address.
fn is_of_address(mac: &str, address: &str) -> bool {
    let Ok(address) = address.parse::<Ipv4Addr>() else { return false };
    let end = address.octets().map(|byte| format!(":{byte:02x}")).concat();
    mac.to_ascii_lowercase().ends_with(&end)
}

/// Engines make local addresses only; one of a vendor's was written by somebody.
fn is_local(mac: &str) -> bool {
    let first = mac.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    first.is_none_or(|first| first & 0b10 != 0)
}

/// One that the engine makes is another one after each start.
fn has_lasted(network: &str, mac: &str, scene: &Scene<'_>) -> bool {
    let Some(earlier) = scene.subject.earlier else { return false };
    let (before, started) = look(earlier, network);
    !started.is_empty() && started != started_at(scene.shown.inspect) && before == mac
}

/// Returns what is to be remembered of a container's MAC addresses: each with the start at which it
/// was seen first, from the inspect and what was remembered before. A later look alone would prove
/// nothing until the next start.
pub fn first_look(earlier: Option<&Value>, inspect: &Value) -> Value {
    let networks = inspect["NetworkSettings"]["Networks"].as_object().into_iter().flatten();
    let looks = networks.filter_map(|(network, _)| {
        let (now, before) = (look(inspect, network), earlier.map(|it| look(it, network)));
        // One that is stopped has no address.
        let same = |(mac, _): &(&str, &str)| !mac.is_empty() && (now.0.is_empty() || *mac == now.0);
        let (mac, started) = before.filter(same).unwrap_or(now);
        let first = json!({"MacAddress": mac, "StartedAt": started});
        (!mac.is_empty()).then(|| (network.clone(), first))
    });
    json!({"NetworkSettings": {"Networks": looks.collect::<Map<_, _>>()}})
}

/// Returns the MAC address in a network, and since which start: in what is remembered each network has
/// its own.
fn look<'a>(earlier: &'a Value, network: &str) -> (&'a str, &'a str) {
    let shown = &earlier["NetworkSettings"]["Networks"][network];
    let started = shown["StartedAt"].as_str().unwrap_or_else(|| started_at(earlier));
    (text(&shown["MacAddress"]), started)
}

fn started_at(inspect: &Value) -> &str {
    text(&inspect["State"]["StartedAt"])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_is_remembered_with_the_start_at_which_it_was_seen_first() {
        let shown = |start: &str, macs: &[(&str, &str)]| {
            let network =
                |(name, mac): &(&str, &str)| ((*name).to_owned(), json!({"MacAddress": mac}));
            let networks: Map<_, _> = macs.iter().map(network).collect();
            json!({"State": {"StartedAt": start}, "NetworkSettings": {"Networks": networks}})
        };
        let mut known = None;
        for (start, macs, expected) in [
            ("1", [("a", "x"), ("b", "y")], ["x 1", "y 1"]),
            ("1", [("a", "x"), ("b", "y")], ["x 1", "y 1"]),
            ("1", [("a", ""), ("b", "")], ["x 1", "y 1"]),
            ("2", [("a", "x"), ("b", "z")], ["x 1", "z 2"]),
            ("3", [("a", "x"), ("b", "y")], ["x 1", "y 3"]),
            ("3", [("a", "x"), ("c", "")], ["x 1", " "]),
            ("3", [("a", "x"), ("b", "y")], ["x 1", "y 3"]),
        ] {
            let inspect = shown(start, &macs);
            let first = first_look(known.as_ref(), &inspect);
            let found = macs.map(|(network, _)| {
                let (mac, start) = look(&first, network);
                format!("{mac} {start}")
            });
            assert_eq!(found, expected, "{start} {macs:?}");
            known = Some(first);
        }
        // What an earlier version stored is an inspect.
        let first = first_look(Some(&shown("1", &[("a", "x")])), &shown("2", &[("a", "x")]));
        assert_eq!(look(&first, "a"), ("x", "1"));
    }

    #[test]
    fn what_engines_make_is_told_from_what_people_write() {
        for (mac, address, of_address, local) in [
            ("02:42:ac:11:00:02", "172.17.0.2", true, true),
            ("02:42:AC:11:00:02", "172.17.0.2", true, true),
            ("02:42:ac:11:00:03", "172.17.0.2", false, true),
            ("fe:11:22:33:44:55", "172.17.0.2", false, true),
            ("00:11:22:33:44:55", "172.17.0.2", false, false),
            ("9c:11:22:33:44:55", "", false, false),
            ("", "", false, true),
        ] {
            assert_eq!(is_of_address(mac, address), of_address, "{mac} {address}");
            assert_eq!(is_local(mac), local, "{mac}");
        }
    }
}

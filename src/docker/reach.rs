//! Where a listed container is reached: at published ports of the host, and at its own addresses.

use serde_json::Value;

/// Returns the ports of the host that a container publishes.
pub(super) fn published_ports(ports: &Value) -> Vec<u16> {
    let all = ports.as_array().map(Vec::as_slice).unwrap_or_default();
    let published = all.iter().filter_map(|port| port["PublicPort"].as_u64()?.try_into().ok());
    published.filter(|port| *port != 0).collect()
}

/// Returns a container's addresses in its networks.
pub(super) fn addresses(settings: &Value) -> Vec<String> {
    let networks = settings["Networks"].as_object().into_iter().flatten();
    let all = networks.flat_map(|(_, joined)| [&joined["IPAddress"], &joined["GlobalIPv6Address"]]);
    let all = all.filter_map(Value::as_str);
    all.filter(|address| !address.is_empty()).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_null_odd_or_missing_counts_as_none() {
        let ports = json!([
            {"PrivatePort": 80, "Type": "tcp"}, {"PublicPort": 2375, "Type": "tcp"},
            {"PublicPort": 70000}, {"PublicPort": "odd"}, 5,
        ]);
        assert_eq!(published_ports(&ports), [2375]);
        let settings = json!({"Networks": {
            "front": {"IPAddress": "172.18.0.2", "GlobalIPv6Address": "fd00::2"},
            "host": {"IPAddress": ""}, "odd": null,
        }});
        assert_eq!(addresses(&settings), ["172.18.0.2", "fd00::2"]);
        for odd in [Value::Null, json!("of the future"), json!({"Networks": null})] {
            assert!(published_ports(&odd).is_empty() && addresses(&odd).is_empty(), "{odd}");
        }
    }
}

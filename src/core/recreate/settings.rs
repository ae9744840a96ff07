//! What an owner can change of a container while it is there: a mark that tells whether he has.

use serde_json::{Map, Value, json};

use crate::core::digest::Digest;

/// The parts of an endpoint that are asked for, not given by the engine.
const ENDPOINT: [&str; 5] = ["IPAMConfig", "Aliases", "Links", "DriverOpts", "GwPriority"];

/// Returns a mark of a container's host config and networks; another mark means that someone used
/// `docker update`, `docker network connect` or the like.
pub fn settings_mark(inspect: &Value) -> Digest {
    let networks = inspect["NetworkSettings"]["Networks"].as_object();
    let networks: Map<_, _> = networks
        .into_iter()
        .flatten()
        .map(|(name, endpoint)| {
            let asked = ENDPOINT.iter().map(|field| endpoint[field].clone()).collect();
            (name.clone(), asked)
        })
        .collect();
    Digest::of(json!([inspect["HostConfig"], networks]).to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_counts() {
        let inspect = |memory: u64, address: &str, alias: &str| {
            json!({
                "State": {"Pid": memory + 1},
                "HostConfig": {"Memory": memory},
                "NetworkSettings": {"Networks": {"n": {"IPAddress": address, "Aliases": [alias]}}},
            })
        };
        let before = settings_mark(&inspect(1, "10.0.0.2", "db"));
        for (after, same) in [
            (inspect(1, "10.0.0.3", "db"), true),
            (inspect(2, "10.0.0.2", "db"), false),
            (inspect(1, "10.0.0.2", "sql"), false),
            (json!({}), false),
        ] {
            assert_eq!(settings_mark(&after) == before, same, "{after}");
        }
    }
}

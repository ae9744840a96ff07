//! The hard gates: how many requests and connections a check may need.

use crate::count::Counts;
use crate::scene::Network;
use serde_json::Value;

/// The repositories that one token may open, at most: about 25.
const SCOPES: u64 = 32;

/// Returns what is wrong with the counts of a check with nothing cached.
pub(crate) fn cold(network: Network, containers: usize, counts: &Counts) -> Vec<String> {
    let (tokens, connections) = allowed(network, containers);
    let mut wrong = every(containers, counts);
    wrong.extend(most("challenges", counts.challenges, 1));
    wrong.extend(most("pings", counts.pings, 1));
    wrong.extend(most("tokens", counts.tokens, tokens));
    wrong.extend(most("scopes in one token", counts.most_scopes, SCOPES));
    wrong.extend(most("connections to the registry", counts.registry_connections, connections));
    wrong.extend(most("connections to the token server", counts.token_connections, 2));
    said(&format!("{network} {containers}"), wrong)
}

/// Returns what is wrong with the counts of a further check of a running server.
pub(crate) fn warm(network: Network, containers: usize, counts: &Counts) -> Vec<String> {
    let mut wrong = every(containers, counts);
    wrong.extend(most("challenges", counts.challenges, 0));
    wrong.extend(most("pings", counts.pings, 0));
    wrong.extend(most("tokens", counts.tokens, 0));
    wrong.extend(most("connections to the registry", counts.registry_connections, 0));
    said(&format!("{network} {containers}, second check"), wrong)
}

fn every(containers: usize, counts: &Counts) -> Vec<String> {
    let containers = u64::try_from(containers).unwrap_or(u64::MAX);
    let mut wrong = exact("HEADs", counts.heads, containers);
    wrong.extend(most("GETs of manifests", counts.manifest_gets, 0));
    wrong.extend(most("GETs of blobs", counts.blob_gets, 0));
    wrong.extend(most("other requests", counts.unknown + counts.tag_lists, 0));
    wrong
}

fn allowed(network: Network, containers: usize) -> (u64, u64) {
    match network {
        Network::Lan | Network::Wan => (0, 64),
        Network::Tls => (u64::try_from(containers.div_ceil(25)).unwrap_or(u64::MAX), 2),
    }
}

/// Returns the gates of a check with nothing cached, in words.
pub(crate) fn goal(network: Network, containers: usize) -> String {
    let (tokens, connections) = allowed(network, containers);
    format!(
        "{containers} HEAD, ≤ 1 challenge, ≤ {tokens} tokens, 0 GET, ≤ {connections} connections"
    )
}

/// Returns counts in words.
pub(crate) fn text(counts: &Counts) -> String {
    format!(
        "{} HEAD, {} challenge, {} tokens, {} GET, {}+{} connections, {} engine calls",
        counts.heads,
        counts.challenges.max(counts.pings),
        counts.tokens,
        counts.manifest_gets + counts.blob_gets,
        counts.registry_connections,
        counts.token_connections,
        counts.engine_requests(),
    )
}

/// Returns what is wrong if the output does not call so many containers up to date.
pub(crate) fn up_to_date(output: &str, wanted: usize) -> Vec<String> {
    statuses(output, "UpToDate", wanted)
}

/// Returns what is wrong if the output does not offer so many updates.
pub(crate) fn outdated(output: &str, wanted: usize) -> Vec<String> {
    statuses(output, "UpdateAvailable", wanted)
}

fn statuses(output: &str, status: &str, wanted: usize) -> Vec<String> {
    match serde_json::from_str::<Value>(output) {
        Ok(value) => {
            let found = occurrences(&value, status);
            exact(&format!("containers with the status {status}"), found, wanted as u64)
        }
        Err(error) => vec![format!("check --json wrote no JSON: {error}")],
    }
}

/// Returns how many objects, however deep, have the status.
fn occurrences(value: &Value, status: &str) -> u64 {
    match value {
        Value::Array(values) => values.iter().map(|value| occurrences(value, status)).sum(),
        Value::Object(fields) => {
            let own = u64::from(fields.get("status").is_some_and(|found| found == status));
            own + fields.values().map(|value| occurrences(value, status)).sum::<u64>()
        }
        _ => 0,
    }
}

/// Returns what is wrong if a count is not what it must be.
pub(crate) fn exact(what: &str, found: u64, wanted: u64) -> Vec<String> {
    if found == wanted { Vec::new() } else { vec![format!("{found} {what} instead of {wanted}")] }
}

fn most(what: &str, found: u64, allowed: u64) -> Vec<String> {
    if found <= allowed {
        Vec::new()
    } else {
        vec![format!("{found} {what}, at most {allowed} allowed")]
    }
}

fn said(scene: &str, wrong: Vec<String>) -> Vec<String> {
    wrong.into_iter().map(|wrong| format!("{scene}: {wrong}")).collect()
}

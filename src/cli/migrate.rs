//! Reads what other tools were told on this host, and says what it means here.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::app::assemble::endpoint;
use crate::cli::arguments::Migrate;
use crate::cli::run::{CommandError, print, print_json};
use crate::clock::Clock;
use crate::config::{Config, Environment, ours};
use crate::core::foreign::Tool;
use crate::core::foreign::report::{Mounted, Seen, report};
use crate::core::id::HostId;
use crate::core::inventory::Container;
use crate::docker::Host;
use crate::logging::printable_lines;

/// Reads the host's containers and our own environment; asks the engine alone, and changes nothing.
pub async fn migrate(
    asked: &Migrate,
    config: &Config,
    environment: &Environment<'_>,
) -> Result<u8, CommandError> {
    let endpoint = endpoint(config).map_err(Box::new)?;
    let host = Host::new(HostId::default(), endpoint)?;
    let inventory = host.inventory(Clock::real().now()).await?;
    let mut seen = Vec::new();
    for container in inventory.containers.values() {
        seen.push(look(&host, container).await?);
    }
    let report = report(&seen, environment.variables(), &ours);
    Ok(if asked.json { print_json(&report) } else { print(&printable_lines(&report.text())) })
}

/// Variables are read only of the containers that are another tool's.
async fn look(host: &Host, container: &Container) -> Result<Seen, CommandError> {
    let mut seen = Seen {
        name: container.name.to_string(),
        image: container.image.clone(),
        labels: container.labels.clone(),
        ..Seen::default()
    };
    if Tool::of_image(&container.image).is_none() {
        return Ok(seen);
    }
    let inspect = host.inspect_container(&container.id).await?.unwrap_or_default();
    let written = texts(&inspect["Config"]["Env"]);
    let pairs = written.iter().filter_map(|pair| pair.split_once('='));
    seen.variables =
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>();
    seen.arguments = texts(&inspect["Args"]);
    let mounts = inspect["Mounts"].as_array().into_iter().flatten();
    let path = |mount: &Value, field: &str| mount[field].as_str().unwrap_or_default().to_owned();
    let mounted = |mount| Mounted { from: path(mount, "Source"), at: path(mount, "Destination") };
    seen.mounts = mounts.map(mounted).collect();
    Ok(seen)
}

fn texts(list: &Value) -> Vec<String> {
    let each = list.as_array().into_iter().flatten();
    each.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

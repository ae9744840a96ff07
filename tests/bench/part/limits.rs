//! limits: the limit in several widths and the baselines, without the product; shows what the mocks and the machine allow.

use crate::client::Client;
use crate::fault::Fault;
use crate::figure::{Figure, Summary, Unit};
use crate::harness::{Harness, Trial};
use crate::scene::{Network, Scene};
use serde_json::json;

/// A sequential client is not run for longer than this; its time is proportional to the containers anyway.
const LONGEST_MS: f64 = 30_000.0;

const CLIENTS: [Client; 9] = [
    Client::LimitOne(16),
    Client::LimitOne(64),
    Client::LimitOne(256),
    Client::LimitTwo(100),
    Client::LimitTwo(250),
    Client::Burst,
    Client::Chatty,
    Client::Pool,
    Client::Seq,
];

/// Runs all clients in all scenes.
pub(crate) fn run(harness: &mut Harness) -> Result<(), Fault> {
    for network in Network::ALL {
        for client in CLIENTS {
            let mut before = 0.0;
            for &containers in harness.options.sizes() {
                if before * 5.0 > LONGEST_MS {
                    continue;
                }
                before = scene(harness, Trial { client, network, containers })?;
            }
        }
    }
    Ok(())
}

fn scene(harness: &mut Harness, trial: Trial) -> Result<f64, Fault> {
    let Trial { client, network, containers } = trial;
    harness.mocks.show(Scene::up_to_date(network, containers))?;
    let (mut walls, mut cpus) = (Vec::new(), Vec::new());
    let mut counts = None;
    while walls.len() < harness.options.runs() {
        harness.mocks.reset()?;
        let run = harness.run_client(trial)?;
        let counted = harness.mocks.counts()?;
        walls.push(run.wall.as_secs_f64() * 1000.0);
        cpus.push(run.cpu.as_secs_f64() * 1000.0);
        let written = json!({ "client": client.to_string(), "network": network, "containers": containers,
            "wall_ms": walls.last(), "cpu_ms": cpus.last(), "counts": counted });
        harness.report.raw("limits", written)?;
        counts = Some(counted);
        if walls.iter().sum::<f64>() > LONGEST_MS {
            break;
        }
    }
    let wall = Summary::of(&walls).map_or(0.0, |summary| summary.median);
    let name = format!("{network} {containers:3} {client}");
    harness.report.add(Figure::new(&name, Unit::Milliseconds, walls).line());
    harness.report.add(Figure::new(format!("{name} cpu"), Unit::Milliseconds, cpus).line());
    if let Some(counts) = counts {
        harness.report.note(format!("{name}: {}", serde_json::to_string(&counts)?));
    }
    Ok(wall)
}

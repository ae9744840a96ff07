//! memory, idle: what a server holds and does when it has nothing to do.

use crate::fault::Fault;
use crate::figure::{Column, Figure, Goal, Unit};
use crate::floor::Floor;
use crate::harness::Harness;
use crate::options::Part;
use crate::scene::Network;
use crate::server::Server;
use serde_json::json;
use std::thread::sleep;

/// Measures servers with 10 and with 500 containers after a check over TLS.
pub(crate) fn run(harness: &mut Harness) -> Result<(), Fault> {
    for (containers, goal) in [(10, 8.0), (500, 12.0)] {
        let server = Server::checked(harness, Network::Tls, containers)?;
        sleep(harness.options.rest());
        if harness.options.wants(&[Part::Memory]) {
            memory(harness, &server, containers, goal)?;
        }
        if containers == 10 && harness.options.wants(&[Part::Idle]) {
            idle(harness, &server)?;
        }
    }
    Ok(())
}

fn memory(
    harness: &mut Harness,
    server: &Server,
    containers: usize,
    goal: f64,
) -> Result<(), Fault> {
    let floor = Floor::start()?;
    floor.await_answer()?;
    let least = floor.resident().memory()?;
    let memory = server.resident().memory()?;
    let line = |name: String, bytes, floor| {
        Figure::new(name, Unit::Megabytes, vec![megabytes(bytes)])
            .beside(Column::Limit, megabytes(floor))
    };
    let name = format!("resident memory idle, {containers} containers");
    let figure = line(name, memory.resident, least.resident).goal(Goal::AtMost(goal));
    harness.report.add(figure.line());
    let name = format!("of it anonymous, {containers} containers");
    harness.report.add(line(name, memory.anonymous, least.anonymous).line());
    let name = format!("peak of the check, {containers} containers");
    let mut figure = line(name, memory.peak, least.peak);
    if containers == 500 {
        figure = figure.goal(Goal::AtMost(24.0));
    }
    harness.report.add(figure.line());
    let raw = json!({ "containers": containers, "resident": memory.resident,
        "anonymous": memory.anonymous, "peak": memory.peak, "floor": least.resident });
    harness.report.raw("memory", raw)
}

fn idle(harness: &mut Harness, server: &Server) -> Result<(), Fault> {
    let before = server.resident().activity()?;
    let watch = harness.options.watch();
    sleep(watch);
    let after = server.resident().activity()?;
    let seconds = watch.as_secs_f64();
    let wake_ups =
        f64::from(u32::try_from(after.wake_ups.saturating_sub(before.wake_ups))?) / seconds;
    let cpu = after.cpu.saturating_sub(before.cpu).as_secs_f64() * 1000.0 / seconds;
    let figure =
        Figure::new("wake-ups idle", Unit::PerSecond, vec![wake_ups]).goal(Goal::AtMost(0.2));
    harness.report.add(figure.line());
    let figure = Figure::new("cpu idle, in one second", Unit::Milliseconds, vec![cpu]);
    harness.report.add(figure.line());
    harness.report.raw("idle", json!({ "seconds": seconds, "wake_ups": wake_ups, "cpu_ms": cpu }))
}

fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX)) / 1000.0
}

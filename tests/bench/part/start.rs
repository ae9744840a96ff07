//! start: from exec to the first answer of `/healthz`, with 500 containers to check meanwhile.

use crate::fault::Fault;
use crate::figure::{Column, Figure, Goal, Summary, Unit};
use crate::floor::Floor;
use crate::harness::Harness;
use crate::product::World;
use crate::scene::{Network, Scene};
use crate::server::Server;
use serde_json::json;
use std::time::Instant;

/// Measures starts in an empty data directory, in turns with the floor.
pub(crate) fn run(harness: &mut Harness) -> Result<(), Fault> {
    harness.mocks.show(Scene::up_to_date(Network::Tls, 500))?;
    let (mut times, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..harness.options.runs() {
        let data = harness.scratch.path().join("start");
        let world = World::mock(&harness.mocks.places, Network::Tls, &data)?;
        let begin = Instant::now();
        let mut server = Server::start(&harness.product, &world)?;
        server.await_health()?;
        times.push(begin.elapsed().as_secs_f64() * 1000.0);
        drop(server);
        let begin = Instant::now();
        let floor = Floor::start()?;
        floor.await_answer()?;
        floors.push(begin.elapsed().as_secs_f64() * 1000.0);
        let raw = json!({ "records": 0, "ms": times.last(), "floor_ms": floors.last() });
        harness.report.raw("start", raw)?;
    }
    let floor = Summary::of(&floors).map_or(0.0, |summary| summary.median);
    let figure = Figure::new("exec to first answer, no history", Unit::Milliseconds, times)
        .beside(Column::Limit, floor)
        .goal(Goal::AtMost(20.0));
    harness.report.add(figure.line());
    Ok(())
}

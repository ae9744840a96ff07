//! check, counts: further checks of a running server, which has connections and tokens at hand.

use super::gate;
use crate::client::Client;
use crate::count::Counts;
use crate::fault::Fault;
use crate::figure::{Column, Figure, Goal, Line, Summary, Unit};
use crate::harness::{Harness, Trial};
use crate::scene::{Network, Scene};
use crate::server::Server;
use serde_json::json;

/// Measures all sizes over TLS.
pub(crate) fn run(harness: &mut Harness) -> Result<(), Fault> {
    for &containers in harness.options.sizes() {
        scene(harness, containers)?;
    }
    Ok(())
}

fn scene(harness: &mut Harness, containers: usize) -> Result<(), Fault> {
    let network = Network::Tls;
    let trial = Trial { client: Client::limit(network), network, containers };
    let mut server = Server::checked(harness, network, containers)?;
    let (mut walls, mut limits, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    let mut counts = Counts::default();
    for _ in 0..harness.options.runs() {
        harness.mocks.reset()?;
        let wall = server.check_now()?.as_secs_f64() * 1000.0;
        counts = server.await_heads(&mut harness.mocks, containers)?;
        walls.push(wall);
        wrong.extend(gate::warm(network, containers, &counts));
        limits.push(harness.run_limit_again(trial)?);
        let raw = json!({ "containers": containers, "wall_ms": wall, "limit_ms": limits.last(),
            "counts": counts });
        harness.report.raw("second check", raw)?;
    }
    let limit = Summary::of(&limits).map_or(0.0, |summary| summary.median);
    let goal = Goal::AtMost(match containers {
        ..=10 => 70.0,
        11..=100 => 75.0,
        _ => 200.0,
    });
    let name = format!("second check of a server, {network} {containers}");
    let figure =
        Figure::new(&name, Unit::Milliseconds, walls).beside(Column::Limit, limit).goal(goal);
    harness.report.add(figure.line().void(&wrong));
    let name = format!("counts of second check, {network} {containers}");
    let goal = format!("{containers} HEAD and nothing else");
    let line = Line::gate(&name, gate::text(&counts), &goal, &wrong);
    harness.report.gate(line, wrong);
    drop(server);
    harness.mocks.show(Scene::up_to_date(network, 0))
}

//! api: the list of containers over the control socket, at rest and during a check.

use crate::fault::Fault;
use crate::figure::{Column, Figure, Goal, Line, Unit, percentile};
use crate::harness::Harness;
use crate::plain_http::{self, over_unix};
use crate::scene::Network;
use crate::server::Server;
use serde_json::json;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

const REQUESTS: usize = 2000;

/// Measures lists of 500 and 1000 containers, each request on a fresh connection.
pub(crate) fn run(harness: &mut Harness) -> Result<(), Fault> {
    for containers in [500, 1000] {
        let mut server = Server::checked(harness, Network::Wan, containers)?;
        let name = format!("list of {containers} containers");
        let request = plain_http::request("GET", &format!("/api/v1/containers?limit={containers}"));
        let answer = over_unix(&server.control, &request)?;
        if answer.status != 200 {
            let why = format!("GET /api/v1/containers is answered {}", answer.status);
            harness.report.add(Line::skipped(&name, &why));
            continue;
        }
        let rest = latencies(&server.control, &request, || true)?;
        let checking = AtomicBool::new(true);
        let control = server.control.clone();
        let busy = thread::scope(|scope| {
            let sampling = scope.spawn(|| {
                latencies(&control, &request, || checking.load(Ordering::Relaxed))
                    .map_err(|fault| fault.to_string())
            });
            for _ in 0..3 {
                server.check_now()?;
            }
            checking.store(false, Ordering::Relaxed);
            Ok::<_, Fault>(sampling.join().map_err(|_| "the sampling panicked")??)
        })?;
        let raw = json!({ "containers": containers, "rest_ms": rest, "during_check_ms": busy,
            "bytes": answer.body.len() });
        harness.report.raw("api", raw)?;
        let calm = percentile(&rest, 99);
        for (what, value, goal) in [
            ("p50", percentile(&rest, 50), Goal::AtMost(0.3)),
            ("p99", calm, Goal::AtMost(10.0)),
            ("p99 during a check", percentile(&busy, 99), Goal::TimesLimit(2.0)),
        ] {
            let mut figure =
                Figure::new(format!("{name}, {what}"), Unit::Milliseconds, vec![value]).goal(goal);
            if matches!(goal, Goal::TimesLimit(_)) {
                figure = figure.beside(Column::Limit, calm);
            }
            harness.report.add(figure.line());
        }
    }
    Ok(())
}

fn latencies(socket: &Path, request: &str, goes_on: impl Fn() -> bool) -> Result<Vec<f64>, Fault> {
    let mut times = Vec::new();
    while times.is_empty() || (goes_on() && times.len() < REQUESTS) {
        let begin = Instant::now();
        over_unix(socket, request)?;
        times.push(begin.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(times)
}

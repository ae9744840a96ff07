//! update: how long a published port is dead during `docker-auto update`, beside `docker restart` of the same container.
//!
//! *traffic*: a fresh connection every 2 ms, the longest time without a good answer. *quiet*: nobody connects meanwhile,
//! from the engine's first signal to the old container to the first answer of the new one; polling itself can stall
//! engines before 28 for a second (an ARP entry that is asked again only then).

mod engine;
mod ground;
mod poll;

use crate::fault::Fault;
use crate::figure::{Column, Figure, Goal, Line, Summary, Unit};
use crate::harness::Harness;
use engine::Engine;
use ground::{Actor, Ground, Traffic, Trial, gaps};
use poll::Poller;
use serde_json::json;
use std::time::Duration;

/// The containers that are updated in one cycle.
const CYCLE: u16 = 10;
/// How often that is done.
const CYCLES: usize = 3;

/// Measures on the engine at hand, or says why not.
pub(crate) fn run(harness: &mut Harness) -> Result<(), Fault> {
    let engine = Engine::find()?;
    engine.sweep()?;
    Ground::build(harness, engine).and_then(|mut ground| {
        let result = measure(&mut ground, harness);
        let swept = ground.engine.sweep();
        result.and(swept)
    })
}

fn measure(ground: &mut Ground, harness: &mut Harness) -> Result<(), Fault> {
    let version = ground.engine.version()?;
    harness
        .report
        .note(format!("update: on engine {version}, ports published at {}.", ground.host));
    let name = ground.start(0)?;
    for (traffic, word) in [(Traffic::Quiet, "quiet"), (Traffic::Busy, "traffic")] {
        let (mut updates, mut restarts) = (Vec::new(), Vec::new());
        let runs = if harness.options.quick { 3 } else { harness.options.runs().max(10) };
        for _ in 0..runs {
            for (actor, times) in [(Actor::Restart, &mut restarts), (Actor::Update, &mut updates)] {
                let trial = Trial { actor, traffic };
                times.push(ground.trial(harness, trial, &name)?);
            }
            let raw = json!({ "traffic": word, "update_ms": updates.last(),
                "restart_ms": restarts.last(), "engine": version });
            harness.report.raw("update", raw)?;
        }
        let limit = Summary::of(&restarts).map_or(0.0, |summary| summary.median);
        let figure = Figure::new(format!("outage of update, {word}"), Unit::Milliseconds, updates)
            .beside(Column::Limit, limit)
            .goal(Goal::TimesLimit(1.05));
        harness.report.add(figure.line());
    }
    harness.report.note("÷ limit of outages: docker restart of the same container.");
    cycles(ground, harness)?;
    let name = "outage of a start-first update";
    harness.report.add(Line::skipped(name, "updates are stop-first"));
    Ok(())
}

/// Updates ten containers in one cycle, beside restarts of the ten under the same traffic.
fn cycles(ground: &mut Ground, harness: &mut Harness) -> Result<(), Fault> {
    let names =
        (1..=CYCLE).map(|number| ground.start(number)).collect::<Result<Vec<_>, Fault>>()?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (mut updates, mut restarts) = (Vec::new(), Vec::new());
    for _ in 0..CYCLES {
        let polling = pollers(ground)?;
        for name in &names {
            ground.engine.restart(name)?;
        }
        let restarted = gaps(polling, ground.version)?;
        ground.next_version(harness)?;
        let polling = pollers(ground)?;
        ground.update(harness, &names)?;
        let away = gaps(polling, ground.version)?;
        let raw = json!({ "cycle": CYCLE, "update_ms": away, "restart_ms": restarted });
        harness.report.raw("update", raw)?;
        updates.push(worst(&away));
        restarts.push(restarted);
    }
    let limit = Summary::of(&restarts.concat()).map_or(0.0, |summary| summary.median);
    let name = "worst outage of 10 updates in one cycle";
    let figure = Figure::new(name, Unit::Milliseconds, updates)
        .beside(Column::Limit, limit)
        .goal(Goal::TimesLimit(1.25));
    harness.report.add(figure.line());
    let worst: Vec<f64> = restarts.iter().map(|restarted| worst(restarted)).collect();
    let name = "worst outage of 10 restarts, one after the other";
    let figure = Figure::new(name, Unit::Milliseconds, worst).beside(Column::Limit, limit);
    harness.report.add(figure.line());
    Ok(())
}

fn pollers(ground: &Ground) -> Result<Vec<Poller>, Fault> {
    let poller = |number| Ok(Poller::start(ground.address(number)?, Duration::from_millis(10)));
    (1..=CYCLE).map(poller).collect()
}

fn worst(gaps: &[f64]) -> f64 {
    gaps.iter().copied().fold(0.0, f64::max)
}

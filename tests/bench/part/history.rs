//! start and store with a long history: the records are written by the product's own store, in a process that has ended
//! its work before anything is measured.

use crate::clock::unix_now;
use crate::fault::Fault;
use crate::figure::{Column, Figure, Goal, Summary, Unit, percentile};
use crate::floor::Floor;
use crate::harness::Harness;
use crate::image::digest;
use crate::options::Part;
use crate::plain_http::{over_unix, request};
use crate::product::World;
use crate::scene::{Network, Scene};
use crate::server::Server;
use chrono::{DateTime, TimeDelta, Utc};
use docker_auto::clock::Clock;
use docker_auto::core::history::HistoryRecord;
use docker_auto::store::Store;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

/// The records of one transaction.
const BATCH: usize = 5_000;
/// The requests of one page.
const REQUESTS: usize = 300;
/// The containers that the records are about.
const CONTAINERS: usize = 100;

/// Measures starts and pages with a history of 100 000 records (10 000 in a quick run).
pub(crate) fn run(harness: &mut Harness) -> Result<(), Fault> {
    let count = if harness.options.quick { 10_000 } else { 100_000 };
    harness.mocks.show(Scene::up_to_date(Network::Tls, 10))?;
    let data = harness.scratch.path().join("history");
    let world = World::mock(&harness.mocks.places, Network::Tls, &data)?;
    let begin = Instant::now();
    fill(&data, count)?;
    harness.report.note(format!(
        "history: {count} records of one update each, without their plans, written in {:.1} s.",
        begin.elapsed().as_secs_f64()
    ));
    if harness.options.wants(&[Part::Start]) {
        starts(harness, &world, count)?;
    }
    if harness.options.wants(&[Part::Store]) {
        pages(harness, &world, count)?;
    }
    Ok(())
}

fn starts(harness: &mut Harness, world: &World, count: usize) -> Result<(), Fault> {
    let (mut clean, mut killed, mut floors) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..harness.options.runs() {
        let (server, time) = start(harness, world)?;
        clean.push(time);
        drop(server);
        let (server, time) = start(harness, world)?;
        killed.push(time);
        server.end()?;
        let begin = Instant::now();
        Floor::start()?.await_answer()?;
        floors.push(begin.elapsed().as_secs_f64() * 1000.0);
        let raw = json!({ "records": count, "ms": clean.last(), "after_kill_ms": killed.last() });
        harness.report.raw("start", raw)?;
    }
    let floor = Summary::of(&floors).map_or(0.0, |summary| summary.median);
    for (what, times) in [("", clean), (", after a kill", killed)] {
        let name = format!("exec to first answer, {count} history records{what}");
        let figure = Figure::new(name, Unit::Milliseconds, times)
            .beside(Column::Limit, floor)
            .goal(Goal::AtMost(20.0));
        harness.report.add(figure.line());
    }
    Ok(())
}

fn start(harness: &Harness, world: &World) -> Result<(Server, f64), Fault> {
    let begin = Instant::now();
    let mut server = Server::start(&harness.product, world)?;
    server.await_health()?;
    Ok((server, begin.elapsed().as_secs_f64() * 1000.0))
}

fn pages(harness: &mut Harness, world: &World, count: usize) -> Result<(), Fault> {
    let mut server = Server::start(&harness.product, world)?;
    server.await_health()?;
    for (what, query, goal) in [
        ("newest 20", "limit=20", Some(Goal::AtMost(10.0))),
        ("newest 1000", "limit=1000", None),
        ("newest 20 of a container", "limit=20&name=app-0007", Some(Goal::AtMost(10.0))),
        ("newest 20 that failed", "limit=20&status=failed", Some(Goal::AtMost(10.0))),
    ] {
        let request = request("GET", &format!("/api/v1/updates/history?{query}"));
        let mut times = Vec::new();
        for _ in 0..REQUESTS {
            let begin = Instant::now();
            let answer = over_unix(&server.control, &request)?;
            times.push(begin.elapsed().as_secs_f64() * 1000.0);
            if answer.status != 200 {
                let body = String::from_utf8_lossy(&answer.body).into_owned();
                return Err(format!("the history is answered {}: {body}", answer.status).into());
            }
        }
        let raw = json!({ "records": count, "query": query, "ms": times });
        harness.report.raw("store", raw)?;
        for (percent, goal) in [(50, None), (99, goal)] {
            let name = format!("page of {count} records, {what}, p{percent}");
            let value = percentile(&times, percent);
            let mut figure = Figure::new(name, Unit::Milliseconds, vec![value]);
            figure.goal = goal;
            harness.report.add(figure.line());
        }
    }
    server.end()
}

/// Writes records of the last sixty days, so that no clean-up removes them.
fn fill(data: &Path, count: usize) -> Result<(), Fault> {
    let now = i64::try_from(unix_now().as_secs())?;
    let first = DateTime::from_timestamp(now, 0).unwrap_or_default() - TimeDelta::days(60);
    let distance = TimeDelta::days(60) / i32::try_from(count)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(data, Clock::real()).await?;
        for start in (0..count).step_by(BATCH) {
            let records = (start..count.min(start + BATCH))
                .map(|number| {
                    let since = distance * i32::try_from(number)?;
                    record(number, first + since)
                })
                .collect::<Result<Vec<_>, Fault>>()?;
            store.history().add_all(records).await?;
        }
        store.close().await?;
        Ok(())
    })
}

/// Returns the record of an update as it is left by the twelve steps of a recreate; every hundredth failed.
fn record(number: usize, started: DateTime<Utc>) -> Result<HistoryRecord, Fault> {
    let milliseconds = started.timestamp_millis();
    let (high, low) = (milliseconds >> 16, milliseconds & 0xffff);
    let id = format!("{high:08x}-{low:04x}-7000-8000-{number:012x}");
    let hash = |what: &str| digest(format!("{what} {number}").as_bytes());
    let (before, after) = (hash("old"), hash("new"));
    let failed = number.is_multiple_of(100);
    let outcome = if failed { "aborted" } else { "updated" };
    let reason = failed.then_some("the registry could not be reached");
    let reference = format!("registry.example.com/bench/app-{:04}:stable", number % CONTAINERS);
    let mut record = json!({
        "id": id, "host": "local", "container": format!("app-{:04}", number % CONTAINERS),
        "old_container_id": &before[7..], "container_id": &after[7..], "kind": "update",
        "old_image": reference, "new_image": reference, "old_image_id": before, "new_image_id": after,
        "old_digest": hash("old digest"), "new_digest": hash("new digest"),
        "old_version": "1.0.0", "new_version": "1.0.1",
        "old_size_bytes": 52_428_800, "new_size_bytes": 52_430_000,
        "status": if failed { "failed" } else { "success" }, "outcome": outcome,
        "error_message": reason, "duration_seconds": 12.5, "outage_seconds": 0.4,
        "triggered_by": "auto", "started_at": started, "completed_at": started + TimeDelta::seconds(12),
        "summary": format!("app-{:04}: {} → {}", number % CONTAINERS, &before[7..19], &after[7..19]),
        "steps": steps(started),
    });
    if let Some(reason) = reason {
        record["reason"] = json!(reason);
    }
    Ok(serde_json::from_value(record)?)
}

fn steps(started: DateTime<Utc>) -> Vec<Value> {
    let verbs = [
        "expect",
        "pull",
        "create",
        "stop",
        "set_restart_policy",
        "rename",
        "rename",
        "start",
        "await_healthy",
        "remove",
        "untag",
        "remove_image",
    ];
    let step = |(position, verb): (usize, &&str)| {
        json!({ "step": verb, "on": if position % 2 == 0 { "old" } else { "new" },
            "position": { "forward": position }, "started_at": started, "duration_ms": 42 })
    };
    verbs.iter().enumerate().map(step).collect()
}

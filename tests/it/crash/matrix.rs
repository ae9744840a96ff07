//! Runs many interruptions on several lanes at once and tells all that failed.

use std::collections::VecDeque;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use crate::support::engine::Engine;

use super::lane::Lane;
use super::point::Point;
use super::scenario::Scenario;
use super::trial::{Flow, Trial};

/// Which points of a run are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Every call.
    Every,
    /// Every call from the first one that changes something; those before are another scenario's.
    FromTheFirstChange,
    /// Every call that changes something.
    Changes,
}

/// The interruptions of one engine.
pub(super) struct Matrix {
    pub(super) engine: Engine,
    pub(super) flow: Flow,
    pub(super) lanes: usize,
    pub(super) rows: Vec<(Scenario, Depth)>,
}

impl Matrix {
    /// Runs all; panics with everything that failed.
    pub(super) fn run(self) {
        let began = Instant::now();
        let lanes: Vec<_> = thread::scope(|scope| {
            let starting: Vec<_> = (0..self.lanes).map(|_| scope.spawn(|| self.lane())).collect();
            starting.into_iter().map(|lane| lane.join().expect("a host starts")).collect()
        });
        let failures = Mutex::new(Vec::new());
        let rows: Vec<_> = self.rows.iter().collect();
        let recorded = spread(&lanes, rows, &failures, |lane, (scenario, depth)| {
            let points = self.attempt(lane, scenario, "uninterrupted", |trial| trial.record())?;
            Ok(chosen(points, *depth)
                .into_iter()
                .map(|point| (scenario, point))
                .collect::<Vec<_>>())
        });
        let points: Vec<_> = recorded.into_iter().flatten().collect();
        let number = points.len();
        spread(&lanes, points, &failures, |lane, (scenario, point)| {
            self.attempt(lane, scenario, &point.to_string(), |trial| trial.interrupt(&point))
        });
        let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (engine, flow, seconds) = (self.engine, self.flow, began.elapsed().as_secs());
        tell(&format!(
            "crash: {engine:?} {flow:?}: {number} points, {} failed, {seconds} s",
            failures.len()
        ));
        assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    }

    fn lane(&self) -> Lane {
        let lane = Lane::new(self.engine);
        for (scenario, _) in &self.rows {
            lane.prepare(scenario);
        }
        lane
    }

    fn attempt<T>(
        &self,
        lane: &Lane,
        scenario: &Scenario,
        what: &str,
        act: impl FnOnce(&mut Trial<'_>) -> T,
    ) -> Result<T, String> {
        let mut trial = Trial::new(lane, scenario, self.flow);
        catch_unwind(AssertUnwindSafe(|| act(&mut trial))).map_err(|panic| {
            let message = panic.downcast_ref::<String>().map(String::as_str);
            let message = message.or_else(|| panic.downcast_ref::<&str>().copied());
            let (engine, flow, name) = (self.engine, self.flow, scenario.name);
            let message = message.unwrap_or("it panicked");
            format!("{engine:?}, {flow:?}, {name}, {what}: {message}\n{}", trial.story())
        })
    }
}

fn chosen(points: Vec<Point>, depth: Depth) -> Vec<Point> {
    let first = points.iter().position(Point::changes).unwrap_or_default();
    let skipped = if depth == Depth::FromTheFirstChange { first } else { 0 };
    let wanted = |point: &Point| depth != Depth::Changes || point.changes();
    points.into_iter().skip(skipped).filter(wanted).collect()
}

/// Does work on all lanes, each taking the next piece; returns what came of it.
fn spread<W: Send, T: Send>(
    lanes: &[Lane],
    work: Vec<W>,
    failures: &Mutex<Vec<String>>,
    act: impl Fn(&Lane, W) -> Result<T, String> + Sync,
) -> Vec<T> {
    let queue = Mutex::new(VecDeque::from(work));
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for lane in lanes {
            scope.spawn(|| {
                loop {
                    let Some(piece) = lock(&queue).pop_front() else { return };
                    match act(lane, piece) {
                        Ok(result) => lock(&results).push(result),
                        Err(failure) => lock(failures).push(failure),
                    }
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says something also when the test goes well.
pub(super) fn tell(text: &str) {
    // Nobody reading is no fault.
    let _ = writeln!(std::io::stderr(), "{text}");
}

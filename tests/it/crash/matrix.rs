//! Runs many interruptions on several lanes at once and tells all that failed.

use std::collections::VecDeque;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use crate::support::engine::Engine;

use super::lane::Lane;
use super::point::Point;
use super::scenario::Scenario;
use super::trial::{Begin, Trial};

/// Which points of a run are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Before every call, and after it if it changes something: a look leaves everything as it was.
    Every,
    /// The same from the first call that changes something; those before are another scenario's.
    FromTheFirstChange,
    /// Before and after every call that changes something.
    Changes,
    /// After every call that changes something.
    Changed,
}

impl Depth {
    fn choose(self, points: Vec<Point>) -> Vec<Point> {
        let first = points.iter().position(Point::changes).unwrap_or_default();
        let skipped = if self == Self::FromTheFirstChange { first } else { 0 };
        let wanted = |point: &Point| match self {
            Self::Every | Self::FromTheFirstChange => point.changes() || !point.is_after(),
            Self::Changes => point.changes(),
            Self::Changed => point.changes() && point.is_after(),
        };
        points.into_iter().skip(skipped).filter(wanted).collect()
    }
}

/// What is done at a point, with its name.
pub(super) type Ordeal = (&'static str, fn(&mut Trial<'_>, &Point));

/// One update, with everything that is done to it at its points.
pub(super) struct Row {
    pub(super) scenario: Scenario,
    pub(super) begin: Begin,
    pub(super) depth: Depth,
    pub(super) ordeals: &'static [Ordeal],
}

/// The interruptions on one kind of engine.
pub(super) struct Matrix {
    pub(super) engine: Engine,
    pub(super) lanes: usize,
    pub(super) rows: Vec<Row>,
}

impl Matrix {
    /// Runs all; panics with everything that failed.
    pub(super) fn run(&self) {
        let began = Instant::now();
        let lanes: Vec<_> = thread::scope(|scope| {
            let starting: Vec<_> = (0..self.lanes).map(|_| scope.spawn(|| self.lane())).collect();
            starting.into_iter().map(|lane| lane.join().expect("a host starts")).collect()
        });
        let failures = Mutex::new(Vec::new());
        let recorded = spread(&lanes, self.rows.iter().collect(), &failures, |lane, row: &Row| {
            let points = self.attempt(lane, row, "uninterrupted", |trial| trial.record())?;
            Ok((row, row.depth.choose(points)))
        });
        let mut work = Vec::new();
        for (row, points) in recorded {
            for ordeal in row.ordeals {
                work.extend(points.iter().cloned().map(|point| (row, ordeal, point)));
            }
        }
        let number = work.len();
        spread(&lanes, work, &failures, |lane, (row, (name, ordeal), point)| {
            let what = format!("{name} {point}");
            self.attempt(lane, row, &what, |trial| ordeal(trial, &point))
        });
        let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.tell(number, failures.len(), began.elapsed().as_secs());
        assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    }

    /// Says how much there was, also when all goes well.
    fn tell(&self, points: usize, failed: usize, seconds: u64) {
        let names: Vec<_> = self.rows.iter().map(|row| row.scenario.name).collect();
        let (engine, names) = (self.engine, names.join(", "));
        // Nobody reading is no fault.
        let _ = writeln!(
            std::io::stderr(),
            "crash: {engine:?} ({names}): {points} interruptions, {failed} failed, {seconds} s"
        );
    }

    fn lane(&self) -> Lane {
        let lane = Lane::new(self.engine);
        for row in &self.rows {
            lane.prepare(&row.scenario);
        }
        lane
    }

    fn attempt<T>(
        &self,
        lane: &Lane,
        row: &Row,
        what: &str,
        act: impl FnOnce(&mut Trial<'_>) -> T,
    ) -> Result<T, String> {
        let told = |message: &str, story: &str| {
            let (engine, name) = (self.engine, row.scenario.name);
            format!("FAILED: {engine:?}, {name}, {what}: {message}\n{story}")
        };
        let trial = catch_unwind(AssertUnwindSafe(|| Trial::new(lane, &row.scenario, row.begin)));
        let mut trial = trial.map_err(|panic| told(message(&*panic), ""))?;
        catch_unwind(AssertUnwindSafe(|| act(&mut trial)))
            .map_err(|panic| told(message(&*panic), &trial.story()))
    }
}

pub(crate) fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked")
}

/// Does work on all lanes, each taking the next piece; returns what came of it.
pub(crate) fn spread<L: Sync, W: Send, T: Send>(
    lanes: &[L],
    work: Vec<W>,
    failures: &Mutex<Vec<String>>,
    act: impl Fn(&L, W) -> Result<T, String> + Sync,
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

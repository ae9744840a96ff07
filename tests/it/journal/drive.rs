//! Runs an operation to its end through every crash and restart that was planned for it.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use docker_auto::core::id::{ContainerName, Timestamp};
use docker_auto::core::journal::{JournalEntry, Outcome};
use docker_auto::core::plan::UpdatePlan;
use docker_auto::engine::execute::{self, Ended, Executor, Patience};
use tokio_util::sync::CancellationToken;

use super::scenario::{NAME, Scenario};
use crate::support::fake_host::engine::Engine;
use crate::support::fake_host::journal::MemoryJournal;
use crate::support::fake_host::{FakeHost, Fault, Moment, Planned, When};

/// How often the program is started before an operation counts as one that never ends.
const STARTS_LIMIT: usize = 20;
/// How many transient failures in a row are met with patience, in either direction.
pub(crate) const PATIENCE: u32 = 3;

/// Where a run begins.
pub(crate) struct Begin {
    pub(crate) plan: Arc<UpdatePlan>,
    pub(crate) engine: Engine,
    /// What an earlier run has written; with none, the operation is new.
    pub(crate) entries: Vec<JournalEntry>,
    /// What had already happened to it.
    pub(crate) past: Vec<Planned>,
    /// Whether the moments at which the program could die are kept.
    pub(crate) watched: bool,
}

/// What came of a run.
pub(crate) struct Ran {
    /// `None` when it never ended.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) engine: Engine,
    pub(crate) entries: Vec<JournalEntry>,
    pub(crate) fired: Vec<Planned>,
    /// The moments at which the program could have died.
    pub(crate) moments: Vec<Moment>,
    /// What the engine held whenever the program had ended as it was asked to.
    pub(crate) pauses: Vec<Engine>,
    pub(crate) calls: u32,
    /// How often the program was started.
    pub(crate) starts: usize,
}

impl Begin {
    /// Returns the beginning of an operation.
    pub(crate) fn of(scenario: &Scenario) -> Self {
        let (plan, engine) = (Arc::clone(&scenario.plan), scenario.engine.clone());
        Self { plan, engine, entries: Vec::new(), past: Vec::new(), watched: false }
    }

    /// Keeps the moments at which the program could die.
    pub(crate) fn watched(self) -> Self {
        Self { watched: true, ..self }
    }
}

impl Ran {
    /// Returns how it would go on if the program had died at a moment.
    pub(crate) fn dead_at(&self, scenario: &Scenario, moment: &Moment) -> Begin {
        let past = self.fired.len() - self.moments.last().map_or(0, |last| last.fired);
        let mut past = self.fired[..past + moment.fired].to_vec();
        past.push(Planned { call: 0, when: When::After, fault: Fault::Crash });
        Begin {
            entries: self.entries[..moment.written].to_vec(),
            engine: moment.engine.clone(),
            past,
            ..Begin::of(scenario)
        }
    }
}

/// Runs it.
pub(crate) fn drive(begin: Begin, faults: Vec<Planned>) -> Ran {
    let host = FakeHost::new(begin.engine, ContainerName::new(NAME), faults);
    let host = if begin.watched { host.watched() } else { host };
    let mut fresh = begin.entries.is_empty();
    let mut journal = MemoryJournal::open(begin.plan, begin.entries, host.disk());
    let mut outcome = None;
    let mut pauses = Vec::new();
    let mut starts = 0;
    while starts < STARTS_LIMIT {
        starts += 1;
        match program(&host, &mut journal, fresh) {
            Some(Ended::Finished(ended)) => {
                outcome = Some(ended);
                break;
            }
            // The helper goes on, which nobody has to start.
            Some(Ended::HandedOver) => starts -= 1,
            Some(Ended::Stopped) => pauses.push(host.state().engine.clone()),
            // Killed: the next start goes on from what is written.
            None => {}
        }
        fresh = false;
    }
    let entries = journal.into_entries();
    let mut state = host.state();
    let fired = [begin.past, std::mem::take(&mut state.fired)].concat();
    Ran {
        outcome,
        entries,
        pauses,
        fired,
        engine: std::mem::take(&mut state.engine),
        moments: std::mem::take(&mut state.moments),
        calls: state.calls,
        starts,
    }
}

/// One life of the program; `None` when it was killed.
fn program(host: &FakeHost, journal: &mut MemoryJournal, fresh: bool) -> Option<Ended> {
    let stop = CancellationToken::new();
    host.state().stop = stop.clone();
    let at_once = vec![Duration::ZERO; PATIENCE as usize];
    let patience = Patience {
        forward: at_once.clone(),
        tidy: at_once.clone(),
        back: at_once.clone(),
        unreachable: vec![Duration::ZERO],
    };
    let executor = Executor {
        runner: host,
        now: &|| Timestamp::UNIX_EPOCH,
        tell: &|_| {},
        stop: &stop,
        patience: &patience,
    };
    let begin = if fresh { execute::Begin::Fresh } else { execute::Begin::Resumed };
    let mut life = pin!(executor.carry(journal, begin));
    // Nothing here waits for anything outside, so a run that is not ready at once was killed.
    match life.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(ended) => Some(ended),
        Poll::Pending => {
            let crashed = std::mem::take(&mut host.state().crashed);
            assert!(crashed, "the executor waits for something that never comes");
            None
        }
    }
}

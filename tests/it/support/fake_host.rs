//! A model of Docker behind `StepRunner`: no network, no clock, and a fault at any call.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use docker_auto::core::id::ContainerName;
use docker_auto::core::journal::{Class, Known, Observed, StepOutput};
use docker_auto::core::plan::{BoxFuture, Step, StepError, StepRunner};
use tokio_util::sync::CancellationToken;

pub(crate) mod container;
pub(crate) mod engine;
mod image;
pub(crate) mod journal;
mod steps;
pub(crate) mod user;

use engine::Engine;
use user::Action;

/// Calls after which an operation counts as one that never ends.
const CALLS_LIMIT: u32 = 600;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// The program is killed.
    Crash,
    /// The program is asked to end.
    Shutdown,
    /// The disk is full: the next entry cannot be written.
    JournalFull,
    /// The engine dies with all containers, and comes back by their policies.
    EngineRestart,
    /// The engine does not answer once.
    Unreachable,
    /// So many calls in a row fail as if they could go well later.
    Transient(u32),
    /// The call fails for good.
    Lasting,
    /// Somebody else does something.
    User(Action),
}

/// On which side of a call's effect it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum When {
    Before,
    After,
}

/// A fault with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Planned {
    /// The number of the call, counted from 1 over the whole operation.
    pub(crate) call: u32,
    pub(crate) when: When,
    pub(crate) fault: Fault,
}

/// A moment at which the program could die: what the engine holds and how much is written.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) engine: Engine,
    pub(crate) written: usize,
    /// How many faults had come to pass.
    pub(crate) fired: usize,
}

/// What the host shares with the journal beside it.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// How many entries are durable.
    pub(crate) written: AtomicUsize,
    /// Whether the next append fails.
    pub(crate) full: AtomicBool,
}

/// The host.
pub(crate) struct FakeHost {
    state: Mutex<State>,
    disk: Arc<Disk>,
}

/// What a host holds, and what happened to it so far.
pub(crate) struct State {
    pub(crate) engine: Engine,
    /// The moments at which the program could have died.
    pub(crate) moments: Vec<Moment>,
    /// The faults that came to pass.
    pub(crate) fired: Vec<Planned>,
    /// Whether the program was killed and has not been started again.
    pub(crate) crashed: bool,
    /// Set by the test for each start of the program.
    pub(crate) stop: CancellationToken,
    pub(crate) calls: u32,
    name: ContainerName,
    faults: Vec<Planned>,
    /// Whether the moments are kept.
    watched: bool,
    /// How many calls are yet to fail as if they could go well later.
    transient: u32,
}

impl FakeHost {
    /// Returns a host on which these things will go wrong around the service with this name.
    pub(crate) fn new(engine: Engine, name: ContainerName, faults: Vec<Planned>) -> Self {
        let state = State {
            engine,
            moments: Vec::new(),
            fired: Vec::new(),
            crashed: false,
            stop: CancellationToken::new(),
            calls: 0,
            name,
            faults,
            watched: false,
            transient: 0,
        };
        Self { state: Mutex::new(state), disk: Arc::default() }
    }

    /// Keeps the moments at which the program could die.
    pub(crate) fn watched(self) -> Self {
        self.state().watched = true;
        self
    }

    /// Returns the disk that the journal is to use.
    pub(crate) fn disk(&self) -> Arc<Disk> {
        Arc::clone(&self.disk)
    }

    /// Returns what it holds.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one call; `None` when the program dies in it.
    fn serve<T>(
        &self,
        effect: impl FnOnce(&mut Engine) -> Result<T, StepError>,
    ) -> Option<Result<T, StepError>> {
        let mut state = self.state();
        state.calls += 1;
        state.engine.tick();
        if state.calls > CALLS_LIMIT {
            state.crashed = true;
            return None;
        }
        if state.transient > 0 {
            state.transient -= 1;
            return Some(Err(injected(Class::Transient)));
        }
        self.remember(&mut state);
        if let Some(ended) = self.strike(&mut state, When::Before) {
            return ended.answer();
        }
        let answer = effect(&mut state.engine);
        self.remember(&mut state);
        match self.strike(&mut state, When::After) {
            Some(ended) => ended.answer(),
            None => Some(answer),
        }
    }

    fn remember(&self, state: &mut State) {
        if !state.watched {
            return;
        }
        let written = self.disk.written.load(Ordering::Relaxed);
        let moment = Moment { engine: state.engine.clone(), written, fired: state.fired.len() };
        state.moments.push(moment);
    }

    /// Lets what is planned for this place happen; returns how the call ends by it, if it does.
    fn strike(&self, state: &mut State, when: When) -> Option<Struck> {
        let place = (state.calls, when);
        let planned = *state.faults.iter().find(|fault| (fault.call, fault.when) == place)?;
        state.fired.push(planned);
        match planned.fault {
            Fault::Crash => {
                state.crashed = true;
                return Some(Struck::Killed);
            }
            Fault::Shutdown => state.stop.cancel(),
            Fault::JournalFull => self.disk.full.store(true, Ordering::Relaxed),
            Fault::User(action) => action.perform(&mut state.engine, &state.name),
            Fault::EngineRestart => {
                state.engine.restart();
                return Some(Struck::Answered(injected(Class::Unreachable)));
            }
            Fault::Unreachable => return Some(Struck::Answered(injected(Class::Unreachable))),
            Fault::Transient(times) => {
                state.transient = times.saturating_sub(1);
                return Some(Struck::Answered(injected(Class::Transient)));
            }
            Fault::Lasting => return Some(Struck::Answered(injected(Class::Lasting))),
        }
        None
    }
}

fn injected(class: Class) -> StepError {
    StepError::new(class, "injected")
}

impl StepRunner for FakeHost {
    fn run<'a>(
        &'a self,
        step: &'a Step,
        known: &'a Known,
    ) -> BoxFuture<'a, Result<StepOutput, StepError>> {
        Box::pin(async move {
            match self.serve(|engine| steps::perform(engine, step, known)) {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    }

    fn observe<'a>(&'a self, known: &'a Known) -> BoxFuture<'a, Result<Observed, StepError>> {
        Box::pin(async move {
            match self.serve(|engine| Ok(steps::observe(engine, known))) {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    }
}

/// How a fault ends a call.
enum Struck {
    /// The program is killed: nobody hears of an answer.
    Killed,
    /// The caller hears of this.
    Answered(StepError),
}

impl Struck {
    fn answer<T>(self) -> Option<Result<T, StepError>> {
        match self {
            Self::Killed => None,
            Self::Answered(error) => Some(Err(error)),
        }
    }
}

//! The flow: discover, check, decide, plan, execute, record.

mod agenda;
mod anonymous;
mod backup;
mod beyond;
pub mod check;
pub mod command;
mod companions;
mod composed;
mod data;
mod describe;
pub mod error;
mod event_log;
pub mod execute;
mod foreign;
mod gate;
mod goal;
mod hands_off;
mod hooks;
mod image;
mod judge;
mod layer;
pub mod limits;
mod notices;
mod operate;
pub mod ourselves;
mod pace;
mod preflight;
mod prepare;
mod recover;
mod remote;
mod report;
mod reruns;
mod restore;
mod retention;
mod rewriting;
mod rollback;
mod rounds;
mod rules;
mod runs;
pub mod schedule;
mod settings;
mod siblings;
mod snapshot;
mod staying;
mod update;
mod vantage;
pub mod verdicts;
mod versions;
pub mod watched;
mod way;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono_tz::Tz;
use tokio::sync::{OnceCell, broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::core::event::{Event, What};
use crate::core::id::{ContainerName, OperationId, TargetId};
use crate::core::rule::Rule;
use crate::docker::Host;
use crate::registry::Registry;
use crate::shutdown::Tasks;
use crate::store::{Operations, Rejected, Store};

pub use self::error::EngineError;
pub use self::settings::Settings;

use self::limits::Limits;
use self::notices::Noticed;
use self::ourselves::Shown;

/// How many events a slow listener may lag behind before it misses some.
const EVENTS: usize = 1024;

/// Who asks for a probe does not wait long.
const LOOK_TIMEOUT: Duration = Duration::from_secs(3);

/// One host's engine; a cheap clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

/// What an engine is made from.
pub struct Parts {
    /// The host.
    pub host: Host,
    /// The registries.
    pub registry: Registry,
    /// The store.
    pub store: Store,
    /// The journals of open operations.
    pub operations: Operations,
    /// The clock.
    pub clock: Clock,
    /// What runs beside: operations are never children of a request.
    pub tasks: Tasks,
    /// The settings.
    pub settings: Settings,
}

/// An engine's parts and state.
pub struct Inner {
    host: Host,
    registry: Registry,
    store: Store,
    operations: Operations,
    clock: Clock,
    tasks: Tasks,
    stop: CancellationToken,
    settings: Settings,
    limits: Limits,
    events: broadcast::Sender<Arc<Event>>,
    trouble: Mutex<Option<String>>,
    noticed: watch::Sender<Noticed>,
    recovered: watch::Sender<bool>,
    /// Rejected images that the store could not keep.
    unstored_rejects: Mutex<Vec<Rejected>>,
    /// Our own container; asked for once.
    shown: OnceCell<Option<Shown>>,
    hook_troubles: Mutex<hooks::Troubles>,
    /// What was told of labels of other tools.
    told: Mutex<BTreeSet<String>>,
    /// The rules as they were at the last look at the host.
    known_rules: Mutex<Arc<[Rule]>>,
    agenda: Mutex<agenda::Agenda>,
    descriptions: Mutex<describe::Descriptions>,
    /// Whether the loop of `serve` failed and was not begun anew yet.
    broken: AtomicBool,
}

impl std::ops::Deref for Engine {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Engine {
    /// Returns an engine; nothing is asked of the host yet.
    pub fn new(parts: Parts) -> Self {
        let stop = parts.tasks.token().clone();
        Self(Arc::new(Inner {
            limits: Limits::new(parts.settings.concurrency),
            events: broadcast::Sender::new(EVENTS),
            noticed: watch::Sender::default(),
            recovered: watch::Sender::new(false),
            unstored_rejects: Mutex::default(),
            shown: OnceCell::new(),
            hook_troubles: Mutex::default(),
            told: Mutex::default(),
            known_rules: Mutex::default(),
            agenda: Mutex::default(),
            descriptions: Mutex::default(),
            broken: AtomicBool::new(false),
            trouble: Mutex::new(Some("the engine was not reached yet".to_owned())),
            host: parts.host,
            registry: parts.registry,
            store: parts.store,
            operations: parts.operations,
            clock: parts.clock,
            tasks: parts.tasks,
            settings: parts.settings,
            stop,
        }))
    }

    /// Returns a listener of everything that happens from now on.
    pub fn events(&self) -> broadcast::Receiver<Arc<Event>> {
        self.events.subscribe()
    }

    /// Returns what stands between us and the engine; `None` when it answered last time.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the engine whether it is there; returns what stands between us and our work.
    pub async fn look(&self) -> Option<String> {
        if self.broken.load(Ordering::Relaxed) {
            return Some("the schedule's task failed and is about to start again".to_owned());
        }
        match tokio::time::timeout(LOOK_TIMEOUT, self.host.ping()).await {
            Ok(asked) => asked.err().map(|error| error.chain()),
            Err(_) => Some(format!("the engine did not answer within {LOOK_TIMEOUT:?}")),
        }
    }

    fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    fn unstored_rejects(&self) -> MutexGuard<'_, Vec<Rejected>> {
        self.unstored_rejects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hook_troubles(&self) -> MutexGuard<'_, hooks::Troubles> {
        self.hook_troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the time zone of dates that people write.
    pub fn time_zone(&self) -> Tz {
        self.settings.policy.rules.time_zone
    }

    fn target(&self, name: &ContainerName) -> TargetId {
        TargetId { host: self.host.id().clone(), name: name.clone() }
    }

    /// Tells everyone what happened.
    fn tell(&self, target: TargetId, operation: Option<OperationId>, what: What) {
        let event = Event { at: self.clock.now(), target, operation, what };
        event_log::log_event(&event);
        // Nobody listening is no fault.
        let _ = self.events.send(Arc::new(event));
    }
}

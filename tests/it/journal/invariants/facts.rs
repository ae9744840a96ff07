//! What happened to an operation, read from its faults and its journal.

use docker_auto::core::id::{ContainerId, ContainerName};
use docker_auto::core::journal::{
    Class, JournalEntry, Outcome, Position, WAKES_PARK, is_committed,
};
use docker_auto::core::plan::{Key, Step};

use crate::journal::drive::{PATIENCE, Ran};
use crate::journal::scenario::{NAME, Scenario};
use crate::support::fake_host::Fault;
use crate::support::fake_host::container::{Container, Policy};
use crate::support::fake_host::engine::Engine;

/// Wake-ups at which an operation is parked; with one more, even the last try was interrupted.
pub(crate) const PARKED: usize = WAKES_PARK as usize;

/// One run, as the invariants see it.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) ran: &'a Ran,
    pub(crate) outcome: &'a Outcome,
}

impl<'a> Facts<'a> {
    pub(crate) fn engine(&self) -> &'a Engine {
        &self.ran.engine
    }

    /// Returns who has the service's name.
    pub(crate) fn owner(&self) -> Option<(&'a ContainerId, &'a Container)> {
        Self::owner_in(self.engine())
    }

    pub(crate) fn owner_in(engine: &Engine) -> Option<(&ContainerId, &Container)> {
        let id = engine.named(&ContainerName::new(NAME))?;
        engine.containers.get_key_value(id)
    }

    /// Returns who has another service's name.
    pub(crate) fn service(&self, name: &str) -> Option<(&'a ContainerId, &'a Container)> {
        let id = self.engine().named(&ContainerName::new(name))?;
        self.engine().containers.get_key_value(id)
    }

    pub(crate) fn fired(&self, wanted: impl Fn(Fault) -> bool) -> bool {
        self.ran.fired.iter().any(|planned| wanted(planned.fault))
    }

    /// Somebody else had a hand in it.
    pub(crate) fn meddled(&self) -> bool {
        self.fired(|fault| matches!(fault, Fault::User(action) if action.is_about_the_service()))
    }

    pub(crate) fn engine_restarted(&self) -> bool {
        self.fired(|fault| fault == Fault::EngineRestart)
    }

    /// A call failed for good, or for longer than the patience for it.
    pub(crate) fn unlucky(&self) -> bool {
        self.fired(|fault| match fault {
            Fault::Lasting => true,
            Fault::Transient(times) => times > PATIENCE,
            Fault::User(action) => !action.is_about_the_service(),
            _ => false,
        })
    }

    /// The engine's restart alone takes the service down: nothing of it was touched yet and its
    /// policy is `no`, or it is one that the engine removes.
    pub(crate) fn engines_doing(&self) -> bool {
        let down = self.scenario.shape.policy == Policy::No && !self.stop_begun();
        self.engine_restarted() && (down || self.scenario.shape.auto_remove)
    }

    pub(crate) fn wakes(&self) -> usize {
        self.ran.entries.iter().filter(|entry| is_wake(entry)).count()
    }

    /// Returns how often it was interrupted before the point of no return.
    pub(crate) fn woken_before_commit(&self) -> usize {
        let last = self.scenario.plan.no_return - 1;
        let open = self.ran.entries.iter().take_while(|entry| {
            !matches!(entry, JournalEntry::Done { position, .. } if *position == Position::Forward(last))
        });
        open.filter(|entry| is_wake(entry)).count()
    }

    pub(crate) fn committed(&self) -> bool {
        is_committed(&self.scenario.plan, &self.ran.entries)
    }

    /// Says whether a step was begun, and ended as is asked for.
    pub(crate) fn has(&self, wanted: impl Fn(&JournalEntry, &Step) -> bool) -> bool {
        self.ran.entries.iter().any(|entry| match entry {
            JournalEntry::Started { position, .. }
            | JournalEntry::Done { position, .. }
            | JournalEntry::Failed { position, .. } => {
                position.step(&self.scenario.plan).is_some_and(|step| wanted(entry, step))
            }
            _ => false,
        })
    }

    pub(crate) fn failed(&self, wanted: impl Fn(&Step) -> bool) -> bool {
        self.has(|entry, step| matches!(entry, JournalEntry::Failed { .. }) && wanted(step))
    }

    /// The old container was touched, or is about to be.
    pub(crate) fn stop_begun(&self) -> bool {
        self.has(|_, step| {
            let touches = matches!(step, Step::Stop { .. } | Step::Rename { .. });
            touches && step.container() == Some(&Key::old())
        })
    }

    /// The program saw the new image fail, and wrote that down.
    pub(crate) fn image_failed(&self) -> bool {
        let plan = &self.scenario.plan;
        self.ran.entries.iter().any(|entry| match entry {
            JournalEntry::Failed {
                position: position @ Position::Forward(index), class, ..
            } => {
                let step = position.step(plan);
                let started = matches!(step, Some(Step::Start { .. } | Step::AwaitHealthy { .. }));
                let awaited = matches!(step, Some(Step::AwaitHealthy { .. }));
                // What is run again is run on another image here.
                let other = step.and_then(Step::container).is_some_and(Key::ends);
                let main = [Key::old(), Key::replacement()];
                let ill = self.scenario.shape.ill
                    && step.and_then(Step::container).is_some_and(|key| !main.contains(key));
                // An auto-removed container that ends is gone before one can ask it why.
                let vanished = awaited && self.scenario.shape.auto_remove;
                *index < plan.no_return
                    && !other
                    && !ill
                    && (started && *class == Class::Lasting
                        || vanished && *class == Class::Superseded)
            }
            _ => false,
        })
    }
}

fn is_wake(entry: &JournalEntry) -> bool {
    matches!(entry, JournalEntry::Resumed { .. })
}

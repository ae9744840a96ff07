//! What must be true when an operation has ended, whatever happened to it on the way.

use docker_auto::core::id::{ContainerId, ContainerName};
use docker_auto::core::inventory::RunState;
use docker_auto::core::journal::{
    Class, JournalEntry, Outcome, Position, WAKES_PARK, is_committed,
};
use docker_auto::core::plan::recreate::Retention;
use docker_auto::core::plan::{Key, Step};

use super::drive::{PATIENCE, Ran};
use super::scenario::{NAME, Origin, Scenario};
use crate::support::fake_host::Fault;
use crate::support::fake_host::container::{Behaviour, Container, Policy};
use crate::support::fake_host::engine::Engine;
use crate::support::fake_host::user::Action;

/// Wake-ups at which an operation is parked; with one more, even the last try was interrupted.
const PARKED: usize = WAKES_PARK as usize;

/// Returns what is wrong with how an operation ended; nothing, if all is well.
pub(crate) fn problems(scenario: &Scenario, ran: &Ran) -> Vec<String> {
    let Some(outcome) = &ran.outcome else { return vec!["it never ends".into()] };
    let mut end = End { scenario, ran, outcome, problems: ran.engine.violations.clone() };
    end.journal();
    end.data();
    end.rejections();
    end.leftovers();
    end.expected();
    end.pauses();
    match outcome {
        Outcome::Updated => end.updated(),
        Outcome::NoChange | Outcome::Aborted(_) | Outcome::RolledBack(_) => end.old_is_back(),
        Outcome::RecoveredFromSpec(_) => end.recovered(),
        Outcome::Superseded(_) => end.superseded(),
        Outcome::NeedsHelp(_) => end.needs_help(),
    }
    end.problems
}

struct End<'a> {
    scenario: &'a Scenario,
    ran: &'a Ran,
    outcome: &'a Outcome,
    problems: Vec<String>,
}

impl End<'_> {
    fn must(&mut self, holds: bool, otherwise: &str) {
        if !holds {
            self.problems.push(otherwise.to_owned());
        }
    }

    fn engine(&self) -> &Engine {
        &self.ran.engine
    }

    fn owner(&self) -> Option<(&ContainerId, &Container)> {
        let id = self.engine().named(&ContainerName::new(NAME))?;
        self.engine().containers.get_key_value(id)
    }

    fn fired(&self, wanted: impl Fn(Fault) -> bool) -> bool {
        self.ran.fired.iter().any(|planned| wanted(planned.fault))
    }

    /// Somebody else had a hand in it.
    fn meddled(&self) -> bool {
        self.fired(|fault| matches!(fault, Fault::User(_)))
    }

    fn engine_restarted(&self) -> bool {
        self.fired(|fault| fault == Fault::EngineRestart)
    }

    /// A call failed for good, or for longer than the patience for it.
    fn unlucky(&self) -> bool {
        self.fired(|fault| match fault {
            Fault::Lasting => true,
            Fault::Transient(times) => times > PATIENCE,
            _ => false,
        })
    }

    fn wakes(&self) -> usize {
        let woken = |entry: &&JournalEntry| matches!(entry, JournalEntry::Resumed { .. });
        self.ran.entries.iter().filter(woken).count()
    }

    /// Says whether a step was begun, and went well if that is asked for.
    fn has(&self, wanted: impl Fn(&JournalEntry, &Step) -> bool) -> bool {
        self.ran.entries.iter().any(|entry| match entry {
            JournalEntry::Started { position, .. }
            | JournalEntry::Done { position, .. }
            | JournalEntry::Failed { position, .. } => {
                position.step(&self.scenario.plan).is_some_and(|step| wanted(entry, step))
            }
            _ => false,
        })
    }

    fn failed(&self, wanted: impl Fn(&Step) -> bool) -> bool {
        self.has(|entry, step| matches!(entry, JournalEntry::Failed { .. }) && wanted(step))
    }

    /// The old container was touched, or is about to be.
    fn stop_begun(&self) -> bool {
        self.has(|_, step| {
            let touches = matches!(step, Step::Stop { .. } | Step::Rename { .. });
            touches && step.container() == Some(&Key::old())
        })
    }

    /// The program saw the new image fail, and wrote that down.
    fn image_failed(&self) -> bool {
        self.ran.entries.iter().any(|entry| match entry {
            JournalEntry::Failed {
                position: position @ Position::Forward(index), class, ..
            } => {
                let step = position.step(&self.scenario.plan);
                let started = matches!(step, Some(Step::Start { .. } | Step::AwaitHealthy { .. }));
                let awaited = matches!(step, Some(Step::AwaitHealthy { .. }));
                // An auto-removed container that ends is gone before one can ask it why.
                let vanished = awaited && self.scenario.shape.auto_remove;
                *index < self.scenario.plan.no_return
                    && (started && *class == Class::Lasting
                        || vanished && *class == Class::Superseded)
            }
            _ => false,
        })
    }

    fn journal(&mut self) {
        let finished = |entry: &&JournalEntry| matches!(entry, JournalEntry::Finished { .. });
        let count = self.ran.entries.iter().filter(finished).count();
        self.must(count == 1, "the journal is not finished exactly once");
        let said = self.ran.entries.iter().any(|entry| {
            matches!(entry, JournalEntry::Finished { outcome, .. } if outcome == self.outcome)
        });
        self.must(said, "the journal tells another end");
    }

    /// The service's volumes outlive everything; those of a failed container go with it.
    fn data(&mut self) {
        // An engine that restarts, or anyone who stops it, takes an auto-removed container away with
        // its anonymous volumes, with or without us.
        let engines_own =
            self.scenario.shape.auto_remove && (self.engine_restarted() || self.meddled());
        let kept = self.scenario.data().is_subset(&self.engine().volumes);
        self.must(kept || engines_own, "a volume of the service is gone");
        let mounted = |volume: &String| {
            self.engine().containers.values().any(|other| other.volumes().any(|v| v == volume))
        };
        let leaked = self.engine().volumes.iter().any(|v| v.starts_with("fresh") && !mounted(v));
        let excused = self.meddled();
        self.must(!leaked || excused, "a volume that was made for a failed container is left");
    }

    fn rejections(&mut self) {
        let tried = Scenario::reject_key(&self.scenario.plan.new_image);
        let left = Scenario::reject_key(&self.scenario.plan.old_image);
        let rejected = self.engine().rejected.contains(&tried);
        let excused =
            self.failed(|step| matches!(step, Step::Reject { .. })) || self.wakes() >= PARKED;
        let failed = self.image_failed();
        // Who removed an auto-removed container, the engine or a person, nobody can say.
        let excused = excused || self.scenario.shape.auto_remove && self.meddled();
        self.must(rejected == failed || excused, "rejected and failed are not the same");
        let blameless = self.scenario.is_good() && !self.unlucky() && !self.meddled();
        self.must(!(rejected && blameless), "a good image is rejected");
        let left_behind = self.scenario.is_rollback() && *self.outcome == Outcome::Updated;
        let same = self.engine().rejected.contains(&left) == left_behind;
        self.must(same || excused, "what a rollback leaves is not what is rejected");
    }

    fn leftovers(&mut self) {
        let not_removed = self.failed(|step| matches!(step, Step::Remove { .. }));
        let not_kept = self.failed(
            |step| matches!(step, Step::Rename { to, .. } if to.as_str().contains(".da-kept-")),
        );
        let kept = self.scenario.shape.retention == Retention::Keep;
        for (id, container) in &self.ran.engine.containers {
            let Some((_, role, _)) = container.name.reserved_parts() else { continue };
            let excused = match (self.outcome, role) {
                (Outcome::NeedsHelp(_), _) => true,
                (Outcome::Updated, "kept") => kept,
                (Outcome::Updated, "old") => not_removed || not_kept,
                // Theirs has the name now; the old one is not ours to throw away.
                (Outcome::Superseded(_), "old") => *id == self.scenario.old,
                (_, "new" | "bad") => not_removed,
                _ => false,
            };
            if !excused {
                self.problems.push(format!("{} is left", container.name));
            }
        }
        let excused = self.failed(|step| matches!(step, Step::Untag { .. }))
            || matches!(self.outcome, Outcome::NeedsHelp(_));
        let held = self.engine().tags.keys().any(|tag| tag.starts_with("docker-auto.local/"));
        self.must(!held || excused, "the image is still held by a name of ours");
    }

    /// The outcome is one that what happened can lead to.
    fn expected(&mut self) {
        let scenario = self.scenario;
        let undisturbed = self.ran.fired.is_empty();
        let same = scenario.shape.origin == Origin::Same;
        let vanishes = scenario.shape.auto_remove;
        let meddled = self.meddled();
        let holds = match self.outcome {
            Outcome::Updated => !same && (scenario.is_good() || meddled),
            Outcome::NoChange => same,
            Outcome::Aborted(_) => !undisturbed,
            Outcome::RolledBack(_) => !undisturbed || !scenario.is_good() && !vanishes,
            Outcome::RecoveredFromSpec(_) => {
                meddled || vanishes && (!undisturbed || !scenario.is_good())
            }
            Outcome::Superseded(_) => {
                meddled || vanishes && self.engine_restarted() && !self.stop_begun()
            }
            Outcome::NeedsHelp(_) => self.unlucky() || meddled || self.wakes() >= PARKED,
        };
        self.must(holds, "nothing that happened leads to this outcome");
    }

    /// A program that ends because it is asked to leaves the service up, unless it is the very
    /// image on trial that is not.
    fn pauses(&mut self) {
        let judged = self.scenario.behaviour == Behaviour::Serves && self.scenario.was_running();
        let disturbed = self.meddled() || self.engine_restarted() || self.unlucky();
        if judged && !disturbed {
            let up = self.ran.pauses.iter().all(|engine| {
                let owner = engine.named(&ContainerName::new(NAME));
                owner.is_some_and(|id| engine.containers[id].state.is_up())
            });
            self.must(up, "the program ended while the service was down");
        }
    }

    fn updated(&mut self) {
        if self.meddled() {
            return;
        }
        let scenario = self.scenario;
        // With its new container proven, an auto-removed service is gone by the engine's restart
        // as it would have been without us.
        let engines_own = scenario.shape.auto_remove && self.engine_restarted();
        let Some((id, new)) = self.owner().map(|(id, new)| (id.clone(), new.clone())) else {
            return self.must(engines_own, "nobody has the name");
        };
        self.must(id != scenario.old, "the old container has the name");
        self.must(new.image == scenario.plan.new_image.id, "it has another image");
        self.must(!scenario.was_running() || self.proven(), "it was never proven");
        let ended_well = scenario.behaviour == Behaviour::Exits(0) && scenario.finishes();
        let as_wanted = match (scenario.was_running(), new.state) {
            (true, RunState::Running) | (false, RunState::Created) => true,
            (true, RunState::Exited) => ended_well,
            _ => false,
        };
        self.must(as_wanted, &format!("it is {:?}", new.state));
        self.as_configured(&new);
        let others: Vec<_> =
            self.engine().containers.iter().filter(|(other, _)| **other != id).collect();
        let disarmed = others.iter().all(|(_, c)| !c.state.is_up() && c.policy == Policy::No);
        let lonely = others.is_empty() || scenario.shape.retention == Retention::Keep;
        let excused = self.failed(|step| matches!(step, Step::Remove { .. }));
        self.must(disarmed, "the old container may come back by itself");
        self.must(lonely || excused, "there is more than the service");
    }

    fn committed(&self) -> bool {
        is_committed(&self.scenario.plan, &self.ran.entries)
    }

    /// The gate opened before anything irreversible began.
    fn proven(&self) -> bool {
        let plan = &self.scenario.plan;
        let index_of = |wanted: &dyn Fn(&JournalEntry) -> bool| {
            self.ran.entries.iter().position(wanted).unwrap_or(usize::MAX)
        };
        let opened = index_of(&|entry| {
            matches!(entry, JournalEntry::Done { position: position @ Position::Forward(_), .. }
                if matches!(position.step(plan), Some(Step::AwaitHealthy { .. })))
        });
        let irreversible = index_of(&|entry| {
            matches!(entry, JournalEntry::Started { position: Position::Forward(index), .. }
                if *index >= plan.no_return)
        });
        opened < irreversible
    }

    fn as_configured(&mut self, container: &Container) {
        self.must(container.policy == self.scenario.shape.policy, "its restart policy is lost");
        self.must(container.networks.len() == 3, "it is not in all its networks");
        let mounts = container.volumes().cloned().collect();
        self.must(self.scenario.data().is_subset(&mounts), "it lacks a volume");
    }

    fn old_is_back(&mut self) {
        if self.meddled() {
            return;
        }
        let scenario = self.scenario;
        let Some((id, old)) = self.owner().map(|(id, old)| (id.clone(), old.clone())) else {
            return self.must(false, "nobody has the name");
        };
        self.must(id == scenario.old, "another container than the old one has the name");
        self.as_configured(&old);
        // An engine's restart before anything was touched takes a container with the policy `no`
        // down, and brings a stopped one with `always` up: that is the engine's own doing.
        let engines_own = self.engine_restarted() && !self.stop_begun();
        let stopped_by_hand = !scenario.was_running() && self.engine_restarted();
        let as_before = old.state.is_up() == scenario.was_running();
        self.must(as_before || engines_own || stopped_by_hand, &format!("it is {:?}", old.state));
        let lonely = self.engine().containers.len() == 1;
        let excused = self.failed(|step| matches!(step, Step::Remove { .. }));
        self.must(lonely || excused, "there is more than the service");
    }

    fn recovered(&mut self) {
        if self.meddled() {
            return;
        }
        let Some(rescued) = self.owner().map(|(_, rescued)| rescued.clone()) else {
            return self.must(false, "nobody has the name");
        };
        self.must(rescued.image == self.scenario.plan.old_image.id, "it has another image");
        self.must(rescued.state.is_up() == self.scenario.was_running(), "it is not as before");
        self.as_configured(&rescued);
    }

    /// What somebody else did stands, and nothing of ours is left beside it.
    fn superseded(&mut self) {
        let ours = self.engine().containers.values().any(|found| found.operation.is_some());
        let excused = self.failed(|step| matches!(step, Step::Remove { .. }));
        self.must(!ours || excused, "a container of ours is left");
        if self.fired(|fault| fault == Fault::User(Action::Recreate)) {
            let theirs =
                self.owner().is_some_and(|(_, c)| c.image.as_str() == "user" && c.state.is_up());
            self.must(theirs, "their container was touched");
        }
    }

    /// Everything is kept, and the service is up wherever that could be had.
    fn needs_help(&mut self) {
        if self.meddled() {
            return;
        }
        let kept = self.engine().containers.contains_key(&self.scenario.old);
        let excused = self.scenario.shape.auto_remove || self.committed();
        self.must(kept || excused, "the old container is gone");
        let hopeless = self.failed(|step| {
            matches!(
                step,
                Step::Start { .. }
                    | Step::AwaitHealthy { .. }
                    | Step::Stop { .. }
                    | Step::Create { .. }
                    | Step::Connect { .. }
            )
        });
        // The last try was interrupted too, or it was the engine that took it down.
        let hopeless = hopeless || self.wakes() > PARKED || !self.stop_begun();
        let up = self.engine().containers.values().any(|found| found.state.is_up());
        self.must(up || hopeless || !self.scenario.was_running(), "the service is down");
    }
}

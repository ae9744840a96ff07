//! What each outcome promises.

use super::super::scenario::Scenario;
use docker_auto::core::inventory::RunState;
use docker_auto::core::journal::{JournalEntry, Outcome, Position};
use docker_auto::core::plan::Step;
use docker_auto::core::plan::blueprint::Retention;

use super::End;
use super::facts::PARKED;
use crate::support::fake_host::container::{Container, Policy};

impl End<'_> {
    pub(super) fn outcome(&mut self) {
        let meddled = self.meddled();
        match self.outcome {
            Outcome::Superseded(_) => self.superseded(),
            _ if meddled => {}
            Outcome::Updated => self.updated(),
            Outcome::NoChange | Outcome::Aborted(_) | Outcome::RolledBack(_) => self.old_is_back(),
            Outcome::RecoveredFromSpec(_) => self.recovered(),
            Outcome::NeedsHelp(_) => self.needs_help(),
        }
    }

    fn updated(&mut self) {
        let scenario = self.scenario;
        let Some((id, new)) = self.owner() else {
            // With its new container proven, an auto-removed service is gone by the engine's
            // restart as it would have been without us.
            return self.must(self.engines_doing(), "nobody has the name");
        };
        self.must(*id != scenario.old, "the old container has the name");
        self.must(new.image == scenario.plan.new_image.id, "it has another image");
        self.must(!scenario.was_running() || self.proven(), "it was never proven");
        let as_wanted = match (scenario.was_running(), new.state) {
            (true, RunState::Running) | (false, RunState::Created) => true,
            (true, RunState::Exited) => scenario.ends_well(),
            _ => false,
        };
        self.must(as_wanted, &format!("it is {:?}", new.state));
        self.as_configured(new);
        let others = self.engine().containers.iter().filter(|(other, _)| *other != id);
        let others: Vec<_> = others.filter(|(_, other)| !other.bystander).collect();
        let disarmed = others.iter().all(|(_, c)| !c.state.is_up() && c.policy == Policy::No);
        let lonely = others.is_empty() || scenario.shape.retention == Retention::Keep;
        let excused = self.failed(|step| matches!(step, Step::Remove { .. }));
        self.must(disarmed, "the old container may come back by itself");
        self.must(lonely || excused, "there is more than the service");
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
        self.must(container.has_files, "its files are lost");
        self.must(container.networks.len() == 3, "it is not in all its networks");
        let mounts = container.volumes().cloned().collect();
        let new = container.image == self.scenario.plan.new_image.id;
        let data = if new { self.scenario.new_data() } else { Scenario::data() };
        self.must(data.is_subset(&mounts), "it lacks a volume");
    }

    fn old_is_back(&mut self) {
        let scenario = self.scenario;
        let Some((id, old)) = self.owner() else {
            return self.must(false, "nobody has the name");
        };
        self.must(*id == scenario.old, "another container than the old one has the name");
        self.as_configured(old);
        // An engine's restart before anything was touched takes a container with the policy `no`
        // down, and brings a stopped one with `always` up: that is the engine's own doing, and
        // what the operation has not touched it leaves as it is.
        let stopped_by_hand = !scenario.was_running() && self.engine_restarted();
        let as_before = old.state.is_up() == scenario.was_running();
        let excused = self.engines_doing() || stopped_by_hand;
        self.must(as_before || excused, &format!("it is {:?}", old.state));
        let mut others = self.engine().containers.iter().filter(|(other, _)| *other != id);
        let lonely = others.all(|(_, other)| other.bystander);
        let excused = self.failed(|step| matches!(step, Step::Remove { .. }));
        self.must(lonely || excused, "there is more than the service");
    }

    fn recovered(&mut self) {
        let Some((_, rescued)) = self.owner() else {
            return self.must(false, "nobody has the name");
        };
        self.must(rescued.image == self.scenario.plan.old_image.id, "it has another image");
        self.must(rescued.state.is_up() == self.scenario.was_running(), "it is not as before");
        self.as_configured(rescued);
    }

    /// What somebody else did stands, and nothing of ours is left beside it.
    fn superseded(&mut self) {
        let ours = self.engine().containers.values().any(|found| found.operation.is_some());
        let excused = self.failed(|step| matches!(step, Step::Remove { .. }));
        self.must(!ours || excused, "a container of ours is left");
    }

    /// Everything is kept, and the service is up wherever that could be had.
    fn needs_help(&mut self) {
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
        let interrupted = self.wakes() > PARKED;
        let excused = hopeless || interrupted || !self.stop_begun() || self.engines_doing();
        let up = self.engine().containers.values().any(|c| c.state.is_up() && !c.bystander);
        self.must(up || excused || !self.scenario.was_running(), "the service is down");
    }
}

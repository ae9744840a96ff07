//! One container of a plan, and the steps that it goes through.

use serde_json::json;

use crate::core::carry::{Carried, Nature};
use crate::core::health::{HealthGate, Restarts};
use crate::core::hook::{Hooks, Moment};
use crate::core::id::{ContainerName, ImageId, OperationId};
use crate::core::plan::blueprint::{Blueprint, Making, OldContainer, Removal, Rerun, Retag};
use crate::core::plan::recreate::{reject_key, reserved_name};
use crate::core::plan::{Key, OnWake, PlannedStep, Step, Volumes};

/// One container of a plan.
pub(super) struct Member<'a> {
    /// The container that is there now.
    pub(super) key: Key,
    /// The one that takes its place, where one does.
    pub(super) new_key: Key,
    pub(super) name: &'a ContainerName,
    pub(super) old: &'a OldContainer,
    operation: &'a OperationId,
    image: &'a ImageId,
    new_image: &'a ImageId,
    replacement: Option<&'a Making>,
    /// Who must be healthy before it starts.
    pub(super) awaits: &'a [ContainerName],
    reject: Option<Step>,
    gate: &'a HealthGate,
    old_gate: &'a HealthGate,
}

/// Returns the step that remembers the new image as one that failed.
fn reject(blueprint: &Blueprint) -> Step {
    let image = reject_key(&blueprint.new_image);
    Step::Reject { target: blueprint.target.clone(), image }
}

/// Returns a step that has no way back and needs none.
pub(super) fn forward(action: Step) -> PlannedStep {
    PlannedStep { action, undo: Vec::new(), on_wake: OnWake::Forward }
}

/// Returns a step on which a waking program turns back.
pub(super) fn back(action: Step, undo: Vec<Step>) -> PlannedStep {
    PlannedStep { action, undo, on_wake: OnWake::Back }
}

fn verify(action: Step, undo: Vec<Step>) -> PlannedStep {
    PlannedStep { action, undo, on_wake: OnWake::Verify }
}

impl<'a> Member<'a> {
    /// Returns the container that is updated.
    pub(super) fn main(blueprint: &'a Blueprint) -> Self {
        Self {
            key: Key::old(),
            new_key: Key::replacement(),
            name: &blueprint.target.name,
            old: &blueprint.old,
            operation: &blueprint.operation,
            image: &blueprint.old_image.id,
            new_image: &blueprint.new_image.id,
            replacement: Some(&blueprint.replacement),
            awaits: &[],
            reject: Some(reject(blueprint)),
            gate: &blueprint.gate,
            old_gate: &blueprint.old_gate,
        }
    }

    /// Returns those that are made anew with it.
    pub(super) fn sharers(blueprint: &'a Blueprint) -> Vec<Self> {
        let sharers = blueprint.sharers.iter().enumerate().map(|(index, sharer)| Self {
            key: Key::sharer(index, "old"),
            new_key: Key::sharer(index, "new"),
            name: &sharer.name,
            old: &sharer.old,
            operation: &blueprint.operation,
            image: &sharer.image,
            new_image: &sharer.image,
            replacement: Some(&sharer.replacement),
            awaits: &sharer.awaits,
            reject: None,
            gate: &sharer.gate,
            old_gate: &sharer.old_gate,
        });
        sharers.collect()
    }

    /// Returns those that are restarted with it.
    pub(super) fn dependents(blueprint: &'a Blueprint) -> Vec<Self> {
        let dependents = blueprint.dependents.iter().enumerate().map(|(index, dependent)| Self {
            key: Key::dependent(index),
            new_key: Key::dependent(index),
            name: &dependent.name,
            old: &dependent.old,
            operation: &blueprint.operation,
            image: &dependent.image,
            new_image: &dependent.image,
            replacement: None,
            awaits: &dependent.awaits,
            reject: None,
            gate: &dependent.gate,
            old_gate: &dependent.gate,
        });
        dependents.collect()
    }

    /// Returns those that are run again before it.
    pub(super) fn reruns(blueprint: &'a Blueprint) -> Vec<Self> {
        // What one fails at that runs another image says nothing of the one that never ran.
        let reject =
            |rerun: &Rerun| (rerun.new_image == blueprint.new_image.id).then(|| reject(blueprint));
        let reruns = blueprint.reruns.iter().enumerate().map(|(index, rerun)| Self {
            key: Key::rerun(index, "old"),
            new_key: Key::rerun(index, "new"),
            name: &rerun.name,
            old: &rerun.old,
            operation: &blueprint.operation,
            image: &rerun.image,
            new_image: &rerun.new_image,
            replacement: Some(&rerun.replacement),
            awaits: &[],
            reject: reject(rerun),
            gate: &rerun.gate,
            old_gate: &rerun.gate,
        });
        reruns.collect()
    }

    /// Returns the name that the operation gives it in a role.
    pub(super) fn reserved(&self, role: &str) -> ContainerName {
        reserved_name(self.name, role, self.operation)
    }

    /// Says whether the engine removes it when it is stopped.
    pub(super) fn vanishes(&self) -> bool {
        self.old.removal == Removal::Automatic && self.old.state.is_up()
    }

    pub(super) fn expect(&self) -> Step {
        Step::Expect {
            container: self.key.clone(),
            name: self.name.clone(),
            state: self.old.state,
            image: self.image.clone(),
            settings: self.old.settings.clone(),
        }
    }

    /// Makes the new one beside the old one, stopped.
    pub(super) fn create(&self) -> Vec<PlannedStep> {
        let Some(making) = self.replacement else { return Vec::new() };
        let (create, connects) =
            making_steps(making, &self.new_key, self.reserved("new"), self.new_image.clone());
        let remove = Step::Remove { container: self.new_key.clone(), volumes: Volumes::Remove };
        let mut steps = vec![back(create, vec![remove])];
        steps.extend(connects.into_iter().map(|step| back(step, Vec::new())));
        steps.extend(making.files.iter().map(|file| self.copy(file, &self.new_key)));
        steps
    }

    pub(super) fn copy(&self, file: &Carried, to: &Key) -> PlannedStep {
        let (from, to) = (self.key.clone(), to.clone());
        back(Step::CopyFiles { from, to, path: file.path.clone() }, Vec::new())
    }

    /// Returns the files that it may write to up to its end.
    pub(super) fn living_files(&self) -> impl Iterator<Item = &'a Carried> {
        let files = self.replacement.iter().flat_map(|making| &making.files);
        files.filter(|file| file.nature == Nature::Living && self.old.state.is_up())
    }

    /// Copies again what the old one wrote up to its end.
    fn copy_the_last(&self) -> impl Iterator<Item = PlannedStep> {
        self.living_files().map(|file| self.copy(file, &self.new_key))
    }

    /// Makes it while its reference means the image that it runs, and not one that nobody approved.
    pub(super) fn create_on_its_image(&self, retag: Option<&Retag>) -> Vec<PlannedStep> {
        let Some(retag) = retag else { return self.create() };
        let (image, reference) = (self.new_image.clone(), retag.reference.clone());
        let mut steps = vec![back(Step::Tag { image, reference }, vec![retag.home()])];
        steps.extend(self.create());
        steps.push(back(retag.home(), Vec::new()));
        steps
    }

    /// Stops it; one that is down stays so.
    pub(super) fn stop(&self) -> Option<PlannedStep> {
        if !self.old.state.is_up() {
            return None;
        }
        // It may never have been down; how often its policy restarted it before is its past.
        let gate = HealthGate { restarts: Restarts::WhileWatched, ..self.old_gate.clone() };
        let stop = || self.stopping(self.key.clone());
        let start = Step::Start { container: self.key.clone() };
        let prove = Step::AwaitHealthy { container: self.key.clone(), gate };
        // One that was told to stop may be up for a while yet, and would then be taken for good.
        Some(back(stop(), vec![stop(), start, prove]))
    }

    fn stopping(&self, container: Key) -> Step {
        let OldContainer { stop_timeout, grace, .. } = *self.old;
        Step::Stop { container, timeout_seconds: stop_timeout.map(|time| time.as_secs()), grace }
    }

    /// Lets the new one have the name: two renames while both stand still.
    pub(super) fn exchange(&self) -> Vec<PlannedStep> {
        let old = || self.key.clone();
        let mut steps = Vec::new();
        if self.vanishes() {
            steps.push(back(Step::WaitRemoved { container: old() }, Vec::new()));
        } else {
            steps.extend(self.copy_the_last());
            steps.extend(self.disarm());
            let away = Step::Rename { container: old(), to: self.reserved("old") };
            let home = Step::Rename { container: old(), to: self.name.clone() };
            steps.push(back(away, vec![home]));
        }
        let take = Step::Rename { container: self.new_key.clone(), to: self.name.clone() };
        let yield_name = Step::Rename { container: self.new_key.clone(), to: self.reserved("bad") };
        steps.push(back(take, vec![yield_name]));
        steps
    }

    /// A stopped container with the policy `always` would return with the engine's next start.
    fn disarm(&self) -> Option<PlannedStep> {
        let policy = self.old.restart_policy.clone();
        let saved = Step::SetRestartPolicy { container: self.key.clone(), policy };
        self.disarming(self.key.clone()).map(|disarming| back(disarming, vec![saved]))
    }

    fn disarming(&self, container: Key) -> Option<Step> {
        if self.old.removal == Removal::Automatic {
            return None; // the engine refuses to change the policy of an auto-removed container
        }
        let policy = json!({"Name": "no", "MaximumRetryCount": 0});
        Some(Step::SetRestartPolicy { container, policy })
    }

    /// Starts it, or the one that took its place.
    pub(super) fn start(&self) -> Option<PlannedStep> {
        let container = self.new_key.clone();
        let undo = match self.replacement {
            Some(_) => self.take_down(),
            None => vec![self.stopping(container.clone())],
        };
        self.old.state.is_up().then(|| verify(Step::Start { container }, undo))
    }

    /// Starts the one that will take its place, and waits for its end. Nobody who wakes up meanwhile
    /// knows how far it came.
    pub(super) fn run_to_its_end(&self) -> [PlannedStep; 2] {
        let (container, gate) = (self.new_key.clone(), self.gate.clone());
        let start = Step::Start { container: container.clone() };
        [back(start, self.take_down()), back(Step::AwaitHealthy { container, gate }, Vec::new())]
    }

    /// What a new container goes through when it, or one beside it, was not good enough.
    fn take_down(&self) -> Vec<Step> {
        let new = || self.new_key.clone();
        let mut undo = vec![Step::CollectEvidence { container: new() }];
        undo.extend(self.reject.clone());
        undo.push(self.stopping(new()));
        // Else the engine's restart on the way back would start both.
        undo.extend(self.disarming(new()));
        undo
    }

    /// Waits until it is as good as it must be.
    pub(super) fn prove(&self) -> Option<PlannedStep> {
        // One that is only started again has a past, of which its restarts are part.
        let restarts = match self.replacement {
            Some(_) => self.gate.restarts,
            None => Restarts::WhileWatched,
        };
        let gate = HealthGate { restarts, ..self.gate.clone() };
        let step = Step::AwaitHealthy { container: self.new_key.clone(), gate };
        self.old.state.is_up().then(|| verify(step, Vec::new()))
    }
}

impl Member<'_> {
    /// Runs the command that is to run before anything is stopped.
    pub(super) fn pre_update(&self, hooks: &Hooks) -> Option<PlannedStep> {
        let hook = hooks.pre_update.clone().filter(|_| self.old.state.is_up())?;
        let (container, moment) = (self.key.clone(), Moment::PreUpdate);
        Some(back(Step::Exec { container, moment, hook }, Vec::new()))
    }

    /// Runs the command that is to run once all is proven.
    pub(super) fn post_update(&self, hooks: &Hooks) -> Option<PlannedStep> {
        let hook = hooks.post_update.clone().filter(|_| self.old.state.is_up())?;
        let (container, moment) = (self.new_key.clone(), Moment::PostUpdate);
        Some(verify(Step::Exec { container, moment, hook }, Vec::new()))
    }
}

/// Returns the steps that make a container.
pub(super) fn making_steps(
    making: &Making,
    key: &Key,
    name: ContainerName,
    image: ImageId,
) -> (Step, Vec<Step>) {
    let create = Step::Create {
        key: key.clone(),
        name,
        body: making.body.clone(),
        platform: making.platform.clone(),
        image,
    };
    let connects = making.connects.iter().map(|(network, endpoint)| Step::Connect {
        container: key.clone(),
        network: network.clone(),
        endpoint: endpoint.clone(),
    });
    (create, connects.collect())
}

//! The rename-swap: everything that can fail comes before the stop, the old
//! container stays untouched until the new one is proven.

use std::time::Duration;

use serde_json::{Value, json};

use crate::core::digest::{Digest, Platform};
use crate::core::health::{HealthGate, Restarts};
use crate::core::id::{ContainerId, ContainerName, ImageId, OperationId, TargetId};
use crate::core::inventory::RunState;
use crate::core::plan::{
    Difference, ImageSummary, Key, OnWake, OperationKind, PlannedContainer, PlannedStep, RejectKey,
    Step, Trigger, UpdatePlan, Volumes,
};
use crate::core::recreate::OPERATION_LABEL;
use crate::core::reference::ImageRef;

/// Everything a plan is made from, gathered beforehand.
#[derive(Clone, Debug)]
pub struct Blueprint {
    /// The operation it belongs to.
    pub operation: OperationId,
    /// Who asked for it.
    pub trigger: Trigger,
    /// The container it is about.
    pub target: TargetId,
    /// The reference that the container follows.
    pub reference: ImageRef,
    /// The container as it is.
    pub old: OldContainer,
    /// What it runs.
    pub old_image: ImageSummary,
    /// What it shall run.
    pub new_image: ImageSummary,
    /// Where the new image comes from.
    pub source: Source,
    /// How the new container is made.
    pub replacement: Making,
    /// How the old one would be made anew.
    pub restoration: Making,
    /// What the new one must show.
    pub gate: HealthGate,
    /// What the old one must show when it is back.
    pub old_gate: HealthGate,
    /// What becomes of the old one.
    pub retention: Retention,
    /// The host's paths that it binds in the short form, whose absence the engine would hide.
    pub bind_sources: Vec<String>,
    /// Things a person should know.
    pub warnings: Vec<String>,
    /// What changes in the body, for people.
    pub differences: Vec<Difference>,
}

/// The container that is replaced, as far as the order of steps depends on it.
#[derive(Clone, Debug)]
pub struct OldContainer {
    /// Its ID.
    pub id: ContainerId,
    /// Its run state.
    pub state: RunState,
    /// `HostConfig.RestartPolicy`.
    pub restart_policy: Value,
    /// Whether the engine removes it when it stops.
    pub removal: Removal,
    /// How long it may take to stop, if not as long as it says itself.
    pub stop_timeout: Option<Duration>,
    /// How long it takes at the most until the engine kills it.
    pub grace: Duration,
}

/// What happens to a container when it stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It stays, stopped.
    Stays,
    /// The engine removes it (`--rm`).
    Automatic,
}

/// Where the new image comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The registry: it is pulled and must bring this digest.
    Registry(Digest),
    /// The engine has it already under the reference.
    Local,
    /// The engine has it, but the reference must be pointed to it.
    Retag,
}

/// What becomes of the old container once the new one is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// It is removed; its saved body and its image are the way back.
    Remove,
    /// It stays, stopped, as `<name>.da-kept-<op6>`.
    Keep,
}

/// How a container is made.
#[derive(Clone, Debug)]
pub struct Making {
    /// The create body.
    pub body: Value,
    /// The platform it runs on.
    pub platform: Platform,
    /// The networks that are connected after the create, in order.
    pub connects: Vec<(String, Value)>,
}

/// Returns the name that an operation gives to a container in a role.
pub fn reserved_name(name: &ContainerName, role: &str, operation: &OperationId) -> ContainerName {
    ContainerName::new(format!("{name}.da-{role}-{}", operation.short()))
}

/// Returns the plan that moves a container to its new image.
pub fn plan_update(blueprint: Blueprint) -> UpdatePlan {
    plan(blueprint, OperationKind::Update, Vec::new())
}

/// Returns the plan that moves a container back to an image it ran before, and remembers the one it
/// leaves as rejected.
pub fn plan_rollback(blueprint: Blueprint) -> UpdatePlan {
    let reject =
        Step::Reject { target: blueprint.target.clone(), image: reject_key(&blueprint.old_image) };
    plan(blueprint, OperationKind::Rollback, vec![reject])
}

/// Returns what is remembered of an image that failed.
pub fn reject_key(image: &ImageSummary) -> RejectKey {
    image.manifest.as_ref().map_or_else(|| RejectKey::image(&image.id), RejectKey::manifest)
}

fn plan(blueprint: Blueprint, kind: OperationKind, epilogue: Vec<Step>) -> UpdatePlan {
    let planner = Planner { blueprint: &blueprint };
    let mut steps = planner.prepare();
    steps.extend(planner.swap());
    steps.extend(planner.prove());
    let no_return = steps.len();
    steps.extend(planner.tidy());
    steps.extend(epilogue.into_iter().map(forward));
    let rescue = planner.rescue();
    let summary = planner.summary(kind);
    let containers = [
        (
            Key::old(),
            PlannedContainer {
                id: Some(blueprint.old.id.clone()),
                name: blueprint.target.name.clone(),
            },
        ),
        (Key::replacement(), PlannedContainer { id: None, name: planner.reserved("new") }),
        (Key::probe(), PlannedContainer { id: None, name: planner.reserved("new") }),
        (Key::rescue(), PlannedContainer { id: None, name: blueprint.target.name.clone() }),
    ];
    UpdatePlan {
        kind,
        summary,
        was_running: blueprint.old.state.is_up(),
        containers: containers.into(),
        steps,
        no_return,
        rescue,
        operation: blueprint.operation,
        trigger: blueprint.trigger,
        target: blueprint.target,
        reference: blueprint.reference,
        old_image: blueprint.old_image,
        new_image: blueprint.new_image,
        warnings: blueprint.warnings,
        differences: blueprint.differences,
    }
}

fn forward(action: Step) -> PlannedStep {
    PlannedStep { action, undo: Vec::new(), on_wake: OnWake::Forward }
}

fn back(action: Step, undo: Vec<Step>) -> PlannedStep {
    PlannedStep { action, undo, on_wake: OnWake::Back }
}

struct Planner<'a> {
    blueprint: &'a Blueprint,
}

impl Planner<'_> {
    fn reserved(&self, role: &str) -> ContainerName {
        reserved_name(&self.blueprint.target.name, role, &self.blueprint.operation)
    }

    fn vanishes(&self) -> bool {
        self.blueprint.old.removal == Removal::Automatic && self.blueprint.old.state.is_up()
    }

    /// Everything before the old container is touched: whatever fails here costs nothing.
    fn prepare(&self) -> Vec<PlannedStep> {
        let mut steps = vec![back(self.expect(), Vec::new())];
        steps.extend(self.bring_image());
        if self.vanishes() {
            let keep = self.keep_reference();
            let tag =
                Step::Tag { image: self.blueprint.old_image.id.clone(), reference: keep.clone() };
            steps.push(back(tag, vec![Step::Untag { reference: keep }]));
        }
        steps.extend(self.probe_bind_sources());
        let (create, connects) = making_steps(
            &self.blueprint.replacement,
            &Key::replacement(),
            self.reserved("new"),
            self.blueprint.new_image.id.clone(),
        );
        let remove = Step::Remove { container: Key::replacement(), volumes: Volumes::Remove };
        steps.push(back(create, vec![remove]));
        steps.extend(connects.into_iter().map(|step| back(step, Vec::new())));
        steps.push(back(self.expect(), Vec::new()));
        steps
    }

    /// Binds in the short form (`/source:/target`) of a source that is gone make the engine create an
    /// empty directory at the start, and a database in it anew. Long ones are refused at the create:
    /// so a container that is never started binds the same sources in the long form.
    fn probe_bind_sources(&self) -> Vec<PlannedStep> {
        if self.blueprint.bind_sources.is_empty() {
            return Vec::new();
        }
        let mounts = self.blueprint.bind_sources.iter().enumerate().map(|(index, source)| {
            json!({"Type": "bind", "Source": source, "Target": format!("/source/{index}")})
        });
        let body = json!({
            "Image": self.blueprint.reference.familiar(),
            "Entrypoint": ["probe"],
            "Labels": {(OPERATION_LABEL): self.blueprint.operation},
            "HostConfig": {"Mounts": mounts.collect::<Vec<_>>(), "NetworkMode": "none"},
        });
        let create = Step::Create {
            key: Key::probe(),
            name: self.reserved("new"),
            body,
            platform: self.blueprint.replacement.platform.clone(),
            image: self.blueprint.new_image.id.clone(),
        };
        let remove = || Step::Remove { container: Key::probe(), volumes: Volumes::Remove };
        vec![back(create, vec![remove()]), back(remove(), Vec::new())]
    }

    fn expect(&self) -> Step {
        Step::Expect {
            container: Key::old(),
            name: self.blueprint.target.name.clone(),
            state: self.blueprint.old.state,
            image: self.blueprint.old_image.id.clone(),
        }
    }

    fn bring_image(&self) -> Option<PlannedStep> {
        let reference = &self.blueprint.reference;
        let tag =
            |image: &ImageId| Step::Tag { image: image.clone(), reference: reference.familiar() };
        match &self.blueprint.source {
            Source::Registry(digest) => {
                let pull = Step::Pull {
                    reference: reference.clone(),
                    platform: self.blueprint.replacement.platform.clone(),
                    digest: digest.clone(),
                };
                Some(back(pull, Vec::new()))
            }
            Source::Local => None,
            Source::Retag => Some(back(
                tag(&self.blueprint.new_image.id),
                vec![tag(&self.blueprint.old_image.id)],
            )),
        }
    }

    /// The window in which the service is down: stop, policy, two renames.
    fn swap(&self) -> Vec<PlannedStep> {
        let old = Key::old;
        let name = self.blueprint.target.name.clone();
        let mut steps = Vec::new();
        if self.blueprint.old.state.is_up() {
            let stop = self.stop(old());
            // It may never have been down; how often its policy restarted it before is its past.
            let restarts = Restarts::WhileWatched;
            let gate = HealthGate { restarts, ..self.blueprint.old_gate.clone() };
            let undo = vec![
                Step::Start { container: old() },
                Step::AwaitHealthy { container: old(), gate },
            ];
            steps.push(back(stop, undo));
        }
        if self.vanishes() {
            steps.push(back(Step::WaitRemoved { container: old() }, Vec::new()));
        } else {
            steps.extend(self.disarm());
            let away = Step::Rename { container: old(), to: self.reserved("old") };
            let home = Step::Rename { container: old(), to: name.clone() };
            steps.push(back(away, vec![home]));
        }
        let take = Step::Rename { container: Key::replacement(), to: name };
        let yield_name = Step::Rename { container: Key::replacement(), to: self.reserved("bad") };
        steps.push(back(take, vec![yield_name]));
        steps
    }

    fn stop(&self, container: Key) -> Step {
        let OldContainer { stop_timeout, grace, .. } = self.blueprint.old;
        Step::Stop { container, timeout_seconds: stop_timeout.map(|time| time.as_secs()), grace }
    }

    /// A stopped container with the policy `always` would return with the engine's next start.
    fn disarm(&self) -> Option<PlannedStep> {
        let policy = self.blueprint.old.restart_policy.clone();
        let saved = Step::SetRestartPolicy { container: Key::old(), policy };
        self.disarming(Key::old()).map(|disarming| back(disarming, vec![saved]))
    }

    fn disarming(&self, container: Key) -> Option<Step> {
        if self.blueprint.old.removal == Removal::Automatic {
            return None; // the engine refuses to change the policy of an auto-removed container
        }
        let policy = json!({"Name": "no", "MaximumRetryCount": 0});
        Some(Step::SetRestartPolicy { container, policy })
    }

    fn prove(&self) -> Vec<PlannedStep> {
        if !self.blueprint.old.state.is_up() {
            return Vec::new();
        }
        let new = Key::replacement;
        let reject = Step::Reject {
            target: self.blueprint.target.clone(),
            image: reject_key(&self.blueprint.new_image),
        };
        let mut undo = vec![Step::CollectEvidence { container: new() }, reject, self.stop(new())];
        // Else the engine's restart on the way back would start both.
        undo.extend(self.disarming(new()));
        let gate = self.blueprint.gate.clone();
        let verify = |action, undo| PlannedStep { action, undo, on_wake: OnWake::Verify };
        vec![
            verify(Step::Start { container: new() }, undo),
            verify(Step::AwaitHealthy { container: new(), gate }, Vec::new()),
        ]
    }

    fn tidy(&self) -> Vec<PlannedStep> {
        let old = Key::old();
        let step = match (self.vanishes(), self.blueprint.retention) {
            (true, _) => Step::Untag { reference: self.keep_reference() },
            (false, Retention::Remove) => Step::Remove { container: old, volumes: Volumes::Keep },
            (false, Retention::Keep) => Step::Rename { container: old, to: self.reserved("kept") },
        };
        vec![forward(step)]
    }

    /// An auto-removed container leaves no object behind: its image is held by a name of ours.
    fn keep_reference(&self) -> String {
        format!("docker-auto.local/keep:{}", self.blueprint.operation.short())
    }

    fn rescue(&self) -> Vec<Step> {
        let image = self.blueprint.old_image.id.clone();
        let tag =
            Step::Tag { image: image.clone(), reference: self.blueprint.reference.familiar() };
        let name = self.blueprint.target.name.clone();
        let (create, connects) =
            making_steps(&self.blueprint.restoration, &Key::rescue(), name, image);
        let mut steps = vec![tag, create];
        steps.extend(connects);
        if self.blueprint.old.state.is_up() {
            let gate = self.blueprint.old_gate.clone();
            steps.push(Step::Start { container: Key::rescue() });
            steps.push(Step::AwaitHealthy { container: Key::rescue(), gate });
        }
        steps
    }

    fn summary(&self, kind: OperationKind) -> String {
        let shown = |image: &ImageSummary| {
            let short = image.digest.as_ref().map_or_else(|| image.id.short(), Digest::short);
            match &image.version {
                Some(version) => format!("{version} ({short})"),
                None => short.to_owned(),
            }
        };
        let verb = match kind {
            OperationKind::Update => "update",
            OperationKind::Rollback => "roll back",
        };
        format!(
            "{verb} {} ({}): {} → {}",
            self.blueprint.target.name,
            self.blueprint.reference.familiar(),
            shown(&self.blueprint.old_image),
            shown(&self.blueprint.new_image)
        )
    }
}

fn making_steps(
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

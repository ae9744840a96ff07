//! The narrow waist: a plan is data, complete and immutable; the executor chooses nothing.

pub mod blueprint;
mod data;
mod files;
mod hand_over;
mod key;
mod member;
pub mod recreate;
pub mod repair;
pub(crate) mod seconds;
mod step;
pub mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::anonymous::Places;
use crate::core::digest::Digest;
use crate::core::id::{ContainerId, ContainerName, ImageId, OperationId, TargetId, Timestamp};
use crate::core::journal::{Class, Known, Observed, StepOutput};
use crate::core::reference::ImageRef;

pub use self::key::Key;
pub use self::step::{RejectKey, Step, Volumes};

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Moves a container to the newest image of its reference.
    Update,
    /// Moves a container back to what it ran before.
    Rollback,
}

/// Who asked for an operation (R157).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// The check's own interval.
    Auto,
    /// A person.
    Manual,
    /// The update schedule.
    Schedule,
}

/// What to do when the program wakes up on a step that it had started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnWake {
    /// Run it again and go on.
    Forward,
    /// Turn back.
    Back,
    /// Go on if the new container is as the step would leave or find it, else turn back.
    Verify,
}

/// A step with its way back; the undo list holds all data it needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// What is done.
    pub action: Step,
    /// What takes it back, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<Step>,
    /// What a waking program does here.
    pub on_wake: OnWake,
}

/// A container that the plan speaks of, as it is known when planning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedContainer {
    /// Its ID; absent for those the plan creates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ContainerId>,
    /// The name it has, or is created with.
    pub name: ContainerName,
}

/// What an image is, for the history and for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSummary {
    /// Its ID in this engine's store.
    pub id: ImageId,
    /// The digest its reference resolved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The digest of its manifest for this platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// `org.opencontainers.image.version`, if it says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When it was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Its size in bytes: on disk for an old one, compressed for one still in the registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
}

/// A complete plan for one component: nothing is left to choose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdatePlan {
    /// The operation it belongs to.
    pub operation: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// Who asked for it.
    pub trigger: Trigger,
    /// The container it is about.
    pub target: TargetId,
    /// The reference that the container follows.
    pub reference: ImageRef,
    /// The reference that it leaves for that one, where its tag is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<ImageRef>,
    /// What it ran before.
    pub old_image: ImageSummary,
    /// What it shall run.
    pub new_image: ImageSummary,
    /// One sentence for people.
    pub summary: String,
    /// Things a person should know, none of which stops it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What changes in the create body, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// Whether the old container was up, so that the outcome must be up too.
    pub was_running: bool,
    /// The containers by key.
    pub containers: BTreeMap<Key, PlannedContainer>,
    /// The steps, in order.
    pub steps: Vec<PlannedStep>,
    /// The index from which on there is no way back: only tidying follows.
    pub no_return: usize,
    /// What brings the old container back from its saved body when the object itself is gone.
    pub rescue: Vec<Step>,
    /// The backup that this rollback could have restored and does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrestored: Option<String>,
    /// The volumes of the container that nobody named, by where they are mounted.
    #[serde(default, skip_serializing_if = "Places::is_empty")]
    pub anonymous: Places,
}

impl UpdatePlan {
    /// Returns the reference that the container followed before.
    pub fn old_reference(&self) -> &ImageRef {
        self.leaves.as_ref().unwrap_or(&self.reference)
    }

    /// Returns the name under which the service of a container is known, whatever the container is
    /// called meanwhile.
    pub fn home(&self, key: &Key) -> &ContainerName {
        let present = self.containers.get(&key.present());
        present.map_or(&self.target.name, |container| &container.name)
    }

    /// Returns the names of all services that it touches.
    pub fn homes(&self) -> impl Iterator<Item = &ContainerName> {
        let there = self.containers.values().filter(|container| container.id.is_some());
        there.map(|container| &container.name)
    }

    /// Says whether it replaces docker-auto itself, so that a helper carries it out.
    pub fn has_helper(&self) -> bool {
        self.containers.contains_key(&Key::helper())
    }

    /// Returns the steps that make the helper, in order.
    pub fn helper_steps(&self) -> impl Iterator<Item = &Step> {
        let actions = self.steps.iter().map(|planned| &planned.action);
        let helper = Key::helper();
        let making = actions.take_while(|step| !matches!(step, Step::HandOver { .. }));
        making.filter(move |step| step.container() == Some(&helper))
    }

    /// Returns the index of the step behind which the helper carries it out.
    pub fn handing_over(&self) -> Option<usize> {
        self.steps.iter().position(|step| matches!(step.action, Step::HandOver { .. }))
    }

    /// Says whether a key names a container that the plan itself makes.
    pub fn makes(&self, key: &Key) -> bool {
        self.containers.get(key).is_none_or(|container| container.id.is_none())
    }
}

/// One field that differs between the old container's and the new one's body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The path, as `Config.Env.PATH`.
    pub field: String,
    /// The value before; null for one that is new.
    pub old: Value,
    /// The value after; null for one that is gone.
    pub new: Value,
}

/// What a step's future is: boxed, so that a runner can stand behind `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Performs steps on one host. Every step is idempotent: it may be run again after a crash.
pub trait StepRunner: Send + Sync {
    /// Runs one step; containers resolve through `known`.
    fn run<'a>(
        &'a self,
        step: &'a Step,
        known: &'a Known,
    ) -> BoxFuture<'a, Result<StepOutput, StepError>>;

    /// Looks at an operation's containers: by ID where it is known, else by the name they were made
    /// with and the operation's label.
    fn observe<'a>(&'a self, known: &'a Known) -> BoxFuture<'a, Result<Observed, StepError>>;
}

/// Why a step failed.
#[derive(Debug)]
pub struct StepError {
    /// What it means for the operation.
    pub class: Class,
    /// What was being done with what, and what came of it.
    pub message: String,
}

impl StepError {
    /// Returns an error of a class.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StepError {}

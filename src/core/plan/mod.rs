//! The narrow waist: a plan is data, complete and immutable; the executor chooses nothing.

pub mod blueprint;
mod data;
mod hand_over;
mod key;
mod member;
pub mod recreate;
pub(crate) mod seconds;
pub mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::backup::{RestoredMount, SavedMount};
use crate::core::digest::{Digest, Platform};
use crate::core::health::HealthGate;
use crate::core::hook::{Hook, Moment};
use crate::core::id::{ContainerId, ContainerName, ImageId, OperationId, TargetId, Timestamp};
use crate::core::inventory::RunState;
use crate::core::journal::{Class, Known, Observed, StepOutput};
use crate::core::reference::ImageRef;

pub use self::key::Key;

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

/// One effect on one host, idempotent: it may be run again after a crash. Names appear only where
/// they are made; everything else speaks of keys, which resolve to IDs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Verifies that a container is still what the plan was made for.
    Expect {
        container: Key,
        name: ContainerName,
        state: RunState,
        image: ImageId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        settings: Option<Digest>,
    },
    /// Pulls a reference and verifies that it brought this digest.
    Pull { reference: ImageRef, platform: Platform, digest: Digest },
    /// Gives an image a further name.
    Tag { image: ImageId, reference: String },
    /// Takes a name from an image, never with force.
    Untag { reference: String },
    /// Makes a container, stopped, and verifies that it got this image.
    Create { key: Key, name: ContainerName, body: Value, platform: Platform, image: ImageId },
    /// Connects a container to a further network.
    Connect { container: Key, network: String, endpoint: Value },
    /// Replaces the restart policy of a stopped container.
    SetRestartPolicy { container: Key, policy: Value },
    /// Stops a container with its own signal, and with its own time to stop unless another one is
    /// given. `grace` is that time, to bound our waiting.
    Stop {
        container: Key,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_seconds: Option<u64>,
        #[serde(with = "seconds")]
        grace: Duration,
    },
    /// Waits until an auto-removed container is gone.
    WaitRemoved { container: Key },
    /// Gives a stopped container another name.
    Rename { container: Key, to: ContainerName },
    /// Starts a container.
    Start { container: Key },
    /// Waits until the health gate opens or fails.
    AwaitHealthy { container: Key, gate: HealthGate },
    /// Collects logs, exit code and health output of a failed container for the history.
    CollectEvidence { container: Key },
    /// Remembers that this image was tried here and failed.
    Reject { target: TargetId, image: RejectKey },
    /// Removes a container, with or without its anonymous volumes, never with force.
    Remove { container: Key, volumes: Volumes },
    /// Copies a file or directory from one container's own layer to another's, with owners and modes.
    CopyFiles { from: Key, to: Key, path: String },
    /// Removes an image that these names of ours are the only ones of, unless a container is made
    /// of it; never with force.
    RemoveImage {
        image: ImageId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        keep_tags: Vec<String>,
    },
    /// Runs a command inside a container. However the command ends, the step is done: what its end
    /// means depends on the moment.
    Exec { container: Key, moment: Moment, hook: Hook },
    /// Makes the folder of a backup, under another name until it is complete, on a disk with this
    /// much space.
    PrepareBackup {
        folder: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        needed_bytes: Option<u64>,
    },
    /// Saves what is mounted in a container that was made for it.
    BackUp { container: Key, folder: String, mounts: Vec<SavedMount> },
    /// Removes a backup that was not completed; a complete one stays.
    DiscardBackup { folder: String },
    /// Removes the oldest backups of a container beside this one, as many as are too many.
    PruneBackups { folder: String, keep: usize },
    /// Makes a volume.
    CreateVolume { name: String, labels: BTreeMap<String, String> },
    /// Removes a volume that the operation made.
    RemoveVolume { name: String },
    /// Puts what was saved into the volumes of a container that was made for it.
    Restore { container: Key, folder: String, mounts: Vec<RestoredMount> },
    /// Starts the helper, which carries out what follows: docker-auto itself is about to be stopped.
    HandOver { container: Key },
    /// Keeps a copy of docker-auto's database, for a way back from a newer version's.
    KeepDatabase,
    /// Puts the copy in the database's place; nothing where that was done.
    RestoreDatabase,
}

impl Step {
    /// Returns the step's verb, as it stands in JSON.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Expect { .. } => "expect",
            Self::Pull { .. } => "pull",
            Self::Tag { .. } => "tag",
            Self::Untag { .. } => "untag",
            Self::Create { .. } => "create",
            Self::Connect { .. } => "connect",
            Self::SetRestartPolicy { .. } => "set_restart_policy",
            Self::Stop { .. } => "stop",
            Self::WaitRemoved { .. } => "wait_removed",
            Self::Rename { .. } => "rename",
            Self::Start { .. } => "start",
            Self::AwaitHealthy { .. } => "await_healthy",
            Self::CollectEvidence { .. } => "collect_evidence",
            Self::Reject { .. } => "reject",
            Self::Remove { .. } => "remove",
            Self::CopyFiles { .. } => "copy_files",
            Self::RemoveImage { .. } => "remove_image",
            Self::Exec { .. } => "exec",
            Self::PrepareBackup { .. } => "prepare_backup",
            Self::BackUp { .. } => "back_up",
            Self::DiscardBackup { .. } => "discard_backup",
            Self::PruneBackups { .. } => "prune_backups",
            Self::CreateVolume { .. } => "create_volume",
            Self::RemoveVolume { .. } => "remove_volume",
            Self::Restore { .. } => "restore",
            Self::HandOver { .. } => "hand_over",
            Self::KeepDatabase => "keep_database",
            Self::RestoreDatabase => "restore_database",
        }
    }

    /// Returns the container that the step acts on, by its key.
    pub fn container(&self) -> Option<&Key> {
        match self {
            Self::Pull { .. }
            | Self::Tag { .. }
            | Self::Untag { .. }
            | Self::Reject { .. }
            | Self::RemoveImage { .. }
            | Self::PrepareBackup { .. }
            | Self::DiscardBackup { .. }
            | Self::PruneBackups { .. }
            | Self::CreateVolume { .. }
            | Self::RemoveVolume { .. }
            | Self::KeepDatabase
            | Self::RestoreDatabase => None,
            Self::Create { key, .. } | Self::CopyFiles { to: key, .. } => Some(key),
            Self::Expect { container, .. }
            | Self::Connect { container, .. }
            | Self::SetRestartPolicy { container, .. }
            | Self::Stop { container, .. }
            | Self::WaitRemoved { container }
            | Self::Rename { container, .. }
            | Self::Start { container }
            | Self::AwaitHealthy { container, .. }
            | Self::CollectEvidence { container }
            | Self::Remove { container, .. }
            | Self::Exec { container, .. }
            | Self::BackUp { container, .. }
            | Self::Restore { container, .. }
            | Self::HandOver { container } => Some(container),
        }
    }
}

/// What a removal does with the container's anonymous volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Volumes {
    /// They stay: the new container carries them.
    Keep,
    /// They go: they were made for this container alone.
    Remove,
}

/// What is remembered of a rejected image: the platform manifest's digest, or the image ID where
/// there is none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RejectKey(String);

impl RejectKey {
    /// Returns the key of an image known by its platform manifest.
    pub fn manifest(digest: &Digest) -> Self {
        Self(digest.as_str().to_owned())
    }

    /// Returns the key of an image known only locally.
    pub fn image(id: &ImageId) -> Self {
        Self(id.as_str().to_owned())
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
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
}

impl UpdatePlan {
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

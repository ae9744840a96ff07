//! Everything a plan is made from, gathered beforehand.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::core::backup::{Restoration, SavedMount};
use crate::core::carry::Carried;
use crate::core::compose::edit::FileChange;
use crate::core::digest::{Digest, Platform};
use crate::core::health::HealthGate;
use crate::core::hook::Hooks;
use crate::core::id::{ContainerId, ContainerName, ImageId, OperationId, TargetId};
use crate::core::inventory::RunState;
use crate::core::plan::{Difference, ImageSummary, Step, Trigger};
use crate::core::reference::ImageRef;
use crate::core::retention::ImageCare;

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
    /// The reference that it leaves for that one, where its tag is another one.
    pub leaves: Option<ImageRef>,
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
    /// What becomes of images that nothing runs any more.
    pub image_care: ImageCare,
    /// The host's paths that its members bind in such a way that the engine would hide their absence.
    pub bind_sources: BTreeSet<String>,
    /// Things a person should know.
    pub warnings: Vec<String>,
    /// What changes in the body, for people.
    pub differences: Vec<Difference>,
    /// Those that must be made anew with it, in the order in which they start.
    pub sharers: Vec<Sharer>,
    /// Those that are stopped before it and started after it, in the order in which they start.
    pub dependents: Vec<Dependent>,
    /// Those that are run again before anything is stopped, in this order.
    pub reruns: Vec<Rerun>,
    /// The commands that run inside it.
    pub hooks: Hooks,
    /// What becomes of its data.
    pub data: Data,
    /// What is written into its Compose file once it is proven.
    pub file: Option<FileChange>,
    /// From where it is replaced, where it is docker-auto itself.
    pub helper: Option<Helper>,
}

/// What becomes of a container's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Both containers have the same.
    Stays,
    /// It is saved while the old one is down.
    Saved {
        /// Where to.
        folder: String,
        /// What.
        mounts: Vec<SavedMount>,
        /// How many backups of the container stay.
        keep: usize,
    },
    /// What was saved comes back into fresh volumes, which the body of the new one names.
    Restored(Restoration),
}

/// The container from which docker-auto itself is replaced.
#[derive(Clone, Debug)]
pub struct Helper {
    /// The image that docker-auto runs: what wrote the journal carries it out.
    pub image: ImageId,
    /// How it is made.
    pub making: Making,
}

/// A container that holds on to the one that is replaced (its namespace, its links, its volumes), so
/// that it is made anew on the image that it runs.
#[derive(Clone, Debug)]
pub struct Sharer {
    /// Its name.
    pub name: ContainerName,
    /// The container as it is.
    pub old: OldContainer,
    /// What it runs, before and after.
    pub image: ImageId,
    /// Who must be healthy before it starts.
    pub awaits: Vec<ContainerName>,
    /// How its reference is made to mean that image while it is made.
    pub retag: Option<Retag>,
    /// How the new one is made.
    pub replacement: Making,
    /// What the new one must show.
    pub gate: HealthGate,
    /// What the old one must show when it is back.
    pub old_gate: HealthGate,
}

/// A reference that means another image by now, or will by the time it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retag {
    /// The reference.
    pub reference: String,
    /// The image that it means before and after; without one it is taken away again.
    pub back: Option<ImageId>,
}

impl Retag {
    /// Returns the step that lets the reference mean again what it meant before.
    pub fn home(&self) -> Step {
        let reference = self.reference.clone();
        match &self.back {
            Some(image) => Step::Tag { image: image.clone(), reference },
            None => Step::Untag { reference },
        }
    }
}

/// A container that ends by itself, and is run again to its end before the one that needs it done is
/// replaced.
#[derive(Clone, Debug)]
pub struct Rerun {
    /// Its name.
    pub name: ContainerName,
    /// The container as it is: down.
    pub old: OldContainer,
    /// What it ran.
    pub image: ImageId,
    /// What it shall run.
    pub new_image: ImageId,
    /// How its reference is made to mean that image while it is made.
    pub retag: Option<Retag>,
    /// How the new one is made.
    pub replacement: Making,
    /// What it must show: its end.
    pub gate: HealthGate,
}

/// A container that asked to be restarted with the one that is replaced.
#[derive(Clone, Debug)]
pub struct Dependent {
    /// Its name.
    pub name: ContainerName,
    /// The container as it is.
    pub old: OldContainer,
    /// What it runs.
    pub image: ImageId,
    /// Who must be healthy before it starts.
    pub awaits: Vec<ContainerName>,
    /// What it must show when it is up again.
    pub gate: HealthGate,
}

/// The container that is replaced, as far as the order of steps depends on it.
#[derive(Clone, Debug)]
pub struct OldContainer {
    /// Its ID.
    pub id: ContainerId,
    /// Its run state.
    pub state: RunState,
    /// The mark of its settings, where they must not change before it is replaced.
    pub settings: Option<Digest>,
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

impl Removal {
    /// Returns what the inspect of a container, or the body that it is made of, says.
    pub fn of(container: &Value) -> Self {
        match container.pointer("/HostConfig/AutoRemove").and_then(Value::as_bool) {
            Some(true) => Self::Automatic,
            _ => Self::Stays,
        }
    }
}

/// Where the new image comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The registry: it is pulled and must bring this digest.
    Registry(Digest),
    /// The engine has it already under the reference.
    Local,
    /// The engine has it, but the reference must be pointed to it; how that is taken back, unless the
    /// reference will be the only name that the image has.
    Retag(Option<Retag>),
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
    /// The files that are copied from the container in whose place it is made.
    pub files: Vec<Carried>,
}

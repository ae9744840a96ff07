//! Why the engine could not do what it was asked.

use crate::core::digest::Digest;
use crate::core::id::{ContainerName, ImageId, Timestamp};
use crate::core::plan::StepError;
use crate::core::recreate::PlanError;
use crate::core::rule::RuleProblem;
use crate::core::text::{self, Language};
use crate::core::verdict::Paused;
use crate::docker::DockerError;
use crate::registry::RegistryError;
use crate::store::StoreError;
use crate::store::backups::BackupError;

/// Why the engine could not do what it was asked; nothing was touched unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no such container.
    #[error("there is no container {0}; `docker ps -a` lists them")]
    Unknown(ContainerName),
    /// It vanished while it was looked at.
    #[error("container {0} was removed meanwhile")]
    Gone(ContainerName),
    /// It has an operation already.
    #[error(
        "container {0} has an operation already, or one whose journal cannot be read, which the log names; see `docker-auto history {0}`"
    )]
    Busy(ContainerName),
    /// Nothing to update it to, or nothing may be done.
    #[error("container {name} cannot be planned: {reason}")]
    NothingToPlan {
        /// The container.
        name: ContainerName,
        /// The judgement in words.
        reason: String,
    },
    /// There is no image that a person could speak about.
    #[error("container {name} has no other image that could run: {reason}")]
    NoCandidate {
        /// The container.
        name: ContainerName,
        /// The judgement in words.
        reason: String,
    },
    /// A snooze that is over before it begins.
    #[error("{0} is past: write a duration such as 7d, or a date to come")]
    Past(Timestamp),
    /// Nothing is paused there.
    #[error("{} is not paused; `docker-auto pause` lists what is", text::of_paused(.0, Language::English))]
    NotPaused(Paused),
    /// No container is of a group.
    #[error("no container is of the group {name:?}: {}", groups(.known))]
    NoGroup {
        /// The group.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// There is nothing to take back.
    #[error(
        "nothing was said of images in the place of {0}; `docker-auto why {0}` says what holds it"
    )]
    NothingSaid(ContainerName),
    /// A rule that cannot be used.
    #[error("the rule {name:?} cannot be used: {problem}")]
    BadRule {
        /// Its name.
        name: String,
        /// The field and the cure.
        problem: RuleProblem,
    },
    /// There is no such rule.
    #[error("there is no rule {0:?}; `docker-auto policy list` lists them")]
    NoRule(String),
    /// Something that the new container needs is gone.
    #[error("container {name} cannot be made anew: {problem}")]
    Preflight {
        /// The container.
        name: ContainerName,
        /// What is wrong and the cure.
        problem: String,
    },
    /// There is nothing to go back to.
    #[error("container {0} has no finished update to roll back; see `docker-auto history {0}`")]
    NoWayBack(ContainerName),
    /// Nothing was saved of what it had before.
    #[error(
        "container {0} has no backup to restore: none was made before the update that brought what \
         it runs (the label docker-auto.backup=volumes asks for one), or it was restored already; \
         see `docker-auto history {0}`"
    )]
    NoBackup(ContainerName),
    /// Its data cannot be saved.
    #[error("container {name} is not updated")]
    Unsaved {
        /// The container.
        name: ContainerName,
        /// Why.
        #[source]
        source: BackupError,
    },
    /// Its data cannot be restored.
    #[error("the data of container {name} cannot be restored")]
    Unrestorable {
        /// The container.
        name: ContainerName,
        /// Why.
        #[source]
        source: BackupError,
    },
    /// Its data would not be where it was.
    #[error(
        "the data of container {name} cannot be restored: what it mounts at {} now is no volume and no \
         folder of the host; make the container with a volume there, or unpack the archive by hand",
        places.join(", ")
    )]
    Unplaceable {
        /// The container.
        name: ContainerName,
        /// Where it would not be.
        places: Vec<String>,
    },
    /// The image to go back to was removed.
    #[error("image {} of {reference} is not on the host any more; pull it, or update instead", image.short())]
    ImageGone {
        /// The image.
        image: ImageId,
        /// The reference that it had.
        reference: String,
    },
    /// The registry's manifest names no config.
    #[error("the manifest behind {0} names no image config; it is no container image")]
    NoConfig(Digest),
    /// docker-auto itself is being replaced.
    #[error("docker-auto is being replaced by a helper container; ask again when that is over")]
    BeingReplaced,
    /// The helper cannot be started.
    #[error("starting the helper")]
    Helper(#[source] StepError),
    /// The program ends.
    #[error("docker-auto is shutting down; ask again when it is back")]
    Stopping,
    /// The container cannot be made anew.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The engine could not be asked.
    #[error(transparent)]
    Docker(#[from] DockerError),
    /// A registry could not be asked.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EngineError {
    /// Says whether the engine itself could not be asked, whatever it was asked for.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Docker(error) if error.is_unreachable())
    }
}

fn groups(known: &[String]) -> String {
    match known {
        [] => "none has the label docker-auto.group".to_owned(),
        known => format!("there are {}", known.join(", ")),
    }
}

//! The effects that plans are made of.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::backup::{Fate, RestoredMount, SavedMount};
use crate::core::compose::edit::FileChange;
use crate::core::digest::{Digest, Platform};
use crate::core::health::HealthGate;
use crate::core::hook::{Hook, Moment};
use crate::core::id::{ContainerName, ImageId, TargetId};
use crate::core::inventory::RunState;
use crate::core::reference::ImageRef;

use super::{Key, seconds};

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
    /// Removes an image that these names are the only ones of, unless a container is made of it;
    /// never with force. The names go to another image, or with it.
    RemoveImage {
        image: ImageId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        keep_tags: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heir: Option<ImageId>,
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
    /// Removes the backups of a container that are too many beside this one, and remembers how the
    /// update ended that this one is of. One that failed costs none of an update that went well.
    PruneBackups {
        folder: String,
        keep: usize,
        #[serde(default, skip_serializing_if = "Fate::is_well")]
        fate: Fate,
    },
    /// Makes a volume.
    CreateVolume { name: String, labels: BTreeMap<String, String> },
    /// Removes a volume that the operation made.
    RemoveVolume { name: String },
    /// Puts what was saved into the volumes of a container that was made for it.
    Restore { container: Key, folder: String, mounts: Vec<RestoredMount> },
    /// Writes another tag into a Compose file, unless somebody has changed that file since.
    RewriteFile { change: FileChange },
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
            Self::RewriteFile { .. } => "rewrite_file",
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
            | Self::RewriteFile { .. }
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

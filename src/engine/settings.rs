//! What the configuration says, as far as it is the engine's matter.

use std::path::PathBuf;

use crate::core::compose::Compose;
use crate::core::inventory::Container;
use crate::core::plan::blueprint::Retention;
use crate::core::policy::Policy;
use crate::core::reference::ImageRef;
use crate::engine::ourselves::{Attendance, Own};
use crate::store::backups::Backups;
use crate::store::compose_files::ComposeFiles;

/// What the configuration says, as far as it is the engine's matter.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What holds for containers without labels.
    pub policy: Policy,
    /// What becomes of old containers.
    pub retention: Retention,
    /// How many previous images of a container stay.
    pub keep_images: usize,
    /// The images that are watched although no container has to run them.
    pub watched: Vec<ImageRef>,
    /// How many operations at once.
    pub concurrency: usize,
    /// Where containers' data is saved.
    pub backups: Backups,
    /// How many backups of a container stay.
    pub keep_backups: usize,
    /// The Compose files that may be written.
    pub compose_files: ComposeFiles,
    /// Where everything is kept that is our own.
    pub data: PathBuf,
    /// How long this program stays.
    pub attendance: Attendance,
    /// The container that this program runs in, if it does.
    pub own: Option<Own>,
    /// The host and port by which the engine is reached over TCP, which may be a container's.
    pub engine_address: Option<(String, u16)>,
}

impl Settings {
    /// Says whether paths of the engine's host are ours as well, as far as that can be known.
    pub(super) fn sees_the_host(&self) -> bool {
        self.own.is_none() && self.engine_address.is_none()
    }

    /// Compose would take a second container with its labels for surplus and remove it, so that
    /// only others are kept.
    pub(super) fn retention_of(&self, container: &Container) -> Retention {
        match Compose::read(&container.labels) {
            Some(_) => Retention::Remove,
            None => self.retention,
        }
    }
}

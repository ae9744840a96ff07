//! Why a container cannot be made anew.

use std::fmt;

use crate::core::digest::Platform;
use crate::core::id::ContainerName;

/// Why a container cannot be made anew; nothing was touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// The engine's answer lacks a part without which nothing can be said.
    Unreadable {
        /// The container, as far as it has a name.
        container: ContainerName,
        /// The part that is missing.
        field: &'static str,
    },
    /// A namespace is shared with a container that is gone.
    ParentGone {
        /// The container that shares.
        container: ContainerName,
        /// The field that says so.
        field: &'static str,
        /// The ID or name that it says.
        parent: String,
    },
    /// A kernel setting names an interface whose network cannot be known.
    InterfaceSysctl {
        /// The container.
        container: ContainerName,
        /// The setting.
        sysctl: String,
    },
    /// The new image does not run where the old one ran.
    Platform {
        /// The container.
        container: ContainerName,
        /// What it runs as.
        wanted: Platform,
        /// What the new image is made for.
        offered: Platform,
    },
    /// An anonymous volume has no name by which the new container could have it.
    NamelessVolume {
        /// The container.
        container: ContainerName,
        /// Where it is mounted.
        place: String,
    },
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { container, field } => write!(
                f,
                "reading container {container}: the engine's answer has no {field}; is there \
                 something between us and the engine that rewrites answers?"
            ),
            Self::ParentGone { container, field, parent } => write!(
                f,
                "container {container} has {field} container:{parent}, which is gone; make that \
                 container again, or make {container} again without it"
            ),
            Self::InterfaceSysctl { container, sysctl } => write!(
                f,
                "container {container} sets {sysctl}, which this engine refuses; set it for one \
                 network with its driver option com.docker.network.endpoint.sysctls"
            ),
            Self::Platform { container, wanted, offered } => write!(
                f,
                "container {container} runs as {wanted}, but the new image is made for {offered}; \
                 follow a tag that has {wanted}"
            ),
            Self::NamelessVolume { container, place } => write!(
                f,
                "the volume of container {container} at {place} has no name that could be read, and \
                 the new container would get an empty one; mount a volume with a name there"
            ),
        }
    }
}

impl std::error::Error for PlanError {}

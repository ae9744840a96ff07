//! What the model knows of a container and of an image.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use docker_auto::core::id::{ContainerId, ContainerName, ImageId};
use docker_auto::core::inventory::RunState;

/// A container of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a model: independent facts of a container")]
pub(crate) struct Container {
    pub(crate) name: ContainerName,
    pub(crate) image: ImageId,
    /// The label of the operation that made it.
    pub(crate) operation: Option<String>,
    pub(crate) state: RunState,
    pub(crate) policy: Policy,
    pub(crate) auto_remove: bool,
    pub(crate) port: Option<u16>,
    /// Volumes that the engine made for it; a removal with `v` takes them along.
    pub(crate) anonymous: BTreeSet<String>,
    /// Volumes that its body names; no removal takes them along.
    pub(crate) carried: BTreeSet<String>,
    pub(crate) networks: BTreeSet<String>,
    pub(crate) started_before: bool,
    pub(crate) manually_stopped: bool,
    pub(crate) exit_code: i64,
    pub(crate) restart_count: u64,
    pub(crate) started_at: u32,
    pub(crate) error: String,
    /// How often its state was looked at since its start.
    pub(crate) samples: u32,
    /// Calls until a removal that is under way is complete.
    pub(crate) removal_in: u32,
    /// Another service, which only happens to live here.
    pub(crate) bystander: bool,
    /// The container whose namespace it lives in.
    pub(crate) joined: Option<ContainerId>,
    /// The start of that one which made the namespace that it has joined.
    pub(crate) joined_at: u32,
    /// Whether it has the files that are to be carried.
    pub(crate) has_files: bool,
}

/// A restart policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Policy {
    No,
    OnFailure,
    UnlessStopped,
    Always,
}

impl Policy {
    /// Reads `RestartPolicy.Name`.
    pub(crate) fn parse(name: &str) -> Self {
        match name {
            "" | "no" => Self::No,
            "on-failure" => Self::OnFailure,
            "unless-stopped" => Self::UnlessStopped,
            "always" => Self::Always,
            other => panic!("{other:?} is no restart policy"),
        }
    }

    /// Returns `RestartPolicy.Name`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::OnFailure => "on-failure",
            Self::UnlessStopped => "unless-stopped",
            Self::Always => "always",
        }
    }

    /// Says whether a process that ended with this code is started again.
    pub(crate) fn restarts(self, exit_code: i64) -> bool {
        match self {
            Self::No => false,
            Self::OnFailure => exit_code != 0,
            Self::UnlessStopped | Self::Always => true,
        }
    }
}

impl Container {
    /// Returns a plain container that was never started.
    pub(crate) fn of(name: ContainerName, image: ImageId) -> Self {
        Self {
            name,
            image,
            operation: None,
            state: RunState::Created,
            policy: Policy::No,
            auto_remove: false,
            port: None,
            anonymous: BTreeSet::new(),
            carried: BTreeSet::new(),
            networks: BTreeSet::new(),
            started_before: false,
            manually_stopped: false,
            exit_code: 0,
            restart_count: 0,
            started_at: 0,
            error: String::new(),
            samples: 0,
            removal_in: 0,
            bystander: false,
            joined: None,
            joined_at: 0,
            has_files: false,
        }
    }

    /// Says whether the engine's own start brings it up: `always` even after a
    /// manual stop, `on-failure` after any exit code but 0, none that never ran.
    pub(crate) fn returns(&self) -> bool {
        self.started_before
            && match self.policy {
                Policy::UnlessStopped => !self.manually_stopped,
                policy => policy.restarts(self.exit_code),
            }
    }

    /// Returns the name of the service that it is of, whatever an operation calls it meanwhile.
    pub(crate) fn service(&self) -> &str {
        self.name.reserved_parts().map_or(self.name.as_str(), |(base, ..)| base)
    }

    /// Returns all volumes that are mounted.
    pub(crate) fn volumes(&self) -> impl Iterator<Item = &String> {
        self.anonymous.iter().chain(&self.carried)
    }
}

impl Hash for Container {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (&self.name, &self.image, self.state as u8, self.policy).hash(hasher);
        (&self.anonymous, &self.carried, &self.networks, &self.error).hash(hasher);
        (self.started_before, self.manually_stopped, self.exit_code).hash(hasher);
        (self.restart_count, self.samples, self.removal_in, &self.joined).hash(hasher);
        self.has_files.hash(hasher);
    }
}

/// An image of the model.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) behaviour: Behaviour,
    /// Whether it declares a volume of its own that the old image did not have.
    pub(crate) declares_volume: bool,
}

/// What the process of an image does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Behaviour {
    /// It stays up; without a healthcheck.
    Serves,
    /// The engine cannot start it.
    NeverStarts,
    /// It ends at once with this code.
    Exits(i64),
    /// It stays up, and its healthcheck fails.
    Unhealthy,
    /// It ends again and again, but whenever one looks it runs.
    CrashLoops,
}

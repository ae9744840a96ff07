//! The model of a Docker engine: what it does to containers, images, names, ports and volumes.

use std::collections::{BTreeMap, BTreeSet};

use docker_auto::core::health::{Health, Sample};
use docker_auto::core::id::{ContainerId, ContainerName, ImageId};
use docker_auto::core::inventory::RunState;
use docker_auto::core::plan::{RejectKey, Volumes};

use super::container::{Behaviour, Container, Image, Policy};

/// A Docker engine and what it holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Engine {
    pub(crate) containers: BTreeMap<ContainerId, Container>,
    pub(crate) images: BTreeMap<ImageId, Image>,
    pub(crate) tags: BTreeMap<String, ImageId>,
    /// What a pull of a reference brings.
    pub(crate) registry: BTreeMap<String, ImageId>,
    pub(crate) volumes: BTreeSet<String>,
    /// What was rejected; beside the engine, it belongs to the program's store.
    pub(crate) rejected: BTreeSet<RejectKey>,
    /// Backups that are complete, and those that are not; beside the engine, on the program's disk.
    pub(crate) backups: BTreeSet<String>,
    pub(crate) partial_backups: BTreeSet<String>,
    /// The Compose files, by their paths; beside the engine, on the host's disk.
    pub(crate) files: BTreeMap<String, String>,
    /// The version that has written docker-auto's database last, and the copy of it.
    pub(crate) database: u32,
    pub(crate) copy: Option<u32>,
    /// What must never be seen, and was.
    pub(crate) violations: Vec<String>,
    /// How many calls an auto-removal takes to complete.
    pub(crate) removal_calls: u32,
    starts: u32,
    made: u32,
}

/// Why the engine refuses a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Missing,
    /// It is being removed.
    Removing,
    NameTaken(ContainerId),
    PortTaken,
    Running,
    AutoRemoved,
    CannotStart,
}

impl Engine {
    /// Returns who has a name; a container that is being removed still has it.
    pub(crate) fn named(&self, name: &ContainerName) -> Option<&ContainerId> {
        self.containers.iter().find(|(_, container)| container.name == *name).map(|(id, _)| id)
    }

    /// Returns a container that is there.
    pub(crate) fn present(&mut self, id: &ContainerId) -> Result<&mut Container, Refusal> {
        self.containers.get_mut(id).ok_or(Refusal::Missing)
    }

    /// Returns a container that is there and is to stay.
    fn lasting(&mut self, id: &ContainerId) -> Result<&mut Container, Refusal> {
        let container = self.present(id)?;
        if container.state == RunState::Removing { Err(Refusal::Removing) } else { Ok(container) }
    }

    /// Lets the time of one call pass.
    pub(crate) fn tick(&mut self) {
        let mut complete = Vec::new();
        for (id, container) in &mut self.containers {
            if container.state == RunState::Removing {
                container.removal_in = container.removal_in.saturating_sub(1);
                complete.extend((container.removal_in == 0).then(|| id.clone()));
            }
        }
        for id in &complete {
            self.discard(id, Volumes::Remove);
        }
    }

    /// Makes a container; its image's own volumes are made with it.
    pub(crate) fn create(&mut self, mut container: Container) -> Result<ContainerId, Refusal> {
        if let Some(owner) = self.named(&container.name) {
            return Err(Refusal::NameTaken(owner.clone()));
        }
        self.made += 1;
        let id = ContainerId::new(format!("c{}", self.made));
        if self.images.get(&container.image).is_some_and(|image| image.declares_volume) {
            container.anonymous.insert(format!("fresh-{id}"));
        }
        self.volumes.extend(container.volumes().cloned());
        self.containers.insert(id.clone(), container);
        Ok(id)
    }

    /// Starts a container.
    pub(crate) fn start(&mut self, id: &ContainerId) -> Result<(), Refusal> {
        let container = self.lasting(id)?;
        if container.state.is_up() {
            return Ok(());
        }
        let (port, image, policy) = (container.port, container.image.clone(), container.policy);
        let joined = container.joined.clone();
        let is_up = |id: &ContainerId| self.containers.get(id).is_some_and(|c| c.state.is_up());
        if joined.as_ref().is_some_and(|parent| !is_up(parent)) {
            return self.start_failed(id, "cannot join a network namespace", Refusal::PortTaken);
        }
        let mut others = self.containers.values().filter(|other| other.state.is_up());
        if port.is_some() && others.any(|other| other.port == port) {
            return self.start_failed(id, "port is already allocated", Refusal::PortTaken);
        }
        let behaviour =
            self.images.get(&image).map_or(Behaviour::NeverStarts, |image| image.behaviour);
        if behaviour == Behaviour::NeverStarts {
            return self.start_failed(id, "no such file", Refusal::CannotStart);
        }
        self.starts += 1;
        let started_at = self.starts;
        let parent = joined.and_then(|parent| self.containers.get(&parent));
        let joined_at = parent.map_or(0, |parent| parent.started_at);
        let container = self.present(id)?;
        container.state = RunState::Running;
        (container.started_before, container.manually_stopped) = (true, false);
        (container.started_at, container.samples) = (started_at, 0);
        container.joined_at = joined_at;
        (container.exit_code, container.restart_count) = (0, 0);
        container.error.clear();
        self.look_for_twins();
        match behaviour {
            Behaviour::Exits(code) => self.exit(id, code),
            Behaviour::CrashLoops if !policy.restarts(1) => self.exit(id, 1),
            _ => {}
        }
        Ok(())
    }

    /// A failed start leaves the container as it was, unless it is one that the engine removes.
    fn start_failed(
        &mut self,
        id: &ContainerId,
        error: &str,
        refusal: Refusal,
    ) -> Result<(), Refusal> {
        let container = self.present(id)?;
        error.clone_into(&mut container.error);
        if container.auto_remove {
            self.discard(id, Volumes::Remove);
        }
        Err(refusal)
    }

    /// The process of a container ends by itself.
    fn exit(&mut self, id: &ContainerId, code: i64) {
        let Some(container) = self.containers.get_mut(id) else { return };
        container.exit_code = code;
        if container.policy.restarts(code) {
            container.state = RunState::Restarting;
            container.restart_count += 1;
        } else {
            self.ended(id);
        }
    }

    fn ended(&mut self, id: &ContainerId) {
        let Some(container) = self.containers.get_mut(id) else { return };
        container.state = RunState::Exited;
        if container.auto_remove {
            container.state = RunState::Removing;
            container.removal_in = self.removal_calls;
            if self.removal_calls == 0 {
                self.discard(id, Volumes::Remove);
            }
        }
    }

    /// Stops a container; one that is not up is left as it is.
    pub(crate) fn stop(&mut self, id: &ContainerId) -> Result<(), Refusal> {
        let container = self.present(id)?;
        if container.state.is_up() {
            container.exit_code = 137;
            container.manually_stopped = true;
            self.ended(id);
        }
        Ok(())
    }

    /// Gives a container another name.
    pub(crate) fn rename(&mut self, id: &ContainerId, to: &ContainerName) -> Result<(), Refusal> {
        match self.named(to).cloned() {
            Some(owner) if owner != *id => Err(Refusal::NameTaken(owner)),
            _ => {
                self.present(id)?.name = to.clone();
                Ok(())
            }
        }
    }

    /// Replaces a restart policy.
    pub(crate) fn set_policy(&mut self, id: &ContainerId, policy: Policy) -> Result<(), Refusal> {
        let container = self.lasting(id)?;
        if container.auto_remove && policy != container.policy {
            return Err(Refusal::AutoRemoved);
        }
        container.policy = policy;
        Ok(())
    }

    /// Removes a container that is not up.
    pub(crate) fn remove(&mut self, id: &ContainerId, volumes: Volumes) -> Result<(), Refusal> {
        if self.present(id)?.state.is_up() {
            return Err(Refusal::Running);
        }
        self.discard(id, volumes);
        Ok(())
    }

    /// Takes a container out of the world; a volume that another container mounts stays.
    pub(crate) fn discard(&mut self, id: &ContainerId, volumes: Volumes) {
        let Some(container) = self.containers.remove(id) else { return };
        if volumes == Volumes::Remove {
            for volume in &container.anonymous {
                let used =
                    self.containers.values().any(|other| other.volumes().any(|v| v == volume));
                if !used {
                    self.volumes.remove(volume);
                }
            }
        }
    }

    /// The engine dies with everything that runs, and comes back.
    pub(crate) fn restart(&mut self) {
        for container in self.containers.values_mut().filter(|container| container.state.is_up()) {
            container.state = RunState::Exited;
            container.exit_code = 137;
        }
        let removed =
            |container: &Container| container.auto_remove || container.state == RunState::Removing;
        for id in self.ids_of(removed) {
            self.discard(&id, Volumes::Remove);
        }
        for id in self.ids_of(Container::returns) {
            // A start that the engine's own boot cannot do leaves the container down.
            drop(self.start(&id));
        }
    }

    fn ids_of(&self, wanted: impl Fn(&Container) -> bool) -> Vec<ContainerId> {
        let wanted = self.containers.iter().filter(|(_, container)| wanted(container));
        wanted.map(|(id, _)| id.clone()).collect()
    }

    /// Returns what an inspect shows of a container.
    pub(crate) fn sample(&mut self, id: &ContainerId) -> Result<Sample, Refusal> {
        let image = self.present(id)?.image.clone();
        let behaviour = self.images.get(&image).map(|image| image.behaviour);
        let container = self.present(id)?;
        container.samples += 1;
        if behaviour == Some(Behaviour::CrashLoops) && container.state.is_up() {
            container.restart_count += 1;
        }
        let unhealthy = behaviour == Some(Behaviour::Unhealthy);
        let word = if container.samples > 2 { Health::Unhealthy } else { Health::Starting };
        Ok(Sample {
            state: container.state,
            health: unhealthy.then_some(word),
            started_at: container.started_at.to_string(),
            restart_count: container.restart_count,
            exit_code: container.exit_code,
            error: container.error.clone(),
            out_of_memory: false,
        })
    }

    /// Two that serve the same must never run at once: they would share volumes and ports.
    fn look_for_twins(&mut self) {
        let running = self.containers.values().filter(|c| c.state.is_up() && !c.bystander);
        let names: Vec<_> = running.map(|container| container.name.as_str()).collect();
        if names.len() > 1 {
            self.violations.push(format!("running at once: {}", names.join(", ")));
        }
        let running = self.containers.values().filter(|c| c.state.is_up() && c.bystander);
        let mut services: Vec<_> = running.map(Container::service).collect();
        services.sort_unstable();
        if services.windows(2).any(|two| two[0] == two[1]) {
            self.violations.push(format!("running at once: {}", services.join(", ")));
        }
    }
}

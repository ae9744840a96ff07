//! What goes along with a container that is replaced: gathered before anything happens, or refused.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::core::compose::Foreign;
use crate::core::decision::{SkipReason, left_out};
use crate::core::dependency::{
    Companions, Edge, Mounts, Node, awaited, companions, edges as edges_of,
};
use crate::core::id::{ContainerId, ContainerName, ImageId, OperationId};
use crate::core::inventory::{Container, Inventory, RunState};
use crate::core::plan::OperationKind;
use crate::core::plan::blueprint::{Dependent, OldContainer, Removal, Retag, Sharer};
use crate::core::plan::recreate::reserved_name;
use crate::core::policy::{Policy, Unselected};
use crate::core::recreate::{Subject, restore};
use crate::core::reference::ImageRef;
use crate::core::text::{self, Language};
use crate::core::verdict::Pause;
use crate::engine::limits::Slot;
use crate::engine::prepare::{Job, making, old_container};
use crate::engine::{Engine, EngineError, gate, preflight};
use crate::logging::Chain;

/// The part of a blueprint that is about others.
#[derive(Default)]
pub(super) struct Company {
    pub(super) sharers: Vec<Sharer>,
    pub(super) dependents: Vec<Dependent>,
    pub(super) warnings: Vec<String>,
    /// The host's paths that they bind, whose absence the engine would hide.
    pub(super) bind_sources: BTreeSet<String>,
}

/// The update that others go along with.
pub(super) struct Lead<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) inspect: &'a Value,
    pub(super) operation: &'a OperationId,
}

impl Engine {
    /// Returns who needs whom on the host.
    pub(super) async fn edges(&self, inventory: &Inventory) -> Result<BTreeSet<Edge>, EngineError> {
        let mut inspects = BTreeMap::new();
        for container in inventory.containers.values().filter(|one| !one.name.is_reserved()) {
            match self.seen_inspect(container).await {
                Ok(found) => {
                    inspects.extend(found.map(|it| (&container.name, (container, it))));
                }
                Err(error) if error.is_unreachable() => return Err(error),
                // One that the engine cannot show holds up no other.
                Err(error) => log::warn!("{}: {}", container.name, Chain(&error)),
            }
        }
        let nodes = inspects.values().map(|(container, inspect)| Node {
            name: &container.name,
            id: &container.id,
            labels: &container.labels,
            inspect,
        });
        Ok(edges_of(&nodes.collect::<Vec<_>>()))
    }

    /// What a container shares never changes, so that a stored look at it is as good as a new one.
    pub(super) async fn seen_inspect(
        &self,
        container: &Container,
    ) -> Result<Option<Value>, EngineError> {
        let stored = self.store.snapshots().container(&self.target(&container.name)).await?;
        match stored.filter(|snapshot| snapshot.container_id == container.id) {
            Some(snapshot) => Ok(Some(snapshot.inspect)),
            None => Ok(self.host.inspect_container(&container.id).await?),
        }
    }

    /// Waits for the turn of a container and of all that may go along with it.
    pub(super) async fn slot(
        &self,
        name: &ContainerName,
        reference: &ImageRef,
        (inventory, edges): (&Inventory, &BTreeSet<Edge>),
    ) -> Result<Slot, EngineError> {
        let Companions { sharers, dependents } = companions(edges, name, Mounts::Changed);
        let all = sharers.iter().filter_map(|name| inventory.containers.get(name));
        let mut references: Vec<_> =
            all.filter_map(|sharer| ImageRef::parse(&sharer.image).ok()).collect();
        references.push(reference.clone());
        let names = sharers.into_iter().chain(dependents).chain([name.clone()]).collect();
        let own = inventory.containers.get(name).is_some_and(|one| self.is_own(one));
        let slot = if own {
            self.limits.acquire_alone(names, &references).await
        } else {
            self.limits.acquire(names, &references).await
        };
        slot.map_err(EngineError::Busy)
    }

    /// Gathers what goes along with a container, or says why it cannot.
    pub(super) async fn company(&self, lead: &Lead<'_>) -> Result<Company, EngineError> {
        let Lead { job, inspect, .. } = lead;
        let mounts = match job.restored {
            Some(_) => Mounts::Changed,
            None => mounts(inspect, job.goal.config.as_ref()),
        };
        let Companions { sharers, dependents } = companions(job.edges, &job.container.name, mounts);
        let containers = lead.containers(&sharers);
        let pauses = match job.kind {
            OperationKind::Update if !sharers.is_empty() => {
                self.store.verdicts().pauses(self.host.id()).await?
            }
            _ => Vec::new(),
        };
        let mut company = Company::default();
        for name in &sharers {
            let Some(container) = job.inventory.containers.get(name) else { continue };
            lead.may_be_made_anew(container, self, &pauses)?;
            let inspect = self.inspect_of(container).await?;
            company.bind_sources.extend(preflight::bind_sources(&inspect, &inspect));
            company.sharers.push(self.sharer(lead, (container, &inspect), &containers).await?);
        }
        for name in &dependents {
            let Some(container) = job.inventory.containers.get(name) else { continue };
            if container.state == RunState::Paused || self.is_own(container) {
                company.warnings.push(format!("{name} is not restarted with it"));
            } else {
                let inspect = self.inspect_of(container).await?;
                company.bind_sources.extend(preflight::bind_sources(&inspect, &inspect));
                company.dependents.push(self.dependent(lead, container, &inspect));
            }
        }
        Ok(company)
    }

    async fn sharer(
        &self,
        lead: &Lead<'_>,
        (container, inspect): (&Container, &Value),
        containers: &BTreeMap<ContainerId, ContainerName>,
    ) -> Result<Sharer, EngineError> {
        let name = &container.name;
        let reference = ImageRef::parse(&container.image);
        let known_as = reference.as_ref().unwrap_or(&lead.job.goal.reference);
        let image = self.old_image(lead.job.inventory, (container, inspect), known_as).await?;
        let volume_sources = self.volume_sources(inspect, lead.job.inventory).await?;
        let made = restore(&Subject {
            inspect,
            mac_inspect: None,
            old_image: image.as_ref(),
            new_image: image.as_ref(),
            reference: known_as,
            engine: &lead.job.inventory.engine,
            operation: lead.operation,
            containers,
            volume_sources: &volume_sources,
            compose_image: None,
        })?;
        let policy = self.policy_of(container);
        let old = old_container(container, inspect, &policy);
        lead.may_be_brought_back(name, &old)?;
        let gates = gate::gates(inspect, &made.body, image.as_ref(), &policy);
        let (files, _) = self.carried(container, inspect).await?;
        Ok(Sharer {
            name: name.clone(),
            old,
            image: container.image_id.clone(),
            awaits: awaited(lead.job.edges, name).cloned().collect(),
            retag: reference.ok().and_then(|reference| lead.retag(&reference, &container.image_id)),
            replacement: making(made, files),
            gate: gates.new,
            old_gate: gates.old,
        })
    }

    fn dependent(&self, lead: &Lead<'_>, container: &Container, inspect: &Value) -> Dependent {
        let policy = self.policy_of(container);
        let gates = gate::gates(inspect, &Value::Null, None, &policy);
        Dependent {
            name: container.name.clone(),
            old: old_container(container, inspect, &policy),
            image: container.image_id.clone(),
            awaits: awaited(lead.job.edges, &container.name).cloned().collect(),
            gate: gates.old,
        }
    }

    async fn inspect_of(&self, container: &Container) -> Result<Value, EngineError> {
        let inspect = self.host.inspect_container(&container.id).await?;
        inspect.ok_or_else(|| EngineError::Gone(container.name.clone()))
    }
}

impl Lead<'_> {
    /// Returns the other containers by the names that they will have when the new ones are made.
    fn containers(&self, sharers: &[ContainerName]) -> BTreeMap<ContainerId, ContainerName> {
        let replaced =
            |name: &ContainerName| *name == self.job.container.name || sharers.contains(name);
        let all = self.job.inventory.containers.values();
        let name = |one: &Container| {
            let new = || reserved_name(&one.name, "new", self.operation);
            if replaced(&one.name) { new() } else { one.name.clone() }
        };
        all.map(|one| (one.id.clone(), name(one))).collect()
    }

    /// Returns how a reference is made to mean the image that a sharer runs.
    fn retag(&self, reference: &ImageRef, image: &ImageId) -> Option<Retag> {
        if reference.digest().is_some() {
            return None; // it means one image for ever
        }
        let means = |tag: &String| ImageRef::parse(tag).is_ok_and(|tag| tag == *reference);
        let mut images = self.job.inventory.images.values();
        let now = images.find(|image| image.repo_tags.iter().any(means)).map(|image| &image.id);
        let is_moved = *reference == self.job.goal.reference;
        let then = if is_moved { Some(&self.job.goal.image.id) } else { now };
        let retag = || Retag { reference: reference.familiar(), back: then.cloned() };
        (then != Some(image)).then(retag)
    }

    fn refuse(&self, problem: String) -> EngineError {
        EngineError::Preflight { name: self.job.container.name.clone(), problem }
    }

    fn may_be_made_anew(
        &self,
        sharer: &Container,
        engine: &Engine,
        pauses: &[Pause],
    ) -> Result<(), EngineError> {
        let policy = engine.policy_of(sharer);
        let group = |policy: &Policy| policy.group.as_ref().map(|group| group.value.clone());
        let (group, of_lead) = (group(&policy), group(self.job.policy));
        // One that holds both was lifted for the one that leads.
        let pause = pauses.iter().map(|pause| (&pause.paused, &pause.said)).find(|(paused, _)| {
            paused.holds(&sharer.name, group.as_deref())
                && !paused.holds(&self.job.container.name, of_lead.as_deref())
        });
        let name = &sharer.name;
        let why = if engine.is_own(sharer) {
            "it is docker-auto itself; update this one by hand".to_owned()
        } else if let Some(reason) = left_out(&policy, sharer) {
            forbidden(&reason)
        } else if let Some((paused, said)) = pause {
            let what = text::of_paused(paused, Language::English);
            format!("{what} was paused by {}; resume it, or update both by hand", said.by)
        } else if let Some(foreign) = Foreign::recognise(name, &sharer.labels) {
            format!("it is {foreign}")
        } else if sharer.state == RunState::Paused {
            format!("it is paused; `docker unpause {name}` first")
        } else {
            return Ok(());
        };
        Err(self.refuse(format!("{name} holds on to it and would have to be made anew, but {why}")))
    }

    /// The way back starts the old objects, which must be there for it.
    fn may_be_brought_back(
        &self,
        sharer: &ContainerName,
        old: &OldContainer,
    ) -> Result<(), EngineError> {
        let removed = self.inspect.pointer("/HostConfig/AutoRemove") == Some(&true.into());
        let vanishes = if removed { &self.job.container.name } else { sharer };
        if !removed && old.removal == Removal::Stays {
            return Ok(());
        }
        Err(self.refuse(format!(
            "{sharer} holds on to it, and {vanishes} is removed when it stops (--rm), so that there \
             would be no way back; make {vanishes} without --rm"
        )))
    }
}

/// Says which setting forbids to touch a container, and the cure.
fn forbidden(reason: &SkipReason) -> String {
    match reason {
        SkipReason::ModeOff(origin) | SkipReason::NotSelected(Unselected::Label(origin)) => {
            format!("{origin} forbids to touch it; change that, or update both by hand")
        }
        _ => reason.to_string(),
    }
}

/// Says whether the new image brings volumes that the old container does not mount.
fn mounts(inspect: &Value, new_config: Option<&Value>) -> Mounts {
    let config =
        new_config.and_then(|config| config.get("config").or_else(|| config.get("Config")));
    let volumes = config.and_then(|config| config.get("Volumes")).and_then(Value::as_object);
    let mounted = inspect.get("Mounts").and_then(Value::as_array).into_iter().flatten();
    let mounted: BTreeSet<_> =
        mounted.filter_map(|mount| mount.get("Destination")?.as_str()).collect();
    let mut volumes = volumes.into_iter().flat_map(|volumes| volumes.keys());
    let same = volumes.all(|volume| mounted.contains(volume.trim_end_matches('/')));
    if same { Mounts::Same } else { Mounts::Changed }
}

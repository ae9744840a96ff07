//! What goes along with a container that is replaced: gathered before anything happens, or refused.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::core::dependency::{
    Companions, Edge, Mounts, Node, awaited, companions, edges as edges_of,
};
use crate::core::id::{ContainerId, ContainerName, ImageId, OperationId};
use crate::core::inventory::{Container, Inventory};
use crate::core::plan::OperationKind;
use crate::core::plan::blueprint::{Dependent, OldContainer, Removal, Rerun, Retag, Sharer};
use crate::core::plan::recreate::reserved_name;
use crate::core::recreate::{Subject, restore};
use crate::core::reference::ImageRef;
use crate::engine::limits::Slot;
use crate::engine::prepare::{Job, making, old_container};
use crate::engine::reruns::asking;
use crate::engine::staying::along;
use crate::engine::way::Way;
use crate::engine::{Engine, EngineError, gate, preflight};
use crate::logging::Chain;
use crate::store::Snapshot;

/// The part of a blueprint that is about others.
#[derive(Default)]
pub(super) struct Company {
    pub(super) sharers: Vec<Sharer>,
    pub(super) dependents: Vec<Dependent>,
    pub(super) reruns: Vec<Rerun>,
    /// What the engine shows of those that are run again.
    pub(super) rerun_inspects: Vec<(ContainerName, Value)>,
    pub(super) warnings: Vec<String>,
    /// The host's paths that they bind, whose absence the engine would hide.
    pub(super) bind_sources: BTreeSet<String>,
}

/// What a container shares.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) inspect: Value,
    /// Those that it needs by ID, with the names under which they were seen last.
    pub(super) parents: BTreeMap<ContainerId, ContainerName>,
}

/// The update that others go along with.
pub(super) struct Lead<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) inspect: &'a Value,
    pub(super) operation: &'a OperationId,
    /// How the engine is reached.
    pub(super) way: &'a Way,
}

impl Engine {
    /// Returns who needs whom on the host.
    pub(super) async fn edges(&self, inventory: &Inventory) -> Result<BTreeSet<Edge>, EngineError> {
        let mut seen = Vec::new();
        for container in inventory.containers.values().filter(|one| !one.name.is_reserved()) {
            match self.seen(container, inventory).await {
                Ok(found) => seen.extend(found.map(|found| (container, found))),
                Err(error) if error.is_unreachable() => return Err(error),
                // One that the engine cannot show holds up no other.
                Err(error) => log::warn!("{}: {}", container.name, Chain(&error)),
            }
        }
        let nodes = seen.iter().map(|(container, seen)| Node {
            name: &container.name,
            id: &container.id,
            labels: &container.labels,
            inspect: &seen.inspect,
            remembered: &seen.parents,
        });
        Ok(edges_of(&nodes.collect::<Vec<_>>()))
    }

    /// What a container shares never changes, so that a stored look at it is as good as a new one.
    pub(super) async fn seen(
        &self,
        container: &Container,
        inventory: &Inventory,
    ) -> Result<Option<Seen>, EngineError> {
        let stored = self.store.snapshots().container(&self.target(&container.name)).await?;
        let seen = match stored.filter(|snapshot| snapshot.container_id == container.id) {
            Some(snapshot) => Some(snapshot),
            None => self.first_seen(container, inventory).await?,
        };
        Ok(seen.map(|Snapshot { inspect, parents, .. }| Seen { inspect, parents }))
    }

    /// Returns what was seen first of who has a name, and of who had it before.
    pub(super) async fn earlier(&self, name: &ContainerName) -> Result<Option<Value>, EngineError> {
        let stored = self.store.snapshots().container(&self.target(name)).await?;
        Ok(stored.map(Snapshot::into_first))
    }

    /// Waits for the turn of a container and of all that may go along with it.
    pub(super) async fn slot(
        &self,
        name: &ContainerName,
        reference: &ImageRef,
        (inventory, edges): (&Inventory, &BTreeSet<Edge>),
    ) -> Result<Slot, EngineError> {
        let Companions { sharers, dependents } =
            companions(edges, name, Mounts::Changed, &BTreeSet::new());
        let reruns = asking(inventory, edges, name);
        let made = sharers.iter().chain(&reruns).filter_map(|name| inventory.containers.get(name));
        let references = made.filter_map(|one| ImageRef::parse(&one.image).ok());
        let mut turns: BTreeSet<_> = references.map(|it| it.name()).collect();
        turns.insert(reference.name());
        let container = inventory.containers.get(name);
        turns.extend(container.and_then(|container| self.file_turn(container, reference)));
        let names = sharers.into_iter().chain(dependents).chain(reruns).chain([name.clone()]);
        let names = names.collect();
        let own = container.is_some_and(|one| self.is_own(one));
        let slot = if own {
            self.limits.acquire_alone(names, turns).await
        } else {
            self.limits.acquire(names, turns).await
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
        let all = companions(job.edges, &job.container.name, mounts, &BTreeSet::new());
        let pauses = match job.kind {
            OperationKind::Update => self.store.verdicts().pauses(self.host.id()).await?,
            OperationKind::Rollback => Vec::new(),
        };
        let (staying, warnings) = self.staying(lead, &all.dependents, &pauses).await?;
        let Companions { sharers, dependents } =
            companions(job.edges, &job.container.name, mounts, &staying);
        let containers = lead.containers(&sharers);
        let mut company = Company { warnings, ..Company::default() };
        company.warnings.extend(along(&all.dependents, &dependents, &staying));
        for name in &sharers {
            let Some(container) = job.inventory.containers.get(name) else { continue };
            if let Some(why) = self.hands_off(lead, container, &pauses, "update both by hand") {
                return Err(lead.refuse_remake(name, &why));
            }
            let inspect = self.inspect_of(container).await?;
            company.bind_sources.extend(preflight::bind_sources(&inspect, &inspect));
            let (sharer, lost) = self.sharer(lead, (container, &inspect), &containers).await?;
            company.sharers.push(sharer);
            company.warnings.extend(lost.into_iter().map(|lost| format!("{name}: {lost}")));
        }
        for name in &dependents {
            let Some(container) = job.inventory.containers.get(name) else { continue };
            let inspect = self.inspect_of(container).await?;
            company.bind_sources.extend(preflight::bind_sources(&inspect, &inspect));
            let ailment = gate::ailment(&inspect, self.clock.now());
            let warning = ailment.map(|ailment| format!("{name}: {}", unasked(ailment)));
            company.warnings.extend(warning);
            company.dependents.push(self.dependent(lead, (container, &inspect), ailment));
        }
        self.add_reruns(lead, &containers, &pauses, &mut company).await?;
        Ok(company)
    }

    async fn sharer(
        &self,
        lead: &Lead<'_>,
        (container, inspect): (&Container, &Value),
        containers: &BTreeMap<ContainerId, ContainerName>,
    ) -> Result<(Sharer, Vec<String>), EngineError> {
        let name = &container.name;
        let reference = ImageRef::parse(&container.image);
        let known_as = reference.as_ref().unwrap_or(&lead.job.goal.reference);
        let image = self.old_image(lead.job.inventory, (container, inspect), known_as).await?;
        let earlier = self.earlier(name).await?;
        let inventory = lead.job.inventory;
        let remembered = self.parents((container, inspect), inventory).await?;
        let volume_sources = self.volume_sources(inspect, (inventory, &remembered)).await?;
        let mut made = restore(&Subject {
            inspect,
            mac_inspect: None,
            earlier: earlier.as_ref(),
            old_image: image.as_ref(),
            new_image: image.as_ref(),
            reference: known_as,
            engine: &lead.job.inventory.engine,
            operation: lead.operation,
            containers,
            remembered: &remembered,
            volume_sources: &volume_sources,
            compose_image: None,
        })?;
        let policy = self.policy_of(container);
        let old = old_container(container, inspect, &policy);
        lead.may_be_brought_back(name, &old)?;
        lead.has_what_it_names(name, &made.body)?;
        let ailment = gate::ailment(inspect, self.clock.now());
        let gates = gate::gates(inspect, &made.body, image.as_ref(), &policy).of_companion(ailment);
        let (files, mut lost) = self.carried(container, inspect).await?;
        lost.extend(ailment.map(unasked));
        lost.append(&mut made.warnings);
        let sharer = Sharer {
            name: name.clone(),
            old,
            image: container.image_id.clone(),
            awaits: awaited(lead.job.edges, name).cloned().collect(),
            retag: reference.ok().and_then(|reference| lead.retag(&reference, &container.image_id)),
            replacement: making(made, files),
            gate: gates.new,
            old_gate: gates.old,
        };
        Ok((sharer, lost))
    }

    fn dependent(
        &self,
        lead: &Lead<'_>,
        (container, inspect): (&Container, &Value),
        ailment: Option<&str>,
    ) -> Dependent {
        let policy = self.policy_of(container);
        let gates = gate::gates(inspect, &Value::Null, None, &policy).of_companion(ailment);
        Dependent {
            name: container.name.clone(),
            old: old_container(container, inspect, &policy),
            image: container.image_id.clone(),
            awaits: awaited(lead.job.edges, &container.name).cloned().collect(),
            gate: gates.old,
        }
    }

    pub(super) async fn inspect_of(&self, container: &Container) -> Result<Value, EngineError> {
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

    /// Returns the image that a reference means here.
    pub(super) fn means(&self, reference: &ImageRef) -> Option<&ImageId> {
        self.job.inventory.meaning(reference)
    }

    /// Returns how a reference is made to mean the image that a sharer runs.
    pub(super) fn retag(&self, reference: &ImageRef, image: &ImageId) -> Option<Retag> {
        if reference.digest().is_some() {
            return None; // it means one image for ever
        }
        let now = self.means(reference);
        let is_moved = *reference == self.job.goal.reference;
        let then = if is_moved { Some(&self.job.goal.image.id) } else { now };
        let retag = || Retag { reference: reference.familiar(), back: then.cloned() };
        (then != Some(image)).then(retag)
    }

    pub(super) fn refuse(&self, problem: String) -> EngineError {
        EngineError::Preflight { name: self.job.container.name.clone(), problem }
    }

    /// Refuses one that could not be made anew, whose end would cost it for nothing.
    fn has_what_it_names(&self, sharer: &ContainerName, body: &Value) -> Result<(), EngineError> {
        let missing = preflight::missing(body, self.job.inventory);
        missing.map_or(Ok(()), |what| Err(self.refuse_remake(sharer, &what)))
    }

    fn refuse_remake(&self, sharer: &ContainerName, why: &str) -> EngineError {
        self.refuse(format!("{sharer} holds on to it and would have to be made anew, but {why}"))
    }

    /// The way back starts the old objects, which must be there for it.
    fn may_be_brought_back(
        &self,
        sharer: &ContainerName,
        old: &OldContainer,
    ) -> Result<(), EngineError> {
        let removed = Removal::of(self.inspect) == Removal::Automatic;
        let vanishes = if removed { &self.job.container.name } else { sharer };
        if !removed && old.removal == Removal::Stays {
            return Ok(());
        }
        Err(self.refuse(format!(
            "{sharer} holds on to it, and {vanishes} is removed when it stops (--rm): no object would \
             be left to go back to, and one made anew is another one to those that hold on to it; \
             make {vanishes} without --rm"
        )))
    }
}

/// Says what an ailment of one that goes along means for the others.
fn unasked(ailment: &str) -> String {
    format!("{ailment}, so that whether it is well afterwards decides nothing")
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

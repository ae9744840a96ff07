//! Containers that end by themselves and are run again before one that needs them done is replaced:
//! gathered before anything happens, or refused.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use crate::core::dependency::{Edge, RERUN, completed, rerun};
use crate::core::digest::Digest;
use crate::core::health::{ExitZero, HealthGate, Requirement, Restarts};
use crate::core::id::{ContainerId, ContainerName, ImageId};
use crate::core::inventory::{Container, Inventory};
use crate::core::plan::OperationKind;
use crate::core::plan::blueprint::{Removal, Rerun, Retag, Source};
use crate::core::recreate::{ComposeImage, ImageIdentity, Subject, recreate, restore};
use crate::core::reference::ImageRef;
use crate::core::verdict::Pause;
use crate::engine::companions::{Company, Lead};
use crate::engine::prepare::{making, old_container};
use crate::engine::{Engine, EngineError, preflight};

/// What a container is run on.
struct Next {
    image: ImageId,
    manifest: Option<Digest>,
    reference: ImageRef,
    config: Option<Value>,
    retag: Option<Retag>,
}

/// Returns those of which a container needs the end, as far as they may ask to be run again.
pub(super) fn asking(
    inventory: &Inventory,
    edges: &BTreeSet<Edge>,
    name: &ContainerName,
) -> Vec<ContainerName> {
    let asks = |name: &ContainerName| {
        let container = inventory.containers.get(name);
        container.is_some_and(|container| container.labels.contains_key(RERUN))
    };
    completed(edges, name).into_iter().filter(asks).collect()
}

impl Engine {
    /// Adds those that are run again before an update, or says why they cannot be.
    pub(super) async fn add_reruns(
        &self,
        lead: &Lead<'_>,
        containers: &BTreeMap<ContainerId, ContainerName>,
        pauses: &[Pause],
        company: &mut Company,
    ) -> Result<(), EngineError> {
        let job = lead.job;
        if job.kind == OperationKind::Rollback {
            return Ok(()); // nobody knows the way back of what they did
        }
        for name in asking(job.inventory, job.edges, &job.container.name) {
            let Some(container) = job.inventory.containers.get(&name) else { continue };
            let Some(timeout) = lead.asked(container)? else { continue };
            let inspect = self.inspect_of(container).await?;
            self.may_be_run(lead, (container, &inspect), pauses, company)?;
            company.bind_sources.extend(preflight::bind_sources(&inspect, &inspect));
            let found = (container, &inspect, timeout);
            let (rerun, lost) = Box::pin(self.rerun(lead, found, containers)).await?;
            company.reruns.push(rerun);
            company.warnings.extend(lost.into_iter().map(|lost| format!("{name}: {lost}")));
            company.rerun_inspects.push((name, inspect));
        }
        Ok(())
    }

    async fn rerun(
        &self,
        lead: &Lead<'_>,
        (container, inspect, timeout): (&Container, &Value, Duration),
        containers: &BTreeMap<ContainerId, ContainerName>,
    ) -> Result<(Rerun, Vec<String>), EngineError> {
        let inventory = lead.job.inventory;
        let next = self.next_of(lead, container).await?;
        let old_image = self.old_image(inventory, (container, inspect), &next.reference).await?;
        let compose_image = compose_image(lead, container, &next);
        let earlier = self.earlier(&container.name).await?;
        let remembered = self.parents((container, inspect), inventory).await?;
        let volume_sources = self.volume_sources(inspect, (inventory, &remembered)).await?;
        let subject = Subject {
            inspect,
            mac_inspect: None,
            earlier: earlier.as_ref(),
            old_image: old_image.as_ref(),
            new_image: next.config.as_ref(),
            reference: &next.reference,
            engine: &inventory.engine,
            operation: lead.operation,
            containers,
            remembered: &remembered,
            volume_sources: &volume_sources,
            compose_image: Some(&compose_image),
        };
        let stays = next.image == container.image_id;
        let mut made = if stays { restore(&subject)? } else { recreate(&subject)? };
        preflight::check(&container.name, &made.body, inventory)?;
        let (files, mut lost) = self.carried(container, inspect).await?;
        lost.append(&mut made.warnings);
        let rerun = Rerun {
            name: container.name.clone(),
            old: old_container(container, inspect, &self.policy_of(container)),
            image: container.image_id.clone(),
            new_image: next.image,
            retag: next.retag,
            replacement: making(made, files),
            gate: until_its_end(timeout),
        };
        Ok((rerun, lost))
    }

    /// One that follows the same image moves with it; any other one is run on what its own reference
    /// means here, which somebody has brought.
    async fn next_of(&self, lead: &Lead<'_>, container: &Container) -> Result<Next, EngineError> {
        let goal = &lead.job.goal;
        let reference = ImageRef::parse(&container.image).ok();
        let own = || Next {
            image: container.image_id.clone(),
            manifest: None,
            reference: reference.clone().unwrap_or_else(|| goal.reference.clone()),
            config: None,
            retag: None,
        };
        let Some(followed) = &reference else { return Ok(own()) };
        if ImageRef::parse(&lead.job.container.image).is_ok_and(|main| main == *followed) {
            return Ok(Next {
                image: goal.image.id.clone(),
                manifest: goal.image.manifest.clone(),
                reference: goal.reference.clone(),
                config: goal.config.clone(),
                retag: None,
            });
        }
        match lead.means(followed) {
            Some(id) if *id != container.image_id => {
                let found = self.local_goal(followed, id, Source::Local).await?;
                Ok(Next { image: id.clone(), config: found.config, ..own() })
            }
            _ => Ok(Next { retag: lead.retag(followed, &container.image_id), ..own() }),
        }
    }

    fn may_be_run(
        &self,
        lead: &Lead<'_>,
        (container, inspect): (&Container, &Value),
        pauses: &[Pause],
        company: &Company,
    ) -> Result<(), EngineError> {
        let name = &container.name;
        let old = old_container(container, inspect, &self.policy_of(container));
        let why = if let Some(why) = self.hands_off(lead, container, pauses, "update both by hand")
        {
            why
        } else if container.state.is_up() {
            "it is running: wait until it has ended".to_owned()
        } else if old.removal == Removal::Automatic {
            format!("it is removed when it ends (--rm); make {name} without that")
        } else if company.sharers.iter().any(|sharer| sharer.name == *name) {
            "it holds on to it (a namespace, a link or its volumes), and the new one is not up by \
             then; make it without that"
                .to_owned()
        } else {
            return Ok(());
        };
        Err(lead.refuse(format!("{name} is to be run again before it ({RERUN}), but {why}")))
    }
}

impl Lead<'_> {
    /// A word that cannot be read was meant to change what an update does.
    fn asked(&self, container: &Container) -> Result<Option<Duration>, EngineError> {
        let text = container.labels.get(RERUN).map_or("false", String::as_str);
        rerun(text).map_err(|cure| {
            self.refuse(format!("the label {RERUN}={text} of {}: {cure}", container.name))
        })
    }
}

fn until_its_end(timeout: Duration) -> HealthGate {
    HealthGate {
        timeout,
        stable: Duration::ZERO,
        require: Requirement::Completed,
        exit_zero: ExitZero::Finished,
        restarts: Restarts::WhileWatched,
        probes: Vec::new(),
        soak: Duration::ZERO,
    }
}

fn compose_image(lead: &Lead<'_>, container: &Container, next: &Next) -> ComposeImage {
    let same = container.image_id == lead.job.container.image_id;
    let manifest = lead.job.goal.old_manifest.clone().filter(|_| same);
    ComposeImage {
        old: ImageIdentity { id: container.image_id.clone(), manifest },
        new: ImageIdentity { id: next.image.clone(), manifest: next.manifest.clone() },
    }
}

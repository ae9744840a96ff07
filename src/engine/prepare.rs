//! Gathers everything that a plan is made from, before anything happens.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use crate::core::backup::KeptVolume;
use crate::core::carry::{Carried, Nature};
use crate::core::compose::edit::FileChange;
use crate::core::dependency::{Edge, recall, volume_owners};
use crate::core::digest::Digest;
use crate::core::hook::Hooks;
use crate::core::id::{ContainerId, ContainerName, ImageId, OperationId};
use crate::core::inventory::{Container, Inventory};
use crate::core::plan::blueprint::{Blueprint, Data, Making, OldContainer, Removal};
use crate::core::plan::recreate::{plan_rollback, plan_update};
use crate::core::plan::{ImageSummary, OperationKind, Trigger, UpdatePlan};
use crate::core::policy::Policy;
use crate::core::probe::Vantage;
use crate::core::recreate::{
    ComposeImage, ImageIdentity, Recreation, Subject, first_look, recreate, repoint, restore,
    settings_mark,
};
use crate::core::reference::ImageRef;
use crate::core::retention::ImageCare;
use crate::engine::backup::DataCare;
use crate::engine::companions::{Company, Lead};
use crate::engine::goal::{Goal, version};
use crate::engine::restore::KeptBackup;
use crate::engine::retention::is_taken;
use crate::engine::{Engine, EngineError, composed, gate, preflight};
use crate::store::{ImageSnapshot, Snapshot};

/// The engine's own patience with a container that does not say how long it needs to stop.
const DEFAULT_STOP_SECONDS: u64 = 10;
/// Even who may take for ever is not waited for any longer.
const LONGEST_STOP: Duration = Duration::from_hours(24);

/// One container that shall be moved to another image.
pub(super) struct Job<'a> {
    pub(super) container: &'a Container,
    pub(super) inventory: &'a Inventory,
    pub(super) policy: &'a Policy,
    pub(super) goal: Goal,
    pub(super) kind: OperationKind,
    pub(super) trigger: Trigger,
    /// Who needs whom.
    pub(super) edges: &'a BTreeSet<Edge>,
    /// The backup that is restored with it.
    pub(super) restored: Option<&'a KeptBackup>,
}

/// What was found out for a job.
struct Gathered {
    inspect: Value,
    old_image: ImageSummary,
    operation: OperationId,
    replacement: Recreation,
    restoration: Recreation,
    /// From where probes are asked; `None` where they are not.
    vantage: Option<Vantage>,
    company: Company,
    files: Vec<Carried>,
    lost: Vec<String>,
    image_care: ImageCare,
    care: DataCare,
    /// What is written into its Compose file.
    file: Option<FileChange>,
}

impl Engine {
    /// Returns the complete plan of a job; touches nothing.
    pub(super) async fn plan_job(&self, job: Job<'_>) -> Result<UpdatePlan, EngineError> {
        let name = &job.container.name;
        self.may_replace(job.container).await?;
        let inspect = self.inspect_of(job.container).await?;
        let old_image =
            self.old_image(job.inventory, (job.container, &inspect), &job.goal.reference).await?;
        let earlier = self.earlier(name).await?;
        let remembered = self.parents((job.container, &inspect), job.inventory).await?;
        let seen = (&inspect, first_look(earlier.as_ref(), &inspect));
        self.remember(&job, seen, &remembered, old_image.as_ref()).await?;
        let operation = new_operation(job.inventory);
        let containers = others(job.inventory, name);
        let volume_sources = self.volume_sources(&inspect, (job.inventory, &remembered)).await?;
        let compose_image = compose_image(&job);
        let subject = Subject {
            inspect: &inspect,
            mac_inspect: None,
            earlier: earlier.as_ref(),
            old_image: old_image.as_ref(),
            new_image: job.goal.config.as_ref(),
            reference: &job.goal.reference,
            engine: &job.inventory.engine,
            operation: &operation,
            containers: &containers,
            remembered: &remembered,
            volume_sources: &volume_sources,
            compose_image: Some(&compose_image),
        };
        let mut replacement = recreate(&subject)?;
        let restoration = restore(&subject)?;
        preflight::check(name, &replacement.body, job.inventory)?;
        let (vantage, unasked) = self.vantage_of(&job, &inspect).await?;
        let way = self.way().await?;
        let lead = Lead { job: &job, inspect: &inspect, operation: &operation, way: &way };
        let company = Box::pin(self.company(&lead)).await?;
        let care = self.data_care(&lead, &company).await?;
        place(&care.data, &mut replacement, &inspect)
            .map_err(|places| EngineError::Unplaceable { name: name.clone(), places })?;
        let (files, mut lost) = self.layer(job.container, &inspect, unasked).await?;
        let file = self.written(&job, &mut replacement, &mut lost).await;
        let image_care = self.image_care(&job, &operation).await?;
        let (kind, old_image) = (job.kind, summary_of_old(&job, old_image.as_ref()));
        let anonymous =
            self.anonymous((name, &inspect), &replacement.anonymous, &care.data).await?;
        let gathered = Gathered {
            inspect,
            old_image,
            operation,
            replacement,
            restoration,
            vantage,
            company,
            files,
            lost,
            image_care,
            care,
            file,
        };
        Ok(UpdatePlan { anonymous, ..lay_out(kind, self.blueprint(job, gathered)) })
    }

    /// Returns what is carried from a container's own layer, and what is lost with it and is not asked.
    async fn layer(
        &self,
        container: &Container,
        inspect: &Value,
        unasked: impl IntoIterator<Item = String>,
    ) -> Result<(Vec<Carried>, Vec<String>), EngineError> {
        let (files, mut lost) = self.carried(container, inspect).await?;
        lost.extend(unasked);
        lost.extend(composed::without_hooks(&container.labels).await);
        Ok((files, lost))
    }

    fn blueprint(&self, job: Job<'_>, gathered: Gathered) -> Blueprint {
        let Gathered {
            inspect,
            old_image,
            operation,
            replacement,
            restoration,
            vantage,
            mut company,
            files,
            lost,
            image_care,
            care,
            file,
        } = gathered;
        let mut warnings = job.goal.warnings;
        warnings.extend(care.warnings);
        warnings.extend(company.warnings);
        warnings.extend(lost);
        warnings.extend(replacement.warnings.iter().cloned());
        company.bind_sources.extend(preflight::bind_sources(&inspect, &replacement.body));
        let restoration = making(restoration, files.clone());
        let old = old_container(job.container, &inspect, job.policy);
        warnings.extend(last_words(&old, &files));
        let helper = self.helper(job.container, &restoration, &operation);
        let gates = gate::gates(&inspect, &replacement.body, job.goal.config.as_ref(), job.policy)
            .probing(&job.container.labels, vantage.as_ref());
        let gates = if helper.is_some() { gates.of_ourselves(job.policy) } else { gates };
        let leaves = left(job.container, &job.goal.reference);
        Blueprint {
            leaves,
            operation,
            trigger: job.trigger,
            target: self.target(&job.container.name),
            reference: job.goal.reference,
            old,
            old_image,
            new_image: job.goal.image,
            source: job.goal.source,
            bind_sources: company.bind_sources,
            differences: replacement.differences.clone(),
            replacement: making(replacement, files),
            restoration,
            gate: gates.new,
            old_gate: gates.old,
            retention: self.settings.retention_of(job.container),
            image_care,
            warnings,
            sharers: company.sharers,
            dependents: company.dependents,
            reruns: company.reruns,
            hooks: hooks(job.kind, job.container),
            data: care.data,
            file,
            helper,
        }
    }

    /// Stores what the engine shows now, for the day when the image is gone.
    async fn remember(
        &self,
        job: &Job<'_>,
        (inspect, first): (&Value, Value),
        parents: &BTreeMap<ContainerId, ContainerName>,
        old_image: Option<&Value>,
    ) -> Result<(), EngineError> {
        let seen_at = self.clock.now();
        let image_id = &job.container.image_id;
        let container = Snapshot {
            name: job.container.name.clone(),
            container_id: job.container.id.clone(),
            image_id: image_id.clone(),
            seen_at,
            inspect: inspect.clone(),
            parents: parents.clone(),
            first,
        };
        let image = old_image.map(|inspect| ImageSnapshot {
            image_id: image_id.clone(),
            seen_at,
            inspect: inspect.clone(),
        });
        let images = image.into_iter().collect();
        let host = self.host.id();
        Ok(self.store.snapshots().record(host, vec![container], images).await?)
    }

    pub(super) async fn volume_sources(
        &self,
        inspect: &Value,
        (inventory, remembered): (&Inventory, &BTreeMap<ContainerId, ContainerName>),
    ) -> Result<Vec<Value>, EngineError> {
        let named = |name: &str| inventory.meant(&ContainerName::new(name));
        let mut sources = Vec::new();
        for owner in volume_owners(inspect) {
            let owner = ContainerName::from_engine(owner);
            let replaced = || named(recall(owner.as_str(), remembered)?.as_str());
            let found = inventory.meant(&owner).or_else(|| named(owner.home())).or_else(replaced);
            if let Some(other) = found {
                sources.extend(self.host.inspect_container(&other.id).await?);
            }
        }
        Ok(sources)
    }
}

fn lay_out(kind: OperationKind, blueprint: Blueprint) -> UpdatePlan {
    match kind {
        OperationKind::Update => plan_update(blueprint),
        OperationKind::Rollback => plan_rollback(blueprint),
    }
}

/// Returns the reference that a container leaves for one with another tag.
pub(super) fn left(container: &Container, reference: &ImageRef) -> Option<ImageRef> {
    let old = ImageRef::parse(&container.image).ok()?;
    let moves = old.same_repository(reference) && old.tag() != reference.tag();
    (moves && old.tag().is_some()).then_some(old)
}

/// Of one that the engine removes nothing can be had once it is down.
fn last_words(old: &OldContainer, files: &[Carried]) -> Option<String> {
    let living = files.iter().filter(|file| file.nature == Nature::Living);
    let paths: Vec<_> = living.map(|file| file.path.as_str()).collect();
    let vanishes = old.removal == Removal::Automatic && old.state.is_up();
    (vanishes && !paths.is_empty()).then(|| {
        format!(
            "{} is copied right before it is stopped: what it writes there while it ends goes with it, \
             as it is removed when it stops (--rm)",
            paths.join(", ")
        )
    })
}

/// Points the body to the data that is restored; an error names the places that it does not come to.
fn place(data: &Data, replacement: &mut Recreation, inspect: &Value) -> Result<(), Vec<String>> {
    let Data::Restored(restored) = data else { return Ok(()) };
    let wrong = repoint(&mut replacement.body, &restored.mounts);
    KeptVolume::lay(&restored.kept, &mut replacement.body);
    replacement.differences.extend(restored.differences(inspect));
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Returns a new operation whose six digits are free on the host.
pub(super) fn new_operation(inventory: &Inventory) -> OperationId {
    loop {
        let operation = OperationId::new(Uuid::now_v7().to_string());
        if !is_taken(inventory, &operation) {
            return operation;
        }
    }
}

/// The commands of a version that somebody wants to leave must not stand in the way.
fn hooks(kind: OperationKind, container: &Container) -> Hooks {
    match kind {
        OperationKind::Update => Hooks::of(&container.labels),
        OperationKind::Rollback => Hooks::default(),
    }
}

fn others(inventory: &Inventory, name: &ContainerName) -> BTreeMap<ContainerId, ContainerName> {
    let others = inventory.containers.values().filter(|other| other.name != *name);
    others.map(|other| (other.id.clone(), other.name.clone())).collect()
}

pub(super) fn making(recreation: Recreation, files: Vec<Carried>) -> Making {
    let Recreation { body, platform, connects, .. } = recreation;
    Making { body, platform, connects, files }
}

pub(super) fn old_container(
    container: &Container,
    inspect: &Value,
    policy: &Policy,
) -> OldContainer {
    let own = inspect.pointer("/Config/StopTimeout").and_then(Value::as_i64);
    let asked = policy.stop_timeout.as_ref().map(|timeout| timeout.value);
    OldContainer {
        id: container.id.clone(),
        state: container.state,
        settings: Some(settings_mark(inspect)),
        restart_policy: inspect
            .pointer("/HostConfig/RestartPolicy")
            .cloned()
            .unwrap_or_else(|| serde_json::json!({"Name": "no"})),
        removal: Removal::of(inspect),
        stop_timeout: asked,
        grace: asked.unwrap_or_else(|| grace(own)).min(LONGEST_STOP),
    }
}

/// A negative time means: as long as it takes.
fn grace(own: Option<i64>) -> Duration {
    let seconds = own.map_or(Ok(DEFAULT_STOP_SECONDS), u64::try_from);
    seconds.map_or(LONGEST_STOP, Duration::from_secs)
}

/// Returns what Compose knows the two images by.
fn compose_image(job: &Job<'_>) -> ComposeImage {
    let identity = |id: &ImageId, manifest: &Option<Digest>| ImageIdentity {
        id: id.clone(),
        manifest: manifest.clone(),
    };
    ComposeImage {
        old: identity(&job.container.image_id, &job.goal.old_manifest),
        new: identity(&job.goal.image.id, &job.goal.image.manifest),
    }
}

fn summary_of_old(job: &Job<'_>, inspect: Option<&Value>) -> ImageSummary {
    let text = |path: &str| {
        inspect.and_then(|image| image.pointer(path)).and_then(Value::as_str).map(ToOwned::to_owned)
    };
    ImageSummary {
        id: job.container.image_id.clone(),
        digest: job.goal.old_digest.clone(),
        manifest: job.goal.old_manifest.clone(),
        version: text("/Config/Labels/org.opencontainers.image.version").as_deref().map(version),
        created_at: text("/Created").and_then(|created| created.parse().ok()),
        size_bytes: inspect.and_then(|image| image.get("Size")).and_then(Value::as_u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_has_the_time_to_stop_that_it_asks_for() {
        for (own, seconds) in
            [(None, 10), (Some(0), 0), (Some(90), 90), (Some(-1), 86_400), (Some(i64::MAX), 86_400)]
        {
            assert_eq!(grace(own).min(LONGEST_STOP).as_secs(), seconds, "{own:?}");
        }
    }
}

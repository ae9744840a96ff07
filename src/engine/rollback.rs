//! Moves a container back to what it ran before its last update.

use std::collections::BTreeSet;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::core::dependency::Edge;
use crate::core::history::{HistoryRecord, Status, WayBack};
use crate::core::id::{ContainerName, ImageId};
use crate::core::inventory::{Container, Inventory};
use crate::core::journal::Outcome;
use crate::core::plan::blueprint::{Retag, Source};
use crate::core::plan::{OperationKind, Trigger, UpdatePlan};
use crate::core::reference::ImageRef;
use crate::engine::command::{Extent, Operated, Progress};
use crate::engine::prepare::Job;
use crate::engine::restore::KeptBackup;
use crate::engine::{Engine, EngineError};
use crate::store::HistoryFilter;

impl Engine {
    /// Moves a container back, in a task of its own: dropping the receiver stops nothing.
    pub fn roll_back(&self, name: ContainerName, extent: Extent) -> UnboundedReceiver<Progress> {
        let engine = self.clone();
        self.follow("rollback", async move {
            engine.settled().await?;
            Ok(vec![Box::pin(engine.roll_back_one(&name, extent)).await?])
        })
    }

    async fn roll_back_one(
        &self,
        name: &ContainerName,
        extent: Extent,
    ) -> Result<Operated, EngineError> {
        let inventory = self.unless_stopped(Box::pin(self.discover())).await?;
        let container = inventory.meant(name);
        let container = container.ok_or_else(|| EngineError::Unknown(name.clone()))?;
        let name = &container.name;
        if let Some(reason) = self.way().await?.role(container).infrastructure() {
            let reason = reason.to_string();
            return Err(EngineError::NothingToPlan { name: name.clone(), reason });
        }
        let (update, way, backup) = match extent {
            Extent::Image => (self.last_update(container).await?, WayBack::Image, None),
            Extent::ImageAndData => {
                let (update, way, backup) = self.last_backup(container).await?;
                (update, way, Some(backup))
            }
        };
        let unrestored = match extent {
            Extent::Image => self.backup_of(&update).await,
            Extent::ImageAndData => None,
        };
        let update = update.plan.as_deref().ok_or_else(|| EngineError::NoWayBack(name.clone()))?;
        let edges = self.edges(&inventory).await?;
        let host = (&inventory, &edges);
        let slot = self.slot(name, update.old_reference(), host).await?;
        let plan = self.plan_back(host, container, (update, way, backup.as_ref())).await?;
        let plan = UpdatePlan { unrestored, ..plan };
        Ok(Operated { name: name.clone(), result: self.operate(plan, slot).await? })
    }

    /// Returns the update that brought the image that the container runs.
    async fn last_update(&self, container: &Container) -> Result<HistoryRecord, EngineError> {
        let filter = HistoryFilter {
            target: Some(self.target(&container.name)),
            status: Some(Status::Success),
            ..HistoryFilter::default()
        };
        let records = self.store.history().list(filter).await?;
        let brought = records.into_iter().find(|record| {
            record.kind == OperationKind::Update
                && record.outcome == Outcome::Updated
                && record.new_image_id == container.image_id
        });
        let no_way_back = || EngineError::NoWayBack(container.name.clone());
        let id = brought.ok_or_else(no_way_back)?.id;
        self.store.history().find(&id).await?.ok_or_else(no_way_back)
    }

    async fn plan_back(
        &self,
        (inventory, edges): (&Inventory, &BTreeSet<Edge>),
        container: &Container,
        (update, way, restored): (&UpdatePlan, WayBack, Option<&KeptBackup>),
    ) -> Result<UpdatePlan, EngineError> {
        let old = &update.old_image;
        let present = match way {
            WayBack::Image => &update.new_image,
            WayBack::Data => old,
        };
        let reference = match way {
            WayBack::Image => update.old_reference(),
            WayBack::Data => &followed(container, update),
        };
        let source = Source::Retag(way_back(inventory, reference, &old.id));
        let mut goal = self.local_goal(reference, &old.id, source).await?;
        goal.image.digest.clone_from(&old.digest);
        goal.image.manifest.clone_from(&old.manifest);
        goal.old_digest.clone_from(&present.digest);
        goal.old_manifest.clone_from(&present.manifest);
        self.plan_job(Job {
            container,
            inventory,
            policy: &self.policy_of(container),
            goal,
            kind: OperationKind::Rollback,
            trigger: Trigger::Manual,
            edges,
            restored,
        })
        .await
    }
}

/// Returns how a reference means again what it means now. One that means nothing is only taken away
/// from an image that has other names: with its last one, the image would go.
fn way_back(inventory: &Inventory, reference: &ImageRef, image: &ImageId) -> Option<Retag> {
    let back = inventory.meaning(reference).cloned();
    let named = inventory.images.get(image).is_some_and(|image| !image.repo_tags.is_empty());
    (back.is_some() || named).then(|| Retag { reference: reference.familiar(), back })
}

/// Where only the data goes back, the container keeps the reference that it has.
fn followed(container: &Container, update: &UpdatePlan) -> ImageRef {
    let present = ImageRef::parse(&container.image).ok();
    let present = present.filter(|present| present.same_repository(&update.reference));
    present.unwrap_or_else(|| update.old_reference().clone())
}

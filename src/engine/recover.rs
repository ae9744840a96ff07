//! Before anything else: what an earlier run left open is finished or taken back.

use std::time::Duration;

use crate::core::decision::left_out;
use crate::core::dependency::namespace_owners;
use crate::core::event::What;
use crate::core::id::{ContainerName, TargetId};
use crate::core::inventory::Inventory;
use crate::core::journal::Journal;
use crate::core::plan::UpdatePlan;
use crate::core::plan::repair::{Remains, plan_repair};
use crate::engine::execute::Begin;
use crate::engine::ourselves::Attendance;
use crate::engine::prepare::new_operation;
use crate::engine::{Engine, EngineError};
use crate::logging::Chain;
use crate::store::OpenOperation;

/// How long the containers of a lost operation are left as they are before they are taken for left.
const SETTLING: Duration = Duration::from_secs(20);

impl Engine {
    /// Goes on with every open operation, oldest first. New operations wait until this is done.
    ///
    /// # Errors
    ///
    /// When the journals cannot be listed: nobody knows what is open, and nothing new begins.
    pub async fn recover(&self) -> Result<(), EngineError> {
        self.recover_all().await?;
        self.recovered.send_replace(true);
        Ok(())
    }

    /// Waits until what an earlier run left open is dealt with; an engine that cannot be asked is
    /// told at once.
    pub(super) async fn settled(&self) -> Result<(), EngineError> {
        if !*self.recovered.borrow() {
            self.discover().await?;
        }
        let mut recovered = self.recovered.subscribe();
        tokio::select! {
            biased;
            // The sender lives as long as we do, so that the wait cannot end for its loss.
            _ = recovered.wait_for(|recovered| *recovered) => Ok(()),
            () = self.stop.cancelled() => Err(EngineError::Stopping),
        }
    }

    async fn recover_all(&self) -> Result<(), EngineError> {
        let listed = self.operations.list().await?;
        for unreadable in &listed.unreadable {
            log::error!(
                "the journal {} cannot be read: {}; it is kept, look at its containers and remove it",
                unreadable.path.display(),
                unreadable.reason
            );
            if let Some(name) = &unreadable.target {
                self.limits.block(name.clone());
            }
        }
        let (open, held) = (listed.open.len(), listed.held.len());
        let (ours, others): (Vec<_>, Vec<_>) =
            listed.open.into_iter().partition(|one| one.plan().has_helper() && !one.is_finished());
        // Dropped, they are free for the helper.
        let ours = ours.into_iter().map(|operation| operation.plan().clone());
        let ours: Vec<_> = ours.chain(listed.held).collect();
        self.follow_helpers(&ours).await?;
        for operation in others {
            let (id, name) = (operation.id().clone(), operation.plan().target.name.clone());
            if let Err(error) = self.take_up(operation).await {
                log::error!("operation {id} of {name} is over, but not filed: {}", Chain(&error));
            }
        }
        if open + held > 0 && !self.stop.is_cancelled() {
            log::info!("{open} interrupted operations are dealt with");
        }
        Ok(())
    }

    /// Waits for those that replace docker-auto itself.
    async fn follow_helpers(&self, plans: &[UpdatePlan]) -> Result<(), EngineError> {
        if !plans.is_empty() && self.settings.attendance == Attendance::Command {
            return Err(EngineError::BeingReplaced);
        }
        for plan in plans {
            log::info!("waiting for the helper: {}", plan.summary);
            self.follow_helper(plan).await?;
        }
        Ok(())
    }

    async fn take_up(&self, operation: OpenOperation) -> Result<(), EngineError> {
        if operation.is_finished() {
            return self.file(operation).await.map(drop);
        }
        let summary = format!("going on with what was interrupted: {}", operation.plan().summary);
        let (target, id) = (operation.plan().target.clone(), operation.id().clone());
        self.tell(target, Some(id), What::OperationStarted { summary });
        self.carry(operation, Begin::Resumed).await?;
        Ok(())
    }

    /// Deals with containers of operations that no journal knows, because the data directory was
    /// lost: the obvious case is repaired, everything else is told.
    pub async fn settle_leftovers(&self) -> Result<(), EngineError> {
        let first = self.repairs().await?;
        if !first.is_empty() {
            log::warn!(
                "an operation whose journal is lost has left a container down: it is repaired"
            );
            // Unless another docker-auto is in the middle of it.
            tokio::select! {
                () = self.clock.sleep(SETTLING) => {}
                () = self.stop.cancelled() => return Ok(()),
            }
            for plan in self.repairs().await? {
                if first.iter().any(|seen| seen.steps == plan.steps) {
                    self.repair(plan).await?;
                }
            }
        }
        report_leftovers(&self.discover().await?);
        Ok(())
    }

    async fn repair(&self, plan: UpdatePlan) -> Result<(), EngineError> {
        let started = What::OperationStarted { summary: plan.summary.clone() };
        self.tell(plan.target.clone(), Some(plan.operation.clone()), started);
        let operation = self.operations.create(plan).await?;
        self.carry(operation, Begin::Fresh).await.map(drop)
    }

    /// Returns what can be repaired, in the order in which it can start.
    async fn repairs(&self) -> Result<Vec<UpdatePlan>, EngineError> {
        let inventory = self.discover().await?;
        let mut repairs = Vec::new();
        for old in inventory.containers.keys() {
            repairs.extend(self.repair_of(old, &inventory).await?);
        }
        // Who lives in another one's namespaces cannot start before that one.
        repairs.sort_by_key(|(_, joins)| *joins);
        Ok(repairs.into_iter().map(|(plan, _)| plan).collect())
    }

    /// Returns the plan that brings back what is called `old` now, where there is no doubt about it,
    /// and whether that lives in another container's namespaces.
    async fn repair_of(
        &self,
        old: &ContainerName,
        inventory: &Inventory,
    ) -> Result<Option<(UpdatePlan, bool)>, EngineError> {
        let Some((base, "old", short)) = old.reserved_parts() else { return Ok(None) };
        let name = ContainerName::new(base);
        if self.limits.is_busy(&name) {
            return Ok(None); // its journal is there, though it may not be readable
        }
        let container = inventory.containers.get(old);
        if container.is_none_or(|it| left_out(&self.policy_of(it), it).is_some()) {
            return Ok(None); // another docker-auto's, perhaps
        }
        let Some(old) = self.host.find_container(old).await? else { return Ok(None) };
        let target = TargetId { host: inventory.host.clone(), name };
        let operation = new_operation(inventory);
        for place in [target.name.clone(), ContainerName::new(format!("{base}.da-new-{short}"))] {
            let Some(new) = self.host.find_container(&place).await? else { continue };
            let remains = Remains { target: &target, old: &old, new: &new };
            let joins = namespace_owners(&old).next().is_some();
            return Ok(plan_repair(&remains, &operation).map(|plan| (plan, joins)));
        }
        Ok(None)
    }
}

/// Names what is there of operations that no journal knows.
fn report_leftovers(inventory: &Inventory) {
    let leftovers = inventory.containers.keys().filter_map(ContainerName::reserved_parts);
    for (base, role, short) in leftovers.filter(|(_, role, _)| *role != "kept") {
        let present = inventory.containers.contains_key(&ContainerName::new(base));
        let cure = match (present, role) {
            (false, "old") => format!(
                "{base} is gone: `docker rename {base}.da-old-{short} {base}`, start it, and \
                 set its restart policy again if that is `no` now"
            ),
            _ => "look at it, and remove it when it is not needed".to_owned(),
        };
        log::error!(
            container = base;
            "{base}.da-{role}-{short} was left by an operation whose journal is lost; {cure}"
        );
    }
}

//! Before anything else: what an earlier run left open is finished or taken back.

use crate::core::event::What;
use crate::core::id::ContainerName;
use crate::core::journal::Journal;
use crate::core::plan::UpdatePlan;
use crate::engine::execute::Begin;
use crate::engine::ourselves::Attendance;
use crate::engine::{Engine, EngineError};
use crate::logging::Chain;
use crate::store::OpenOperation;

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

    /// Names containers of operations that no journal knows: the data directory was lost.
    pub async fn report_leftovers(&self) -> Result<(), EngineError> {
        let inventory = self.discover().await?;
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
        Ok(())
    }
}

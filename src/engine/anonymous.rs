//! Volumes that nobody named: remembered over updates, which have to name them, and removed when the
//! engine would have removed them had they stayed without a name.

use serde_json::Value;

use crate::core::anonymous::{Anonymous, Places, still_mounted};
use crate::core::id::ContainerName;
use crate::core::inventory::Inventory;
use crate::core::journal::{Journal as _, JournalEntry, Known};
use crate::core::plan::blueprint::Data;
use crate::engine::{Engine, EngineError};
use crate::logging::Chain;
use crate::store::OpenOperation;

impl Engine {
    /// Returns which of a container's volumes nobody named, beside those that show it.
    pub(super) async fn anonymous(
        &self,
        (name, inspect): (&ContainerName, &Value),
        shown: &Places,
        data: &Data,
    ) -> Result<Places, EngineError> {
        if matches!(data, Data::Restored(_)) {
            return Ok(Places::new()); // it is fresh volumes that it gets
        }
        let known = self.store.anonymous_volumes().of_host(self.host.id()).await?;
        let known = known.get(name).map(|known| still_mounted(&known.volumes, inspect));
        Ok(known.into_iter().flatten().chain(shown.clone()).collect())
    }

    /// Writes down what an operation that is over leaves; may be done again after a crash.
    pub(super) async fn remember_anonymous(
        &self,
        operation: &OpenOperation,
    ) -> Result<(), EngineError> {
        let (plan, entries) = (operation.plan(), operation.entries());
        let outcome = entries.iter().find_map(|entry| match entry {
            JournalEntry::Finished { outcome, .. } => Some(outcome),
            _ => None,
        });
        let Some(outcome) = outcome else { return Ok(()) };
        let mut before = self.store.anonymous_volumes().of_host(&plan.target.host).await?;
        let before = before.remove(&plan.target.name);
        let known = Known::of(plan, entries);
        if let Some(left) = Anonymous::left_by(plan, &known, outcome, before) {
            self.store.anonymous_volumes().put(&plan.target, left).await?;
        }
        Ok(())
    }

    /// Removes what containers with `--rm` have left since they ended. Nothing else is: who removes a
    /// container by hand says whether its volumes go with it.
    pub(super) async fn remove_left_over(&self, inventory: &Inventory) -> Result<(), EngineError> {
        let known = self.store.anonymous_volumes().of_host(self.host.id()).await?;
        for (name, known) in known {
            if self.is_over(&name, &known, inventory).await? {
                for volume in known.leave() {
                    self.remove_one(&name, volume).await?;
                }
                let none = Anonymous::default();
                self.store.anonymous_volumes().put(&self.target(&name), none).await?;
            }
        }
        Ok(())
    }

    /// Says whether a container has come to its end, and no operation is about to make it anew.
    async fn is_over(
        &self,
        name: &ContainerName,
        known: &Anonymous,
        inventory: &Inventory,
    ) -> Result<bool, EngineError> {
        if self.limits.is_busy(name) {
            return Ok(false);
        }
        let Some(id) = &known.goes_with else {
            return Ok(!inventory.containers.contains_key(name));
        };
        let there = inventory.containers.values().any(|container| container.id == *id);
        // It may have been made since the host was looked at.
        Ok(!there && self.host.inspect_container(id).await?.is_none())
    }

    /// One that somebody uses by its name is theirs from then on.
    async fn remove_one(&self, name: &ContainerName, volume: &str) -> Result<(), EngineError> {
        match self.host.remove_unused_volume(volume).await {
            Ok(true) => log::info!(
                action = "check", container = name.as_str();
                "{name} was removed when it stopped (--rm), and so is its volume {volume}"
            ),
            Ok(false) => {}
            Err(error) if error.is_unreachable() => return Err(error.into()),
            Err(error) => log::warn!("{name}: {}", Chain(&error)),
        }
        Ok(())
    }
}

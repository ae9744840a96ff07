//! The labels of other tools are understood as soon as a host was looked at.

use std::sync::PoisonError;

use crate::core::foreign::labels;
use crate::core::inventory::Inventory;
use crate::engine::Engine;

impl Engine {
    /// Adds to the containers' labels what those of other tools stand for, and tells of each once.
    pub(super) fn understand(&self, inventory: &mut Inventory) {
        let idiom = &self.settings.policy.rules.idiom;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for container in inventory.containers.values_mut() {
            container.labels = labels::understood(&container.labels, idiom);
            for (theirs, ours) in labels::used(&container.labels) {
                if told.insert(theirs.to_owned()) {
                    log::info!("the label {theirs} is read as {ours}");
                }
            }
        }
    }
}

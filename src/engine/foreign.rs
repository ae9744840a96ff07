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
            for sentence in labels::told(&container.labels, idiom) {
                if !told.contains(&sentence) {
                    log::info!("{sentence}");
                    told.insert(sentence);
                }
            }
        }
    }
}

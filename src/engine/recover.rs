//! Before anything else: what an earlier run left open is finished or taken back.

use crate::core::id::ContainerName;
use crate::engine::operate::Begin;
use crate::engine::{Engine, EngineError};

impl Engine {
    /// Goes on with every open operation, oldest first, and names what no journal explains.
    ///
    /// # Errors
    ///
    /// When the store or a journal cannot be used; what is open stays open.
    pub async fn recover(&self) -> Result<(), EngineError> {
        let listed = self.operations.list().await?;
        for unreadable in &listed.unreadable {
            log::error!(
                "the journal {} cannot be read: {}; it is kept, look at its containers and remove it",
                unreadable.path.display(),
                unreadable.reason
            );
        }
        let open = listed.open.len();
        for mut operation in listed.open {
            if let Some(damage) = operation.damage() {
                log::error!("the journal of operation {}: {damage}", operation.id());
            }
            if operation.is_finished() {
                operation.finish(&self.store).await?;
                continue;
            }
            log::warn!("operation {} was interrupted; going on with it", operation.id());
            self.carry(operation, Begin::Resumed).await?;
        }
        if open > 0 && !self.stop.is_cancelled() {
            log::info!("{open} interrupted operations are dealt with");
        }
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
                    "{base} is gone: `docker rename {base}.da-old-{short} {base}` and start it"
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

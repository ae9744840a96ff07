//! Bringing back what was saved of a container before an update.

use crate::core::backup::{Manifest, mounted, restoration};
use crate::core::compose::Compose;
use crate::core::history::{HistoryRecord, WayBack, way_back};
use crate::core::id::ContainerName;
use crate::core::inventory::Container;
use crate::core::plan::blueprint::Data;
use crate::engine::backup::DataCare;
use crate::engine::companions::{Company, Lead};
use crate::engine::{Engine, EngineError};
use crate::store::HistoryFilter;
use crate::store::backups;

/// How far back a backup is looked for: further back there is none that is kept.
const MOST_RECORDS: usize = 1000;

/// A backup that shall be restored.
pub(super) struct KeptBackup {
    pub(super) folder: String,
    pub(super) manifest: Manifest,
}

impl Engine {
    /// Returns the operation that saved what the container had before what it runs now, and whether
    /// the image goes back as well.
    pub(super) async fn last_backup(
        &self,
        container: &Container,
    ) -> Result<(HistoryRecord, WayBack, KeptBackup), EngineError> {
        let name = &container.name;
        let none = || EngineError::NoBackup(name.clone());
        let filter = HistoryFilter {
            target: Some(self.target(name)),
            limit: MOST_RECORDS,
            ..HistoryFilter::default()
        };
        let records = self.store.history().list(filter).await?;
        let (id, way) = way_back(&records, &container.image_id).ok_or_else(none)?;
        let record = self.store.history().find(&id).await?.ok_or_else(none)?;
        let folder = record.backup.as_ref().map(|backup| backup.folder.clone()).ok_or_else(none)?;
        let manifest = backups::manifest(&folder).await;
        let manifest =
            manifest.map_err(|source| EngineError::Unrestorable { name: name.clone(), source })?;
        Ok((record, way, KeptBackup { folder, manifest }))
    }

    /// Returns the folder of what an update has saved, if it is still there.
    pub(super) async fn backup_of(&self, update: &HistoryRecord) -> Option<String> {
        let folder = &update.backup.as_ref()?.folder;
        backups::manifest(folder).await.ok().map(|_| folder.clone())
    }
}

impl Engine {
    /// Returns how a backup is restored, and what a person should know of that.
    pub(super) async fn restore_care(
        &self,
        lead: &Lead<'_>,
        company: &Company,
        backup: &KeptBackup,
    ) -> Result<DataCare, EngineError> {
        let mut care = care(lead, backup);
        let Data::Restored(restoration) = &care.data else { return Ok(care) };
        let places = restoration.mounts.iter().flat_map(|mount| &mount.destinations);
        let mut now: Vec<_> = places.filter_map(|place| mounted(lead.inspect, place)).collect();
        now.sort();
        now.dedup();
        let shared = self.shared(lead, company, &now).await?;
        care.warnings.extend(shared.into_iter().map(|(source, names)| parted(&source, &names)));
        Ok(care)
    }
}

fn parted(source: &str, names: &[ContainerName]) -> String {
    let names: Vec<_> = names.iter().map(ContainerName::as_str).collect();
    format!(
        "{} mounts {source} as well and goes on with it: what is restored is not what it sees",
        names.join(", ")
    )
}

fn care(lead: &Lead<'_>, backup: &KeptBackup) -> DataCare {
    let restoration = restoration(&backup.manifest, &backup.folder, lead.operation);
    let mut warnings = restoration.warnings.clone();
    if Compose::read(&lead.job.container.labels).is_some() {
        warnings.push(
            "its compose file still names the old volumes: write the new ones into it, or the next \
             `docker compose up` goes back to the old ones"
                .to_owned(),
        );
    }
    let data =
        if restoration.mounts.is_empty() { Data::Stays } else { Data::Restored(restoration) };
    DataCare { data, warnings }
}

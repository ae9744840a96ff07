//! Bringing back what was saved of a container before an update.

use crate::core::backup::{Manifest, kept_in_sight, mounted, restoration};
use crate::core::compose::Compose;
use crate::core::history::{HistoryRecord, Status, WayBack, way_back};
use crate::core::id::ContainerName;
use crate::core::inventory::Container;
use crate::core::plan::blueprint::Data;
use crate::engine::backup::DataCare;
use crate::engine::companions::{Company, Lead};
use crate::engine::{Engine, EngineError};
use crate::store::HistoryFilter;
use crate::store::backups::{self, BackupError};

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
        let mut records = self.store.history().list(filter).await?;
        let mut missing = None;
        while let Some((id, way)) = way_back(&records, &container.image_id) {
            let record = self.store.history().find(&id).await?.ok_or_else(none)?;
            let folder = record.backup.as_ref().map(|backup| backup.folder.clone());
            let folder = folder.ok_or_else(none)?;
            match backups::manifest(&folder).await {
                Ok(manifest) => return Ok((record, way, KeptBackup { folder, manifest })),
                // Of failures in a row those in between are not kept.
                Err(source @ BackupError::Missing { .. }) if is_passed_over(&record) => {
                    missing.get_or_insert(source);
                    records.retain(|one| one.id != id);
                }
                Err(source) => {
                    return Err(EngineError::Unrestorable { name: name.clone(), source });
                }
            }
        }
        Err(missing
            .map_or_else(none, |source| EngineError::Unrestorable { name: name.clone(), source }))
    }

    /// Returns the folder of what an update has saved, if it is still there.
    pub(super) async fn backup_of(&self, update: &HistoryRecord) -> Option<String> {
        let folder = &update.backup.as_ref()?.folder;
        backups::manifest(folder).await.ok().map(|_| folder.clone())
    }
}

/// Says whether an older backup may be taken where that of an operation is gone.
fn is_passed_over(record: &HistoryRecord) -> bool {
    Status::of(&record.outcome) != Status::Success
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
    let mut restoration = restoration(&backup.manifest, &backup.folder, lead.operation);
    let mut warnings = restoration.warnings.clone();
    if Compose::read(&lead.job.container.labels).is_some() {
        restoration.kept = kept_in_sight(lead.inspect, &restoration.mounts);
        warnings.push(
            "its compose file still names the old volumes, which it mounts read-only as well, so \
             that `docker compose up` leaves it as it is; write the new ones into the file, or what \
             makes it anew (a change of its service, --force-recreate) goes back to the old ones"
                .to_owned(),
        );
    }
    let data =
        if restoration.mounts.is_empty() { Data::Stays } else { Data::Restored(restoration) };
    DataCare { data, warnings }
}

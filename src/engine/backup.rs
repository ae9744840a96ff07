//! What is saved of a container before its update: found out, measured and told beforehand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use crate::core::backup::{
    Choice, Estimate, MountSource, Node, OwnPlaces, Saving, choose, needed_bytes, warnings,
};
use crate::core::id::ContainerName;
use crate::core::plan::OperationKind;
use crate::core::plan::blueprint::Data;
use crate::docker::DockerError;
use crate::engine::companions::{Company, Lead};
use crate::engine::{Engine, EngineError, restore};
use crate::store::backups::{BackupError, measured_bytes};

/// What becomes of a container's data, and what a person should know of that.
pub(super) struct DataCare {
    pub(super) data: Data,
    pub(super) warnings: Vec<String>,
}

impl Engine {
    /// Returns what becomes of a container's data, or refuses where a backup would not fit.
    pub(super) async fn data_care(
        &self,
        lead: &Lead<'_>,
        company: &Company,
    ) -> Result<DataCare, EngineError> {
        let job = lead.job;
        if let Some(backup) = job.restored {
            return Ok(restore::care(lead, backup));
        }
        let asked = job.policy.backup.value == Saving::Volumes;
        if !asked || job.kind == OperationKind::Rollback {
            return Ok(DataCare { data: Data::Stays, warnings: Vec::new() });
        }
        let choice = self.choice(lead).await?;
        let folder =
            self.settings.backups.folder(&job.container.name, self.clock.now(), lead.operation);
        self.make_sure_it_fits(&job.container.name, &choice).await?;
        let estimate = Estimate {
            folder: folder.clone(),
            bytes_per_second: self.settings.backups.bytes_per_second().await,
            shared: self.shared(lead, company, &choice).await?,
            sharers: company.sharers.iter().map(|sharer| sharer.name.clone()).collect(),
        };
        let warnings = warnings(&choice, &estimate);
        let keep = self.settings.keep_backups;
        let data = if choice.saved.is_empty() {
            Data::Stays
        } else {
            Data::Saved { folder, mounts: choice.saved, keep }
        };
        Ok(DataCare { data, warnings })
    }

    async fn choice(&self, lead: &Lead<'_>) -> Result<Choice, EngineError> {
        let choice = choose(lead.inspect, &self.own_places().await?);
        let nodes = self.nodes(lead, &choice).await?;
        let mut choice = choice.with_nodes(&nodes);
        let has_volumes =
            choice.saved.iter().any(|mount| matches!(mount.source, MountSource::Volume(_)));
        let sizes = if has_volumes {
            known(self.host.volume_sizes().await)?.unwrap_or_default()
        } else {
            BTreeMap::new()
        };
        for mount in &mut choice.saved {
            match &mount.source {
                MountSource::Volume(name) => {
                    mount.size_bytes = sizes.get(name).copied();
                    mount.labels = self.host.volume_labels(name).await?;
                }
                MountSource::Bind(path) => mount.size_bytes = self.measured(path).await,
            }
        }
        Ok(choice)
    }

    /// Returns what lies at the places of folders of the host: it may be a file, or a socket.
    async fn nodes(
        &self,
        lead: &Lead<'_>,
        choice: &Choice,
    ) -> Result<BTreeMap<String, Option<Node>>, EngineError> {
        let mut nodes = BTreeMap::new();
        let binds = choice.saved.iter().filter(|it| matches!(it.source, MountSource::Bind(_)));
        for place in binds.filter_map(|mount| mount.destinations.first()) {
            let stat = self.host.path_stat(&lead.job.container.id, place).await;
            if let Some(stat) = known(stat)? {
                nodes.insert(place.clone(), stat.and_then(|stat| stat.node()));
            }
        }
        Ok(nodes)
    }

    /// Returns how much lies at a path of the host, if the host's paths are ours as well.
    async fn measured(&self, path: &str) -> Option<u64> {
        if self.settings.sees_the_host() { measured_bytes(PathBuf::from(path)).await } else { None }
    }

    async fn make_sure_it_fits(
        &self,
        name: &ContainerName,
        choice: &Choice,
    ) -> Result<(), EngineError> {
        let Some(needed) = needed_bytes(&choice.saved).filter(|_| !choice.saved.is_empty()) else {
            return Ok(());
        };
        let unsaved = |source| EngineError::Unsaved { name: name.clone(), source };
        let free = self.settings.backups.free_bytes().await.map_err(unsaved)?;
        if needed <= free {
            return Ok(());
        }
        let path = self.settings.backups.directory().to_owned();
        Err(unsaved(BackupError::TooLarge { path, needed, free }))
    }

    /// Returns who mounts a volume that is saved, and goes on running meanwhile.
    async fn shared(
        &self,
        lead: &Lead<'_>,
        company: &Company,
        choice: &Choice,
    ) -> Result<Vec<(String, Vec<ContainerName>)>, EngineError> {
        let mut stopped: BTreeSet<&ContainerName> = BTreeSet::from([&lead.job.container.name]);
        stopped.extend(company.sharers.iter().map(|sharer| &sharer.name));
        stopped.extend(company.dependents.iter().map(|dependent| &dependent.name));
        let mut shared = Vec::new();
        for mount in &choice.saved {
            let MountSource::Volume(name) = &mount.source else { continue };
            let mut users = known(self.host.users_of_volume(name).await)?.unwrap_or_default();
            users.retain(|user| !stopped.contains(user));
            if !users.is_empty() {
                shared.push((name.clone(), users));
            }
        }
        Ok(shared)
    }

    /// Returns where our own data lies, as the engine names it.
    async fn own_places(&self) -> Result<OwnPlaces, EngineError> {
        let backups = self.settings.backups.directory();
        let folders = [&*self.settings.data, backups];
        let folders = folders.map(|folder| folder.to_string_lossy().into_owned());
        let mut places = OwnPlaces { paths: Vec::new(), volumes: Vec::new() };
        let own = self.shown().await?.map(|own| &*own.ids).unwrap_or_default();
        for id in own {
            if let Some(inspect) = self.host.inspect_container(id).await? {
                let those = places_of(&inspect, &folders);
                places.paths.extend(those.paths);
                places.volumes.extend(those.volumes);
            }
        }
        Ok(if own.is_empty() {
            OwnPlaces { paths: folders.into(), volumes: Vec::new() }
        } else {
            places
        })
    }
}

/// A question that the engine will not answer leaves something unknown; one that it cannot be asked
/// is an error.
fn known<T>(answer: Result<T, DockerError>) -> Result<Option<T>, EngineError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_unreachable() => Err(error.into()),
        Err(error) => {
            log::debug!("{}", error.chain());
            Ok(None)
        }
    }
}

/// Returns where folders of a container lie outside of it.
fn places_of(inspect: &Value, folders: &[String]) -> OwnPlaces {
    let mounts = inspect["Mounts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |mount: &Value, field: &str| mount[field].as_str().unwrap_or_default().to_owned();
    let mut places = OwnPlaces::default();
    for folder in folders {
        let holding = mounts.iter().filter_map(|mount| {
            let rest = folder.strip_prefix(text(mount, "Destination").trim_end_matches('/'))?;
            (rest.is_empty() || rest.starts_with('/')).then_some((mount, rest))
        });
        // The innermost one.
        let Some((mount, rest)) = holding.min_by_key(|(_, rest)| rest.len()) else { continue };
        let source = text(mount, "Source");
        if !source.is_empty() {
            places.paths.push(format!("{}{rest}", source.trim_end_matches('/')));
        }
        if text(mount, "Type") == "volume" {
            places.volumes.push(text(mount, "Name"));
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn our_own_folders_are_found_on_the_host() {
        let inspect = json!({"Mounts": [
            {"Type": "volume", "Name": "own", "Source": "/v/own/_data", "Destination": "/data"},
            {"Type": "bind", "Source": "/srv/backups/", "Destination": "/data/backups"},
            {"Type": "bind", "Source": "/run/docker.sock", "Destination": "/var/run/docker.sock"},
        ]});
        let places = places_of(&inspect, &["/data".into(), "/data/backups/x".into(), "/o".into()]);
        assert_eq!(places.paths, ["/v/own/_data", "/srv/backups/x"]);
        assert_eq!(places.volumes, ["own"]);
        let places = places_of(&inspect, &["/database".into()]);
        assert_eq!(places, OwnPlaces::default());
    }
}

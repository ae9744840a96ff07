//! What is saved of a container before its update: found out, measured and told beforehand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use crate::core::backup::{
    BACKUP, Choice, Estimate, MountSource, Node, OwnPlaces, Saving, choose, mounts_folder,
    needed_bytes, warnings, writes_to,
};
use crate::core::dependency::RERUN;
use crate::core::id::ContainerName;
use crate::core::plan::OperationKind;
use crate::core::plan::blueprint::Data;
use crate::docker::DockerError;
use crate::engine::companions::{Company, Lead};
use crate::engine::{Engine, EngineError};
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
            return self.restore_care(lead, company, backup).await;
        }
        let asked = job.policy.backup.value == Saving::Volumes;
        if !asked || job.kind == OperationKind::Rollback {
            return Ok(DataCare { data: Data::Stays, warnings: Vec::new() });
        }
        if self.is_own(job.container) {
            let warning = "its data is not saved: docker-auto cannot do that for itself".to_owned();
            return Ok(DataCare { data: Data::Stays, warnings: vec![warning] });
        }
        let choice = self.choice(lead).await?;
        lead.nothing_changes_before(company, &choice)?;
        let folder =
            self.settings.backups.folder(&job.container.name, self.clock.now(), lead.operation);
        self.make_sure_it_fits(&job.container.name, &choice).await?;
        let sources: Vec<_> = choice.saved.iter().map(|mount| mount.source.clone()).collect();
        let estimate = Estimate {
            folder: folder.clone(),
            bytes_per_second: self.settings.backups.bytes_per_second().await,
            shared: self.shared(lead, company, &sources).await?,
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
        let choice = choose(lead.inspect, &self.own_places(&lead.job.container.name).await?);
        let nodes = self.nodes(lead, &choice).await?;
        let mut choice = choice.with_nodes(&nodes);
        let has_volumes =
            choice.saved.iter().any(|mount| matches!(mount.source, MountSource::Volume(_)));
        let sizes = if has_volumes {
            measured_in_time(self.host.volume_sizes().await)?.unwrap_or_default()
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
        if choice.saved.is_empty() {
            return Ok(());
        }
        let fits = self.settings.backups.make_sure_it_fits(needed_bytes(&choice.saved)).await;
        fits.map_err(|source| EngineError::Unsaved { name: name.clone(), source })
    }

    /// Returns who mounts data of a container as well, and goes on running meanwhile.
    pub(super) async fn shared(
        &self,
        lead: &Lead<'_>,
        company: &Company,
        sources: &[MountSource],
    ) -> Result<Vec<(String, Vec<ContainerName>)>, EngineError> {
        let mut stopped: BTreeSet<&ContainerName> = BTreeSet::from([&lead.job.container.name]);
        stopped.extend(company.sharers.iter().map(|sharer| &sharer.name));
        stopped.extend(company.dependents.iter().map(|dependent| &dependent.name));
        let mut shared = Vec::new();
        for source in sources {
            let mut users = match source {
                MountSource::Volume(name) => {
                    known(self.host.users_of_volume(name).await)?.unwrap_or_default()
                }
                MountSource::Bind(path) => self.users_of_folder(lead, path).await?,
            };
            users.retain(|user| !stopped.contains(user));
            if !users.is_empty() {
                shared.push((source.as_str().to_owned(), users));
            }
        }
        Ok(shared)
    }

    /// Returns the containers that run and mount a folder of the host, or a part of it.
    async fn users_of_folder(
        &self,
        lead: &Lead<'_>,
        path: &str,
    ) -> Result<Vec<ContainerName>, EngineError> {
        let mut users = Vec::new();
        let others = lead.job.inventory.containers.values();
        for other in others.filter(|one| one.state.is_up() && !one.name.is_reserved()) {
            let seen = match self.seen(other, lead.job.inventory).await {
                Err(error) if error.is_unreachable() => return Err(error),
                seen => seen.ok().flatten().unwrap_or_default(),
            };
            if mounts_folder(&seen.inspect, path) {
                users.push(other.name.clone());
            }
        }
        Ok(users)
    }

    /// Returns where our own data lies, as the engine names it; refuses where backups would go with
    /// the container that we run in.
    async fn own_places(&self, name: &ContainerName) -> Result<OwnPlaces, EngineError> {
        let backups = self.settings.backups.directory();
        let folders = [&*self.settings.data, backups];
        let folders = folders.map(|folder| folder.to_string_lossy().into_owned());
        let mut places = OwnPlaces { paths: Vec::new(), volumes: Vec::new() };
        let own = self.shown().await?.map(|own| &*own.ids).unwrap_or_default();
        let [_, backups_folder] = &folders;
        for id in own {
            let Some(inspect) = self.host.inspect_container(id).await? else { continue };
            if !outlives(&inspect, backups_folder) {
                let source = BackupError::Fleeting { path: backups.to_owned() };
                return Err(EngineError::Unsaved { name: name.clone(), source });
            }
            let those = places_of(&inspect, &folders);
            places.paths.extend(those.paths);
            places.volumes.extend(those.volumes);
        }
        Ok(if own.is_empty() {
            OwnPlaces { paths: folders.into(), volumes: Vec::new() }
        } else {
            places
        })
    }
}

impl Lead<'_> {
    /// What is run again runs before anything is stopped, and so before anything is saved.
    fn nothing_changes_before(
        &self,
        company: &Company,
        choice: &Choice,
    ) -> Result<(), EngineError> {
        for mount in &choice.saved {
            let run_again = company.rerun_inspects.iter();
            let mut writers = run_again.filter(|(_, inspect)| writes_to(inspect, &mount.source));
            if let Some((name, _)) = writers.next() {
                return Err(self.refuse(format!(
                    "{name} is to be run again before it ({RERUN}) and can write to {}, which is to be \
                     saved ({BACKUP}): the backup would hold what {name} has changed; take {RERUN} \
                     away from {name}, mount that read-only there, or update without a backup",
                    mount.source.as_str()
                )));
            }
        }
        Ok(())
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

/// An engine with many files measures for longer than is waited for; it is there all the same.
fn measured_in_time<T>(answer: Result<T, DockerError>) -> Result<Option<T>, EngineError> {
    match answer {
        Err(error @ DockerError::Timeout { .. }) => {
            log::debug!("{}", error.chain());
            Ok(None)
        }
        answer => known(answer),
    }
}

/// Returns the innermost mount of a container that a folder lies on, and the way to the folder in it.
fn holding<'a>(inspect: &'a Value, folder: &'a str) -> Option<(&'a Value, &'a str)> {
    let mounts = inspect["Mounts"].as_array().into_iter().flatten();
    let holding = mounts.filter_map(|mount| {
        let place = mount["Destination"].as_str().unwrap_or_default();
        let rest = folder.strip_prefix(place.trim_end_matches('/'))?;
        (rest.is_empty() || rest.starts_with('/')).then_some((mount, rest))
    });
    holding.min_by_key(|(_, rest)| rest.len())
}

/// Says whether what lies in a folder of a container is there when the container is gone.
fn outlives(inspect: &Value, folder: &str) -> bool {
    holding(inspect, folder).is_some_and(|(mount, _)| mount["Type"] != "tmpfs")
}

/// Returns where folders of a container lie outside of it.
fn places_of(inspect: &Value, folders: &[String]) -> OwnPlaces {
    let text = |mount: &Value, field: &str| mount[field].as_str().unwrap_or_default().to_owned();
    let mut places = OwnPlaces::default();
    for folder in folders {
        let Some((mount, rest)) = holding(inspect, folder) else { continue };
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
            {"Type": "tmpfs", "Source": "", "Destination": "/tmp"},
            {"Type": "bind", "Source": "/run/docker.sock", "Destination": "/var/run/docker.sock"},
        ]});
        let places = places_of(&inspect, &["/data".into(), "/data/backups/x".into(), "/o".into()]);
        assert_eq!(places.paths, ["/v/own/_data", "/srv/backups/x"]);
        assert_eq!(places.volumes, ["own"]);
        let places = places_of(&inspect, &["/database".into()]);
        assert_eq!(places, OwnPlaces::default());
        for (folder, expected) in
            [("/data", true), ("/data/backups/x", true), ("/database", false), ("/tmp/x", false)]
        {
            assert_eq!(outlives(&inspect, folder), expected, "{folder}");
        }
    }
}

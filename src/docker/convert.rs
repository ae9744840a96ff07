//! The engine's JSON read into core types; what is null or missing counts as empty.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::core::digest::Platform;
use crate::core::foreign::labels::unmarked;
use crate::core::health::{Health, Sample};
use crate::core::id::{ContainerId, ContainerName, ImageId, Timestamp};
use crate::core::inventory::{ApiVersion, Container, EngineFacts, Image, ImageStore, RunState};
use crate::core::journal::Seen;
use crate::core::retention::is_ours;

use super::reach::{addresses, published_ports};

/// A container as the list shows it: only the fields that are used, so that a field of a new
/// engine, or an odd one of Podman, cannot spoil the list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedContainer {
    id: String,
    #[serde(default, deserialize_with = "or_default")]
    names: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) image: String,
    #[serde(default, rename = "ImageID", deserialize_with = "or_default")]
    image_id: String,
    #[serde(default, rename = "ImageManifestDescriptor", deserialize_with = "or_default")]
    manifest: Value,
    #[serde(default, deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default")]
    state: String,
    #[serde(default, deserialize_with = "or_default")]
    created: i64,
    #[serde(default)]
    ports: Value,
    #[serde(default)]
    network_settings: Value,
}

impl ListedContainer {
    /// Returns the container; `None` for one without a name, which is being removed.
    pub(super) fn into_container(self) -> Option<Container> {
        Some(Container {
            name: self.name()?,
            id: ContainerId::new(self.id),
            image: self.image,
            image_id: ImageId::new(self.image_id),
            labels: unmarked(self.labels),
            state: RunState::parse(&self.state),
            created_at: moment(self.created),
            published_ports: published_ports(&self.ports),
            addresses: addresses(&self.network_settings),
        })
    }

    /// Returns what an operation looks for.
    pub(super) fn seen(&self) -> Option<Seen> {
        let state = RunState::parse(&self.state);
        Some(Seen { id: self.id(), name: self.name()?, state })
    }

    pub(super) fn id(&self) -> ContainerId {
        ContainerId::new(&*self.id)
    }

    /// Says whether it is made of an image that is known by these digests.
    pub(super) fn is_made_of(&self, image: &BTreeSet<String>) -> bool {
        let manifest = self.manifest["digest"].as_str();
        image.contains(&self.image_id) || manifest.is_some_and(|digest| image.contains(digest))
    }

    /// Returns how people call it.
    pub(super) fn called(&self) -> String {
        self.name().map_or_else(|| self.id().short().to_owned(), |name| name.to_string())
    }

    /// Returns its own name: the others are those by which legacy links know it (`/parent/alias`).
    fn name(&self) -> Option<ContainerName> {
        let names = self.names.iter().map(|name| name.strip_prefix('/').unwrap_or(name));
        let own = names.into_iter().find(|name| !name.is_empty() && !name.contains('/'))?;
        Some(ContainerName::new(own))
    }
}

/// An image as the list shows it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedImage {
    id: String,
    #[serde(default, deserialize_with = "or_default")]
    repo_tags: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    repo_digests: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default")]
    size: i64,
    #[serde(default, deserialize_with = "or_default")]
    created: i64,
}

impl From<ListedImage> for Image {
    fn from(listed: ListedImage) -> Self {
        // In the containerd store our names have digests, too, which no registry has said.
        let (keep_tags, repo_tags) =
            named(listed.repo_tags).into_iter().partition(|name| is_ours(name));
        let mut repo_digests = named(listed.repo_digests);
        repo_digests.retain(|name| !is_ours(name));
        Self {
            id: ImageId::new(listed.id),
            repo_tags,
            repo_digests,
            keep_tags,
            labels: listed.labels,
            size_bytes: listed.size.try_into().unwrap_or(0),
            created_at: moment(listed.created),
        }
    }
}

/// A network as the list shows it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedNetwork {
    pub(super) name: String,
}

/// Old engines list `<none>:<none>` where there is no name.
fn named(mut names: Vec<String>) -> Vec<String> {
    names.retain(|name| !name.starts_with("<none>"));
    names
}

/// Reads null as the empty value.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn moment(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

/// Reads `/version` and `/info`.
pub(super) fn engine_facts(agreed: ApiVersion, version: &Value, info: &Value) -> EngineFacts {
    let runtimes = info["Runtimes"].as_object();
    EngineFacts {
        api_version: agreed,
        version: text(&version["Version"]),
        name: text(&info["Name"]),
        platform: Platform::new(&text(&version["Os"]), &text(&version["Arch"]), None),
        store: store(info),
        default_runtime: text(&info["DefaultRuntime"]),
        runtimes: runtimes.map(|all| all.keys().cloned().collect()).unwrap_or_default(),
        cgroup_version: text(&info["CgroupVersion"]).parse().unwrap_or(1),
        registry_mirrors: texts(&info["RegistryConfig"]["Mirrors"]),
        insecure_registries: insecure(&info["RegistryConfig"]),
        podman: is_podman(version),
    }
}

fn store(info: &Value) -> ImageStore {
    let status = info["DriverStatus"].as_array().map(Vec::as_slice).unwrap_or_default();
    let containerd = status.iter().any(|pair| {
        pair[0] == "driver-type" && pair[1].as_str().is_some_and(|v| v.contains("containerd"))
    });
    if containerd { ImageStore::Containerd } else { ImageStore::GraphDriver }
}

fn insecure(registries: &Value) -> Vec<String> {
    let indexes = registries["IndexConfigs"].as_object();
    let hosts = indexes.into_iter().flatten().filter(|(_, index)| index["Secure"] == false);
    let hosts = hosts.map(|(host, _)| host.clone());
    texts(&registries["InsecureRegistryCIDRs"]).into_iter().chain(hosts).collect()
}

fn is_podman(version: &Value) -> bool {
    let components = version["Components"].as_array().map(Vec::as_slice).unwrap_or_default();
    components.iter().any(|component| text(&component["Name"]).contains("Podman"))
}

/// Returns a text; empty where there is none.
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Returns a list of texts; empty where there is none.
pub(super) fn texts(value: &Value) -> Vec<String> {
    let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Reads what an operation looks for from an inspect.
pub(super) fn seen(inspect: &Value) -> Seen {
    Seen { id: ContainerId::new(text(&inspect["Id"])), name: name(inspect), state: state(inspect) }
}

/// Returns a container's name from its inspect.
pub(super) fn name(inspect: &Value) -> ContainerName {
    ContainerName::from_engine(inspect["Name"].as_str().unwrap_or_default())
}

/// Returns a container's run state from its inspect.
pub(super) fn state(inspect: &Value) -> RunState {
    RunState::parse(inspect["State"]["Status"].as_str().unwrap_or_default())
}

/// Reads what the health gate judges from an inspect.
pub(super) fn sample(inspect: &Value) -> Sample {
    let state_of = &inspect["State"];
    Sample {
        state: state(inspect),
        health: match state_of["Health"]["Status"].as_str() {
            Some("starting") => Some(Health::Starting),
            Some("healthy") => Some(Health::Healthy),
            Some("unhealthy") => Some(Health::Unhealthy),
            _ => None,
        },
        started_at: text(&state_of["StartedAt"]),
        restart_count: inspect["RestartCount"].as_u64().unwrap_or(0),
        exit_code: state_of["ExitCode"].as_i64().unwrap_or(0),
        error: text(&state_of["Error"]),
        out_of_memory: state_of["OOMKilled"].as_bool().unwrap_or(false),
    }
}

/// Returns the platform of an image's inspect.
pub(super) fn platform(image: &Value) -> Platform {
    let variant = image["Variant"].as_str();
    Platform::new(&text(&image["Os"]), &text(&image["Architecture"]), variant)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn container(listed: Value) -> Option<Container> {
        serde_json::from_value::<ListedContainer>(listed).unwrap().into_container()
    }

    #[test]
    fn containers_are_listed_with_whatever_is_missing() {
        let web = container(json!({
            "Id": "c1", "Names": ["/front/alias", "/web"], "Image": "nginx:1", "ImageID": "sha256:1",
            "Labels": {"a": "b", "docker-auto.internal.made-from.a": "x"}, "State": "running",
            "Created": 60, "Ports": "of the future",
        }));
        let web = web.unwrap();
        assert_eq!((web.name.as_str(), web.state), ("web", RunState::Running));
        assert_eq!((web.image.as_str(), web.labels.len()), ("nginx:1", 1));
        assert_eq!(web.created_at.timestamp(), 60);
        let podman = container(json!({"Id": "c2", "Names": ["db"], "Labels": null, "State": null}));
        assert_eq!(podman.unwrap().name.as_str(), "db");
        assert_eq!(container(json!({"Id": "c3", "Names": null})), None);
        assert_eq!(container(json!({"Id": "c4", "Names": ["/"]})), None);
    }

    #[test]
    fn images_without_names_have_none() {
        for listed in [
            json!({"Id": "i", "RepoTags": null, "RepoDigests": null, "Labels": null, "Size": -1}),
            json!({"Id": "i", "RepoTags": [], "RepoDigests": []}),
            json!({"Id": "i", "RepoTags": ["<none>:<none>"], "RepoDigests": ["<none>@<none>"]}),
        ] {
            let image = Image::from(serde_json::from_value::<ListedImage>(listed).unwrap());
            assert_eq!((image.repo_tags.len(), image.repo_digests.len()), (0, 0));
            assert_eq!((image.labels.len(), image.size_bytes), (0, 0));
        }
    }

    #[test]
    fn engines_tell_their_store_and_registries() {
        let version = json!({"Version": "28.5.2", "Os": "linux", "Arch": "amd64"});
        let info = json!({
            "Name": "a", "DefaultRuntime": "runc", "Runtimes": {"runc": {}, "crun": {}},
            "CgroupVersion": "2", "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
            "RegistryConfig": {
                "Mirrors": ["http://mirror/"], "InsecureRegistryCIDRs": ["127.0.0.0/8"],
                "IndexConfigs": {"docker.io": {"Secure": true}, "r:5000": {"Secure": false}},
            },
        });
        let facts = engine_facts(ApiVersion::v1(51), &version, &info);
        assert_eq!((facts.store, facts.cgroup_version), (ImageStore::Containerd, 2));
        assert_eq!(facts.insecure_registries, ["127.0.0.0/8", "r:5000"]);
        assert_eq!(facts.registry_mirrors, ["http://mirror/"]);
        assert_eq!(facts.runtimes.len(), 2);
        assert!(!facts.podman);
        let podman = json!({"Components": [{"Name": "Podman Engine"}]});
        let info = json!({"DriverStatus": null, "RegistryConfig": null});
        let facts = engine_facts(ApiVersion::v1(41), &podman, &info);
        assert!(facts.podman);
        assert_eq!((facts.store, facts.cgroup_version), (ImageStore::GraphDriver, 1));
    }

    #[test]
    fn inspects_become_samples() {
        let inspect = json!({
            "RestartCount": 2,
            "State": {"Status": "restarting", "ExitCode": 137, "OOMKilled": true, "Error": "x",
                "StartedAt": "2026-01-01T00:00:00Z", "Health": {"Status": "unhealthy"}},
        });
        let sample = sample(&inspect);
        assert_eq!((sample.state, sample.health), (RunState::Restarting, Some(Health::Unhealthy)));
        assert_eq!((sample.exit_code, sample.restart_count, sample.out_of_memory), (137, 2, true));
        let bare = super::sample(&json!({"State": {"Status": "running", "Health": null}}));
        assert_eq!((bare.state, bare.health), (RunState::Running, None));
    }
}

//! The edges that a container names, one function a kind.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::core::compose::{Compose, ComposeKind};
use crate::core::dependency::{Bond, Condition, Edge, Node};
use crate::core::id::{ContainerId, ContainerName};

/// The label by which a container says whom it needs.
pub const DEPENDS_ON: &str = "docker-auto.depends-on";
const COMPOSE_DEPENDS_ON: &str = "com.docker.compose.depends_on";
const SHARED: [&str; 3] = ["NetworkMode", "PidMode", "IpcMode"];

/// All containers, by what edges name them by.
pub(super) struct Host<'a> {
    names: BTreeMap<&'a str, &'a ContainerName>,
    ids: BTreeMap<&'a ContainerId, &'a ContainerName>,
    services: BTreeMap<(String, String), Vec<&'a ContainerName>>,
}

impl<'a> Host<'a> {
    pub(super) fn of(nodes: &[Node<'a>]) -> Self {
        let mut services: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for node in nodes {
            if let Some(compose) = service_of(node) {
                services.entry((compose.project, compose.service)).or_default().push(node.name);
            }
        }
        Self {
            names: nodes.iter().map(|node| (node.name.as_str(), node.name)).collect(),
            ids: nodes.iter().map(|node| (node.id, node.name)).collect(),
            services,
        }
    }

    /// Finds a container by its name, its ID, or twelve and more digits of it, or by the name with which
    /// it was made.
    fn find(&self, wanted: &str) -> Option<&'a ContainerName> {
        let wanted = wanted.trim_start_matches('/');
        let by_id = || {
            let mut found = self.ids.iter().filter(|(id, _)| id.as_str().starts_with(wanted));
            found.next().filter(|_| wanted.len() >= 12).map(|(_, name)| *name)
        };
        let by_home = || self.names.get(ContainerName::new(wanted).home()).copied();
        self.names.get(wanted).copied().or_else(by_id).or_else(by_home)
    }

    fn service(&self, project: &str, service: &str) -> &[&'a ContainerName] {
        let key = (project.to_owned(), service.to_owned());
        self.services.get(&key).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Containers of `docker compose run` are nobody's service.
fn service_of(node: &Node<'_>) -> Option<Compose> {
    Compose::read(node.labels).filter(|compose| compose.kind == ComposeKind::Service)
}

/// Returns the edges of a container to others; one to itself is none.
pub(super) fn of(node: &Node<'_>, host: &Host<'_>) -> Vec<Edge> {
    let mut found = namespaces(node, host);
    found.extend(links(node, host));
    found.extend(volumes(node, host));
    found.extend(compose(node, host));
    found.extend(own(node, host));
    found.retain(|edge| edge.from != edge.to);
    found
}

fn edge(node: &Node<'_>, to: &ContainerName, bond: Bond) -> Edge {
    Edge { from: node.name.clone(), to: to.clone(), bond }
}

/// Returns the containers whose network, PID or IPC namespace a container joins, by what its inspect
/// names them by (`container:<id>`).
pub fn namespace_owners(inspect: &Value) -> impl Iterator<Item = &str> {
    let modes = SHARED.iter().filter_map(|field| inspect["HostConfig"][field].as_str());
    modes.filter_map(|mode| mode.strip_prefix("container:"))
}

fn namespaces(node: &Node<'_>, host: &Host<'_>) -> Vec<Edge> {
    let parents = namespace_owners(node.inspect).filter_map(|owner| host.find(owner));
    parents.map(|parent| edge(node, parent, Bond::Namespace)).collect()
}

/// `--link` on the default bridge: `/target:/self/alias`.
fn links(node: &Node<'_>, host: &Host<'_>) -> Vec<Edge> {
    let targets = texts(&node.inspect["HostConfig"]["Links"]).filter_map(|link| {
        let (target, _) = link.split_once(':').unwrap_or((link, ""));
        host.find(target)
    });
    targets.map(|target| edge(node, target, Bond::Link)).collect()
}

/// Returns the containers whose volumes a container shares, in the words of whoever made it, which the
/// engine keeps: `name`, `name:ro`, or an ID in the place of the name.
pub fn volume_owners(inspect: &Value) -> impl Iterator<Item = &str> {
    let entries = texts(&inspect["HostConfig"]["VolumesFrom"]);
    entries.map(|entry| entry.split_once(':').map_or(entry, |(source, _)| source))
}

/// Returns the name of a container that is gone, from its ID or a beginning of it.
pub fn recall<'a>(
    gone: &str,
    remembered: &'a BTreeMap<ContainerId, ContainerName>,
) -> Option<&'a ContainerName> {
    let found = remembered.iter().find(|(id, _)| id.as_str().starts_with(gone));
    found.filter(|_| gone.len() >= 12).map(|(_, name)| name)
}

/// Whose ID means nothing any more has been replaced, and its volumes went along: it is found by name.
fn volumes(node: &Node<'_>, host: &Host<'_>) -> Vec<Edge> {
    let sources = volume_owners(node.inspect).filter_map(|source| {
        let replaced = || host.find(recall(source, node.remembered)?.as_str());
        host.find(source).or_else(replaced)
    });
    sources.map(|source| edge(node, source, Bond::Volumes)).collect()
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Compose's `service:condition:restart`; a bare `service` is what older versions wrote, which
/// restarted it with the service that it needs.
fn compose(node: &Node<'_>, host: &Host<'_>) -> Vec<Edge> {
    let Some(compose) = service_of(node) else { return Vec::new() };
    let listed = node.labels.get(COMPOSE_DEPENDS_ON).map_or("", String::as_str);
    let entries = listed.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let mut found = Vec::new();
    for entry in entries {
        let mut parts = entry.split(':');
        let service = parts.next().unwrap_or_default();
        let bond = match parts.next() {
            None => Bond::Order { until: Condition::Healthy, restart: true },
            Some(word) => Bond::Order {
                until: condition(word).unwrap_or(Condition::Started),
                restart: parts.next() == Some("true"),
            },
        };
        let needed = host.service(&compose.project, service).iter();
        found.extend(needed.map(|needed| edge(node, needed, bond)));
    }
    found
}

/// Our own label: `name`, `name:healthy`, `name:restart`, `name:healthy:restart`, separated by
/// commas; a name is a container's, or a service's of the same compose project.
fn own(node: &Node<'_>, host: &Host<'_>) -> Vec<Edge> {
    let listed = node.labels.get(DEPENDS_ON).map_or("", String::as_str);
    let entries = listed.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let project = service_of(node).map(|compose| compose.project).unwrap_or_default();
    let mut found = Vec::new();
    for entry in entries {
        let (name, words) = entry.split_once(':').unwrap_or((entry, ""));
        let words: Vec<_> = words.split(':').collect();
        let until = words.iter().find_map(|word| condition(word)).unwrap_or(Condition::Started);
        let bond = Bond::Order { until, restart: words.contains(&"restart") };
        let named = host.find(name);
        let needed = named.as_ref().map_or(host.service(&project, name), std::slice::from_ref);
        found.extend(needed.iter().map(|needed| edge(node, needed, bond)));
    }
    found
}

fn condition(word: &str) -> Option<Condition> {
    match word {
        "started" | "service_started" => Some(Condition::Started),
        "healthy" | "service_healthy" => Some(Condition::Healthy),
        "completed" | "service_completed_successfully" => Some(Condition::Completed),
        _ => None,
    }
}

/// Says what is wrong with a value of our label; nothing, if it can be read.
pub fn problem(text: &str) -> Option<String> {
    let entries = text.split(',').map(str::trim);
    let mut words = entries.flat_map(|entry| entry.split(':').skip(1));
    let wrong = words.find(|word| condition(word).is_none() && *word != "restart");
    wrong.map(|word| {
        format!(
            "{word:?} is none of started, healthy, completed, restart; write NAME:healthy:restart"
        )
    })
}

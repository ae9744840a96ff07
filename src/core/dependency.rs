//! Who needs whom: the edges between containers, what goes along with a replaced one, and in which
//! order containers start.

mod edge;
mod order;
mod rerun;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::core::compose::Labels;
use crate::core::id::{ContainerId, ContainerName};

pub use edge::{DEPENDS_ON, namespace_owners, problem, recall, volume_owners};
pub use order::starting_order;
pub use rerun::{RERUN, rerun};

/// A container, as far as its edges are read from it.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// Its name.
    pub name: &'a ContainerName,
    /// Its ID.
    pub id: &'a ContainerId,
    /// Its labels.
    pub labels: &'a Labels,
    /// `GET /containers/x/json`.
    pub inspect: &'a Value,
    /// Those that it needs by ID, with the names under which they were seen last.
    pub remembered: &'a BTreeMap<ContainerId, ContainerName>,
}

/// One container needs another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Who needs.
    pub from: ContainerName,
    /// Who is needed.
    pub to: ContainerName,
    /// How.
    pub bond: Bond,
}

/// How one container needs another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bond {
    /// It lives in a namespace of the other one, which it knows by ID.
    Namespace,
    /// It is linked to the other one on the default bridge, which knows the object.
    Link,
    /// It mounts what the other one mounts.
    Volumes,
    /// It is to start after the other one.
    Order {
        /// When the other one counts as there.
        until: Condition,
        /// Whether it is restarted with the other one.
        restart: bool,
    },
}

/// When a container counts as there for those that need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// It is started.
    Started,
    /// It is healthy.
    Healthy,
    /// It has run to its end with exit code 0.
    Completed,
}

/// What goes along with a container that is replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Companions {
    /// Those that must be made anew, in starting order.
    pub sharers: Vec<ContainerName>,
    /// Those that asked to be restarted, and those that live with them, in starting order.
    pub dependents: Vec<ContainerName>,
}

/// Whether the new container will mount the same as the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mounts {
    /// The same.
    Same,
    /// Others too, or others instead: who shares its volumes has to be made anew.
    Changed,
}

/// Returns all edges between containers, of every kind; who names itself or nobody has none.
pub fn edges(nodes: &[Node<'_>]) -> BTreeSet<Edge> {
    let host = edge::Host::of(nodes);
    nodes.iter().flat_map(|node| edge::of(node, &host)).collect()
}

/// Returns what goes along with a container: who holds on to it, to one that holds on to it and so
/// on, and who wants to be restarted with any of these. Who lives in a namespace of one that is
/// restarted is restarted after it, for the namespace is a new one then. None of those that are to
/// stay up is restarted, nor what they live with, nor what needs it for these alone.
pub fn companions(
    edges: &BTreeSet<Edge>,
    target: &ContainerName,
    mounts: Mounts,
    stays: &BTreeSet<ContainerName>,
) -> Companions {
    let holds = |edge: &Edge| match edge.bond {
        Bond::Namespace | Bond::Link => true,
        Bond::Volumes => mounts == Mounts::Changed && edge.to == *target,
        Bond::Order { .. } => false,
    };
    let stays = with_owners(edges, stays);
    let restarts = |edge: &Edge| {
        let goes = matches!(edge.bond, Bond::Order { restart: true, .. } | Bond::Namespace);
        goes && !stays.contains(&edge.from)
    };
    let replaced = closure(edges, BTreeSet::from([target.clone()]), holds);
    let with_them = closure(edges, replaced.clone(), restarts);
    let order = |names: BTreeSet<ContainerName>| starting_order(edges, &names);
    let without = |all: &BTreeSet<ContainerName>, some: &BTreeSet<ContainerName>| {
        all.difference(some).cloned().collect()
    };
    Companions {
        sharers: order(without(&replaced, &BTreeSet::from([target.clone()]))),
        dependents: order(without(&with_them, &replaced)),
    }
}

/// Returns those that must have run to their end before a container starts, and before one another,
/// in that order.
pub fn completed(edges: &BTreeSet<Edge>, target: &ContainerName) -> Vec<ContainerName> {
    let ends = |edge: &&Edge| {
        matches!(edge.bond, Bond::Order { until: Condition::Completed, .. }) && edge.to != *target
    };
    let (mut found, mut open) = (BTreeSet::new(), vec![target.clone()]);
    while let Some(name) = open.pop() {
        for needed in edges.iter().filter(|edge| edge.from == name).filter(ends) {
            if found.insert(needed.to.clone()) {
                open.push(needed.to.clone());
            }
        }
    }
    starting_order(edges, &found)
}

/// Returns containers with those in whose namespaces they live.
fn with_owners(edges: &BTreeSet<Edge>, names: &BTreeSet<ContainerName>) -> BTreeSet<ContainerName> {
    let mut found = names.clone();
    loop {
        let lives = |edge: &&Edge| edge.bond == Bond::Namespace && found.contains(&edge.from);
        let owners: BTreeSet<_> = edges.iter().filter(lives).map(|edge| edge.to.clone()).collect();
        let before = found.len();
        found.extend(owners);
        if found.len() == before {
            return found;
        }
    }
}

/// Returns containers in groups that no edge connects, each in starting order.
pub fn components(
    edges: &BTreeSet<Edge>,
    wanted: &BTreeSet<ContainerName>,
) -> Vec<Vec<ContainerName>> {
    let mut groups = Vec::new();
    let mut open = wanted.clone();
    while let Some(first) = open.pop_first() {
        let mut group = BTreeSet::from([first]);
        loop {
            let found = closure(edges, group.clone(), |_| true);
            let needed = edges.iter().filter(|edge| found.contains(&edge.from));
            let wider: BTreeSet<_> =
                needed.map(|edge| edge.to.clone()).chain(found.clone()).collect();
            if wider == group {
                break;
            }
            group = wider;
        }
        open.retain(|name| !group.contains(name));
        groups.push(starting_order(edges, &group.intersection(wanted).cloned().collect()));
    }
    groups
}

/// Returns who must be healthy before a container starts.
pub fn awaited<'e>(
    edges: &'e BTreeSet<Edge>,
    name: &ContainerName,
) -> impl Iterator<Item = &'e ContainerName> {
    let healthy = |edge: &&Edge| matches!(edge.bond, Bond::Order { until: Condition::Healthy, .. });
    edges.iter().filter(move |edge| edge.from == *name).filter(healthy).map(|edge| &edge.to)
}

fn closure(
    edges: &BTreeSet<Edge>,
    mut found: BTreeSet<ContainerName>,
    follows: impl Fn(&Edge) -> bool,
) -> BTreeSet<ContainerName> {
    let mut backwards: BTreeMap<&ContainerName, Vec<&ContainerName>> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| follows(edge)) {
        backwards.entry(&edge.to).or_default().push(&edge.from);
    }
    let mut open: Vec<_> = found.iter().cloned().collect();
    while let Some(name) = open.pop() {
        for from in backwards.get(&name).into_iter().flatten() {
            if found.insert((*from).clone()) {
                open.push((*from).clone());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;

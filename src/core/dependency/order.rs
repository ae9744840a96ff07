//! In which order containers start: who is needed first. A cycle has no such order; its members
//! follow one another by name.

use std::collections::BTreeSet;

use crate::core::dependency::Edge;
use crate::core::id::ContainerName;

/// Returns these containers so that each comes after those that it needs, directly or through others
/// that are not among them; by name where nothing else decides.
pub fn starting_order(
    edges: &BTreeSet<Edge>,
    wanted: &BTreeSet<ContainerName>,
) -> Vec<ContainerName> {
    let mut walk = Walk { edges, wanted, met: BTreeSet::new(), order: Vec::new() };
    for name in wanted {
        walk.visit(name);
    }
    walk.order
}

struct Walk<'a> {
    edges: &'a BTreeSet<Edge>,
    wanted: &'a BTreeSet<ContainerName>,
    met: BTreeSet<ContainerName>,
    order: Vec<ContainerName>,
}

impl Walk<'_> {
    /// Depth first, with a stack of its own: chains may be as long as the host is full.
    fn visit(&mut self, first: &ContainerName) {
        let mut open = vec![(first.clone(), false)];
        while let Some((name, is_left)) = open.pop() {
            if is_left {
                self.order.extend(self.wanted.contains(&name).then_some(name));
            } else if self.met.insert(name.clone()) {
                let needed = self.edges.iter().filter(|edge| edge.from == name);
                let needed: Vec<_> = needed.map(|edge| (edge.to.clone(), false)).collect();
                open.push((name, true));
                open.extend(needed.into_iter().rev());
            }
        }
    }
}

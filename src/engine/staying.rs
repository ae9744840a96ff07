//! Who would be restarted with a container that is replaced, and stays up instead: a restart is no
//! update, but nothing that its owner shuts docker-auto out of, and nothing that it would destroy.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::core::id::ContainerName;
use crate::core::inventory::Container;
use crate::core::plan::blueprint::Removal;
use crate::core::verdict::Pause;
use crate::engine::companions::Lead;
use crate::engine::{Engine, EngineError};

impl Engine {
    /// Returns which of those that would be restarted stay up, and says why.
    pub(super) async fn staying(
        &self,
        lead: &Lead<'_>,
        dependents: &[ContainerName],
        pauses: &[Pause],
    ) -> Result<(BTreeSet<ContainerName>, Vec<String>), EngineError> {
        let (mut staying, mut warnings) = (BTreeSet::new(), Vec::new());
        let inventory = lead.job.inventory;
        let containers = dependents.iter().filter_map(|name| inventory.containers.get(name));
        for container in containers.filter(|container| container.state.is_up()) {
            let inspect = self.inspect_of(container).await?;
            let Some(why) = self.why_it_stays(lead, (container, &inspect), pauses) else {
                continue;
            };
            let name = &container.name;
            warnings.push(format!("{name} is not restarted with it: {why}"));
            staying.insert(name.clone());
        }
        Ok((staying, warnings))
    }

    fn why_it_stays(
        &self,
        lead: &Lead<'_>,
        (container, inspect): (&Container, &Value),
        pauses: &[Pause],
    ) -> Option<String> {
        if Removal::of(inspect) == Removal::Automatic {
            return Some(
                "it is removed when it stops (--rm); make it without --rm, or make it anew by hand"
                    .to_owned(),
            );
        }
        self.hands_off(lead, container, pauses, "restart it by hand")
    }
}

/// Says who else stays up, as one of those does.
pub(super) fn along(
    all: &[ContainerName],
    restarted: &[ContainerName],
    staying: &BTreeSet<ContainerName>,
) -> Option<String> {
    let others = all.iter().filter(|name| !restarted.contains(name) && !staying.contains(*name));
    let others: Vec<_> = others.map(ContainerName::as_str).collect();
    (!others.is_empty())
        .then(|| format!("nor is {}, which goes with one that stays up", others.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_stays_up_with_others_is_named() {
        for (all, restarted, staying, expected) in [
            ("a b", "a b", "", None),
            ("a b", "a", "b", None),
            ("a b c", "a", "b", Some("nor is c,")),
            ("a b c", "", "b", Some("nor is a, c,")),
        ] {
            let names = |text: &str| -> Vec<_> {
                text.split_whitespace().map(ContainerName::new).collect()
            };
            let staying = names(staying).into_iter().collect();
            let said = along(&names(all), &names(restarted), &staying);
            assert_eq!(said.is_some(), expected.is_some(), "{all}: {said:?}");
            assert!(said.unwrap_or_default().contains(expected.unwrap_or_default()), "{all}");
        }
    }
}

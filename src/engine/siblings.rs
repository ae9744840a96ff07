//! Containers that are as good as one another: an image that failed on one is not tried on the next.

use crate::core::compose::{Compose, ComposeKind};
use crate::core::inventory::Container;

/// Says whether two containers do the same: replicas of one compose service, or members of one group
/// that follow the same reference.
pub(super) fn are_siblings(
    (one, group): (&Container, Option<&str>),
    other: &Container,
    group_of: impl Fn(&Container) -> Option<String>,
) -> bool {
    let grouped =
        || one.image == other.image && group.is_some() && group_of(other).as_deref() == group;
    one.name != other.name && (are_replicas(one, other) || grouped())
}

fn are_replicas(one: &Container, other: &Container) -> bool {
    let service = |container: &Container| {
        let compose = Compose::read(&container.labels)?;
        (compose.kind == ComposeKind::Service).then_some((compose.project, compose.service))
    };
    service(one).is_some_and(|one| service(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use crate::core::compose::Labels;
    use crate::core::id::{ContainerId, ContainerName, ImageId, Timestamp};
    use crate::core::inventory::RunState;

    use super::*;

    /// Reads `name image key=value …`, with the keys project, service, oneoff and group.
    fn container(text: &str) -> Container {
        let mut words = text.split(' ');
        let name = ContainerName::new(words.next().unwrap());
        let image = words.next().unwrap().to_owned();
        let labels = words.map(|word| {
            let (key, value) = word.split_once('=').unwrap();
            let key = if key == "group" { key.into() } else { format!("com.docker.compose.{key}") };
            (key, value.to_owned())
        });
        Container {
            id: ContainerId::new(name.as_str()),
            image,
            image_id: ImageId::new("1"),
            labels: labels.collect::<Labels>(),
            state: RunState::Running,
            created_at: Timestamp::default(),
            published_ports: Vec::new(),
            addresses: Vec::new(),
            name,
        }
    }

    #[test]
    fn replicas_and_members_of_a_group_are_as_good_as_one_another() {
        for (one, other, expected) in [
            ("a web:1 project=p service=s", "b web:1 project=p service=s", true),
            ("a web:1 project=p service=s", "a web:1 project=p service=s", false),
            ("a web:1 project=p service=s", "b web:1 project=q service=s", false),
            ("a web:1 project=p service=s", "b web:1 project=p service=t", false),
            ("a web:1 project=p service=s", "b web:1 project=p service=s oneoff=True", false),
            ("a web:1", "b web:1", false),
            ("a web:1 group=g", "b web:1 group=g", true),
            ("a web:1 group=g", "b web:1 group=h", false),
            ("a web:1 group=g", "b web:1", false),
            ("a web:1 group=g", "b web:2 group=g", false),
        ] {
            let (a, b) = (container(one), container(other));
            let group = |container: &Container| container.labels.get("group").cloned();
            let found = are_siblings((&a, group(&a).as_deref()), &b, group);
            assert_eq!(found, expected, "{one} and {other}");
        }
    }
}

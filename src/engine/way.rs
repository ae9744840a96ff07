//! Which containers this program itself depends on: its own, and the one through which it reaches
//! the engine.

use std::time::Duration;

use crate::core::decision::Role;
use crate::core::id::ContainerId;
use crate::core::inventory::Container;
use crate::engine::ourselves::Shown;
use crate::engine::{Engine, EngineError};

/// A name server that does not answer must not hold up a check.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// Where this program is, and how it reaches the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Way {
    own: Option<Shown>,
    /// The host and port, where the engine is reached over TCP.
    address: Option<(String, u16)>,
    /// The addresses that the host stands for: of a container's alias, those of the container.
    resolved: Vec<String>,
}

impl Engine {
    /// Returns how the engine is reached at present.
    pub(super) async fn way(&self) -> Result<Way, EngineError> {
        let address = self.settings.engine_address.clone();
        let resolved = match &address {
            Some((host, port)) => resolve(host, *port).await,
            None => Vec::new(),
        };
        let own = match self.shown().await {
            Ok(own) => own.cloned(),
            Err(error) if error.is_unreachable() => return Err(error.into()),
            // No plan can be made without it; what is newer can be told all the same.
            Err(error) => {
                log::warn!("{}", error.chain());
                None
            }
        };
        Ok(Way { own, address, resolved })
    }
}

/// Returns a host's addresses; none where they cannot be found out.
async fn resolve(host: &str, port: u16) -> Vec<String> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let looking = tokio::net::lookup_host((host, port));
    match tokio::time::timeout(LOOKUP_TIMEOUT, looking).await {
        Ok(Ok(found)) => found.map(|address| address.ip().to_string()).collect(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

impl Way {
    /// The container through which we reach the engine, and the one whose network we live in, are not
    /// updated from within.
    pub(super) fn role(&self, container: &Container) -> Role {
        let own = self.own.as_ref();
        if let Some(own) = own.filter(|own| own.ids.contains(&container.id)) {
            Role::Ourselves(own.obstacle)
        } else if own.and_then(|own| own.parent.as_ref()).is_some_and(|it| names(container, it)) {
            Role::NetworkParent
        } else if self.leads_through(container) {
            Role::DockerAccess
        } else {
            Role::Ordinary
        }
    }

    /// What publishes the engine's port on the host is taken for the way as well, by whichever of
    /// the host's addresses it is reached: the containers are those of the engine at its end.
    fn leads_through(&self, container: &Container) -> bool {
        let Some((host, port)) = &self.address else { return false };
        let service = container.labels.get("com.docker.compose.service");
        container.name.as_str() == host
            || service == Some(host)
            || container.published_ports.contains(port)
            || container.addresses.iter().any(|address| self.resolved.contains(address))
    }
}

/// Says whether a container is meant by what a network mode says, an ID or a name.
fn names(container: &Container, parent: &ContainerId) -> bool {
    container.id == *parent || container.name.as_str() == parent.as_str()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::core::id::{ContainerName, ImageId, Timestamp};
    use crate::core::inventory::RunState;
    use crate::core::ourselves::Obstacle;

    use super::*;

    /// A socket proxy, published on port 2375 of the host.
    fn proxy() -> Container {
        Container {
            id: ContainerId::new("1"),
            name: ContainerName::new("proxy-1"),
            image: "socket-proxy".into(),
            image_id: ImageId::new("2"),
            labels: BTreeMap::from([("com.docker.compose.service".into(), "proxy".into())]),
            state: RunState::Running,
            created_at: Timestamp::default(),
            published_ports: vec![2375],
            addresses: vec!["172.18.0.2".into(), "fd00::2".into()],
        }
    }

    async fn way(host: &str, port: u16) -> Way {
        let address = Some((host.to_owned(), port));
        Way { own: None, address, resolved: resolve(host, port).await }
    }

    #[tokio::test]
    async fn the_container_on_the_way_to_the_engine_is_known() {
        for (host, port, role) in [
            ("proxy-1", 1, Role::DockerAccess),
            ("proxy", 1, Role::DockerAccess),
            ("127.0.0.1", 2375, Role::DockerAccess),
            ("localhost", 2375, Role::DockerAccess),
            ("172.18.0.2", 1, Role::DockerAccess),
            ("[fd00:0::2]", 1, Role::DockerAccess),
            ("172.18.0.3", 1, Role::Ordinary),
            ("127.0.0.1", 2376, Role::Ordinary),
        ] {
            assert_eq!(way(host, port).await.role(&proxy()), role, "{host}:{port}");
        }
        assert_eq!(Way::default().role(&proxy()), Role::Ordinary);
        for (id, parent, role) in [
            ("1", None, Role::Ourselves(Some(Obstacle::Data))),
            ("2", Some("1"), Role::NetworkParent),
            ("2", Some("proxy-1"), Role::NetworkParent),
            ("2", Some("3"), Role::Ordinary),
        ] {
            let own = Shown {
                ids: vec![ContainerId::new(id)],
                parent: parent.map(ContainerId::new),
                obstacle: Some(Obstacle::Data),
            };
            let way = Way { own: Some(own), ..Way::default() };
            assert_eq!(way.role(&proxy()), role, "{id} {parent:?}");
        }
        // What a name stands for, whatever names it.
        let alias = Some(("docker-access".to_owned(), 1));
        let alias = Way { own: None, address: alias, resolved: vec!["172.18.0.2".into()] };
        assert_eq!(alias.role(&proxy()), Role::DockerAccess);
    }
}

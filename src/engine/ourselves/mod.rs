//! docker-auto's own container: what it is, and how it is replaced by a helper.

mod follow;
pub mod helper;

use serde_json::Value;

use crate::core::id::{ContainerId, ContainerName, OperationId};
use crate::core::inventory::Container;
use crate::core::ourselves::{HELPER_LABEL, Needs, Obstacle, network_parent, obstacle};
use crate::core::plan::blueprint::{Helper, Making};
use crate::docker::{DockerError, Host};
use crate::engine::{Engine, EngineError, Settings};

/// How long the program stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attendance {
    /// It serves.
    Server,
    /// It carries out one command.
    Command,
}

/// The container that the program runs in, as the program sees it from inside.
#[derive(Clone, Debug)]
pub struct Own {
    /// Its ID, or the beginning of it.
    pub container: ContainerId,
    /// The program's file in it.
    pub program: String,
    /// What the program needs of it.
    pub needs: Needs,
}

/// The same, as the engine shows it; none of it changes while the program runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) id: ContainerId,
    /// The container whose network it lives in.
    pub(super) parent: Option<ContainerId>,
    pub(super) obstacle: Option<Obstacle>,
}

impl Settings {
    /// Says whether a container is the one that this program runs in.
    pub(super) fn is_own(&self, container: &Container) -> bool {
        self.own_of(container).is_some()
    }

    fn own_of(&self, container: &Container) -> Option<&Own> {
        let is_own = |own: &&Own| container.id.as_str().starts_with(own.container.as_str());
        self.own.as_ref().filter(is_own)
    }

    /// Returns the helper for a container, where that is our own.
    pub(super) fn helper(
        &self,
        container: &Container,
        making: &Making,
        operation: &OperationId,
    ) -> Option<Helper> {
        let own = self.own_of(container)?;
        let image = container.image_id.clone();
        let making =
            crate::core::ourselves::helper(making, image.as_str(), &own.program, operation);
        Some(Helper { image, making })
    }
}

impl Engine {
    /// Returns our own container as this engine shows it; `None` where it does not know one.
    pub(super) async fn shown(&self) -> Result<Option<&Shown>, DockerError> {
        let look = || async {
            let Some(own) = &self.settings.own else { return Ok(None) };
            let inspect = self.host.inspect_container(&own.container).await?;
            Ok::<_, DockerError>(inspect.map(|inspect| Shown {
                id: ContainerId::new(text(&inspect, "/Id")),
                parent: network_parent(&inspect),
                obstacle: match self.settings.attendance {
                    Attendance::Server => obstacle(&inspect, &own.needs),
                    Attendance::Command => Some(Obstacle::NoServer),
                },
            }))
        };
        Ok(self.shown.get_or_try_init(look).await?.as_ref())
    }

    /// Refuses to plan for our own container where we could not replace it.
    pub(super) async fn may_replace(&self, container: &Container) -> Result<(), EngineError> {
        if !self.settings.is_own(container) {
            return Ok(());
        }
        match self.shown().await?.and_then(|shown| shown.obstacle) {
            Some(obstacle) => Err(EngineError::Preflight {
                name: container.name.clone(),
                problem: obstacle.to_string(),
            }),
            None => Ok(()),
        }
    }
}

/// Removes an operation's helper, whatever it does; one that is gone is as it should be. It is none
/// of the plan's steps: only when the plan is over may the helper go.
async fn discard_helper(host: &Host, operation: &OperationId) -> Result<(), DockerError> {
    let name = ContainerName::of_helper(operation);
    let Some(inspect) = host.find_container(&name).await? else { return Ok(()) };
    let labels = inspect.pointer("/Config/Labels");
    let label = labels.and_then(|labels| labels.get(HELPER_LABEL)).and_then(Value::as_str);
    if label == Some(operation.as_str()) {
        host.discard(&ContainerId::new(text(&inspect, "/Id"))).await?;
    }
    Ok(())
}

fn text<'a>(inspect: &'a Value, path: &str) -> &'a str {
    inspect.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

//! docker-auto's own container: what it is, and how it is replaced by a helper.

mod follow;
pub mod helper;

use serde_json::Value;

use crate::core::id::{ContainerId, ContainerName, OperationId};
use crate::core::inventory::Container;
use crate::core::ourselves::{HELPER_LABEL, Needs, Obstacle, network_parent, obstacle};
use crate::core::plan::blueprint::{Helper, Making};
use crate::docker::{DockerError, Host};
use crate::engine::{Engine, EngineError};

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
    /// Its ID, or the beginning of it; or that of the container whose network it lives in.
    pub container: ContainerId,
    /// What was run, word by word.
    pub command: Vec<String>,
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

impl Own {
    /// Says whether a container runs what we are.
    fn is_run_by(&self, inspect: &Value) -> bool {
        let words = inspect.pointer("/Args").and_then(Value::as_array).into_iter().flatten();
        let words = words.filter_map(Value::as_str);
        std::iter::once(text(inspect, "/Path")).chain(words).eq(&self.command)
    }
}

impl Engine {
    /// Says whether a container is the one that this program runs in, as far as the engine was asked.
    pub(super) fn is_own(&self, container: &Container) -> bool {
        let shown = self.shown.get().and_then(Option::as_ref);
        shown.is_some_and(|shown| shown.id == container.id)
    }

    /// Returns the helper for a container, where that is our own.
    pub(super) fn helper(
        &self,
        container: &Container,
        making: &Making,
        operation: &OperationId,
    ) -> Option<Helper> {
        let own = self.settings.own.as_ref().filter(|_| self.is_own(container))?;
        let image = container.image_id.clone();
        let making =
            crate::core::ourselves::helper(making, image.as_str(), &own.program, operation);
        Some(Helper { image, making })
    }

    /// Returns our own container as this engine shows it; `None` where it does not know one.
    pub(super) async fn shown(&self) -> Result<Option<&Shown>, DockerError> {
        let look = || async {
            let Some(own) = &self.settings.own else { return Ok(None) };
            let inspect = self.inspect_own(own).await?;
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

    /// A container that lives in the network of another one has the files by which it could be known
    /// from that one: of all who have them it is the one that runs what we are.
    async fn inspect_own(&self, own: &Own) -> Result<Option<Value>, DockerError> {
        let Some(found) = self.host.inspect_container(&own.container).await? else {
            return Ok(None);
        };
        let id = ContainerId::new(text(&found, "/Id"));
        if !own.is_run_by(&found) {
            for sharer in self.host.network_sharers(&id).await? {
                let other = self.host.inspect_container(&sharer).await?;
                if let Some(other) = other.filter(|other| own.is_run_by(other)) {
                    return Ok(Some(other));
                }
            }
        }
        Ok(Some(found))
    }

    /// Refuses to plan for our own container where we could not replace it.
    pub(super) async fn may_replace(&self, container: &Container) -> Result<(), EngineError> {
        let shown = self.shown().await?;
        if !self.is_own(container) {
            return Ok(());
        }
        match shown.and_then(|shown| shown.obstacle) {
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

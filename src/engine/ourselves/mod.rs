//! docker-auto's own container: what it is, and how it is replaced by a helper.

mod follow;
pub mod helper;
mod own;
mod progress;

use serde_json::Value;

use crate::core::id::{ContainerId, OperationId};
use crate::core::inventory::Container;
use crate::core::ourselves::{HELPER_LABEL, Obstacle, Program, network_parent, obstacle};
use crate::core::plan::Volumes;
use crate::core::plan::blueprint::{Helper, Making};
use crate::docker::{DockerError, Host};
use crate::engine::{Engine, EngineError};

pub use self::own::Own;
pub(super) use self::own::Shown;

/// How long the program stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attendance {
    /// It serves.
    Server,
    /// It carries out one command.
    Command,
}

impl Engine {
    /// Says whether a container is the one that this program runs in, as far as the engine was asked.
    pub(super) fn is_own(&self, container: &Container) -> bool {
        let shown = self.shown.get().and_then(Option::as_ref);
        shown.is_some_and(|shown| shown.ids.contains(&container.id))
    }

    /// The same, and no other one could be it.
    pub(super) fn is_surely_own(&self, container: &Container) -> bool {
        let shown = self.shown.get().and_then(Option::as_ref).and_then(Shown::id);
        shown == Some(&container.id)
    }

    /// Returns the helper for a container, where that is our own.
    pub(super) fn helper(
        &self,
        container: &Container,
        making: &Making,
        operation: &OperationId,
    ) -> Option<Helper> {
        let own = self.settings.own.as_ref().filter(|_| self.is_surely_own(container))?;
        let image = container.image_id.clone();
        let configuration = own.file.as_deref();
        let program = Program { image: image.as_str(), path: &own.program, configuration };
        let making = crate::core::ourselves::helper(making, &program, operation);
        Some(Helper { image, making })
    }

    /// Returns our own container as this engine shows it; `None` where it does not know one.
    pub(super) async fn shown(&self) -> Result<Option<&Shown>, DockerError> {
        let look = || async {
            let Some(own) = &self.settings.own else { return Ok(None) };
            let candidates = own.candidates(self.near(own).await?);
            let obstacle = match (&*candidates, self.settings.attendance) {
                ([], _) => return Ok(None),
                (_, Attendance::Command) => Some(Obstacle::NoServer),
                ([inspect], Attendance::Server) => obstacle(inspect, &own.needs),
                (_, Attendance::Server) => Some(Obstacle::Unclear),
            };
            let id = |inspect: &Value| ContainerId::new(text(inspect, "/Id"));
            Ok::<_, DockerError>(Some(Shown {
                ids: candidates.iter().map(id).collect(),
                parent: candidates.first().and_then(network_parent),
                obstacle,
            }))
        };
        Ok(self.shown.get_or_try_init(look).await?.as_ref())
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
    for helper in host.labelled(HELPER_LABEL, operation.as_str()).await? {
        host.discard(helper.as_str(), Volumes::Keep).await?;
    }
    Ok(())
}

fn text<'a>(inspect: &'a Value, path: &str) -> &'a str {
    inspect.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

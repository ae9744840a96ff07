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
    /// It; several where what surrounds us does not tell which of them it is.
    pub(super) ids: Vec<ContainerId>,
    /// The container whose network it lives in.
    pub(super) parent: Option<ContainerId>,
    pub(super) obstacle: Option<Obstacle>,
}

impl Shown {
    /// Returns its ID, where that is certain.
    pub(super) fn id(&self) -> Option<&ContainerId> {
        self.ids.first().filter(|_| self.ids.len() == 1)
    }
}

impl Own {
    /// Says whether a container runs what we are, at this moment.
    fn is_run_by(&self, inspect: &Value) -> bool {
        let words = inspect.pointer("/Args").and_then(Value::as_array).into_iter().flatten();
        let words = words.filter_map(Value::as_str);
        text(inspect, "/State/Status") == "running"
            && std::iter::once(text(inspect, "/Path")).chain(words).eq(&self.command)
    }

    /// Returns those of `near` of which one is ours: what one version left stopped says the same as
    /// the next one that runs.
    fn candidates(&self, near: Vec<Value>) -> Vec<Value> {
        let (ours, others): (Vec<_>, Vec<_>) =
            near.into_iter().partition(|inspect| self.is_run_by(inspect));
        if ours.is_empty() { others } else { ours }
    }
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
        let making =
            crate::core::ourselves::helper(making, image.as_str(), &own.program, operation);
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

    /// Returns the container that we seem to be in, and those in its network, which have the files by
    /// which it is known as well.
    async fn near(&self, own: &Own) -> Result<Vec<Value>, DockerError> {
        let Some(found) = self.host.inspect_container(&own.container).await? else {
            return Ok(Vec::new());
        };
        let id = ContainerId::new(text(&found, "/Id"));
        let name = ContainerName::new(text(&found, "/Name").trim_start_matches('/'));
        let sharers = self.host.network_sharers(&id, &name).await?;
        let mut near = vec![found];
        for sharer in sharers {
            near.extend(self.host.inspect_container(&sharer).await?);
        }
        Ok(near)
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
        host.discard(&helper).await?;
    }
    Ok(())
}

fn text<'a>(inspect: &'a Value, path: &str) -> &'a str {
    inspect.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn our_own_container_is_the_one_that_runs_what_we_are() {
        let own = Own {
            container: ContainerId::new("parent"),
            command: vec!["/docker-auto".to_owned(), "serve".to_owned()],
            program: "/docker-auto".to_owned(),
            needs: Needs { data: Vec::new(), access: Vec::new(), loopback: false },
        };
        let one = |(id, argument, status): &(&str, &str, &str)| json!({"Id": id, "Path": "/docker-auto", "Args": [argument], "State": {"Status": status}});
        for (near, expected) in [
            (vec![("parent", "serve", "running")], vec!["parent"]),
            (vec![("parent", "wrapped", "running")], vec!["parent"]),
            (vec![("parent", "vpn", "running"), ("1", "serve", "running")], vec!["1"]),
            (
                vec![
                    ("parent", "vpn", "running"),
                    ("new", "serve", "exited"),
                    ("old", "serve", "running"),
                    ("helper", "self-swap", "running"),
                ],
                vec!["old"],
            ),
            (
                vec![
                    ("parent", "vpn", "running"),
                    ("1", "serve", "running"),
                    ("2", "serve", "running"),
                ],
                vec!["1", "2"],
            ),
            (vec![("parent", "vpn", "running"), ("1", "serve", "exited")], vec!["parent", "1"]),
            (vec![], vec![]),
        ] {
            let candidates = own.candidates(near.iter().map(one).collect());
            let ids: Vec<_> = candidates.iter().map(|inspect| text(inspect, "/Id")).collect();
            assert_eq!(ids, expected, "{near:?}");
        }
    }
}

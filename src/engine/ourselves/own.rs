//! The container that the program runs in: how it looks from inside, and which one of the engine's it is.

use std::path::PathBuf;

use serde_json::Value;

use crate::core::id::{ContainerId, ContainerName};
use crate::core::ourselves::{Needs, Obstacle};
use crate::docker::DockerError;
use crate::engine::Engine;

use super::text;

/// The container that the program runs in, as the program sees it from inside.
#[derive(Clone, Debug)]
pub struct Own {
    /// Its ID, or the beginning of it; or that of the container whose network it lives in.
    pub container: ContainerId,
    /// What was run, word by word.
    pub command: Vec<String>,
    /// The program's file in it.
    pub program: String,
    /// Its configuration file there, if it has one.
    pub file: Option<PathBuf>,
    /// What the program needs of it.
    pub needs: Needs,
}

/// The same, as the engine shows it; none of it changes while the program runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Shown {
    /// It; several where what surrounds us does not tell which of them it is.
    pub(in crate::engine) ids: Vec<ContainerId>,
    /// The container whose network it lives in.
    pub(in crate::engine) parent: Option<ContainerId>,
    pub(in crate::engine) obstacle: Option<Obstacle>,
}

impl Shown {
    /// Returns its ID, where that is certain.
    pub(in crate::engine) fn id(&self) -> Option<&ContainerId> {
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
    pub(super) fn candidates(&self, near: Vec<Value>) -> Vec<Value> {
        let (ours, others): (Vec<_>, Vec<_>) =
            near.into_iter().partition(|inspect| self.is_run_by(inspect));
        if ours.is_empty() { others } else { ours }
    }
}

impl Engine {
    /// Returns the container that we seem to be in, and those in its network, which have the files by
    /// which it is known as well.
    pub(super) async fn near(&self, own: &Own) -> Result<Vec<Value>, DockerError> {
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
            file: None,
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

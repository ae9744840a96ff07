//! Files in a container's own layer: what is carried, what is refused, what a person should know.

use serde_json::Value;

use crate::core::carry::{Carried, Change, Layer, Nature, Wish, injected_until, sort};
use crate::core::compose::Compose;
use crate::core::inventory::Container;
use crate::engine::{Engine, EngineError};

/// How many paths are named where there are many.
const NAMED: usize = 3;
/// How many files are asked for their times: Compose writes a few, a program may write any number.
const LOOKED_AT: usize = 500;

impl Engine {
    /// Returns what is to be carried from a container's own layer, with warnings of what is lost.
    pub(super) async fn carried(
        &self,
        container: &Container,
        inspect: &Value,
    ) -> Result<(Vec<Carried>, Vec<String>), EngineError> {
        // A label that cannot be read is a problem of its own, which is shown with the container.
        let wish = Wish::read(&container.labels).unwrap_or(Wish::Paths(Vec::new()));
        let changes = match self.host.changes(&container.id).await {
            Ok(changes) => changes,
            Err(error) if error.is_unreachable() => return Err(error.into()),
            Err(error) => {
                let warning = format!(
                    "what {} keeps in its own layer cannot be seen: {}",
                    container.name,
                    error.chain()
                );
                return Ok((Vec::new(), vec![warning]));
            }
        };
        let Layer { mut carried, refused, left } = sort(&changes, &mounts(inspect), &wish);
        if !refused.is_empty() {
            return Err(refusal(container, &refused));
        }
        let mut lost = Vec::new();
        for (index, change) in left.into_iter().enumerate() {
            if index < LOOKED_AT && self.is_injected(container, inspect, &change).await? {
                carried.push(Carried { path: change.path, nature: Nature::Fixed });
            } else if change.is_data() {
                lost.push(change.path);
            }
        }
        let warning = || {
            format!(
                "{} in its own layer will be lost; keep them in a volume, or carry them with the \
                 label docker-auto.carry",
                some(&lost)
            )
        };
        let warnings = (!lost.is_empty()).then(warning).into_iter().collect();
        Ok((carried, warnings))
    }

    /// Compose writes the content of configs and secrets into a container before it starts it.
    async fn is_injected(
        &self,
        container: &Container,
        inspect: &Value,
        change: &Change,
    ) -> Result<bool, EngineError> {
        let Some(until) = injected_until(inspect).filter(|_| is_compose(container)) else {
            return Ok(false);
        };
        let stat = self.host.path_stat(&container.id, &change.path).await?;
        Ok(stat.is_some_and(|stat| stat.mtime <= until))
    }
}

fn is_compose(container: &Container) -> bool {
    Compose::read(&container.labels).is_some()
}

fn refusal(container: &Container, refused: &[String]) -> EngineError {
    let problem = format!(
        "{} would be lost with it, and docker-auto.carry=none forbids to carry them; take the label \
         away",
        some(refused)
    );
    EngineError::Preflight { name: container.name.clone(), problem }
}

fn mounts(inspect: &Value) -> Vec<String> {
    let mounts = inspect["Mounts"].as_array().into_iter().flatten();
    let mounts = mounts.filter_map(|mount| mount["Destination"].as_str().map(ToOwned::to_owned));
    let tmpfs = inspect["HostConfig"]["Tmpfs"].as_object().into_iter().flatten();
    mounts.chain(tmpfs.map(|(path, _)| path.clone())).collect()
}

fn some(paths: &[String]) -> String {
    let named = paths.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more files"),
    }
}

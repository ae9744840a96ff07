//! Files in a container's own layer: what is carried, what is refused, what a person should know.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::core::backup::Node;
use crate::core::carry::{
    CARRY, Carried, Change, Layer, Nature, Wish, is_doubtful, is_injected, sort,
};
use crate::core::compose::{Compose, Labels};
use crate::core::id::ContainerName;
use crate::core::inventory::Container;
use crate::docker::PathStat;
use crate::engine::composed::{Contents, contents};
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
        // A label that cannot be read holds updates back, but not the way back.
        let wish = Wish::read(&container.labels);
        let unread = wish.as_ref().err().map(|cure| {
            format!("what the label {CARRY} means will be lost, as it cannot be understood: {cure}")
        });
        let wish = wish.unwrap_or(Wish::Paths(Vec::new()));
        let changes = match self.host.changes(&container.id).await {
            Ok(changes) => changes,
            Err(error) if error.is_unreachable() => return Err(error.into()),
            Err(error) => {
                let name = &container.name;
                let unseen = unseen((name, &container.labels), &wish, &error.chain());
                return unseen.map(|warning| (Vec::new(), vec![warning]));
            }
        };
        let Layer { mut carried, refused, left, passing } = sort(&changes, &mounts(inspect), &wish);
        if !refused.is_empty() {
            return Err(refusal(container, &refused));
        }
        let fates = self.fates(container, inspect, (left, passing)).await?;
        if !fates.doubtful.is_empty() {
            return Err(doubt(container, &fates.doubtful));
        }
        carried.extend(fates.carried);
        let lost = fates.lost;
        let warning = || {
            format!(
                "{} in its own layer will be lost; keep them in a volume, or carry them with the \
                 label docker-auto.carry",
                some(&lost)
            )
        };
        let warnings = (!lost.is_empty()).then(warning).into_iter();
        let more = too_many(&fates.unasked).into_iter().chain(may_be(&fates.passing)).chain(unread);
        Ok((carried, warnings.chain(more).collect()))
    }

    /// Compose writes the content of configs and secrets into a container before it starts it. Those
    /// are told by its file, where that can be read, and by when they were written; clocks may
    /// mislead, so that one that looks like Compose's is not given up.
    async fn fates(
        &self,
        container: &Container,
        inspect: &Value,
        (left, passing): (Vec<Change>, Vec<Change>),
    ) -> Result<Fates, EngineError> {
        let mut fates = Fates::default();
        if !is_compose(container) {
            let data = left.into_iter().filter(Change::is_data);
            fates.lost = data.map(|change| change.path).collect();
            return Ok(fates);
        }
        let told = contents(&container.labels).await;
        for (index, change) in loneliest_first(left).into_iter().enumerate() {
            let asked = index < LOOKED_AT;
            let stat =
                if asked { self.host.path_stat(&container.id, &change.path).await? } else { None };
            let injected = stat.as_ref().is_some_and(|stat| is_injected(inspect, stat.mtime));
            if injected || told.paths.contains(&change.path) {
                fates.carried.push(Carried { path: change.path, nature: Nature::Fixed });
            } else if !told.is_none
                && stat.is_some_and(|stat| is_doubtful_file(&change.path, &stat))
            {
                fates.doubtful.push(change.path);
            } else if !asked {
                fates.unasked.push(change.path);
            } else if change.is_data() {
                fates.lost.push(change.path);
            }
        }
        self.pass((container, inspect), &told, passing, &mut fates).await?;
        Ok(fates)
    }

    /// Of what may go at any time only that is carried which Compose's file tells of: a program's own
    /// lock, carried, would keep it from starting.
    async fn pass(
        &self,
        (container, inspect): (&Container, &Value),
        told: &Contents,
        passing: Vec<Change>,
        fates: &mut Fates,
    ) -> Result<(), EngineError> {
        for (index, Change { path, .. }) in loneliest_first(passing).into_iter().enumerate() {
            if told.paths.contains(&path) {
                fates.carried.push(Carried { path, nature: Nature::Fixed });
                continue;
            }
            if told.is_none || index >= LOOKED_AT {
                continue;
            }
            let stat = self.host.path_stat(&container.id, &path).await?;
            if stat.is_some_and(|stat| {
                is_injected(inspect, stat.mtime) && is_doubtful_file(&path, &stat)
            }) {
                fates.passing.push(path);
            }
        }
        Ok(())
    }
}

/// What becomes of what nobody asked to be carried.
#[derive(Default)]
struct Fates {
    carried: Vec<Carried>,
    doubtful: Vec<String>,
    /// Not looked at, being too many.
    unasked: Vec<String>,
    lost: Vec<String>,
    /// Where things may go at any time, and may be Compose's all the same.
    passing: Vec<String>,
}

fn is_doubtful_file(path: &str, stat: &PathStat) -> bool {
    stat.node() == Some(Node::File) && is_doubtful(path, stat.permissions())
}

fn is_compose(container: &Container) -> bool {
    Compose::read(&container.labels).is_some()
}

/// What cannot be seen must not hold anything that was put there on purpose.
fn unseen(
    (name, labels): (&ContainerName, &Labels),
    wish: &Wish,
    error: &str,
) -> Result<String, EngineError> {
    if *wish == Wish::Paths(Vec::new()) && Compose::read(labels).is_none() {
        return Ok(format!("what {name} keeps in its own layer cannot be seen: {error}"));
    }
    let problem = format!(
        "what it keeps in its own layer cannot be seen, so that files which Compose or the label \
         {CARRY} means could be lost ({error}); let docker-auto ask the engine for \
         /containers/{name}/changes"
    );
    Err(EngineError::Preflight { name: name.clone(), problem })
}

/// A program writes many files to a directory, Compose a few to many: those come first.
fn loneliest_first(mut changes: Vec<Change>) -> Vec<Change> {
    let directory = |change: &Change| change.path.rsplit_once('/').unwrap_or_default().0.to_owned();
    let mut crowds: BTreeMap<String, usize> = BTreeMap::new();
    for change in &changes {
        *crowds.entry(directory(change)).or_default() += 1;
    }
    changes.sort_by_cached_key(|change| crowds.get(&directory(change)).copied());
    changes
}

/// Names files that were not asked for their times.
fn too_many(paths: &[String]) -> Option<String> {
    (!paths.is_empty()).then(|| {
        format!(
            "{} in its own layer were not looked at, being too many, and will be lost; if Compose \
             wrote any of them there, name it in the label {CARRY}",
            some(paths)
        )
    })
}

/// Names what may be Compose's where programs keep what passes.
fn may_be(paths: &[String]) -> Option<String> {
    (!paths.is_empty()).then(|| {
        format!(
            "{} in its own layer will be lost; if Compose wrote that, name it in the label {CARRY}",
            some(paths)
        )
    })
}

fn refusal(container: &Container, refused: &[String]) -> EngineError {
    let problem = format!(
        "{} would be lost with it, and docker-auto.carry=none forbids to carry them; take the label \
         away",
        some(refused)
    );
    EngineError::Preflight { name: container.name.clone(), problem }
}

fn doubt(container: &Container, doubtful: &[String]) -> EngineError {
    let problem = format!(
        "{} may be configs or secrets that Compose wrote, and would be lost; name them in the label \
         docker-auto.carry, or let docker compose up -d --force-recreate {} write them again",
        some(doubtful),
        Compose::read(&container.labels).map(|compose| compose.service).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_alone_is_looked_at_first() {
        let paths = ["/app/a", "/app/b", "/app/c", "/etc/one", "/srv/x", "/srv/y", "/z"];
        let changes = paths.map(|path| Change { path: path.to_owned(), kind: 1 });
        let sorted = loneliest_first(changes.into());
        let sorted: Vec<_> = sorted.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(sorted, ["/etc/one", "/z", "/srv/x", "/srv/y", "/app/a", "/app/b", "/app/c"]);
    }

    #[test]
    fn what_cannot_be_seen_refuses_where_something_may_have_been_put_there() {
        let compose = [("com.docker.compose.project", "p"), ("com.docker.compose.service", "s")];
        for (labels, refused) in [
            (&[][..], false),
            (&[(CARRY, "")], false),
            (&[(CARRY, "/app")], true),
            (&[(CARRY, "none")], true),
            (&compose, true),
        ] {
            let labels =
                labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let labels: Labels = labels.collect();
            let wish = Wish::read(&labels).unwrap();
            let found = unseen((&ContainerName::new("web"), &labels), &wish, "403");
            assert_eq!(found.is_err(), refused, "{labels:?}: {found:?}");
        }
    }

    #[test]
    fn files_that_nobody_looked_at_are_counted() {
        assert_eq!(too_many(&[]), None);
        let paths: Vec<_> = (0..5).map(|index| format!("/{index}")).collect();
        let said = too_many(&paths).unwrap();
        assert!(said.contains("/0, /1, /2 and 2 more files") && said.contains(CARRY), "{said}");
    }
}

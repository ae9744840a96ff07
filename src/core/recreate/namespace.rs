//! Namespaces and links: what the engine shows by ID is written by name, so that it also means the
//! container that takes the other one's place.

use serde_json::{Map, Value};

use crate::core::dependency::recall;
use crate::core::id::ContainerName;
use crate::core::plan::recreate::reserved_name;
use crate::core::recreate::error::PlanError;
use crate::core::recreate::scene::{NetworkMode, Scene};
use crate::core::recreate::value::{is_empty, items, text};

const SHARED: &[&str] = &["NetworkMode", "PidMode", "IpcMode"];

/// Re-points the namespaces and links of a container that is about to be created.
pub(super) fn repoint(
    host_config: &mut Map<String, Value>,
    scene: &Scene<'_>,
    warnings: &mut Vec<String>,
) -> Result<(), PlanError> {
    for &field in SHARED {
        let mode = host_config.get(field).map_or("", text);
        if let Some(parent) = mode.strip_prefix("container:") {
            let joined = || {
                let name = successor(parent, scene)?;
                warnings.push(format!(
                    "its {field} names a container that is gone; it joins {name}, which has that \
                     one's name now"
                ));
                Some(name)
            };
            let name = find(parent, scene).or_else(joined);
            let name = name.ok_or_else(|| PlanError::ParentGone {
                container: scene.shown.name.clone(),
                field,
                parent: parent.to_owned(),
            })?;
            host_config.insert(field.to_owned(), format!("container:{name}").into());
        }
    }
    if let NetworkMode::Networks(name) = &scene.network_mode {
        let mode = host_config.get("NetworkMode").map_or("", text);
        if !matches!(mode, "" | "default") {
            host_config.insert("NetworkMode".into(), name.as_str().into());
        }
    }
    if let Some(links) = host_config.get_mut("Links").filter(|links| !is_empty(links)) {
        *links = items(links).iter().map(|link| legacy_link(text(link), scene)).collect();
    }
    Ok(())
}

/// Returns who has the name now under which a container that is gone was seen last: the same service,
/// made anew.
pub(super) fn successor<'a>(gone: &str, scene: &Scene<'a>) -> Option<&'a ContainerName> {
    find(recall(gone, scene.subject.remembered)?.as_str(), scene)
}

/// Returns the name that a container will have, from its ID, a beginning of it, or a name, which may be
/// the one with which it was made.
pub(super) fn find<'a>(wanted: &str, scene: &Scene<'a>) -> Option<&'a ContainerName> {
    let containers = scene.subject.containers;
    let wanted = wanted.strip_prefix('/').unwrap_or(wanted);
    let by_name = |wanted: &str| {
        // One that is made anew with this one has a name for the time being.
        let temporary = reserved_name(&ContainerName::new(wanted), "new", scene.subject.operation);
        containers.values().find(|name| name.as_str() == wanted || **name == temporary)
    };
    let by_id = || {
        let mut found = containers.iter().filter(|(id, _)| id.as_str().starts_with(wanted));
        let only = found.next().filter(|_| wanted.len() >= 12);
        only.map(|(_, name)| name)
    };
    let by_home = || by_name(ContainerName::new(wanted).home());
    by_name(wanted).or_else(by_id).or_else(by_home)
}

/// `/target:/self/alias`, as the engine shows a link, is asked for as `target:alias`.
fn legacy_link(shown: &str, scene: &Scene<'_>) -> String {
    let (target, alias) = link_parts(shown);
    let name = find(target, scene).map_or(target, ContainerName::as_str);
    format!("{name}:{alias}")
}

fn link_parts(shown: &str) -> (&str, &str) {
    let (target, path) = shown.split_once(':').unwrap_or((shown, shown));
    (target.trim_start_matches('/'), path.rsplit('/').next().unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_asked_for_as_they_were() {
        for (shown, asked) in [
            ("/db:/web/db", ("db", "db")),
            ("/db1:/t1/x", ("db1", "x")),
            ("db:alias", ("db", "alias")),
            ("/db", ("db", "db")),
        ] {
            assert_eq!(link_parts(shown), asked, "{shown}");
        }
    }
}

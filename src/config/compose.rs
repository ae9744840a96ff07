//! The Compose files that may be written.

use std::path::{Component, Path, PathBuf};

use crate::config::variable::{Given, Kind, Secrecy, Variable, set};
use crate::core::policy::Sourced;
use crate::core::value;

pub(super) const VARIABLES: [Variable; 2] = [
    Variable {
        key: "compose.directories",
        name: "DOCKER_AUTO_COMPOSE_DIRECTORIES",
        aliases: &[],
        kind: Kind::List("absolute paths of directories"),
        default: "",
        doc: "The directories, with all below them, in which Compose files and their `.env` may be \
              written when a version moves; without it none is. In a container they must be mounted at \
              the paths that they have on the host.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.compose_directories, directories(&given)),
    },
    Variable {
        key: "compose.write",
        name: "DOCKER_AUTO_COMPOSE_WRITE",
        aliases: &[],
        kind: Kind::Switch,
        default: "false",
        doc: "Writes there also for containers without the label `docker-auto.compose.write`.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            let value = given.switch()?;
            set(&mut config.policy.compose_write, Ok(Sourced { value, origin: given.origin }))
        },
    },
];

/// The whole disk is no directory of Compose files.
fn directories(given: &Given<'_>) -> Result<Vec<PathBuf>, String> {
    let read = |text: &str| {
        let path = Path::new(text);
        let plain =
            path.components().all(|it| matches!(it, Component::RootDir | Component::Normal(_)));
        let good = path.is_absolute() && plain && path.parent().is_some();
        let cure = || format!("{text} is none; write absolute paths such as /srv/stacks");
        good.then(|| path.to_owned()).ok_or_else(cure)
    };
    value::list(given.text).map(read).collect()
}

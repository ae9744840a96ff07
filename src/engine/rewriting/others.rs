//! Whom another tag in a Compose file concerns beside the container: other projects, other replicas.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::core::compose::{Compose, ComposeKind};
use crate::core::inventory::Container;
use crate::core::reference::ImageRef;
use crate::engine::Engine;
use crate::store::compose_files::{FileError, Found, resolved};

use super::Move;
use super::paths::{config_files, variable_files};

/// So many files of each kind are looked at of another project, whose labels are anybody's.
const MOST_OF_OTHERS: usize = 64;

impl Move<'_> {
    /// Returns another project on the host that has a file as well, as far as its labels tell.
    pub(super) async fn sharer(
        &self,
        texts: &[(String, Found)],
        path: &str,
    ) -> Result<Option<String>, FileError> {
        let given = texts.iter().filter(|(_, found)| found.path == path);
        let names: BTreeSet<_> = given.map(|(given, _)| &**given).chain([path]).collect();
        let others = self.job.inventory.containers.values().filter_map(|other| {
            let theirs = Compose::read(&other.labels)?;
            let files = || {
                let files = config_files(&other.labels).into_iter().take(MOST_OF_OTHERS);
                files.chain(variable_files(&other.labels).into_iter().take(MOST_OF_OTHERS))
            };
            let is_other = theirs.project != self.compose.project;
            is_other.then(|| (theirs.project, files().collect::<Vec<_>>()))
        });
        let others: Vec<_> = others.collect();
        let all: BTreeSet<_> = others.iter().flat_map(|(_, files)| files.iter().cloned()).collect();
        let real = resolved(all.into_iter().collect()).await?;
        let is_it = |file: &String| {
            names.contains(&**file) || real.get(file).is_some_and(|real| real == path)
        };
        let user = others.into_iter().find(|(_, files)| files.iter().any(is_it));
        Ok(user.map(|(project, _)| project))
    }

    /// Returns the other containers of the service that ran another tag when the host was looked at.
    fn replicas(&self) -> impl Iterator<Item = &Container> {
        self.job.inventory.containers.values().filter(|other| {
            let same = Compose::read(&other.labels).is_some_and(|theirs| {
                theirs.project == self.compose.project
                    && theirs.service == self.compose.service
                    && theirs.kind == ComposeKind::Service
            });
            same && other.name != self.job.container.name && self.is_elsewhere(&other.image)
        })
    }

    fn is_elsewhere(&self, image: &str) -> bool {
        ImageRef::parse(image).is_ok_and(|image| image != *self.to)
    }
}

impl Engine {
    /// A file speaks for all containers of its service.
    pub(super) async fn left_behind(&self, moved: &Move<'_>) -> Option<String> {
        let mut names = Vec::new();
        for other in moved.replicas() {
            // The same run may have moved it since it looked at the host.
            let stays = match self.host.find_container(&other.name).await {
                Ok(None) => false,
                Ok(Some(inspect)) => {
                    let image = inspect.pointer("/Config/Image").and_then(Value::as_str);
                    image.is_none_or(|image| moved.is_elsewhere(image))
                }
                Err(_) => true,
            };
            if stays {
                names.push(other.name.as_str());
            }
        }
        let warning = || {
            format!(
                "{} of the same compose service {} still run the old tag: the file speaks for all of \
                 them",
                names.join(", "),
                moved.compose
            )
        };
        (!names.is_empty()).then(warning)
    }
}

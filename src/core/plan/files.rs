//! The steps that keep the files of a container's own layer for the day when the object itself is gone.

use serde_json::json;

use crate::core::carry::Carried;
use crate::core::plan::blueprint::Blueprint;
use crate::core::plan::member::{Member, back};
use crate::core::plan::{Key, PlannedContainer, PlannedStep, Step, Volumes};
use crate::core::recreate::OPERATION_LABEL;

/// The role in the name of the container that holds files.
const ROLE: &str = "files";

/// The steps of a plan that are about files which would go with the old container.
pub(super) struct FileSteps<'a> {
    pub(super) blueprint: &'a Blueprint,
    pub(super) main: &'a Member<'a>,
}

impl<'a> FileSteps<'a> {
    fn files(&self) -> &'a [Carried] {
        &self.blueprint.restoration.files
    }

    /// One that the engine removes takes its files along, and so does the new one, which is like it:
    /// they wait in a third one, which is never started.
    fn are_kept(&self) -> bool {
        self.main.vanishes() && !self.files().is_empty()
    }

    /// Returns the container in which they wait.
    pub(super) fn container(&self) -> Option<(Key, PlannedContainer)> {
        let made = || PlannedContainer { id: None, name: self.main.reserved(ROLE) };
        self.are_kept().then(|| (Key::files(), made()))
    }

    /// Puts them aside.
    pub(super) fn keep(&self) -> Vec<PlannedStep> {
        if !self.are_kept() {
            return Vec::new();
        }
        let image = self.blueprint.old_image.id.clone();
        let create = Step::Create {
            key: Key::files(),
            name: self.main.reserved(ROLE),
            body: json!({
                "Image": image,
                "Entrypoint": ["files"],
                "Labels": {(OPERATION_LABEL): self.blueprint.operation},
                "HostConfig": {"NetworkMode": "none"},
            }),
            platform: self.blueprint.restoration.platform.clone(),
            image,
        };
        let mut steps = vec![back(create, vec![remove()])];
        steps.extend(self.files().iter().map(|file| self.main.copy(file, &Key::files())));
        steps
    }

    /// Nothing can be had of one that the engine removes once it is down: what may have changed is
    /// copied again right before.
    pub(super) fn keep_the_last(&self) -> Vec<PlannedStep> {
        if !self.are_kept() {
            return Vec::new();
        }
        let both = [Key::replacement(), Key::files()];
        let last = self.main.living_files();
        last.flat_map(|file| both.each_ref().map(|to| self.main.copy(file, to))).collect()
    }

    /// Gives them to the container that is made from the saved body. Where the engine did not remove
    /// the old one, somebody else did, and the new one has them.
    pub(super) fn bring_back(&self) -> impl Iterator<Item = Step> {
        let from = if self.are_kept() { Key::files() } else { Key::replacement() };
        self.files().iter().map(move |file| Step::CopyFiles {
            from: from.clone(),
            to: Key::rescue(),
            path: file.path.clone(),
        })
    }

    pub(super) fn tidy(&self) -> Option<Step> {
        self.are_kept().then(remove)
    }
}

/// Where its image declares volumes, they were made for it alone.
fn remove() -> Step {
    Step::Remove { container: Key::files(), volumes: Volumes::Remove }
}

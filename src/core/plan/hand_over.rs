//! The steps that are special where docker-auto replaces its own container.

use crate::core::id::ContainerName;
use crate::core::plan::blueprint::Helper;
use crate::core::plan::member::{Member, back, forward, making_steps};
use crate::core::plan::recreate::Planner;
use crate::core::plan::{Key, PlannedStep, Step, Volumes};

impl Planner<'_> {
    /// Returns the helper's name, where there is to be one.
    pub(super) fn helper_name(&self) -> Option<ContainerName> {
        let name = |_: &Helper| ContainerName::of_helper(&self.blueprint.operation);
        self.blueprint.helper.as_ref().map(name)
    }

    /// What replaces itself cannot do so by its own hands. The helper wakes up on what stands behind
    /// the handing over, and goes on.
    pub(super) fn hand_over(&self) -> Vec<PlannedStep> {
        let Some(Helper { image, making }) = &self.blueprint.helper else { return Vec::new() };
        let (key, name) = (Key::helper(), ContainerName::of_helper(&self.blueprint.operation));
        let (create, connects) = making_steps(making, &key, name, image.clone());
        let remove = Step::Remove { container: key.clone(), volumes: Volumes::Keep };
        let copies = making.files.iter().map(|file| Step::CopyFiles {
            from: self.main.key.clone(),
            to: key.clone(),
            path: file.path.clone(),
        });
        let rest: Vec<_> = connects.into_iter().chain(copies).collect();
        let mut steps = vec![back(create, vec![remove])];
        steps.extend(rest.into_iter().map(|step| back(step, Vec::new())));
        steps.push(forward(Step::HandOver { container: key }));
        steps.extend(self.all().map(|member| forward(member.expect())));
        steps
    }

    /// Nobody uses the database between the stop and the start.
    pub(super) fn keep_database(&self) -> Option<PlannedStep> {
        self.helper_name().map(|_| back(Step::KeepDatabase, Vec::new()))
    }

    /// From its start on, a newer docker-auto may have changed the database.
    pub(super) fn with_database(&self, member: &Member<'_>, mut start: PlannedStep) -> PlannedStep {
        if self.blueprint.helper.is_some() && member.key == self.main.key {
            start.undo.push(Step::RestoreDatabase);
        }
        start
    }
}

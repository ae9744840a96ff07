//! The steps that save a container's data, or bring back what was saved.

use crate::core::backup::{
    Fate, ROLE, Restoration, SavedMount, needed_bytes, reader, shown, writer,
};
use crate::core::plan::blueprint::{Blueprint, Data};
use crate::core::plan::member::{Member, back};
use crate::core::plan::{Key, PlannedContainer, PlannedStep, Step, Volumes};

/// The steps of a plan that are about data.
pub(super) struct DataSteps<'a> {
    pub(super) blueprint: &'a Blueprint,
    pub(super) main: &'a Member<'a>,
}

impl DataSteps<'_> {
    /// Returns the container through which data is read or written.
    pub(super) fn container(&self) -> Option<(Key, PlannedContainer)> {
        let name = self.main.reserved(ROLE);
        let made = || (Key::data(), PlannedContainer { id: None, name });
        (self.blueprint.data != Data::Stays).then(made)
    }

    /// Returns the end of the plan's sentence.
    pub(super) fn summary(&self) -> String {
        match &self.blueprint.data {
            Data::Stays => String::new(),
            Data::Saved { mounts, .. } => {
                let sizes: Option<Vec<u64>> = mounts.iter().map(|mount| mount.size_bytes).collect();
                let size = sizes.map(|sizes| shown(sizes.into_iter().fold(0, u64::saturating_add)));
                format!("; save its data ({})", size.as_deref().unwrap_or("size unknown"))
            }
            Data::Restored(_) => "; restore its data".to_owned(),
        }
    }

    /// Everything that can be done while the old container runs.
    pub(super) fn prepare(&self) -> Vec<PlannedStep> {
        match &self.blueprint.data {
            Data::Stays => Vec::new(),
            Data::Saved { folder, mounts, keep } => self.make_room(folder, mounts, *keep),
            Data::Restored(restoration) => self.restore(restoration),
        }
    }

    fn make_room(&self, folder: &str, mounts: &[SavedMount], keep: usize) -> Vec<PlannedStep> {
        let needed_bytes = Some(needed_bytes(mounts));
        let prepare = Step::PrepareBackup { folder: folder.to_owned(), needed_bytes };
        let discard = Step::DiscardBackup { folder: folder.to_owned() };
        // Undone after the old container is up again.
        let prune = prune(folder, keep, Fate::Failed);
        let blueprint = self.blueprint;
        let body = reader(&blueprint.old_image.id, &blueprint.operation, mounts);
        vec![back(prepare, vec![discard, prune]), self.create(body)]
    }

    /// The data is there before the container that shall have it is made, so that the engine does
    /// not fill the volumes from the image.
    fn restore(&self, restoration: &Restoration) -> Vec<PlannedStep> {
        let Restoration { folder, mounts, .. } = restoration;
        let volumes = mounts.iter().map(|mount| {
            let name = || mount.volume.clone();
            let create = Step::CreateVolume { name: name(), labels: mount.labels.clone() };
            back(create, vec![Step::RemoveVolume { name: name() }])
        });
        let mut steps: Vec<_> = volumes.collect();
        let blueprint = self.blueprint;
        steps.push(self.create(writer(&blueprint.old_image.id, &blueprint.operation, mounts)));
        let (folder, mounts) = (folder.clone(), mounts.clone());
        let restore = Step::Restore { container: Key::data(), folder, mounts };
        steps.push(back(restore, Vec::new()));
        steps.push(back(remove(), Vec::new()));
        steps
    }

    fn create(&self, body: serde_json::Value) -> PlannedStep {
        let create = Step::Create {
            key: Key::data(),
            name: self.main.reserved(ROLE),
            body,
            platform: self.blueprint.restoration.platform.clone(),
            image: self.blueprint.old_image.id.clone(),
        };
        back(create, vec![remove()])
    }

    /// Reads the data while nobody of the component writes to it.
    pub(super) fn save(&self) -> Option<PlannedStep> {
        let Data::Saved { folder, mounts, .. } = &self.blueprint.data else { return None };
        let (folder, mounts) = (folder.clone(), mounts.clone());
        let step = Step::BackUp { container: Key::data(), folder, mounts };
        Some(back(step, Vec::new()))
    }

    /// An older backup may be the way back until the new container is proven.
    pub(super) fn tidy(&self) -> impl Iterator<Item = Step> + use<> {
        let steps = match &self.blueprint.data {
            Data::Saved { folder, keep, .. } => {
                vec![remove(), prune(folder, *keep, Fate::Well)]
            }
            Data::Stays | Data::Restored(_) => Vec::new(),
        };
        steps.into_iter()
    }
}

fn prune(folder: &str, keep: usize, fate: Fate) -> Step {
    Step::PruneBackups { folder: folder.to_owned(), keep, fate }
}

/// The volumes that are saved or restored have names and stay; what the image declares does not.
fn remove() -> Step {
    Step::Remove { container: Key::data(), volumes: Volumes::Remove }
}

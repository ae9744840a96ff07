//! Which images that operations have replaced stay for a way back, and which ones may go; and what
//! becomes of those that failed.

use std::collections::BTreeSet;

use crate::core::id::{ContainerName, ImageId, OperationId};
use crate::core::inventory::{Container, Image, Inventory};
use crate::core::plan::OperationKind;
use crate::core::plan::blueprint::Retention;
use crate::core::reference::ImageRef;

/// The registry that is none: what has a name in it is held by us, and came from nowhere.
const OURS: &str = "docker-auto.local/";

/// Returns the name by which an operation holds the image that it replaces.
pub fn keep_tag(operation: &OperationId) -> String {
    format!("{OURS}keep:{}", operation.short())
}

/// Says whether a name or digest of an image is one that we gave it.
pub fn is_ours(name: &str) -> bool {
    name.starts_with(OURS)
}

/// An operation that has moved a container from one image to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The operation.
    pub operation: OperationId,
    /// What it did.
    pub kind: OperationKind,
    /// The container.
    pub container: ContainerName,
    /// The image that it ran before.
    pub from: ImageId,
    /// The image that it ran from then on.
    pub to: ImageId,
    /// The reference that it left for another one.
    pub leaves: Option<ImageRef>,
}

/// An image that is to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwanted {
    /// Its ID.
    pub image: ImageId,
    /// The names by which operations on this container hold it.
    pub keep_tags: Vec<String>,
    /// The image that these names mean from then on; without one they go as well.
    pub heir: Option<ImageId>,
}

/// An image that an operation has tried on a container without success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The container.
    pub container: ContainerName,
    /// The image.
    pub image: ImageId,
    /// The reference that it was brought under.
    pub reference: Option<ImageRef>,
}

/// What operations on a host came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Those that ended well, the newest first.
    pub moves: Vec<Move>,
    /// Those that did not.
    pub attempts: Vec<Attempt>,
}

/// What becomes of images when an operation has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageCare {
    /// The name by which the old image is held, if it is.
    pub keep_tag: Option<String>,
    /// Those that go when it has ended well.
    pub unwanted: Vec<Unwanted>,
    /// The new image, where it goes if it fails: it is not tried again.
    pub failed: Option<Unwanted>,
}

/// An operation that is being planned, on a host with a past.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The operation, as if it had ended well.
    pub planned: &'a Move,
    /// The reference that the container follows; it will name the new image.
    pub reference: &'a ImageRef,
    /// What becomes of the old container.
    pub old_container: Retention,
    /// The operations of the host.
    pub past: &'a Past,
    /// The host.
    pub inventory: &'a Inventory,
    /// How many previous images of a container stay.
    pub keep: usize,
}

/// Returns what becomes of the images of a host: the newest ones that a container ran stay for its
/// way back, and of the others those go that operations on this container have replaced and that
/// nothing else uses or names.
pub fn image_care(situation: &Situation<'_>) -> ImageCare {
    let Situation { planned, inventory, .. } = situation;
    let held = planned.kind == OperationKind::Update
        && situation.keep > 0
        && inventory.images.contains_key(&planned.from);
    ImageCare {
        keep_tag: held.then(|| keep_tag(&planned.operation)),
        unwanted: situation.unwanted(),
        failed: situation.failed(),
    }
}

impl Situation<'_> {
    fn unwanted(&self) -> Vec<Unwanted> {
        let mut settled = self.kept();
        let replaced = self.moves_of(&self.planned.container).map(|moved| &moved.from);
        let tried = self.attempts().map(|attempt| &attempt.image);
        let candidates = replaced.chain(tried).filter(|image| settled.insert(image));
        let images = candidates.filter_map(|image| self.inventory.images.get(image));
        let idle = images.filter(|image| !self.is_used(image));
        idle.filter_map(|image| self.without_other_names(image)).collect()
    }

    /// Returns the new image with the name that it is brought under, unless anything but this update
    /// could want it: it runs elsewhere, it is on a way back, it has a name of its own, or another
    /// container follows the same reference.
    fn failed(&self) -> Option<Unwanted> {
        let Self { planned, reference, .. } = self;
        let runs = self.others().any(|other| other.image_id == planned.to);
        let is_wanted = runs || self.is_followed(reference);
        let ways = self.others().map(|other| (&other.name, &other.image_id));
        let mut ways = ways.chain([(&planned.container, &planned.from)]);
        let is_on_a_way = ways.any(|(name, image)| {
            image == &planned.to || self.way_back(name, image).contains(&&planned.to)
        });
        let is_named = self.inventory.images.get(&planned.to).is_some_and(|image| {
            let own = |tag: &String| ImageRef::parse(tag).is_ok_and(|name| name == **reference);
            !image.keep_tags.is_empty() || !image.repo_tags.iter().all(own)
        });
        let goes = planned.kind == OperationKind::Update && !is_wanted && !is_on_a_way && !is_named;
        // The old image had the name before; one that it never had goes with the new one.
        let heir = planned.leaves.is_none().then(|| planned.from.clone());
        let keep_tags = vec![reference.familiar()];
        goes.then(|| Unwanted { image: planned.to.clone(), keep_tags, heir })
    }

    /// Says whether another container follows a reference.
    fn is_followed(&self, reference: &ImageRef) -> bool {
        let mut followed = self.others().filter_map(|other| ImageRef::parse(&other.image).ok());
        followed.any(|name| name == *reference)
    }

    fn others(&self) -> impl Iterator<Item = &Container> {
        let all = self.inventory.containers.values();
        all.filter(|other| other.name != self.planned.container)
    }

    /// Returns what was tried on the container and failed.
    fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        let all = self.past.attempts.iter();
        all.filter(|attempt| attempt.container == self.planned.container)
    }

    /// Returns the images that containers run when the operation has ended, or can go back to.
    fn kept(&self) -> BTreeSet<&ImageId> {
        let planned = self.planned;
        let mut kept = BTreeSet::from([&planned.to]);
        kept.extend(self.way_back(&planned.container, &planned.to));
        if planned.kind == OperationKind::Rollback {
            // It may be wanted once more, to see what was wrong with it.
            kept.insert(&planned.from);
        }
        for other in self.others() {
            kept.extend(self.way_back(&other.name, &other.image_id));
        }
        kept
    }

    /// Returns the images that a container goes back to, one rollback after the other.
    fn way_back<'a>(&'a self, container: &ContainerName, image: &'a ImageId) -> Vec<&'a ImageId> {
        let mut way = vec![image];
        while way.len() <= self.keep
            && let Some(present) = way.last()
            && let Some(previous) = self.previous(container, present)
            && !way.contains(&previous)
        {
            way.push(previous);
        }
        way.split_off(1)
    }

    fn previous(&self, container: &ContainerName, image: &ImageId) -> Option<&ImageId> {
        let brought = |moved: &&Move| moved.kind == OperationKind::Update && moved.to == *image;
        self.moves_of(container).find(brought).map(|moved| &moved.from)
    }

    /// Returns what a container went through with what is planned for it, the newest first.
    fn moves_of(&self, container: &ContainerName) -> impl Iterator<Item = &Move> {
        let all = std::iter::once(self.planned).chain(&self.past.moves);
        all.filter(move |moved| moved.container == *container)
    }

    /// Says whether a container in any state will still be made of an image.
    fn is_used(&self, image: &Image) -> bool {
        let goes = |name: &ContainerName| {
            *name == self.planned.container && self.old_container == Retention::Remove
        };
        let mut containers = self.inventory.containers.values();
        containers.any(|container| container.image_id == image.id && !goes(&container.name))
    }

    /// Returns an image with the names that go with it, if it will have no other ones.
    fn without_other_names(&self, image: &Image) -> Option<Unwanted> {
        let own = self.moves_of(&self.planned.container);
        let own: Vec<_> = own.filter(|moved| moved.from == image.id).collect();
        let held: BTreeSet<_> = own.iter().map(|moved| keep_tag(&moved.operation)).collect();
        let left = own.iter().filter_map(|moved| moved.leaves.as_ref());
        let tried = self.attempts().filter(|attempt| attempt.image == image.id);
        let tried = tried.filter_map(|attempt| attempt.reference.as_ref());
        let left: BTreeSet<_> = left.chain(tried).collect();
        // The names that it was left under go with it; the one that is followed moves on.
        let mut keep_tags = image.keep_tags.clone();
        let mut lonely = keep_tags.iter().all(|tag| held.contains(tag));
        for tag in &image.repo_tags {
            match ImageRef::parse(tag) {
                Ok(name) if name == *self.reference => {}
                Ok(name) if left.contains(&name) && !self.is_followed(&name) => {
                    keep_tags.push(tag.clone());
                }
                _ => lonely = false,
            }
        }
        lonely.then(|| Unwanted { image: image.id.clone(), keep_tags, heir: None })
    }
}

#[cfg(test)]
mod tests;

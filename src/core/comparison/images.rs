//! The images of a host, to be found by ID and by name.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::digest::Digest;
use crate::core::id::ImageId;
use crate::core::inventory::{Image, ImageStore};
use crate::core::reference::ImageRef;

/// The images of a host, to be found by ID and by name.
#[derive(Clone, Debug)]
pub struct LocalImages<'a> {
    pub(super) store: ImageStore,
    pub(super) by_id: &'a BTreeMap<ImageId, Image>,
    by_name: BTreeMap<ImageRef, &'a Image>,
}

impl<'a> LocalImages<'a> {
    /// Indexes the images of a host; names that are none are left out.
    pub fn new(store: ImageStore, by_id: &'a BTreeMap<ImageId, Image>) -> Self {
        let mut by_name = BTreeMap::new();
        for image in by_id.values() {
            let tags = image.repo_tags.iter().filter_map(|tag| ImageRef::parse(tag).ok());
            by_name.extend(tags.map(|tag| (tag, image)));
        }
        Self { store, by_id, by_name }
    }

    /// Returns the image that a reference names here.
    pub fn named(&self, reference: &ImageRef) -> Option<&'a Image> {
        self.by_name.get(reference).copied()
    }

    /// Returns the digests that the image which a reference names here has from its repository;
    /// `None` where it names none.
    pub fn digests_of(&self, reference: &ImageRef) -> Option<BTreeSet<Digest>> {
        self.named(reference).map(|image| own_digests(image, reference))
    }
}

/// Returns the digests that an image has from the reference's repository.
pub(super) fn own_digests(image: &Image, reference: &ImageRef) -> BTreeSet<Digest> {
    let parsed = image.repo_digests.iter().filter_map(|text| ImageRef::parse(text).ok());
    let own = parsed.filter(|listed| listed.same_repository(reference));
    own.filter_map(|listed| listed.digest().cloned()).collect()
}

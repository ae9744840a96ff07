//! What was found behind digests before, or that there is nothing for a platform, or no image at all:
//! what a digest stands for never changes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::cache::Reply;
use super::error::RegistryError;
use super::image::RemoteImage;
use crate::core::digest::{Digest, Platform};

/// How many are kept; beyond that all are found anew.
const MOST: usize = 1024;

/// A repository, a digest in it, and the platform that was asked for.
pub(super) type Place = (String, Digest, Platform);

/// Images that were found before, so that a newer one that is held for days is read once: registries
/// count such requests.
#[derive(Debug, Default)]
pub(super) struct Found(Mutex<HashMap<Place, Reply<RemoteImage>>>);

impl Found {
    pub(super) fn get(&self, place: &Place) -> Option<Reply<RemoteImage>> {
        self.lock().get(place).cloned()
    }

    pub(super) fn keep(&self, place: Place, found: &Reply<RemoteImage>) {
        let lasts = |error: &RegistryError| {
            matches!(error, RegistryError::NoPlatform { .. } | RegistryError::NotAnImage { .. })
        };
        if !found.as_ref().err().is_none_or(lasts) {
            return;
        }
        let mut known = self.lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(place, found.clone());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Reply<RemoteImage>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! What is asked for, and how old an answer may be.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::insecure::InsecureRule;
use crate::core::reference::ImageRef;

/// An image to ask for, and what its engine says of registries.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The image.
    pub reference: ImageRef,
    /// The engine's mirrors of Docker Hub, as URLs; other registries have none.
    pub mirrors: Vec<String>,
    /// The registries that the engine speaks to without TLS.
    pub insecure: Vec<InsecureRule>,
}

impl Wanted {
    /// Returns an image of which the engine says nothing more.
    pub fn new(reference: ImageRef) -> Self {
        Self { reference, mirrors: Vec::new(), insecure: Vec::new() }
    }
}

/// How old an answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Not older than this, nor than the settings allow.
    Within(Duration),
    /// Not older than this moment, however short the settings keep answers: of one run.
    Since(Instant),
    /// Asked for now.
    Forced,
}

/// Joins what is wanted several times.
pub(super) fn merged(wanted: Vec<Wanted>) -> BTreeMap<ImageRef, Wanted> {
    let mut merged: BTreeMap<ImageRef, Wanted> = BTreeMap::new();
    for one in wanted {
        match merged.get_mut(&one.reference) {
            Some(known) => {
                let more = one.mirrors.into_iter().filter(|url| !known.mirrors.contains(url));
                let more: Vec<_> = more.collect();
                known.mirrors.extend(more);
                known.insecure.extend(one.insecure);
            }
            None => {
                merged.insert(one.reference.clone(), one);
            }
        }
    }
    merged
}

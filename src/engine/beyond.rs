//! Looks at what lies beyond the versions that containers follow, so that nobody is told of a version
//! that is a chart, or that has no image for their platform.
//!
//! A look costs requests, and registries count some of them; therefore what it has shown is remembered
//! with the container, over restarts too, and a check that finds nothing new asks for nothing here.
//! Updates come first: where few pulls are left, nothing is looked at. What could not be looked at is
//! not told of, and fails nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::digest::Platform;
use crate::core::id::Timestamp;
use crate::core::inventory::Inventory;
use crate::core::plan::BoxFuture;
use crate::core::reference::ImageRef;
use crate::core::version::{Glimpse, Outlook, Seen, VersionAnswer, outlook};
use crate::engine::command::Freshness;
use crate::engine::judge::{Bench, Subject};
use crate::engine::versions::no_image;
use crate::engine::{Engine, remote, rounds};

/// How many tags one check looks at; those that are left wait for the next one.
const MOST_LOOKED_AT: usize = 32;

/// How much is asked at once: nobody waits for it, and each answer may say that few pulls are left.
const AT_ONCE: usize = 4;

/// A tag for a platform.
type Place = (ImageRef, Platform);

/// What was seen now; nothing where it was left for later.
type Sights = BTreeMap<Place, Option<Seen>>;

impl Subject<'_> {
    /// Returns what can be said of the versions beyond; `None` where they are not known themselves.
    fn outlook(&self, now: Timestamp) -> Option<Outlook<'_>> {
        let Some(VersionAnswer::Known(_)) = self.versions else { return None };
        Some(outlook((&self.beyond, &self.platform), &self.waiting.beyond, now))
    }

    /// Takes in what was seen, and returns what must be looked at next, behind when it was looked at
    /// before; `None` when all is known that can be.
    fn unseen(&mut self, seen: &Sights, now: Timestamp) -> Option<(Option<Timestamp>, Place)> {
        loop {
            let Outlook::Open(version) = self.outlook(now)? else { return None };
            let place = (version.clone(), self.platform.clone());
            let known = &mut self.waiting.beyond;
            let is_this = |glimpse: &Glimpse| glimpse.is_of(&place.0, &place.1);
            let Some(seen) = seen.get(&place) else {
                let before = known.iter().find(|glimpse| is_this(glimpse));
                return Some((before.map(|glimpse| glimpse.at), place));
            };
            let seen = (*seen)?;
            known.retain(|glimpse| !is_this(glimpse));
            let (version, platform) = place;
            known.push(Glimpse { version, platform, seen, at: now });
        }
    }

    /// Tells of what lies beyond, as far as it is known, and forgets what does not any more.
    fn tell_beyond(&mut self, now: Timestamp) {
        let Some(Outlook::Known(newest)) = self.outlook(now) else { return };
        let newest = newest.and_then(ImageRef::tag).map(ToOwned::to_owned);
        let Some(VersionAnswer::Known(offered)) = &mut self.versions else { return };
        offered.beyond = newest;
        let (beyond, platform) = (&self.beyond, &self.platform);
        let lies = |glimpse: &Glimpse| beyond.iter().any(|one| glimpse.is_of(one, platform));
        self.waiting.beyond.retain(lies);
    }
}

impl Engine {
    /// Finds out what is to be told of what lies beyond the versions that containers follow. What
    /// judges once more what a check has just found leaves the looks to that.
    pub(super) async fn look_beyond(
        &self,
        bench: &Bench<'_>,
        subjects: &mut [Subject<'_>],
        freshness: Freshness,
    ) {
        if !matches!(freshness, Freshness::Since(_)) {
            let mut left = MOST_LOOKED_AT;
            let next = |seen: &Sights| wanted(subjects, (seen, bench.now), &mut left);
            let look = |place: Place| -> BoxFuture<'_, _> {
                Box::pin(async move {
                    let seen = self.glance(bench.inventory, &place, freshness).await;
                    (place, seen)
                })
            };
            rounds::ask(AT_ONCE, next, look).await;
        }
        for subject in subjects {
            subject.tell_beyond(bench.now);
        }
    }

    /// Looks at a tag, unless its registry's pulls are for what matters more.
    async fn glance(
        &self,
        inventory: &Inventory,
        (version, platform): &Place,
        freshness: Freshness,
    ) -> Option<Seen> {
        let wanted = remote::wanted(version, inventory);
        if self.registry.is_half_used(&wanted) {
            return None;
        }
        let asked = vec![wanted.clone()];
        let mut named = self.registry.check(asked, remote::freshness(freshness)).await;
        let found = match named.remove(version)? {
            Ok(found) => self.registry.has_image(&wanted, &found.digest, platform).await,
            Err(error) => Err(error),
        };
        Some(match found {
            Ok(()) => Seen::Image,
            Err(error) if no_image(remote::failure(&error).code).is_some() => Seen::NoImage,
            Err(_) => Seen::Failed,
        })
    }
}

/// Returns what is looked at next. What was never looked at comes first, then what was so the longest
/// time ago: looks that fail again and again leave room for others.
fn wanted(
    subjects: &mut [Subject<'_>],
    (seen, now): (&Sights, Timestamp),
    left: &mut usize,
) -> BTreeSet<Place> {
    let open: BTreeSet<_> =
        subjects.iter_mut().filter_map(|subject| subject.unseen(seen, now)).collect();
    let mut wanted = BTreeSet::new();
    for (_, place) in open {
        if wanted.len() < *left {
            wanted.insert(place);
        }
    }
    *left -= wanted.len();
    wanted
}

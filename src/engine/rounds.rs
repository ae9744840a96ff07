//! Asks round by round: each round asks once for what anybody wants to know next.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;

use crate::core::plan::BoxFuture;

/// Asks until nobody wants to know anything more, so much at once; `next` takes in what is known and
/// says what is wanted.
pub(super) async fn ask<'a, Place: Ord, Found>(
    at_once: usize,
    mut next: impl FnMut(&BTreeMap<Place, Found>) -> BTreeSet<Place>,
    look: impl Fn(Place) -> BoxFuture<'a, (Place, Found)>,
) {
    let mut known = BTreeMap::new();
    loop {
        let wanted = next(&known);
        if wanted.is_empty() {
            return;
        }
        let work: Vec<_> = wanted.into_iter().map(&look).collect();
        let mut looked = futures_util::stream::iter(work).buffer_unordered(at_once);
        while let Some((place, found)) = looked.next().await {
            known.insert(place, found);
        }
    }
}

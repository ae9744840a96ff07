//! Spreads the questions of a scheduled check, so that a large fleet does not ask a registry for
//! everything in the same second.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;

use crate::clock::Clock;
use crate::core::id::Timestamp;
use crate::engine::command::Freshness;

/// How many questions a registry gets at once; the others come in further lots of this size.
pub(super) const LOT: usize = 100;

/// When which questions are asked.
pub(super) struct Pace {
    began: Timestamp,
    over: Duration,
}

/// Questions that are asked together, and not before this moment.
pub(super) struct Slot<T> {
    begins: Timestamp,
    /// How long after the lot before it, whatever the clock says meanwhile.
    step: TimeDelta,
    pub(super) items: Vec<T>,
}

impl<T> Slot<T> {
    /// Waits for its moment; where the clock was set back, no longer than it is away from the one
    /// before.
    pub(super) async fn wait(&self, clock: &Clock) {
        let latest = clock.now().checked_add_signed(self.step).unwrap_or(self.begins);
        clock.sleep_until_or_set_back(self.begins.min(latest)).await;
    }
}

impl Pace {
    /// Returns the pace of a check that begins now: only one that nobody waits for takes its time.
    pub(super) fn of(freshness: Freshness, now: Timestamp) -> Self {
        let over = match freshness {
            Freshness::Spread(over) => over,
            Freshness::Cached | Freshness::Forced | Freshness::Since(_) => Duration::ZERO,
        };
        Self { began: now, over }
    }

    /// Divides questions into lots by their registries. What fits into one lot is asked at once.
    pub(super) fn slots<T>(
        &self,
        items: impl IntoIterator<Item = T>,
        registry: impl Fn(&T) -> &str,
    ) -> Vec<Slot<T>> {
        let mut asked: BTreeMap<String, usize> = BTreeMap::new();
        let mut lots: Vec<Vec<T>> = Vec::new();
        for item in items {
            let before = asked.entry(registry(&item).to_owned()).or_default();
            let lot = if self.over.is_zero() { 0 } else { *before / LOT };
            *before += 1;
            while lots.len() <= lot {
                lots.push(Vec::new());
            }
            if let Some(lot) = lots.get_mut(lot) {
                lot.push(item);
            }
        }
        let count = u32::try_from(lots.len()).unwrap_or(u32::MAX).max(1);
        let step = TimeDelta::from_std(self.over / count).unwrap_or_default();
        let begins = |lot: usize| {
            let lot = i32::try_from(lot).unwrap_or(i32::MAX);
            let wait = step.checked_mul(lot).unwrap_or_default();
            self.began.checked_add_signed(wait).unwrap_or(self.began)
        };
        lots.into_iter()
            .enumerate()
            .map(|(lot, items)| Slot { begins: begins(lot), step, items })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns for each lot its seconds from the beginning and how many it asks of each registry.
    fn lots(freshness: Freshness, fleet: &[(&str, usize)]) -> Vec<(i64, Vec<usize>)> {
        let began = Timestamp::default();
        let items = fleet.iter().flat_map(|(registry, count)| vec![*registry; *count]);
        let slots = Pace::of(freshness, began).slots(items, |registry| registry);
        let of = |items: &[&str], name: &str| items.iter().filter(|item| **item == name).count();
        let line = |slot: Slot<&str>| {
            let counts = fleet.iter().map(|(name, _)| of(&slot.items, name)).collect();
            ((slot.begins - began).num_seconds(), counts)
        };
        slots.into_iter().map(line).collect()
    }

    #[test]
    fn large_fleets_are_asked_for_in_lots() {
        let minute = Freshness::Spread(Duration::from_mins(1));
        for (freshness, fleet, expected) in [
            (minute, &[("a", 0)][..], vec![]),
            (minute, &[("a", 100)], vec![(0, vec![100])]),
            (minute, &[("a", 101)], vec![(0, vec![100]), (30, vec![1])]),
            (minute, &[("a", 300)], vec![(0, vec![100]), (20, vec![100]), (40, vec![100])]),
            (minute, &[("a", 150), ("b", 80)], vec![(0, vec![100, 80]), (30, vec![50, 0])]),
            (Freshness::Forced, &[("a", 300)], vec![(0, vec![300])]),
            (Freshness::Cached, &[("a", 300)], vec![(0, vec![300])]),
            (Freshness::Spread(Duration::ZERO), &[("a", 300)], vec![(0, vec![300])]),
        ] {
            assert_eq!(lots(freshness, fleet), expected, "{freshness:?} {fleet:?}");
        }
    }
}

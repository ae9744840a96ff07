//! For how long things of the past are kept.

use chrono::TimeDelta;

use crate::core::id::Timestamp;

/// A number of days: 30 at least, 90 unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepDays(u16);

impl KeepDays {
    /// The fewest days.
    pub const FEWEST: u16 = 30;

    /// Returns a number of days; `None` if they are too few.
    pub fn new(days: u16) -> Option<Self> {
        (days >= Self::FEWEST).then_some(Self(days))
    }

    /// Returns the moment before which things are old.
    pub(super) fn cutoff(self, now: Timestamp) -> Timestamp {
        now.checked_sub_signed(TimeDelta::days(self.0.into())).unwrap_or(Timestamp::MIN_UTC)
    }
}

impl Default for KeepDays {
    fn default() -> Self {
        Self(90)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_younger_than_thirty_days_is_old() {
        assert_eq!(KeepDays::new(29), None);
        let now = "2026-11-22T00:00:00Z".parse().unwrap();
        for (keep, cutoff) in [
            (KeepDays::new(30).unwrap(), "2026-10-23T00:00:00Z"),
            (KeepDays::default(), "2026-08-24T00:00:00Z"),
        ] {
            assert_eq!(keep.cutoff(now), cutoff.parse::<Timestamp>().unwrap());
        }
        assert_eq!(KeepDays::default().cutoff(Timestamp::MIN_UTC), Timestamp::MIN_UTC);
    }
}

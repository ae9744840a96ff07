//! How a timetable is followed by a clock that may jump.

use std::time::Duration;

use crate::core::id::Timestamp;

use super::{Due, Timetable};

/// When something ran last, as far as the clock can be believed.
///
/// A clock that jumps forward makes one run due, however many it skipped. One that is set back before
/// the last run makes that one count as if it were now, so that the next comes within one interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    last: Timestamp,
}

impl Course {
    /// Begins with the last run, or with the moment to count from where there was none.
    pub fn new(last: Timestamp) -> Self {
        Self { last }
    }

    /// Returns the last run.
    pub fn last(self) -> Timestamp {
        self.last
    }

    /// Says whether the timetable is due; it is due the later for `delay`. Must be asked again when
    /// the clock was set back.
    pub fn due(&mut self, now: Timestamp, timetable: &Timetable, delay: Duration) -> Due {
        self.last = self.last.min(now);
        let next = timetable.next_after(self.last);
        match next.map(|next| next.checked_add_signed(delta(delay)).unwrap_or(next)) {
            Some(next) if next <= now => Due::Now,
            Some(next) => Due::At(next),
            None => Due::Never,
        }
    }

    /// Notes a run.
    pub fn ran(&mut self, now: Timestamp) {
        self.last = now;
    }
}

fn delta(delay: Duration) -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(delay).unwrap_or_default()
}

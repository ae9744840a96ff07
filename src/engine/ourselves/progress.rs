//! Whether the helper gets on: its journal grows, or it does not.

use std::time::Duration;

use tokio::time::Instant;

/// How long a journal may stay as it is before something is done about it, or said again.
const PATIENCE: Duration = Duration::from_mins(5);
/// How often the helper may start without writing a line.
const STARTS: u32 = 5;

/// Since when, and over how many starts of the helper, a journal has not grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stuck {
    pub(super) since: Duration,
    pub(super) starts: u32,
}

/// What was seen of a helper's work.
pub(super) struct Progress {
    length: u64,
    grown: Instant,
    told: Instant,
    started_at: Option<String>,
    starts: u32,
}

impl Progress {
    pub(super) fn new(length: u64, now: Instant) -> Self {
        Self { length, grown: now, told: now, started_at: None, starts: 0 }
    }

    /// Takes a look: the journal's length, and when the helper was started, where that is known.
    /// Returns how it is stuck, whenever something is to be done.
    pub(super) fn look(
        &mut self,
        length: u64,
        started_at: Option<String>,
        now: Instant,
    ) -> Option<Stuck> {
        if length != self.length {
            *self = Self { started_at: self.started_at.take(), ..Self::new(length, now) };
        }
        if started_at.is_some() && started_at != self.started_at {
            self.started_at = started_at;
            self.starts += 1;
        }
        let due = now.duration_since(self.told) >= PATIENCE || self.starts >= STARTS;
        due.then(|| {
            let starts = std::mem::take(&mut self.starts);
            self.told = now;
            Stuck { since: now.duration_since(self.grown), starts }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_go_on_is_said_again_and_again() {
        let start = Instant::now();
        let mut progress = Progress::new(1, start);
        for (minute, length, started, expected) in [
            (4, 1, "a", None),
            (5, 1, "a", Some((5, 1))),
            (9, 1, "a", None),
            (10, 1, "a", Some((10, 0))),
            (12, 2, "a", None),
            (13, 2, "", None),
            (16, 2, "b", None),
            (17, 2, "b", Some((5, 1))),
            (18, 2, "c", None),
            (18, 2, "d", None),
            (18, 2, "e", None),
            (18, 2, "f", None),
            (18, 2, "g", Some((6, 5))),
            (18, 3, "h", None),
            (18, 3, "i", None),
        ] {
            let started_at = Some(started.to_owned()).filter(|started| !started.is_empty());
            let stuck = progress.look(length, started_at, start + Duration::from_mins(minute));
            let minutes = |stuck: Stuck| (stuck.since.as_secs() / 60, stuck.starts);
            assert_eq!(stuck.map(minutes), expected, "{minute} {started}");
        }
    }
}

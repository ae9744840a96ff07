//! What is remembered of a container that waits: its own schedule's last turn, since when its candidate
//! is known, and what was seen of what lies beyond.

use serde::{Deserialize, Serialize};

use crate::core::candidate::{Candidate, CandidateImage};
use crate::core::id::Timestamp;
use crate::core::plan::RejectKey;
use crate::core::version::{Glimpse, Passed};
use crate::core::window::Schedule;

/// Before 2013 nobody published images of containers: what claims it has a build date of its own
/// making.
const FIRST_IMAGES: i64 = 1_356_998_400;

/// Says whether an image can have been published then: many say 1970, or nothing.
pub fn is_believable(published: Timestamp) -> bool {
    published.timestamp() >= FIRST_IMAGES
}

/// What is remembered of a container that waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its own schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<Turn>,
    /// Its candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sighting: Option<Sighting>,
    /// The newer versions that are passed over for now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<Sighting>,
    /// What was seen of versions beyond those that it follows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beyond: Vec<Glimpse>,
}

/// The last turn of a container's own schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The schedule with its time zone: another one begins anew.
    pub schedule: String,
    /// When it had its turn, or was first seen.
    pub last: Timestamp,
}

/// Since when an image that could run in a container's place is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The image: another one begins anew.
    pub key: RejectKey,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was published, as its registry says, or built, as it says itself; 1970 where neither
    /// does, `None` where that was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built_at: Option<Timestamp>,
}

impl Turn {
    /// Returns a schedule that is seen for the first time.
    pub fn new(schedule: &Schedule, now: Timestamp) -> Self {
        Self { schedule: schedule.to_string(), last: now }
    }
}

impl Waiting {
    /// Says whether a container's own schedule has come round. One that is seen for the first time
    /// has not.
    pub fn has_turn(&self, schedule: &Schedule, now: Timestamp) -> bool {
        let turn = self.turn.as_ref().filter(|turn| turn.schedule == schedule.to_string());
        let next = turn.and_then(|turn| schedule.next_after(turn.last.min(now)));
        next.is_some_and(|next| next <= now)
    }

    /// Returns since when a candidate is there: since it was built, if it says so and can be
    /// believed, else since it was first seen.
    pub fn since(&self, candidate: &Candidate, now: Timestamp) -> Timestamp {
        let sighting = self.sighting_of(candidate);
        let seen = sighting.map_or(now, |sighting| sighting.first_seen.min(now));
        let built = match &candidate.image {
            CandidateImage::Remote(image) => image.created_at,
            CandidateImage::Local { .. } => None,
        };
        let built = built.or(sighting.and_then(|sighting| sighting.built_at));
        built.filter(|at| is_believable(*at)).map_or(seen, |at| at.min(seen))
    }

    /// Returns what is known of a candidate.
    pub fn sighting_of(&self, candidate: &Candidate) -> Option<&Sighting> {
        self.sighting_by(candidate.reject_key().as_str())
    }

    /// Returns what is known of an image by the text of its key.
    pub fn sighting_by(&self, key: &str) -> Option<&Sighting> {
        let mut all = self.sighting.iter().chain(&self.passed);
        all.find(|sighting| sighting.key.as_str() == key)
    }

    /// Returns what is remembered after a look at the container. A moment to come was written by a
    /// clock that was ahead.
    #[must_use]
    pub fn after(
        &self,
        schedule: Option<&Schedule>,
        (candidate, passed): (Option<&Candidate>, &[Passed]),
        now: Timestamp,
    ) -> Self {
        let turn = schedule.map(|schedule| {
            let first = Turn::new(schedule, now);
            let known = self.turn.as_ref().filter(|turn| turn.schedule == first.schedule);
            known.map_or(first.clone(), |turn| Turn { last: turn.last.min(now), ..first })
        });
        let sighting = candidate.map(|candidate| {
            let created_at = match &candidate.image {
                CandidateImage::Remote(image) => image.created_at,
                CandidateImage::Local { .. } => None,
            };
            self.sighted(candidate.reject_key(), created_at, now)
        });
        let passed = passed.iter().filter_map(|passed| {
            let key = passed.mark.as_ref()?.key.clone();
            Some(self.sighted(key, passed.created_at, now))
        });
        Self { turn, sighting, passed: passed.collect(), beyond: self.beyond.clone() }
    }

    fn sighted(&self, key: RejectKey, created_at: Option<Timestamp>, now: Timestamp) -> Sighting {
        let known = self.sighting_by(key.as_str());
        Sighting {
            first_seen: known.map_or(now, |known| known.first_seen.min(now)),
            built_at: created_at.or_else(|| known.and_then(|known| known.built_at)),
            key,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use crate::core::candidate::Mark;
    use crate::core::digest::Digest;
    use crate::core::remote::{RemoteDigest, RemoteImage};
    use crate::core::version::{PassedOver, Versions};

    use super::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn candidate(manifest: &str, created_at: Option<Timestamp>) -> Candidate {
        let digest = Digest::of(manifest.as_bytes());
        let image = CandidateImage::Remote(Box::new(RemoteImage {
            resolved: RemoteDigest { digest: digest.clone(), mirror: None },
            manifest: digest,
            config: None,
            platform: None,
            created_at,
            size_bytes: None,
            version: None,
            revision: None,
        }));
        Candidate { reference: "nginx:1".parse().unwrap(), image, versions: Versions::default() }
    }

    #[test]
    fn a_candidate_is_remembered_until_another_one_comes() {
        let (noon, later) = (moment("2026-05-04T12:00:00Z"), moment("2026-05-04T12:30:00Z"));
        let (one, other) = (candidate("1", None), candidate("2", None));
        let seen = Waiting::default().after(None, (Some(&one), &[]), noon);
        assert_eq!(seen.since(&one, later), noon);
        assert_eq!(seen.since(&other, later), later, "another one begins anew");
        assert_eq!(seen.after(None, (Some(&one), &[]), later), seen);
        let moved = seen.after(None, (Some(&other), &[]), later);
        assert_eq!(moved.since(&other, later), later);
        assert_eq!(moved.after(None, (Some(&one), &[]), later).since(&one, later), later);
        assert_eq!(seen.after(None, (None, &[]), later), Waiting::default());
    }

    #[test]
    fn what_is_passed_over_is_remembered_as_well() {
        let (noon, later) = (moment("2026-05-04T12:00:00Z"), moment("2026-05-04T12:30:00Z"));
        let (one, other) = (candidate("1", None), candidate("2", None));
        let passed = Passed {
            tag: "1.1".to_owned(),
            mark: Some(Mark::of(&one)),
            created_at: None,
            why: PassedOver::CoolingDown { until: later },
        };
        let platform = Passed { mark: None, why: PassedOver::NoPlatform, ..passed.clone() };
        let all = [passed, platform];
        let seen = Waiting::default().after(None, (Some(&other), &all), noon);
        let seen = seen.after(None, (Some(&other), &all), later);
        assert_eq!((seen.since(&one, later), seen.passed.len()), (noon, 1));
        let taken = seen.after(None, (Some(&one), &[]), later);
        assert_eq!(taken.since(&one, later), noon, "it is as old when its turn has come");
        assert_eq!(taken.since(&other, later), later);
    }

    #[test]
    fn dates_are_believed_if_they_can_be() {
        let noon = moment("2026-05-04T12:00:00Z");
        for (built, since) in [
            (None, "2026-05-04T12:00:00Z"),
            (Some("2026-05-01T00:00:00Z"), "2026-05-01T00:00:00Z"),
            (Some("2013-06-01T00:00:00Z"), "2013-06-01T00:00:00Z"),
            (Some("1980-01-01T00:00:00Z"), "2026-05-04T12:00:00Z"),
            (Some("1970-01-01T00:00:00Z"), "2026-05-04T12:00:00Z"),
            (Some("2026-05-04T12:00:01Z"), "2026-05-04T12:00:00Z"),
        ] {
            let one = candidate("1", built.map(moment));
            assert_eq!(Waiting::default().since(&one, noon), moment(since), "{built:?}");
            // A date that was asked once is remembered.
            let seen = Waiting::default().after(None, (Some(&one), &[]), noon);
            assert_eq!(seen.since(&candidate("1", None), noon), moment(since), "{built:?}");
        }
    }

    #[test]
    fn a_clock_that_was_ahead_holds_nothing_up() {
        let (ahead, now) = (moment("2030-01-01T00:00:00Z"), moment("2026-05-04T12:00:00Z"));
        let schedule = Schedule::parse("0 3 * * *", Tz::UTC).unwrap();
        let one = candidate("1", None);
        let seen = Waiting::default().after(Some(&schedule), (Some(&one), &[]), ahead);
        let seen = seen.after(Some(&schedule), (Some(&one), &[]), now);
        let tomorrow = moment("2026-05-05T12:00:00Z");
        assert_eq!(seen.since(&one, tomorrow), now);
        assert!(!seen.has_turn(&schedule, now) && seen.has_turn(&schedule, tomorrow));
    }
}

//! What lies beyond the versions that a container follows: it is told of where it is known to have an
//! image that the container could run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::digest::Platform;
use crate::core::id::Timestamp;
use crate::core::reference::ImageRef;

/// How long a version without an image is not looked at again: the one for a further platform may be
/// pushed later.
const WITHOUT_IMAGE: Duration = Duration::from_hours(24);

/// How long one that could not be looked at is left alone.
const FAILED: Duration = Duration::from_hours(1);

/// What a look at a version beyond has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glimpse {
    /// The version.
    pub version: ImageRef,
    /// The platform that it was looked at for.
    pub platform: Platform,
    /// What was seen.
    pub seen: Seen,
    /// When.
    pub at: Timestamp,
}

/// What is seen of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// An image for the container's platform; it keeps that.
    Image,
    /// None for its platform, or something else.
    NoImage,
    /// Nothing: its registry gave no answer.
    Failed,
}

/// What can be said of the versions beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook<'a> {
    /// Nothing before this one is looked at.
    Open(&'a ImageRef),
    /// The newest one that has an image, if it is known.
    Known(Option<&'a ImageRef>),
}

impl Glimpse {
    /// Says whether it was of this version for this platform.
    pub fn is_of(&self, version: &ImageRef, platform: &Platform) -> bool {
        (&self.version, &self.platform) == (version, platform)
    }

    fn holds(&self, now: Timestamp) -> bool {
        let within = |time: Duration| (now - self.at).abs().to_std().is_ok_and(|age| age < time);
        match self.seen {
            Seen::Image => true,
            Seen::NoImage => within(WITHOUT_IMAGE),
            Seen::Failed => within(FAILED),
        }
    }
}

/// Returns what can be said of the versions beyond, the newest first. One that could not be looked at
/// hides the older ones: it may well be what is to be told of.
pub fn outlook<'a>(
    (versions, platform): (&'a [ImageRef], &Platform),
    glimpses: &[Glimpse],
    now: Timestamp,
) -> Outlook<'a> {
    for version in versions {
        let mut glimpses = glimpses.iter().filter(|glimpse| glimpse.is_of(version, platform));
        let glimpse = glimpses.find(|glimpse| glimpse.holds(now));
        match glimpse.map(|glimpse| glimpse.seen) {
            Some(Seen::Image) => return Outlook::Known(Some(version)),
            Some(Seen::NoImage) => {}
            Some(Seen::Failed) => return Outlook::Known(None),
            None => return Outlook::Open(version),
        }
    }
    Outlook::Known(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(text: &str) -> ImageRef {
        ImageRef::parse(text).unwrap()
    }

    fn amd64() -> Platform {
        Platform::new("linux", "amd64", None)
    }

    /// `IMAGE image|none|failed HOURS`, so many hours ago.
    fn glimpses(text: &str, now: Timestamp) -> Vec<Glimpse> {
        let glimpse = |line: &str| {
            let [name, seen, hours] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let seen = match seen {
                "image" => Seen::Image,
                "none" => Seen::NoImage,
                _ => Seen::Failed,
            };
            let hours: i64 = hours.parse().unwrap();
            let at = now - chrono::TimeDelta::hours(hours);
            Glimpse { version: image(name), platform: amd64(), seen, at }
        };
        text.split(", ").filter(|line| !line.is_empty()).map(glimpse).collect()
    }

    #[test]
    fn the_newest_one_with_an_image_is_told() {
        let now: Timestamp = "2026-05-04T12:00:00Z".parse().unwrap();
        let versions = ["a:3.0", "a:2.1", "a:2.0"].map(image);
        let (open, known) = (
            |at: usize| Outlook::Open(&versions[at]),
            |at: usize| Outlook::Known(Some(&versions[at])),
        );
        for (seen, expected) in [
            ("", open(0)),
            ("a:3.0 image 0", known(0)),
            ("a:3.0 image 90000", known(0)),
            ("b:3.0 image 0", open(0)),
            ("a:2.1 image 0", open(0)),
            ("a:3.0 none 0", open(1)),
            ("a:3.0 none 23, a:2.1 image 0", known(1)),
            ("a:3.0 none -23, a:2.1 image 0", known(1)),
            ("a:3.0 none 24, a:2.1 image 0", open(0)),
            ("a:3.0 none -24, a:2.1 image 0", open(0)),
            ("a:3.0 none 0, a:2.1 none 0, a:2.0 none 0", Outlook::Known(None)),
            ("a:3.0 failed 0, a:2.1 image 0", Outlook::Known(None)),
            ("a:3.0 failed 1, a:2.1 image 0", open(0)),
        ] {
            let glimpses = glimpses(seen, now);
            assert_eq!(outlook((&versions, &amd64()), &glimpses, now), expected, "{seen}");
        }
        let glimpses = glimpses("a:3.0 image 0", now);
        assert_eq!(outlook((&[], &amd64()), &glimpses, now), Outlook::Known(None));
        let arm64 = Platform::new("linux", "arm64", None);
        assert_eq!(outlook((&versions, &arm64), &glimpses, now), open(0));
    }
}

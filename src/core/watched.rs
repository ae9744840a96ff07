//! Images that are watched although no container has to run them: what their tags name, since when,
//! and what they named before.

use serde::{Deserialize, Serialize};

use crate::core::digest::Digest;
use crate::core::id::Timestamp;
use crate::core::reference::ImageRef;
use crate::core::remote::{RemoteAnswer, RemoteFailure};

/// What is known of one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// Its reference, with a tag.
    pub reference: ImageRef,
    /// What the tag names, as its registry said last; `None` until it has answered.
    pub digest: Option<Digest>,
    /// When it was first seen to name that.
    pub since: Option<Timestamp>,
    /// What it named before, as far as that was seen.
    pub previous: Option<Digest>,
    /// Why the last question had no answer.
    pub failure: Option<RemoteFailure>,
    /// When it was asked for last.
    pub checked_at: Timestamp,
}

/// How a watched image stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The image that is here under this name is the one that the registry has.
    UpToDate,
    /// The one that is here is another one.
    UpdateAvailable,
    /// None is here under this name.
    NotPulled,
    /// It could not be found out.
    Error,
}

impl Standing {
    /// Returns the word as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UpToDate => "UpToDate",
            Self::UpdateAvailable => "UpdateAvailable",
            Self::NotPulled => "NotPulled",
            Self::Error => "Error",
        }
    }
}

impl Watched {
    /// Returns what is known after an answer; what was known before stands until another digest is
    /// seen.
    pub fn after(
        known: Option<Self>,
        reference: &ImageRef,
        answer: &RemoteAnswer,
        now: Timestamp,
    ) -> Self {
        let blank = || Self {
            reference: reference.clone(),
            digest: None,
            since: None,
            previous: None,
            failure: None,
            checked_at: now,
        };
        let known = Self { failure: None, checked_at: now, ..known.unwrap_or_else(blank) };
        let digest = match answer {
            RemoteAnswer::Digest(found) => &found.digest,
            RemoteAnswer::Image(image) => &image.resolved.digest,
            RemoteAnswer::Failed(failure) => {
                return Self { failure: Some(failure.clone()), ..known };
            }
        };
        if known.digest.as_ref() == Some(digest) {
            return known;
        }
        Self { digest: Some(digest.clone()), since: Some(now), previous: known.digest, ..known }
    }

    /// Returns the digests of a move, old and new, if this is one after what was known.
    pub fn moved(&self, known: Option<&Self>) -> Option<(&Digest, &Digest)> {
        let (old, new) = (self.previous.as_ref()?, self.digest.as_ref()?);
        let before = known?.digest.as_ref()?;
        (before == old && before != new).then_some((old, new))
    }

    /// Returns how it stands; `here` are the digests of the image that has this name on the host.
    pub fn standing(&self, here: Option<&std::collections::BTreeSet<Digest>>) -> Standing {
        match (&self.failure, &self.digest, here) {
            (Some(_), ..) | (None, None, _) => Standing::Error,
            (None, Some(_), None) => Standing::NotPulled,
            (None, Some(digest), Some(here)) if here.contains(digest) => Standing::UpToDate,
            (None, Some(_), Some(_)) => Standing::UpdateAvailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::core::remote::{FailureCode, RemoteDigest};

    use super::*;

    fn digest(letter: char) -> Digest {
        format!("sha256:{}", letter.to_string().repeat(64)).parse().unwrap()
    }

    fn answer(letter: char) -> RemoteAnswer {
        if letter == '!' {
            let (code, message) = (FailureCode::Timeout, "too late".to_owned());
            return RemoteAnswer::Failed(RemoteFailure { code, message, until: None });
        }
        RemoteAnswer::Digest(RemoteDigest { digest: digest(letter), mirror: None })
    }

    fn moment(second: usize) -> Timestamp {
        Timestamp::from_timestamp(i64::try_from(second).unwrap(), 0).unwrap()
    }

    /// Gives answers one after the other; returns the moves by the letters of their digests, and
    /// since when the last digest is known.
    fn check(answers: &str, here: Option<char>, moves: &str, since: i64, standing: Standing) {
        let reference = ImageRef::parse("nginx:1.27").unwrap();
        let mut known: Option<Watched> = None;
        let mut seen = String::new();
        for (second, letter) in answers.chars().enumerate() {
            let next = Watched::after(known.clone(), &reference, &answer(letter), moment(second));
            if let Some((old, new)) = next.moved(known.as_ref()) {
                seen.extend([&old.short()[..1], &new.short()[..1]]);
            }
            known = Some(next);
        }
        let known = known.unwrap();
        assert_eq!(seen, moves, "{answers}");
        assert_eq!(known.since.map_or(-1, |since| since.timestamp()), since, "{answers}");
        let here = here.map(|letter| BTreeSet::from([digest(letter)]));
        assert_eq!(known.standing(here.as_ref()), standing, "{answers}");
    }

    #[test]
    fn answers_are_put_together() {
        check("a", None, "", 0, Standing::NotPulled);
        check("aaa", Some('a'), "", 0, Standing::UpToDate);
        check("aab", Some('a'), "ab", 2, Standing::UpdateAvailable);
        check("a!b", Some('b'), "ab", 2, Standing::UpToDate);
        check("a!!", Some('a'), "", 0, Standing::Error);
        check("!", None, "", -1, Standing::Error);
        check("!a", None, "", 1, Standing::NotPulled);
        check("abab", None, "abbaab", 3, Standing::NotPulled);
    }
}

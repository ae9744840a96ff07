//! Versions: whether other tags are to be looked for, and which of them is taken.

use crate::core::candidate::{Candidate, CandidateImage, Mark};
use crate::core::comparison::Comparison;
use crate::core::decision::consent::stands_against;
use crate::core::decision::follow::{Followed, Pin, follow};
use crate::core::decision::trail::Trail;
use crate::core::decision::{Decision, Facts, UnknownReason, question};
use crate::core::id::Timestamp;
use crate::core::reference::ImageRef;
use crate::core::remote::{RemoteAnswer, RemoteImage};
use crate::core::version::{
    Offer, Offered, Passed, PassedOver, VersionAnswer, Versions, has_versions,
};

/// Returns the reference whose repository's tags must be listed; `None` where its own tag is all
/// that counts.
pub fn version_question(facts: &Facts<'_>) -> Option<ImageRef> {
    question(facts).filter(|reference| is_tracked(facts, reference))
}

/// Says whether the next older version must be looked at: something stands against all that were.
pub fn wants_older(facts: &Facts<'_>) -> bool {
    let Ok(followed) = follow(facts, &mut Trail::default()) else { return false };
    matches!(weighed(facts, &followed), Ok(Some(weighed)) if weighed.end == End::Open)
}

/// Returns how many newer versions were looked at in vain, without those that are too young alone:
/// there are as many of these as a repository is busy.
pub fn looked_at_in_vain(facts: &Facts<'_>) -> usize {
    let Ok(followed) = follow(facts, &mut Trail::default()) else { return 0 };
    let passed = match weighed(facts, &followed) {
        Ok(Some(weighed)) => weighed.passed,
        _ => Vec::new(),
    };
    passed.iter().filter(|one| !matches!(one.why, PassedOver::CoolingDown { .. })).count()
}

/// What the newer versions come to.
#[derive(Default)]
pub(super) struct Weighed {
    pub(super) end: End,
    /// Those before it, and why.
    pub(super) passed: Vec<Passed>,
    /// The one among them that may be taken first, for what stands against it ends first.
    pub(super) next: Option<Candidate>,
}

/// Where the look at newer versions ended.
#[derive(Default, PartialEq)]
pub(super) enum End {
    /// Nowhere: an older one could be taken.
    #[default]
    Open,
    /// At one that failed here: what made it fail may well be no fault of its own, and who went back
    /// from it does not mean the version before it.
    Failed,
    /// At one that runs already under another tag.
    Runs,
    /// At one that nothing stands against.
    Taken(Box<Candidate>),
}

fn is_tracked(facts: &Facts<'_>, reference: &ImageRef) -> bool {
    reference.tag().is_some_and(|tag| has_versions(tag, &facts.policy.versions))
}

/// Weighs the newer versions; `None` where the container's own tag decides.
pub(super) fn weighed(
    facts: &Facts<'_>,
    followed: &Followed,
) -> Result<Option<Weighed>, Box<Decision>> {
    let reference = &followed.reference;
    if !is_tracked(facts, reference) {
        return Ok(None);
    }
    let unknown = |reason| Err(Box::new(Decision::Unknown { reason }));
    match facts.versions {
        None => unknown(UnknownReason::NotAsked(reference.clone())),
        Some(VersionAnswer::Failed(failure)) => unknown(UnknownReason::Registry(failure.clone())),
        Some(VersionAnswer::Known(offered)) => Ok(Some(weigh(facts, followed, &offered.offers))),
    }
}

/// Goes through the versions, the newest first, to the first one that nothing stands against.
fn weigh(facts: &Facts<'_>, followed: &Followed, offers: &[Offer]) -> Weighed {
    let mut weighed = Weighed::default();
    let mut soonest = None;
    for Offer { tag, image } in offers {
        let image = match image {
            Ok(image) => image,
            Err(why) => {
                weighed.passed.push(passed(tag, None, (*why).into()));
                continue;
            }
        };
        let Some(candidate) = candidate(facts, followed, (tag, image)) else {
            weighed.end = End::Runs;
            break;
        };
        let Some(why) = stands_against(facts, &candidate) else {
            weighed.end = End::Taken(Box::new(candidate));
            break;
        };
        weighed.passed.push(passed(tag, Some((&candidate, image)), why));
        let failed = why == PassedOver::Failed;
        let ends = why.until().unwrap_or(Timestamp::MAX_UTC);
        if soonest.is_none_or(|soonest| ends < soonest) {
            soonest = Some(ends);
            weighed.next = Some(candidate);
        }
        if failed {
            weighed.end = End::Failed;
            break;
        }
    }
    weighed
}

fn passed(tag: &str, image: Option<(&Candidate, &RemoteImage)>, why: PassedOver) -> Passed {
    Passed {
        tag: tag.to_owned(),
        mark: image.map(|(candidate, _)| Mark::of(candidate)),
        created_at: image.and_then(|(_, image)| image.created_at),
        why,
    }
}

/// A newer tag of the image that runs already is nothing to move to.
fn candidate(
    facts: &Facts<'_>,
    followed: &Followed,
    (tag, image): (&str, &RemoteImage),
) -> Option<Candidate> {
    let reference = followed.reference.with_tag(tag).ok()?;
    let answer = RemoteAnswer::Image(image.clone());
    let compared = facts.running.compare(&reference, followed.host, Some(&answer));
    let Comparison::Newer(image) = compared else { return None };
    let reference = match followed.pin {
        Pin::Kept => reference.with_digest(image.resolved.digest.clone()),
        Pin::None => reference,
    };
    let leaves = followed.reference.tag().map(ToOwned::to_owned);
    let versions = Versions { leaves, ..Versions::default() };
    Some(Candidate { reference, image: CandidateImage::Remote(image), versions })
}

/// Returns why nobody can say that a container is up to date whose newer versions were not all
/// looked at.
pub(super) fn not_all_looked_at(facts: &Facts<'_>, followed: &Followed) -> Option<Box<Decision>> {
    let offered = offered(facts).filter(|offered| offered.unseen > 0)?;
    let (looked_at, unseen) = (offered.offers.len(), offered.unseen);
    let reference = followed.reference.clone();
    let reason = UnknownReason::NotAllLookedAt { reference, looked_at, unseen };
    Some(Box::new(Decision::Unknown { reason }))
}

/// Puts in what is known of versions.
pub(super) fn around(
    judged: Result<Candidate, Box<Decision>>,
    facts: &Facts<'_>,
    passed: Vec<Passed>,
) -> Result<Candidate, Box<Decision>> {
    let offered = offered(facts);
    let known = Versions {
        running: facts.running.version(),
        leaves: None,
        beyond: offered.and_then(|offered| offered.beyond.clone()),
        unseen: offered.map_or(0, |offered| offered.unseen),
        passed,
    };
    match judged {
        Ok(candidate) => {
            let leaves = candidate.versions.leaves.clone();
            let tag = leaves.is_some().then(|| candidate.reference.tag()).flatten();
            let mut passed = known.passed;
            passed.retain(|passed| Some(passed.tag.as_str()) != tag);
            Ok(Candidate { versions: Versions { leaves, passed, ..known }, ..candidate })
        }
        Err(decision) => Err(Box::new(match *decision {
            Decision::UpToDate { reference, how, .. } => {
                Decision::UpToDate { reference, how, versions: known }
            }
            other => other,
        })),
    }
}

fn offered<'a>(facts: &Facts<'a>) -> Option<&'a Offered> {
    match facts.versions {
        Some(VersionAnswer::Known(offered)) => Some(offered),
        Some(VersionAnswer::Failed(_)) | None => None,
    }
}

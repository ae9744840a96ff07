//! Versions: whether other tags are to be looked for, and what a newer one comes to.

use crate::core::candidate::{Candidate, CandidateImage};
use crate::core::comparison::Comparison;
use crate::core::decision::follow::{Followed, Pin};
use crate::core::decision::{Decision, Facts, UnknownReason, question};
use crate::core::reference::ImageRef;
use crate::core::remote::RemoteAnswer;
use crate::core::version::{Newest, VersionAnswer, Versions, has_versions};

/// Returns the reference whose repository's tags must be listed; `None` where its own tag is all
/// that counts.
pub fn version_question(facts: &Facts<'_>) -> Option<ImageRef> {
    question(facts).filter(|reference| is_tracked(facts, reference))
}

fn is_tracked(facts: &Facts<'_>, reference: &ImageRef) -> bool {
    reference.tag().is_some_and(|tag| has_versions(tag, &facts.policy.versions))
}

/// Judges what the list of tags came to; `None` where the container's own tag decides.
pub(super) fn moved_on(
    facts: &Facts<'_>,
    followed: &Followed,
) -> Option<Result<Candidate, Box<Decision>>> {
    let reference = &followed.reference;
    if !is_tracked(facts, reference) {
        return None;
    }
    let unknown = |reason| Some(Err(Box::new(Decision::Unknown { reason })));
    let newest = match facts.versions {
        None => return unknown(UnknownReason::NotAsked(reference.clone())),
        Some(VersionAnswer::Failed(failure)) => {
            return unknown(UnknownReason::Registry(failure.clone()));
        }
        Some(VersionAnswer::Known { newest, .. }) => newest.as_deref()?,
    };
    candidate(facts, followed, newest).map(Ok)
}

/// A newer tag of the image that runs already is nothing to move to.
fn candidate(facts: &Facts<'_>, followed: &Followed, newest: &Newest) -> Option<Candidate> {
    let reference = followed.reference.with_tag(&newest.tag).ok()?;
    let answer = RemoteAnswer::Image(newest.image.clone());
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

/// Returns what could run, or why nothing could, with what is known of versions.
pub(super) fn around(
    judged: Result<Candidate, Box<Decision>>,
    facts: &Facts<'_>,
) -> Result<Candidate, Box<Decision>> {
    match judged {
        Ok(candidate) => {
            let leaves = candidate.versions.leaves.clone();
            Ok(Candidate { versions: Versions { leaves, ..known(facts) }, ..candidate })
        }
        Err(decision) => Err(Box::new(match *decision {
            Decision::UpToDate { reference, how, .. } => {
                Decision::UpToDate { reference, how, versions: known(facts) }
            }
            other => other,
        })),
    }
}

fn known(facts: &Facts<'_>) -> Versions {
    let beyond = match facts.versions {
        Some(VersionAnswer::Known { beyond, .. }) => beyond.clone(),
        Some(VersionAnswer::Failed(_)) | None => None,
    };
    Versions { running: facts.running.version(), leaves: None, beyond }
}

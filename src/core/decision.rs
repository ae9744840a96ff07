//! The judgement: one total function from facts to a decision that carries its reason.

use std::fmt;

use crate::core::candidate::{Candidate, CandidateImage, Reject};
use crate::core::comparison::{Comparison, LocalEvidence, Match, Running};
use crate::core::id::Timestamp;
use crate::core::ourselves::Obstacle;
use crate::core::policy::Policy;
use crate::core::reference::ImageRef;
use crate::core::remote::RemoteAnswer;
use crate::core::text::{self, Language};
use crate::core::verdict::{Pause, Verdict};
use crate::core::version::{VersionAnswer, Versions};
use crate::core::waiting::Waiting;

mod consent;
mod follow;
mod hold;
mod reason;
mod skip;
mod times;
mod trail;
mod unknown;
mod versions;

pub use consent::reconsider;
use consent::{hold_or_update, is_ruled_out};
use follow::{Followed, Pin, follow};
pub use follow::{left_out, shut_out};
pub use hold::HoldReason;
pub use reason::{Cause, Lifts};
pub use skip::SkipReason;
use trail::Trail;
pub use trail::{Asked, Question};
pub use unknown::UnknownReason;
use versions::{End, Weighed};
pub use versions::{looked_at_in_vain, version_question, wants_older};

/// Everything that a decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The container and what is known of its image here.
    pub running: Running<'a>,
    /// What the registry answered; `None` if it was not asked.
    pub answer: Option<&'a RemoteAnswer>,
    /// What its list of tags came to; `None` if it was not asked for.
    pub versions: Option<&'a VersionAnswer>,
    /// The container's policy.
    pub policy: &'a Policy,
    /// The images that were tried in its place and failed.
    pub rejects: &'a [Reject],
    /// What people said of images in its place.
    pub verdicts: &'a [Verdict],
    /// The widest pause that holds it.
    pub pause: Option<&'a Pause>,
    /// What is remembered of its own schedule and its candidate.
    pub waiting: &'a Waiting,
    /// What it is to docker-auto itself.
    pub role: Role,
    /// Who wants to know.
    pub request: Request,
    /// The present time.
    pub now: Timestamp,
}

/// What a container is to docker-auto itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// A container like any other.
    #[default]
    Ordinary,
    /// The one that docker-auto runs in, with what stands against replacing it.
    Ourselves(Option<Obstacle>),
    /// The one through which docker-auto reaches the engine.
    DockerAccess,
    /// The one whose network docker-auto lives in.
    NetworkParent,
}

impl Role {
    /// Returns why a container is not touched from within, if docker-auto itself depends on it.
    pub fn infrastructure(self) -> Option<SkipReason> {
        matches!(self, Self::DockerAccess | Self::NetworkParent)
            .then_some(SkipReason::Infrastructure(self))
    }
}

/// Who wants to know, which is also whose consent there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// The check's own time.
    Check,
    /// The update schedule's time.
    Schedule,
    /// A person who asked for everything to be updated: that lifts the schedule, nothing else.
    Everything,
    /// A person who named this container: that is consent enough, whatever its mode, and ends a
    /// snooze. A pause and a refusal hold all the same.
    Named,
    /// A person who named this container and lifts its pins, rejections, refusals and pauses, too.
    Forced,
}

impl Facts<'_> {
    /// Says whether a person named the container.
    fn is_named(&self) -> bool {
        matches!(self.request, Request::Named | Request::Forced)
    }

    /// Says whether pins and rejections are lifted.
    fn is_forced(&self) -> bool {
        self.policy.force.value || self.request == Request::Forced
    }
}

/// What is to be done with a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: it runs what its reference names.
    UpToDate {
        /// The reference.
        reference: ImageRef,
        /// How that is known.
        how: Match,
        /// What is known of versions.
        versions: Versions,
    },
    /// Update it now.
    Update {
        /// What to run.
        candidate: Candidate,
    },
    /// There is something newer, but not now.
    Hold {
        /// What could run.
        candidate: Candidate,
        /// Why not now.
        reason: HoldReason,
        /// When it will be time, where that is known.
        until: Option<Timestamp>,
    },
    /// It is not looked at.
    Skip {
        /// Why not.
        reason: SkipReason,
    },
    /// Nobody can say; never to be shown as up to date.
    Unknown {
        /// Why not.
        reason: UnknownReason,
    },
}

/// The four words of the status model (R27).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It runs the newest image.
    UpToDate,
    /// There is a newer image, whether it is held back or not.
    UpdateAvailable,
    /// It is not looked at.
    Skipped,
    /// It could not be found out.
    Error,
}

impl Status {
    /// Returns the word as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UpToDate => "UpToDate",
            Self::UpdateAvailable => "UpdateAvailable",
            Self::Skipped => "Skipped",
            Self::Error => "Error",
        }
    }
}

impl Decision {
    /// Returns the word of the status model.
    pub fn status(&self) -> Status {
        match self {
            Self::UpToDate { .. } => Status::UpToDate,
            Self::Update { .. } | Self::Hold { .. } => Status::UpdateAvailable,
            Self::Skip { .. } => Status::Skipped,
            Self::Unknown { .. } => Status::Error,
        }
    }

    /// Returns the stable code of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UpToDate { how: Match::Digest(_), .. } => "up_to_date",
            Self::UpToDate { how: Match::Content(_), .. } => "same_content",
            Self::UpToDate { how: Match::LocalName, .. } => "up_to_date_locally",
            Self::Update { .. } => "update",
            Self::Hold { reason, .. } => reason.code(),
            Self::Skip { reason } => reason.code(),
            Self::Unknown { reason } => reason.code(),
        }
    }

    /// Returns what could run, where there is something newer.
    pub fn candidate(&self) -> Option<&Candidate> {
        match self {
            Self::Update { candidate } | Self::Hold { candidate, .. } => Some(candidate),
            Self::UpToDate { .. } | Self::Skip { .. } | Self::Unknown { .. } => None,
        }
    }

    /// Returns what is known of versions, where the image was looked at.
    pub fn versions(&self) -> Option<&Versions> {
        match self {
            Self::UpToDate { versions, .. } => Some(versions),
            Self::Update { candidate } | Self::Hold { candidate, .. } => Some(&candidate.versions),
            Self::Skip { .. } | Self::Unknown { .. } => None,
        }
    }

    /// Returns why the container is skipped, in words; `None` if it is not.
    pub fn skip_reason(&self) -> Option<String> {
        match self {
            Self::Skip { reason } => Some(reason.to_string()),
            _ => None,
        }
    }
}

/// The reason as a sentence for people: what is, which setting or answer caused it, what to do.
impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::of(self, Language::English).fmt(f)
    }
}

/// Returns the reference to look up in its registry; `None` where the decision needs no registry.
pub fn question(facts: &Facts<'_>) -> Option<ImageRef> {
    let followed = follow(facts, &mut Trail::default()).ok()?;
    let local = facts.running.local_evidence(&followed.reference).is_some();
    (!local).then_some(followed.reference)
}

/// Decides what is to be done with a container. Total: whatever the facts, it returns a decision
/// with its reason.
pub fn decide(facts: &Facts<'_>) -> Decision {
    decided(facts, &mut Trail::default())
}

/// Decides as [`decide`] does, and returns every question that was asked, in order; the last one is
/// where the judgement ended, or found nothing against an update.
pub fn explain(facts: &Facts<'_>) -> (Decision, Vec<Asked>) {
    let mut trail = Trail::kept();
    let decision = decided(facts, &mut trail);
    (decision, trail.asked())
}

fn decided(facts: &Facts<'_>, trail: &mut Trail) -> Decision {
    let followed = match follow(facts, trail) {
        Ok(followed) => followed,
        Err(decision) => return *decision,
    };
    match judge(facts, &followed, trail) {
        Ok(candidate) => {
            trail.find(Question::Image, None, || candidate.short().to_owned());
            hold_or_update(facts, candidate, trail)
        }
        Err((question, decision)) => {
            trail.end(question, &decision);
            *decision
        }
    }
}

/// The question at which a judgement ended, and how.
type Ended = (Question, Box<Decision>);

/// Looks at the image: what its name means here, which newer tags there are, and what the registry
/// says of its own one. Returns what could run.
fn judge(facts: &Facts<'_>, followed: &Followed, trail: &mut Trail) -> Result<Candidate, Ended> {
    let Followed { reference, host, .. } = followed;
    let comparison = facts.running.compare(reference, *host, facts.answer);
    let around = |judged, passed| {
        let judged = versions::around(judged, facts, passed);
        judged.map_err(|decision| (Question::Image, decision))
    };
    if let Some(candidate) = moved_here(facts, reference, &comparison) {
        return around(Ok(candidate), Vec::new());
    }
    if let Comparison::Local(evidence) = comparison {
        return around(Err(Box::new(local(facts, reference, evidence))), Vec::new());
    }
    let weighed = versions::weighed(facts, followed);
    let weighed = weighed.map_err(|decision| (Question::Versions, decision))?;
    let Some(Weighed { end, passed, next }) = weighed else {
        return around(own_tag(facts, followed, comparison), Vec::new());
    };
    let judged = match end {
        End::Taken(candidate) => Ok(*candidate),
        // What is not taken keeps nobody from what the container's own tag names.
        End::Open | End::Failed | End::Runs => match (own_tag(facts, followed, comparison), next) {
            (Err(own), Some(next)) if !is_unresolved(&own) => Ok(next),
            (Err(own), None) if matches!(*own, Decision::UpToDate { .. }) => {
                match versions::not_all_looked_at(facts, followed) {
                    Some(decision) => return Err((Question::Versions, decision)),
                    None => Err(own),
                }
            }
            (own, _) => own,
        },
    };
    let moves = judged.as_ref().ok().filter(|candidate| candidate.versions.leaves.is_some());
    let found = moves.and_then(|candidate| candidate.reference.tag());
    trail.find_version(&facts.policy.versions.track.origin, found, &passed);
    around(judged, passed)
}

/// Says whether the manifest of the container's own tag has to be read first.
fn is_unresolved(decision: &Decision) -> bool {
    matches!(decision, Decision::Unknown { reason: UnknownReason::Unresolved { .. } })
}

/// Judges by what the container's own tag names.
fn own_tag(
    facts: &Facts<'_>,
    followed: &Followed,
    comparison: Comparison,
) -> Result<Candidate, Box<Decision>> {
    let reference = &followed.reference;
    let unknown = |reason| Decision::Unknown { reason };
    Err(Box::new(match comparison {
        Comparison::Same(how) => up_to_date(reference, how),
        Comparison::Newer(image) => {
            let digest = image.resolved.digest.clone();
            let reference = match followed.pin {
                Pin::Kept => reference.with_digest(digest),
                Pin::None => reference.clone(),
            };
            let image = CandidateImage::Remote(image);
            let versions = Versions::default();
            return Ok(Candidate { reference, image, versions });
        }
        Comparison::Local(evidence) => local(facts, reference, evidence),
        Comparison::Unresolved(digest) => {
            unknown(UnknownReason::Unresolved { reference: reference.clone(), digest })
        }
        Comparison::NotAsked => unknown(UnknownReason::NotAsked(reference.clone())),
        Comparison::Failed(failure) => unknown(UnknownReason::Registry(failure)),
    }))
}

fn up_to_date(reference: &ImageRef, how: Match) -> Decision {
    let (reference, versions) = (reference.clone(), Versions::default());
    Decision::UpToDate { reference, how, versions }
}

fn local(facts: &Facts<'_>, reference: &ImageRef, evidence: LocalEvidence) -> Decision {
    let rule = facts.policy.skip_local_build();
    if rule.value {
        let (reference, origin) = (reference.clone(), rule.origin.clone());
        return Decision::Skip { reason: SkipReason::BuiltLocally { reference, evidence, origin } };
    }
    up_to_date(reference, Match::LocalName)
}

/// Returns the image that the reference was moved to here, where such moves count. One that came
/// from the registry yields to the registry's newer word; one that failed before yields to whatever
/// else is known, so that a rollback, which leaves the name on the bad image, starts no loop.
fn moved_here(
    facts: &Facts<'_>,
    reference: &ImageRef,
    comparison: &Comparison,
) -> Option<Candidate> {
    if facts.policy.skip_local_build().value {
        return None;
    }
    let candidate = facts.running.moved(reference)?;
    let CandidateImage::Local { digests, .. } = &candidate.image else { return None };
    let failed = is_ruled_out(facts, &candidate);
    let yields = match comparison {
        Comparison::Same(Match::Content(digest)) => failed || digests.contains(digest),
        // The name is on another image of the repository, which is not the newest: a rollback of
        // another container left it there.
        Comparison::Same(Match::Digest(_)) | Comparison::Newer(_) | Comparison::Unresolved(_) => {
            failed || !digests.is_empty()
        }
        Comparison::Local(_) => false,
        _ => failed,
    };
    (!yields).then_some(candidate)
}

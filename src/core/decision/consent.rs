//! Whether something newer may run now: rejections, people's words, modes, consent and schedules.

use crate::core::candidate::{Candidate, Reject};
use crate::core::compose::Compose;
use crate::core::decision::follow::follow;
use crate::core::decision::trail::{Ends, Question, Trail};
use crate::core::decision::{Decision, Facts, HoldReason, Request, Role, times};
use crate::core::id::Timestamp;
use crate::core::policy::{About, Mode, Unclear, Updates};
use crate::core::verdict::{Verdict, Word};
use crate::core::version::PassedOver;

/// Why something newer does not run now, and until when.
pub(super) struct Held {
    pub(super) reason: HoldReason,
    pub(super) until: Option<Timestamp>,
}

impl From<HoldReason> for Held {
    fn from(reason: HoldReason) -> Self {
        let until = match &reason {
            HoldReason::Snoozed { until, .. } => Some(*until),
            _ => None,
        };
        Self { reason, until }
    }
}

impl Ends for Held {
    fn code(&self) -> &'static str {
        self.reason.code()
    }
}

/// What a person said of the candidate that is judged.
fn verdict<'a>(facts: &Facts<'a>, candidate: &Candidate) -> Option<&'a Verdict> {
    let about = facts.verdicts.iter().filter(|verdict| verdict.is_of(candidate));
    about.max_by_key(|verdict| verdict.said.at)
}

/// Returns the earlier failure of a candidate, unless it is forced or was approved since.
fn failure<'a>(facts: &Facts<'a>, candidate: &Candidate) -> Option<&'a Reject> {
    let failed = facts.rejects.iter().filter(|reject| reject.is(candidate));
    let last = failed.max_by_key(|reject| reject.at).filter(|_| !facts.is_forced())?;
    let approval = verdict(facts, candidate).filter(|verdict| verdict.word == Word::Approved);
    approval.is_none_or(|approval| approval.said.at < last.at).then_some(last)
}

fn failed(reject: &Reject) -> HoldReason {
    let (at, why) = (reject.at, reject.reason.clone());
    match reject.beside.clone() {
        Some(sibling) => HoldReason::FailedBeside { sibling, at, why },
        None => HoldReason::RejectedBefore { at, why },
    }
}

/// Returns a person's refusal of a candidate, unless the command lifts it. A label does not: it was
/// written before the word was said.
fn refusal(facts: &Facts<'_>, candidate: &Candidate) -> Option<HoldReason> {
    let verdict = verdict(facts, candidate).filter(|_| facts.request != Request::Forced)?;
    match verdict.word {
        Word::Skipped => Some(HoldReason::Skipped(verdict.said.clone())),
        Word::Rejected => Some(HoldReason::RejectedByPerson(verdict.said.clone())),
        Word::Approved | Word::Snoozed { .. } => None,
    }
}

/// Says whether a candidate is not tried here again: it failed, or a person refused it.
pub(super) fn is_ruled_out(facts: &Facts<'_>, candidate: &Candidate) -> bool {
    failure(facts, candidate).is_some() || refusal(facts, candidate).is_some()
}

/// Returns what stands against this very image, whatever else holds the container: an older one may
/// be taken in its place.
pub(super) fn stands_against(facts: &Facts<'_>, candidate: &Candidate) -> Option<PassedOver> {
    if failure(facts, candidate).is_some() {
        return Some(PassedOver::Failed);
    }
    if refusal(facts, candidate).is_some() {
        return Some(PassedOver::Refused);
    }
    let verdict = verdict(facts, candidate).filter(|_| !facts.is_named());
    if let Some(Word::Snoozed { until }) = verdict.map(|verdict| verdict.word)
        && facts.now < until
    {
        return Some(PassedOver::Snoozed { until });
    }
    let until = times::cools_until(facts, candidate)?;
    Some(PassedOver::CoolingDown { until })
}

/// Asks once more whether a candidate may run, some time after it was found: people, settings and the
/// time may have come to stand against it. What it is compared with is not looked at again.
pub fn reconsider(facts: &Facts<'_>, candidate: Candidate) -> Decision {
    let mut trail = Trail::default();
    match follow(facts, &mut trail) {
        Ok(_) => hold_or_update(facts, candidate, &mut trail),
        Err(decision) => *decision,
    }
}

/// Asks whether a candidate may run now.
pub(super) fn hold_or_update(
    facts: &Facts<'_>,
    candidate: Candidate,
    trail: &mut Trail,
) -> Decision {
    match may_run(facts, &candidate, trail) {
        Ok(()) => Decision::Update { candidate },
        Err(Held { reason, until }) => Decision::Hold { candidate, reason, until },
    }
}

fn may_run(facts: &Facts<'_>, candidate: &Candidate, trail: &mut Trail) -> Result<(), Held> {
    let failed = failure(facts, candidate).map(|reject| Held::from(failed(reject)));
    trail.ask(Question::Failure, None, failed)?;
    trail.ask(Question::Refusal, None, refusal(facts, candidate).map(Held::from))?;
    if let Role::Ourselves(obstacle) = facts.role {
        let obstacle = obstacle.map(|obstacle| HoldReason::Irreplaceable(obstacle).into());
        trail.ask::<Held>(Question::Ourselves, None, obstacle)?;
    }
    trail.ask(Question::Pause, None, paused(facts))?;
    if facts.is_named() {
        trail.find(Question::Person, None, || facts.running.container.name.to_string());
        clear_how(facts, trail)?;
        return times::may_begin(facts, candidate, trail);
    }
    let verdict = verdict(facts, candidate);
    trail.ask(Question::Snooze, None, verdict.and_then(|verdict| snoozed(facts, verdict)))?;
    let approval = verdict.filter(|verdict| verdict.word == Word::Approved);
    if let Some(verdict) = approval {
        trail.find(Question::Approval, None, || verdict.said.by.clone());
    }
    let consent = if approval.is_some() { Consent::Given } else { Consent::AsSet };
    may_by_policy(facts, consent, trail)?;
    times::may_begin(facts, candidate, trail)
}

/// Whose consent there is, whatever holds for all containers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consent {
    /// A person's, or the container's own.
    Given,
    /// Nobody's.
    AsSet,
}

/// A person says that there is an update, and counts on its way being as the labels say.
fn clear_how(facts: &Facts<'_>, trail: &mut Trail) -> Result<(), Held> {
    clear(facts.policy.unclear.as_ref().filter(|unclear| unclear.about == About::How), trail)
}

fn clear(unclear: Option<&Unclear>, trail: &mut Trail) -> Result<(), Held> {
    let held = unclear.map(|unclear| HoldReason::LabelUnclear(unclear.clone()));
    trail.ask(Question::Labels, unclear.map(|unclear| &unclear.origin), held.map(Held::from))
}

fn paused(facts: &Facts<'_>) -> Option<Held> {
    let pause = facts.pause.filter(|_| facts.request != Request::Forced)?;
    let (paused, said) = (pause.paused.clone(), pause.said.clone());
    Some(HoldReason::Paused { paused, said }.into())
}

fn snoozed(facts: &Facts<'_>, verdict: &Verdict) -> Option<Held> {
    match verdict.word {
        Word::Snoozed { until } if facts.now < until => {
            Some(HoldReason::Snoozed { until, said: verdict.said.clone() }.into())
        }
        _ => None,
    }
}

fn may_by_policy(facts: &Facts<'_>, consent: Consent, trail: &mut Trail) -> Result<(), Held> {
    let policy = facts.policy;
    let approved = consent == Consent::Given;
    if approved {
        clear_how(facts, trail)?;
    } else {
        clear(policy.unclear.as_ref(), trail)?;
    }
    let origin = &policy.mode.origin;
    let held = match policy.mode.value {
        _ if approved => None,
        Mode::Watch | Mode::Off => Some(HoldReason::WatchMode(origin.clone())),
        Mode::Approve => Some(HoldReason::AwaitingApproval(origin.clone())),
        Mode::Auto => None,
    };
    trail.ask(Question::Mode, Some(origin), held.map(Held::from))?;
    let consents = approved || policy.consents();
    let compose = (!consents).then(|| held_for_compose(facts)).flatten();
    let origin = &policy.rules.allow_compose.origin;
    trail.ask(Question::Compose, Some(origin).filter(|_| !consents), compose.map(Held::from))?;
    let updates = &policy.rules.updates;
    let disabled = updates.value == Updates::Never && !consents;
    let held = disabled.then(|| HoldReason::UpdatesNotEnabled(updates.origin.clone()).into());
    trail.ask::<Held>(Question::Updates, Some(&updates.origin).filter(|_| !consents), held)
}

fn held_for_compose(facts: &Facts<'_>) -> Option<HoldReason> {
    let allowed = &facts.policy.rules.allow_compose;
    let compose = Compose::read(&facts.running.container.labels).filter(|_| !allowed.value)?;
    Some(HoldReason::ComposeHeldBack { compose, origin: allowed.origin.clone() })
}

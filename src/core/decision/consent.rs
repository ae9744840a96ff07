//! Whether something newer may run now: rejections, modes, consent and schedules.

use crate::core::candidate::{Candidate, Reject};
use crate::core::compose::Compose;
use crate::core::decision::{Decision, Facts, HoldReason, Role, times};
use crate::core::id::Timestamp;
use crate::core::policy::{Mode, Updates};

/// Returns the earlier failure of a candidate, unless it is forced.
pub(super) fn rejection<'a>(facts: &Facts<'a>, candidate: &Candidate) -> Option<&'a Reject> {
    facts.rejects.iter().find(|reject| reject.is(candidate)).filter(|_| !facts.is_forced())
}

/// Asks whether a candidate may run now.
pub(super) fn hold_or_update(facts: &Facts<'_>, candidate: Candidate) -> Decision {
    if let Some(reject) = rejection(facts, &candidate) {
        let reason = HoldReason::RejectedBefore { at: reject.at, why: reject.reason.clone() };
        return Decision::Hold { candidate, reason, until: None };
    }
    if let Role::Ourselves(Some(obstacle)) = facts.role {
        let reason = HoldReason::Irreplaceable(obstacle);
        return Decision::Hold { candidate, reason, until: None };
    }
    match held_by_policy(facts).or_else(|| times::held(facts, &candidate)) {
        Some((reason, until)) => Decision::Hold { candidate, reason, until },
        None => Decision::Update { candidate },
    }
}

fn held_by_policy(facts: &Facts<'_>) -> Option<(HoldReason, Option<Timestamp>)> {
    let policy = facts.policy;
    let origin = || policy.mode.origin.clone();
    if facts.is_named() {
        return None;
    }
    let reason = match (&policy.unclear, policy.mode.value) {
        (Some(label), _) => HoldReason::LabelUnclear(label.clone()),
        (None, Mode::Watch | Mode::Off) => HoldReason::WatchMode(origin()),
        (None, Mode::Approve) => HoldReason::AwaitingApproval(origin()),
        (None, Mode::Auto) => return held_without_consent(facts),
    };
    Some((reason, None))
}

fn held_without_consent(facts: &Facts<'_>) -> Option<(HoldReason, Option<Timestamp>)> {
    let policy = facts.policy;
    let rules = &policy.rules;
    if let Some(compose) = Compose::read(&facts.running.container.labels)
        && !policy.consents()
        && !rules.allow_compose.value
    {
        let reason =
            HoldReason::ComposeHeldBack { compose, origin: rules.allow_compose.origin.clone() };
        return Some((reason, None));
    }
    let never = rules.updates.value == Updates::Never && !policy.consents();
    never.then(|| (HoldReason::UpdatesNotEnabled(rules.updates.origin.clone()), None))
}

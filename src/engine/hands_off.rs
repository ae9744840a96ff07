//! What keeps an update from touching another container that belongs to it: the same for one that is made
//! anew, run again or restarted.

use crate::core::compose::Foreign;
use crate::core::decision::{SkipReason, shut_out};
use crate::core::inventory::{Container, RunState};
use crate::core::plan::OperationKind;
use crate::core::policy::{Policy, Unselected};
use crate::core::text::{self, Language};
use crate::core::verdict::Pause;
use crate::engine::Engine;
use crate::engine::companions::Lead;

impl Engine {
    /// Says why a container must not be touched along with the one that leads, and the cure: to change
    /// that, or what the owner does `instead`.
    pub(super) fn hands_off(
        &self,
        lead: &Lead<'_>,
        container: &Container,
        pauses: &[Pause],
        instead: &str,
    ) -> Option<String> {
        let (name, policy) = (&container.name, self.policy_of(container));
        if self.is_own(container) {
            return Some(format!("it is docker-auto itself; {instead}"));
        }
        if let Some(reason) = lead.way.role(container).infrastructure() {
            return Some(format!("{reason}; {instead}"));
        }
        if let Some(reason) = shut_out(&policy, container) {
            return Some(format!("{}; change that, or {instead}", forbidding(&reason)));
        }
        // The way back must not hang on a neighbour's spelling.
        let unclear = policy.unclear.as_ref().filter(|_| lead.job.kind == OperationKind::Update);
        if let Some(unclear) = unclear {
            let origin = &unclear.origin;
            return Some(format!("{origin} cannot be understood; change that, or {instead}"));
        }
        if let Some(Pause { paused, said }) = lead.pause_of(container, &policy, pauses) {
            let what = text::of_paused(paused, Language::English);
            return Some(format!("{what} was paused by {}; resume it, or {instead}", said.by));
        }
        if let Some(foreign) = Foreign::recognise(name, &container.labels) {
            return Some(format!("it is {foreign}, whose manager looks after it"));
        }
        let frozen = container.state == RunState::Paused;
        frozen.then(|| format!("it is paused; `docker unpause {name}` first, or {instead}"))
    }
}

impl Lead<'_> {
    /// Returns the pause that holds a companion; one that holds both was lifted for the one that leads.
    fn pause_of<'p>(
        &self,
        container: &Container,
        policy: &Policy,
        pauses: &'p [Pause],
    ) -> Option<&'p Pause> {
        let group = |policy: &Policy| policy.group.as_ref().map(|group| group.value.clone());
        let (group, of_lead) = (group(policy), group(self.job.policy));
        pauses.iter().find(|Pause { paused, .. }| {
            paused.holds(&container.name, group.as_deref())
                && !paused.holds(&self.job.container.name, of_lead.as_deref())
        })
    }
}

/// Names the setting that shuts docker-auto out of a container.
fn forbidding(reason: &SkipReason) -> String {
    match reason {
        SkipReason::ModeOff(origin) | SkipReason::NotSelected(Unselected::Label(origin)) => {
            format!("{origin} forbids to touch it")
        }
        _ => reason.to_string(),
    }
}

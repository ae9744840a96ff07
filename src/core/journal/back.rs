//! The way back: what is next on it, and what its failures mean.

use crate::core::plan::{Key, Step};

use super::replay::{Phase, Replay, Side};
use super::{Class, Position};

/// How often the old container is made anew when it goes away before it runs.
const RESCUES_PARK: u32 = 20;

impl Replay<'_> {
    /// Returns the next entry of the way back.
    pub(super) fn next_back(&self, side: Side) -> Option<Position> {
        let begun = self.plan.steps.iter().enumerate().take(self.reached).rev();
        let mut way_back = begun.flat_map(|(step, planned)| {
            let entries = planned.undo.iter().enumerate();
            entries.map(move |(undo, action)| (Position::Undo { step, undo }, action))
        });
        let next = way_back.find(|(position, action)| {
            self.takes_back(side, action)
                && !self.settled.contains(position)
                && !self.has_stopped(*position, action)
        });
        next.map(|(position, _)| position)
    }

    /// Only a stop whose end nobody saw is to be finished first: one that is over may have been
    /// followed by a start that was not ours, which is welcome.
    fn has_stopped(&self, position: Position, action: &Step) -> bool {
        let done = matches!(position, Position::Undo { step, .. } if step < self.forward);
        let stop = matches!(action, Step::Stop { container, .. } if !self.plan.makes(container));
        done && stop && !action.container().is_some_and(|key| self.is_restarted(key))
    }

    /// Says whether the way forward starts a container again that was there before.
    fn is_restarted(&self, key: &Key) -> bool {
        self.plan
            .steps
            .iter()
            .any(|planned| matches!(&planned.action, Step::Start { container } if container == key))
    }

    fn takes_back(&self, side: Side, action: &Step) -> bool {
        let neighbour = action.container().filter(|key| !self.is_main(key));
        if neighbour.is_some_and(|key| !self.plan.makes(key) && self.has_lost_name(key)) {
            return false; // someone else serves there now
        }
        match action {
            Step::Reject { .. } => self.image_failed,
            Step::Remove { .. } | Step::Untag { .. } | Step::RemoveVolume { .. }
                if self.trouble.is_some() =>
            {
                false
            }
            Step::Untag { .. } | Step::RemoveVolume { .. } | Step::DiscardBackup { .. } => true,
            _ if side == Side::All => true,
            // The name is for whoever has the container's name now to give.
            Step::Tag { reference, .. } => {
                *reference != self.plan.reference.familiar() || !self.is_foreign()
            }
            _ => action.container().is_some_and(|key| self.plan.makes(key) || !self.is_main(key)),
        }
    }

    pub(super) fn undo_failed(&mut self, position: Position, class: Class, error: &str) {
        let Some(step) = position.step(self.plan) else { return };
        let ours = step.container().is_none_or(|key| self.plan.makes(key));
        let main = step.container().is_none_or(|key| self.is_main(key));
        let superseded = class == Class::Superseded;
        if superseded && self.is_foreign() && self.phase == (Phase::Back { side: Side::All }) {
            self.turn(Side::Ours, error);
        } else if is_tidying(step) || superseded && (ours || !main) {
            self.settled.push(position);
        } else if superseded && self.is_gone(&Key::old()) {
            // Only its saved body can bring it back.
            self.rescue();
        } else if is_dispensable(step, ours) || !main && !ours {
            // Whatever becomes of a neighbour, the rest is to be brought back.
            self.stumble(error);
            self.settled.push(position);
        } else {
            self.park(error);
        }
    }

    pub(super) fn rescue_failed(&mut self, position: Position, class: Class, error: &str) {
        let superseded = class == Class::Superseded;
        let started = matches!(position.step(self.plan), Some(Step::AwaitHealthy { .. }));
        if superseded && self.is_foreign() {
            self.turn(Side::Ours, error);
        } else if superseded && !started && self.rescues < RESCUES_PARK {
            // It went with its failed start, or with a prune; the next one may go well.
            self.rescue();
        } else {
            self.park(error);
        }
    }

    /// Makes the old container anew, from the first entry on.
    pub(super) fn rescue(&mut self) {
        self.rescues += 1;
        self.phase = Phase::Rescue { index: 0 };
        self.settled.clear();
    }
}

/// What the service does not need: it is left undone where it fails.
fn is_tidying(step: &Step) -> bool {
    matches!(
        step,
        Step::CollectEvidence { .. }
            | Step::Reject { .. }
            | Step::Untag { .. }
            | Step::Tag { .. }
            | Step::Remove { .. }
            | Step::RemoveVolume { .. }
            | Step::DiscardBackup { .. }
    )
}

/// What the service can run without, though a person must mend it. That the new container is down,
/// and stays so, is none of it: the old one must not start beside it.
fn is_dispensable(step: &Step, ours: bool) -> bool {
    match step {
        Step::Rename { .. } | Step::RestoreDatabase => true,
        // It runs, well or not, and others wait for it.
        Step::AwaitHealthy { .. } | Step::SetRestartPolicy { .. } => !ours,
        _ => false,
    }
}

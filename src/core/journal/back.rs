//! The way back: what is next on it, and what its failures mean.

use crate::core::inventory::RunState;
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
    /// followed by a start that was not ours, which is welcome. Who lives with one that is stopped for
    /// that, and perhaps for the second time, has to be started after it once more.
    fn has_stopped(&self, position: Position, action: &Step) -> bool {
        let done = matches!(position, Position::Undo { step, .. } if step < self.forward);
        let stop = matches!(action, Step::Stop { container, .. } if !self.plan.makes(container));
        let again =
            |key: &Key| self.is_restarted(key) || self.may_still_stop() && !self.is_main(key);
        done && stop && !action.container().is_some_and(again)
    }

    /// Says whether nobody saw the end of the last stop on the way forward.
    fn may_still_stop(&self) -> bool {
        let last = self.plan.steps.get(self.forward).filter(|_| self.forward < self.reached);
        last.is_some_and(|step| matches!(step.action, Step::Stop { .. }))
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
            Step::RemoveImage { .. } => {
                self.image_failed && self.trouble.is_none() && !self.is_foreign()
            }
            Step::Remove { .. } | Step::Untag { .. } | Step::RemoveVolume { .. }
                if self.trouble.is_some() =>
            {
                false
            }
            // The name is for whoever has the container's name now to give.
            Step::Tag { reference, .. } | Step::Untag { reference }
                if *reference == self.plan.reference.familiar() =>
            {
                side == Side::All || !self.is_foreign()
            }
            Step::Tag { .. }
            | Step::Untag { .. }
            | Step::RemoveVolume { .. }
            | Step::DiscardBackup { .. } => true,
            _ if side == Side::All => true,
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
        } else if self.lacks_files(position) && (!superseded || !self.is_gone(&Key::rescue())) {
            // Rather up without them, and a person who knows, than down.
            self.stumble(error);
            if let Position::Rescue(index) = position {
                self.phase = Phase::Rescue { index: index + 1 };
            }
        } else if superseded && !started && self.rescues < RESCUES_PARK {
            // It went with its failed start, or with a prune; the next one may go well.
            self.rescue();
        } else {
            self.park(error);
        }
    }

    fn lacks_files(&self, position: Position) -> bool {
        matches!(position.step(self.plan), Some(Step::CopyFiles { .. }))
    }

    /// Returns the next entry of the rescue list. What was started has its files already, and may have
    /// written to them since.
    pub(super) fn next_rescue(&self, index: usize) -> Option<Position> {
        let mut left = self.plan.rescue.iter().enumerate().skip(index);
        let copies = |step: &Step| matches!(step, Step::CopyFiles { .. });
        let next = left.find(|(_, step)| !copies(step) || !self.rescue_has_run());
        next.map(|(index, _)| Position::Rescue(index))
    }

    fn rescue_has_run(&self) -> bool {
        let seen = self.seen.and_then(|seen| seen.containers.get(&Key::rescue()));
        seen.is_some_and(|seen| seen.state != RunState::Created && self.rescued == Some(&seen.id))
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
            | Step::RemoveImage { .. }
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

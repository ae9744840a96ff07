//! Reads the entries of a journal into where the operation stands.

use crate::core::inventory::RunState;
use crate::core::plan::{Key, OnWake, Step, UpdatePlan};

use super::{
    Class, JournalEntry, Next, Observed, Outcome, Position, StepOutput, WAKES_FORCE_BACK,
    WAKES_PARK, is_ours, wake_of,
};

/// Whose containers the way back touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// All of the plan.
    All,
    /// Only those that the plan made: someone else owns the rest now.
    Ours,
}

/// The direction an operation moves in.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
    Forward,
    Back { side: Side },
    Rescue { index: usize },
    Over(Outcome),
}

/// Where an operation stands.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts, each read once")]
pub(super) struct Replay {
    pub(super) phase: Phase,
    /// The next step forward.
    pub(super) forward: usize,
    /// The steps that were begun: those before this index have something to take back.
    reached: usize,
    /// How many entries of the way back are behind us.
    undone: usize,
    wakes: u32,
    reason: String,
    /// Whether the new image itself failed, so that it is to be rejected.
    pub(super) image_failed: bool,
    /// Whether the old container was touched.
    pub(super) touched: bool,
    pub(super) no_change: bool,
    pub(super) committed: bool,
}

impl Replay {
    pub(super) fn of(plan: &UpdatePlan, entries: &[JournalEntry]) -> Self {
        let mut replay = Self {
            phase: Phase::Forward,
            forward: 0,
            reached: 0,
            undone: 0,
            wakes: 0,
            reason: String::new(),
            image_failed: false,
            touched: false,
            no_change: false,
            committed: plan.no_return == 0,
        };
        for entry in entries {
            replay.read(plan, entry);
        }
        replay
    }

    fn read(&mut self, plan: &UpdatePlan, entry: &JournalEntry) {
        match entry {
            JournalEntry::Started { position: Position::Forward(index), .. } => {
                self.reached = self.reached.max(index + 1);
                // Where the program was killed in between, nobody knows whether it was done.
                let step = plan.steps.get(*index).map(|planned| &planned.action);
                self.touched |= step.is_some_and(touches_old);
            }
            JournalEntry::Started { .. } => {}
            JournalEntry::Done { position, output, .. } => self.done(plan, *position, output),
            JournalEntry::Failed { position, class, error, .. } => {
                self.failed(plan, *position, *class, error);
            }
            JournalEntry::Resumed { observed, .. } => self.resumed(plan, observed),
            JournalEntry::Finished { outcome, .. } => self.phase = Phase::Over(outcome.clone()),
        }
    }

    fn done(&mut self, plan: &UpdatePlan, position: Position, output: &StepOutput) {
        match position {
            Position::Forward(index) => {
                self.forward = index + 1;
                self.committed |= self.forward >= plan.no_return;
                if let StepOutput::Pulled { image, .. } = output
                    && *image == plan.old_image.id
                {
                    self.no_change = true;
                    self.turn(Side::All, "the pulled image already runs");
                }
            }
            Position::Undo { .. } => self.undone += 1,
            Position::Rescue(index) => {
                if let Phase::Rescue { index: at } = &mut self.phase {
                    *at = index + 1;
                }
            }
        }
    }

    fn failed(&mut self, plan: &UpdatePlan, position: Position, class: Class, error: &str) {
        match position {
            // Behind the point of no return there is only tidying: a failure is a warning.
            Position::Forward(index) if self.committed => self.forward = index + 1,
            Position::Forward(index) => {
                let step = plan.steps.get(index).map(|planned| &planned.action);
                self.image_failed = class == Class::Lasting
                    && matches!(step, Some(Step::Start { .. } | Step::AwaitHealthy { .. }));
                let side = if class == Class::Superseded { Side::Ours } else { Side::All };
                self.turn(side, error);
            }
            Position::Undo { .. } => {
                if let Some(step) = position.step(plan) {
                    self.undo_failed(plan, step, class, error);
                }
            }
            Position::Rescue(_) if class == Class::Superseded => self.turn(Side::Ours, error),
            Position::Rescue(_) => self.park(error),
        }
    }

    fn undo_failed(&mut self, plan: &UpdatePlan, step: &Step, class: Class, error: &str) {
        let ours = step.container().is_none_or(|key| is_ours(plan, key));
        let tidying = matches!(
            step,
            Step::CollectEvidence { .. }
                | Step::Reject { .. }
                | Step::Untag { .. }
                | Step::Tag { .. }
                | Step::Remove { .. }
        );
        if tidying || (ours && class == Class::Superseded) {
            self.undone += 1;
        } else if class == Class::Superseded {
            // The old container itself is gone: only its saved body can bring it back.
            self.phase = Phase::Rescue { index: 0 };
            self.undone = 0;
        } else {
            self.park(error);
        }
    }

    fn resumed(&mut self, plan: &UpdatePlan, observed: &Observed) {
        self.wakes += 1;
        if self.wakes >= WAKES_PARK {
            return self.park("it was interrupted too often");
        }
        if self.committed {
            self.restart_new(plan, observed);
            return;
        }
        let foreign = observed
            .name_owner
            .as_ref()
            .is_some_and(|owner| !observed.containers.values().any(|seen| seen.id == *owner));
        if foreign {
            return self.turn(Side::Ours, "another container has the name now");
        }
        match self.phase {
            Phase::Forward => self.wake_forward(plan, observed),
            // The engine may have restarted: what was undone is done again, every entry being
            // idempotent.
            Phase::Back { .. } => self.undone = 0,
            Phase::Rescue { .. } => {
                self.phase = Phase::Rescue { index: 0 };
                self.undone = 0;
            }
            Phase::Over(_) => {}
        }
    }

    fn wake_forward(&mut self, plan: &UpdatePlan, observed: &Observed) {
        let old_gone = !observed.containers.contains_key(&Key::old());
        let stop_begun = plan
            .steps
            .iter()
            .take(self.reached)
            .any(|planned| matches!(planned.action, Step::Stop { .. } | Step::Rename { .. }));
        if old_gone && !stop_begun {
            return self.turn(Side::Ours, "the container was removed meanwhile");
        }
        let new = observed.containers.get(&Key::replacement()).map(|seen| seen.state);
        let onward = match wake_of(&plan.steps, self.forward) {
            OnWake::Forward => true,
            OnWake::Back => false,
            OnWake::Verify => match plan.steps.get(self.forward).map(|planned| &planned.action) {
                Some(Step::Start { .. }) => {
                    new.is_some_and(|state| state == RunState::Created || state.is_up())
                }
                _ => new.is_some_and(RunState::is_up),
            },
        };
        if !onward || self.wakes >= WAKES_FORCE_BACK {
            self.turn(Side::All, "it was interrupted");
        }
    }

    /// After the point of no return a new container that the engine's restart left down is started
    /// again; nothing else is taken back.
    fn restart_new(&mut self, plan: &UpdatePlan, observed: &Observed) {
        let down =
            observed.containers.get(&Key::replacement()).is_some_and(|seen| !seen.state.is_up());
        let start = plan.steps.iter().position(
            |planned| matches!(&planned.action, Step::Start { container } if *container == Key::replacement()),
        );
        if let (true, true, Some(start)) = (down, plan.was_running, start) {
            self.forward = self.forward.min(start);
        }
    }

    fn turn(&mut self, side: Side, reason: &str) {
        if self.reason.is_empty() {
            reason.clone_into(&mut self.reason);
        }
        self.phase = Phase::Back { side };
        self.undone = 0;
    }

    fn park(&mut self, error: &str) {
        let reason = match &*self.reason {
            "" => error.to_owned(),
            first => format!("{first}; then {error}"),
        };
        self.phase = Phase::Over(Outcome::NeedsHelp(reason));
    }

    /// Returns the next entry of the way back, or the outcome at its end.
    pub(super) fn next_undo(
        &self,
        plan: &UpdatePlan,
        side: Side,
        outcome: &dyn Fn(String) -> Outcome,
    ) -> Next {
        let begun = plan.steps.iter().enumerate().take(self.reached).rev();
        let mut way_back = begun.flat_map(|(step, planned)| {
            let positions = planned.undo.iter().enumerate();
            positions.map(move |(undo, action)| (Position::Undo { step, undo }, action))
        });
        let mut wanted =
            way_back.by_ref().filter(|(_, action)| self.takes_back(plan, side, action));
        match wanted.nth(self.undone) {
            Some((position, _)) => Next::Do(position),
            None => Next::Finish(outcome(self.reason.clone())),
        }
    }

    fn takes_back(&self, plan: &UpdatePlan, side: Side, action: &Step) -> bool {
        match action {
            Step::Reject { .. } => self.image_failed,
            _ if side == Side::All => true,
            Step::Untag { .. } => true,
            _ => action.container().is_some_and(|key| is_ours(plan, key)),
        }
    }
}

fn touches_old(step: &Step) -> bool {
    let changes =
        matches!(step, Step::Stop { .. } | Step::SetRestartPolicy { .. } | Step::Rename { .. });
    changes && step.container() == Some(&Key::old())
}

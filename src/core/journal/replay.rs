//! Reads the entries of a journal into where the operation stands.

use crate::core::hook::Moment;
use crate::core::id::ContainerId;
use crate::core::plan::{Step, UpdatePlan};

use super::{Class, JournalEntry, Next, Observed, Outcome, Position, StepOutput};

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
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each read once")]
pub(super) struct Replay<'a> {
    pub(super) plan: &'a UpdatePlan,
    pub(super) phase: Phase,
    /// The last look at the engine.
    pub(super) seen: Option<&'a Observed>,
    /// The next step forward.
    pub(super) forward: usize,
    /// The steps that were begun: those before this index have something to take back.
    pub(super) reached: usize,
    /// The entries of the way back that are behind us.
    pub(super) settled: Vec<Position>,
    pub(super) wakes: u32,
    /// How often the old container was made anew.
    pub(super) rescues: u32,
    /// What the old container was made anew as.
    pub(super) rescued: Option<&'a ContainerId>,
    /// Why the way turned back.
    reason: String,
    /// Why a person must look at the end. From then on nothing is removed any more.
    pub(super) trouble: Option<String>,
    /// Whether the new image itself failed, so that it is to be rejected.
    pub(super) image_failed: bool,
    pub(super) touched: bool,
    no_change: bool,
    pub(super) committed: bool,
    /// Whether lines were lost, so that more may have been begun than is written.
    pub(super) damaged: bool,
}

impl<'a> Replay<'a> {
    pub(super) fn of(plan: &'a UpdatePlan, entries: &'a [JournalEntry]) -> Self {
        let mut replay = Self {
            plan,
            phase: Phase::Forward,
            seen: None,
            forward: 0,
            reached: 0,
            settled: Vec::new(),
            wakes: 0,
            rescues: 0,
            rescued: None,
            reason: String::new(),
            trouble: None,
            image_failed: false,
            touched: false,
            no_change: false,
            committed: plan.no_return == 0,
            damaged: false,
        };
        for entry in entries {
            replay.read(entry);
        }
        replay
    }

    /// Returns what to do next.
    pub(super) fn next(&self) -> Next {
        let position = match self.phase {
            Phase::Over(_) => None,
            Phase::Forward => self.next_forward(),
            Phase::Rescue { index } => {
                self.next_rescue(index).or_else(|| self.next_back(Side::Ours))
            }
            Phase::Back { side } => self.next_back(side),
        };
        position.map_or_else(|| Next::Finish(self.outcome()), Next::Do)
    }

    fn next_forward(&self) -> Option<Position> {
        let tidied = self.trouble.is_none();
        let end = if tidied { self.plan.steps.len() } else { self.plan.no_return };
        (self.forward < end).then_some(Position::Forward(self.forward))
    }

    fn outcome(&self) -> Outcome {
        let reason = self.reason.clone();
        match (&self.phase, &self.trouble) {
            (Phase::Over(outcome), _) => outcome.clone(),
            (_, Some(trouble)) => self.needs_help(trouble),
            (Phase::Forward, None) => Outcome::Updated,
            (Phase::Rescue { .. }, None) => Outcome::RecoveredFromSpec(reason),
            (Phase::Back { side: Side::Ours }, None) => Outcome::Superseded(reason),
            (Phase::Back { side: Side::All }, None) if self.no_change => Outcome::NoChange,
            (Phase::Back { side: Side::All }, None) if self.touched => Outcome::RolledBack(reason),
            (Phase::Back { side: Side::All }, None) => Outcome::Aborted(reason),
        }
    }

    fn needs_help(&self, trouble: &str) -> Outcome {
        Outcome::NeedsHelp(match &*self.reason {
            "" => trouble.to_owned(),
            first => format!("{first}; then {trouble}"),
        })
    }

    fn read(&mut self, entry: &'a JournalEntry) {
        match entry {
            JournalEntry::Started { position: Position::Forward(index), .. } => {
                self.reached = self.reached.max(index + 1);
                // Where the program was killed in between, nobody knows whether it was done.
                let step = self.plan.steps.get(*index).map(|planned| &planned.action);
                self.touched |= step.is_some_and(|step| self.touches_old(step));
            }
            JournalEntry::Started { .. } => {}
            JournalEntry::Done { position, output, .. } => self.done(*position, output),
            JournalEntry::Failed { position, class, error, .. } => {
                self.failed(*position, *class, error);
            }
            JournalEntry::Looked { observed, .. } => self.seen = Some(observed),
            JournalEntry::Resumed { observed, .. } => {
                self.seen = Some(observed);
                self.resumed();
            }
            JournalEntry::Damaged { what, .. } => {
                self.damaged = true;
                self.stumble(&format!("its journal was damaged: {what}"));
            }
            JournalEntry::Finished { outcome, .. } => self.phase = Phase::Over(outcome.clone()),
        }
    }

    fn done(&mut self, position: Position, output: &'a StepOutput) {
        match position {
            Position::Forward(index) => {
                self.forward = index + 1;
                self.committed |= self.forward >= self.plan.no_return;
                if let StepOutput::Pulled { image, .. } = output
                    && *image == self.plan.old_image.id
                {
                    self.no_change = true;
                    self.turn(Side::All, "the pulled image already runs");
                }
                if let StepOutput::Executed(execution) = output
                    && self.moment(position) == Some(Moment::PreUpdate)
                    && let Some(objection) = execution.objection()
                {
                    self.turn(Side::All, &objection);
                }
            }
            Position::Undo { .. } => self.settled.push(position),
            Position::Rescue(index) => {
                if let StepOutput::Created { id } = output {
                    self.rescued = Some(id);
                }
                self.phase = Phase::Rescue { index: index + 1 };
            }
        }
    }

    fn failed(&mut self, position: Position, class: Class, error: &str) {
        match position {
            Position::Forward(index) if self.committed => self.tidying_failed(index, class, error),
            Position::Forward(_) => self.step_failed(position, class, error),
            Position::Undo { .. } => self.undo_failed(position, class, error),
            Position::Rescue(_) => self.rescue_failed(position, class, error),
        }
    }

    /// Behind the point of no return a failure is a warning, unless the new container had to be
    /// started once more, or somebody has started the old one: then the old one is not removed.
    fn tidying_failed(&mut self, index: usize, class: Class, error: &str) {
        self.forward = index + 1;
        if index < self.plan.no_return || class == Class::Superseded {
            self.stumble(error);
        }
    }

    /// Returns when the hook at a place runs, where there is one.
    fn moment(&self, position: Position) -> Option<Moment> {
        match position.step(self.plan)? {
            Step::Exec { moment, .. } => Some(*moment),
            _ => None,
        }
    }

    fn step_failed(&mut self, position: Position, class: Class, error: &str) {
        if self.moment(position) == Some(Moment::PostUpdate) && class != Class::Superseded {
            // All is proven: what comes of a last command is a warning.
            self.forward += 1;
            self.committed |= self.forward >= self.plan.no_return;
            return;
        }
        let step = position.step(self.plan);
        let awaited = matches!(step, Some(Step::AwaitHealthy { .. }));
        let started = awaited || matches!(step, Some(Step::Start { .. }));
        let ends = step.and_then(Step::container).filter(|key| key.ends());
        // What was broken before and still is says nothing of the image.
        let was_ill = step.and_then(Step::container).is_some_and(|key| self.was_ill(key));
        let failed = match class {
            Class::Lasting => started && ends.is_none_or(|key| self.runs_new_image(key)),
            // An auto-removed container that ends is gone before one can ask it why.
            Class::Superseded => {
                awaited && ends.is_none() && self.new_vanishes() && !self.is_foreign()
            }
            Class::Transient | Class::Unreachable => false,
        };
        self.image_failed = failed && !was_ill;
        let side = match class {
            Class::Superseded if self.is_foreign() || !self.stop_begun() => Side::Ours,
            _ => Side::All,
        };
        self.turn(side, error);
    }

    pub(super) fn turn(&mut self, side: Side, reason: &str) {
        if self.reason.is_empty() {
            reason.clone_into(&mut self.reason);
        }
        if self.touched && !self.plan.has_way_back() {
            self.stumble("nothing takes it back");
        }
        self.phase = Phase::Back { side };
        self.settled.clear();
    }

    /// Notes that a person must look at the end, and goes on with what can still be done.
    pub(super) fn stumble(&mut self, error: &str) {
        self.trouble.get_or_insert_with(|| error.to_owned());
    }

    /// Says whether a step changes a container that was there before.
    pub(super) fn touches_old(&self, step: &Step) -> bool {
        let changes =
            matches!(step, Step::Stop { .. } | Step::SetRestartPolicy { .. } | Step::Rename { .. });
        changes && step.container().is_some_and(|key| !self.plan.makes(key))
    }

    /// Stops here: whatever would come next is not safe.
    pub(super) fn park(&mut self, error: &str) {
        self.stumble(error);
        let trouble = self.trouble.clone().unwrap_or_default();
        self.phase = Phase::Over(self.needs_help(&trouble));
    }
}

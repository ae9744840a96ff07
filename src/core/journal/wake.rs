//! Waking up: what was seen, and how the operation goes on from there.

use crate::core::health::Requirement;
use crate::core::inventory::RunState;
use crate::core::plan::blueprint::Removal;
use crate::core::plan::{Key, OnWake, Step};

use super::replay::{Phase, Replay, Side};
use super::{WAKES_FORCE_BACK, WAKES_PARK};

impl Replay<'_> {
    /// Says whether the operation may be left here for long: the service is not down for it.
    pub(super) fn may_rest(&self) -> bool {
        let up_again = self.starts().last().map_or(self.plan.no_return, |(start, _)| start + 1);
        match self.phase {
            Phase::Over(_) => true,
            Phase::Forward if self.forward >= up_again => true,
            _ => !self.stop_begun(),
        }
    }

    pub(super) fn resumed(&mut self) {
        if matches!(self.phase, Phase::Over(_)) {
            return;
        }
        self.wakes += 1;
        if self.wakes > WAKES_PARK {
            return self.park("it was interrupted too often");
        }
        if self.wakes == WAKES_PARK {
            // A last try to leave the service up.
            self.stumble("it was interrupted too often");
        }
        if self.committed {
            return self.restart_new();
        }
        if self.damaged && self.phase == Phase::Forward {
            return self.wake_damaged();
        }
        if self.is_foreign() {
            return self.turn(Side::Ours, "another container has the name now");
        }
        match self.phase {
            Phase::Forward => self.wake_forward(),
            // The engine may have restarted: what was undone is done again, every entry being
            // idempotent.
            Phase::Back { .. } => self.settled.clear(),
            Phase::Rescue { .. } => self.rescue(),
            Phase::Over(_) => {}
        }
    }

    fn wake_forward(&mut self) {
        if self.is_gone(&Key::old()) && !self.stop_begun() {
            return self.turn(Side::Ours, "the container was removed meanwhile");
        }
        if self.wakes >= WAKES_FORCE_BACK || !self.can_go_on() {
            self.reach_lost_line();
            self.turn(Side::All, "it was interrupted");
        }
    }

    /// A journal whose last line became illegible has lost the end of one step and the beginning of
    /// the next. Taking back what was not begun does no harm; only a stop is believed when it is
    /// seen, for its way back starts the old container.
    fn reach_lost_line(&mut self) {
        let lost = self.plan.steps.iter().enumerate().take(self.plan.no_return);
        for (index, planned) in lost.skip(self.forward) {
            let stopped = match &planned.action {
                Step::Stop { container, .. } => {
                    Some(!self.state_of(container).is_some_and(RunState::is_up))
                }
                _ => None,
            };
            // What came down by itself meanwhile is started with those that were stopped for it.
            let believed = match stopped {
                Some(stopped) => stopped && (index < self.forward + 2 || self.stop_begun()),
                None => index < self.forward + 2,
            };
            if !believed {
                break;
            }
            self.reached = self.reached.max(index + 1);
            self.touched |= self.touches_old(&planned.action);
        }
    }

    /// Nobody knows how far the operation came: what serves stays, else whoever last did is brought
    /// back. Nothing is removed.
    fn wake_damaged(&mut self) {
        let (old, new) = (Key::old(), Key::replacement());
        if self.is_foreign() || self.is_served() {
            self.park("it was interrupted");
        } else if !self.is_gone(&old) {
            self.reached = self.plan.no_return;
            self.turn(Side::All, "it was interrupted");
        } else if self.has_name(&new) && !self.is_gone(&new) {
            // The old one is removed only behind the point of no return.
            self.committed = true;
            self.forward = self.plan.no_return;
            self.restart_new();
        } else {
            self.park("it was interrupted");
        }
    }

    /// Says whether one of the plan's containers does under the target's name what the old one did.
    /// By which key it is known says nothing: its ID may be among what was lost.
    fn is_served(&self) -> bool {
        let mut all = self.seen.iter().flat_map(|seen| seen.containers.iter());
        let up = |state: RunState| state.is_up() || !self.plan.was_running;
        all.any(|(key, one)| self.has_name(key) && up(one.state))
    }

    /// Says whether a container has the target's name.
    fn has_name(&self, key: &Key) -> bool {
        self.seen.is_some_and(|seen| {
            let known = seen.containers.get(key);
            known.is_some_and(|known| seen.owners.get(&self.plan.target.name) == Some(&known.id))
        })
    }

    fn can_go_on(&self) -> bool {
        let Some(planned) = self.plan.steps.get(self.forward) else { return true };
        match planned.on_wake {
            OnWake::Forward => true,
            OnWake::Back => false,
            OnWake::Verify => {
                let mut started = self.starts().filter(|(start, _)| *start < self.forward);
                started.all(|(_, key)| self.is_up(key)) && self.may_start(&planned.action)
            }
        }
    }

    /// Says whether a step's container is up, or is to be started by it for the first time.
    fn may_start(&self, step: &Step) -> bool {
        let fresh = |key| match self.state_of(key) {
            Some(RunState::Created) => true,
            Some(_) => !self.plan.makes(key), // it was stopped by us
            None => false,
        };
        let starts = matches!(step, Step::Start { .. });
        step.container().is_some_and(|key| self.is_up(key) || starts && fresh(key))
    }

    fn is_up(&self, key: &Key) -> bool {
        self.state_of(key).is_some_and(RunState::is_up)
    }

    /// After the point of no return containers that the engine's restart left down are started
    /// again; nothing else is taken back.
    fn restart_new(&mut self) {
        let down = |key: &Key| !self.is_up(key) && !self.is_gone(key) && !self.has_lost_name(key);
        let first = self.starts().find(|(_, key)| down(key)).map(|(start, _)| start);
        self.forward = first.map_or(self.forward, |start| self.forward.min(start));
    }

    /// Returns the starts of the way forward, with what they start.
    fn starts(&self) -> impl Iterator<Item = (usize, &Key)> {
        let steps = self.plan.steps.iter().enumerate().take(self.plan.no_return);
        steps.filter_map(|(index, planned)| match &planned.action {
            // What is run to its end is down when all is well.
            Step::Start { container } if !container.ends() => Some((index, container)),
            _ => None,
        })
    }

    /// Says whether the old container may be down, or away from its name, by our doing.
    pub(super) fn stop_begun(&self) -> bool {
        let mut begun = self.plan.steps.iter().take(self.reached).map(|planned| &planned.action);
        begun.any(|step| matches!(step, Step::Stop { .. } | Step::Rename { .. }))
    }

    /// Says whether the target's name belonged to none of the plan's containers at the last look.
    pub(super) fn is_foreign(&self) -> bool {
        self.has_lost_name(&Key::old())
    }

    /// Says whether the name of a container's service belonged to none of the plan's containers at
    /// the last look.
    pub(super) fn has_lost_name(&self, key: &Key) -> bool {
        self.seen.is_some_and(|seen| {
            let owner = seen.owners.get(self.plan.home(key));
            owner.is_some_and(|owner| !seen.containers.values().any(|known| known.id == *owner))
        })
    }

    /// Says whether a container belongs to the service that the operation is about, and not to one
    /// that goes with it.
    pub(super) fn is_main(&self, key: &Key) -> bool {
        *self.plan.home(key) == self.plan.target.name
    }

    /// Says whether nothing more can be had of a container; also if nobody has looked.
    pub(super) fn is_gone(&self, key: &Key) -> bool {
        self.state_of(key).is_none_or(|state| matches!(state, RunState::Removing | RunState::Dead))
    }

    pub(super) fn state_of(&self, key: &Key) -> Option<RunState> {
        self.seen?.containers.get(key).map(|seen| seen.state)
    }

    /// Says whether a container that the plan makes runs the new image.
    pub(super) fn runs_new_image(&self, key: &Key) -> bool {
        let mut steps = self.plan.steps.iter().map(|planned| &planned.action);
        let new = &self.plan.new_image.id;
        steps.any(|step| {
            matches!(step, Step::Create { key: made, image, .. } if made == key && image == new)
        })
    }

    /// Says whether a container goes along that was not well before.
    pub(super) fn was_ill(&self, key: &Key) -> bool {
        let mut steps = self.plan.steps.iter().map(|planned| &planned.action);
        steps.any(|step| match step {
            Step::AwaitHealthy { container, gate } => {
                container == key && gate.require == Requirement::Nothing
            }
            _ => false,
        })
    }

    /// Says whether the engine removes the new container when it ends.
    pub(super) fn new_vanishes(&self) -> bool {
        let mut steps = self.plan.steps.iter().map(|planned| &planned.action);
        steps.any(|step| match step {
            Step::Create { key, body, .. } if *key == Key::replacement() => {
                Removal::of(body) == Removal::Automatic
            }
            _ => false,
        })
    }
}

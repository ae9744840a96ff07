//! Runs a plan: ask the journal what is next, write that it begins, do it, write how it ended.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::core::event::What;
use crate::core::id::Timestamp;
use crate::core::journal::{
    Class, Journal, JournalEntry, JournalError, Known, Next, Observed, Outcome, Position,
    StepOutput, may_rest, next,
};
use crate::core::plan::{Step, StepError, StepRunner};

/// How often and after which pauses a step that failed transiently is tried again.
#[derive(Clone, Debug)]
pub struct Patience {
    /// On the way forward, where the service may be down meanwhile.
    pub forward: Vec<Duration>,
    /// Behind the point of no return, where the service is up and nothing is in a hurry.
    pub tidy: Vec<Duration>,
    /// On the way back, where giving up means that a person must help.
    pub back: Vec<Duration>,
    /// Between two looks at an engine that cannot be reached, and between two tries to write a
    /// journal that cannot be written; the last one repeats.
    pub unreachable: Vec<Duration>,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs_f64;
        let mut back = vec![seconds(0.25), seconds(0.5), seconds(1.0), seconds(2.0)];
        back.extend(std::iter::repeat_n(seconds(5.0), 120));
        let mut tidy = back.clone();
        tidy.truncate(16);
        Self {
            tidy,
            forward: vec![seconds(0.25), seconds(0.5), seconds(1.0), seconds(2.0)],
            back,
            unreachable: [0.1, 0.2, 0.5, 1.0, 2.0, 5.0].map(seconds).to_vec(),
        }
    }
}

impl Patience {
    fn unreachable_pauses(&self) -> impl Iterator<Item = Duration> {
        let last = self.unreachable.last().copied().unwrap_or_default();
        self.unreachable.iter().copied().chain(std::iter::repeat(last))
    }
}

/// What a run needs besides its journal.
pub struct Executor<'a> {
    /// Who performs the steps.
    pub runner: &'a dyn StepRunner,
    /// What the time is.
    pub now: &'a (dyn Fn() -> Timestamp + Send + Sync),
    /// Who is told.
    pub tell: &'a (dyn Fn(What) + Send + Sync),
    /// Set when the program shall end: the run stops at the next boundary at which the service is
    /// not down for it. Who cannot wait drops it.
    pub stop: &'a CancellationToken,
    /// How transient failures are met.
    pub patience: &'a Patience,
}

/// How an operation is taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// From its first step.
    Fresh,
    /// From where an earlier run left it: look first.
    Resumed,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The operation is over.
    Finished(Outcome),
    /// The program shall end; the operation stays open and goes on at the next start.
    Stopped,
    /// Another process carries out the rest, once the journal is let go.
    HandedOver,
}

enum Attempt {
    Done(StepOutput),
    Failed(StepError),
    Superseded(StepError, Observed),
    Seen(Observed),
    Stopped,
}

impl Executor<'_> {
    /// Carries an operation to its end. While its journal cannot be written nothing is done to its
    /// containers; then they are looked at anew, as after a crash.
    pub async fn carry(&self, journal: &mut dyn Journal, begin: Begin) -> Ended {
        let mut result = match begin {
            Begin::Fresh => self.run(journal).await,
            Begin::Resumed => self.resume(journal).await,
        };
        let mut pauses = self.patience.unreachable_pauses();
        loop {
            let error = match result {
                Ok(ended) => return ended,
                Err(error) => crate::logging::Chain(&error).to_string(),
            };
            (self.tell)(What::StepFailed { step: "journal".into(), error });
            if !self.pause(pauses.next().unwrap_or_default()).await {
                return Ended::Stopped;
            }
            result = self.resume(journal).await;
        }
    }

    /// Runs an operation to its end. Cancel-safe: dropped anywhere, it goes on with
    /// [`Executor::resume`].
    ///
    /// # Errors
    ///
    /// Only when the journal cannot be written; the operation stays open.
    pub async fn run(&self, journal: &mut dyn Journal) -> Result<Ended, JournalError> {
        // What is written, and behind it what goes to disk with the next step's start.
        let mut entries = journal.entries().to_vec();
        loop {
            let position = match next(journal.plan(), &entries) {
                Next::Do(position) => position,
                Next::Finish(outcome) => return self.finish(journal, entries, outcome).await,
            };
            let rests = self.stop.is_cancelled() && may_rest(journal.plan(), &entries);
            if !rests {
                entries.push(JournalEntry::Started { position, at: (self.now)() });
            }
            let unwritten = entries.get(journal.entries().len()..).unwrap_or_default();
            journal.append(unwritten.to_vec()).await?;
            if rests {
                return Ok(Ended::Stopped);
            }
            match self.attempt(journal, position).await {
                Attempt::Done(output) => {
                    let handed_over = output == StepOutput::HandedOver;
                    entries.push(JournalEntry::Done { position, at: (self.now)(), output });
                    if handed_over {
                        journal.append(entries.split_off(journal.entries().len())).await?;
                        return Ok(Ended::HandedOver);
                    }
                }
                Attempt::Failed(error) => entries.push(self.failed(position, error)),
                Attempt::Superseded(error, observed) => {
                    entries.push(JournalEntry::Looked { at: (self.now)(), observed });
                    entries.push(self.failed(position, error));
                }
                Attempt::Seen(observed) => {
                    entries.push(JournalEntry::Resumed { at: (self.now)(), observed });
                }
                Attempt::Stopped => return Ok(Ended::Stopped),
            }
        }
    }

    /// Goes on with an operation that an earlier run left open: looks first, then runs.
    ///
    /// # Errors
    ///
    /// As [`Executor::run`].
    pub async fn resume(&self, journal: &mut dyn Journal) -> Result<Ended, JournalError> {
        if let Next::Finish(_) = next(journal.plan(), journal.entries()) {
            return self.run(journal).await;
        }
        let known = Known::of(journal.plan(), journal.entries());
        let Some(observed) = self.observe(&known).await else { return Ok(Ended::Stopped) };
        journal.append(vec![JournalEntry::Resumed { at: (self.now)(), observed }]).await?;
        self.run(journal).await
    }

    fn failed(&self, position: Position, error: StepError) -> JournalEntry {
        let StepError { class, message } = error;
        JournalEntry::Failed { position, at: (self.now)(), class, error: message }
    }

    async fn finish(
        &self,
        journal: &mut dyn Journal,
        mut entries: Vec<JournalEntry>,
        outcome: Outcome,
    ) -> Result<Ended, JournalError> {
        let finished = |entry: &JournalEntry| matches!(entry, JournalEntry::Finished { .. });
        if !entries.iter().any(finished) {
            entries.push(JournalEntry::Finished { at: (self.now)(), outcome: outcome.clone() });
            journal.append(entries.split_off(journal.entries().len())).await?;
        }
        (self.tell)(What::OperationFinished { outcome: outcome.clone() });
        Ok(Ended::Finished(outcome))
    }

    /// Runs one step, patiently: a transient failure is tried again, an engine that cannot be
    /// reached is waited for and looked at anew.
    async fn attempt(&self, journal: &dyn Journal, position: Position) -> Attempt {
        let plan = journal.plan();
        let Some(step) = position.step(plan) else {
            return Attempt::Failed(StepError::new(Class::Lasting, "the plan has no such step"));
        };
        let known = Known::of(plan, journal.entries());
        let shown = shown(position, step);
        (self.tell)(What::StepStarted { step: shown.clone() });
        let pauses = match position {
            Position::Forward(index) if index >= plan.no_return => &self.patience.tidy,
            Position::Forward(_) if plan.has_way_back() => &self.patience.forward,
            Position::Forward(_) => &self.patience.tidy,
            Position::Undo { .. } | Position::Rescue(_) => &self.patience.back,
        };
        let mut pauses = pauses.iter();
        loop {
            let Some(result) = self.run_or_stop(step, &known).await else {
                return Attempt::Stopped;
            };
            let error = match result {
                Ok(output) => {
                    if let Some(error) = output.problem() {
                        (self.tell)(What::StepFailed { step: shown, error });
                    }
                    return Attempt::Done(output);
                }
                Err(error) => error,
            };
            (self.tell)(What::StepFailed { step: shown.clone(), error: error.message.clone() });
            let pause = match error.class {
                Class::Unreachable => match self.look_again(&known).await {
                    // It only looks, and what it looks at is as it was: nothing has to be told.
                    Attempt::Seen(observed) if is_undisturbed(step, &observed) => continue,
                    attempt => return attempt,
                },
                Class::Superseded => {
                    return match self.runner.observe(&known).await {
                        Ok(observed) => Attempt::Superseded(error, observed),
                        // The engine may have restarted: the step itself is to be asked anew.
                        Err(_) => self.look_again(&known).await,
                    };
                }
                Class::Transient => pauses.next(),
                Class::Lasting => None,
            };
            let Some(pause) = pause else { return Attempt::Failed(error) };
            if !may_rest(plan, journal.entries()) {
                sleep(*pause).await;
            } else if !self.pause(*pause).await {
                return Attempt::Stopped;
            }
        }
    }

    /// Steps that wait while the service is as up as it can be are left at once when the program
    /// shall end; others are finished, within the time that the shutdown leaves them.
    async fn run_or_stop(
        &self,
        step: &Step,
        known: &Known,
    ) -> Option<Result<StepOutput, StepError>> {
        let waits = matches!(step, Step::AwaitHealthy { .. } | Step::Pull { .. });
        let work = self.runner.run(step, known);
        if !waits {
            return Some(work.await);
        }
        tokio::select! {
            biased; // what is already done is written down
            result = work => Some(result),
            () = self.stop.cancelled() => None,
        }
    }

    async fn look_again(&self, known: &Known) -> Attempt {
        self.observe(known).await.map_or(Attempt::Stopped, Attempt::Seen)
    }

    /// Looks at the operation's containers until the engine answers; `None` when the program shall
    /// end first.
    async fn observe(&self, known: &Known) -> Option<Observed> {
        let mut pauses = self.patience.unreachable_pauses();
        loop {
            match self.runner.observe(known).await {
                Ok(observed) => return Some(observed),
                Err(error) => {
                    (self.tell)(What::StepFailed { step: "observe".into(), error: error.message });
                }
            }
            if !self.pause(pauses.next().unwrap_or_default()).await {
                return None;
            }
        }
    }

    /// Waits; false when the program shall end first.
    async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            () = sleep(pause) => true,
        }
    }
}

/// Waits; not at all where there is nothing to wait.
async fn sleep(pause: Duration) {
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
}

/// Says whether a step that only waits for a container may go on with it.
fn is_undisturbed(step: &Step, observed: &Observed) -> bool {
    let Step::AwaitHealthy { container, .. } = step else { return false };
    observed.containers.get(container).is_some_and(|seen| seen.state.is_up())
}

fn shown(position: Position, step: &Step) -> String {
    let what = match step.container() {
        Some(key) => format!("{} {key}", step.verb()),
        None => step.verb().to_owned(),
    };
    match position {
        Position::Forward(_) => what,
        Position::Undo { .. } => format!("undo: {what}"),
        Position::Rescue(_) => format!("rescue: {what}"),
    }
}

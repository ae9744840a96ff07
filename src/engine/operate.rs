//! Carries one operation from its plan to its record.

use std::sync::Arc;

use crate::core::candidate::Reject;
use crate::core::event::What;
use crate::core::history::HistoryRecord;
use crate::core::id::{ContainerName, Timestamp};
use crate::core::journal::{Class, Journal, Known, Observed, StepOutput};
use crate::core::plan::recreate::reject_key;
use crate::core::plan::{BoxFuture, RejectKey, Step, StepError, StepRunner, UpdatePlan};
use crate::core::reference::ImageRef;
use crate::docker::{HostRunner, Listener, PullAuth, PullCredentials};
use crate::engine::command::OperatedResult;
use crate::engine::execute::{Begin, Ended, Executor, Patience};
use crate::engine::limits::Slot;
use crate::engine::{Engine, EngineError, remote, rewriting};
use crate::registry::Registry;
use crate::store::{OpenOperation, Rejected};

impl Engine {
    /// Runs a plan as far as this program does it. Its place is given back when it is over.
    pub(super) async fn operate(
        &self,
        plan: UpdatePlan,
        slot: Slot,
    ) -> Result<OperatedResult, EngineError> {
        let started = What::OperationStarted { summary: plan.summary.clone() };
        self.tell(plan.target.clone(), Some(plan.operation.clone()), started);
        for warning in plan.warnings.clone() {
            let warned = What::OperationWarned { warning };
            self.tell(plan.target.clone(), Some(plan.operation.clone()), warned);
        }
        self.agenda().note_moved(&plan.target.name, Some(&plan.new_image.id));
        let operation = self.operations.create(plan).await?;
        Ok(match self.carry(operation, Begin::Fresh).await? {
            Carried::Ended(record) => OperatedResult::Ended(record),
            Carried::Interrupted => OperatedResult::Interrupted,
            Carried::HandedOver(plan) => {
                let helper = ContainerName::of_helper(&plan.operation);
                self.follow_beside(*plan, slot);
                OperatedResult::HandedOver { helper }
            }
        })
    }

    /// Carries an open operation to its record.
    pub(super) async fn carry(
        &self,
        mut operation: OpenOperation,
        begin: Begin,
    ) -> Result<Carried, EngineError> {
        let plan = operation.plan().clone();
        let tell = self.teller(&plan);
        let now = || self.clock.now();
        let credentials = Arc::new(Credentials(self.registry.clone()));
        let runner = Runner {
            host: HostRunner::new(self.host.clone(), Arc::clone(&tell), credentials),
            engine: self,
            plan: &plan,
            now: &now,
        };
        let executor = Executor {
            runner: &runner,
            now: &now,
            tell: &*tell,
            stop: &self.stop,
            patience: &Patience::default(),
        };
        // Until it is over, however this run of it ends.
        plan.homes().for_each(|name| self.limits.block(name.clone()));
        match executor.carry(&mut operation, begin).await {
            Ended::Finished(_) => {}
            Ended::Stopped => return Ok(Carried::Interrupted),
            Ended::HandedOver => {
                tell(What::HandedOver { helper: ContainerName::of_helper(&plan.operation) });
                return Ok(Carried::HandedOver(Box::new(plan)));
            }
        }
        plan.homes().for_each(|name| self.limits.unblock(name));
        let record = self.file(operation).await?;
        if let Some(note) = &record.about_data {
            let name = record.container.as_str();
            log::info!(action = "update", container = name; "{name}: {note}");
        }
        Ok(Carried::Ended(Box::new(record)))
    }

    fn teller(&self, plan: &UpdatePlan) -> Listener {
        let (engine, target, operation) =
            (self.clone(), plan.target.clone(), plan.operation.clone());
        Arc::new(move |what| engine.tell(target.clone(), Some(operation.clone()), what))
    }
}

/// What became of an operation that this program has carried.
pub(super) enum Carried {
    /// It is over and filed away.
    Ended(Box<HistoryRecord>),
    /// The program was asked to end: the next start goes on with it.
    Interrupted,
    /// The helper goes on with it.
    HandedOver(Box<UpdatePlan>),
}

/// Returns what is remembered of an image that an operation rejects.
pub(super) fn rejected(
    plan: &UpdatePlan,
    key: &RejectKey,
    known: &Known,
    at: Timestamp,
) -> Rejected {
    let images = [&plan.new_image, &plan.old_image];
    let image = images.into_iter().find(|image| reject_key(image) == *key);
    let rolled_back = || "it was rolled back by hand".to_owned();
    let reject = Reject {
        key: key.clone(),
        image: image.map(|image| image.id.clone()),
        digest: image.and_then(|image| image.digest.clone()),
        at,
        reason: known.failure.clone().unwrap_or_else(rolled_back),
        beside: None,
    };
    Rejected { target: plan.target.clone(), reject, operation: plan.operation.clone() }
}

/// Pulls use what the registry client uses.
struct Credentials(Registry);

impl PullCredentials for Credentials {
    fn for_pull<'a>(&'a self, reference: &'a ImageRef) -> BoxFuture<'a, Option<PullAuth>> {
        Box::pin(async move {
            match self.0.credentials_for(reference).await {
                Ok(found) => found.and_then(|found| remote::pull_auth(found.login)),
                Err(error) => {
                    log::warn!("pulling {} without credentials: {error}", reference.familiar());
                    None
                }
            }
        })
    }
}

/// Performs the steps: rejections are remembered by us, backups are on our disk, everything else is
/// the engine's.
pub(super) struct Runner<'r> {
    pub(super) host: HostRunner,
    pub(super) engine: &'r Engine,
    pub(super) plan: &'r UpdatePlan,
    pub(super) now: &'r (dyn Fn() -> Timestamp + Send + Sync),
}

impl StepRunner for Runner<'_> {
    fn run<'a>(
        &'a self,
        step: &'a Step,
        known: &'a Known,
    ) -> BoxFuture<'a, Result<StepOutput, StepError>> {
        match step {
            Step::Reject { image, .. } => Box::pin(self.reject(image, known)),
            Step::PrepareBackup { .. }
            | Step::BackUp { .. }
            | Step::DiscardBackup { .. }
            | Step::PruneBackups { .. }
            | Step::Restore { .. } => Box::pin(self.data_step(step, known)),
            Step::RemoveImage { .. } => Box::pin(self.remove_image(step, known)),
            Step::RewriteFile { change } => Box::pin(rewriting::rewrite(change)),
            _ => self.host.run(step, known),
        }
    }

    fn observe<'a>(&'a self, known: &'a Known) -> BoxFuture<'a, Result<Observed, StepError>> {
        self.host.observe(known)
    }
}

impl Runner<'_> {
    async fn reject(&self, key: &RejectKey, known: &Known) -> Result<StepOutput, StepError> {
        let rejected = rejected(self.plan, key, known, (self.now)());
        match self.engine.store.rejects().add(rejected.clone()).await {
            Ok(()) => Ok(StepOutput::Done),
            // Not worth the service's time: it may be down meanwhile.
            Err(error) => {
                self.engine.unstored_rejects().push(rejected);
                Err(StepError::new(Class::Lasting, error.to_string()))
            }
        }
    }
}

//! Carries one operation from its plan to its record.

use std::sync::Arc;

use crate::core::event::What;
use crate::core::history::HistoryRecord;
use crate::core::id::TargetId;
use crate::core::journal::{Known, Observed, StepOutput};
use crate::core::plan::{BoxFuture, Step, StepError, StepRunner, UpdatePlan};
use crate::docker::step::HostRunner;
use crate::engine::execute::{Ended, Executor, Patience};
use crate::engine::{Engine, EngineError};
use crate::store::Store;
use crate::store::operations::OpenOperation;

/// How an operation is taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// From its first step.
    Fresh,
    /// From where an earlier run left it: look first.
    Resumed,
}

impl Engine {
    /// Runs a plan to its end and returns its record; `None` when the program was asked to end
    /// first: the next start goes on with it.
    pub(super) async fn operate(
        &self,
        plan: UpdatePlan,
    ) -> Result<Option<HistoryRecord>, EngineError> {
        self.tell(&plan.target, &plan, What::OperationStarted { summary: plan.summary.clone() });
        let operation = self.store.operations().create(plan).await?;
        self.carry(operation, Begin::Fresh).await
    }

    /// Carries an open operation to its record.
    pub(super) async fn carry(
        &self,
        mut operation: OpenOperation,
        begin: Begin,
    ) -> Result<Option<HistoryRecord>, EngineError> {
        let plan = operation.plan().clone();
        let tell = self.teller(&plan);
        let runner = Runner { host: self.runner(Arc::clone(&tell)), store: self.store.clone() };
        let now = || self.clock.now();
        let executor = Executor {
            runner: &runner,
            now: &now,
            tell: &*tell,
            stop: &self.stop,
            patience: &Patience::default(),
        };
        let ended = match begin {
            Begin::Fresh => executor.run(&mut operation).await?,
            Begin::Resumed => executor.resume(&mut operation).await?,
        };
        match ended {
            Ended::Finished(_) => Ok(Some(operation.finish(&self.store).await?)),
            Ended::Stopped => Ok(None),
        }
    }
}

/// Everything but the rejections is the engine's.
struct Runner {
    host: HostRunner,
    store: Store,
}

impl StepRunner for Runner {
    fn run<'a>(
        &'a self,
        step: &'a Step,
        known: &'a Known,
    ) -> BoxFuture<'a, Result<StepOutput, StepError>> {
        match step {
            Step::Reject { target, image } => Box::pin(self.reject(target, image, known)),
            _ => self.host.run(step, known),
        }
    }

    fn observe<'a>(&'a self, known: &'a Known) -> BoxFuture<'a, Result<Observed, StepError>> {
        self.host.observe(known)
    }
}

//! The helper: carries out the part of docker-auto's own replacement for which docker-auto is down.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::core::event::{Event, What};
use crate::core::id::OperationId;
use crate::core::journal::{Class, Journal as _, Known, Observed, StepOutput};
use crate::core::plan::{BoxFuture, Key, Step, StepError, StepRunner};
use crate::core::probe::Ready;
use crate::docker::{Host, HostRunner, Readiness};
use crate::engine::event_log::log_event;
use crate::engine::execute::{Begin, Ended, Executor, Patience};
use crate::engine::{EngineError, rewriting};
use crate::store::{OpenOperation, Operations, StoreError, Taken};

use super::discard_helper;
use super::follow::NoPulls;

/// Between two tries to take the operation over.
const PAUSE: Duration = Duration::from_millis(50);

/// What a helper works with. It opens no database: what is to be kept stands in the journal.
pub struct Helper {
    /// The host.
    pub host: Host,
    /// The journals.
    pub operations: Operations,
    /// The clock.
    pub clock: Clock,
    /// Cancelled when the program shall end.
    pub stop: CancellationToken,
}

impl Helper {
    /// Carries an operation on as soon as nobody else does, and removes its own container at the
    /// end. Returns early when the program shall end: its container's policy starts it again.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read, or the container cannot be removed.
    pub async fn run(&self, id: &OperationId) -> Result<(), EngineError> {
        loop {
            match self.operations.take(id).await? {
                Taken::Gone => break,
                Taken::Open(operation) if operation.is_finished() => break,
                Taken::Open(operation) => match self.carry(*operation).await {
                    Ended::Finished(_) => break,
                    Ended::Stopped | Ended::HandedOver => return Ok(()),
                },
                Taken::Held => {}
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = self.stop.cancelled() => return Ok(()),
            }
        }
        Ok(discard_helper(&self.host, id).await?)
    }

    async fn carry(&self, mut operation: OpenOperation) -> Ended {
        let (target, id) = (operation.plan().target.clone(), operation.id().clone());
        let clock = self.clock.clone();
        let tell = Arc::new(move |what: What| {
            let (target, operation) = (target.clone(), Some(id.clone()));
            log_event(&Event { at: clock.now(), target, operation, what });
        });
        tell(What::OperationStarted { summary: operation.plan().summary.clone() });
        let host = HostRunner::new(self.host.clone(), tell.clone(), Arc::new(NoPulls));
        let readiness = Arc::new(self.operations.clone());
        let runner = Runner {
            host: host.with_readiness(readiness),
            operations: &self.operations,
            clock: &self.clock,
        };
        let executor = Executor {
            runner: &runner,
            now: &|| self.clock.now(),
            tell: &*tell,
            stop: &self.stop,
            patience: &Patience::default(),
        };
        executor.carry(&mut operation, Begin::Resumed).await
    }
}

impl Readiness for Operations {
    fn said<'a>(&'a self, operation: &'a OperationId) -> BoxFuture<'a, Option<Ready>> {
        Box::pin(self.said_ready(operation))
    }
}

/// Performs the steps: the database's are ours, what only the server can do waits for it.
struct Runner<'r> {
    host: HostRunner,
    operations: &'r Operations,
    clock: &'r Clock,
}

impl StepRunner for Runner<'_> {
    fn run<'a>(
        &'a self,
        step: &'a Step,
        known: &'a Known,
    ) -> BoxFuture<'a, Result<StepOutput, StepError>> {
        let operation = &known.operation;
        match step {
            Step::KeepDatabase => {
                Box::pin(stored(self.operations.keep_database(operation, self.clock)))
            }
            Step::RestoreDatabase => {
                Box::pin(stored(self.operations.restore_database(operation, self.clock)))
            }
            Step::RewriteFile { change } => Box::pin(rewriting::rewrite(change)),
            // The server remembers rejections when it files the operation away; and we are there.
            Step::Reject { .. } | Step::HandOver { .. } => done(),
            // We go when all is over.
            Step::Remove { container, .. } if *container == Key::helper() => done(),
            _ => self.host.run(step, known),
        }
    }

    fn observe<'a>(&'a self, known: &'a Known) -> BoxFuture<'a, Result<Observed, StepError>> {
        self.host.observe(known)
    }
}

fn done<'a>() -> BoxFuture<'a, Result<StepOutput, StepError>> {
    Box::pin(std::future::ready(Ok(StepOutput::Done)))
}

async fn stored(
    work: impl Future<Output = Result<(), StoreError>>,
) -> Result<StepOutput, StepError> {
    let failed = |error: StoreError| {
        StepError::new(Class::Lasting, crate::logging::Chain(&error).to_string())
    };
    work.await.map(|()| StepOutput::Done).map_err(failed)
}

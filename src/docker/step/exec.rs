//! Running a hook inside a container.

use crate::core::hook::{End, Execution, Hook, Moment};
use crate::core::journal::{Class, Known, StepOutput};
use crate::core::plan::Key;

use super::class::{Action, failed};
use super::{HostRunner, StepResult};

impl HostRunner {
    /// Runs a hook. That the engine will not run it is one way to end; that it cannot be asked, or
    /// that the container is gone, is not.
    pub(super) async fn exec(
        &self,
        known: &Known,
        key: &Key,
        moment: Moment,
        hook: &Hook,
    ) -> StepResult {
        let id = self.resolve(known, key).await?;
        let mark = format!("{}.{moment}", known.operation);
        match self.host.run_hook(&id, hook, &mark).await.map_err(failed(Action::Container)) {
            Ok(execution) => Ok(StepOutput::Executed(execution)),
            Err(error) if error.class == Class::Lasting => {
                let end = End::Refused { reason: error.message };
                Ok(StepOutput::Executed(Execution { end, text: String::new() }))
            }
            Err(error) => Err(error),
        }
    }
}

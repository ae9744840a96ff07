//! Watching a container until the health gate opens or is closed for good.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::core::health::{HealthGate, Verdict, Watch};
use crate::core::id::ContainerId;
use crate::core::journal::{Class, Known, StepOutput};
use crate::core::plan::{Key, StepError};

use super::super::convert;
use super::{HostRunner, StepResult, called, gone};

/// Between the first looks; later ones are further apart.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long a failure is let stand before it is believed: the containers of an engine that is
/// being shut down end before the engine does.
const SECOND_LOOK: Duration = Duration::from_millis(300);

impl HostRunner {
    pub(super) async fn await_healthy(
        &self,
        known: &Known,
        key: &Key,
        gate: &HealthGate,
    ) -> StepResult {
        let id = self.resolve(known, key).await?;
        let (mut watch, begun) = (Watch::new(gate.clone()), Instant::now());
        let (mut pause, mut last) = (FIRST_PAUSE, None);
        loop {
            let Some(inspect) = self.inspect(&id).await? else {
                return Err(vanished(known, key, last.as_ref()));
            };
            match watch.judge(&convert::sample(&inspect), begun.elapsed()) {
                Verdict::Healthy => return Ok(StepOutput::Done),
                Verdict::Failed(why) => return Err(self.believe(&id, &inspect, why).await),
                Verdict::Wait => {}
            }
            last = Some(inspect);
            sleep(pause).await;
            pause = (pause + pause / 2).min(LONGEST_PAUSE);
        }
    }

    /// Returns the failure, unless the engine itself is going away.
    async fn believe(&self, id: &ContainerId, inspect: &Value, why: String) -> StepError {
        if !super::is_up(inspect) {
            sleep(SECOND_LOOK).await;
            if let Err(error) = self.inspect(id).await {
                return error;
            }
        }
        StepError::new(Class::Lasting, format!("{}: {why}", called(inspect)))
    }
}

/// Returns what it means that a container went away under our eyes.
fn vanished(known: &Known, key: &Key, last: Option<&Value>) -> StepError {
    if !known.created_as.contains_key(key) {
        return gone(known, key);
    }
    let removes_itself = last.is_none_or(|seen| seen["HostConfig"]["AutoRemove"] == true);
    let name = known.created_as.get(key).unwrap_or(&known.name);
    if removes_itself {
        // It ended, which is the image's doing.
        StepError::new(Class::Lasting, format!("container {name} ended and vanished"))
    } else {
        StepError::new(Class::Transient, format!("container {name} was removed by someone else"))
    }
}

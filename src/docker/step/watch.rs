//! Watching a container until the health gate opens or is closed for good.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::core::health::{HealthGate, Verdict, Watch};
use crate::core::inventory::RunState;
use crate::core::journal::{Class, Known, StepOutput};
use crate::core::plan::blueprint::Removal;
use crate::core::plan::{Key, StepError};

use super::super::convert;
use super::{HostRunner, StepResult, called, gone, is_up};

/// Between the first looks; later ones are further apart.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long after a container's end the engine is asked whether it stays: with a machine that is
/// shut down, containers may end a little before their engine is told to.
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
                self.engine_stays().await?;
                return Err(vanished(known, key, last.as_ref()));
            };
            let mut verdict = watch.judge(&convert::sample(&inspect), begun.elapsed());
            if verdict == Verdict::Probe {
                let answer = self.probe_all(known, (&id, &inspect), &gate.probes).await?;
                verdict = watch.probed(&answer, begun.elapsed());
            }
            if verdict != Verdict::Wait && !is_up(&inspect) {
                sleep(SECOND_LOOK).await;
                self.engine_stays().await?;
            }
            match verdict {
                Verdict::Wait | Verdict::Probe => {}
                Verdict::Healthy => return Ok(StepOutput::Done),
                Verdict::Failed(why) => return Err(unhealthy(&inspect, &why)),
            }
            last = Some(inspect);
            sleep(pause).await;
            pause = (pause + pause / 2).min(LONGEST_PAUSE);
        }
    }
}

fn unhealthy(inspect: &Value, why: &str) -> StepError {
    // Who paused it may let it go on; that is not the image's fault.
    let paused = convert::state(inspect) == RunState::Paused;
    let class = if paused { Class::Transient } else { Class::Lasting };
    StepError::new(class, format!("{}: {why}", called(inspect)))
}

/// Returns what it means that a container went away under our eyes: one that removes itself ended,
/// which is the image's doing; any other one was removed by somebody.
fn vanished(known: &Known, key: &Key, last: Option<&Value>) -> StepError {
    let removes_itself = last.is_none_or(|seen| Removal::of(seen) == Removal::Automatic);
    match known.created_as.get(key) {
        Some(name) if removes_itself => {
            StepError::new(Class::Lasting, format!("container {name} ended and vanished"))
        }
        _ => gone(known, key),
    }
}

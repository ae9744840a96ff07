//! Is it healthy yet? Judged from the states seen over time (updater.md §2.5).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::inventory::RunState;
use crate::core::plan::seconds;

/// What a container must show before an update counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthGate {
    /// The longest wait for a healthcheck's `healthy`.
    #[serde(with = "seconds")]
    pub timeout: Duration,
    /// How long a container without a healthcheck must stay up untouched.
    #[serde(with = "seconds")]
    pub stable: Duration,
    /// What counts as good.
    pub require: Requirement,
}

/// What counts as good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// `healthy` where there is a healthcheck, else staying up.
    Healthy,
    /// Staying up, whatever the healthcheck says: it was unhealthy before.
    Stable,
    /// Staying up, or ending with exit code 0: a job that runs once.
    StableOrFinished,
}

/// A container as one inspect shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Its run state.
    pub state: RunState,
    /// The healthcheck's word; `None` without a healthcheck.
    pub health: Option<Health>,
    /// When it was started last, as the engine prints it.
    pub started_at: String,
    /// How often its restart policy has restarted it.
    pub restart_count: u64,
    /// The exit code of its last run.
    pub exit_code: i64,
    /// The engine's own error of the last start; empty where there is none.
    pub error: String,
    /// Whether the kernel killed it for memory.
    pub out_of_memory: bool,
}

/// The healthcheck's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Not yet judged.
    Starting,
    /// Good.
    Healthy,
    /// Failed as often in a row as its retries allow.
    Unhealthy,
}

/// The judgement after a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Look again later.
    Wait,
    /// The gate is open.
    Healthy,
    /// The gate is closed for good, and why.
    Failed(String),
}

/// Watches one container through its samples.
#[derive(Clone, Debug)]
pub struct Watch {
    gate: HealthGate,
    first: Option<Sample>,
    /// The time of the first sample that showed it up.
    up_since: Option<Duration>,
}

impl Watch {
    /// Starts watching.
    pub fn new(gate: HealthGate) -> Self {
        Self { gate, first: None, up_since: None }
    }

    /// Judges a sample taken `elapsed` after the watch began.
    pub fn judge(&mut self, sample: &Sample, elapsed: Duration) -> Verdict {
        if let Some(failure) = self.failure(sample) {
            return failure;
        }
        if self.first.is_none() {
            self.first = Some(sample.clone());
        }
        let up_since = *self.up_since.get_or_insert(elapsed);
        match (self.gate.require, sample.health) {
            (Requirement::Healthy, Some(Health::Healthy)) => Verdict::Healthy,
            (Requirement::Healthy, Some(_)) if elapsed >= self.gate.timeout => {
                Verdict::Failed(format!("not healthy after {} s", self.gate.timeout.as_secs_f64()))
            }
            (Requirement::Healthy, Some(_)) => Verdict::Wait,
            _ if elapsed.saturating_sub(up_since) >= self.gate.stable => Verdict::Healthy,
            _ => Verdict::Wait,
        }
    }

    fn failure(&self, sample: &Sample) -> Option<Verdict> {
        let failed = |text: String| Some(Verdict::Failed(text));
        if !sample.error.is_empty() && sample.state != RunState::Running {
            return failed(format!("could not start: {}", sample.error));
        }
        match sample.state {
            RunState::Running => {}
            RunState::Exited if self.finished_well(sample) => return Some(Verdict::Healthy),
            RunState::Exited | RunState::Restarting => return failed(ended(sample)),
            state => return failed(format!("is {state:?} instead of running").to_lowercase()),
        }
        let restarted = self.first.as_ref().is_some_and(|f| {
            f.started_at != sample.started_at || f.restart_count < sample.restart_count
        });
        if restarted || sample.restart_count > 0 {
            return failed(format!(
                "was restarted {} times by its policy",
                sample.restart_count.max(1)
            ));
        }
        if sample.health == Some(Health::Unhealthy) && self.gate.require == Requirement::Healthy {
            return failed("its healthcheck says unhealthy".into());
        }
        None
    }

    fn finished_well(&self, sample: &Sample) -> bool {
        self.gate.require == Requirement::StableOrFinished
            && sample.exit_code == 0
            && !sample.out_of_memory
    }
}

fn ended(sample: &Sample) -> String {
    let memory = if sample.out_of_memory { ", killed for memory" } else { "" };
    let restart = if sample.state == RunState::Restarting { ", restarting" } else { "" };
    format!("ended with exit code {}{memory}{restart}", sample.exit_code)
}

//! Is it healthy yet? Judged from the states seen over time.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::inventory::RunState;
use crate::core::plan::seconds;
use crate::core::probe::Probe;

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
    /// What an end with exit code 0 means.
    pub exit_zero: ExitZero,
    /// Which restarts by its policy speak against it.
    #[serde(default)]
    pub restarts: Restarts,
    /// What is asked of it besides, once it is as good as the rest demands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<Probe>,
    /// How long it must stay good.
    #[serde(default, with = "seconds", skip_serializing_if = "Duration::is_zero")]
    pub soak: Duration,
}

/// Which restarts by its policy speak against a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restarts {
    /// Every one since its start, for it was started just now.
    #[default]
    SinceStart,
    /// Those that are seen happening.
    WhileWatched,
}

/// What counts as good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// `healthy` where there is a healthcheck, else staying up.
    Healthy,
    /// Staying up, whatever the healthcheck says: it was unhealthy before.
    Stable,
    /// An end with exit code 0 in time, after however many tries its restart policy gives it.
    Completed,
    /// Nothing: it was not well before, so that its failure blames nobody.
    Nothing,
}

/// What an end with exit code 0 means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitZero {
    /// A job that runs once has run: its restart policy does not expect it to stay.
    Finished,
    /// A service that should be up is not.
    Failed,
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

impl Sample {
    /// Returns what is wrong with one that should stay up; `None` while it does.
    pub fn trouble(&self) -> Option<String> {
        match self.state {
            RunState::Exited | RunState::Restarting | RunState::Dead => Some(ended(self)),
            _ if self.restart_count > 0 => Some(times_restarted(self.restart_count)),
            _ => None,
        }
    }
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
    /// The gate's probes are to be asked now; [`Watch::probed`] takes their answer.
    Probe,
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
    /// The time at which it was good first.
    good_since: Option<Duration>,
    /// How often in a row its probes have failed since then.
    misses: u32,
}

/// How many probes in a row must fail to undo that it was good.
const MISSES: u32 = 3;

impl Watch {
    /// Starts watching.
    pub fn new(gate: HealthGate) -> Self {
        Self { gate, first: None, up_since: None, good_since: None, misses: 0 }
    }

    /// Judges a sample taken `elapsed` after the watch began.
    pub fn judge(&mut self, sample: &Sample, elapsed: Duration) -> Verdict {
        if self.gate.require == Requirement::Nothing {
            return Verdict::Healthy;
        }
        if let Some(failure) = self.failure(sample) {
            return failure;
        }
        let (require, timeout) = (self.gate.require, self.gate.timeout);
        if require == Requirement::Completed && elapsed >= timeout {
            return Verdict::Failed(format!("did not end within {} s", timeout.as_secs_f64()));
        }
        if sample.state == RunState::Paused {
            return self.paused(elapsed);
        }
        let is_new = |first: &Sample| first.started_at != sample.started_at;
        if self.first.as_ref().is_none_or(is_new) {
            // Somebody restarted it, who is not the image: it is watched anew.
            self.first = Some(sample.clone());
            (self.up_since, self.good_since) = (None, None);
        }
        let up_since = *self.up_since.get_or_insert(elapsed);
        match (self.gate.require, sample.health) {
            (Requirement::Healthy, Some(Health::Healthy)) => self.good(elapsed),
            (Requirement::Healthy, Some(_)) if elapsed >= self.gate.timeout => {
                Verdict::Failed(format!("not healthy after {} s", self.gate.timeout.as_secs_f64()))
            }
            (Requirement::Healthy, Some(_)) | (Requirement::Completed, _) => Verdict::Wait,
            _ if elapsed.saturating_sub(up_since) >= self.gate.stable => self.good(elapsed),
            _ => Verdict::Wait,
        }
    }

    fn good(&mut self, elapsed: Duration) -> Verdict {
        if self.gate.probes.is_empty() { self.soaked(elapsed) } else { Verdict::Probe }
    }

    fn soaked(&mut self, elapsed: Duration) -> Verdict {
        let since = *self.good_since.get_or_insert(elapsed);
        let soaked = elapsed.saturating_sub(since) >= self.gate.soak;
        if soaked { Verdict::Healthy } else { Verdict::Wait }
    }

    /// Judges what its probes have answered.
    pub fn probed(&mut self, answer: &Result<(), String>, elapsed: Duration) -> Verdict {
        let Err(why) = answer else {
            self.misses = 0;
            return self.soaked(elapsed);
        };
        self.misses += 1;
        match self.good_since {
            None if elapsed < self.gate.timeout => Verdict::Wait,
            None => {
                let seconds = self.gate.timeout.as_secs_f64();
                Verdict::Failed(format!("its probe did not succeed within {seconds} s: {why}"))
            }
            Some(_) if self.misses < MISSES => Verdict::Wait,
            Some(_) => Verdict::Failed(format!("its probe failed {MISSES} times in a row: {why}")),
        }
    }

    /// Somebody wants it so, and may let it go on.
    fn paused(&mut self, elapsed: Duration) -> Verdict {
        (self.up_since, self.good_since) = (None, None);
        if elapsed < self.gate.timeout.max(self.gate.stable) {
            return Verdict::Wait;
        }
        Verdict::Failed("is paused".into())
    }

    fn failure(&self, sample: &Sample) -> Option<Verdict> {
        let failed = |text: String| Some(Verdict::Failed(text));
        if !sample.error.is_empty() && sample.state != RunState::Running {
            return failed(format!("could not start: {}", sample.error));
        }
        match sample.state {
            RunState::Running | RunState::Paused => {}
            RunState::Restarting if self.gate.require == Requirement::Completed => return None,
            RunState::Exited if self.finished_well(sample) => return Some(Verdict::Healthy),
            RunState::Exited | RunState::Restarting => return failed(ended(sample)),
            state => return failed(format!("is {state:?} instead of running").to_lowercase()),
        }
        if self.gate.require == Requirement::Completed {
            return None;
        }
        let first = self.first.as_ref();
        let restarted = first.is_some_and(|first| first.restart_count < sample.restart_count);
        if restarted || sample.restart_count > 0 && self.gate.restarts == Restarts::SinceStart {
            return failed(times_restarted(sample.restart_count.max(1)));
        }
        if sample.health == Some(Health::Unhealthy) && self.gate.require == Requirement::Healthy {
            return failed("its healthcheck says unhealthy".into());
        }
        None
    }

    fn finished_well(&self, sample: &Sample) -> bool {
        self.gate.exit_zero == ExitZero::Finished && sample.exit_code == 0 && !sample.out_of_memory
    }
}

/// Returns how long a healthcheck may take to say `healthy`: its start period, and every retry with
/// its interval and timeout, by the engine's defaults where they are not set, and
/// a tenth more for a busy machine.
pub fn derived_timeout(healthcheck: &Value) -> Duration {
    let field = |name: &str, default: u64| {
        healthcheck.get(name).and_then(Value::as_u64).filter(|value| *value > 0).unwrap_or(default)
    };
    let retries = field("Retries", 3).min(1_000);
    let probe = field("Interval", 30 * SECOND).saturating_add(field("Timeout", 30 * SECOND));
    let whole = field("StartPeriod", 0).saturating_add(retries.saturating_mul(probe));
    Duration::from_nanos(whole.saturating_add(whole / 10)).max(Duration::from_secs(10))
}

const SECOND: u64 = 1_000_000_000;

fn times_restarted(times: u64) -> String {
    format!("was restarted {times} times by its policy")
}

fn ended(sample: &Sample) -> String {
    let memory = if sample.out_of_memory { ", killed for memory" } else { "" };
    let restart = if sample.state == RunState::Restarting { ", restarting" } else { "" };
    format!("ended with exit code {}{memory}{restart}", sample.exit_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(text: &str) -> Sample {
        let mut sample = Sample {
            state: RunState::Running,
            health: None,
            started_at: "1".into(),
            restart_count: 0,
            exit_code: 0,
            error: String::new(),
            out_of_memory: false,
        };
        for word in text.split_whitespace() {
            match word.split_once('=') {
                Some(("exit", code)) => sample.exit_code = code.parse().unwrap(),
                Some(("restarts", count)) => sample.restart_count = count.parse().unwrap(),
                Some(("started", at)) => sample.started_at = at.into(),
                Some(("error", error)) => sample.error = error.into(),
                Some(other) => panic!("{other:?}"),
                None => match word {
                    "starting" => sample.health = Some(Health::Starting),
                    "healthy" => sample.health = Some(Health::Healthy),
                    "unhealthy" => sample.health = Some(Health::Unhealthy),
                    "memory" => sample.out_of_memory = true,
                    state => sample.state = RunState::parse(state),
                },
            }
        }
        sample
    }

    /// Samples a second apart; the last judgement is compared.
    fn check(require: Requirement, exit_zero: ExitZero, samples: &[&str], expected: &str) {
        let seconds = Duration::from_secs;
        let restarts = Restarts::SinceStart;
        let (timeout, stable) = (seconds(5), seconds(3));
        let (probes, soak) = (Vec::new(), Duration::ZERO);
        let gate = HealthGate { timeout, stable, require, exit_zero, restarts, probes, soak };
        let mut watch = Watch::new(gate);
        let mut last = Verdict::Wait;
        for (second, text) in (0..).zip(samples) {
            assert_eq!(last, Verdict::Wait, "judged before the end of {samples:?}");
            last = watch.judge(&sample(text), seconds(second));
        }
        let shown = match last {
            Verdict::Wait => "wait".to_owned(),
            Verdict::Probe => "probe".to_owned(),
            Verdict::Healthy => "healthy".to_owned(),
            Verdict::Failed(why) => why,
        };
        assert_eq!(shown, expected, "{samples:?}");
    }

    #[test]
    fn gates_judge_what_they_see() {
        use ExitZero::{Failed, Finished};
        use Requirement::{Completed, Healthy, Nothing, Stable};
        let up = "running";
        for (require, exit_zero, samples, expected) in [
            (Healthy, Failed, &[up, up, up][..], "wait"),
            (Healthy, Failed, &[up, up, up, up], "healthy"),
            (Healthy, Failed, &["running starting", "running healthy"], "healthy"),
            (Healthy, Failed, &["starting"; 6], "not healthy after 5 s"),
            (Healthy, Failed, &["starting", "unhealthy"], "its healthcheck says unhealthy"),
            (Stable, Failed, &["unhealthy"; 4], "healthy"),
            (Healthy, Failed, &[up, "exited exit=1"], "ended with exit code 1"),
            (Healthy, Failed, &["exited exit=0"], "ended with exit code 0"),
            (Healthy, Finished, &["exited exit=0"], "healthy"),
            (Healthy, Finished, &["exited exit=2"], "ended with exit code 2"),
            (Healthy, Finished, &["exited memory"], "ended with exit code 0, killed for memory"),
            (Healthy, Failed, &["restarting exit=1"], "ended with exit code 1, restarting"),
            (Healthy, Failed, &[up, "restarts=1"], "was restarted 1 times by its policy"),
            (Healthy, Failed, &[up, up, up, "started=2"], "wait"),
            (Healthy, Failed, &[up, "started=2", "started=2", "started=2", "started=2"], "healthy"),
            (Healthy, Failed, &["paused", up, up, up], "wait"),
            (Healthy, Failed, &["paused"; 6], "is paused"),
            (Healthy, Failed, &["created error=no-such-file"], "could not start: no-such-file"),
            (Healthy, Failed, &["created"], "is created instead of running"),
            (Healthy, Failed, &["dead"], "is dead instead of running"),
            (Completed, Finished, &[up, up, up, up, "exited"], "healthy"),
            (Completed, Finished, &["unhealthy", "exited exit=3"], "ended with exit code 3"),
            (Completed, Finished, &[up, "restarting exit=3", "restarts=1", "exited"], "healthy"),
            (Completed, Finished, &[up; 6], "did not end within 5 s"),
            (Completed, Finished, &["paused"; 6], "did not end within 5 s"),
            (Completed, Finished, &["exited memory"], "ended with exit code 0, killed for memory"),
            (Nothing, Failed, &["running restarts=1"], "healthy"),
            (Nothing, Failed, &["restarting exit=1"], "healthy"),
            (Nothing, Failed, &["unhealthy"], "healthy"),
            (Nothing, Failed, &["created error=no-such-file"], "healthy"),
        ] {
            check(require, exit_zero, samples, expected);
        }
    }

    /// Each second a word: how the container is, or what a probe answers when it is good.
    fn check_soak(words: &str, expected: &str) {
        let gate = HealthGate {
            timeout: Duration::from_secs(5),
            stable: Duration::from_secs(1),
            require: Requirement::Healthy,
            exit_zero: ExitZero::Failed,
            restarts: Restarts::SinceStart,
            probes: vec![Probe::Log { pattern: "ready".into() }],
            soak: Duration::from_secs(4),
        };
        let (mut watch, mut last) = (Watch::new(gate), Verdict::Wait);
        for (second, word) in (0..).zip(words.split_whitespace()) {
            assert_eq!(last, Verdict::Wait, "judged before the end of {words}");
            let elapsed = Duration::from_secs(second);
            last = match word {
                "yes" | "no" => {
                    let judged = watch.judge(&sample("running"), elapsed);
                    assert_eq!(judged, Verdict::Probe, "at {second} in {words}");
                    let answer = if word == "yes" { Ok(()) } else { Err("no luck".to_owned()) };
                    watch.probed(&answer, elapsed)
                }
                state => watch.judge(&sample(&state.replace('_', " ")), elapsed),
            };
        }
        let shown = match last {
            Verdict::Failed(why) => why,
            verdict => format!("{verdict:?}").to_lowercase(),
        };
        assert_eq!(shown, expected, "{words}");
    }

    #[test]
    fn probes_and_soak_are_judged() {
        for (words, expected) in [
            ("running yes yes yes yes", "wait"),
            ("running yes yes yes yes yes", "healthy"),
            ("running no no yes yes yes yes yes", "healthy"),
            ("running no no no no no", "its probe did not succeed within 5 s: no luck"),
            ("running yes no no yes yes", "healthy"),
            ("running yes no no no", "its probe failed 3 times in a row: no luck"),
            ("running yes no yes no no", "wait"),
            ("running yes exited_exit=1", "ended with exit code 1"),
            ("running yes running_restarts=1", "was restarted 1 times by its policy"),
            ("running yes unhealthy", "its healthcheck says unhealthy"),
            ("running yes paused running yes yes yes yes", "wait"),
            ("running yes paused running yes yes yes yes yes", "healthy"),
        ] {
            check_soak(words, expected);
        }
    }

    #[test]
    fn one_that_does_not_stay_up_is_in_trouble() {
        for (text, trouble) in [
            ("running", None),
            ("paused", None),
            ("running restarts=2", Some("was restarted 2 times by its policy")),
            ("exited exit=3", Some("ended with exit code 3")),
            (
                "restarting exit=1 memory",
                Some("ended with exit code 1, killed for memory, restarting"),
            ),
        ] {
            assert_eq!(sample(text).trouble().as_deref(), trouble, "{text}");
        }
    }

    #[test]
    fn a_timeout_follows_from_the_healthcheck() {
        let second = SECOND;
        for (healthcheck, seconds) in [
            (serde_json::json!({}), 198),
            (serde_json::json!({"Retries": 2, "Interval": 4 * second, "Timeout": second}), 11),
            (serde_json::json!({"Retries": 1, "Interval": second, "Timeout": second}), 10),
            (serde_json::json!({"StartPeriod": 100 * second, "Retries": 0}), 308),
        ] {
            assert_eq!(derived_timeout(&healthcheck).as_secs(), seconds, "{healthcheck}");
        }
    }
}

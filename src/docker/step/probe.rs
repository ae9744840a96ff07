//! Asking a new container what its labels want to know of it.

use std::time::Duration;

use serde_json::Value;

use crate::core::id::{ContainerId, Timestamp};
use crate::core::journal::{Class, Known};
use crate::core::plan::StepError;
use crate::core::probe::{self, Door, Probe, Ready, Vantage};

use super::super::error::DockerError;
use super::super::exec::Command;
use super::super::logs::LogFormat;
use super::class::{Action, failed};
use super::door::Program;
use super::{HostRunner, is_up};

/// How long one answer is waited for.
const ANSWER: Duration = Duration::from_secs(10);

/// What a container answers: it is good, or why it is not.
type Answer = Result<(), String>;

/// A container with the inspect that showed it up.
type Running<'a> = (&'a ContainerId, &'a Value);

impl HostRunner {
    /// Asks all probes, as far as the first that fails; that the engine cannot be asked is an error.
    pub(super) async fn probe_all(
        &self,
        known: &Known,
        container: Running<'_>,
        probes: &[Probe],
    ) -> Result<Answer, StepError> {
        for probe in probes {
            let answer = match probe {
                Probe::Port { door, from: Vantage::Inside { image, program } } => {
                    self.probe_inside(known, container, door, (image, program)).await?
                }
                Probe::Exec { command } => self.probe_exec(known, container.0, command).await,
                Probe::Log { pattern } => self.probe_log(container, pattern).await,
                Probe::Ready => Ok(self.probe_ready(known, container).await),
                Probe::Port { door, .. } => self.host.ask_from_here(container.1, door).await,
            };
            match answer.map_err(failed(Action::Container)) {
                Ok(Ok(())) => {}
                Ok(Err(why)) => return Ok(Err(why)),
                Err(error) if error.class == Class::Unreachable => return Err(error),
                // One that ended meanwhile will be seen so by the next look at it.
                Err(error) => return Ok(Err(error.message)),
            }
        }
        Ok(Ok(()))
    }

    async fn probe_exec(
        &self,
        known: &Known,
        id: &ContainerId,
        words: &[String],
    ) -> Result<Answer, DockerError> {
        let mark = format!("{}.probe", known.operation);
        let command = Command { words, user: None, mark: &mark, timeout: ANSWER };
        let execution = self.host.exec(id, &command).await?;
        Ok(match execution.problem() {
            Some(problem) => Err(format!("`{}` {problem}", words.join(" "))),
            None => Ok(()),
        })
    }

    /// What it said before its last start counts for nothing.
    async fn probe_ready(&self, known: &Known, (id, inspect): Running<'_>) -> Answer {
        let said = match &self.readiness {
            Some(readiness) => readiness.said(&known.operation).await,
            None => None,
        };
        let started_at = inspect["State"]["StartedAt"].as_str();
        let of_this =
            |ready: &Ready| ready.container == *id && Some(&*ready.started_at) == started_at;
        let served = said.as_ref().is_some_and(of_this);
        served.then_some(()).ok_or_else(|| "docker-auto has not said that it serves".to_owned())
    }

    /// That a visitor cannot be sent is our own inability, which must not count against the image;
    /// unless it finds nobody in.
    async fn probe_inside(
        &self,
        known: &Known,
        (id, _): Running<'_>,
        door: &Door,
        program: Program<'_>,
    ) -> Result<Result<Answer, DockerError>, StepError> {
        match self.host.ask_from_inside(id, door, (program, &known.operation)).await {
            Err(error) if !error.is_unreachable() => {
                let up = self.inspect(id).await?.is_some_and(|inspect| is_up(&inspect));
                let text = error.chain();
                if up { Err(StepError::new(Class::Transient, text)) } else { Ok(Ok(Err(text))) }
            }
            asked => Ok(asked),
        }
    }

    async fn probe_log(
        &self,
        (id, inspect): Running<'_>,
        pattern: &str,
    ) -> Result<Answer, DockerError> {
        // Not its start: that is noted when it may have logged already.
        let ended = inspect["State"]["FinishedAt"].as_str();
        let ended = ended.and_then(|text| text.parse::<Timestamp>().ok());
        let since = ended.unwrap_or_default().max(Timestamp::UNIX_EPOCH);
        let log = self.host.logs_since(id, LogFormat::of(inspect), since).await?;
        Ok(probe::pattern(pattern).and_then(|pattern| {
            let found = pattern.matches_a_line_of(&log);
            found.then_some(()).ok_or_else(|| "no line of its log matches".to_owned())
        }))
    }
}

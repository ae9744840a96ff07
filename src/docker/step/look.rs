//! Steps that only look: is it still the container of the plan, and what did a failed one leave?

use serde_json::Value;

use crate::core::digest::Digest;
use crate::core::id::{ContainerName, ImageId};
use crate::core::inventory::RunState;
use crate::core::journal::{Class, Evidence, Known, StepOutput};
use crate::core::plan::{Key, StepError};
use crate::core::recreate::settings_mark;

use super::super::convert;
use super::super::logs::{LogFormat, first};
use super::{HostRunner, StepResult, called};

/// How many lines of its log are kept of a failed container, and how many bytes of JSON.
const LOG_LINES: u32 = 100;
const LOG_BYTES: usize = 64 << 10;
/// How many of the last health probes are kept, and how many bytes of JSON of each.
const PROBES: usize = 5;
const PROBE_BYTES: usize = 4 << 10;

/// What the plan was made for.
pub(super) struct Expected<'a> {
    pub(super) name: &'a ContainerName,
    pub(super) state: RunState,
    pub(super) image: &'a ImageId,
    pub(super) settings: Option<&'a Digest>,
}

impl HostRunner {
    pub(super) async fn expect(
        &self,
        known: &Known,
        key: &Key,
        expected: &Expected<'_>,
    ) -> StepResult {
        let inspect = self.inspect_key(known, key).await?;
        match difference(expected, &inspect) {
            None => Ok(StepOutput::Done),
            Some(text) => Err(StepError::new(Class::Superseded, text)),
        }
    }

    pub(super) async fn collect_evidence(&self, known: &Known, key: &Key) -> StepResult {
        let inspect = self.inspect_key(known, key).await?;
        let id = convert::seen(&inspect).id;
        let format = LogFormat::of(&inspect);
        let logs = match self.host.last_logs(&id, format, LOG_LINES, LOG_BYTES).await {
            Ok(logs) => logs,
            // Some log drivers cannot be read; the rest of the evidence is worth having.
            Err(error) if !error.is_unreachable() => format!("({})", error.chain()),
            Err(error) => return Err(super::failed(super::Action::Container)(error)),
        };
        Ok(StepOutput::Evidence(evidence(&inspect, logs)))
    }
}

/// Returns in words what is no longer as the plan has it. Between two restarts counts as running;
/// paused does not, for someone wants it so.
fn difference(expected: &Expected<'_>, inspect: &Value) -> Option<String> {
    let (name, state) = (convert::name(inspect), convert::state(inspect));
    let image = convert::text(&inspect["Image"]);
    let paused = RunState::Paused;
    let same_state =
        state.is_up() == expected.state.is_up() && (state == paused) == (expected.state == paused);
    let word = |state: RunState| format!("{state:?}").to_lowercase();
    if name != *expected.name {
        Some(format!("container {} is called {name} now", expected.name))
    } else if image != expected.image.as_str() {
        let (old, new) = (expected.image.short(), ImageId::new(image));
        Some(format!("container {name} runs image {} now instead of {old}", new.short()))
    } else if !same_state {
        let (old, new) = (word(expected.state), word(state));
        Some(format!("{} is {new} now instead of {old}", called(inspect)))
    } else if expected.settings.is_some_and(|settings| *settings != settings_mark(inspect)) {
        Some(format!("the settings or networks of {} were changed meanwhile", called(inspect)))
    } else {
        None
    }
}

fn evidence(inspect: &Value, logs: String) -> Evidence {
    let sample = convert::sample(inspect);
    let probes = inspect["State"]["Health"]["Log"].as_array().map(Vec::as_slice);
    let probes = probes.unwrap_or_default();
    let recent = probes.get(probes.len().saturating_sub(PROBES)..).unwrap_or_default();
    Evidence {
        state: convert::text(&inspect["State"]["Status"]),
        exit_code: sample.exit_code,
        error: sample.error,
        out_of_memory: sample.out_of_memory,
        restart_count: sample.restart_count,
        health: recent.iter().map(probe).collect(),
        logs,
    }
}

fn probe(entry: &Value) -> String {
    let output = entry["Output"].as_str().unwrap_or_default().trim();
    format!("exit code {}: {}", entry["ExitCode"], first(output, PROBE_BYTES))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_named() {
        let (name, image) = (ContainerName::new("web"), ImageId::new("sha256:1"));
        for (expected, inspect, words) in [
            (RunState::Running, ("/web", "running", "sha256:1"), None),
            (RunState::Running, ("/web", "restarting", "sha256:1"), None),
            (RunState::Exited, ("/web", "created", "sha256:1"), None),
            (RunState::Running, ("/web", "paused", "sha256:1"), Some("is paused now")),
            (RunState::Running, ("/web", "exited", "sha256:1"), Some("is exited now instead")),
            (RunState::Created, ("/web", "running", "sha256:1"), Some("is running now")),
            (RunState::Running, ("/web", "running", "sha256:1"), Some("were changed")),
            (RunState::Running, ("/db", "running", "sha256:1"), Some("is called db now")),
            (RunState::Running, ("/web", "running", "sha256:2"), Some("runs image 2 now")),
        ] {
            let (seen, status, id) = inspect;
            let inspect = json!({"Name": seen, "Image": id, "State": {"Status": status}});
            let marked = settings_mark(&json!({"HostConfig": {"Memory": 1}}));
            let settings = (words == Some("were changed")).then_some(&marked);
            let expected = Expected { name: &name, state: expected, image: &image, settings };
            let found = difference(&expected, &inspect);
            assert_eq!(found.is_some(), words.is_some(), "{found:?}");
            let found = found.unwrap_or_default();
            assert!(found.contains(words.unwrap_or_default()), "{found}");
        }
    }

    #[test]
    fn evidence_keeps_the_last_probes() {
        let log: Vec<_> =
            (0..8).map(|n| json!({"ExitCode": 1, "Output": format!("probe {n}\n")})).collect();
        let inspect = json!({
            "RestartCount": 3,
            "State": {"Status": "running", "ExitCode": 0, "Health": {"Log": log}},
        });
        let evidence = evidence(&inspect, "log".into());
        assert_eq!(evidence.health.len(), PROBES);
        assert_eq!(evidence.health[4], "exit code 1: probe 7");
        assert_eq!((evidence.state.as_str(), evidence.restart_count), ("running", 3));
        let large = json!({"ExitCode": 1, "Output": "ä".repeat(PROBE_BYTES)});
        assert!(probe(&large).len() < PROBE_BYTES + 20);
    }
}

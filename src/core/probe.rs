//! Probes: what a new container is asked besides its healthcheck before it counts.

use std::fmt;
use std::time::Duration;

use regex::RegexBuilder;
use serde::{Deserialize, Serialize};

use crate::core::compose::Labels;
use crate::core::duration;
use crate::core::hook;
use crate::core::id::ContainerId;

/// The label of the command that must succeed inside the container.
pub const EXEC: &str = "docker-auto.health.exec";
/// The label of the pattern that a line of the log must match.
pub const LOG: &str = "docker-auto.health.log";
/// The label of how long it must stay good.
pub const SOAK: &str = "docker-auto.health.soak";

/// What a pattern may take in memory.
const PATTERN_BYTES: usize = 1 << 20;

/// One question; it is asked again until it is answered well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "probe", rename_all = "snake_case")]
pub enum Probe {
    /// A command inside the container ends with 0.
    Exec {
        /// The command and its arguments.
        command: Vec<String>,
    },
    /// A line that it has logged since its start matches.
    Log {
        /// A regular expression.
        pattern: String,
    },
    /// The docker-auto in it has said that it serves.
    Ready,
}

/// What a docker-auto says when it serves: which container it is in, and since when that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// The container.
    pub container: ContainerId,
    /// The start that it speaks of, as the engine prints it.
    pub started_at: String,
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exec { command } => write!(f, "`{}` succeeds in it", command.join(" ")),
            Self::Log { pattern } => write!(f, "it logs a line like {pattern}"),
            Self::Ready => f.write_str("docker-auto says that it serves"),
        }
    }
}

/// Returns the probes that labels ask for; what cannot be read is a problem told elsewhere.
pub fn probes(labels: &Labels) -> Vec<Probe> {
    let command = |text: &String| hook::command(text).ok().map(|command| Probe::Exec { command });
    let pattern = |text: &String| pattern(text).ok().map(|_| Probe::Log { pattern: text.clone() });
    let exec = labels.get(EXEC).and_then(command);
    let log = labels.get(LOG).and_then(pattern);
    exec.into_iter().chain(log).collect()
}

/// Returns how long labels say that it must stay good.
pub fn soak(labels: &Labels) -> Duration {
    labels.get(SOAK).and_then(|text| duration::parse(text).ok()).unwrap_or_default()
}

/// Reads a regular expression.
pub fn pattern(text: &str) -> Result<Pattern, String> {
    if text.is_empty() {
        return Err("write a regular expression such as `ready to accept connections`".to_owned());
    }
    let pattern = RegexBuilder::new(text).size_limit(PATTERN_BYTES).build();
    pattern.map(Pattern).map_err(|error| format!("write a regular expression: {error}"))
}

/// A pattern that a line of a log must match.
#[derive(Clone, Debug)]
pub struct Pattern(regex::Regex);

impl Pattern {
    /// Says whether any line of a text matches.
    pub fn matches_a_line_of(&self, text: &str) -> bool {
        text.lines().any(|line| self.0.is_match(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_make_probes() {
        let labels = |pairs: &[(&str, &str)]| {
            let owned = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            owned.collect::<Labels>()
        };
        assert_eq!(probes(&labels(&[(EXEC, "[]"), (LOG, "("), (SOAK, "long")])), []);
        assert_eq!(soak(&labels(&[(SOAK, "long")])), Duration::ZERO);
        let all = labels(&[(EXEC, "[\"/up\", \"-q\"]"), (LOG, "^up$"), (SOAK, "2m")]);
        let shown: Vec<_> = probes(&all).iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["`/up -q` succeeds in it", "it logs a line like ^up$"]);
        assert_eq!(soak(&all).as_secs(), 120);
    }

    #[test]
    fn lines_are_matched() {
        for (text, log, expected) in [
            ("ready", "starting\nready to serve\n", true),
            ("^ready$", "not ready\nready now\n", false),
            ("^ready$", "a\r\nready\r\nb", true),
            (r"port \d+", "port x\nPORT 80", false),
            (r"(?i)port \d+", "port x\nPORT 80", true),
            ("ready", "", false),
        ] {
            let found = pattern(text).unwrap().matches_a_line_of(log);
            assert_eq!(found, expected, "{text} in {log:?}");
        }
        for text in ["", "(", "a{1000}{1000}{1000}"] {
            assert!(pattern(text).unwrap_err().contains("write a regular expression"), "{text}");
        }
    }
}

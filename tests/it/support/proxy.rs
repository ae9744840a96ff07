//! A proxy before an engine that kills, delays or fails at exact calls of its API.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::engine::Host;
use super::lab::script;
use super::service::Service;

/// What happens at which call; without any action it only counts.
#[derive(Clone, Debug)]
pub(crate) struct Rule(Value);

impl Rule {
    /// Acts on calls `METHOD /path?query` that match the expression, before the engine sees them.
    pub(crate) fn before(pattern: &str) -> Self {
        Self(json!({"match": pattern, "when": "before"}))
    }

    /// Acts when the engine has done the call and answered, and the client has not heard of it.
    pub(crate) fn after(pattern: &str) -> Self {
        Self(json!({"match": pattern, "when": "after"}))
    }

    fn set(mut self, name: &str, value: Value) -> Self {
        self.0[name] = value;
        self
    }

    /// Only at the n-th call that matches.
    pub(crate) fn nth(self, nth: u32) -> Self {
        self.set("nth", nth.into())
    }

    /// Counts a call that repeats the one before it with that one.
    pub(crate) fn fold(self) -> Self {
        self.set("fold", true.into())
    }

    /// Kills the process whose pid the file holds, and drops the call.
    pub(crate) fn kill(self, pid_file: &Path) -> Self {
        self.set("kill", pid_file.display().to_string().into())
    }

    /// Runs a command and waits for it.
    pub(crate) fn run(self, command: &[String]) -> Self {
        self.set("run", json!(command))
    }

    /// Runs a command again and again until it succeeds, a minute at most: an old engine answers a stop
    /// before it has given the container's ports and addresses back.
    pub(crate) fn insist(self, command: &[String]) -> Self {
        let again = r#"until "$@"; do sleep 0.1; done"#;
        let words = ["timeout", "60", "sh", "-c", again, "again"].map(str::to_owned);
        self.run(&[&words, command].concat())
    }

    /// Delays the call.
    pub(crate) fn delay(self, seconds: f64) -> Self {
        self.set("delay", seconds.into())
    }

    /// Holds the call until a file exists, at most a minute.
    pub(crate) fn hold_until(self, path: &Path) -> Self {
        self.set("hold", 60.into()).set("until", path.display().to_string().into())
    }

    /// Answers an error instead.
    pub(crate) fn fail(self, status: u16, message: &str) -> Self {
        self.set("status", status.into()).set("message", message.into())
    }

    /// Closes the connection without an answer.
    pub(crate) fn drop_call(self) -> Self {
        self.set("drop", true.into())
    }
}

/// One call that went through a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// `METHOD /path?query`.
    pub(crate) line: String,
    /// The status answered, or what was injected: `killed before`, `dropped after`; `null` while it is open.
    pub(crate) outcome: Value,
}

/// A running proxy; dropping it ends it.
#[derive(Debug)]
pub(crate) struct EngineProxy {
    pub(crate) socket: PathBuf,
    service: Service,
    _dir: TempDir,
}

impl EngineProxy {
    /// Starts a proxy before a host.
    pub(crate) fn start(host: &Host, rules: &[Rule]) -> Self {
        let dir = TempDir::new().expect("the lab has a folder for temporary files");
        let socket = dir.path().join("docker.sock");
        let mut command = Command::new(script("sockproxy.py"));
        let (service, _) = Service::start(command.arg(&socket).arg(&host.socket));
        let proxy = Self { socket, service, _dir: dir };
        proxy.set_rules(rules);
        proxy
    }

    /// Replaces the rules and counts anew.
    #[track_caller]
    pub(crate) fn set_rules(&self, rules: &[Rule]) {
        self.check();
        self.service.ask("rules", &rules.iter().map(|rule| rule.0.clone()).collect());
    }

    /// Empties the log.
    pub(crate) fn forget(&self) {
        self.service.ask("forget", &Value::Null);
    }

    /// Returns all calls so far, in the order they came.
    #[track_caller]
    pub(crate) fn log(&self) -> Vec<Call> {
        self.check();
        let log = self.service.ask("log", &Value::Null);
        let calls = log.as_array().expect("a log is a list").iter();
        calls
            .map(|call| Call {
                line: call["call"].as_str().unwrap_or_default().to_owned(),
                outcome: call["status"].clone(),
            })
            .collect()
    }

    /// Checks that all commands of the rules did what they were to do: else a test proves something else.
    #[track_caller]
    fn check(&self) {
        let failures = self.service.ask("failures", &Value::Null);
        assert_eq!(failures, json!([]), "commands of a rule failed");
    }
}

impl Drop for EngineProxy {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.check();
        }
    }
}

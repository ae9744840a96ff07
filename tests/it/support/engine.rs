//! Real Docker engines: the three that all tests share, and private ones for tests that break them.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::http::{self, Answer, Question};
use super::lab::{lab_variable, script, the_lab};
use super::proxy::EngineProxy;
use super::service::Service;
use super::wait::wait_until;

/// The kinds of engine that the lab has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// API 1.41, graph driver.
    Old,
    /// The newest engine, graph driver.
    New,
    /// The newest engine, containerd image store, refuses an API older than 1.44.
    Containerd,
}

impl Engine {
    pub(crate) const ALL: [Self; 3] = [Self::Old, Self::New, Self::Containerd];

    /// Returns a version of the API that it accepts.
    pub(crate) fn api(self) -> &'static str {
        match self {
            Self::Old => "1.41",
            Self::New | Self::Containerd => "1.44",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
            Self::Containerd => "containerd",
        }
    }
}

/// What is special about a private host.
#[derive(Clone, Debug, Default)]
pub(crate) struct HostOptions {
    /// Its data root is a tmpfs of that size, such as `24m`.
    pub(crate) data_size: Option<String>,
    /// More arguments for dockerd.
    pub(crate) arguments: Vec<String>,
    /// Variables for dockerd, `NAME=VALUE`.
    pub(crate) variables: Vec<String>,
    /// A file to be its `/etc/hosts`.
    pub(crate) hosts: Option<PathBuf>,
    /// Registries (host or host:port) whose certificates the lab's authority signs.
    pub(crate) trust: Vec<String>,
}

/// One Docker host.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) engine: Engine,
    /// Where its API is.
    pub(crate) socket: PathBuf,
    /// Its address on the switch, where published ports are reached.
    pub(crate) address: String,
    name: String,
    // Removes a private host when it is dropped.
    _service: Option<Service>,
}

impl Host {
    /// Returns the host that all tests share; use a prefix of your own for all names on it.
    pub(crate) fn shared(engine: Engine) -> Self {
        let variable = format!("LAB_HOST_{}", engine.name().to_uppercase());
        let socket = PathBuf::from(lab_variable(&variable));
        let address = match engine {
            Engine::Old => "10.77.0.11",
            Engine::New => "10.77.0.12",
            Engine::Containerd => "10.77.0.13",
        };
        let (name, address) = (engine.name().to_owned(), address.to_owned());
        Self { engine, socket, address, name, _service: None }
    }

    /// Starts a host of its own for a test; it goes when it is dropped.
    pub(crate) fn private(engine: Engine, options: &HostOptions) -> Self {
        let mut command = Command::new(script("capsule.sh"));
        command.args(["run", engine.name()]);
        if let Some(size) = &options.data_size {
            command.args(["--data-size", size]);
        }
        if let Some(hosts) = &options.hosts {
            command.arg("--hosts").arg(hosts);
        }
        for variable in &options.variables {
            command.args(["--env", variable]);
        }
        for registry in &options.trust {
            command.args(["--trust", registry]);
        }
        command.arg("--").args(&options.arguments);
        let (service, words) = Service::start(&mut command);
        let [name, address, socket] = <[String; 3]>::try_from(words).expect("three words");
        Self { engine, socket: socket.into(), address, name, _service: Some(service) }
    }

    /// Returns the same host as it is reached through a proxy.
    pub(crate) fn behind(&self, proxy: &EngineProxy) -> Self {
        let socket = proxy.socket.clone();
        let (address, name) = (self.address.clone(), self.name.clone());
        Self { engine: self.engine, socket, address, name, _service: None }
    }

    /// Ends the engine by SIGKILL and keeps it down.
    pub(crate) fn kill(&self) {
        self.control("kill");
    }

    /// Ends the engine in order and keeps it down.
    pub(crate) fn stop(&self) {
        self.control("stop");
    }

    /// Starts the engine again and waits until it answers.
    pub(crate) fn start(&self) {
        self.control("start");
    }

    /// Stops the engine in its tracks: connections are accepted, nothing answers.
    pub(crate) fn freeze(&self) {
        self.control("freeze");
    }

    /// Lets a frozen engine go on.
    pub(crate) fn thaw(&self) {
        self.control("thaw");
    }

    fn control(&self, verb: &str) {
        run(Command::new(script("capsule.sh")).args([verb, &self.name]));
    }

    /// Returns a command that does `verb` to this host, for the rules of a proxy.
    pub(crate) fn control_command(&self, verb: &str) -> Vec<String> {
        let script = script("capsule.sh").display().to_string();
        vec![script, verb.to_owned(), self.name.clone()]
    }

    /// Runs a command inside the host, as root, and returns what it prints.
    pub(crate) fn run_inside(&self, command: &[&str]) -> String {
        run(Command::new(script("capsule.sh")).args(["in", &self.name]).args(command))
    }

    /// Returns the engine's data root, as seen inside the host.
    pub(crate) fn data_root(&self) -> PathBuf {
        the_lab().dir.join("hosts").join(&self.name).join("data")
    }

    /// Returns what the engine has logged.
    pub(crate) fn engine_log(&self) -> String {
        let path = the_lab().dir.join("hosts").join(&self.name).join("log");
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Returns `DOCKER_HOST` for this host.
    pub(crate) fn docker_host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Asks the engine whether it is there, and waits for the answer no longer than `timeout`.
    pub(crate) fn ping(&self, timeout: Duration) -> io::Result<()> {
        let answer = http::ask_unix(&self.socket, Question { timeout, ..Question::get("/_ping") })?;
        if answer.status == 200 { Ok(()) } else { Err(io::Error::other(answer.text())) }
    }

    /// Asks the engine; `path` begins after the version.
    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.ask_by(self.engine.api(), method, path, body)
    }

    /// Asks the engine by a version of its API.
    pub(crate) fn ask_by(
        &self,
        version: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let path = format!("/v{version}{path}");
        let body = body.map(Value::to_string).unwrap_or_default();
        let question = Question {
            method,
            headers: &[("Content-Type", "application/json")],
            body: body.as_bytes(),
            ..Question::get(&path)
        };
        http::ask_unix(&self.socket, question)
            .unwrap_or_else(|error| panic!("{method} {path} on {}: {error}", self.name))
    }

    /// Asks the engine; returns the status and the JSON answered, `null` if it was none.
    pub(crate) fn request(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let answer = self.ask(method, path, body);
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    /// GETs what has to be there.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        self.must("GET", path, None)
    }

    /// POSTs what has to succeed.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        self.must("POST", path, Some(body))
    }

    /// DELETEs what has to be there.
    #[track_caller]
    pub(crate) fn delete(&self, path: &str) -> Value {
        self.must("DELETE", path, None)
    }

    #[track_caller]
    fn must(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, value) = self.request(method, path, body);
        assert!(status < 400, "{method} {path} on {}: {status} {value}", self.name);
        value
    }

    /// Waits until the engine answers.
    pub(crate) fn wait_ready(&self) {
        let second = Duration::from_secs(1);
        wait_until("the engine answers", 30 * second, || self.ping(second).is_ok());
    }
}

/// Runs a command that has to succeed and returns what it prints.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{text}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// Runs the newest command line client against a host; returns what it prints.
#[track_caller]
pub(crate) fn docker(host: &Host, directory: &Path, arguments: &[&str]) -> String {
    let lab = the_lab();
    let mut command = Command::new(&lab.client);
    command.current_dir(directory).args(arguments);
    command.env("DOCKER_HOST", host.docker_host()).env("DOCKER_CONFIG", &lab.client_config);
    run(&mut command)
}

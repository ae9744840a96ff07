//! Commands inside a container: run, read and, where they take too long, killed.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::core::hook::{End, Execution, Hook, Processes};
use crate::core::id::ContainerId;

use super::Host;
use super::call::{Call, in_path};
use super::error::{DockerError, no_answer};

use super::output::Output;

/// How often a command that is silent is asked for.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks at a command that is about to end.
const PAUSE: Duration = Duration::from_millis(50);
/// How long the end of a command is waited for when its output has ended, and the end of its output
/// when it has ended itself.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// How long killing what a command has started may take.
const KILL_WAIT: Duration = Duration::from_secs(15);
/// Begins the variable by which a command's processes are found again.
const MARK: &str = "DOCKER_AUTO_RUN=";
/// The engine cannot end a command; this does it from inside, by the variable that all its processes
/// have inherited, with no more than a shell and `cat`.
const KILL: &str = "for process in /proc/[0-9]*; do \
                    case \"$(cat \"$process/environ\" 2>/dev/null)\" in \
                    *\"$1\"*) kill -9 \"${process#/proc/}\" ;; \
                    esac; done";

/// One command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Command<'a> {
    /// The program and its arguments.
    pub(super) words: &'a [String],
    /// Who runs it, if not the container's user.
    pub(super) user: Option<&'a str>,
    /// What tells its processes from all others in the container.
    pub(super) mark: &'a str,
    /// How long it may take.
    pub(super) timeout: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    running: bool,
    exit_code: Option<i64>,
}

impl Host {
    /// Runs a hook inside a container; `mark` tells its processes from all others there.
    pub async fn run_hook(
        &self,
        id: &ContainerId,
        hook: &Hook,
        mark: &str,
    ) -> Result<Execution, DockerError> {
        let (words, user) = (hook.command.as_slice(), hook.user.as_deref());
        self.exec(id, &Command { words, user, mark, timeout: hook.timeout }).await
    }

    /// Runs a command inside a container to its end, or as long as it may take.
    pub(super) async fn exec(
        &self,
        id: &ContainerId,
        command: &Command<'_>,
    ) -> Result<Execution, DockerError> {
        let deadline = Instant::now() + command.timeout;
        let body = json!({
            "AttachStdout": true,
            "AttachStderr": true,
            "Cmd": command.words,
            "User": command.user.unwrap_or_default(),
            "Env": [format!("{MARK}{}", command.mark)],
        });
        let exec = self.create_exec(id, &body).await?;
        let mut output = Output::default();
        let stream = self.start_exec(&exec, deadline).await?;
        let ended = match stream {
            Some(stream) => self.follow_exec(&exec, stream, &mut output, deadline).await?,
            None => None,
        };
        let end = match ended {
            Some(exit_code) => End::Exited { exit_code },
            None => End::TimedOut {
                after: command.timeout,
                processes: self.kill_exec(id, &exec, command).await?,
            },
        };
        Ok(Execution { end, text: output.text() })
    }

    async fn create_exec(&self, id: &ContainerId, body: &Value) -> Result<String, DockerError> {
        let path = format!("/containers/{}/exec", in_path(id.as_str()));
        let doing = format!("running a command in container {}", id.short());
        let made: Value = self.transport().call(Call::post(doing, &path).body(body)).await?;
        Ok(made["Id"].as_str().unwrap_or_default().to_owned())
    }

    /// Starts it; `None` when the engine says nothing for as long as it may take.
    async fn start_exec(
        &self,
        exec: &str,
        deadline: Instant,
    ) -> Result<Option<Incoming>, DockerError> {
        let body = json!({"Detach": false, "Tty": false});
        let path = format!("/exec/{}/start", in_path(exec));
        let limit = deadline.saturating_duration_since(Instant::now());
        let call = Call::post("running a command", &path).body(&body).within(limit).anew();
        match self.transport().open(&call).await {
            Ok(stream) => Ok(Some(stream)),
            Err(DockerError::Timeout { .. }) if Instant::now() >= deadline => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads until the command has ended; returns its exit code, or `None` when the time is over.
    /// What it left behind may keep the stream open, so that the engine is asked as well.
    async fn follow_exec(
        &self,
        exec: &str,
        mut stream: Incoming,
        output: &mut Output,
        deadline: Instant,
    ) -> Result<Option<i64>, DockerError> {
        let mut ended = None;
        loop {
            let until = ended.map_or(deadline, |(_, until)| until);
            let left = until.saturating_duration_since(Instant::now());
            match timeout(left.min(LOOK), stream.frame()).await {
                Ok(Some(Ok(frame))) => {
                    if let Some(bytes) = frame.data_ref() {
                        output.push(bytes);
                    }
                }
                Ok(Some(Err(error))) => {
                    let endpoint = self.endpoint();
                    return Err(no_answer("reading what a command writes", endpoint, error.into()));
                }
                Ok(None) => {
                    let until = deadline.max(Instant::now() + LAST_WAIT);
                    return match ended {
                        Some((code, _)) => Ok(Some(code)),
                        None => self.exit_code(exec, until).await,
                    };
                }
                // What it wrote last may still be on its way.
                Err(_) if ended.is_none() && left > LOOK => {
                    let code = self.exec_state(exec).await?;
                    ended = code.map(|code| (code, Instant::now() + LAST_WAIT));
                }
                Err(_) => {}
            }
            if Instant::now() >= ended.map_or(deadline, |(_, until)| until) {
                return Ok(ended.map(|(code, _)| code));
            }
        }
    }

    async fn exit_code(&self, exec: &str, until: Instant) -> Result<Option<i64>, DockerError> {
        loop {
            let code = self.exec_state(exec).await?;
            if code.is_some() || Instant::now() >= until {
                return Ok(code);
            }
            sleep(PAUSE).await;
        }
    }

    /// Returns the exit code of a command that has ended.
    async fn exec_state(&self, exec: &str) -> Result<Option<i64>, DockerError> {
        let path = format!("/exec/{}/json", in_path(exec));
        let state: State = self.transport().ask(Call::get("looking at a command", &path)).await?;
        // One that has not begun yet is not running either.
        Ok(state.exit_code.filter(|_| !state.running))
    }

    /// Kills what a command has started, as far as there is a shell to do it with.
    async fn kill_exec(
        &self,
        id: &ContainerId,
        exec: &str,
        command: &Command<'_>,
    ) -> Result<Processes, DockerError> {
        let body = json!({
            "Cmd": ["sh", "-c", KILL, "sh", format!("{MARK}{}", command.mark)],
            "User": command.user.unwrap_or_default(),
        });
        let killer = self.create_exec(id, &body).await?;
        let detached = json!({"Detach": true, "Tty": false});
        let path = format!("/exec/{}/start", in_path(&killer));
        let call = Call::post("killing a command", &path).body(&detached);
        match self.transport().call(call).await {
            Ok(_) => {}
            Err(error) if error.is_unreachable() => return Err(error),
            Err(_) => return Ok(Processes::Left), // there is no shell
        }
        let ended = self.exit_code(exec, Instant::now() + KILL_WAIT).await?;
        Ok(if ended.is_some() { Processes::Killed } else { Processes::Left })
    }
}

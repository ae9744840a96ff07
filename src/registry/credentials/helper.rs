//! Asks a credential helper (`docker-credential-…`) for a registry's login.

use std::io;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::config_file::of_pair;
use super::{Login, server_address};
use crate::core::secret::Secret;

/// How long a helper may think.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer that is read.
const LONGEST_ANSWER: u64 = 64 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: Secret,
}

/// Runs the helper with `get`; `Ok(None)` means that it knows no login of the registry.
pub(super) async fn ask(
    name: &str,
    directory: Option<&Path>,
    registry: &str,
) -> Result<Option<Login>, String> {
    let program = format!("docker-credential-{name}");
    if name.contains(['/', '\\', '\0']) {
        return Err(format!("{name:?} is no name of a credential helper"));
    }
    let path = directory.map_or_else(|| (&program).into(), |directory| directory.join(&program));
    let running = run(&path, server_address(registry));
    let output = match tokio::time::timeout(PATIENCE, running).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Err(format!(
                "the credential helper {program} is not installed here: install it"
            ));
        }
        Ok(Err(error)) => return Err(format!("the credential helper {program}: {error}")),
        Err(_) => return Err(format!("the credential helper {program} gave no answer in 10 s")),
    };
    understand(&program, &output)
}

async fn run(program: &Path, server: &str) -> io::Result<Output> {
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .process_group(0)
        .spawn()?;
    let mut group = Group(child.id().and_then(|id| i32::try_from(id).ok()));
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("it has no input or output"));
    };
    // A helper that ends without reading its input has its say all the same.
    let _ = input.write_all(server.as_bytes()).await;
    drop(input);
    let mut stdout = Vec::new();
    output.take(LONGEST_ANSWER).read_to_end(&mut stdout).await?;
    let status = child.wait().await?;
    group.0 = None;
    Ok(Output { status, stdout, stderr: Vec::new() })
}

/// A helper with the processes that it started; they are killed with it when it is not waited for to
/// its end.
struct Group(Option<i32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // One that has just ended by itself is as good.
            let _ = killpg(Pid::from_raw(leader), Signal::SIGKILL);
        }
    }
}

fn understand(program: &str, output: &Output) -> Result<Option<Login>, String> {
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        // The helpers' protocol has this one text for "I know none"; Docker compares it, too.
        if text.contains("credentials not found") {
            return Ok(None);
        }
        let reason = text.lines().next().unwrap_or_default().trim();
        return Err(format!(
            "the credential helper {program} ended with {}: {reason}",
            output.status
        ));
    }
    match serde_json::from_slice::<Answer>(&output.stdout) {
        Ok(answer) if answer.secret.expose().is_empty() => Ok(None),
        Ok(answer) => Ok(Some(of_pair(&answer.username, answer.secret.expose()))),
        Err(_) => Err(format!("the credential helper {program} answered what is no login")),
    }
}

//! The program itself as people run it, with a clean environment and a data directory of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::lab::{script, variable};

/// How long a command may take that says nothing else: some update dozens of containers.
const PATIENCE: Duration = Duration::from_mins(5);

/// The program with its settings, to be run any number of times.
#[derive(Debug)]
pub(crate) struct Program {
    binary: PathBuf,
    variables: Vec<(String, String)>,
    dir: TempDir,
    hosts: Option<PathBuf>,
    timeout: Duration,
}

/// What a finished run left.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    /// The exit code, or minus the signal that ended it.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    /// Returns the program for the engine behind a unix socket.
    pub(crate) fn new(socket: &Path) -> Self {
        Self::without_engine().env("DOCKER_HOST", &format!("unix://{}", socket.display()))
    }

    /// Returns the program without a word about an engine.
    pub(crate) fn without_engine() -> Self {
        Self::of(binary())
    }

    /// Returns another program, to be run in the same way.
    pub(crate) fn of(binary: PathBuf) -> Self {
        let dir = TempDir::new().expect("there is a folder for temporary files");
        fs::create_dir(dir.path().join("data")).expect("the folder is ours");
        let program = Self { binary, variables: Vec::new(), dir, hosts: None, timeout: PATIENCE };
        let data = program.data_dir().display().to_string();
        let home = program.dir.path().display().to_string();
        program
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", &home)
            .env("DOCKER_AUTO_DATA", &data)
    }

    /// Sets a variable; everything that is not set so is not there.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a variable for the runs that are still to come.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Sets a file that it has for its `/etc/hosts`.
    pub(crate) fn hosts(mut self, hosts: PathBuf) -> Self {
        self.hosts = Some(hosts);
        self
    }

    /// Sets how long a run may take.
    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Returns its data directory.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Returns the file that holds the pid of the run that began last, for rules that kill it.
    pub(crate) fn pid_file(&self) -> PathBuf {
        self.dir.path().join("pid")
    }

    /// Returns what all runs so far have written to standard error, in their order.
    pub(crate) fn story(&self) -> String {
        let runs = (1..).map(|number| self.dir.path().join(format!("stderr.{number}")));
        let texts: Vec<_> = runs.map_while(|path| fs::read_to_string(path).ok()).collect();
        texts.join("---\n")
    }

    /// Runs a command to its end.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.spawn(arguments).wait_exit(self.timeout)
    }

    /// Runs a script to its end, with the program as `$BIN`: for pipes and terminals.
    #[track_caller]
    pub(crate) fn run_in_shell(&self, script: &str) -> Output {
        let script = format!("BIN={}; {script}", self.binary.display());
        self.spawn_command(Path::new("/bin/bash"), &["-c", &script]).wait_exit(self.timeout)
    }

    /// Starts a command.
    #[track_caller]
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Running {
        self.spawn_command(&self.binary, arguments)
    }

    fn spawn_command(&self, binary: &Path, arguments: &[&str]) -> Running {
        let stdout = self.fresh_file("stdout");
        let stderr = self.fresh_file("stderr");
        let open = |path: &Path| File::create(path).expect("the folder is ours");
        // A shell writes the pid and becomes the program, so that the file is there before its first call.
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(r#"echo $$ >"$0" && exec "$@""#).arg(self.pid_file());
        if let Some(hosts) = &self.hosts {
            command.arg(script("view.sh")).arg(hosts);
        }
        command.arg(binary).args(arguments);
        command.env_clear().envs(self.variables.iter().cloned()).current_dir(self.dir.path());
        command.stdin(Stdio::null()).stdout(open(&stdout)).stderr(open(&stderr));
        let child =
            command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
        Running { child, stdout, stderr }
    }

    // Runs at the same time must not write over each other.
    fn fresh_file(&self, name: &str) -> PathBuf {
        let mut number = 1;
        loop {
            let path = self.dir.path().join(format!("{name}.{number}"));
            if File::create_new(&path).is_ok() {
                return path;
            }
            number += 1;
        }
    }
}

/// Returns the binary under test: the one that `tests/run` built for release, else the one of this profile.
pub(crate) fn binary() -> PathBuf {
    variable("DOCKER_AUTO_BIN")
        .map_or_else(|| env!("CARGO_BIN_EXE_docker-auto").into(), PathBuf::from)
}

/// A run that has not been waited for; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    /// Returns its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns what it has written to standard output so far.
    pub(crate) fn stdout(&self) -> String {
        read(&self.stdout)
    }

    /// Returns what it has written to standard error so far.
    pub(crate) fn stderr(&self) -> String {
        read(&self.stderr)
    }

    /// Returns whether it is still running.
    pub(crate) fn is_running(&mut self) -> bool {
        self.try_wait().is_none()
    }

    /// Ends it by SIGKILL.
    pub(crate) fn kill(mut self) -> Output {
        self.child.kill().expect("it is our child");
        self.wait_exit(PATIENCE)
    }

    /// Sends it SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("/bin/sh").args(["-c", "kill -$0 $1", name, &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()), "cannot send {name} to {pid}");
    }

    /// Waits until it has ended; kills it and panics when `within` has passed.
    #[track_caller]
    pub(crate) fn wait_exit(mut self, within: Duration) -> Output {
        let deadline = Instant::now() + within;
        let status = loop {
            if let Some(status) = self.try_wait() {
                break status;
            }
            assert!(
                Instant::now() < deadline,
                "still running after {within:?}\n{}{}",
                self.stdout(),
                self.stderr()
            );
            thread::sleep(Duration::from_millis(5));
        };
        Output { code: code(status), stdout: self.stdout(), stderr: self.stderr() }
    }

    fn try_wait(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our child")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended and been waited for already; then there is nothing to do.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| -status.signal().unwrap_or_default())
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

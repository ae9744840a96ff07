//! The commands and their flags.

pub mod decide;

use std::path::PathBuf;

use argh::FromArgs;

use self::decide::{Approve, Forget, Pause, Policy, Reject, Resume, Skip, Snooze, Why};

use crate::core::ourselves::HELPER_COMMAND;

/// Keeps Docker containers up to date and never loses one.
///
/// Without a command it serves.
#[derive(Debug, FromArgs)]
#[argh(
    note = "Configuration comes from DOCKER_AUTO_* variables, a file and docker-auto.* labels; the README lists them.",
    error_code(0, "fine, or nothing to do"),
    error_code(1, "an error; nothing was lost"),
    error_code(2, "usage: a bad flag, variable or key of the file"),
    error_code(3, "an update was rolled back"),
    error_code(4, "a container needs help"),
    error_code(130, "ended by a signal")
)]
pub struct Arguments {
    /// a YAML file with settings; what the environment says stands above it
    #[argh(option, arg_name = "file")]
    pub config: Option<PathBuf>,
    /// what to do
    #[argh(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, FromArgs)]
#[argh(subcommand)]
pub enum Command {
    /// Serves.
    Serve(Serve),
    /// Checks.
    Check(Check),
    /// Checks watched images.
    Images(Images),
    /// Plans.
    Plan(Plan),
    /// Updates.
    Update(Update),
    /// Rolls back.
    Rollback(Rollback),
    /// Approves.
    Approve(Approve),
    /// Rejects.
    Reject(Reject),
    /// Skips.
    Skip(Skip),
    /// Snoozes.
    Snooze(Snooze),
    /// Takes words back.
    Forget(Forget),
    /// Pauses.
    Pause(Pause),
    /// Resumes.
    Resume(Resume),
    /// Explains.
    Why(Why),
    /// Stores rules.
    Policy(Policy),
    /// Shows the history.
    History(History),
    /// Reads other tools' settings.
    Migrate(Migrate),
    /// Probes.
    Healthcheck(Healthcheck),
    /// Asks a port.
    Probe(Probe),
    /// Prints the version.
    Version(Version),
}

/// What a command may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changes {
    /// Nothing: it may be left at any moment.
    Nothing,
    /// Containers.
    Containers,
}

impl Command {
    /// Returns what it may change.
    pub fn changes(&self) -> Changes {
        match self {
            Self::Update(Update { dry_run: false, .. })
            | Self::Rollback(_)
            | Self::Approve(Approve { now: true, .. }) => Changes::Containers,
            _ => Changes::Nothing,
        }
    }
}

/// Checks on schedule, updates what is allowed to, and answers the other commands.
#[derive(Debug, Default, FromArgs)]
#[argh(subcommand, name = "serve")]
pub struct Serve {
    /// wait while another instance has the data directory, instead of ending
    #[argh(switch)]
    pub standby: bool,
}

/// Says which containers are outdated, and why the others are not.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "check")]
pub struct Check {
    /// containers to check; all if none is named
    #[argh(positional)]
    pub names: Vec<String>,
    /// print JSON
    #[argh(switch)]
    pub json: bool,
    /// ask the registries even where an answer is cached
    #[argh(switch)]
    pub force: bool,
}

/// Says how the watched images stand, which no container has to run.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "images")]
pub struct Images {
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}

/// Prints the exact steps of an update and what would differ; touches nothing.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "plan")]
pub struct Plan {
    /// the container
    #[argh(positional)]
    pub name: String,
    /// plan as if its data were to be saved before
    #[argh(switch)]
    pub backup: bool,
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}

/// Updates the named containers (naming one is consent enough), or all that may be updated.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "update")]
#[expect(clippy::struct_excessive_bools, reason = "they are the command's switches")]
pub struct Update {
    /// containers to update
    #[argh(positional)]
    pub names: Vec<String>,
    /// update every container whose mode or configuration allows it
    #[argh(switch)]
    pub all: bool,
    /// lift pins and the rejection of an image that failed before
    #[argh(switch)]
    pub force: bool,
    /// save the containers' data before, as docker-auto.backup=volumes does
    #[argh(switch)]
    pub backup: bool,
    /// say what would be done; touch nothing
    #[argh(switch)]
    pub dry_run: bool,
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}

/// Moves a container back to the image it ran before its last update.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "rollback")]
pub struct Rollback {
    /// the container
    #[argh(positional)]
    pub name: String,
    /// restore the data that was saved before that update, into fresh volumes
    #[argh(switch)]
    pub restore: bool,
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}

/// Shows past operations, newest first.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "history")]
pub struct History {
    /// only those of this container
    #[argh(positional)]
    pub name: Option<String>,
    /// how many at the most (default 20)
    #[argh(option, default = "20", from_str_fn(limit))]
    pub limit: usize,
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}

/// Reads the labels and variables of Watchtower, WUD, diun, drydock, cup and watch-docker, and the
/// labels of Ouroboros, on this host, and says what each means here; touches nothing.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "migrate")]
pub struct Migrate {
    /// print JSON
    #[argh(switch)]
    pub json: bool,
}

/// Ends with 0 if the running server is healthy, else with 1.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "healthcheck")]
pub struct Healthcheck {}

/// Asks a port whether it answers: ends with 0 if it does, else with 1. The labels
/// docker-auto.health.tcp and .http run this inside a container's network.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "probe")]
pub struct Probe {
    /// tcp://HOST:PORT, or http://HOST:PORT/PATH for a status below 400
    #[argh(positional)]
    pub address: String,
}

/// Prints the version.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "version")]
pub struct Version {}

const COMMANDS: [&str; 20] = [
    "serve",
    "check",
    "images",
    "plan",
    "update",
    "rollback",
    "approve",
    "reject",
    "skip",
    "snooze",
    "forget",
    "pause",
    "resume",
    "why",
    "policy",
    "history",
    "migrate",
    "healthcheck",
    "probe",
    "version",
];

/// A server gives no more at once.
const MOST_RECORDS: usize = 1000;

fn limit(text: &str) -> Result<usize, String> {
    let limit = text.parse().ok().filter(|limit| (1..=MOST_RECORDS).contains(limit));
    limit.ok_or_else(|| format!("write a number from 1 to {MOST_RECORDS}"))
}

/// What reading the arguments came to.
#[derive(Debug)]
pub enum Read {
    /// A command, and the configuration file that goes with it.
    Command(Command, Option<PathBuf>),
    /// The helper's command, with its operation: docker-auto gives it to itself alone.
    Swap(String),
    /// `--help`: the text is the answer.
    Help(String),
    /// A usage error, in words.
    Usage(String),
}

/// The flag that names the configuration file.
const CONFIG: &str = "--config";

/// Reads the arguments after the program's name; `--flag=value` is taken as `--flag value`.
pub fn read(arguments: &[String]) -> Read {
    let mut words = Vec::with_capacity(arguments.len());
    for argument in arguments {
        match argument.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => words.extend([flag, value]),
            _ if argument == "-h" => words.push("--help"),
            _ => words.push(argument.as_str()),
        }
    }
    // It is everybody's flag, wherever it stands.
    match words.iter().position(|word| *word == CONFIG) {
        Some(at) if at + 1 < words.len() => words[..at + 2].rotate_right(2),
        Some(_) => words = vec![CONFIG],
        None => {}
    }
    if let [flag] = words[..]
        && matches!(flag, "--version" | "-V")
    {
        return Read::Command(Command::Version(Version {}), None);
    }
    if let [HELPER_COMMAND, "--operation", operation] = words[..] {
        return Read::Swap(operation.to_owned());
    }
    match Arguments::from_args(&["docker-auto"], &words) {
        Ok(Arguments { command, config }) => {
            Read::Command(command.unwrap_or_else(|| Command::Serve(Serve::default())), config)
        }
        Err(early) if early.status.is_ok() => Read::Help(early.output),
        Err(early) => Read::Usage(format!("{}\n{}", early.output.trim_end(), see_help(&words))),
    }
}

fn see_help(words: &[&str]) -> String {
    let command = words.iter().find(|word| COMMANDS.contains(word));
    let command = command.map(|command| format!(" {command}")).unwrap_or_default();
    format!("see docker-auto{command} --help")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
        let shown = match read(&words) {
            Read::Command(command, None) => format!("{command:?}"),
            Read::Command(command, Some(file)) => format!("{} {command:?}", file.display()),
            Read::Swap(operation) => format!("swap {operation}"),
            Read::Help(text) => format!("help {}", text.lines().next().unwrap_or_default()),
            Read::Usage(text) => {
                assert!(text.contains("\nsee docker-auto"), "{text}");
                format!("usage {}", text.trim())
            }
        };
        assert!(shown.starts_with(expected), "{line:?} is {shown:?}");
    }

    #[test]
    fn commands_are_read() {
        for (line, expected) in [
            ("", "Serve(Serve { standby: false })"),
            ("serve --standby", "Serve(Serve { standby: true })"),
            ("check web --json", "Check(Check { names: [\"web\"], json: true, force: false })"),
            ("images --json", "Images(Images { json: true })"),
            ("history --limit=5", "History(History { name: None, limit: 5, json: false })"),
            ("history web --limit 5", "History(History { name: Some(\"web\"), limit: 5"),
            (
                "update --all --dry-run",
                "Update(Update { names: [], all: true, force: false, backup: false, dry_run: true",
            ),
            ("rollback web --restore", "Rollback(Rollback { name: \"web\", restore: true"),
            ("migrate --json", "Migrate(Migrate { json: true })"),
            ("approve web --now", "Approve(Approve { name: \"web\", now: true"),
            ("snooze web 7d", "Snooze(Snooze { name: \"web\", until: \"7d\""),
            ("forget web --json", "Forget(Forget { name: \"web\", json: true })"),
            ("pause --group=media", "Pause(Pause { name: None, group: Some(\"media\"), all: false"),
            (
                "why web --language zh",
                "Why(Why { name: \"web\", json: false, language: Some(Chinese)",
            ),
            ("why web --language de", "usage Error parsing option '--language' with value 'de'"),
            ("policy set a {}", "Policy(Policy { command: Set(PolicySet { name: \"a\""),
            ("policy", "usage One of the following subcommands must be present"),
            ("snooze web", "usage Required positional arguments not provided"),
            ("--config a.yaml", "a.yaml Serve"),
            ("--config=a.yaml check web", "a.yaml Check(Check { names: [\"web\"]"),
            (
                "check web --json --config a.yaml",
                "a.yaml Check(Check { names: [\"web\"], json: true",
            ),
            ("serve --config", "usage No value provided for option '--config'"),
            ("--config", "usage No value provided for option '--config'"),
            ("--version", "Version"),
            ("-V", "Version"),
            ("--help", "help Usage: docker-auto"),
            ("check --help", "help Usage: docker-auto check"),
            ("-h", "help Usage: docker-auto"),
            ("check -h", "help Usage: docker-auto check"),
            ("self-swap --operation 1", "swap 1"),
            ("self-swap", "usage Unrecognized argument: self-swap"),
            ("plan", "usage Required positional arguments not provided"),
            ("history --limit=x", "usage Error parsing option '--limit' with value 'x'"),
            ("history --limit=0", "usage Error parsing option '--limit' with value '0'"),
            ("history --limit=1001", "usage Error parsing option '--limit' with value '1001'"),
            ("nonsense", "usage Unrecognized argument: nonsense"),
        ] {
            check(line, expected);
        }
    }
}

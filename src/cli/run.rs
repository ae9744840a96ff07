//! Runs the commands that show something, and says with which code the process ends.

mod decide;

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

use http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::AppError;
use crate::cli::arguments::{Check, Command, History, Images, Plan, Rollback, Update};
use crate::cli::backend::Backend;
use crate::cli::control::{Control, ControlError};
use crate::cli::show::{self, Colour};
use crate::config::Config;
use crate::connect::knock;
use crate::core::event::{Event, What};
use crate::core::text::Language;
use crate::docker::{DockerError, GOOD};
use crate::engine::EngineError;
use crate::engine::command::Freshness;
use crate::http::view::operation::OperationView;
use crate::logging::{self, printable};
use crate::shutdown::Tasks;

/// The exit code of a command that a signal ended at once.
pub const INTERRUPTED: u8 = 130;

/// How long `probe` waits for an answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The flags contradict each other.
    #[error("{0}")]
    Usage(&'static str),
    /// A time that is none.
    #[error("{0}")]
    BadTime(String),
    /// A rule that cannot be used.
    #[error("the rule {name:?} cannot be used: {problem}")]
    BadRule {
        /// Its name.
        name: String,
        /// What is wrong, and the cure.
        problem: String,
    },
    /// The running server refused or broke off.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The running server could not do it.
    #[error("{0}")]
    Server(String),
    /// The engine could not do it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The parts could not be put together.
    #[error(transparent)]
    Open(#[from] Box<AppError>),
    /// A signal came while a running server worked.
    #[error("left the running server, which goes on by itself; see `docker-auto history`")]
    Left,
    /// The engine did not answer.
    #[error(transparent)]
    Docker(#[from] DockerError),
    /// A port does not answer, or not well.
    #[error("{0}")]
    Probe(String),
    /// No healthy server.
    #[error("no server answers on {0}")]
    NotRunning(String),
}

impl CommandError {
    /// Returns the exit code: 2 for what the caller wrote, 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::BadTime(_) | Self::BadRule { .. } => 2,
            Self::Left | Self::Engine(EngineError::Stopping) => INTERRUPTED,
            Self::Open(error) => error.exit_code(),
            _ => 1,
        }
    }
}

/// Carries a command out; returns the exit code. What changes something leaves at a boundary of the
/// journal when the tasks are told to end.
pub async fn run(command: Command, config: &Config, tasks: &Tasks) -> Result<u8, CommandError> {
    let manner = Manner { colour: colour(config), language: config.language };
    if let Command::Update(asked) = &command {
        usable(asked)?;
    }
    decide::usable(&command)?;
    let mut backend = Backend::open(config, tasks).await?;
    if let Some(done) = decide::run(&mut backend, &command, manner).await {
        return done;
    }
    match command {
        Command::Check(asked) => check(&mut backend, &asked, manner).await,
        Command::Images(asked) => images(&mut backend, &asked, manner).await,
        Command::Plan(asked) => plan(&mut backend, &asked).await,
        Command::Update(asked) => update(&mut backend, &asked, manner).await,
        Command::Rollback(asked) => roll_back(&mut backend, &asked, manner).await,
        Command::History(asked) => history(&mut backend, &asked, manner.colour).await,
        // The rest was done above, or needs no parts.
        _ => Ok(0),
    }
}

/// How results are shown.
#[derive(Clone, Copy, Debug)]
struct Manner {
    colour: Colour,
    language: Language,
}

fn usable(asked: &Update) -> Result<(), CommandError> {
    if asked.names.is_empty() != asked.all {
        return Err(CommandError::Usage("name containers, or say --all; not both"));
    }
    if asked.all && asked.force {
        return Err(CommandError::Usage("--force goes with names: it lifts what holds them back"));
    }
    Ok(())
}

async fn check(backend: &mut Backend, asked: &Check, manner: Manner) -> Result<u8, CommandError> {
    let freshness = if asked.force { Freshness::Forced } else { Freshness::Cached };
    let views = backend.check(&asked.names, freshness, manner.language).await?;
    let errors = views.iter().any(|view| view.status == "Error");
    let written = if asked.json {
        print_json(&views)
    } else {
        let registries = backend.registries().await?;
        print(&(show::containers(&views, manner.colour) + &show::registries(&registries)))
    };
    Ok(written.max(u8::from(errors)))
}

async fn images(backend: &mut Backend, asked: &Images, manner: Manner) -> Result<u8, CommandError> {
    let views = backend.images(manner.language).await?;
    let errors = views.iter().any(|view| view.status == "Error");
    let table = show::images(&views, manner.language, manner.colour);
    let written = if asked.json { print_json(&views) } else { print(&table) };
    Ok(written.max(u8::from(errors)))
}

async fn plan(backend: &mut Backend, asked: &Plan) -> Result<u8, CommandError> {
    let view = backend.plan(asked).await?;
    Ok(if asked.json { print_json(&view) } else { print(&logging::printable_lines(&view.text)) })
}

async fn update(backend: &mut Backend, asked: &Update, manner: Manner) -> Result<u8, CommandError> {
    let mut reporter = Reporter::new(asked.json);
    let language = manner.language;
    let views = backend.update(asked, language, &mut |event| reporter.tell(event)).await?;
    let written = show_operations(&views, asked.json, manner.colour);
    let code = if asked.all { OperationView::exit_code } else { OperationView::exit_code_of_named };
    Ok(worst(views.iter().map(code).chain([written])))
}

async fn roll_back(
    backend: &mut Backend,
    asked: &Rollback,
    manner: Manner,
) -> Result<u8, CommandError> {
    let mut reporter = Reporter::new(asked.json);
    let language = manner.language;
    let views = backend.roll_back(asked, language, &mut |event| reporter.tell(event)).await?;
    let written = show_operations(&views, asked.json, manner.colour);
    Ok(worst(views.iter().map(OperationView::exit_code).chain([written])))
}

async fn history(
    backend: &mut Backend,
    asked: &History,
    colour: Colour,
) -> Result<u8, CommandError> {
    let name = asked.name.as_deref();
    let records = backend.history(name, asked.limit).await?;
    let written = if asked.json {
        print_json(&records)
    } else {
        print(&show::history(&records, name, colour))
    };
    // A history that was lost is no empty one.
    Ok(written.max(u8::from(backend.has_lost_its_history())))
}

/// Asks the running server whether it is healthy.
pub async fn healthcheck(data: &Path) -> Result<u8, CommandError> {
    let socket = data.join("control.sock").display().to_string();
    let mut control = Control::connect(data).await.ok_or(CommandError::NotRunning(socket))?;
    let answer: Value = control.whole(Method::GET, "/healthz", &json!({})).await?;
    let status = answer.get("status").and_then(Value::as_str).unwrap_or("unknown");
    let written = print(&format!("{status}\n"));
    Ok(written.max(u8::from(status != "healthy")))
}

/// Asks a port, and says so if it answers.
pub async fn probe(address: &str) -> Result<u8, CommandError> {
    knock(address, PROBE_TIMEOUT).await.map_err(CommandError::Probe)?;
    Ok(print(&format!("{GOOD}\n")))
}

fn show_operations(views: &[OperationView], json: bool, colour: Colour) -> u8 {
    if json { print_json(views) } else { print(&show::operations(views, colour)) }
}

/// Help that is needed stands above a rollback, and that above an error.
fn worst(codes: impl Iterator<Item = u8>) -> u8 {
    codes.max_by_key(|code| [0, 1, 3, 4].iter().position(|known| known == code)).unwrap_or(0)
}

/// Says on stderr what happens, so that stdout is the result alone.
struct Reporter {
    quiet: bool,
    terminal: bool,
    pulling: bool,
}

impl Reporter {
    fn new(quiet: bool) -> Self {
        Self { quiet, terminal: std::io::stderr().is_terminal(), pulling: false }
    }

    fn tell(&mut self, event: &Event) {
        let Some(line) = show::progress(&event.what).filter(|_| !self.quiet) else { return };
        let pulling = matches!(event.what, What::PullProgress(_));
        if pulling && !self.terminal {
            return;
        }
        let mut stderr = std::io::stderr();
        // A terminal that went away has seen enough. A pull's line is written over.
        let _ = match (pulling, std::mem::replace(&mut self.pulling, pulling)) {
            (true, _) => write!(stderr, "\r\x1b[K{line}"),
            (false, true) => writeln!(stderr, "\n{}: {line}", event.target.name),
            (false, false) => writeln!(stderr, "{}: {line}", event.target.name),
        };
    }
}

fn colour(config: &Config) -> Colour {
    if config.log.no_color || !std::io::stdout().is_terminal() { Colour::No } else { Colour::Yes }
}

/// Writes the result to stdout; a reader that went away has read enough. Returns exit code 0, or 1
/// where it could not be written.
pub fn print(text: &str) -> u8 {
    let mut stdout = std::io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            warn(&format!("writing the result: {error}"));
            1
        }
        Ok(()) | Err(_) => 0,
    }
}

/// Writes a warning to stderr.
pub fn warn(text: &str) {
    let _ = writeln!(std::io::stderr(), "docker-auto: {}", printable(text));
}

pub(super) fn print_json(value: &(impl Serialize + ?Sized)) -> u8 {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    print(&format!("{text}\n"))
}

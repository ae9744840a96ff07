//! The composition root: reads the configuration, opens what is needed, runs one command.

pub mod assemble;
mod own;
mod serve;
mod swap;

use std::path::Path;
use std::time::Duration;

use log::LevelFilter;

use crate::cli::arguments::{Changes, Command, Migrate};
use crate::cli::{self, CommandError};
use crate::clock::Clock;
use crate::config::{Config, ConfigProblem, Environment, LogFormat, LogLevel};
use crate::core::id::OperationId;
use crate::core::secret::Secret;
use crate::docker::{DockerError, EndpointError};
use crate::logging::{self, Redactor};
use crate::store::StoreError;

/// Why the program could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The configuration cannot be used.
    #[error("the configuration cannot be used:\n{}", lines(.0))]
    Config(Vec<String>),
    /// A setting that is read later cannot be used.
    #[error("{setting}")]
    Setting {
        /// The variable.
        setting: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The data directory cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine's address cannot be used.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The engine cannot be used.
    #[error(transparent)]
    Docker(#[from] DockerError),
    /// A command's own error.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The system refused something.
    #[error("{doing}")]
    System {
        /// What was being done.
        doing: String,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
}

impl AppError {
    /// Refuses to work with a configuration whose file is wrong.
    pub(crate) fn unless_usable(config: &Config) -> Result<(), Self> {
        if config.wrong.is_empty() { Ok(()) } else { Err(Self::Config(config.wrong.clone())) }
    }

    /// Returns the exit code: 2 for what the caller wrote, 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Setting { .. } | Self::Endpoint(_) => 2,
            Self::Command(error) => error.exit_code(),
            Self::Store(_) | Self::Docker(_) | Self::System { .. } => 1,
        }
    }
}

fn lines(problems: &[String]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

/// Runs a command with a configuration file, if one was named, and returns the exit code.
///
/// # Errors
///
/// When it could not be begun, or ended badly in a way that has no exit code of its own.
pub fn run(command: Command, file: Option<&Path>) -> Result<u8, AppError> {
    if let Command::Version(_) = command {
        return Ok(cli::print(concat!("docker-auto ", env!("CARGO_PKG_VERSION"), "\n")));
    }
    if let Command::Probe(probe) = command {
        // A visitor in another container's network has nothing to be configured.
        return complete(async move { Ok(cli::probe(&probe.address).await?) });
    }
    let voice = if matches!(command, Command::Serve(_)) { Voice::Log } else { Voice::Output };
    let config = configure(voice, file)?;
    complete(dispatch(command, config))
}

/// Carries out the part of docker-auto's own replacement for which it is down; returns the exit code.
///
/// # Errors
///
/// As [`run`].
pub fn swap(operation: &str) -> Result<u8, AppError> {
    let config = configure(Voice::Log, None)?;
    complete(swap::swap(&config, &OperationId::new(operation)))
}

/// Where the program tells what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    /// A log tells the story.
    Log,
    /// The command's own output says it, and the log only what is wrong beside.
    Output,
}

/// Returns the environment of this process, with the file that was named.
fn environment(file: Option<&Path>) -> Result<Environment<'static>, AppError> {
    let environment = Environment::of_process();
    let Some(file) = file else { return Ok(environment) };
    let file = std::path::absolute(file)
        .map_err(|source| AppError::Setting { setting: "--config", source: Box::new(source) })?;
    Ok(environment.with_file(&file))
}

/// A running server has read its file: a command that only asks it can do without what became of that.
fn configure(voice: Voice, file: Option<&Path>) -> Result<Config, AppError> {
    let environment = environment(file)?;
    let (mut config, problems) = Config::load(&environment);
    start_log(&config, voice);
    let (fatal, told): (Vec<_>, Vec<_>) = problems.into_iter().partition(ConfigProblem::is_fatal);
    // Another directory may well have another server.
    let named = environment.data().is_some();
    let of_file =
        |problem: &ConfigProblem| problem.is_of_file() && (named || !problem.hides_data());
    let of_file = fatal.iter().all(of_file);
    config.wrong = fatal.iter().map(ToString::to_string).collect();
    if !config.wrong.is_empty() && (voice == Voice::Log || !of_file) {
        return Err(AppError::Config(config.wrong));
    }
    for problem in told {
        match voice {
            Voice::Log if problem.is_note() => log::info!("{problem}"),
            Voice::Output if problem.is_note() => {}
            Voice::Log => log::warn!("{problem}"),
            Voice::Output => cli::warn(&problem.to_string()),
        }
    }
    Ok(config)
}

fn complete(work: impl Future<Output = Result<u8, AppError>>) -> Result<u8, AppError> {
    let runtime = runtime()?;
    let ended = runtime.block_on(work);
    // A file that is read and never ends must not hold the process.
    runtime.shutdown_background();
    ended
}

async fn dispatch(command: Command, config: Config) -> Result<u8, AppError> {
    match command {
        Command::Serve(serve) => serve::serve(&config, serve.standby).await,
        Command::Migrate(migrate) => migrated(&migrate, &config).await,
        Command::Healthcheck(_) => Ok(cli::healthcheck(&config.data).await?),
        command => one_shot(command, &config).await,
    }
}

/// Boxed: the compiler lays no deeper future out.
async fn migrated(asked: &Migrate, config: &Config) -> Result<u8, AppError> {
    AppError::unless_usable(config)?;
    let environment = environment(config.file.as_deref())?.with_keys();
    Ok(Box::pin(cli::migrate(asked, config, &environment)).await?)
}

/// Carries a command out until it is done or a signal ends it: the first one where nothing is
/// changed; else that one leaves at a boundary of the journal, and the second one at once.
async fn one_shot(command: Command, config: &Config) -> Result<u8, AppError> {
    let tasks = assemble::tasks();
    let force = crate::shutdown::listen(&tasks)
        .map_err(|source| AppError::System { doing: "listening for signals".into(), source })?;
    let leave = match command.changes() {
        Changes::Nothing => tasks.token().clone(),
        Changes::Containers => force,
    };
    // Boxed: the compiler lays no deeper future out.
    let running = Box::pin(cli::run(command, config, &tasks));
    tokio::select! {
        biased;
        () = leave.cancelled() => Ok(cli::INTERRUPTED),
        ended = running => Ok(ended?),
    }
}

/// One thread serves a program that mostly waits: each further one would keep memory of its own. The
/// disk has a few more.
fn runtime() -> Result<tokio::runtime::Runtime, AppError> {
    tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(4)
        .thread_keep_alive(Duration::from_secs(1))
        .enable_all()
        .build()
        .map_err(|source| AppError::System { doing: "starting threads".into(), source })
}

fn start_log(config: &Config, voice: Voice) {
    let chosen = match config.log.level {
        LogLevel::Error => LevelFilter::Error,
        LogLevel::Warn => LevelFilter::Warn,
        LogLevel::Info => LevelFilter::Info,
        LogLevel::Debug => LevelFilter::Debug,
        LogLevel::Trace => LevelFilter::Trace,
    };
    let asked_for = voice == Voice::Log || chosen >= LevelFilter::Debug;
    let (level, events) = if asked_for {
        (chosen, chosen)
    } else {
        (chosen.min(LevelFilter::Warn), LevelFilter::Off)
    };
    let redactor = Redactor::default();
    let logins = config.registry.logins.values();
    let tokens = logins.flat_map(|login| [&login.password, &login.token]);
    for secret in tokens.chain([&config.proxy.http, &config.proxy.https]).flatten() {
        redactor.hide(secret);
        // The password of a proxy stands in its address.
        let password = secret.expose().rsplit_once('@').and_then(|(user, _)| user.rsplit_once(':'));
        redactor.hide(&Secret::new(password.map_or("", |(_, password)| password)));
    }
    let options = logging::Options {
        level,
        events,
        format: match config.log.format {
            LogFormat::Text => logging::Format::Text,
            LogFormat::Json => logging::Format::Json,
        },
        colour: if config.log.no_color {
            logging::Colour::Never
        } else {
            logging::Colour::Terminal
        },
        clock: Clock::real(),
        redactor,
    };
    // Started once, here; a second start could only come from a test.
    let _ = logging::start(options);
}

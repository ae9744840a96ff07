//! Writes the log to standard error, as text or as JSON lines, without any secret.

use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::sync::OnceLock;

use env_logger::{Builder, WriteStyle};
use log::{LevelFilter, Record, SetLoggerError};

use crate::clock::Clock;
use crate::core::secret::Secret;
use crate::shutdown::panic_message;

mod line;
mod redact;

pub use line::{Line, printable, printable_lines};
pub use redact::Redactor;

/// Crates that say more than anyone wants to know, and how much they may say at most.
const NOISY: [(&str, LevelFilter); 10] = [
    // A repair after a crash is expected, and its warning prints the whole backend.
    ("redb", LevelFilter::Error),
    ("bollard", LevelFilter::Warn),
    ("h2", LevelFilter::Warn),
    ("hyper", LevelFilter::Warn),
    ("hyper_util", LevelFilter::Warn),
    ("mio", LevelFilter::Warn),
    ("rustls", LevelFilter::Warn),
    ("tokio", LevelFilter::Warn),
    ("tokio_rustls", LevelFilter::Warn),
    ("tokio_util", LevelFilter::Warn),
];

/// What events are logged as: a command that shows them itself leaves them out of its log.
pub const EVENTS: &str = "docker_auto::events";

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One line for people.
    #[default]
    Text,
    /// One JSON object, with the fields of R253.
    Json,
}

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal.
    #[default]
    Terminal,
    /// Never: `NO_COLOR` is set.
    Never,
}

/// How the log is written.
#[derive(Clone, Debug)]
pub struct Options {
    /// The least important level that is shown.
    pub level: LevelFilter,
    /// The least important level at which events are shown.
    pub events: LevelFilter,
    /// How a line looks.
    pub format: Format,
    /// Whether text is coloured.
    pub colour: Colour,
    /// Where the time of a line comes from.
    pub clock: Clock,
    /// What must never appear.
    pub redactor: Redactor,
}

/// Starts the log, to which panics are written as well.
///
/// # Errors
///
/// When a log was started already.
pub fn start(options: Options) -> Result<(), SetLoggerError> {
    let coloured = options.format == Format::Text
        && options.colour == Colour::Terminal
        && std::io::stderr().is_terminal();
    let redactor = options.redactor.clone();
    builder(options, coloured).try_init()?;
    // Only the log that was started matters.
    let _ = REDACTOR.set(redactor);
    // A panic must not break the lines of the log, nor say what they may not.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
        log::error!(action = "panic"; "panic{place}: {}", panic_message(panic.payload()));
    }));
    Ok(())
}

/// What the log never shows; set when it starts.
static REDACTOR: OnceLock<Redactor> = OnceLock::new();

/// Lets a secret that was found later never appear in the log.
pub fn hide(secret: &Secret) {
    if let Some(redactor) = REDACTOR.get() {
        redactor.hide(secret);
    }
}

fn builder(options: Options, coloured: bool) -> Builder {
    let Options { level, events, format, clock, redactor, .. } = options;
    let mut builder = Builder::new();
    builder.filter_level(level);
    builder.filter_module(EVENTS, events);
    for (module, most) in NOISY {
        builder.filter_module(module, level.min(most));
    }
    builder.write_style(if coloured { WriteStyle::Always } else { WriteStyle::Never });
    builder.format(move |to, record| {
        let line = Line::of(record, clock.now(), &redactor);
        let text = match format {
            Format::Text if coloured => line.coloured_text(),
            Format::Text => line.text(),
            Format::Json => line.json(),
        };
        writeln!(to, "{text}")
    });
    builder
}

/// Returns the part of the program that a record comes from: our module, or another crate's name.
fn component<'a>(record: &Record<'a>) -> &'a str {
    let path = record.module_path().unwrap_or("unknown");
    let mut segments = path.split("::");
    match (segments.next(), segments.next()) {
        (Some("docker_auto"), Some(module)) => module,
        (Some(name), _) => name,
        _ => path,
    }
}

/// Shows an error with its sources: `a: b: c`.
pub struct Chain<'a>(pub &'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use log::{Level, Log as _};

    use super::*;

    #[test]
    fn noisy_crates_are_held_back_and_the_level_holds_for_all() {
        for (level, module, record, shown) in [
            (LevelFilter::Info, "docker_auto::store", Level::Info, true),
            (LevelFilter::Info, "docker_auto::store", Level::Debug, false),
            (LevelFilter::Debug, "docker_auto::store", Level::Debug, true),
            (LevelFilter::Trace, "hyper_util::client", Level::Debug, false),
            (LevelFilter::Trace, "hyper_util::client", Level::Warn, true),
            (LevelFilter::Trace, "redb::db", Level::Warn, false),
            (LevelFilter::Trace, "redb::db", Level::Error, true),
            (LevelFilter::Error, "hyper::proto", Level::Warn, false),
            (LevelFilter::Off, "docker_auto::store", Level::Error, false),
            (LevelFilter::Info, EVENTS, Level::Warn, false),
            (LevelFilter::Info, EVENTS, Level::Error, true),
        ] {
            let logger = builder(options(level), false).build();
            let record = log::Metadata::builder().target(module).level(record).build();
            assert_eq!(logger.enabled(&record), shown, "{level} {module} {record:?}");
        }
    }

    fn options(level: LevelFilter) -> Options {
        Options {
            level,
            events: LevelFilter::Error,
            format: Format::Text,
            colour: Colour::Never,
            clock: Clock::real(),
            redactor: Redactor::default(),
        }
    }

    #[test]
    fn a_component_is_our_module_or_a_crate() {
        for (path, expected) in [
            (Some("docker_auto::engine::execute"), "engine"),
            (Some("docker_auto"), "docker_auto"),
            (Some("redb::db"), "redb"),
            (None, "unknown"),
        ] {
            assert_eq!(component(&Record::builder().module_path(path).build()), expected);
        }
    }

    #[test]
    fn a_chain_shows_the_sources() {
        #[derive(Debug, thiserror::Error)]
        #[error("reading the manifest")]
        struct Outer(#[source] std::num::ParseIntError);
        let error = Outer("x".parse::<u8>().unwrap_err());
        assert_eq!(
            Chain(&error).to_string(),
            "reading the manifest: invalid digit found in string"
        );
    }
}

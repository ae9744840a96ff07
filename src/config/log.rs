//! The log: how much, and how it looks.

use crate::config::variable::{Kind, Secrecy, Variable, set};
use crate::core::policy::Origin;
use crate::core::value;

/// How the log is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogConfig {
    /// The least important lines that are written.
    pub level: LogLevel,
    /// How a line looks.
    pub format: LogFormat,
    /// Whether colours are refused.
    pub no_color: bool,
}

/// How important a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Something went wrong.
    Error,
    /// Something may go wrong.
    Warn,
    /// Something happened.
    #[default]
    Info,
    /// How it happened.
    Debug,
    /// Every detail.
    Trace,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object.
    Json,
}

const LEVELS: [(&str, LogLevel); 6] = [
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("warning", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];
const FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];

pub(super) const VARIABLES: [Variable; 3] = [
    Variable {
        key: "log.level",
        name: "DOCKER_AUTO_LOG_LEVEL",
        aliases: &["WATCH_LOG_LEVEL", "LOG_LEVEL"],
        kind: Kind::Words("`error`, `warn`, `info`, `debug`, `trace`"),
        default: "info",
        doc: "The least important lines that are logged.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.log.level, value::choice(given.text, &LEVELS)),
    },
    Variable {
        key: "log.format",
        name: "DOCKER_AUTO_LOG_FORMAT",
        aliases: &[],
        kind: Kind::Words("`text`, `json`"),
        default: "text",
        doc: "How a line looks.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.log.format, value::choice(given.text, &FORMATS)),
    },
    Variable {
        key: "no_color",
        name: "NO_COLOR",
        aliases: &[],
        kind: Kind::Text("anything"),
        default: "",
        doc: "Writes without colours, whatever its value.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            // The convention takes any value of the variable; in a file `false` says what it says.
            let off = matches!(given.origin, Origin::File { .. }) && given.switch() == Ok(false);
            set(&mut config.log.no_color, Ok(!off))
        },
    },
];

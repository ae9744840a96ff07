//! A row of the table of variables, and the readers that rows share.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::core::duration;
use crate::core::policy::{Origin, Rules, Sourced};
use crate::core::value;

/// A variable that is read.
#[derive(Debug)]
pub struct Variable {
    /// Its key, as in `scan.interval`.
    pub key: &'static str,
    /// Its name; `<n>` stands for a number.
    pub name: &'static str,
    /// Other names, in the order in which they count.
    pub aliases: &'static [&'static str],
    /// What may be written.
    pub kind: Kind,
    /// What is read where nothing is written; empty where there is nothing to read.
    pub default: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// Whether it may be shown.
    pub secrecy: Secrecy,
    /// Reads it into the configuration; the error says what to write instead.
    pub(super) set: fn(&mut Config, Given<'_>) -> Result<(), String>,
}

/// What may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Switch,
    /// A duration such as `10m`.
    Duration,
    /// A cron expression.
    Cron,
    /// A whole number.
    Number,
    /// A path.
    Path,
    /// A list with commas.
    List(&'static str),
    /// One of a few words.
    Words(&'static str),
    /// Something else.
    Text(&'static str),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch => f.write_str("`true`, `false`"),
            Self::Duration => f.write_str("a duration"),
            Self::Cron => f.write_str("five or six cron fields"),
            Self::Number => f.write_str("a number"),
            Self::Path => f.write_str("a path"),
            Self::List(of) => write!(f, "{of}, separated by commas"),
            Self::Words(text) | Self::Text(text) => f.write_str(text),
        }
    }
}

/// Whether a variable may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// It may.
    Open,
    /// It must not, and may be given as a file: `…_FILE`.
    Secret,
}

/// A value to be read.
#[derive(Clone, Debug)]
pub(super) struct Given<'a> {
    /// The text, never empty and without space around it.
    pub(super) text: &'a str,
    /// Where it stands.
    pub(super) origin: Origin,
    /// The number in its name.
    pub(super) index: u32,
}

type Read<T> = Result<T, String>;

impl Given<'_> {
    pub(super) fn switch(&self) -> Read<bool> {
        value::switch(self.text)
    }

    pub(super) fn duration(&self, least: Duration) -> Read<Duration> {
        duration::at_least(self.text, least).map_err(|error| error.to_string())
    }

    pub(super) fn number(&self, range: std::ops::RangeInclusive<u32>) -> Read<u32> {
        let number = self.text.parse().ok().filter(|number| range.contains(number));
        let (least, most) = (range.start(), range.end());
        number.ok_or_else(|| format!("write a whole number from {least} to {most}"))
    }

    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from(self.text)
    }

    pub(super) fn words(&self) -> Vec<String> {
        value::list(self.text).map(ToOwned::to_owned).collect()
    }
}

/// Puts a value in its place.
pub(super) fn set<T>(place: &mut T, value: Read<T>) -> Read<()> {
    *place = value?;
    Ok(())
}

/// Puts a value in the place of a rule, with its origin.
pub(super) fn rule<T>(
    config: &mut Config,
    place: fn(&mut Rules) -> &mut Sourced<T>,
    value: Read<T>,
    origin: Origin,
) -> Read<()> {
    *place(Arc::make_mut(&mut config.policy.rules)) = Sourced { value: value?, origin };
    Ok(())
}

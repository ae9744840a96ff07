//! Variables of other tools: one table that turns them into ours.

mod diun;
mod drydock;
mod login;
mod others;
mod watchtower;
mod wud;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::core::duration;
use crate::core::foreign::value::{When, go_duration, names, schedule};
use crate::core::foreign::{Content, Meaning, Setting, Tool, Understood, one};
use crate::core::secret::Secret;
use crate::core::value::switch;

/// All variables of an environment.
pub type Variables = BTreeMap<String, String>;

/// A variable of another tool; a `*` in its name stands for whatever its user wrote there.
#[derive(Debug)]
pub struct ForeignVariable {
    /// Its name.
    pub name: &'static str,
    to: To,
}

/// What a variable is turned into.
#[derive(Clone, Copy, Debug)]
enum To {
    /// One of ours with the same value.
    Same(&'static str),
    /// One of ours with names, separated by commas.
    Names(&'static str),
    /// One of ours that is a switch.
    Switch(&'static str),
    /// One of ours that is a duration.
    Span(&'static str),
    /// If it is on, these of ours.
    IfOn(&'static [(&'static str, &'static str)]),
    /// If it is on, nothing, for this reason.
    NothingIfOn(&'static str),
    /// What the function says.
    Read(fn(&str, &Variables) -> Understood),
    /// See [`Meaning::Already`].
    Already(&'static str),
    /// See [`Meaning::Nothing`].
    Nothing(&'static str),
}

const fn row(name: &'static str, to: To) -> ForeignVariable {
    ForeignVariable { name, to }
}

/// What a foreign variable means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundVariable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Content,
    /// Whose it is.
    pub tool: Tool,
    /// What it means, or why it cannot be read.
    pub meaning: Result<Meaning, String>,
    /// Whether it is written there, or follows from what is.
    pub source: Source,
}

/// Whether a setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is.
    Written,
    /// It is the tool's default.
    Implied,
}

/// Returns all rows.
pub fn rows() -> impl Iterator<Item = &'static ForeignVariable> {
    let tables: [&'static [ForeignVariable]; 5] = [
        &watchtower::VARIABLES,
        &wud::VARIABLES,
        &drydock::VARIABLES,
        &diun::VARIABLES,
        &others::VARIABLES,
    ];
    tables.into_iter().flatten()
}

/// Returns what each foreign variable of an environment means: first those that are written, then
/// what the tools' defaults imply.
pub fn read(variables: &Variables) -> Vec<FoundVariable> {
    let mut found = login::read(variables);
    for (name, value) in variables {
        let Some(tool) = Tool::of_variable(name) else { continue };
        if value.trim().is_empty() || found.iter().any(|known| known.name == *name) {
            continue;
        }
        let Some(meaning) = meaning(name, value.trim(), tool, variables) else { continue };
        let (name, value) = (name.clone(), content(name, value));
        found.push(FoundVariable { name, value, tool, meaning, source: Source::Written });
    }
    found.extend(watchtower::implied(variables));
    found.extend(diun::implied(variables));
    // The first counts: of two cooldowns the longer one.
    found.sort_by_key(|found| Reverse(found.cooldown()));
    found
}

const COOLDOWN: &str = "DOCKER_AUTO_UPDATE_COOLDOWN";

/// Says whether a value of one of ours restrains updates longer than another one of the same.
pub fn is_longer(ours: &str, value: &str, other: &str) -> bool {
    ours == COOLDOWN && duration::parse(value).ok() > duration::parse(other).ok()
}

impl FoundVariable {
    /// Returns the cooldown that it asks for.
    fn cooldown(&self) -> Option<Duration> {
        let Ok(Meaning::Ours(settings)) = &self.meaning else { return None };
        let cooldown = settings.iter().find(|setting| setting.name == COOLDOWN)?;
        duration::parse(cooldown.value.expose()).ok()
    }
}

/// Returns what a variable means; `None` where it is probably none of the tool's.
fn meaning(name: &str, value: &str, tool: Tool, variables: &Variables) -> Option<Understood> {
    match rows().find(|row| row.matches(name)) {
        Some(row) => Some(row.to.understand(value, variables)),
        // Ours with another prefix are known elsewhere; Datadog's begin like drydock's.
        None if tool == Tool::WatchDocker => None,
        None if tool == Tool::Drydock && !drydock::is_there(variables) => None,
        None => Some(Ok(Meaning::Nothing("nothing here is set by it"))),
    }
}

/// Parts of names whose values are not shown.
const SECRETS: [&str; 11] = [
    "PASS",
    "TOKEN",
    "SECRET",
    "KEY",
    "HASH",
    "HOOK",
    "UUID",
    "_URL",
    "_NOTIF",
    "_TRIGGER_",
    "_AUTH",
];

fn content(name: &str, value: &str) -> Content {
    if SECRETS.iter().any(|part| name.contains(part)) {
        Content::Secret(Secret::new(value))
    } else {
        Content::Open(value.to_owned())
    }
}

const SECOND: Duration = Duration::from_secs(1);
const OFF: Meaning = Meaning::Already("it is off, which holds here as well");

impl To {
    fn understand(self, text: &str, variables: &Variables) -> Understood {
        match self {
            Self::Same(ours) => one(ours, text),
            Self::Names(ours) => one(ours, names(text)),
            Self::Switch(ours) => one(ours, switch(text)?.to_string()),
            Self::Span(ours) => one(ours, go_duration(text, SECOND)?),
            Self::IfOn(settings) => Ok(if switch(text)? { all(settings) } else { OFF }),
            Self::NothingIfOn(why) => Ok(if switch(text)? { Meaning::Nothing(why) } else { OFF }),
            Self::Read(read) => read(text, variables),
            Self::Already(why) => Ok(Meaning::Already(why)),
            Self::Nothing(why) => Ok(Meaning::Nothing(why)),
        }
    }
}

fn all(settings: &[(&str, &str)]) -> Meaning {
    Meaning::Ours(settings.iter().map(|(name, value)| Setting::open(*name, *value)).collect())
}

/// Reads the schedule of checks.
fn check_schedule(text: &str, _: &Variables) -> Understood {
    match schedule(text)? {
        When::Cron(cron) => one("DOCKER_AUTO_SCAN_CRON", cron),
        When::Every(interval) => one("DOCKER_AUTO_SCAN_INTERVAL", interval),
    }
}

impl ForeignVariable {
    /// Says whether a variable's name is this one.
    fn matches(&self, name: &str) -> bool {
        fits(self.name, name)
    }
}

/// Says whether a name is like a pattern, in which each `*` stands for one character or more.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == name };
    let rest = name.strip_prefix(before).unwrap_or_default();
    let mut ends = rest.char_indices().map(|(at, letter)| at + letter.len_utf8());
    ends.any(|end| rest.get(end..).is_some_and(|rest| fits(after, rest)))
}

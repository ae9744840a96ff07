//! The forms in which settings are written, and the one in which Compose understands them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::core::yaml::{Shape, Tree};

use super::super::named::EnvironmentFiles;
use super::super::variable::{Piece, pieces};
use super::list::{at_one_target, each, each_name_once, items, sorted};
use super::table::LOGGING;
use super::word::{bytes, number, span, words};

/// The settings of a mapping, in the order in which Compose writes them down.
pub(super) type Table = &'static [(&'static str, Form)];

/// How a setting is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Text,
    /// Yes or no; what is not said is neither.
    Switch,
    /// Yes; no is as good as not said.
    Flag,
    /// A number; none is as good as not said.
    Number,
    /// A number, or all.
    Amount,
    Bytes,
    Span,
    /// A list of texts, or one alone; each of them once.
    Texts,
    /// The same, as often as they stand there.
    Lines,
    Command,
    Test,
    Pairs,
    Environment,
    Hosts,
    Networks,
    Ports,
    Volumes,
    Devices,
    Logging,
    Limits,
    Configs,
    Secrets,
    Needs,
    Record(Table),
    /// Written down even where nothing is said.
    Always(Table),
    /// A list of mappings.
    Each(Table),
    /// The same, or all that there is.
    Requests(Table),
    /// It stands in no mark, or only in those of older Composes.
    Unmarked,
    UnmarkedList,
}

/// What is needed to understand a value.
pub(super) struct Reader<'r> {
    /// The project's directory.
    pub(super) folder: &'r str,
    /// The variables.
    pub(super) values: &'r dyn Fn(&str) -> Option<String>,
    /// The files that set a service's variables.
    pub(super) files: &'r EnvironmentFiles,
}

impl Form {
    /// Reads a value; `None` where it is not understood.
    pub(super) fn read(self, given: &Tree, reader: &Reader<'_>) -> Option<Value> {
        match self {
            Self::Text => reader.text(given).map(Value::from),
            Self::Switch | Self::Flag => reader.text(given)?.parse::<bool>().ok().map(Value::from),
            Self::Number => number(&reader.text(given)?),
            Self::Amount => match &*reader.text(given)? {
                "all" => Some((-1).into()),
                text => number(text),
            },
            Self::Bytes => bytes(&reader.text(given)?).map(Value::from),
            Self::Span => span(&reader.text(given)?).map(Value::from),
            Self::Texts => reader.texts(given).map(|texts| each_name_once(texts).into()),
            Self::Command => reader.command(given),
            Self::Test if items(given).is_none() => Some(json!(["CMD-SHELL", reader.text(given)?])),
            Self::Lines | Self::Test => reader.texts(given).map(Value::from),
            Self::Pairs => reader.pairs(given, |_| Value::from("")),
            Self::Environment => {
                reader.pairs(given, |name| (reader.values)(name).map_or(Value::Null, Value::from))
            }
            Self::Hosts => reader.hosts(given),
            Self::Networks => reader.networks(given),
            Self::Ports => reader.ports(given),
            Self::Volumes => each(given, |it| reader.volume(it)).map(at_one_target),
            Self::Devices => each(given, |it| reader.device(it)).map(at_one_target),
            Self::Limits => reader.limits(given),
            Self::Configs => each(given, |it| reader.source(it, None)).map(at_one_target),
            Self::Secrets => {
                each(given, |it| reader.source(it, Some("/run/secrets/"))).map(at_one_target)
            }
            Self::Needs => reader.conditions(given),
            Self::Logging => reader.record(given, LOGGING).map(Value::from),
            Self::Record(table) | Self::Always(table) => {
                reader.record(given, table).map(Value::from)
            }
            Self::Requests(_) if given.text() == Some("all") => Some(json!([{"count": -1}])),
            Self::Each(table) | Self::Requests(table) => {
                each(given, |it| reader.record(it, table).map(Value::from)).map(Value::from)
            }
            Self::Unmarked | Self::UnmarkedList => Some(Value::Null),
        }
    }

    /// Returns what is written down of a value that was read.
    fn kept(self, value: Value) -> Option<Value> {
        let says_nothing = match self {
            Self::Text => value == "",
            Self::Flag => value == false,
            Self::Number => value == 0,
            Self::Bytes => value == "0",
            Self::Unmarked | Self::UnmarkedList => true,
            Self::Command | Self::Record(_) | Self::Always(_) | Self::Logging => false,
            _ => value == json!([]) || value == json!({}),
        };
        (!says_nothing).then_some(value)
    }

    /// Returns what is written down where nothing is said.
    fn unsaid(self) -> Option<Value> {
        match self {
            Self::Command => Some(Value::Null),
            Self::Always(_) => Some(json!({})),
            _ => None,
        }
    }
}

impl Reader<'_> {
    /// Reads a mapping; `None` where it has what its table has not.
    pub(super) fn record(&self, given: &Tree, table: Table) -> Option<Map<String, Value>> {
        only(given, table)?;
        let mut record = Map::new();
        for (name, form) in table {
            let value = match form {
                Form::Environment => Some(self.environment(given)?).filter(|it| !it.is_null()),
                Form::Needs => Some(self.needs(given)?).filter(|it| !it.is_null()),
                Form::Networks => Some(self.attached(given)?).filter(|it| !it.is_null()),
                form => match said(given, name) {
                    Some(value) => form.kept(form.read(value, self)?),
                    None => form.unsaid(),
                },
            };
            record.extend(value.map(|value| ((*name).to_owned(), value)));
        }
        Some(record)
    }

    /// Returns a scalar with its variables looked up.
    pub(super) fn text(&self, given: &Tree) -> Option<String> {
        let text = given.text()?;
        let parts: Option<Vec<_>> = text.split("$$").map(|part| self.filled(part)).collect();
        Some(parts?.join("$"))
    }

    fn filled(&self, text: &str) -> Option<String> {
        let mut filled = String::new();
        for piece in pieces(text).ok()? {
            match piece {
                Piece::Literal(range) => filled.push_str(&text[range]),
                Piece::Variable { name, fallback } => {
                    let value = (self.values)(&text[name]);
                    let value = match fallback {
                        Some(it) => {
                            let value = value.filter(|it2| !(it.also_for_empty && it2.is_empty()));
                            value.unwrap_or_else(|| text[it.text].to_owned())
                        }
                        None => value.unwrap_or_default(),
                    };
                    filled.push_str(&value);
                }
            }
        }
        Some(filled)
    }

    pub(super) fn texts(&self, given: &Tree) -> Option<Vec<String>> {
        match items(given) {
            Some(items) => items.iter().map(|item| self.text(item)).collect(),
            None => Some(vec![self.text(given)?]),
        }
    }

    fn command(&self, given: &Tree) -> Option<Value> {
        match items(given) {
            Some(_) => self.texts(given).map(Value::from),
            None => words(&self.text(given)?).map(Value::from),
        }
    }

    /// Reads `NAME=VALUE` in a list, or a mapping; names in their order.
    fn pairs(&self, given: &Tree, unset: impl Fn(&str) -> Value) -> Option<Value> {
        let mut pairs = BTreeMap::new();
        for item in items(given).unwrap_or_default() {
            let text = self.text(item)?;
            match text.split_once('=') {
                Some((name, value)) => pairs.insert(name.to_owned(), value.into()),
                None => pairs.insert(text.clone(), unset(&text)),
            };
        }
        for (name, value) in given.entries() {
            let value = if value.is_empty() { unset(name) } else { self.text(value)?.into() };
            pairs.insert(name.clone(), value);
        }
        let known = matches!(given.shape, Shape::Sequence(_) | Shape::Mapping(_));
        known.then(|| sorted(pairs))
    }

    fn hosts(&self, given: &Tree) -> Option<Value> {
        let mut hosts = Vec::new();
        for item in items(given).unwrap_or_default() {
            let text = self.text(item)?;
            let (name, address) = text.split_once('=').or_else(|| text.split_once(':'))?;
            hosts.push(format!("{name}={address}"));
        }
        for (name, address) in given.entries() {
            hosts.push(format!("{name}={}", self.text(address)?));
        }
        hosts.sort();
        Some(hosts.into())
    }

    fn limits(&self, given: &Tree) -> Option<Value> {
        let mut limits = BTreeMap::new();
        for (name, limit) in given.entries() {
            let value = if limit.entries().is_empty() {
                number(&self.text(limit)?)?
            } else {
                only(limit, &[("soft", Form::Number), ("hard", Form::Number)])?;
                let of = |name| number(&self.text(limit.get(name)?)?);
                json!({"soft": of("soft")?, "hard": of("hard")?})
            };
            limits.insert(name.clone(), value);
        }
        Some(sorted(limits))
    }

    fn source(&self, given: &Tree, folder: Option<&str>) -> Option<Value> {
        if given.text().is_some() {
            let source = self.text(given)?;
            return Some(match folder {
                Some(folder) => json!({"source": source, "target": format!("{folder}{source}")}),
                None => json!({"source": source}),
            });
        }
        only(given, &[("source", Form::Text), ("target", Form::Text)])?;
        let of = |name| self.text(given.get(name)?);
        Some(json!({"source": of("source")?, "target": of("target")?}))
    }
}

/// Returns a setting in which something is written.
pub(super) fn said<'t>(given: &'t Tree, name: &str) -> Option<&'t Tree> {
    given.get(name).filter(|value| !value.is_empty())
}

/// Makes sure that a mapping has no other keys, beside those that nobody reads.
pub(super) fn only(given: &Tree, table: Table) -> Option<()> {
    let is_mapping = matches!(given.shape, Shape::Mapping(_));
    let known =
        |name: &str| name.starts_with("x-") || table.iter().any(|(known, _)| *known == name);
    (is_mapping && given.entries().iter().all(|(name, _)| known(name))).then_some(())
}

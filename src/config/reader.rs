//! Finds the variables of the table in an environment, and what is there beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::config::variable::{Given, Secrecy, Variable};
use crate::config::{Config, ConfigProblem, Environment, variables};
use crate::core::policy::Origin;
use crate::core::value::did_you_mean;

/// Names that begin so are ours, and nobody else's.
const PREFIX: &str = "DOCKER_AUTO_";
/// The parts that follow `WATCH_` in the names that are read as well.
const GROUPS: [&str; 7] =
    ["SERVER_", "DOCKER_", "SCAN_", "UPDATE_", "POLICY_", "REGISTRY_", "LOG_"];
/// Stands for a number in the names of a list's variables.
pub(super) const NUMBER: &str = "<n>";
/// Where a secret's file is named.
pub(super) const FILE: &str = "_FILE";

/// Reads an environment and gathers what is wrong with it.
pub(super) struct Reader<'a> {
    environment: &'a Environment<'a>,
    /// The variables that were used, by their keys.
    pub(super) given: BTreeMap<&'static str, Origin>,
    pub(super) problems: Vec<ConfigProblem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(environment: &'a Environment<'a>) -> Self {
        Self { environment, given: BTreeMap::new(), problems: Vec::new() }
    }

    /// Reads the defaults of the table, and over them what is set.
    pub(super) fn read(&mut self) -> Config {
        let mut config = Config::default();
        for variable in variables() {
            if !variable.default.is_empty() {
                let given = Given { text: variable.default, origin: Origin::Default, index: 0 };
                let read = (variable.set)(&mut config, given);
                debug_assert_eq!(read, Ok(()), "the default of {}", variable.key);
            }
            for index in self.indices(variable) {
                self.read_one(&mut config, variable, index);
            }
        }
        config
    }

    /// Returns the numbers under which a variable is set, 0 for one without a number.
    fn indices(&self, variable: &Variable) -> Vec<u32> {
        if !variable.name.contains(NUMBER) {
            return vec![0];
        }
        let names = self.environment.variables.keys();
        let mut indices: Vec<u32> = names.filter_map(|name| variable.index_of(name)).collect();
        indices.sort_unstable();
        indices.dedup();
        indices
    }

    /// Reads a variable by the first of its names that is set.
    fn read_one(&mut self, config: &mut Config, variable: &'static Variable, index: u32) {
        let mut used: Option<(String, String)> = None;
        for name in variable.names() {
            let name = name.replace(NUMBER, &index.to_string());
            let Some(text) = self.text(variable, &name) else { continue };
            match &used {
                None => used = Some((name, text)),
                Some((winner, winning)) if *winning != text => {
                    let winner = self.environment.origin(winner);
                    let why = format!("{winner} is set as well and stands above it");
                    let setting = self.environment.origin(&name);
                    self.problems.push(ConfigProblem::Ignored { setting, why });
                }
                Some(_) => {}
            }
        }
        let Some((name, text)) = used else { return };
        // What was made from another tool's variable, or from a key, is told by that one's name.
        let setting = self.environment.origin(&name);
        self.given.insert(variable.key, setting.clone());
        let given = Given { text: &text, origin: setting.clone(), index };
        if let Err(cure) = (variable.set)(config, given) {
            let value = match variable.secrecy {
                Secrecy::Open if variable.key.ends_with("host") => without_account(&text),
                Secrecy::Open => text,
                Secrecy::Secret => "***".to_owned(),
            };
            self.problems.push(ConfigProblem::BadValue { setting, value, cure });
        }
    }

    /// Returns the value of a variable, from its file if it is a secret that has one.
    fn text(&mut self, variable: &Variable, name: &str) -> Option<String> {
        if variable.secrecy == Secrecy::Open {
            return self.environment.value(name).map(ToOwned::to_owned);
        }
        let direct = self.environment.exact_value(name).map(ToOwned::to_owned);
        let file_variable = format!("{name}{FILE}");
        let Some(path) = self.environment.value(&file_variable) else { return direct };
        if direct.is_some() {
            let setting = self.environment.origin(name);
            let file = self.environment.origin(&file_variable);
            self.problems.push(ConfigProblem::BothGiven { setting, file });
            return direct;
        }
        let path = Path::new(path);
        let text = (self.environment.read_file)(path);
        let text = text.map(|text| text.trim_end_matches(['\n', '\r']).to_owned());
        let empty = || std::io::Error::new(std::io::ErrorKind::InvalidData, "it is empty");
        match text.and_then(|text| if text.is_empty() { Err(empty()) } else { Ok(text) }) {
            Ok(text) => Some(text),
            Err(source) => {
                let (setting, path) = (self.environment.origin(&file_variable), path.to_owned());
                self.problems.push(ConfigProblem::BadFile { setting, path, source });
                None
            }
        }
    }

    /// Reports variables that are meant for us and that nobody reads.
    pub(super) fn unknown(&mut self) {
        let strange = |name: &&String| !variables().any(|variable| variable.is_called(name));
        for name in self.environment.variables.keys().filter(strange) {
            let suggestion = suggestion(name);
            if is_ours(name) || (is_perhaps_ours(name) && !suggestion.is_empty()) {
                let setting = Origin::Variable(name.clone());
                self.problems.push(ConfigProblem::Unknown { setting, suggestion });
            }
        }
    }
}

/// Returns what sets what one of ours is for, by any of its names, and its value.
pub(super) fn set_by(environment: &Environment<'_>, ours: &str) -> Option<(Origin, String)> {
    let variable = variables().find(|variable| variable.is_called(ours))?;
    let number = variable.index_of(ours).map(|index| index.to_string()).unwrap_or_default();
    let names = variable.names().map(|name| name.replace(NUMBER, &number));
    names.flat_map(|name| [format!("{name}{FILE}"), name]).find_map(|name| {
        let value = environment.value(&name)?.to_owned();
        Some((environment.origin(&name), value))
    })
}

/// Returns the numbers under which an environment sets a variable, by its key.
pub(super) fn numbers_of(environment: &Environment<'_>, key: &str) -> BTreeSet<String> {
    let variable = variables().find(|variable| variable.key == key);
    let names = environment.variables.keys().filter(|name| environment.value(name).is_some());
    let numbers = names.filter_map(|name| variable?.index_of(name));
    numbers.map(|number| number.to_string()).collect()
}

/// Returns the first name of a variable, with the number and the ending of one of its names.
pub(super) fn first_name(name: &str) -> Option<String> {
    let variable = variables().find(|variable| variable.is_called(name))?;
    let number = variable.index_of(name).map(|index| index.to_string()).unwrap_or_default();
    let ending = name.strip_prefix(variable.bare(name)).unwrap_or_default();
    Some(format!("{}{ending}", variable.name.replace(NUMBER, &number)))
}

/// An address may begin with an account and a password.
fn without_account(text: &str) -> String {
    text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, host)| format!("***@{host}"))
}

fn is_ours(name: &str) -> bool {
    let watch = |rest: &str| GROUPS.iter().any(|group| rest.starts_with(group));
    match name.strip_prefix("WATCH_") {
        Some(rest) => watch(rest),
        None => name.starts_with(PREFIX) && !is_injected(name),
    }
}

/// Other programs have variables that begin so, too; only a near miss is told.
fn is_perhaps_ours(name: &str) -> bool {
    ["SCAN_", "UPDATE_"].iter().any(|group| name.starts_with(group))
}

/// Kubernetes sets such variables in every pod beside a service that is called docker-auto.
fn is_injected(name: &str) -> bool {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_")
}

fn suggestion(name: &str) -> String {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let parts = name.split('_').map(|part| if is_number(part) { NUMBER } else { part });
    let pattern = parts.collect::<Vec<_>>().join("_");
    let names = variables().flat_map(Variable::names);
    let begins =
        if name.starts_with(PREFIX) { PREFIX } else { name.split('_').next().unwrap_or("") };
    did_you_mean(&pattern, names.filter(|name| name.starts_with(begins)))
}

/// Reads the number of a list's entry. A second spelling of it would be a second entry with the same one.
pub(super) fn plain_number(digits: &str) -> Option<u32> {
    let plain = digits == "0" || !digits.starts_with('0');
    let digits = digits.bytes().all(|b| b.is_ascii_digit()).then_some(digits)?;
    if plain { digits.parse().ok() } else { None }
}

impl Variable {
    /// Returns its names, the first one first.
    fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Says whether an environment's name is one of its names, or that of its file.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let bare = self.bare(name);
        self.names().any(|own| own == name || own == bare) || self.index_of(name).is_some()
    }

    /// Returns the number in an environment's name, if it is one of its names.
    fn index_of(&self, name: &str) -> Option<u32> {
        let number = |name: &str| {
            let mut patterns = self.names().filter_map(|pattern| pattern.split_once(NUMBER));
            patterns.find_map(|(before, after)| {
                let digits = name.strip_prefix(before)?.strip_suffix(after)?;
                plain_number(digits)
            })
        };
        number(name).or_else(|| number(self.bare(name)))
    }

    /// Returns the name without the ending of a secret's file.
    fn bare<'a>(&self, name: &'a str) -> &'a str {
        match self.secrecy {
            Secrecy::Secret => name.strip_suffix(FILE).unwrap_or(name),
            Secrecy::Open => name,
        }
    }
}

//! What several settings of a service tell together: its variables, its networks, whom it needs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::core::yaml::Tree;

use super::super::dotenv;
use super::form::{Form, Reader, Table, only, said};
use super::list::{each_once, items, sorted};
use super::table::NETWORK;

/// A service has no more files with variables.
const MOST_FILES: usize = 8;

/// One of them in its long form.
const FILE: Table = &[("path", Form::Text), ("required", Form::Switch)];

/// How a service needs another one.
const CONDITIONS: Table =
    &[("condition", Form::Text), ("restart", Form::Switch), ("required", Form::Switch)];

/// The settings by which a service lives in the namespace of another one.
const NAMESPACES: [&str; 5] = ["network_mode", "ipc", "pid", "uts", "cgroup"];

/// A file that sets variables of a service.
pub(super) struct Named {
    pub(super) path: String,
    required: bool,
}

impl Reader<'_> {
    /// Returns the variables of a service, null where it has none: its own stand above those of its
    /// files.
    pub(super) fn environment(&self, service: &Tree) -> Option<Value> {
        let mut all = BTreeMap::new();
        for file in self.environment_files(service)? {
            match self.files.get(&file.path)? {
                Some(file) => all.extend(variables(&file.text)?),
                None if file.required => return None,
                None => {}
            }
        }
        if let Some(own) = said(service, "environment") {
            let Value::Object(own) = Form::Environment.read(own, self)? else { return None };
            all.extend(own);
        }
        Some(if all.is_empty() { Value::Null } else { sorted(all) })
    }

    /// Returns the files that set a service's variables, in the order in which they count.
    pub(super) fn environment_files(&self, service: &Tree) -> Option<Vec<Named>> {
        let Some(given) = said(service, "env_file") else { return Some(Vec::new()) };
        let files = items(given).unwrap_or(std::slice::from_ref(given));
        if files.len() > MOST_FILES {
            return None;
        }
        let files: Option<_> = files.iter().map(|file| self.environment_file(file)).collect();
        files.map(|files| each_once(files, |file: &Named| file.path.clone()))
    }

    fn environment_file(&self, given: &Tree) -> Option<Named> {
        if given.text().is_some() {
            return Some(Named { path: self.path(&self.text(given)?), required: true });
        }
        only(given, FILE)?;
        let required = match given.get("required") {
            Some(required) => Form::Switch.read(required, self)?.as_bool()?,
            None => true,
        };
        Some(Named { path: self.path(&self.text(given.get("path")?)?), required })
    }

    /// Returns the networks of a service, of which there is one where it says nothing; null where it
    /// has another service's, or the host's.
    pub(super) fn attached(&self, service: &Tree) -> Option<Value> {
        let given = said(service, "networks").map(|given| self.networks(given));
        let networks = given.unwrap_or_else(|| Some(json!({})))?;
        let is_said = networks != json!({});
        let has_default = service.get("network_mode").is_none();
        Some(match (is_said, has_default) {
            (true, _) => networks,
            (false, true) => json!({"default": null}),
            (false, false) => Value::Null,
        })
    }

    pub(super) fn networks(&self, given: &Tree) -> Option<Value> {
        let mut networks = BTreeMap::new();
        for item in items(given).unwrap_or_default() {
            networks.insert(self.text(item)?, Value::Null);
        }
        for (name, network) in given.entries() {
            let value = if network.is_empty() {
                Value::Null
            } else {
                self.record(network, NETWORK)?.into()
            };
            networks.insert(name.clone(), value);
        }
        Some(sorted(networks))
    }

    /// Returns whom a service needs, be it said or follow from what it says; null where it is nobody.
    pub(super) fn needs(&self, service: &Tree) -> Option<Value> {
        let mut needs = match said(service, "depends_on") {
            Some(given) => self.conditions(given)?.as_object()?.clone().into_iter().collect(),
            None => BTreeMap::new(),
        };
        for (name, restart) in self.followed(service)? {
            needs.entry(name).or_insert_with(|| need("service_started", restart, true));
        }
        Some(if needs.is_empty() { Value::Null } else { sorted(needs) })
    }

    /// Returns those without whom a service cannot be, and whether it restarts with them.
    fn followed(&self, service: &Tree) -> Option<Vec<(String, bool)>> {
        let mut found = Vec::new();
        let texts = |name| said(service, name).map_or(Some(Vec::new()), |it| self.texts(it));
        let before = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
        found.extend(texts("links")?.iter().map(|link| (before(link), true)));
        for name in NAMESPACES {
            let other = texts(name)?;
            let other = other.iter().filter_map(|it| it.strip_prefix("service:"));
            found.extend(other.map(|it| (it.to_owned(), true)));
        }
        let others = texts("volumes_from")?;
        let services = others.iter().filter(|it| !it.starts_with("container:"));
        found.extend(services.map(|it| (before(it), false)));
        Some(found)
    }

    pub(super) fn conditions(&self, given: &Tree) -> Option<Value> {
        let mut needs = BTreeMap::new();
        for item in items(given).unwrap_or_default() {
            needs.insert(self.text(item)?, need("service_started", false, true));
        }
        for (name, given) in given.entries() {
            only(given, CONDITIONS)?;
            let of = |name| given.get(name).map(|it| Form::Switch.read(it, self)?.as_bool());
            let condition = self.text(given.get("condition")?)?;
            let (restart, required) = (of("restart"), of("required"));
            let value =
                need(&condition, restart.unwrap_or(Some(false))?, required.unwrap_or(Some(true))?);
            needs.insert(name.clone(), value);
        }
        Some(sorted(needs))
    }
}

fn need(condition: &str, restart: bool, required: bool) -> Value {
    let mut need = Map::new();
    need.insert("condition".to_owned(), condition.into());
    if restart {
        need.insert("restart".to_owned(), true.into());
    }
    need.insert("required".to_owned(), required.into());
    need.into()
}

/// Reads a file with variables; `None` where a value is made of others, or comes from outside: what
/// is written elsewhere may change it.
fn variables(text: &str) -> Option<BTreeMap<String, Value>> {
    let mut all = BTreeMap::new();
    for entry in dotenv::entries(text).ok()? {
        let at = entry.value?;
        let literal = text[..at.start].ends_with('\'');
        let value = &text[at];
        if value.contains(['\\', '\n']) || value.contains('$') && !literal {
            return None;
        }
        all.insert(entry.name.to_owned(), value.into());
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_made_of_others_are_not_understood() {
        for (text, expected) in [
            ("", Some("{}")),
            ("A=1\nB='$x'\nA=2\n", Some(r#"{"A":"2","B":"$x"}"#)),
            ("A=$B", None),
            ("A=\"a$B\"", None),
            ("A=\"a\\nb\"", None),
            ("A=\"a\nb\"", None),
            ("A", None),
            ("- A", None),
        ] {
            let found = variables(text).map(|all| sorted(all).to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}

//! A service of several files, or one that extends another: laid over one another as Compose does it.

use std::collections::HashMap;

use crate::core::yaml::{Shape, Tree};

use super::super::image::Files;
use super::form::{Form, Table, only};
use super::list::items;
use super::table::{FIELDS, LOGGING, NETWORK};

/// Services extend one another in no longer rows.
const LONGEST: usize = 8;

/// What a service's name alone says in the list of those that another one needs.
const NEED: [(&str, &str); 2] = [("condition", "service_started"), ("required", "true")];

/// Returns all settings of the service; `None` where it is not clear how they go together.
pub(super) fn service(files: &Files<'_>) -> Option<Tree> {
    let mut whole = None;
    for file in &files.read {
        let Some(services) = file.tree.get("services") else { continue };
        let own = services.get(&files.project.service).filter(|own| !own.is_empty());
        let Some(own) = own else { continue };
        let own = extended(services, own, LONGEST)?;
        whole = Some(match whole {
            Some(below) => over(&below, &own)?,
            None => own,
        });
    }
    whole
}

/// Returns a service with what it has from the one that it extends, in the same file.
fn extended(services: &Tree, own: &Tree, left: usize) -> Option<Tree> {
    let Some(base) = own.get("extends") else { return Some(own.clone()) };
    let left = left.checked_sub(1)?;
    let name = if let Some(name) = base.text() {
        name
    } else {
        only(base, &[("service", Form::Text)])?;
        base.get("service")?.text()?
    };
    let base = extended(services, services.get(name)?, left)?;
    over(&base, own)
}

fn over(below: &Tree, above: &Tree) -> Option<Tree> {
    // Those that reset or replace are not understood.
    if has_tags(below) || has_tags(above) {
        return None;
    }
    let mut whole = record(FIELDS, below, above)?;
    if let Shape::Mapping(entries) = &mut whole.shape {
        entries.retain(|(name, _)| name != "extends");
    }
    Some(whole)
}

impl Form {
    /// Returns a setting of which more is said above.
    fn over(self, below: &Tree, above: &Tree) -> Option<Tree> {
        match self {
            Self::Command => Some(above.clone()),
            _ if above.is_empty() => Some(below.clone()),
            _ if below.is_empty() => Some(above.clone()),
            Self::Text
            | Self::Switch
            | Self::Flag
            | Self::Number
            | Self::Amount
            | Self::Bytes
            | Self::Span
            | Self::Test
            | Self::Unmarked => Some(above.clone()),
            Self::Texts
            | Self::Lines
            | Self::UnmarkedList
            | Self::Pairs
            | Self::Environment
            | Self::Hosts => joined(listed(below), listed(above)),
            Self::Ports
            | Self::Volumes
            | Self::Devices
            | Self::Configs
            | Self::Secrets
            | Self::Each(_)
            | Self::Requests(_) => joined(list(below), list(above)),
            Self::Networks => {
                let network =
                    |_: &str, below: &_, above: &_| Self::Record(NETWORK).over(below, above);
                mapping(&named(below, &[])?, &named(above, &[])?, network)
            }
            Self::Needs => {
                let need = |_: &str, below: &_, above: &_| Self::Record(&[]).over(below, above);
                mapping(&named(below, &NEED)?, &named(above, &NEED)?, need)
            }
            Self::Logging => {
                let driver = |tree: &Tree| tree.get("driver")?.text().map(str::to_owned);
                let (one, other) = (driver(below), driver(above));
                let is_another = one.is_some() && other.is_some() && one != other;
                if is_another { Some(above.clone()) } else { record(LOGGING, below, above) }
            }
            Self::Limits => mapping(below, above, |_, _, above| Some(above.clone())),
            Self::Record(table) | Self::Always(table) => record(table, below, above),
        }
    }
}

fn record(table: Table, below: &Tree, above: &Tree) -> Option<Tree> {
    mapping(below, above, |name, below, above| {
        match table.iter().find(|(known, _)| *known == name) {
            Some((_, form)) => form.over(below, above),
            None => Some(above.clone()),
        }
    })
}

/// Returns the entries of both, those that both have by way of `both`.
fn mapping(
    below: &Tree,
    above: &Tree,
    both: impl Fn(&str, &Tree, &Tree) -> Option<Tree>,
) -> Option<Tree> {
    let (Shape::Mapping(ones), Shape::Mapping(others)) = (&below.shape, &above.shape) else {
        return None;
    };
    let mut added: HashMap<_, _> = others.iter().map(|(name, value)| (&**name, value)).collect();
    let mut all = Vec::new();
    for (name, value) in ones {
        let value = match added.remove(&**name) {
            Some(other) => both(name, value, other)?,
            None => value.clone(),
        };
        all.push((name.clone(), value));
    }
    all.extend(others.iter().filter(|(name, _)| added.contains_key(&**name)).cloned());
    Some(shaped(above, Shape::Mapping(all)))
}

fn joined(below: Option<Vec<Tree>>, above: Option<Vec<Tree>>) -> Option<Tree> {
    let (mut all, above) = (below?, above?);
    all.extend(above);
    Some(Tree { shape: Shape::Sequence(all), tagged: false, node: 0 })
}

fn list(tree: &Tree) -> Option<Vec<Tree>> {
    items(tree).map(<[_]>::to_vec)
}

/// Returns a list of what is written as a list, as a mapping, or alone.
fn listed(tree: &Tree) -> Option<Vec<Tree>> {
    match &tree.shape {
        Shape::Sequence(items) => Some(items.clone()),
        Shape::Scalar { .. } => Some(vec![tree.clone()]),
        Shape::Mapping(entries) => {
            let pair = |(name, value): &(String, Tree)| {
                let is_empty = value.is_empty();
                let text =
                    if is_empty { name.clone() } else { format!("{name}={}", value.text()?) };
                Some(scalar(value, &text))
            };
            entries.iter().map(pair).collect()
        }
    }
}

/// Returns a mapping of what is written as one, or as a list of names that each say `parts`.
fn named(tree: &Tree, parts: &[(&str, &str)]) -> Option<Tree> {
    let Some(names) = items(tree) else { return Some(tree.clone()) };
    let value = |name: &Tree| {
        let parts = parts.iter().map(|(part, text)| ((*part).to_owned(), scalar(name, text)));
        let parts: Vec<_> = parts.collect();
        let nothing = Shape::Scalar { value: String::new(), plain: true };
        shaped(name, if parts.is_empty() { nothing } else { Shape::Mapping(parts) })
    };
    let entries = names.iter().map(|name| Some((name.text()?.to_owned(), value(name))));
    Some(shaped(tree, Shape::Mapping(entries.collect::<Option<_>>()?)))
}

fn scalar(like: &Tree, text: &str) -> Tree {
    shaped(like, Shape::Scalar { value: text.to_owned(), plain: false })
}

fn shaped(like: &Tree, shape: Shape) -> Tree {
    Tree { shape, tagged: false, node: like.node }
}

fn has_tags(tree: &Tree) -> bool {
    tree.tagged
        || match &tree.shape {
            Shape::Scalar { .. } => false,
            Shape::Mapping(entries) => entries.iter().any(|(_, value)| has_tags(value)),
            Shape::Sequence(items) => items.iter().any(has_tags),
        }
}

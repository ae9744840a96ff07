//! What a configuration file holds: its keys in one row, and what stands at each.

use std::fmt;

use crate::config::variable::Kind;
use crate::core::yaml::{Shape, Tree};

use super::key::{self, Key, Sought};

/// A key that has something.
pub(super) struct Entry<'t> {
    /// The key with dots, as it is written.
    pub(super) key: String,
    pub(super) found: Found<'t>,
}

/// What is found at a key.
pub(super) enum Found<'t> {
    /// A setting.
    Setting(Sought, Written<'t>),
    /// A value where other keys belong.
    Group,
    /// A key that nobody reads, with all that is below it.
    Nothing,
    /// A key that is its value as well, since no space is between them.
    Unspaced,
}

/// What is written as a value.
#[derive(Clone, Copy)]
pub(super) enum Written<'t> {
    /// One text.
    One(&'t str),
    /// A list of texts.
    Several(&'t [Tree]),
    /// A mapping, a tag, a list within a list.
    Odd,
}

/// Returns all entries of a file, in its order.
pub(super) fn entries(tree: &Tree) -> Vec<Entry<'_>> {
    let mut found = Vec::new();
    for (name, value) in tree.entries() {
        walk(value, name.clone(), &mut found);
    }
    found
}

/// A mapping in a list has its number for a key.
fn walk<'t>(tree: &'t Tree, key: String, found: &mut Vec<Entry<'t>>) {
    let is_empty = tree.is_empty() && !tree.tagged;
    let found_here = match (key::find(&key), &tree.shape) {
        (Key::Nothing, _) if is_empty && key.contains(':') => Found::Unspaced,
        (Key::Nothing, _) => Found::Nothing,
        _ if is_empty => return,
        (Key::Setting(sought), _) => Found::Setting(sought, Written::of(tree)),
        (Key::Group, Shape::Mapping(entries)) if !tree.tagged => {
            for (name, value) in entries {
                walk(value, format!("{key}.{name}"), found);
            }
            return;
        }
        (Key::Group, Shape::Sequence(items)) if !tree.tagged && is_list(&key) => {
            for (number, item) in items.iter().enumerate() {
                walk(item, format!("{key}.{number}"), found);
            }
            return;
        }
        (Key::Group, _) => Found::Group,
    };
    // What is no key may be a value, and that a secret.
    let key = match found_here {
        Found::Nothing | Found::Unspaced => shown(&key),
        _ => key,
    };
    found.push(Entry { key, found: found_here });
}

fn shown(key: &str) -> String {
    key.split([':', '@']).next().unwrap_or_default().to_owned()
}

fn is_list(key: &str) -> bool {
    matches!(key::find(&format!("{key}.0")), Key::Group)
}

impl<'t> Written<'t> {
    fn of(tree: &'t Tree) -> Self {
        match &tree.shape {
            _ if tree.tagged => Self::Odd,
            Shape::Scalar { value, .. } => Self::One(value),
            Shape::Sequence(items)
                if items.iter().all(|item| !item.tagged && item.text().is_some()) =>
            {
                Self::Several(items)
            }
            _ => Self::Odd,
        }
    }

    /// Returns the value of a variable of this kind; the error says what to write instead.
    pub(super) fn value(&self, kind: Kind) -> Result<String, String> {
        match self {
            Self::One(text) => Ok((*text).to_owned()),
            Self::Several(items) if matches!(kind, Kind::List(_)) => {
                let texts: Vec<&str> = items.iter().filter_map(Tree::text).collect();
                let whole = !texts.iter().any(|text| text.contains(','));
                whole
                    .then(|| texts.join(","))
                    .ok_or_else(|| "write items without commas".to_owned())
            }
            Self::Several(_) | Self::Odd => Err(format!("write {kind}")),
        }
    }

    /// Returns a text that is not empty.
    pub(super) fn word(&self) -> Option<&'t str> {
        match self {
            Self::One(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(text) => f.write_str(text),
            Self::Several(items) => {
                let texts: Vec<&str> = items.iter().filter_map(Tree::text).collect();
                f.write_str(&texts.join(", "))
            }
            Self::Odd => f.write_str("a mapping, a tag or a list of such"),
        }
    }
}

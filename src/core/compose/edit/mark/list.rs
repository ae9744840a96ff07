//! Lists and mappings as Compose understands them: in an order, and each thing once.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use crate::core::yaml::{Shape, Tree};

/// Returns the items of a list.
pub(super) fn items(given: &Tree) -> Option<&[Tree]> {
    match &given.shape {
        Shape::Sequence(items) => Some(items),
        _ => None,
    }
}

/// Returns what is made of each item.
pub(super) fn each(given: &Tree, read: impl Fn(&Tree) -> Option<Value>) -> Option<Vec<Value>> {
    items(given)?.iter().map(read).collect()
}

/// Returns a mapping with its names in their order.
pub(super) fn sorted(pairs: BTreeMap<String, Value>) -> Value {
    pairs.into_iter().collect::<Map<_, _>>().into()
}

/// The last of those with the same name stands where the first one did.
pub(super) fn each_once<T>(all: Vec<T>, name: impl Fn(&T) -> String) -> Vec<T> {
    let (mut places, mut kept) = (HashMap::new(), Vec::new());
    for one in all {
        let place = *places.entry(name(&one)).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(known) => *known = one,
            None => kept.push(one),
        }
    }
    kept
}

/// The name ends where a value begins.
pub(super) fn each_name_once(texts: Vec<String>) -> Vec<String> {
    each_once(texts, |text| text.split_once('=').map_or(&**text, |(name, _)| name).to_owned())
}

/// One thing is mounted at each place.
pub(super) fn at_one_target(all: Vec<Value>) -> Value {
    let target = |one: &Value| {
        let source = || one.get("source").and_then(Value::as_str).map(|it| format!("/{it}"));
        let target = one.get("target").and_then(Value::as_str).map(str::to_owned);
        target.or_else(source).unwrap_or_default()
    };
    each_once(all, target).into()
}

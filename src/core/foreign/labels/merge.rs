//! Two foreign labels that mean one of ours: what restrains more counts.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use crate::core::duration;
use crate::core::hook;
use crate::core::policy::Mode;

/// Our labels that were made, each with its value and the foreign label that it was made from.
pub(super) type Made = BTreeMap<String, (String, String)>;

/// What becomes of two different values of one of our labels.
#[derive(Clone, Copy)]
enum Rule {
    /// The one with the higher rank counts.
    Higher(fn(&str) -> Option<u128>),
    /// Both, with this between them.
    Both(&'static str),
    /// Both, of which any may match.
    Any,
}

/// The rules; where there is none, both cannot be had.
const RULES: [(&str, Rule); 8] = [
    ("docker-auto.mode", Rule::Higher(|text| rank(text, Mode::WORDS.map(|(word, _)| word)))),
    ("docker-auto.enable", Rule::Higher(|text| rank(text, ["true", "false"]))),
    ("docker-auto.track", Rule::Higher(|text| rank(text, ["major", "minor", "patch", "tag"]))),
    ("docker-auto.cooldown", Rule::Higher(milliseconds)),
    (hook::TIMEOUT, Rule::Higher(milliseconds)),
    ("docker-auto.health.soak", Rule::Higher(milliseconds)),
    ("docker-auto.depends-on", Rule::Both(",")),
    ("docker-auto.tag.exclude", Rule::Any),
];

fn rank<const N: usize>(text: &str, words: [&str; N]) -> Option<u128> {
    words.iter().zip(0..).find(|(word, _)| **word == text).map(|(_, rank)| rank)
}

fn milliseconds(text: &str) -> Option<u128> {
    duration::parse(text).ok().as_ref().map(Duration::as_millis)
}

fn rule(ours: &str) -> Option<Rule> {
    RULES.iter().find(|(known, _)| *known == ours).map(|(_, rule)| *rule)
}

/// Says whether what stands in one of our labels has a value that was merged into it.
pub(super) fn holds(ours: &str, stands: &str, value: &str) -> bool {
    stands == value || matches!(rule(ours), Some(Rule::Both(_) | Rule::Any))
}

/// Puts a value of one of our labels beside what stands there; the error says why it cannot be had
/// as well.
pub(super) fn merge(
    made: &mut Made,
    ours: String,
    (value, name): (String, String),
) -> Result<(), String> {
    let rule = rule(&ours);
    let mut stands = match made.entry(ours) {
        Entry::Vacant(free) => {
            free.insert((value, name));
            return Ok(());
        }
        Entry::Occupied(stands) => stands,
    };
    let (ours, before) = (stands.key().clone(), stands.get().0.clone());
    match rule {
        _ if before == value => {}
        Some(Rule::Higher(rank)) if rank(&before) >= rank(&value) => {}
        Some(Rule::Higher(_)) => drop(stands.insert((value, name))),
        Some(Rule::Both(between)) => stands.get_mut().0 = format!("{before}{between}{value}"),
        Some(Rule::Any) => stands.get_mut().0 = format!("(?:{before})|(?:{value})"),
        None => {
            let other = &stands.get().1;
            return Err(format!(
                "{other} says something else, and both cannot be had: write {ours}"
            ));
        }
    }
    Ok(())
}

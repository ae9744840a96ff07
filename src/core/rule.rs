//! Rules that people store: settings for the containers that they match, between the configuration and
//! the labels.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::core::compose::{Compose, Labels};
use crate::core::id::HostId;
use crate::core::inventory::Container;
use crate::core::labels::{self, LabelProblem};
use crate::core::policy::{LabelSelector, Policy, PolicyPatch};
use crate::core::reference::ImageRef;

/// The longest name of a rule.
const LONGEST_NAME: usize = 64;

/// A rule: what it matches, and the settings that it makes for that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name; set by who stores it.
    #[serde(default)]
    pub name: String,
    /// Among rules that set the same, the greater number counts; then the name that comes last.
    #[serde(default)]
    pub priority: i32,
    /// Which containers it is for.
    #[serde(default, rename = "match")]
    pub matches: Matches,
    /// Its settings: labels without `docker-auto.` in front.
    pub set: BTreeMap<String, String>,
}

/// Which containers are matched: all that every given field matches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matches {
    /// A pattern of the container's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A pattern of the image, as it was given or in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// A pattern of the compose project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// A pattern of the host's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// A label: `KEY` or `KEY=VALUE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// What is wrong with a rule: the field and the cure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleProblem {
    /// The field, as it stands in the rule.
    pub field: String,
    /// What to write instead.
    pub cure: String,
}

impl fmt::Display for RuleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.cure)
    }
}

impl std::error::Error for RuleProblem {}

impl Rule {
    /// Says what is wrong with it, if anything.
    pub fn problem(&self) -> Option<RuleProblem> {
        let problem = |field: &str, cure: &str| {
            Some(RuleProblem { field: field.to_owned(), cure: cure.to_owned() })
        };
        if !is_name(&self.name) {
            let cure = "write a name of letters, digits, dots, dashes and underscores, at most 64, \
                        that begins with a letter or digit";
            return problem("name", cure);
        }
        let Matches { name, image, project, host, label } = &self.matches;
        let patterns = [
            ("match.name", name),
            ("match.image", image),
            ("match.project", project),
            ("match.host", host),
        ];
        for (field, pattern) in patterns {
            if pattern.as_ref().is_some_and(|pattern| pattern.trim().is_empty()) {
                return problem(field, "write a pattern such as web-*, or leave the field out");
            }
        }
        if label.as_ref().is_some_and(|label| LabelSelector::parse(label).is_none()) {
            return problem("match.label", "write KEY or KEY=VALUE");
        }
        if self.set.is_empty() {
            return problem("set", "write at least one setting, such as \"mode\": \"approve\"");
        }
        let (_, problems) = labels::read_rule(&self.name, &self.set);
        problems
            .into_iter()
            .next()
            .map(|(key, cure)| RuleProblem { field: format!("set.{key}"), cure })
    }

    /// Says whether it is for a container of a host.
    pub fn is_for(&self, host: &HostId, container: &Container) -> bool {
        let Matches { name, image, project, host: of_host, label } = &self.matches;
        let fits = |pattern: &Option<String>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| matches(pattern, text))
        };
        fits(name, container.name.as_str())
            && fits(of_host, host.as_str())
            && image.as_ref().is_none_or(|pattern| is_image(pattern, &container.image))
            && project.as_ref().is_none_or(|pattern| is_project(pattern, &container.labels))
            && label.as_ref().is_none_or(|label| has_label(label, &container.labels))
    }

    /// Returns its settings.
    pub fn patch(&self) -> PolicyPatch {
        labels::read_rule(&self.name, &self.set).0
    }
}

/// Lays the rules of a container over the configuration, and its labels over them; returns the labels
/// that mean nothing as well.
pub fn policy(
    configured: &Policy,
    rules: &[Rule],
    host: &HostId,
    container: &Container,
) -> (Policy, Vec<LabelProblem>) {
    let meant = rules.iter().filter(|rule| rule.is_for(host, container));
    let ruled = meant.fold(configured.clone(), |policy, rule| policy.with(rule.patch()));
    let (patch, problems) = labels::read(&container.labels);
    (ruled.with(patch), problems)
}

/// Puts rules into the order in which they are laid over one another.
pub fn sort(rules: &mut [Rule]) {
    rules.sort_by(|one, other| (one.priority, &one.name).cmp(&(other.priority, &other.name)));
}

fn is_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    name.len() <= LONGEST_NAME
        && name.bytes().all(good)
        && name.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
}

fn is_image(pattern: &str, given: &str) -> bool {
    let full = ImageRef::parse(given).ok();
    matches(pattern, given)
        || full.is_some_and(|full| {
            matches(pattern, &full.to_string()) || matches(pattern, &full.familiar())
        })
}

fn is_project(pattern: &str, labels: &Labels) -> bool {
    Compose::read(labels).is_some_and(|compose| matches(pattern, &compose.project))
}

fn has_label(label: &str, labels: &Labels) -> bool {
    LabelSelector::parse(label).is_some_and(|selector| selector.matches(labels))
}

/// Says whether a text is of a pattern: `*` stands for any text, `?` for one character.
pub fn matches(pattern: &str, text: &str) -> bool {
    let pieces: Vec<Vec<char>> = pattern.split('*').map(|piece| piece.chars().collect()).collect();
    let text: Vec<char> = text.chars().collect();
    match pieces.split_first() {
        Some((whole, [])) => is_piece(whole, &text),
        Some((first, [middle @ .., last])) => stretches(first, middle, last, &text).is_some(),
        None => false,
    }
}

/// Returns something where a text begins and ends so, with the other pieces in order between.
fn stretches(first: &[char], middle: &[Vec<char>], last: &[char], text: &[char]) -> Option<()> {
    let (start, rest) = text.split_at_checked(first.len())?;
    let (mut between, end) = rest.split_at_checked(rest.len().checked_sub(last.len())?)?;
    for piece in middle.iter().filter(|piece| !piece.is_empty()) {
        let place = between.windows(piece.len()).position(|part| is_piece(piece, part))?;
        between = between.get(place + piece.len()..)?;
    }
    (is_piece(first, start) && is_piece(last, end)).then_some(())
}

fn is_piece(piece: &[char], text: &[char]) -> bool {
    piece.len() == text.len()
        && piece.iter().zip(text).all(|(wanted, found)| *wanted == '?' || wanted == found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, expected) in [
            ("web", "web", true),
            ("web", "web-1", false),
            ("web-*", "web-1", true),
            ("web-*", "web-", true),
            ("*-db-*", "a-db-1", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("we?", "web", true),
            ("we?", "we", false),
            ("**a**b", "xaxxb", true),
            ("*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
            ("é?", "éé", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_bad_rule_names_its_field_and_the_cure() {
        for (name, json, words) in [
            ("a", r#"{"set":{"mode":"watch"}}"#, ""),
            ("a.b-c_1", r#"{"match":{"name":"web-*"},"set":{"stop-timeout":"5s"}}"#, ""),
            ("", r#"{"set":{"mode":"watch"}}"#, "name: write a name"),
            ("-a", r#"{"set":{"mode":"watch"}}"#, "name: write a name"),
            ("a/b", r#"{"set":{"mode":"watch"}}"#, "name: write a name"),
            ("a", r#"{"set":{}}"#, "set: write at least one"),
            (
                "a",
                r#"{"match":{"name":" "},"set":{"mode":"watch"}}"#,
                "match.name: write a pattern",
            ),
            ("a", r#"{"match":{"label":"=x"},"set":{"mode":"watch"}}"#, "match.label: write KEY"),
            ("a", r#"{"set":{"mode":"watchh"}}"#, "set.mode: write one of auto, approve"),
            ("a", r#"{"set":{"mod":"watch"}}"#, "did you mean mode?"),
            ("a", r#"{"set":{"hook.user":"1"}}"#, "set.hook.user: only a label"),
            ("a", r#"{"set":{"health.timeout":"2"}}"#, "set.health.timeout: "),
        ] {
            let rule = Rule { name: name.into(), ..serde_json::from_str(json).unwrap() };
            let problem = rule.problem().map(|problem| problem.to_string()).unwrap_or_default();
            assert!(problem.contains(words) && problem.is_empty() == words.is_empty(), "{problem}");
        }
    }
}

//! The settings that hold for all containers alike.

use std::fmt;

use chrono_tz::Tz;

use crate::core::compose::Labels;
use crate::core::foreign::Idiom;
use crate::core::id::ContainerName;
use crate::core::policy::Sourced;
use crate::core::window::Schedule;

/// When containers are updated without being asked about one by one.
#[derive(Clone, Debug, PartialEq)]
pub enum Updates {
    /// Never: what is newer is only shown.
    Never,
    /// As soon as a check finds something.
    AtCheck,
    /// At these times.
    At(Schedule),
}

/// Which containers are this instance's matter, where several share a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All, whatever scope they have.
    All,
    /// Those without a scope.
    None,
    /// Those with this scope.
    Named(String),
}

impl Scope {
    /// The word for no scope.
    const NONE: &str = "none";

    /// Reads the name of a scope, or `none`.
    pub fn parse(text: &str) -> Self {
        match text.trim() {
            word if word.eq_ignore_ascii_case(Self::NONE) => Self::None,
            name => Self::Named(name.to_owned()),
        }
    }

    /// Says whether a container with this scope is meant.
    pub fn includes(&self, scope: Option<&str>) -> bool {
        let of_none = |scope: &str| scope.is_empty() || scope.eq_ignore_ascii_case(Self::NONE);
        let scope = scope.map(str::trim).filter(|scope| !of_none(scope));
        match self {
            Self::All => true,
            Self::None => scope.is_none(),
            Self::Named(name) => scope == Some(name),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all containers"),
            Self::None => f.write_str("containers without a scope"),
            Self::Named(name) => write!(f, "containers of the scope {name}"),
        }
    }
}

/// A label, or a label with a certain value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSelector {
    key: String,
    value: Option<String>,
}

impl LabelSelector {
    /// Reads `key` or `key=value`; `None` where the key is missing.
    pub fn parse(text: &str) -> Option<Self> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key.trim(), Some(value.trim().to_owned())),
            None => (text.trim(), None),
        };
        (!key.is_empty()).then(|| Self { key: key.to_owned(), value })
    }

    /// Says whether a container with these labels is meant.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        value.is_some_and(|value| self.value.as_ref().is_none_or(|wanted| wanted == value))
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        self.value.as_ref().map_or(Ok(()), |value| write!(f, "={value}"))
    }
}

/// A container's name, or a regular expression that must match the whole of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern(String);

impl NamePattern {
    /// Takes a pattern; one that is no regular expression stands for itself.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Says whether a container of this name is meant.
    pub fn matches(&self, name: &ContainerName) -> bool {
        let pattern = || regex::Regex::new(&format!("^(?:{})$", self.0)).ok();
        self.0 == name.as_str() || pattern().is_some_and(|it| it.is_match(name.as_str()))
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The settings that hold for all containers alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// When containers are updated by themselves.
    pub updates: Sourced<Updates>,
    /// Whether that includes containers that compose made.
    pub allow_compose: Sourced<bool>,
    /// Whether containers that do not run are looked at.
    pub include_stopped: Sourced<bool>,
    /// Containers with one of these labels are left alone.
    pub skip_labels: Sourced<Vec<LabelSelector>>,
    /// Unless empty, only containers with one of these labels are looked at.
    pub only_labels: Sourced<Vec<LabelSelector>>,
    /// Containers with one of these labels are left alone.
    pub exclude_labels: Sourced<Vec<LabelSelector>>,
    /// Containers with one of these names are left alone.
    pub exclude_names: Sourced<Vec<NamePattern>>,
    /// Whether images that were built here are left alone.
    pub skip_local_build: Sourced<bool>,
    /// Whether references with a digest are left alone.
    pub skip_pinned_digest: Sourced<bool>,
    /// Whether tags such as `1.2.3` and `v1.2.3` are left alone.
    pub skip_semver_pinned: Sourced<bool>,
    /// Unless empty, the only tags that are looked at.
    pub floating_tags: Sourced<Vec<String>>,
    /// What the labels of other tools mean.
    pub idiom: Idiom,
    /// Which containers are this instance's matter.
    pub scope: Sourced<Scope>,
    /// The time zone of what goes by the clock on the wall.
    pub time_zone: Tz,
}

impl Default for Rules {
    fn default() -> Self {
        let skip = LabelSelector { key: "watchdocker.skip".into(), value: Some("true".into()) };
        Self {
            updates: Sourced::by_default(Updates::Never),
            allow_compose: Sourced::by_default(false),
            include_stopped: Sourced::by_default(false),
            skip_labels: Sourced::by_default(vec![skip]),
            only_labels: Sourced::by_default(Vec::new()),
            exclude_labels: Sourced::by_default(Vec::new()),
            exclude_names: Sourced::by_default(Vec::new()),
            skip_local_build: Sourced::by_default(true),
            skip_pinned_digest: Sourced::by_default(true),
            skip_semver_pinned: Sourced::by_default(true),
            floating_tags: Sourced::by_default(Vec::new()),
            idiom: Idiom::default(),
            scope: Sourced::by_default(Scope::All),
            time_zone: Tz::UTC,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_whole() {
        for (pattern, name, matches) in [
            ("db", "db", true),
            ("db", "db2", false),
            ("db.*", "db2", true),
            ("a|b", "b", true),
            ("a|b", "ab", false),
            ("(", "(", true),
            ("(", "a", false),
        ] {
            let found = NamePattern::new(pattern).matches(&ContainerName::new(name));
            assert_eq!(found, matches, "{pattern} {name}");
        }
    }

    #[test]
    fn scopes_include_their_own() {
        for (scope, all, none, web) in [
            (None, true, true, false),
            (Some(""), true, true, false),
            (Some("None"), true, true, false),
            (Some("web"), true, false, true),
            (Some(" web "), true, false, true),
            (Some("Web"), true, false, false),
        ] {
            assert_eq!(Scope::All.includes(scope), all, "{scope:?}");
            assert_eq!(Scope::parse("NONE").includes(scope), none, "{scope:?}");
            assert_eq!(Scope::parse(" web").includes(scope), web, "{scope:?}");
        }
    }

    #[test]
    fn selectors_match_keys_and_values() {
        let labels = Labels::from([("a".into(), "1".into()), ("b".into(), String::new())]);
        for (text, matches) in [
            ("a", true),
            ("a=1", true),
            ("a = 1", true),
            ("a=2", false),
            ("a=", false),
            ("b=", true),
            ("c", false),
        ] {
            assert_eq!(LabelSelector::parse(text).unwrap().matches(&labels), matches, "{text}");
        }
        assert_eq!(LabelSelector::parse("=1"), None);
        assert_eq!(LabelSelector::parse(" "), None);
    }
}

//! How another tool was configured, as far as it says what its labels mean.

use std::collections::BTreeMap;

use crate::core::value;

/// How another tool was configured, as far as it says what its labels mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Idiom {
    /// Watchtower's variables, where there are any.
    pub watchtower: Option<Watchtower>,
    /// Whether WUD or drydock updates by itself what it watches.
    pub watched_are_updated: bool,
}

/// What Watchtower's variables say of its labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watchtower {
    /// Whether nothing is updated.
    pub monitor_only: bool,
    /// Whether the label `monitor-only=false` stands above the variable.
    pub label_takes_precedence: bool,
    /// Whether hooks are run.
    pub hooks: bool,
    /// Who runs them, and the variable that says so.
    pub hook_user: Option<(String, &'static str)>,
}

const UID: &str = "WATCHTOWER_LIFECYCLE_UID";
const GID: &str = "WATCHTOWER_LIFECYCLE_GID";

impl Idiom {
    /// Reads it from an environment.
    pub fn of(variables: &BTreeMap<String, String>) -> Self {
        let watchtower = variables.keys().any(|name| name.starts_with("WATCHTOWER_"));
        Self {
            watchtower: watchtower.then(|| Watchtower::of(variables)),
            watched_are_updated: triggers(variables),
        }
    }
}

impl Watchtower {
    fn of(variables: &BTreeMap<String, String>) -> Self {
        let hook_user = match (text(variables, UID), text(variables, GID)) {
            (Some(uid), Some(gid)) => Some((format!("{uid}:{gid}"), UID)),
            (Some(uid), None) => Some((uid.to_owned(), UID)),
            (None, _) => None,
        };
        Self {
            monitor_only: is_on(variables, "WATCHTOWER_MONITOR_ONLY"),
            label_takes_precedence: is_on(variables, "WATCHTOWER_LABEL_TAKE_PRECEDENCE"),
            hooks: is_on(variables, "WATCHTOWER_LIFECYCLE_HOOKS"),
            hook_user,
        }
    }
}

/// Says whether a variable is there and says yes.
pub(super) fn is_on(variables: &BTreeMap<String, String>, name: &str) -> bool {
    text(variables, name).is_some_and(|text| value::switch(text) == Ok(true))
}

/// Returns a variable that is not empty.
pub(super) fn text<'a>(variables: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    variables.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// Says whether there is a trigger that replaces containers by itself.
pub(super) fn triggers(variables: &BTreeMap<String, String>) -> bool {
    let kinds = ["WUD_TRIGGER_DOCKER", "DD_TRIGGER_DOCKER", "DD_ACTION_DOCKER"];
    let of_docker = |name: &str| kinds.iter().any(|kind| name.starts_with(kind));
    let given: Vec<_> = variables.iter().filter(|(name, _)| of_docker(name)).collect();
    let refused = given.iter().any(|(name, value)| {
        let auto = name.ends_with("_AUTO") && value::switch(value) == Ok(false);
        auto || name.ends_with("_DRYRUN") && value::switch(value) == Ok(true)
    });
    !given.is_empty() && !refused
}

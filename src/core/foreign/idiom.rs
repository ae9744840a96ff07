//! How another tool was configured, as far as it says what its labels mean.

use std::collections::BTreeMap;

use crate::core::foreign::trigger::triggers;
use crate::core::foreign::watcher;
use crate::core::value::{list, switch};

/// How another tool was configured, as far as it says what its labels mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Idiom {
    /// Watchtower's variables, where there are any.
    pub watchtower: Option<Watchtower>,
    /// Whether WUD or drydock updates by itself what it watches.
    pub watched_are_updated: bool,
    /// How many days old an image must be for drydock, where a label asks for that alone.
    pub min_age_days: Option<u32>,
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

/// Who runs hooks.
pub(super) const UID: &str = "WATCHTOWER_LIFECYCLE_UID";
/// Their group.
pub(super) const GID: &str = "WATCHTOWER_LIFECYCLE_GID";
/// Images whose containers Watchtower leaves alone.
pub(super) const SKIPPED_IMAGES: &str = "WATCHTOWER_SKIP_IMAGE_NAMES";
/// Images whose containers Watchtower only looks at.
pub(super) const MONITORED_IMAGES: &str = "WATCHTOWER_MONITOR_IMAGE_NAMES";
/// With it Watchtower looks once, and ends.
pub(super) const RUN_ONCE: &str = "WATCHTOWER_RUN_ONCE";
/// With it Watchtower waits to be asked, unless it polls as well.
pub(super) const API_UPDATE: &str = "WATCHTOWER_HTTP_API_UPDATE";
/// The same, as one of a list.
pub(super) const API_ENDPOINTS: &str = "WATCHTOWER_HTTP_API_ENDPOINTS";

impl Idiom {
    /// Reads it from an environment.
    pub fn of(variables: &BTreeMap<String, String>) -> Self {
        let watchtower = variables.keys().any(|name| name.starts_with("WATCHTOWER_"));
        Self {
            watchtower: watchtower.then(|| Watchtower::of(variables)),
            watched_are_updated: triggers(variables),
            min_age_days: watcher::min_age(variables),
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
            label_takes_precedence: is_on(variables, "WATCHTOWER_LABEL_TAKE_PRECEDENCE")
                && restraint(variables).is_none()
                && !may_be_on(variables, "WATCHTOWER_NO_PULL"),
            hooks: is_on(variables, "WATCHTOWER_LIFECYCLE_HOOKS"),
            hook_user,
        }
    }
}

/// Says whether a variable is there and says yes.
pub(super) fn is_on(variables: &BTreeMap<String, String>, name: &str) -> bool {
    text(variables, name).is_some_and(|text| switch(text) == Ok(true))
}

/// Says whether a variable is there and does not say no.
pub(super) fn may_be_on(variables: &BTreeMap<String, String>, name: &str) -> bool {
    text(variables, name).is_some_and(|text| switch(text) != Ok(false))
}

/// Returns a variable that is not empty.
pub(super) fn text<'a>(variables: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    variables.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// Returns the variable for which Watchtower leaves some containers alone, or never looks by itself,
/// in a way that cannot be had here: beside it nothing of Watchtower's is consent to updates.
pub(super) fn restraint(variables: &BTreeMap<String, String>) -> Option<&'static str> {
    let waits = !is_on(variables, "WATCHTOWER_HTTP_API_PERIODIC_POLLS");
    let restraints = [
        (SKIPPED_IMAGES, text(variables, SKIPPED_IMAGES).is_some()),
        (MONITORED_IMAGES, text(variables, MONITORED_IMAGES).is_some()),
        (RUN_ONCE, may_be_on(variables, RUN_ONCE)),
        (API_UPDATE, waits && may_be_on(variables, API_UPDATE)),
        (API_ENDPOINTS, waits && text(variables, API_ENDPOINTS).is_some_and(has_updates)),
    ];
    restraints.into_iter().find(|(_, holds)| *holds).map(|(name, _)| name)
}

/// Says whether a list of endpoints has the one that updates.
fn has_updates(endpoints: &str) -> bool {
    let endpoints = endpoints.to_ascii_lowercase().replace(' ', ",");
    list(&endpoints).any(|endpoint| endpoint == "all" || endpoint.contains("update"))
}

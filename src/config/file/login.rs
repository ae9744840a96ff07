//! Credentials of a configuration file beside those of the environment: no password may go to another
//! registry than the one that it is written for.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Environment;
use crate::config::reader::{numbers_of, set_by};
use crate::config::registry::registry;

use super::entry::{Entry, Found, Written};

const GROUP: &str = "registry.auth.<n>.";
const HOST: &str = "registry.auth.<n>.host";

/// The parts of the file's credentials with a number, by the keys of their variables.
type Parts<'e> = BTreeMap<&'static str, &'e Written<'e>>;

/// Returns the numbers of the file's credentials that do not count, and why.
pub(super) fn refused(
    entries: &[Entry<'_>],
    given: &Environment<'_>,
) -> BTreeMap<String, &'static str> {
    let mut logins: BTreeMap<&str, Parts<'_>> = BTreeMap::new();
    for entry in entries {
        if let Found::Setting(sought, written) = &entry.found
            && sought.variable.key.starts_with(GROUP)
        {
            logins.entry(&sought.index).or_default().insert(sought.variable.key, written);
        }
    }
    let why =
        |(index, parts): (&str, Parts<'_>)| Some((index.to_owned(), why(index, &parts, given)?));
    logins.into_iter().filter_map(why).collect()
}

fn why(index: &str, parts: &Parts<'_>, given: &Environment<'_>) -> Option<&'static str> {
    let of_environment = |index: &str, part: &str| {
        let name = format!("DOCKER_AUTO_REGISTRY_AUTH_{index}_{part}");
        set_by(given, &name).map(|(_, value)| value)
    };
    let is_given = |part| of_environment(index, part).is_some();
    let host = |text: &str| registry(text).unwrap_or_else(|_| text.to_owned());
    let own = parts.get(HOST).and_then(|written| written.word()).map(host);
    let given_host = of_environment(index, "HOST").map(|text| host(&text));
    if given_host.is_some() && own != given_host {
        return Some("the environment has credentials with this number for another registry");
    }
    if is_given("TOKEN") || (is_given("USERNAME") && is_given("PASSWORD")) {
        return Some("the environment has credentials with this number");
    }
    let numbers: BTreeSet<String> = numbers_of(given, HOST);
    let others = numbers.iter().filter(|number| *number != index);
    let hosts = others.filter_map(|number| of_environment(number, "HOST"));
    if own.is_some() && hosts.map(|text| host(&text)).any(|given| Some(given) == own) {
        return Some("the environment has credentials for this registry");
    }
    let is_written =
        |written: &&Written<'_>| written.word().is_some() || !matches!(written, Written::One(_));
    let others = parts.iter().filter(|(key, _)| **key != HOST).any(|(_, it)| is_written(it));
    let alone = !others && !is_given("USERNAME") && !is_given("PASSWORD");
    alone.then_some("there is neither an account nor a token with it")
}

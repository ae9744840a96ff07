//! Variables of other tools become ours before ours are read.

use std::sync::Arc;

use crate::config::reader::{first_name, set_by};
use crate::config::{Config, ConfigProblem, Environment};
use crate::core::foreign::variables::{FoundVariable, Source, read};
use crate::core::foreign::{Idiom, Meaning, Setting};
use crate::core::policy::Origin;

/// Returns the environment with what other tools' variables stand for, and what there is to say of
/// them. Ours stand above theirs.
pub(super) fn understand<'a>(given: &Environment<'a>) -> (Environment<'a>, Vec<ConfigProblem>) {
    let mut environment = given.clone();
    let mut told = Vec::new();
    for found in read(&given.variables) {
        told.extend(take(&mut environment, found));
    }
    (environment, told)
}

/// Lays what one variable means over an environment.
fn take(environment: &mut Environment<'_>, found: FoundVariable) -> Vec<ConfigProblem> {
    let FoundVariable { name, value, meaning, source, .. } = found;
    let theirs = Origin::Variable(name);
    let settings = match meaning {
        Ok(Meaning::Ours(settings)) => settings,
        Ok(Meaning::Already(why)) => return note(theirs, source, format!("nothing to set: {why}")),
        Ok(Meaning::Nothing(why)) => {
            return vec![ConfigProblem::NoEquivalent { setting: theirs, why: why.to_owned() }];
        }
        Err(cure) => {
            let value = value.to_string();
            return vec![ConfigProblem::BadValue { setting: theirs, value, cure }];
        }
    };
    let mut problems = Vec::new();
    let mut read_as: Vec<String> = Vec::new();
    for setting in settings {
        if first_name(&setting.name).is_none() {
            let why = format!("{} is not known", setting.name);
            problems.push(ConfigProblem::NoEquivalent { setting: theirs.clone(), why });
            continue;
        }
        match set_by(environment, &setting.name) {
            None => {
                read_as.push(setting.to_string());
                add(environment, &setting, &theirs);
            }
            Some((winner, other))
                if source == Source::Written && other != setting.value.expose() =>
            {
                let why = format!("{winner} is set as well and stands above it");
                problems.push(ConfigProblem::Ignored { setting: theirs.clone(), why });
            }
            Some(_) => {}
        }
    }
    if !read_as.is_empty() {
        problems.extend(note(theirs, source, read_as.join(", ")));
    }
    problems
}

fn note(setting: Origin, source: Source, meaning: String) -> Vec<ConfigProblem> {
    let meaning = match source {
        Source::Written => meaning,
        Source::Implied if meaning.contains("DOCKER_AUTO_UPDATE_ENABLED=false") => {
            format!("no consent to updates: {meaning}")
        }
        Source::Implied => format!("consent to its tool's defaults, which are {meaning}"),
    };
    vec![ConfigProblem::Understood { setting, meaning }]
}

fn add(environment: &mut Environment<'_>, setting: &Setting, theirs: &Origin) {
    environment.variables.insert(setting.name.clone(), setting.value.expose().to_owned());
    environment.made_from.insert(setting.name.clone(), theirs.clone());
}

/// Notes what the labels of other tools mean beside these variables.
pub(super) fn settle(config: &mut Config, environment: &Environment<'_>) {
    Arc::make_mut(&mut config.policy.rules).idiom = Idiom::of(&environment.variables);
}

#[cfg(test)]
mod tests;

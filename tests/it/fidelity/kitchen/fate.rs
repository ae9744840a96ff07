//! What became of each field that the engine's API has for a new container.

use bollard::models::ContainerCreateBody;
use serde_json::Value;

use crate::support::engine::Engine;
use crate::support::model::{EACH, Field, fields};

use super::cook::{Results, Served};
use super::dishes::{UNSET, Unset};
use super::table::{Fate, Row};

/// Returns what became of each field of a create body on each engine.
pub(super) fn of_fields(results: &[Results], problems: &mut Vec<String>) -> Vec<Row> {
    let all = fields::<ContainerCreateBody>();
    assert!(all.len() > 130, "the fields are found: {}", all.len());
    let mut fates = Vec::new();
    for field in all {
        let mut of_field = Vec::new();
        for Results { engine, served, .. } in results {
            match fate(&field, *engine, served) {
                Ok(fate) => of_field.extend(fate),
                Err(problem) => problems.push(format!("{engine:?} {field}: {problem}")),
            }
        }
        if !of_field.is_empty() {
            fates.push((field.path, of_field));
        }
    }
    fates
}

fn fate(field: &Field, engine: Engine, served: &[Served]) -> Result<Option<Fate>, &'static str> {
    let unset = unset(field, engine);
    if unset == Some(Unset::Given) {
        return Ok(None);
    }
    let field = shown(field);
    let [plain, dishes @ ..] = served else { return Err("nothing was served") };
    let nothing = field.values(&plain.before);
    let asked: Vec<_> = dishes.iter().filter(|one| field.values(&one.before) != nothing).collect();
    let is_kept = asked.iter().any(|one| survived(&field, one, &nothing));
    match (unset, asked.is_empty()) {
        (None, true) => Err("no container asks for it, and nothing says why"),
        (None, false) => Ok(Some(if is_kept { Fate::Kept } else { Fate::Changed })),
        (Some(Unset::Machine), nobody) if nobody || is_kept => Ok(Some(Fate::ByMachine)),
        (Some(Unset::Unknown), true) => Ok(Some(Fate::Unknown)),
        (Some(Unset::OnTheBody(_)), true) => Ok(Some(Fate::OnTheBody)),
        (Some(_), _) => Err("it is asked for, although something says why not"),
    }
}

/// Returns why a field is not asked for.
fn unset(field: &Field, engine: Engine) -> Option<Unset> {
    let path = field.to_string();
    let begins = |begin: &str| {
        path.strip_prefix(begin).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let found = UNSET.iter().find(|(begin, engines, _)| engines.contains(&engine) && begins(begin));
    found.map(|(.., why)| *why)
}

/// Returns where an engine shows a field of a create body.
fn shown(field: &Field) -> Field {
    let path = match field.path.as_slice() {
        ["HostConfig", ..] => field.path.clone(),
        ["NetworkingConfig", "EndpointsConfig", EACH, rest @ ..] => {
            [&["NetworkSettings", "Networks", EACH], rest].concat()
        }
        path => [&["Config"], path].concat(),
    };
    field.at(path)
}

/// Says whether a field is shown as it was, or at least what is otherwise than by default.
fn survived(field: &Field, served: &Served, plain: &[(String, &Value)]) -> bool {
    let (before, after) = (field.values(&served.before), field.values(&served.after));
    before == after || before.iter().any(|own| !plain.contains(own) && after.contains(own))
}

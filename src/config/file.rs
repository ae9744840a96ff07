//! A configuration file: its keys become variables before these are read, below those of the environment
//! (requirement D5).

mod entry;
mod key;
mod login;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::reader::set_by;
use crate::config::variable::Secrecy;
use crate::config::{ConfigProblem, Environment, variables};
use crate::core::ourselves::CONFIGURATION;
use crate::core::policy::Origin;
use crate::core::value::did_you_mean;
use crate::core::yaml::{Document, Shape, Tree, YamlError};

use self::entry::{Entry, Found, Written, entries};
use self::key::Sought;

/// Where it is looked for where nothing names it.
const PLACE: &str = "/etc/docker-auto/config.yaml";
/// Its name in the data directory, where it is looked for first.
const NAME: &str = "config.yaml";
/// What names an empty file, also where it is none.
const NOTHING: &str = "/dev/null";

/// Returns the environment with what the file says, the file, and what there is to say of it.
pub(super) fn lay_under<'a>(
    given: &Environment<'a>,
) -> (Environment<'a>, Option<PathBuf>, Vec<ConfigProblem>) {
    let mut environment = given.clone();
    let bad = |path: &Path, why: String| {
        let path = path.to_owned();
        vec![ConfigProblem::BadConfiguration { path, why }]
    };
    let (path, text) = match find(given) {
        Ok(Some(found)) => found,
        Ok(None) => return (environment, None, Vec::new()),
        Err((path, error)) => {
            let cure = format!("{error}; make it readable, or name another one with --config or");
            let problems = bad(&path, format!("{cure} {CONFIGURATION}"));
            return (environment, Some(path), problems);
        }
    };
    let problems = match Document::parse(&text).and_then(|document| Tree::of(&document)) {
        Ok(tree) if !matches!(tree.shape, Shape::Mapping(_)) && !tree.is_empty() => {
            bad(&path, "write keys with their values, such as scan: {interval: 10m}".to_owned())
        }
        Ok(tree) => File { path: path.display().to_string().into(), given }
            .take(entries(&tree), &mut environment),
        Err(YamlError::Empty) => Vec::new(),
        Err(error) => bad(&path, error.to_string()),
    };
    (environment, Some(path), problems)
}

type Text = Result<Option<(PathBuf, String)>, (PathBuf, std::io::Error)>;

/// Reads the file that is named, or the first one that there is.
fn find(environment: &Environment<'_>) -> Text {
    let read = |path: PathBuf| match (environment.read_file)(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) => Err((path, error)),
    };
    match environment.value(CONFIGURATION).map(PathBuf::from) {
        Some(named) if named == Path::new(NOTHING) => return Ok(Some((named, String::new()))),
        Some(named) if !named.is_absolute() => {
            let error = std::io::Error::other("its path is not absolute");
            return Err((named, error));
        }
        Some(named) => return read(named),
        None => {}
    }
    let data = environment.data().map(|data| data.join(NAME));
    for path in data.into_iter().chain([PLACE.into()]) {
        match read(path) {
            Err((_, error))
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            found => return found,
        }
    }
    Ok(None)
}

/// Says whether a key of the file is this one.
pub(super) fn is_called(key: &str, own: &str) -> bool {
    key::is_called(key, own)
}

struct File<'f> {
    path: Arc<str>,
    given: &'f Environment<'f>,
}

impl File<'_> {
    fn take(
        &self,
        entries: Vec<Entry<'_>>,
        environment: &mut Environment<'_>,
    ) -> Vec<ConfigProblem> {
        let refused = login::refused(&entries, self.given);
        let mut problems = Vec::new();
        for Entry { key, found } in entries {
            let setting = Origin::File { key, file: Arc::clone(&self.path) };
            problems.extend(match found {
                Found::Setting(sought, _) if refused.contains_key(&sought.index) => {
                    let why = refused[&sought.index].to_owned();
                    Some(ConfigProblem::Ignored { setting, why })
                }
                Found::Setting(sought, written) => {
                    self.lay(environment, &sought, (setting, written))
                }
                Found::Group => {
                    let cure = "write keys with their values below it".to_owned();
                    Some(ConfigProblem::Incomplete { setting, cure })
                }
                Found::Unspaced => {
                    let cure = "write a space behind the colon".to_owned();
                    Some(ConfigProblem::Incomplete { setting, cure })
                }
                Found::Nothing => Some(unknown(setting)),
            });
        }
        problems
    }

    /// Sets a variable that the environment does not set.
    fn lay(
        &self,
        environment: &mut Environment<'_>,
        sought: &Sought,
        (setting, written): (Origin, Written<'_>),
    ) -> Option<ConfigProblem> {
        let name = sought.name();
        let text = match text(sought, &written) {
            Ok(text) => text,
            Err((value, cure)) => return Some(ConfigProblem::BadValue { setting, value, cure }),
        };
        if let Some((by, value)) = set_by(self.given, &name) {
            return (value != text).then_some(ConfigProblem::Overruled { setting, by });
        }
        if environment.value(&name).is_some() {
            let cure =
                format!("it is the same as {}: remove one of them", environment.origin(&name));
            return Some(ConfigProblem::Incomplete { setting, cure });
        }
        environment.made_from.insert(name.clone(), setting);
        environment.variables.insert(name, text);
        None
    }
}

/// Returns a value as a variable has it; else how it is shown, and what to write.
fn text(sought: &Sought, written: &Written<'_>) -> Result<String, (String, String)> {
    let kind = sought.variable.kind;
    if sought.variable.name == CONFIGURATION {
        return Err((written.to_string(), "a file names no other one: remove it".to_owned()));
    }
    let cure = match written.value(kind) {
        Ok(text) => return Ok(text),
        Err(cure) => cure,
    };
    let shown = match sought.variable.secrecy {
        Secrecy::Open => written.to_string(),
        Secrecy::Secret => "***".to_owned(),
    };
    Err((shown, cure))
}

fn unknown(setting: Origin) -> ConfigProblem {
    let key = if let Origin::File { key, .. } = &setting { key } else { "" };
    let suggestion = did_you_mean(key, variables().map(|variable| variable.key));
    ConfigProblem::Unknown { setting, suggestion }
}

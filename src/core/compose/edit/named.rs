//! The files that services name, and from which their variables and labels come: Compose fills in the
//! project's variables there as well.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use crate::core::yaml::{Shape, Tree};

use super::image::Files;
use super::mark::own_files;
use super::settings::Variable;
use super::variable::names;
use super::{Project, Refusal, SourceFile};

/// Files that services name, by their absolute paths; none where there is certainly no such file.
/// One that cannot be read is not among them.
pub type EnvironmentFiles = BTreeMap<String, Option<SourceFile>>;

/// The settings that name them.
const SETTINGS: [&str; 2] = ["env_file", "label_file"];

/// No more of them are read: whoever writes a Compose file may name as many as he likes.
const MOST: usize = 32;

/// Returns the paths of the files that a project's services name, those of the service itself first.
pub fn environment_files(project: &Project) -> Vec<String> {
    let Ok(files) = Files::read(project) else { return Vec::new() };
    let named = files.named();
    let others = named.iter().filter_map(|named| named.path.clone());
    let mut known = BTreeSet::new();
    let all = own_files(&files).into_iter().chain(others);
    all.filter(|path| known.insert(path.clone())).take(MOST).collect()
}

/// A file that a service names.
struct Named {
    /// Where it does.
    place: String,
    /// The file's path, where it is clear which one it is.
    path: Option<String>,
}

impl Files<'_> {
    /// Makes sure that no file that a service names makes anything of a variable, or is the one that
    /// sets it.
    pub(super) fn is_in_no_named_file(&self, variable: &Variable<'_>) -> Result<(), Refusal> {
        let environment = &self.project.environment;
        for Named { place, path } in self.named() {
            let name = variable.name.clone();
            match path.and_then(|path| environment.get(&path)) {
                None => return Err(Refusal::UnseenFile { name, place }),
                Some(Some(file)) if file.path == variable.file.path || uses(&file.text, &name) => {
                    return Err(Refusal::SharedVariable { name, place });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn named(&self) -> Vec<Named> {
        let services = self.read.iter().filter_map(|file| file.tree.get("services"));
        let settings = services.flat_map(Tree::entries).flat_map(|(service, own)| {
            let of =
                move |setting| Some((format!("services.{service}.{setting}"), own.get(setting)?));
            SETTINGS.into_iter().filter_map(of)
        });
        let mut named = Vec::new();
        for (place, given) in settings.filter(|(_, given)| !given.is_empty()) {
            let files = match &given.shape {
                Shape::Sequence(files) => files,
                _ => slice::from_ref(given),
            };
            named.extend(files.iter().map(|file| {
                let path = file.get("path").unwrap_or(file).text();
                Named { place: place.clone(), path: path.and_then(|path| self.clear(path)) }
            }));
        }
        named
    }

    /// Returns the path of a file, unless it depends on whoever runs Compose.
    fn clear(&self, path: &str) -> Option<String> {
        let is_clear = !path.contains('$') && !path.starts_with('~');
        is_clear.then(|| absolute(&self.project.folder, path))
    }
}

/// Says whether a file makes anything of a variable: also where its name stands alone in a line.
fn uses(text: &str, variable: &str) -> bool {
    let alone = |line: &str| {
        let line = line.trim();
        line.strip_prefix("export").map_or(line, str::trim_start) == variable || line == variable
    };
    names(text, variable) || text.trim_start_matches('\u{feff}').lines().any(alone)
}

/// Returns an absolute path; only those that were none lose their detours.
pub(super) fn absolute(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let whole = format!("{folder}/{path}");
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_uses_what_it_names_or_hands_on() {
        for (text, expected) in [
            ("V=${TAG}\n", true),
            ("A=1\nV=x-$TAG-y", true),
            ("V=${OTHER:-${TAG}}", true),
            ("TAG\n", true),
            ("A=1\n  export TAG  \r\n", true),
            ("\u{feff}TAG", true),
            ("TAG=1\nA=TAG\n# the TAG\n", false),
            ("V=${TAGS}\nTAG_2\n# TAG.\n", false),
            ("", false),
        ] {
            assert_eq!(uses(text, "TAG"), expected, "{text}");
        }
    }
}

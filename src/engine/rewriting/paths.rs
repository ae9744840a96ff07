//! The paths of a project's files, as the labels of its containers give them; these are anybody's.

use crate::core::compose::Labels;
use crate::core::compose::file::{CONFIG_FILES, VARIABLE_FILES, WORKING_DIRECTORY};

/// Returns the paths of a project's Compose files, as its labels give them.
pub(super) fn config_files(labels: &Labels) -> Vec<String> {
    let folder = labels.get(WORKING_DIRECTORY).map(String::as_str).unwrap_or_default();
    let paths = labels.get(CONFIG_FILES).map(String::as_str).unwrap_or_default();
    let paths = paths.split(',').filter(|path| !path.is_empty());
    // Older Composes wrote them as they were given.
    let absolute = |path: &str| {
        if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") }
    };
    paths.map(absolute).collect()
}

/// Returns the paths of the files that set a project's variables.
pub(super) fn variable_files(labels: &Labels) -> Vec<String> {
    let folder = labels.get(WORKING_DIRECTORY);
    match labels.get(VARIABLE_FILES) {
        Some(paths) => paths.split(',').map(str::to_owned).collect(),
        None => folder.map(|folder| format!("{folder}/.env")).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_project_are_those_that_its_labels_name() {
        let labels = |pairs: &[(&str, &str)]| -> Labels {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let folder = (WORKING_DIRECTORY, "/srv/shop");
        for (given, files, variables) in [
            (labels(&[]), vec![], vec![]),
            (labels(&[folder]), vec![], vec!["/srv/shop/.env"]),
            (
                labels(&[folder, (CONFIG_FILES, "/srv/shop/a.yml,b.yml")]),
                vec!["/srv/shop/a.yml", "/srv/shop/b.yml"],
                vec!["/srv/shop/.env"],
            ),
            (
                labels(&[folder, (CONFIG_FILES, "/a.yml"), (VARIABLE_FILES, "/x.env,/y.env")]),
                vec!["/a.yml"],
                vec!["/x.env", "/y.env"],
            ),
        ] {
            assert_eq!(
                (config_files(&given), variable_files(&given)),
                (
                    files.into_iter().map(str::to_owned).collect(),
                    variables.into_iter().map(str::to_owned).collect(),
                )
            );
        }
    }
}

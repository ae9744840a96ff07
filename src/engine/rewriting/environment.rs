//! The files that services name: what they say is a part of a mark, and may be made of variables.

use crate::core::compose::edit::{EnvironmentFiles, Project, SourceFile, environment_files};
use crate::engine::Engine;
use crate::store::compose_files::{self, FileError};

impl Engine {
    /// Reads the files that a project's services name, as far as they may be read.
    pub(super) async fn environment(&self, project: &Project) -> EnvironmentFiles {
        let names_some = |text: &str| text.contains("env_file") || text.contains("label_file");
        let named = project.files.iter().any(|file| names_some(&file.text));
        if !named || project.folder.is_empty() {
            return EnvironmentFiles::new();
        }
        let project = project.clone();
        let paths = compose_files::understood(move || environment_files(&project));
        let paths = paths.await.unwrap_or_default();
        let found = self.settings.compose_files.read(paths.clone()).await;
        let read = |(given, found)| match found {
            Ok(compose_files::Found { path, text }) => {
                Some((given, Some(SourceFile { path, text })))
            }
            Err(FileError::Missing) => Some((given, None)),
            Err(_) => None,
        };
        paths.into_iter().zip(found).filter_map(read).collect()
    }
}

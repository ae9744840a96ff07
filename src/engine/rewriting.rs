//! Another tag in a container's Compose file: found out and told beforehand, written when all is proven.

mod environment;
mod others;
mod paths;

use serde_json::Value;

use crate::core::compose::edit::{
    Edit, FileChange, Project, Refused, Rewriting, SourceFile, VariableFile, remark,
    rewrite as find,
};
use crate::core::compose::file::{MARK, VARIABLE_FILES, WORKING_DIRECTORY};
use crate::core::compose::{Compose, ComposeKind, Labels};
use crate::core::inventory::Container;
use crate::core::journal::{Class, StepOutput};
use crate::core::plan::{Difference, StepError};
use crate::core::recreate::Recreation;
use crate::core::reference::ImageRef;
use crate::engine::Engine;
use crate::engine::prepare::{Job, left};
use crate::logging::Chain;
use crate::store::compose_files::{self, FileError, Found};

use self::paths::{config_files, variable_files};

/// A project has no more files; the labels are anybody's, an image's too.
const MOST: usize = 8;

/// What becomes of a container's Compose file, and what a person should know of that.
#[derive(Default)]
struct FileCare {
    change: Option<FileChange>,
    /// The mark of the settings that the new container is made by.
    mark: Option<String>,
    warnings: Vec<String>,
}

/// A move of a container to another tag.
struct Move<'m> {
    job: &'m Job<'m>,
    compose: Compose,
    from: ImageRef,
    to: &'m ImageRef,
}

impl Engine {
    /// Returns the turn of those who write into the files of one project: each must see what the
    /// one before it has written.
    pub(super) fn file_turn(&self, container: &Container, to: &ImageRef) -> Option<String> {
        left(container, to)?;
        let compose = Compose::read(&container.labels)?;
        let writes = self.policy_of(container).compose_write.value;
        writes.then(|| format!("compose project {}", compose.project))
    }

    /// Returns what is written into a container's Compose file; its new body has the mark that goes
    /// with it.
    pub(super) async fn written(
        &self,
        job: &Job<'_>,
        replacement: &mut Recreation,
        warnings: &mut Vec<String>,
    ) -> Option<FileChange> {
        let care = self.file_care(job).await;
        warnings.extend(care.warnings);
        place(care.mark, replacement);
        care.change
    }

    /// Returns what becomes of a container's Compose file. Whatever stands against it, the
    /// update goes on: the file is then a person's to mend.
    async fn file_care(&self, job: &Job<'_>) -> FileCare {
        let (to, labels) = (&job.goal.reference, &job.container.labels);
        let (Some(from), Some(compose)) = (left(job.container, to), Compose::read(labels)) else {
            return FileCare::default();
        };
        if compose.kind == ComposeKind::OneOff {
            return FileCare::default();
        }
        let moved = Move { job, compose, from, to };
        match self.found(&moved).await {
            Ok(care) => care,
            Err(reason) => {
                let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
                let warning = format!(
                    "the file of the compose service {} keeps its old tag{reason}: write {} there, or \
                     the next docker compose up goes back to it",
                    moved.compose,
                    to.familiar()
                );
                FileCare { warnings: vec![warning], ..FileCare::default() }
            }
        }
    }

    async fn found(&self, moved: &Move<'_>) -> Result<FileCare, Option<String>> {
        let Move { job, compose, from, to } = moved;
        if !job.policy.compose_write.value {
            return Err(None);
        }
        if !self.settings.compose_files.are_allowed() {
            let cure = "DOCKER_AUTO_COMPOSE_DIRECTORIES names no directory in which files may be \
                        written";
            return Err(Some(cure.to_owned()));
        }
        let (project, texts) = self.project(job, compose).await?;
        let mark = job.container.labels.get(MARK).filter(|_| !project.folder.is_empty()).cloned();
        let (from, to) = (from.clone(), (*to).clone());
        let understanding = compose_files::understood(move || {
            let found = find(&project, &from, &to)?;
            let mark = mark.and_then(|known| remark(&project, &known, (&from, &to)));
            Ok::<_, Refused>((found, mark))
        });
        let understood = understanding.await.map_err(|error| Some(error.to_string()))?;
        let (found, mark) = understood.map_err(|it| Some(it.to_string()))?;
        let change = match found {
            Rewriting::Already => None,
            Rewriting::Edit(edit) => Some(self.change(moved, edit, &texts).await?),
        };
        let mut warnings: Vec<_> = self.left_behind(moved).await.into_iter().collect();
        if mark.is_none() {
            warnings.push(format!(
                "not all settings of the compose service {compose} are understood here: the next \
                 docker compose up makes its container anew, on the same image"
            ));
        }
        Ok(FileCare { change, mark, warnings })
    }

    async fn change(
        &self,
        moved: &Move<'_>,
        edit: Edit,
        texts: &[(String, Found)],
    ) -> Result<FileChange, Option<String>> {
        let files = &self.settings.compose_files;
        let path = edit.path.clone();
        let failed = |problem: String| Some(format!("{path}: {problem}"));
        let sharer = moved.sharer(texts, &path).await;
        if let Some(other) = sharer.map_err(|error| failed(Chain(&error).to_string()))? {
            return Err(failed(format!("the project {other} has it as well")));
        }
        let check = files.check(path.clone()).await;
        check.map_err(|error| failed(Chain(&error).to_string()))?;
        let found = texts.iter().find(|(_, found)| found.path == path);
        let copy = files.copy_of(&path);
        let change = found.and_then(|(_, found)| FileChange::of(edit, &found.text, copy));
        change.ok_or_else(|| failed("it cannot be written".to_owned()))
    }

    /// Reads a project's files; those with variables matter only where one is looked up.
    async fn project(
        &self,
        job: &Job<'_>,
        compose: &Compose,
    ) -> Result<(Project, Vec<(String, Found)>), Option<String>> {
        let files = &self.settings.compose_files;
        let labels = &job.container.labels;
        let paths = config_files(labels);
        if paths.is_empty() || paths.len() > MOST {
            return Err(Some("its labels do not say where it is".to_owned()));
        }
        let mut texts = Vec::new();
        let folder = labels.get(WORKING_DIRECTORY).cloned().unwrap_or_default();
        let service = compose.service.clone();
        let mut project = Project { service, folder, ..Project::default() };
        for (given, found) in paths.iter().zip(files.read(paths.clone()).await) {
            let failed = |error| Some(format!("{given}: {}", Chain(&error)));
            let found = found.map_err(failed)?;
            project.files.push(SourceFile { path: found.path.clone(), text: found.text.clone() });
            texts.push((given.clone(), found));
        }
        project.variables = self.variables(labels, &mut texts).await?;
        project.environment = self.environment(&project).await;
        Ok((project, texts))
    }

    /// Reads the files that set a project's variables, as far as there are any.
    async fn variables(
        &self,
        labels: &Labels,
        texts: &mut Vec<(String, Found)>,
    ) -> Result<Vec<VariableFile>, Option<String>> {
        let paths = variable_files(labels);
        if paths.len() > MOST {
            return Err(Some("its labels name too many files with variables".to_owned()));
        }
        let told = labels.contains_key(VARIABLE_FILES);
        let mut variables = Vec::new();
        if paths.is_empty() {
            let text = Err("its labels do not say where it is".to_owned());
            variables.push(VariableFile { path: ".env".to_owned(), text });
        }
        for (given, found) in
            paths.iter().zip(self.settings.compose_files.read(paths.clone()).await)
        {
            let (path, text) = match found {
                // Compose itself does without one that nobody named.
                Err(FileError::Missing) if !told => continue,
                Err(error) => (given.clone(), Err(Chain(&error).to_string())),
                Ok(found) => {
                    let read = (found.path.clone(), Ok(found.text.clone()));
                    texts.push((given.clone(), found));
                    read
                }
            };
            variables.push(VariableFile { path, text });
        }
        Ok(variables)
    }
}

/// Performs the step. What fails is told, and costs the service nothing.
pub(super) async fn rewrite(change: &FileChange) -> Result<StepOutput, StepError> {
    let written = compose_files::write(change.clone()).await;
    written.map(|()| StepOutput::Done).map_err(|error| {
        let text = format!(
            "{}: {}; write {} there, or the next docker compose up goes back",
            change.path,
            Chain(&error),
            change.after
        );
        StepError::new(Class::Lasting, text)
    })
}

/// Puts the mark of other settings into a container's body.
fn place(mark: Option<String>, replacement: &mut Recreation) {
    let labels = replacement.body.get_mut("Labels").and_then(Value::as_object_mut);
    let (Some(mark), Some(old)) = (mark, labels.and_then(|labels| labels.get_mut(MARK))) else {
        return;
    };
    let new = Value::from(mark);
    let difference =
        Difference { field: format!("Config.Labels.{MARK}"), old: old.clone(), new: new.clone() };
    *old = new;
    replacement.differences.push(difference);
}

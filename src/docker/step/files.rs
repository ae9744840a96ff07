//! Carrying files from one container to another, with their owners and modes.

use std::io;

use bollard::query_parameters::{DownloadFromContainerOptions, UploadToContainerOptions};
use futures_util::TryStreamExt as _;
use tar::{Builder, EntryType, Header};

use crate::core::id::ContainerId;
use crate::core::journal::{Class, Known, StepOutput};
use crate::core::plan::{Key, StepError};

use super::super::transport::Body;
use super::class::{Action, failed};
use super::{HostRunner, StepResult};

/// The mode of a directory that the new image does not have.
const DIRECTORY: u32 = 0o755;

impl HostRunner {
    /// Copies what is at a path, over whatever the new image has there; a path that is gone meanwhile
    /// is left out.
    pub(super) async fn copy_files(
        &self,
        known: &Known,
        (from, to): (&Key, &Key),
        path: &str,
    ) -> StepResult {
        let (from, to) = (self.resolve(known, from).await?, self.resolve(known, to).await?);
        if !self.has_path(&from, path).await? {
            let there = self.host.inspect_container(&from).await.map_err(failed(Action::Make))?;
            // With the container all would be missing, which is another matter.
            return there.map(|_| StepOutput::Done).ok_or_else(|| lost(&from, path));
        }
        let parent = parent(path);
        let missing = self.missing(&to, parent).await?;
        if !missing.is_empty() {
            let body = bollard::body_full(directories(&missing).into());
            self.upload(&to, "/", body).await?;
        }
        let docker = self.host.transport().bollard().await.map_err(failed(Action::Make))?;
        let options = DownloadFromContainerOptions { path: path.to_owned() };
        let archive = docker.download_from_container(from.as_str(), Some(options));
        let body = bollard::body_try_stream(archive.map_err(io::Error::other));
        self.upload(&to, parent, body).await?;
        Ok(StepOutput::Done)
    }

    async fn has_path(&self, id: &ContainerId, path: &str) -> Result<bool, StepError> {
        let headers = self.host.path_headers(id, path).await.map_err(failed(Action::Make))?;
        Ok(headers.is_some())
    }

    /// Returns the directories that are missing on the way to one, the outermost first.
    async fn missing(&self, id: &ContainerId, path: &str) -> Result<Vec<String>, StepError> {
        let mut missing = Vec::new();
        let mut open = path;
        while open != "/" && !self.has_path(id, open).await? {
            missing.insert(0, open.to_owned());
            open = parent(open);
        }
        Ok(missing)
    }

    async fn upload(&self, id: &ContainerId, path: &str, body: Body) -> Result<(), StepError> {
        let docker = self.host.transport().bollard().await.map_err(failed(Action::Make))?;
        let options = UploadToContainerOptions { path: path.to_owned(), ..Default::default() };
        let upload = docker.upload_to_container(id.as_str(), Some(options), body);
        let limit = self.host.transport().timeouts.pull;
        let doing = format!("putting files into {path} of container {}", id.short());
        match tokio::time::timeout(limit, upload).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(upload_error(&doing, &error)),
            Err(_) => Err(StepError::new(Class::Transient, format!("{doing}: not done in time"))),
        }
    }
}

fn lost(from: &ContainerId, path: &str) -> StepError {
    let message = format!("container {} is gone, and {path} with it", from.short());
    StepError::new(Class::Superseded, message)
}

fn upload_error(doing: &str, error: &bollard::errors::Error) -> StepError {
    use bollard::errors::Error;

    match error {
        Error::DockerResponseServerError { status_code, message } => {
            let class = if *status_code >= 500 { Class::Transient } else { Class::Lasting };
            StepError::new(class, format!("{doing}: {message}"))
        }
        other => StepError::new(Class::Unreachable, format!("{doing}: {other}")),
    }
}

fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        None | Some(("", _)) => "/",
        Some((parent, _)) => parent,
    }
}

/// Returns an archive of empty directories.
fn directories(paths: &[String]) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    for path in paths {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Directory);
        header.set_mode(DIRECTORY);
        header.set_size(0);
        let name = format!("{}/", path.trim_start_matches('/'));
        archive.append_data(&mut header, name, io::empty()).expect("memory takes everything");
    }
    archive.into_inner().expect("memory takes everything")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_are_what_lies_above() {
        for (path, above) in
            [("/a", "/"), ("/a/b", "/a"), ("/a/b/c", "/a/b"), ("/", "/"), ("a", "/")]
        {
            assert_eq!(parent(path), above, "{path}");
        }
    }

    #[test]
    fn directories_are_archived_in_order() {
        let bytes = directories(&["/run".into(), "/run/secrets".into()]);
        let mut archive = tar::Archive::new(&*bytes);
        let names = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            assert_eq!(entry.header().mode().unwrap(), DIRECTORY);
            entry.path().unwrap().to_string_lossy().into_owned()
        });
        assert_eq!(names.collect::<Vec<_>>(), ["run/", "run/secrets/"]);
    }
}

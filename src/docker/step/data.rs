//! The engine's part in saving and restoring data: volumes, and archives through a container.

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;
use tokio::sync::mpsc::Receiver;

use crate::core::journal::{Class, Known, StepOutput};
use crate::core::plan::{Key, StepError};
use crate::core::recreate::OPERATION_LABEL;

use super::super::archive::Download;
use super::super::call::{Call, in_path};
use super::super::error::DockerError;
use super::super::volume::labels as labels_of;
use super::class::{Action, failed};
use super::{HostRunner, StepResult};

impl HostRunner {
    pub(super) async fn create_volume(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
        known: &Known,
    ) -> StepResult {
        let body = json!({"Name": name, "Driver": "local", "Labels": labels});
        let call = Call::post(format!("creating the volume {name}"), "/volumes/create");
        let made = self.host.transport().call(call.body(&body)).await;
        let made = made.map_err(failed(Action::Make))?;
        // The engine also answers with one that was there before.
        if is_ours(&labels_of(&made), known) {
            return Ok(StepOutput::Done);
        }
        let text = format!("creating the volume {name}: somebody else has one of that name");
        Err(StepError::new(Class::Lasting, text))
    }

    pub(super) async fn remove_volume(&self, name: &str, known: &Known) -> StepResult {
        let volume = self.host.inspect_volume(name).await.map_err(failed(Action::Make))?;
        if !volume.is_some_and(|volume| is_ours(&labels_of(&volume), known)) {
            return Ok(StepOutput::Done);
        }
        let path = format!("/volumes/{}", in_path(name));
        let call = Call::new(format!("removing the volume {name}"), Method::DELETE, &path);
        match self.host.transport().call(call).await {
            Err(error) if error.status() != Some(404) => Err(failed(Action::Make)(error)),
            _ => Ok(StepOutput::Done),
        }
    }

    /// Begins to read what lies at a path of a container.
    pub async fn download(
        &self,
        known: &Known,
        key: &Key,
        path: &str,
    ) -> Result<Download, StepError> {
        let id = self.resolve(known, key).await?;
        self.host.download(&id, path).await.map_err(failed(Action::Make))
    }

    /// Returns the next piece of an archive; `None` at the end.
    pub async fn piece(&self, download: &mut Download) -> Result<Option<Vec<u8>>, StepError> {
        match download.piece().await {
            Ok(piece) => Ok(piece),
            Err(error) => Err(self.broken(error).await),
        }
    }

    /// Unpacks an archive of so many bytes into a folder of a container.
    pub async fn unpack(
        &self,
        known: &Known,
        (key, path): (&Key, &str),
        archive: (Receiver<Vec<u8>>, u64),
    ) -> Result<(), StepError> {
        let id = self.resolve(known, key).await?;
        match self.host.unpack(&id, path, archive).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.broken(error).await),
        }
    }

    /// Where the engine still answers it was the archive that broke, and would break again.
    async fn broken(&self, error: DockerError) -> StepError {
        if error.is_unreachable() && self.host.ping().await.is_ok() {
            return StepError::new(Class::Lasting, error.chain());
        }
        failed(Action::Make)(error)
    }
}

fn is_ours(labels: &BTreeMap<String, String>, known: &Known) -> bool {
    labels.get(OPERATION_LABEL).is_some_and(|label| label == known.operation.as_str())
}

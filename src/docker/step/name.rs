//! Renaming, and the restart policy: what is changed of a container that stands still.

use serde_json::{Value, json};

use crate::core::id::ContainerName;
use crate::core::journal::{Known, StepOutput};
use crate::core::plan::Key;

use super::super::call::{Call, in_path};
use super::super::convert;
use super::class::{Action, failed};
use super::{HostRunner, StepResult, called};

impl HostRunner {
    pub(super) async fn rename(&self, known: &Known, key: &Key, to: &ContainerName) -> StepResult {
        let inspect = self.inspect_key(known, key).await?;
        // The engine takes renaming to the present name for an error.
        if convert::name(&inspect) == *to {
            return Ok(StepOutput::Done);
        }
        let path = format!("/containers/{}/rename", id(&inspect));
        let call = Call::post(format!("renaming {} to {to}", called(&inspect)), &path);
        match self.host.transport().call(call.query("name", to.as_str())).await {
            Ok(_) => Ok(StepOutput::Done),
            Err(error) if error.status() == Some(409) => {
                Err(self.name_taken(known, to, error).await)
            }
            Err(error) => Err(failed(Action::Container)(error)),
        }
    }

    pub(super) async fn set_restart_policy(
        &self,
        known: &Known,
        key: &Key,
        policy: &Value,
    ) -> StepResult {
        let container = self.resolve(known, key).await?;
        let path = format!("/containers/{}/update", in_path(container.as_str()));
        let doing = format!("setting the restart policy of container {}", container.short());
        let body = json!({ "RestartPolicy": policy });
        let result = self.host.transport().call(Call::post(doing, &path).body(&body)).await;
        result.map(|_| StepOutput::Done).map_err(failed(Action::Container))
    }
}

fn id(inspect: &Value) -> String {
    in_path(inspect["Id"].as_str().unwrap_or_default())
}

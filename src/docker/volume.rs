//! Volumes: what is known of them, and who mounts them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::core::id::ContainerName;
use crate::core::inventory::ApiVersion;

use super::Host;
use super::call::{Call, in_path};
use super::convert::ListedContainer;
use super::error::DockerError;

/// From here on the engine can be asked how large its volumes are, and nothing else.
const TAKES_TYPE: ApiVersion = ApiVersion::v1(42);
/// It looks at every file.
const MEASURING: Duration = Duration::from_mins(2);
/// What an old engine says while it measures for somebody else, and how long that is waited for each time.
const MEASURED_FOR_ANOTHER: &str = "disk usage operation is already running";
const PAUSE: Duration = Duration::from_millis(200);

impl Host {
    /// Returns a volume's labels; none for one that is gone.
    pub async fn volume_labels(&self, name: &str) -> Result<BTreeMap<String, String>, DockerError> {
        let volume = self.inspect_volume(name).await?.unwrap_or_default();
        Ok(labels(&volume))
    }

    /// Returns what is known of a volume.
    pub(super) async fn inspect_volume(&self, name: &str) -> Result<Option<Value>, DockerError> {
        let path = format!("/volumes/{}", in_path(name));
        let call = Call::get(format!("inspecting the volume {name}"), &path);
        match self.transport().call(call).await {
            Ok(volume) => Ok(Some(volume)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns how much lies in each volume that the engine could measure.
    pub async fn volume_sizes(&self) -> Result<BTreeMap<String, u64>, DockerError> {
        let version = self.transport().version().await?;
        let until = Instant::now() + MEASURING;
        loop {
            let call = Call::get("measuring the volumes", "/system/df").within(MEASURING);
            let call = if version >= TAKES_TYPE { call.query("type", "volume") } else { call };
            match self.transport().call(call).await {
                // Before API 1.42 only one may ask at a time.
                Err(DockerError::Api { message, .. })
                    if message.contains(MEASURED_FOR_ANOTHER) && Instant::now() < until =>
                {
                    sleep(PAUSE).await;
                }
                measured => return Ok(sizes(&measured?)),
            }
        }
    }

    /// Returns the containers that run and mount a volume.
    pub async fn users_of_volume(&self, name: &str) -> Result<Vec<ContainerName>, DockerError> {
        let filters = json!({ "volume": [name] }).to_string();
        let doing = format!("looking who mounts the volume {name}");
        let call = Call::get(doing, "/containers/json").query("filters", &filters);
        let listed = self.transport().ask::<Option<Vec<ListedContainer>>>(call).await?;
        let listed = listed.unwrap_or_default();
        Ok(listed.iter().filter_map(|one| Some(one.seen()?.name)).collect())
    }

    /// Removes a volume that no container mounts, whatever its state; says whether it is gone.
    pub async fn remove_unused_volume(&self, name: &str) -> Result<bool, DockerError> {
        let filters = json!({ "volume": [name] }).to_string();
        let doing = format!("looking who mounts the volume {name}");
        let call =
            Call::get(doing, "/containers/json").query("all", "1").query("filters", &filters);
        let listed = self.transport().ask::<Option<Vec<ListedContainer>>>(call).await?;
        if listed.is_some_and(|listed| !listed.is_empty()) {
            return Ok(false);
        }
        let path = format!("/volumes/{}", in_path(name));
        match self
            .transport()
            .call(Call::delete(format!("removing the volume {name}"), &path))
            .await
        {
            // Somebody has begun to use it.
            Err(error) if error.status() == Some(409) => Ok(false),
            Err(error) if error.status() != Some(404) => Err(error),
            _ => Ok(true),
        }
    }
}

/// Returns the labels of a volume.
pub(super) fn labels(volume: &Value) -> BTreeMap<String, String> {
    let labels = volume["Labels"].as_object().into_iter().flatten();
    labels.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

fn sizes(usage: &Value) -> BTreeMap<String, u64> {
    let volumes = usage["Volumes"].as_array().into_iter().flatten();
    let sizes = volumes.filter_map(|volume| {
        // -1 where it was not measured.
        let size = volume["UsageData"]["Size"].as_u64()?;
        Some((volume["Name"].as_str()?.to_owned(), size))
    });
    sizes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sizes_that_were_measured_count() {
        let usage = json!({"Volumes": [
            {"Name": "a", "UsageData": {"Size": 12, "RefCount": 1}},
            {"Name": "b", "UsageData": {"Size": -1, "RefCount": 1}},
            {"Name": "c", "UsageData": null},
        ]});
        assert_eq!(sizes(&usage), BTreeMap::from([("a".to_owned(), 12)]));
        assert!(sizes(&json!({"Volumes": null})).is_empty());
    }
}

//! Renaming, and the restart policy: what is changed of a container that stands still.

use serde_json::{Value, json};

use crate::core::id::{ContainerId, ContainerName};
use crate::core::journal::{Class, Known, StepOutput};
use crate::core::plan::{Key, StepError};

use super::super::call::{Call, in_path};
use super::super::convert;
use super::class::{Action, failed};
use super::{HostRunner, StepResult, called};

impl HostRunner {
    pub(super) async fn rename(&self, known: &Known, key: &Key, to: &ContainerName) -> StepResult {
        let inspect = self.inspect_key(known, key).await?;
        let present = convert::name(&inspect);
        // The engine takes renaming to the present name for an error.
        if present == *to {
            return Ok(StepOutput::Done);
        }
        if !is_ours(known, &present) {
            return renamed(known, key, (&present, to));
        }
        let path = format!("/containers/{}/rename", id(&inspect));
        let call = Call::post(format!("renaming {} to {to}", called(&inspect)), &path);
        match self.host.transport().call(call.query("name", to.as_str())).await {
            Ok(_) => Ok(StepOutput::Done),
            // A call that was given up may be heard late, in between.
            Err(error) if error.status().is_some() && self.is_named(&inspect, to).await? => {
                Ok(StepOutput::Done)
            }
            Err(error) if error.status() == Some(409) => {
                Err(self.name_taken(known, to, error).await)
            }
            Err(error) => Err(failed(Action::Container)(error)),
        }
    }

    async fn is_named(&self, inspect: &Value, name: &ContainerName) -> Result<bool, StepError> {
        let id = ContainerId::new(inspect["Id"].as_str().unwrap_or_default());
        Ok(self.inspect(&id).await?.is_some_and(|now| convert::name(&now) == *name))
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

/// Says whether a name is that of one of the operation's services, or one that an operation on it
/// gives.
fn is_ours(known: &Known, name: &ContainerName) -> bool {
    let base = name.reserved_parts().map_or(name.as_str(), |(base, ..)| base);
    known.homes.values().any(|home| home.as_str() == base)
}

/// Returns what it means that somebody gave a container another name meanwhile: it keeps that name,
/// and the operation does not go on with it.
fn renamed(
    known: &Known,
    key: &Key,
    (present, to): (&ContainerName, &ContainerName),
) -> StepResult {
    let is_way_back = match to.reserved_parts() {
        Some((_, role, _)) => role == "bad",
        None => known.homes.contains_key(key),
    };
    if is_way_back {
        return Ok(StepOutput::Done);
    }
    let name = known.homes.get(key).unwrap_or(&known.name);
    let text = format!("container {name} was renamed to {present} by someone else");
    Err(StepError::new(Class::Lasting, text))
}

fn id(inspect: &Value) -> String {
    in_path(inspect["Id"].as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::core::id::OperationId;

    use super::*;

    #[test]
    fn a_name_that_somebody_gave_stays() {
        let name = ContainerName::new;
        let known = Known {
            operation: OperationId::new("1"),
            name: name("web"),
            homes: [(Key::old(), name("web"))].into(),
            ids: BTreeMap::new(),
            created_as: BTreeMap::new(),
            failure: None,
        };
        for (present, expected) in [
            ("web", true),
            ("web.da-old-0a1b2c", true),
            ("api.da-old-0a1b2c", false),
            ("mine", false),
        ] {
            assert_eq!(is_ours(&known, &name(present)), expected, "{present}");
        }
        for (key, to, goes_on) in [
            (Key::old(), "web.da-old-0a1b2c", false),
            (Key::old(), "web.da-kept-0a1b2c", false),
            (Key::replacement(), "web", false),
            (Key::old(), "web", true),
            (Key::replacement(), "web.da-bad-0a1b2c", true),
        ] {
            let result = renamed(&known, &key, (&name("mine"), &name(to)));
            assert_eq!(result.is_ok(), goes_on, "{to}");
        }
    }
}

//! Where the ports of a new container can be asked from, found out while the old one is there.

use serde_json::Value;

use crate::core::compose::Labels;
use crate::core::inventory::{Container, Inventory, RunState};
use crate::core::plan::OperationKind;
use crate::core::probe::{Door, HTTP, LOG, TCP, Vantage};
use crate::docker::Loopback;
use crate::engine::prepare::Job;
use crate::engine::{Engine, EngineError};

impl Engine {
    /// Returns where a job's probes are asked from. What nobody can answer refuses an update; a way
    /// back goes without it, and says so.
    pub(super) async fn vantage_of(
        &self,
        job: &Job<'_>,
        inspect: &Value,
    ) -> Result<(Option<Vantage>, Option<String>), EngineError> {
        match (self.vantage(job.container, inspect, job.inventory).await, job.kind) {
            (Err(EngineError::Preflight { problem, .. }), OperationKind::Rollback) => {
                Ok((None, Some(format!("its probes are not asked: {problem}"))))
            }
            (found, _) => Ok((Some(found?), None)),
        }
    }

    /// Returns where a container's ports are to be asked from: here, if the old one answers here,
    /// be it with a refusal; else from inside its network, which needs an image of ours on its host.
    /// Refuses a label that asks what nobody can answer.
    async fn vantage(
        &self,
        container: &Container,
        inspect: &Value,
        inventory: &Inventory,
    ) -> Result<Vantage, EngineError> {
        let refuse =
            |problem: String| Err(EngineError::Preflight { name: container.name.clone(), problem });
        if let Some(problem) = unreadable_log(&container.labels, inspect) {
            return refuse(problem);
        }
        let doors = Door::of(&container.labels);
        if doors.is_empty() || !container.state.is_up() {
            return Ok(Vantage::Here);
        }
        let own = inventory.containers.values().find(|one| self.is_surely_own(one));
        // One between two runs has no address to try.
        let steady = container.state == RunState::Running;
        let local = own.is_none() && self.settings.sees_the_host();
        if !steady && local || steady && self.is_near(own, inspect, &doors).await? {
            return Ok(Vantage::Here);
        }
        match (own, &self.settings.own) {
            (Some(own), Some(inside)) => {
                let (image, program) = (own.image_id.clone(), inside.program.clone());
                Ok(Vantage::Inside { image, program })
            }
            _ => refuse(format!(
                "its labels {TCP} and {HTTP} cannot be asked from here: its networks are not reached, \
                 and docker-auto runs in no container of its host; run it there, or use \
                 docker-auto.health.exec"
            )),
        }
    }

    async fn is_near(
        &self,
        own: Option<&Container>,
        inspect: &Value,
        doors: &[Door],
    ) -> Result<bool, EngineError> {
        let elsewhere = self.settings.own.is_some() && own.is_none();
        if elsewhere || (own.is_none() && self.settings.engine_address.is_some()) {
            return Ok(false);
        }
        let on_the_host = match own {
            Some(own) => match self.host.inspect_container(&own.id).await? {
                Some(own) => own["HostConfig"]["NetworkMode"] == "host",
                None => false,
            },
            None => true,
        };
        let loopback = if on_the_host { Loopback::OfHost } else { Loopback::Own };
        Ok(self.host.reaches(inspect, doors, loopback).await?)
    }
}

/// Says what is wrong with asking for a line of a log that nobody keeps.
fn unreadable_log(labels: &Labels, inspect: &Value) -> Option<String> {
    let driver = inspect.pointer("/HostConfig/LogConfig/Type").and_then(Value::as_str)?;
    let asked = labels.contains_key(LOG) && driver == "none";
    asked.then(|| {
        format!(
            "its label {LOG} asks for a line of its log, which its log driver none does not keep; \
             use another driver, or docker-auto.health.exec"
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_log_that_is_not_kept_has_no_lines() {
        let labels = |name: &str| Labels::from([(name.to_owned(), "ready".to_owned())]);
        for (label, driver, refused) in [
            (LOG, "none", true),
            (LOG, "json-file", false),
            (LOG, "journald", false),
            (TCP, "none", false),
        ] {
            let inspect = json!({"HostConfig": {"LogConfig": {"Type": driver}}});
            assert_eq!(unreadable_log(&labels(label), &inspect).is_some(), refused, "{driver}");
        }
    }
}

//! Starting, stopping and removing.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::core::dependency::namespace_owners;
use crate::core::id::ContainerId;
use crate::core::inventory::RunState;
use crate::core::journal::{Class, Known, StepOutput};
use crate::core::plan::{Key, StepError, Volumes};

use super::super::Host;
use super::super::call::{Call, in_path};
use super::super::convert;
use super::super::error::DockerError;
use super::class::{Action, failed};
use super::{HostRunner, StepResult, called, gone, is_up};

/// Between two looks at a container that is on its way.
const PAUSE: Duration = Duration::from_millis(100);

/// How long the end of a container takes at the most to be seen, when another one could not join it.
const OWNER_ENDS: Duration = Duration::from_secs(2);

/// How long a container may take to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// What the engine is told, if not the container's own time.
    pub(super) timeout_seconds: Option<u64>,
    /// The time after which the engine kills it.
    pub(super) grace: Duration,
}

impl HostRunner {
    pub(super) async fn start(&self, known: &Known, key: &Key) -> StepResult {
        let id = self.resolve(known, key).await?;
        let call = Call::post(format!("starting container {}", id.short()), &path(&id, "start"));
        match self.host.transport().call(call).await {
            Ok(_) => Ok(StepOutput::Done),
            // Also what a container joins, mounts or executes may be what was not found.
            Err(error) if error.status() == Some(404) && self.inspect(&id).await?.is_none() => {
                Err(gone(known, key))
            }
            Err(error) => {
                self.engine_stays().await?;
                let error = failed(Action::Start)(error);
                // The engine may be behind what the kernel knows already.
                let until = Instant::now() + OWNER_ENDS;
                while error.message.contains("namespace") {
                    if let Some(trouble) = self.trouble_of_owner(known, &id).await? {
                        return Err(trouble);
                    }
                    if Instant::now() >= until {
                        break;
                    }
                    sleep(PAUSE).await;
                }
                Err(error)
            }
        }
    }

    /// Starts the one that carries out the rest.
    pub(super) async fn hand_over(&self, known: &Known, key: &Key) -> StepResult {
        self.start(known, key).await.map(|_| StepOutput::HandedOver)
    }

    /// Returns what is wrong with the container whose namespaces another one joins, where that does
    /// not stay up: the engine's own words about it are of processes and paths. It is the image's
    /// fault if that container is of the same plan.
    async fn trouble_of_owner(
        &self,
        known: &Known,
        id: &ContainerId,
    ) -> Result<Option<StepError>, StepError> {
        let Some(inspect) = self.inspect(id).await? else { return Ok(None) };
        for owner in namespace_owners(&inspect).map(ContainerId::new) {
            let Some(owner_inspect) = self.inspect(&owner).await? else { continue };
            let planned = known.ids.values().any(|id| *id == owner);
            // What happened to another one long ago says nothing of today.
            if !planned && convert::state(&owner_inspect) == RunState::Running {
                continue;
            }
            if let Some(trouble) = convert::sample(&owner_inspect).trouble() {
                let class = if planned { Class::Lasting } else { Class::Transient };
                let (joining, owner) = (called(&inspect), called(&owner_inspect));
                let text = format!("{joining} cannot join {owner}, which {trouble}");
                return Ok(Some(StepError::new(class, text)));
            }
        }
        Ok(None)
    }

    /// Makes sure that the engine is not on its way down, which makes containers end and starts
    /// fail: none of that is an image's fault.
    pub(super) async fn engine_stays(&self) -> Result<(), StepError> {
        self.host.ping().await.map_err(failed(Action::Container))
    }

    /// Stops a container with its own signal, and with its own time to stop unless another one is
    /// given, and looks whether it is down: one that is between two restarts may come up again
    /// while it is being stopped.
    pub(super) async fn stop(&self, known: &Known, key: &Key, patience: Patience) -> StepResult {
        let id = self.resolve(known, key).await?;
        let limit = patience.grace + self.host.transport().timeouts.stop_margin;
        let deadline = Instant::now() + limit;
        loop {
            match self.post_stop(&id, patience.timeout_seconds, deadline).await {
                Ok(()) => {}
                Err(error) if error.status() == Some(404) => return Err(gone(known, key)),
                Err(error) => return Err(failed(Action::Container)(error)),
            }
            // One that removes itself at its end may be gone by now.
            let Some(inspect) = self.inspect(&id).await? else { return Ok(StepOutput::Done) };
            if !is_up(&inspect) {
                return Ok(StepOutput::Done);
            }
            if Instant::now() + PAUSE >= deadline {
                let state = format!("{:?}", convert::state(&inspect)).to_lowercase();
                let text = format!("stopping {}: it is still {state}", called(&inspect));
                return Err(StepError::new(Class::Transient, text));
            }
            sleep(PAUSE).await;
        }
    }

    async fn post_stop(
        &self,
        id: &ContainerId,
        timeout_seconds: Option<u64>,
        deadline: Instant,
    ) -> Result<(), DockerError> {
        let limit = deadline.saturating_duration_since(Instant::now());
        let doing = format!("stopping container {}", id.short());
        let path = path(id, "stop");
        let call = Call::post(doing, &path).within(limit);
        let call = match timeout_seconds {
            Some(seconds) => call.query("t", &seconds.to_string()),
            None => call,
        };
        match self.host.transport().call(call).await {
            Ok(_) => Ok(()),
            Err(DockerError::Api { status: 409, message, .. })
                if message.contains("is not running") =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn wait_removed(&self, known: &Known, key: &Key) -> StepResult {
        if let Some(id) = self.look_up(known, key).await? {
            self.until_gone(&id).await?;
        }
        Ok(StepOutput::Done)
    }

    async fn until_gone(&self, id: &ContainerId) -> Result<(), StepError> {
        let deadline = Instant::now() + self.host.transport().timeouts.manage;
        while let Some(inspect) = self.inspect(id).await? {
            if Instant::now() >= deadline {
                let text = format!("waiting for {} to be removed: it is there", called(&inspect));
                return Err(StepError::new(Class::Transient, text));
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    pub(super) async fn remove(&self, known: &Known, key: &Key, volumes: Volumes) -> StepResult {
        if let Some(id) = self.look_up(known, key).await? {
            self.remove_id(&id, volumes).await?;
        }
        Ok(StepOutput::Done)
    }

    pub(super) async fn remove_id(
        &self,
        id: &ContainerId,
        volumes: Volumes,
    ) -> Result<(), StepError> {
        let path = format!("/containers/{}", in_path(id.as_str()));
        let call = Call::delete(format!("removing container {}", id.short()), &path);
        match self.host.transport().call(call.query("v", with(volumes))).await {
            Ok(_) => Ok(()),
            Err(error) if error.status() == Some(404) => Ok(()),
            Err(DockerError::Api { status: 409, message, .. }) if message.contains("removal") => {
                self.until_gone(id).await
            }
            Err(DockerError::Api { status: 409, message, .. }) if message.contains("running") => {
                let text = format!("container {} was started by someone else", id.short());
                Err(StepError::new(Class::Superseded, text))
            }
            Err(error) => Err(failed(Action::Container)(error)),
        }
    }
}

impl Host {
    /// Removes a container by its ID or name with force; one that is gone, or about to be, is as it
    /// should be.
    pub async fn discard(&self, container: &str, volumes: Volumes) -> Result<(), DockerError> {
        let path = format!("/containers/{}", in_path(container));
        let call = Call::delete(format!("removing container {container}"), &path);
        let call = call.query("force", "1").query("v", with(volumes));
        match self.transport().call(call).await {
            Err(error) if error.status() == Some(409) => self.until_discarded(container).await,
            Err(error) if error.status() != Some(404) => Err(error),
            _ => Ok(()),
        }
    }

    /// Waits for the end of a removal that is under way, as the engine's own after `--rm`.
    async fn until_discarded(&self, container: &str) -> Result<(), DockerError> {
        let (id, until) =
            (ContainerId::new(container), Instant::now() + self.transport().timeouts.manage);
        while self.inspect_container(&id).await?.is_some() && Instant::now() < until {
            sleep(PAUSE).await;
        }
        Ok(())
    }
}

/// Returns what the engine is told of the anonymous volumes of a container that it removes.
fn with(volumes: Volumes) -> &'static str {
    match volumes {
        Volumes::Keep => "0",
        Volumes::Remove => "1",
    }
}

fn path(id: &ContainerId, verb: &str) -> String {
    format!("/containers/{}/{verb}", in_path(id.as_str()))
}

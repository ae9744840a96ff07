//! Performs the steps of a plan on a real host: one short function per step.

mod class;
mod create;
mod data;
mod door;
mod exec;
mod files;
mod image;
mod image_removal;
mod look;
mod name;
mod probe;
mod run;
mod watch;

use std::sync::Arc;

use serde_json::Value;

use crate::core::event::What;
use crate::core::id::{ContainerId, OperationId};
use crate::core::journal::{Class, Known, Observed, Seen, StepOutput};
use crate::core::plan::{BoxFuture, Key, Step, StepError, StepRunner};
use crate::core::probe::Ready;
use crate::core::recreate::OPERATION_LABEL;

use super::convert::{ListedContainer, name, state};
use super::pull::PullCredentials;
use super::{Host, convert};

pub use self::door::{GOOD, Loopback};

use self::class::{Action, failed};

/// Who hears of a step's progress.
pub type Listener = Arc<dyn Fn(What) + Send + Sync>;

/// Performs steps on one host. All of them look first or take "already so" for an answer, so that
/// each may be run again after a crash.
pub struct HostRunner {
    host: Host,
    listener: Listener,
    credentials: Arc<dyn PullCredentials>,
    readiness: Option<Arc<dyn Readiness>>,
}

/// Who knows whether the docker-auto in a container says that it serves.
pub trait Readiness: Send + Sync {
    /// Returns what the one that an operation has started says last, if it has said anything.
    fn said<'a>(&'a self, operation: &'a OperationId) -> BoxFuture<'a, Option<Ready>>;
}

type StepResult = Result<StepOutput, StepError>;

impl HostRunner {
    /// Returns a runner for a host; pulls ask `credentials` and tell `listener` how far they are.
    pub fn new(host: Host, listener: Listener, credentials: Arc<dyn PullCredentials>) -> Self {
        Self { host, listener, credentials, readiness: None }
    }

    /// Has the runner ask `readiness` where docker-auto itself is on trial.
    #[must_use]
    pub fn with_readiness(self, readiness: Arc<dyn Readiness>) -> Self {
        Self { readiness: Some(readiness), ..self }
    }

    async fn perform(&self, step: &Step, known: &Known) -> StepResult {
        match step {
            Step::Expect { container, name, state, image, settings } => {
                let expected =
                    look::Expected { name, state: *state, image, settings: settings.as_ref() };
                self.expect(known, container, &expected).await
            }
            Step::Pull { reference, platform, digest } => {
                self.pull(&image::Pull { reference, platform, digest }).await
            }
            Step::Tag { image, reference } => self.tag(image, reference).await,
            Step::Untag { reference } => self.untag(reference).await,
            Step::Create { key, name, body, platform, image } => {
                let wanted = create::Wanted { name, body, platform, image };
                self.create(known, key, &wanted).await
            }
            Step::Connect { container, network, endpoint } => {
                self.connect(known, container, network, endpoint).await
            }
            Step::SetRestartPolicy { container, policy } => {
                self.set_restart_policy(known, container, policy).await
            }
            Step::Stop { container, timeout_seconds, grace } => {
                self.stop(
                    known,
                    container,
                    run::Patience { timeout_seconds: *timeout_seconds, grace: *grace },
                )
                .await
            }
            Step::WaitRemoved { container } => self.wait_removed(known, container).await,
            Step::Rename { container, to } => self.rename(known, container, to).await,
            Step::Start { container } => self.start(known, container).await,
            Step::AwaitHealthy { container, gate } => {
                self.await_healthy(known, container, gate).await
            }
            Step::CollectEvidence { container } => self.collect_evidence(known, container).await,
            Step::Remove { container, volumes } => self.remove(known, container, *volumes).await,
            Step::CopyFiles { from, to, path } => self.copy_files(known, (from, to), path).await,
            Step::RemoveImage { image, keep_tags, heir } => {
                self.remove_image(image, keep_tags, heir.as_ref()).await
            }
            Step::CreateVolume { name, labels } => self.create_volume(name, labels, known).await,
            Step::RemoveVolume { name } => self.remove_volume(name, known).await,
            Step::HandOver { container } => self.hand_over(known, container).await,
            Step::Reject { .. }
            | Step::PrepareBackup { .. }
            | Step::BackUp { .. }
            | Step::DiscardBackup { .. }
            | Step::PruneBackups { .. }
            | Step::Restore { .. }
            | Step::RewriteFile { .. }
            | Step::KeepDatabase
            | Step::RestoreDatabase => Err(not_the_engines(step)),
            Step::Exec { container, moment, hook } => {
                self.exec(known, container, *moment, hook).await
            }
        }
    }

    /// Returns the ID of a container of the plan; one whose creation was not written down any more
    /// is found by its label and name.
    async fn resolve(&self, known: &Known, key: &Key) -> Result<ContainerId, StepError> {
        match self.look_up(known, key).await? {
            Some(id) => Ok(id),
            None => Err(gone(known, key)),
        }
    }

    async fn look_up(&self, known: &Known, key: &Key) -> Result<Option<ContainerId>, StepError> {
        match known.ids.get(key) {
            Some(id) => Ok(Some(id.clone())),
            None => Ok(self.find_made(known, key).await?.map(|seen| seen.id)),
        }
    }

    /// Returns the container that this operation has made for a key without knowing its ID.
    async fn find_made(&self, known: &Known, key: &Key) -> Result<Option<Seen>, StepError> {
        let Some(name) = known.created_as.get(key) else { return Ok(None) };
        let made = self.made_by(known).await?;
        // A container of another key may have this name by now.
        let is_other = |seen: &Seen| known.ids.values().any(|id| *id == seen.id);
        Ok(made.into_iter().find(|seen| seen.name == *name && !is_other(seen)))
    }

    /// Returns all containers that carry the operation's label.
    async fn made_by(&self, known: &Known) -> Result<Vec<Seen>, StepError> {
        let listed = self.host.listed_by(OPERATION_LABEL, known.operation.as_str()).await;
        let listed = listed.map_err(failed(Action::Container))?;
        Ok(listed.iter().filter_map(ListedContainer::seen).collect())
    }

    async fn inspect(&self, id: &ContainerId) -> Result<Option<Value>, StepError> {
        self.host.inspect_container(id).await.map_err(failed(Action::Container))
    }

    /// Returns a container's inspect; that it is gone is an error.
    async fn inspect_key(&self, known: &Known, key: &Key) -> Result<Value, StepError> {
        let id = self.resolve(known, key).await?;
        self.inspect(&id).await?.ok_or_else(|| gone(known, key))
    }

    async fn look(&self, known: &Known) -> Result<Observed, StepError> {
        let mut observed = Observed::default();
        for (key, id) in &known.ids {
            if let Some(inspect) = self.inspect(id).await? {
                observed.containers.insert(key.clone(), convert::seen(&inspect));
            }
        }
        for key in known.created_as.keys().filter(|key| !known.ids.contains_key(key)) {
            if let Some(seen) = self.find_made(known, key).await? {
                observed.containers.insert(key.clone(), seen);
            }
        }
        for name in known.homes.values() {
            let owner = self.host.find_container(name).await;
            if let Some(inspect) = owner.map_err(failed(Action::Container))? {
                observed.owners.insert(name.clone(), convert::seen(&inspect).id);
            }
        }
        Ok(observed)
    }
}

impl StepRunner for HostRunner {
    fn run<'a>(&'a self, step: &'a Step, known: &'a Known) -> BoxFuture<'a, StepResult> {
        Box::pin(self.perform(step, known))
    }

    fn observe<'a>(&'a self, known: &'a Known) -> BoxFuture<'a, Result<Observed, StepError>> {
        Box::pin(self.look(known))
    }
}

/// Returns what a missing container means: someone else removed it.
fn gone(known: &Known, key: &Key) -> StepError {
    let name = known.created_as.get(key).or_else(|| known.homes.get(key)).unwrap_or(&known.name);
    StepError::new(Class::Superseded, format!("container {name} ({key}) is gone"))
}

/// Returns how a container is called in messages.
fn called(inspect: &Value) -> String {
    format!("container {}", name(inspect))
}

/// Says whether a container's process is alive or about to be again.
fn is_up(inspect: &Value) -> bool {
    state(inspect).is_up()
}

fn not_the_engines(step: &Step) -> StepError {
    StepError::new(Class::Lasting, format!("{}: the engine has no part in it", step.verb()))
}

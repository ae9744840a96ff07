//! Each step of a plan on each kind of engine, and each of them twice: a crash may repeat any.

mod image_removal;
mod look;
mod lost;
mod run;
mod swap;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use docker_auto::core::digest::Platform;
use docker_auto::core::health::{ExitZero, HealthGate, Requirement, Restarts};
use docker_auto::core::id::{ContainerId, ContainerName, ImageId, OperationId};
use docker_auto::core::inventory::RunState;
use docker_auto::core::journal::{Class, Evidence, Known, StepOutput};
use docker_auto::core::plan::{BoxFuture, Key, Step, StepError, StepRunner, Volumes};
use docker_auto::core::recreate::OPERATION_LABEL;
use docker_auto::core::reference::ImageRef;
use docker_auto::docker::{self, HostRunner, PullAuth, PullCredentials};
use serde_json::{Value, json};

use crate::docker_host::{body, connected};
use crate::support::engine::{Engine, Host};
use crate::support::image::{ImageSpec, Kind};
use crate::support::lab::{needs, unique};
use crate::support::wait::wait_until;

const GRACE: Duration = Duration::from_secs(10);

/// Pulls without credentials.
pub(crate) struct Nobody;

impl PullCredentials for Nobody {
    fn for_pull<'a>(&'a self, _: &'a ImageRef) -> BoxFuture<'a, Option<PullAuth>> {
        Box::pin(async { None })
    }
}

/// An operation on one container `<prefix>-web` of a host; all that has the prefix goes with it.
struct Operation {
    host: Host,
    prefix: String,
    runner: HostRunner,
    known: Known,
    platform: Platform,
}

impl Operation {
    async fn on(engine: Engine) -> Self {
        Self::with(Host::shared(engine)).await
    }

    async fn with(host: Host) -> Self {
        let prefix = unique();
        let ours = connected(&host);
        let platform = ours.engine_facts().await.expect("the engine is up").platform;
        let runner = runner(ours);
        let name = ContainerName::new(format!("{prefix}-web"));
        let known = Known {
            operation: OperationId::new(format!("operation-{prefix}")),
            name: name.clone(),
            homes: [(Key::old(), name.clone())].into(),
            ids: BTreeMap::new(),
            failure: None,
            created_as: [(Key::replacement(), ContainerName::new(format!("{name}.da-new-0a1b2c")))]
                .into(),
        };
        Self { host, prefix, runner, known, platform }
    }

    fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.prefix)
    }

    /// Loads an image and returns its reference and ID.
    fn image(&self, tag: &str, kind: Kind) -> (String, ImageId) {
        self.host.docker_load(&ImageSpec::web(&self.prefix, tag).kind(kind));
        let reference = format!("{}:{tag}", self.prefix);
        let id = self.host.image_id(&reference);
        (reference, ImageId::new(id))
    }

    /// Starts a container that the operation finds, and returns its ID.
    fn old(&mut self, body: &Value) -> ContainerId {
        let id = ContainerId::new(self.host.create_and_start(&self.name("web"), body));
        self.known.ids.insert(Key::old(), id.clone());
        id
    }

    fn create_step(&self, body: Value, image: &ImageId) -> Step {
        let mut body = body;
        body["Labels"][OPERATION_LABEL] = json!(self.known.operation);
        let name = self.known.created_as[&Key::replacement()].clone();
        let (image, platform) = (image.clone(), self.platform.clone());
        Step::Create { key: Key::replacement(), name, body, platform, image }
    }

    /// Makes the new container and knows its ID from then on.
    async fn create(&mut self, body: Value, image: &ImageId) -> ContainerId {
        let step = self.create_step(body, image);
        let id = created(self.run(&step).await);
        self.known.ids.insert(Key::replacement(), id.clone());
        id
    }

    async fn run(&self, step: &Step) -> Result<StepOutput, StepError> {
        self.runner.run(step, &self.known).await
    }

    /// Runs a step twice; both times it must end well.
    async fn twice(&self, step: &Step) {
        for time in ["first", "second"] {
            let output = self.run(step).await;
            let output = output.unwrap_or_else(|error| panic!("{time} time: {error}"));
            assert_eq!(output, StepOutput::Done, "{time} time: {step:?}");
        }
    }

    async fn remove(&self, container: Key, volumes: Volumes) {
        self.twice(&Step::Remove { container, volumes }).await;
    }

    /// Runs a step that must fail, and returns what it says.
    #[track_caller]
    fn check(class: Class, words: &str, result: Result<StepOutput, StepError>) {
        let error = result.expect_err(words);
        assert_eq!(error.class, class, "{error}");
        assert!(error.message.contains(words), "{error}");
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.host.remove_all(&self.prefix);
    }
}

pub(crate) fn runner(host: docker::Host) -> HostRunner {
    HostRunner::new(host, Arc::new(|_| {}), Arc::new(Nobody))
}

fn created(result: Result<StepOutput, StepError>) -> ContainerId {
    match result.expect("it is made") {
        StepOutput::Created { id } => id,
        other => panic!("{other:?}"),
    }
}

fn start(container: Key) -> Step {
    Step::Start { container }
}

fn stop(container: Key) -> Step {
    Step::Stop { container, timeout_seconds: None, grace: GRACE }
}

fn await_healthy(container: Key, require: Requirement, exit_zero: ExitZero) -> Step {
    let (timeout, stable) = (Duration::from_secs(30), Duration::from_millis(1500));
    let restarts = Restarts::SinceStart;
    let (probes, soak) = (Vec::new(), Duration::ZERO);
    let gate = HealthGate { timeout, stable, require, exit_zero, restarts, probes, soak };
    Step::AwaitHealthy { container, gate }
}

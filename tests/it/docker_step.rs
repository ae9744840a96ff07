//! Each step of a plan on each kind of engine, and each of them twice: a crash may repeat any.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use docker_auto::core::digest::Platform;
use docker_auto::core::health::{ExitZero, HealthGate, Requirement};
use docker_auto::core::id::{ContainerId, ContainerName, ImageId, OperationId};
use docker_auto::core::inventory::RunState;
use docker_auto::core::journal::{Class, Evidence, Known, StepOutput};
use docker_auto::core::plan::{BoxFuture, Key, Step, StepError, StepRunner, Volumes};
use docker_auto::core::recreate::OPERATION_LABEL;
use docker_auto::core::reference::ImageRef;
use docker_auto::docker::{self, HostRunner, PullAuth, PullCredentials};
use serde_json::{Value, json};

use crate::docker_host::{body, connected};
use crate::support::containers::Cleanup;
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

/// An operation on one container `<prefix>-web` of a host.
struct Operation<'a> {
    host: &'a Host,
    prefix: &'a str,
    runner: HostRunner,
    known: Known,
    platform: Platform,
}

impl<'a> Operation<'a> {
    async fn begin(host: &'a Host, prefix: &'a str) -> Self {
        let ours = connected(host);
        let platform = ours.engine_facts().await.unwrap().platform;
        let runner = runner(ours);
        let name = ContainerName::new(format!("{prefix}-web"));
        let known = Known {
            operation: OperationId::new(format!("operation-{prefix}")),
            name: name.clone(),
            ids: BTreeMap::new(),
            created_as: [(Key::replacement(), ContainerName::new(format!("{name}.da-new-0a1b2c")))]
                .into(),
            failure: None,
        };
        Self { host, prefix, runner, known, platform }
    }

    fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.prefix)
    }

    /// Loads an image and returns its reference and ID.
    fn image(&self, tag: &str, kind: Kind) -> (String, ImageId) {
        self.host.docker_load(&ImageSpec::web(self.prefix, tag).kind(kind));
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
            assert_eq!(output.unwrap(), StepOutput::Done, "{time} time: {step:?}");
        }
    }

    /// Runs a step that must fail, and returns what it says.
    #[track_caller]
    fn check(class: Class, words: &str, result: Result<StepOutput, StepError>) {
        let error = result.expect_err(words);
        assert_eq!(error.class, class, "{error}");
        assert!(error.message.contains(words), "{error}");
    }
}

pub(crate) fn runner(host: docker::Host) -> HostRunner {
    HostRunner::new(host, Arc::new(|_| {}), Arc::new(Nobody))
}

fn created(result: Result<StepOutput, StepError>) -> ContainerId {
    match result.unwrap() {
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

fn await_healthy(container: Key, require: Requirement) -> Step {
    let (timeout, stable) = (Duration::from_secs(30), Duration::from_millis(1500));
    Step::AwaitHealthy {
        container,
        gate: HealthGate { timeout, stable, require, exit_zero: ExitZero::Finished },
    }
}

#[tokio::test]
async fn a_whole_swap_may_be_done_twice_step_by_step() {
    needs!(lab);
    for kind in Engine::ALL {
        let (host, prefix) = (Host::shared(kind), unique());
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let mut operation = Operation::begin(&host, &prefix).await;
        let (old_reference, old_image) = operation.image("1", Kind::Web);
        let (new_reference, new_image) = operation.image("2", Kind::Web);
        let mut old_body = body(&old_reference);
        old_body["HostConfig"]["RestartPolicy"] = json!({"Name": "always"});
        operation.old(&old_body);
        let name = operation.known.name.clone();
        let aside = ContainerName::new(format!("{name}.da-old-0a1b2c"));

        let expect = Step::Expect {
            container: Key::old(),
            name: name.clone(),
            state: RunState::Running,
            image: old_image,
        };
        operation.twice(&expect).await;
        let step = operation.create_step(body(&new_reference), &new_image);
        let first = created(operation.run(&step).await);
        let again = created(operation.run(&step).await);
        assert_eq!(first, again, "found by its label and name");
        operation.known.ids.insert(Key::replacement(), first.clone());
        assert_eq!(created(operation.run(&step).await), first, "found by its ID");
        operation.twice(&stop(Key::old())).await;
        let policy = json!({"Name": "no", "MaximumRetryCount": 0});
        operation.twice(&Step::SetRestartPolicy { container: Key::old(), policy }).await;
        operation.twice(&Step::Rename { container: Key::old(), to: aside.clone() }).await;
        operation.twice(&Step::Rename { container: Key::replacement(), to: name.clone() }).await;
        operation.twice(&start(Key::replacement())).await;
        operation.twice(&await_healthy(Key::replacement(), Requirement::Healthy)).await;
        let observed = operation.runner.observe(&operation.known).await.unwrap();
        assert_eq!(observed.containers[&Key::old()].name, aside);
        assert_eq!(observed.containers[&Key::old()].state, RunState::Exited);
        assert_eq!(observed.containers[&Key::replacement()].state, RunState::Running);
        assert_eq!(observed.name_owner, Some(first.clone()));
        let old = host.inspect(aside.as_str());
        assert_eq!(old["HostConfig"]["RestartPolicy"]["Name"], "no");
        let remove = Step::Remove { container: Key::old(), volumes: Volumes::Keep };
        operation.twice(&remove).await;
        let left = host.names(&prefix);
        assert_eq!(left, [(name.as_str().to_owned(), "running".to_owned())]);
        Operation::check(Class::Superseded, "is gone", operation.run(&expect).await);
        Operation::check(Class::Superseded, "is gone", operation.run(&stop(Key::old())).await);
        let evidence = Step::CollectEvidence { container: Key::old() };
        Operation::check(Class::Superseded, "is gone", operation.run(&evidence).await);
    }
}

#[tokio::test]
async fn a_new_container_is_found_again_without_its_id() {
    needs!(lab);
    for kind in Engine::ALL {
        let (host, prefix) = (Host::shared(kind), unique());
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let operation = Operation::begin(&host, &prefix).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let observe = || operation.runner.observe(&operation.known);
        assert!(observe().await.unwrap().containers.is_empty());
        let id = created(operation.run(&operation.create_step(body(&reference), &image)).await);
        let observed = observe().await.unwrap();
        assert_eq!(observed.containers[&Key::replacement()].id, id);
        assert_eq!(observed.containers[&Key::replacement()].state, RunState::Created);
        operation.twice(&start(Key::replacement())).await;
        operation.twice(&stop(Key::replacement())).await;
        let remove = Step::Remove { container: Key::replacement(), volumes: Volumes::Remove };
        operation.twice(&remove).await;
        operation.twice(&Step::WaitRemoved { container: Key::replacement() }).await;
        Operation::check(
            Class::Superseded,
            "is gone",
            operation.run(&start(Key::replacement())).await,
        );
    }
}

#[tokio::test]
async fn a_key_does_not_find_the_container_of_another_key() {
    needs!(lab);
    let (host, prefix) = (Host::shared(Engine::New), unique());
    let _cleanup = Cleanup { host: &host, prefix: &prefix };
    let mut operation = Operation::begin(&host, &prefix).await;
    let (reference, image) = operation.image("1", Kind::Web);
    let new = operation.create(body(&reference), &image).await;
    let name = operation.known.name.clone();
    operation.twice(&Step::Rename { container: Key::replacement(), to: name.clone() }).await;
    operation.known.created_as.insert(Key::rescue(), name);
    let observed = operation.runner.observe(&operation.known).await.unwrap();
    assert_eq!(observed.containers.len(), 1, "{observed:?}");
    assert_eq!(observed.name_owner, Some(new));
}

#[tokio::test]
async fn the_image_of_a_new_container_is_verified() {
    needs!(lab);
    for kind in Engine::ALL {
        let (host, prefix) = (Host::shared(kind), unique());
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let operation = Operation::begin(&host, &prefix).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let (_, other) = operation.image("2", Kind::Web);
        let step = operation.create_step(body(&reference), &other);
        Operation::check(Class::Lasting, "the tag was moved", operation.run(&step).await);
        assert_eq!(host.names(&prefix), [], "{kind:?}");
        // One of the same operation with another image, as a crash before the check leaves it.
        let left = created(operation.run(&operation.create_step(body(&reference), &image)).await);
        let step = operation.create_step(body(&format!("{prefix}:2")), &other);
        let made = created(operation.run(&step).await);
        assert_ne!(made, left);
        assert_eq!(host.inspect(made.as_str())["Image"], other.as_str());
        let missing = body(&format!("{prefix}:none"));
        let fresh =
            Operation::begin(&host, &format!("{prefix}-x")).await.missing_image(missing).await;
        Operation::check(Class::Lasting, "No such image", fresh);
    }
}

impl Operation<'_> {
    async fn missing_image(&self, body: Value) -> Result<StepOutput, StepError> {
        self.run(&self.create_step(body, &ImageId::new("sha256:0"))).await
    }
}

#[tokio::test]
async fn a_name_that_someone_else_has_supersedes() {
    needs!(lab);
    for kind in Engine::ALL {
        let (host, prefix) = (Host::shared(kind), unique());
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let mut operation = Operation::begin(&host, &prefix).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let temporary = operation.known.created_as[&Key::replacement()].clone();
        let foreign = format!("/containers/create?name={temporary}");
        host.post(&foreign, &body(&reference));
        let step = operation.create_step(body(&reference), &image);
        Operation::check(Class::Superseded, "another container", operation.run(&step).await);
        host.delete(&format!("/containers/{temporary}"));
        operation.create(body(&reference), &image).await;
        host.post(&format!("/containers/create?name={}", operation.known.name), &body(&reference));
        let name = operation.known.name.clone();
        let rename = Step::Rename { container: Key::replacement(), to: name };
        Operation::check(Class::Superseded, "another container", operation.run(&rename).await);
        assert_eq!(host.names(&prefix).len(), 2);
    }
}

#[tokio::test]
async fn what_is_no_longer_as_planned_supersedes() {
    needs!(lab);
    for kind in Engine::ALL {
        let (host, prefix) = (Host::shared(kind), unique());
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let mut operation = Operation::begin(&host, &prefix).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let id = operation.old(&body(&reference));
        let expect = |name: &ContainerName, image: &ImageId, state| Step::Expect {
            container: Key::old(),
            name: name.clone(),
            state,
            image: image.clone(),
        };
        let (name, running) = (operation.known.name.clone(), RunState::Running);
        let planned = expect(&name, &image, running);
        operation.twice(&planned).await;
        let other = expect(&name, &ImageId::new("sha256:1"), running);
        Operation::check(Class::Superseded, "runs image", operation.run(&other).await);
        host.post(&format!("/containers/{id}/pause"), &json!({}));
        Operation::check(Class::Superseded, "is paused now", operation.run(&planned).await);
        host.post(&format!("/containers/{id}/unpause"), &json!({}));
        host.post(&format!("/containers/{id}/rename?name={name}-b"), &json!({}));
        Operation::check(Class::Superseded, "is called", operation.run(&planned).await);
        host.post(&format!("/containers/{id}/rename?name={name}"), &json!({}));
        host.post(&format!("/containers/{id}/kill"), &json!({}));
        wait_until("it ends", GRACE, || host.inspect(id.as_str())["State"]["Running"] == false);
        Operation::check(Class::Superseded, "is exited now", operation.run(&planned).await);
        operation.twice(&expect(&name, &image, RunState::Exited)).await;
    }
}

#[tokio::test]
async fn a_container_between_two_restarts_ends_up_stopped() {
    needs!(lab);
    for kind in Engine::ALL {
        let (host, prefix) = (Host::shared(kind), unique());
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let mut operation = Operation::begin(&host, &prefix).await;
        let (reference, _) = operation.image("1", Kind::ExitsOne);
        let mut restarting = body(&reference);
        restarting["HostConfig"]["RestartPolicy"] = json!({"Name": "always"});
        let id = operation.old(&restarting);
        let inspect = || host.inspect(id.as_str());
        wait_until("it restarts", GRACE, || inspect()["State"]["Status"] == "restarting");
        operation.twice(&stop(Key::old())).await;
        assert_eq!(inspect()["State"]["Status"], "exited", "{kind:?}");
        operation.twice(&Step::Remove { container: Key::old(), volumes: Volumes::Remove }).await;
    }
}

#[tokio::test]
async fn a_container_that_removes_itself_is_waited_for() {
    needs!(lab);
    for kind in Engine::ALL {
        let (host, prefix) = (Host::shared(kind), unique());
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let mut operation = Operation::begin(&host, &prefix).await;
        let (reference, _) = operation.image("1", Kind::Web);
        let mut own = body(&reference);
        own["HostConfig"]["AutoRemove"] = json!(true);
        operation.old(&own);
        assert_eq!(operation.run(&stop(Key::old())).await.unwrap(), StepOutput::Done);
        operation.twice(&Step::WaitRemoved { container: Key::old() }).await;
        assert_eq!(host.names(&prefix), []);
        operation.twice(&Step::Remove { container: Key::old(), volumes: Volumes::Keep }).await;
    }
}

#[tokio::test]
async fn anonymous_volumes_go_only_if_told() {
    needs!(lab);
    for kind in Engine::ALL {
        let (host, prefix) = (Host::shared(kind), unique());
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let mut operation = Operation::begin(&host, &prefix).await;
        let (reference, _) = operation.image("1", Kind::Web);
        for (volumes, status) in [(Volumes::Keep, 200), (Volumes::Remove, 404)] {
            let mut with_volume = body(&reference);
            with_volume["Volumes"] = json!({"/data": {}});
            let id = operation.old(&with_volume);
            let mounts = &host.inspect(id.as_str())["Mounts"];
            let volume = format!("/volumes/{}", mounts[0]["Name"].as_str().unwrap());
            operation.twice(&stop(Key::old())).await;
            operation.twice(&Step::Remove { container: Key::old(), volumes }).await;
            assert_eq!(host.request("GET", &volume, None).0, status, "{volumes:?}");
            host.request("DELETE", &volume, None);
        }
    }
}

#[tokio::test]
async fn networks_are_joined_once() {
    needs!(lab);
    for kind in Engine::ALL {
        let (host, prefix) = (Host::shared(kind), unique());
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let mut operation = Operation::begin(&host, &prefix).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let [front, back] = ["front", "back"].map(|name| operation.name(name));
        host.post("/networks/create", &json!({"Name": front}));
        host.post("/networks/create", &json!({"Name": back}));
        let own = json!({"Image": reference, "HostConfig": {"NetworkMode": front}});
        let id = operation.create(own, &image).await;
        let endpoint = json!({"Aliases": ["other"]});
        let connect = |network: &str| Step::Connect {
            container: Key::replacement(),
            network: network.to_owned(),
            endpoint: endpoint.clone(),
        };
        operation.twice(&connect(&back)).await;
        operation.twice(&start(Key::replacement())).await;
        operation.twice(&connect(&back)).await;
        let networks = host.inspect(id.as_str())["NetworkSettings"]["Networks"].clone();
        let aliases = networks[&back]["Aliases"].as_array().unwrap();
        assert!(aliases.contains(&json!("other")), "{networks}");
        let missing = operation.run(&connect(&operation.name("none"))).await;
        Operation::check(Class::Lasting, "not found", missing);
    }
}

#[tokio::test]
async fn a_taken_port_passes_and_a_bad_command_does_not() {
    needs!(lab);
    for kind in Engine::ALL {
        let (host, prefix) = (Host::shared(kind), unique());
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let mut operation = Operation::begin(&host, &prefix).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let published = json!({
            "Image": reference,
            "HostConfig": {"PortBindings": {"8080/tcp": [{"HostPort": "18080"}]}},
        });
        operation.old(&published);
        operation.create(published, &image).await;
        let taken = operation.run(&start(Key::replacement())).await;
        Operation::check(Class::Transient, "port is already allocated", taken);
        operation.twice(&stop(Key::old())).await;
        operation.twice(&start(Key::replacement())).await;
        operation.twice(&stop(Key::replacement())).await;
        operation
            .twice(&Step::Remove { container: Key::replacement(), volumes: Volumes::Remove })
            .await;
        operation.known.ids.remove(&Key::replacement());
        let mut broken = body(&reference);
        broken["Entrypoint"] = json!(["/no/such/command"]);
        operation.create(broken, &image).await;
        let result = operation.run(&start(Key::replacement())).await;
        Operation::check(Class::Lasting, "no such file or directory", result);
        operation
            .twice(&Step::Remove { container: Key::replacement(), volumes: Volumes::Remove })
            .await;
    }
}

#[tokio::test]
async fn the_health_gate_is_watched() {
    needs!(lab);
    let (host, prefix) = (Host::shared(Engine::Old), unique());
    let _cleanup = Cleanup { host: &host, prefix: &prefix };
    for (tag, kind, require, words) in [
        ("plain", Kind::Plain, Requirement::Healthy, None),
        ("sick", Kind::Unhealthy, Requirement::Stable, None),
        ("job", Kind::ExitsZero, Requirement::Stable, None),
        ("sick", Kind::Unhealthy, Requirement::Healthy, Some("unhealthy")),
        ("exit", Kind::ExitsOne, Requirement::Healthy, Some("exit code 1")),
        ("job", Kind::ExitsZero, Requirement::Healthy, Some("exit code 0")),
    ] {
        let mut operation = Operation::begin(&host, &prefix).await;
        let (reference, _) = operation.image(tag, kind);
        operation.old(&body(&reference));
        let result = operation.run(&await_healthy(Key::old(), require)).await;
        match words {
            None => assert_eq!(result.unwrap(), StepOutput::Done, "{tag}"),
            Some(words) => Operation::check(Class::Lasting, words, result),
        }
        operation.twice(&stop(Key::old())).await;
        let remove = Step::Remove { container: Key::old(), volumes: Volumes::Remove };
        operation.twice(&remove).await;
    }
}

#[tokio::test]
async fn a_vanished_container_is_not_healthy() {
    needs!(lab);
    let (host, prefix) = (Host::shared(Engine::New), unique());
    let _cleanup = Cleanup { host: &host, prefix: &prefix };
    let mut operation = Operation::begin(&host, &prefix).await;
    let (reference, image) = operation.image("1", Kind::ExitsOne);
    let mut own = body(&reference);
    own["HostConfig"]["AutoRemove"] = json!(true);
    operation.create(own, &image).await;
    operation.run(&start(Key::replacement())).await.unwrap();
    let result = operation.run(&await_healthy(Key::replacement(), Requirement::Healthy)).await;
    let error = result.unwrap_err();
    assert_eq!(error.class, Class::Lasting, "{error}");
    operation.known.ids.insert(Key::old(), ContainerId::new("0".repeat(64)));
    let result = operation.run(&await_healthy(Key::old(), Requirement::Healthy)).await;
    Operation::check(Class::Superseded, "is gone", result);
}

#[tokio::test]
async fn evidence_is_collected_with_and_without_a_terminal() {
    needs!(lab);
    for kind in Engine::ALL {
        let (host, prefix) = (Host::shared(kind), unique());
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let mut operation = Operation::begin(&host, &prefix).await;
        let (reference, _) = operation.image("1", Kind::Unhealthy);
        for (tty, driver, logged) in [
            (false, "json-file", "starting"),
            (true, "json-file", "starting"),
            (false, "none", "does not support reading"),
        ] {
            let mut own = body(&reference);
            own["Tty"] = json!(tty);
            own["HostConfig"]["LogConfig"] = json!({"Type": driver});
            let id = operation.old(&own);
            host.wait_health(id.as_str(), "unhealthy");
            let step = Step::CollectEvidence { container: Key::old() };
            let output = operation.run(&step).await.unwrap();
            let StepOutput::Evidence(evidence) = output else { panic!("{output:?}") };
            let Evidence { state, health, logs, .. } = evidence;
            assert_eq!(state, "running");
            assert!(health.iter().any(|probe| probe.starts_with("exit code 1")), "{health:?}");
            assert!(logs.contains(logged) && !logs.contains('\u{0}'), "{logs:?}");
            operation.twice(&stop(Key::old())).await;
            let remove = Step::Remove { container: Key::old(), volumes: Volumes::Remove };
            operation.twice(&remove).await;
        }
    }
}

#[tokio::test]
async fn names_of_images_come_and_go() {
    needs!(lab);
    for kind in Engine::ALL {
        let (host, prefix) = (Host::shared(kind), unique());
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let mut operation = Operation::begin(&host, &prefix).await;
        let (reference, image) = operation.image("1", Kind::Web);
        operation.old(&body(&reference));
        let keep = format!("docker-auto.local/keep:{prefix}");
        operation.twice(&Step::Tag { image: image.clone(), reference: keep.clone() }).await;
        assert_eq!(host.image_id(&keep), image.as_str());
        operation.twice(&Step::Untag { reference: keep.clone() }).await;
        assert_eq!(host.request("GET", &format!("/images/{keep}/json"), None).0, 404);
        assert_eq!(host.image_id(&reference), image.as_str(), "its own name stays");
        let last = operation.run(&Step::Untag { reference: reference.clone() }).await;
        Operation::check(Class::Lasting, "conflict", last);
        let by_id = operation.run(&Step::Untag { reference: image.as_str().to_owned() }).await;
        Operation::check(Class::Lasting, "image ID", by_id);
        let missing = Step::Tag { image: ImageId::new("sha256:00"), reference: keep };
        Operation::check(Class::Lasting, "image", operation.run(&missing).await);
    }
}

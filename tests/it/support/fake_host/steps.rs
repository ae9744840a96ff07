//! What each step does to the model, to the letter of its documentation.

use std::time::Duration;

use docker_auto::core::backup::BackupRecord;
use docker_auto::core::compose::edit::{FileChange, Written};
use docker_auto::core::health::{HealthGate, Verdict, Watch};
use docker_auto::core::hook::{End, Execution};
use docker_auto::core::id::{ContainerId, ContainerName, ImageId};
use docker_auto::core::inventory::RunState;
use docker_auto::core::journal::{Class, Evidence, Known, Observed, Seen, StepOutput};
use docker_auto::core::plan::{Key, Step, StepError, Volumes};
use serde_json::Value;

use super::container::{Container, Policy};
use super::engine::{Engine, Refusal};

/// The label by which an operation finds the containers that it made.
const OPERATION_LABEL: &str = "docker-auto.internal.operation";

type Answer = Result<StepOutput, StepError>;

/// Performs one step.
pub(crate) fn perform(engine: &mut Engine, step: &Step, known: &Known) -> Answer {
    let mut host = Host { engine, known };
    match step {
        Step::Expect { container, name, state, image, .. } => {
            host.expect(container, name, *state, image)
        }
        Step::Pull { reference, .. } => host.pull(&reference.familiar()),
        Step::Tag { image, reference } => {
            host.engine.tags.insert(reference.clone(), image.clone());
            DONE
        }
        Step::Untag { reference } => {
            host.engine.tags.remove(reference);
            DONE
        }
        Step::Create { key, name, body, image, .. } => host.create(key, name, body, image),
        Step::Connect { container, network, .. } => host.change(container, |engine, id| {
            engine.present(id)?.networks.insert(network.clone());
            Ok(())
        }),
        Step::SetRestartPolicy { container, policy } => {
            let policy = Policy::parse(policy["Name"].as_str().unwrap());
            host.change(container, |engine, id| engine.set_policy(id, policy))
        }
        Step::Stop { container, .. } => host.change(container, Engine::stop),
        Step::WaitRemoved { container } => host.wait_removed(container),
        Step::Rename { container, to } => {
            host.change(container, |engine, id| engine.rename(id, to))
        }
        Step::Start { container } => host.start(container),
        Step::AwaitHealthy { container, gate } => host.await_healthy(container, gate),
        Step::CollectEvidence { container } => host.collect_evidence(container),
        Step::Reject { image, .. } => {
            host.engine.rejected.insert(image.clone());
            DONE
        }
        Step::Remove { container, volumes } => host.remove(container, *volumes),
        Step::CopyFiles { from, to, .. } => host.copy(from, to),
        Step::RemoveImage { image, keep_tags, heir } => {
            Ok(host.engine.remove_image(image, keep_tags, heir.as_ref()))
        }
        Step::Exec { container, .. } => host.exec(container),
        Step::HandOver { container } => host.resolve(container).map(|_| StepOutput::HandedOver),
        Step::KeepDatabase => {
            host.database_is_idle();
            host.engine.copy = Some(host.engine.database);
            DONE
        }
        Step::RestoreDatabase => {
            if let Some(copy) = host.engine.copy.take() {
                host.database_is_idle();
                host.engine.database = copy;
            }
            DONE
        }
        Step::RewriteFile { change } => host.rewrite(change),
        _ => perform_on_data(&mut host, step),
    }
}

fn perform_on_data(host: &mut Host<'_>, step: &Step) -> Answer {
    match step {
        Step::PrepareBackup { folder, .. } => {
            host.engine.partial_backups.insert(folder.clone());
            DONE
        }
        Step::BackUp { container, folder, .. } => host.back_up(container, folder),
        Step::DiscardBackup { folder } => {
            host.engine.partial_backups.remove(folder);
            DONE
        }
        Step::PruneBackups { .. } => DONE,
        Step::CreateVolume { name, .. } => {
            host.engine.volumes.insert(name.clone());
            DONE
        }
        Step::RemoveVolume { name } => host.remove_volume(name),
        Step::Restore { container, .. } => host.resolve(container).map(|_| StepOutput::Done),
        other => panic!("{} is no step of data", other.verb()),
    }
}

/// Looks at an operation's containers.
pub(crate) fn observe(engine: &mut Engine, known: &Known) -> Observed {
    let host = Host { engine, known };
    let keys = known.ids.keys().chain(known.created_as.keys());
    let seen = keys.filter_map(|key| {
        let id = host.find(key)?;
        let container = host.engine.containers.get(&id)?;
        let (name, state) = (container.name.clone(), container.state);
        Some((key.clone(), Seen { id, name, state }))
    });
    let containers = seen.collect();
    let owner = |name: &ContainerName| Some((name.clone(), host.engine.named(name)?.clone()));
    Observed { containers, owners: known.homes.values().filter_map(owner).collect() }
}

const DONE: Answer = Ok(StepOutput::Done);

struct Host<'a> {
    engine: &'a mut Engine,
    known: &'a Known,
}

impl Host<'_> {
    fn rewrite(&mut self, change: &FileChange) -> Answer {
        let file = self.engine.files.get_mut(&change.path);
        let file = file.expect("a plan changes files that are there");
        match change.written(file.as_bytes()) {
            Written::Already => DONE,
            Written::New(text) => {
                *file = text;
                DONE
            }
            Written::Changed => Err(StepError::new(Class::Lasting, "somebody has changed it")),
        }
    }

    /// A container is found by its ID where that is known, else by the name it was made with and
    /// its operation's label; one that is known under another key is not it.
    fn find(&self, key: &Key) -> Option<ContainerId> {
        if let Some(id) = self.known.ids.get(key) {
            return self.engine.containers.contains_key(id).then(|| id.clone());
        }
        let id = self.engine.named(self.known.created_as.get(key)?)?;
        self.is_ours(id).then(|| id.clone())
    }

    fn is_ours(&self, id: &ContainerId) -> bool {
        let label = self.engine.containers.get(id).and_then(|found| found.operation.as_deref());
        let elsewhere = self.known.ids.values().any(|known| known == id);
        label == Some(self.known.operation.as_str()) && !elsewhere
    }

    fn resolve(&mut self, key: &Key) -> Result<ContainerId, StepError> {
        let gone = || StepError::new(Class::Superseded, format!("container {key} is gone"));
        self.find(key).ok_or_else(gone)
    }

    fn change(
        &mut self,
        key: &Key,
        effect: impl FnOnce(&mut Engine, &ContainerId) -> Result<(), Refusal>,
    ) -> Answer {
        let id = self.resolve(key)?;
        let changed = effect(self.engine, &id);
        changed.map(|()| StepOutput::Done).map_err(|refusal| self.error(key, &refusal))
    }

    /// A newer docker-auto changes the database as soon as it is started.
    fn start(&mut self, key: &Key) -> Answer {
        let started = self.change(key, Engine::start);
        let ourselves = self.known.created_as.contains_key(&Key::helper());
        if started.is_ok() && ourselves && *key == Key::replacement() {
            self.engine.database = 1;
        }
        started
    }

    fn database_is_idle(&mut self) {
        let own = |one: &&Container| !one.bystander && one.image.as_str() != "user";
        if self.engine.containers.values().filter(own).any(|one| one.state.is_up()) {
            self.engine.violations.push("the database is replaced while it is in use".into());
        }
    }

    fn error(&self, key: &Key, refusal: &Refusal) -> StepError {
        let class = match refusal {
            Refusal::NameTaken(owner) if self.known.ids.values().any(|id| id == owner) => {
                Class::Lasting
            }
            Refusal::Missing | Refusal::NameTaken(_) => Class::Superseded,
            Refusal::Removing | Refusal::PortTaken => Class::Transient,
            Refusal::Running | Refusal::AutoRemoved | Refusal::CannotStart => Class::Lasting,
        };
        StepError::new(class, format!("{key}: {refusal:?}"))
    }

    fn expect(
        &mut self,
        key: &Key,
        name: &ContainerName,
        state: RunState,
        image: &ImageId,
    ) -> Answer {
        let id = self.resolve(key)?;
        let found = self.engine.containers.get(&id);
        let as_planned = found.is_some_and(|found| {
            found.name == *name && found.state.is_up() == state.is_up() && found.image == *image
        });
        let changed = || StepError::new(Class::Superseded, format!("{key} was changed"));
        as_planned.then_some(StepOutput::Done).ok_or_else(changed)
    }

    fn pull(&mut self, reference: &str) -> Answer {
        let unknown = || StepError::new(Class::Lasting, format!("{reference} is unknown"));
        let image = self.engine.registry.get(reference).cloned().ok_or_else(unknown)?;
        self.engine.tags.insert(reference.to_owned(), image.clone());
        Ok(StepOutput::Pulled { image, size_bytes: 1 })
    }

    /// Reuses what an interrupted run of the same step has made.
    fn create(&mut self, key: &Key, name: &ContainerName, body: &Value, image: &ImageId) -> Answer {
        if let Some(id) = self.find(key) {
            if self.runs(&id, image) {
                return Ok(StepOutput::Created { id });
            }
            self.engine.discard(&id, Volumes::Remove);
        }
        let mut container = container(name, body, self.engine);
        container.bystander = container.service() != self.known.name.as_str();
        let id = self.engine.create(container).map_err(|refusal| self.error(key, &refusal))?;
        if self.runs(&id, image) {
            return Ok(StepOutput::Created { id });
        }
        self.engine.discard(&id, Volumes::Remove);
        Err(StepError::new(Class::Lasting, format!("{key} got another image")))
    }

    fn runs(&self, id: &ContainerId, image: &ImageId) -> bool {
        self.engine.containers.get(id).is_some_and(|made| made.image == *image)
    }

    fn wait_removed(&mut self, key: &Key) -> Answer {
        let Some(id) = self.find(key) else { return DONE };
        if self.engine.containers[&id].state != RunState::Removing {
            return Err(StepError::new(Class::Transient, format!("{key} is there")));
        }
        self.engine.discard(&id, Volumes::Remove);
        DONE
    }

    fn await_healthy(&mut self, key: &Key, gate: &HealthGate) -> Answer {
        let id = self.resolve(key)?;
        let mut watch = Watch::new(gate.clone());
        for second in 0..1_000 {
            let sample = self.engine.sample(&id).map_err(|refusal| self.error(key, &refusal))?;
            let elapsed = Duration::from_secs(second);
            let verdict = match watch.judge(&sample, elapsed) {
                Verdict::Probe => watch.probed(&Ok(()), elapsed),
                verdict => verdict,
            };
            match verdict {
                Verdict::Wait | Verdict::Probe => {}
                Verdict::Healthy => return DONE,
                Verdict::Failed(why) => {
                    return Err(StepError::new(Class::Lasting, format!("{key} {why}")));
                }
            }
        }
        panic!("the gate of {key} never judges")
    }

    fn collect_evidence(&mut self, key: &Key) -> Answer {
        let id = self.resolve(key)?;
        let found = self.engine.containers.get(&id);
        let evidence = found.map(|found| Evidence {
            state: format!("{:?}", found.state).to_lowercase(),
            exit_code: found.exit_code,
            error: found.error.clone(),
            restart_count: found.restart_count,
            ..Evidence::default()
        });
        Ok(StepOutput::Evidence(evidence.unwrap_or_default()))
    }

    fn copy(&mut self, from: &Key, to: &Key) -> Answer {
        let (from, to) = (self.resolve(from)?, self.resolve(to)?);
        let has_files = self.engine.containers[&from].has_files;
        let to = self.engine.containers.get_mut(&to).expect("it was found");
        to.has_files |= has_files;
        DONE
    }

    /// Nobody may write meanwhile.
    fn back_up(&mut self, key: &Key, folder: &str) -> Answer {
        self.resolve(key)?;
        let up = self.engine.containers.values().filter(|it| it.state.is_up() && !it.bystander);
        // What a person has put in its place is nobody's of the operation.
        if up.into_iter().any(|container| container.image.as_str() != "user") {
            self.engine.violations.push("data was saved while the service ran".into());
        }
        if !self.engine.partial_backups.remove(folder) {
            return Err(StepError::new(Class::Lasting, format!("{folder} was not prepared")));
        }
        self.engine.backups.insert(folder.to_owned());
        Ok(StepOutput::BackedUp(BackupRecord {
            folder: folder.to_owned(),
            archives: 1,
            bytes: 1,
            archive_bytes: 1,
            duration_ms: 1,
            warnings: Vec::new(),
        }))
    }

    fn remove_volume(&mut self, name: &str) -> Answer {
        let mut all = self.engine.containers.values();
        if all.any(|container| container.volumes().any(|volume| volume == name)) {
            return Err(StepError::new(Class::Lasting, format!("{name} is in use")));
        }
        self.engine.volumes.remove(name);
        DONE
    }

    fn exec(&mut self, key: &Key) -> Answer {
        let id = self.resolve(key)?;
        let runs = self.engine.containers[&id].state == RunState::Running;
        let end = if runs {
            End::Exited { exit_code: 0 }
        } else {
            End::Refused { reason: format!("{key} is not running") }
        };
        Ok(StepOutput::Executed(Execution { end, text: String::new() }))
    }

    /// One that is already gone is as it should be.
    fn remove(&mut self, key: &Key, volumes: Volumes) -> Answer {
        match self.find(key) {
            None => DONE,
            Some(_) => self.change(key, |engine, id| engine.remove(id, volumes)),
        }
    }
}

/// Reads a create body as far as the model knows it.
fn container(name: &ContainerName, body: &Value, engine: &Engine) -> Container {
    let host = &body["HostConfig"];
    let reference = body["Image"].as_str().unwrap();
    let by_id = || Some(ImageId::new(reference)).filter(|id| engine.images.contains_key(id));
    let image = engine.tags.get(reference).cloned().or_else(by_id);
    let mounts = host["Mounts"].as_array().into_iter().flatten();
    let mounts = mounts.filter(|mount| mount["Type"] == "volume");
    let mode = host["NetworkMode"].as_str().unwrap();
    let joined = mode.strip_prefix("container:").map(|parent| {
        let parent = engine.named(&ContainerName::new(parent)).cloned();
        parent.unwrap_or_else(|| ContainerId::new("none"))
    });
    let port = host["PortBindings"]["80/tcp"][0]["HostPort"].as_str();
    let image = image.unwrap_or_else(|| ImageId::new("none"));
    Container {
        operation: body["Labels"][OPERATION_LABEL].as_str().map(str::to_owned),
        policy: Policy::parse(host["RestartPolicy"]["Name"].as_str().unwrap_or_default()),
        auto_remove: host["AutoRemove"] == true,
        port: port.map(|port| port.parse().unwrap()),
        carried: mounts.map(|mount| mount["Source"].as_str().unwrap().to_owned()).collect(),
        networks: [mode.to_owned()].into(),
        joined,
        ..Container::of(name.clone(), image)
    }
}

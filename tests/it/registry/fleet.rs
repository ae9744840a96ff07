//! The engine's checks on a host that the test plays, beside a registry that it plays as well: many
//! containers, many versions.

mod beyond;
mod budget;
mod versions;

use std::collections::HashMap;
use std::path::Path;

use docker_auto::app::assemble;
use docker_auto::clock::Clock;
use docker_auto::config::{Config, Environment};
use docker_auto::core::digest::Digest;
use docker_auto::core::id::{HostId, Timestamp};
use docker_auto::docker::{Endpoint, Host, Tls};
use docker_auto::engine::command::{Assessment, CheckRequest, Freshness};
use docker_auto::engine::ourselves::Attendance;
use docker_auto::engine::{Engine, Parts, Settings};
use docker_auto::registry::{Now, Registry, Settings as ClientSettings};
use docker_auto::shutdown::{Drained, Tasks};
use docker_auto::store::{Operations, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::fake::settings;
use crate::support::scene::PATIENCE;
use crate::support::scripted::{Reaction, Reply, ScriptedServer, Seen};

/// A container of the host that is played.
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) reference: String,
    /// The digest that its image was pulled as.
    pub(super) digest: Digest,
    pub(super) labels: Value,
}

impl Shown {
    fn id(&self) -> String {
        Digest::of(self.name.as_bytes()).as_str().replace("sha256:", "")
    }

    fn image(&self) -> Digest {
        Digest::of(format!("the config of {}", self.reference).as_bytes())
    }

    fn summary(&self) -> Value {
        json!({
            "Id": self.id(), "Names": [format!("/{}", self.name)], "Image": self.reference,
            "ImageID": self.image(), "Created": 1_767_225_600, "State": "running",
            "Status": "Up 3 hours", "Ports": [], "Labels": self.labels,
            "HostConfig": {"NetworkMode": "bridge"}, "NetworkSettings": {"Networks": {}},
        })
    }

    fn image_summary(&self) -> Value {
        let (name, _) = self.reference.rsplit_once(':').unwrap();
        let version = self.labels.get("says").and_then(Value::as_str).unwrap_or_default();
        json!({
            "Id": self.image(), "ParentId": "", "Containers": -1, "Created": 1_767_225_600,
            "RepoTags": [self.reference], "RepoDigests": [format!("{name}@{}", self.digest)],
            "Labels": {"org.opencontainers.image.version": version}, "SharedSize": -1, "Size": 1,
        })
    }

    /// What both inspects need to tell here.
    fn inspection(&self) -> Value {
        json!({
            "Id": self.id(), "Name": format!("/{}", self.name), "Image": self.image(),
            "Config": {"Image": self.reference, "Labels": self.labels}, "HostConfig": {},
            "Os": "linux", "Architecture": "amd64", "State": {"Status": "running", "Running": true},
        })
    }
}

/// Returns an engine that shows containers, and lets nobody change them.
fn engine(containers: &[Shown]) -> ScriptedServer {
    let bodies = bodies(containers);
    ScriptedServer::plain(move |seen| answer(&bodies, seen))
}

/// Returns what the engine answers, by its paths.
fn bodies(containers: &[Shown]) -> HashMap<String, String> {
    let mut images: Vec<_> = containers.iter().map(Shown::image_summary).collect();
    images.sort_by_key(|image| image["Id"].to_string());
    images.dedup();
    let fixed = [
        ("_ping", json!("OK")),
        (
            "version",
            json!({"Version": "28.5.2", "ApiVersion": "1.47", "MinAPIVersion": "1.24",
                "Os": "linux", "Arch": "amd64"}),
        ),
        (
            "info",
            json!({"ID": "played", "Name": "played", "ServerVersion": "28.5.2",
                "Driver": "overlay2", "OSType": "linux", "Architecture": "x86_64",
                "RegistryConfig": {"InsecureRegistryCIDRs": [], "Mirrors": []}}),
        ),
        ("networks", json!([])),
        ("volumes", json!({"Volumes": []})),
        ("containers/json", containers.iter().map(Shown::summary).collect()),
        ("images/json", images.into()),
    ];
    let fixed = fixed.into_iter().map(|(path, body)| (path.to_owned(), body.to_string()));
    let inspections = containers.iter().flat_map(|one| {
        let body = one.inspection().to_string();
        let paths =
            [format!("containers/{}/json", one.id()), format!("images/{}/json", one.image())];
        paths.map(|path| (path, body.clone()))
    });
    fixed.chain(inspections).collect()
}

fn answer(bodies: &HashMap<String, String>, seen: &Seen) -> Reaction {
    let rest = seen.path.strip_prefix("/v1.").and_then(|rest| rest.split_once('/'));
    let path = rest.map_or(seen.path.trim_start_matches('/'), |(_, path)| path);
    match bodies.get(&path.replace("%3A", ":")) {
        Some(body) => {
            let reply = Reply::new(200).header("content-type", "application/json");
            reply.header("api-version", "1.47").body(body.clone()).into()
        }
        None => Reply::new(404).body(r#"{"message":"not found"}"#).into(),
    }
}

/// An engine that looks at a host that is played.
pub(super) struct Fleet {
    pub(super) engine: Engine,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) registry: Registry,
    tasks: Tasks,
    _host: ScriptedServer,
    _data: TempDir,
}

pub(super) fn noon() -> Timestamp {
    "2026-05-04T12:00:00Z".parse().unwrap()
}

impl Fleet {
    pub(super) async fn of(containers: &[Shown]) -> Self {
        Self::with(containers, settings()).await
    }

    /// Starts with settings of the registry client.
    pub(super) async fn with(containers: &[Shown], client: ClientSettings) -> Self {
        let (host, data) = (engine(containers), TempDir::new().unwrap());
        let clock = Clock::settable(noon());
        let tasks = Tasks::new(|name, message| panic!("{name}: {message}"));
        let endpoint = Endpoint::parse(&format!("tcp://{}", host.address()), &Tls::Off).unwrap();
        let reading = clock.clone();
        let now = Now::new(move || reading.now());
        let unreadable = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
        let own = [("DOCKER_AUTO_DATA".to_owned(), data.path().display().to_string())];
        let (config, _) = Config::load(&Environment::new(own, &unreadable));
        let settings = assemble::settings(&config, &endpoint, Attendance::Server);
        let store = Store::open(data.path(), clock.clone()).await.unwrap();
        let registry = Registry::new(ClientSettings { now, ..client }).unwrap();
        let engine = Engine::new(Parts {
            host: Host::new(HostId::default(), endpoint).unwrap(),
            registry: registry.clone(),
            store: store.clone(),
            operations: Operations::open(data.path()).await.unwrap(),
            clock: clock.clone(),
            tasks: tasks.clone(),
            // The host that is played has no container in which this or the engine could run.
            settings: Settings { own: None, engine_address: None, ..settings },
        });
        Self { engine, store, clock, registry, tasks, _host: host, _data: data }
    }

    /// Checks all containers, and asks for everything anew.
    pub(super) async fn check(&self) -> Vec<Assessment> {
        let request = CheckRequest { names: Vec::new(), freshness: Freshness::Forced };
        self.engine.check(&request).await.unwrap()
    }

    pub(super) async fn end(self) {
        assert_eq!(self.tasks.close_and_wait(PATIENCE).await, Drained::All);
        self.store.close().await.unwrap();
    }
}

//! One host of its own with a proxy before it, on which one update after the other is interrupted.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use docker_auto::clock::Clock;
use serde_json::{Value, json};

use crate::support::engine::{Engine, Host, HostOptions};
use crate::support::program::Program;
use crate::support::proxy::EngineProxy;

use super::scenario::{NAME, Scenario, VOLUME};

/// What is in the volumes before the update, and has to be there afterwards.
const CONTENT: &str = "kept\n";

/// One host with its proxy.
pub(super) struct Lane {
    pub(super) host: Host,
    pub(super) proxy: EngineProxy,
}

/// The old container as it was before the update.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) id: String,
    pub(super) image: String,
    pub(super) started_at: Value,
    pub(super) policy: Value,
    pub(super) mounts: BTreeSet<(String, String)>,
    pub(super) volumes: BTreeSet<String>,
    /// The names and IDs of those that go with it.
    pub(super) companions: Vec<(&'static str, String)>,
    files: Vec<PathBuf>,
}

impl Lane {
    pub(super) fn new(engine: Engine) -> Self {
        let host = Host::private(engine, &HostOptions::default());
        let proxy = EngineProxy::start(&host, &[]);
        Self { host, proxy }
    }

    /// Brings the images and networks of a scenario, once.
    pub(super) fn prepare(&self, scenario: &Scenario) {
        self.host.pull(&scenario.old_image);
        if scenario.old.networks {
            for name in ["front", "back"] {
                let body = json!({"Name": name, "Internal": true, "CheckDuplicate": true});
                // It may be there from another scenario.
                self.host.request("POST", "/networks/create", Some(&body));
            }
        }
    }

    /// Leaves nothing on the host but the old container of a scenario, running, with its data.
    pub(super) fn reset(&self, scenario: &Scenario) -> Before {
        self.clear();
        let image = self.host.image_id(&scenario.old_image);
        let repository = &scenario.repository;
        self.host.post(&format!("/images/{image}/tag?repo={repository}&tag=1"), &json!({}));
        self.host.post("/volumes/create", &json!({"Name": VOLUME}));
        let id = self.host.create_and_start(NAME, &scenario.body());
        if scenario.old.networks {
            self.host.post("/networks/back/connect", &json!({"Container": id}));
        }
        let mut before = self.look(&id);
        for (name, body) in scenario.companions() {
            let id = self.host.create_and_start(name, &body);
            before.companions.push((name, id));
        }
        for file in &before.files {
            fs::write(file, CONTENT).expect("the volumes of a host are folders of the lab");
        }
        self.proxy.set_rules(&[]);
        self.proxy.forget();
        before
    }

    /// Says whether the engine answers.
    pub(super) fn is_up(&self) -> bool {
        self.host.ping(Duration::from_secs(5)).is_ok()
    }

    fn clear(&self) {
        if !self.is_up() {
            self.host.start(); // a test that failed has left it dead
        }
        for (name, _) in self.host.names("") {
            self.host.delete(&format!("/containers/{name}?force=1&v=1"));
        }
        for volume in self.volumes() {
            self.host.delete(&format!("/volumes/{volume}"));
        }
        for tag in self.keep_tags() {
            self.host.delete(&format!("/images/{tag}"));
        }
    }

    fn look(&self, id: &str) -> Before {
        let inspect = self.host.inspect(id);
        let mounts = mounts(&inspect);
        let folder =
            |volume: &str| self.host.data_root().join("volumes").join(volume).join("_data/content");
        Before {
            id: id.to_owned(),
            image: text(&inspect["Image"]),
            started_at: inspect["State"]["StartedAt"].clone(),
            policy: inspect["HostConfig"]["RestartPolicy"].clone(),
            files: mounts.iter().map(|(volume, _)| folder(volume)).collect(),
            mounts,
            volumes: self.volumes(),
            companions: Vec::new(),
        }
    }

    /// Returns the volumes on the host.
    pub(super) fn volumes(&self) -> BTreeSet<String> {
        let volumes = self.host.get("/volumes");
        let volumes = volumes["Volumes"].as_array().into_iter().flatten();
        volumes.map(|volume| text(&volume["Name"])).collect()
    }

    /// Returns how many containers ran at once at the most since the old one was started, by what
    /// the engine remembers.
    pub(super) fn most_at_once(&self, before: &Before) -> usize {
        let filters = encoded(&json!({"type": ["container"], "event": ["start", "die"]}));
        let now = Clock::real().now().format("%s.%9f");
        let path = format!("/events?since=0&until={now}&filters={filters}");
        let events = self.host.ask("GET", &path, None);
        let events = serde_json::Deserializer::from_slice(&events.body).into_iter::<Value>();
        let events = events.map(|event| event.expect("events are JSON"));
        let id = |event: &Value| text(&event["Actor"]["ID"]);
        let (mut up, mut most) = (BTreeSet::new(), 0);
        for event in events.skip_while(|event| id(event) != before.id) {
            if event["Action"] == "start" {
                up.insert(id(&event));
            } else {
                up.remove(&id(&event));
            }
            most = most.max(up.len());
        }
        most
    }

    /// Returns the names by which operations hold images.
    pub(super) fn keep_tags(&self) -> Vec<String> {
        let images = self.host.get("/images/json");
        let images = images.as_array().into_iter().flatten();
        let tags = images.filter_map(|image| image["RepoTags"].as_array());
        let tags = tags.flatten().map(text);
        tags.filter(|tag| tag.starts_with("docker-auto.local/")).collect()
    }

    /// Returns the program as it is run against this host, with a data directory of its own.
    pub(super) fn program(&self, scenario: &Scenario) -> Program {
        let program = Program::new(&self.proxy.socket)
            .env("DOCKER_AUTO_SERVER_ADDR", "127.0.0.1:0")
            .env("DOCKER_AUTO_HEALTH_STABLE", "1s")
            .env("DOCKER_AUTO_WATCH_EVENTS", "false")
            .env("DOCKER_AUTO_LOG_LEVEL", "debug")
            .timeout(Duration::from_mins(1));
        scenario.settings.iter().fold(program, |program, (name, value)| program.env(name, value))
    }
}

impl Before {
    /// Says which of the files in the volumes are not what they were.
    pub(super) fn damaged_files(&self) -> Vec<&PathBuf> {
        let damaged = |file: &&PathBuf| fs::read_to_string(file).ok().as_deref() != Some(CONTENT);
        self.files.iter().filter(damaged).collect()
    }
}

/// Returns the volumes of a container with the paths that they have in it.
pub(super) fn mounts(inspect: &Value) -> BTreeSet<(String, String)> {
    let mounts = inspect["Mounts"].as_array().into_iter().flatten();
    mounts.map(|mount| (text(&mount["Name"]), text(&mount["Destination"]))).collect()
}

fn encoded(filters: &Value) -> String {
    url::form_urlencoded::byte_serialize(filters.to_string().as_bytes()).collect()
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

//! A host of its own on which docker-auto runs in a container, and the versions that it can move to.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::{Engine, Host, HostOptions};
use crate::support::image::{ImageSpec, Kind};
use crate::support::lab::unique;
use crate::support::program::binary;
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::registry::Registry;

/// The container that docker-auto runs in, the volume with its data, and the port of the host.
pub(super) const NAME: &str = "auto";
pub(super) const DATA: &str = "auto-data";
pub(super) const PORT: u16 = 18080;

/// Longer than a replacement takes on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);

/// The label by which its containers are counted, which a helper has not.
pub(super) const COUNTED: &str = "counted";

/// Whose process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Victim {
    /// The helper's.
    Helper,
    /// docker-auto's own.
    Server,
}

/// A host with docker-auto on it.
#[derive(Debug)]
pub(super) struct House {
    pub(super) host: Host,
    pub(super) proxy: EngineProxy,
    registry: Registry,
    repository: String,
    /// The digest of version 1.
    first: String,
    folder: TempDir,
    /// What the engine told of its containers, in the order of its clock.
    pub(super) told: Mutex<BTreeMap<u64, Value>>,
}

impl House {
    /// Returns a host on which version 1 is known.
    pub(super) fn on(engine: Engine) -> Self {
        let mut house = Self::of(engine, &format!("{}/docker-auto", unique()));
        house.first = house.push("1");
        house.pull();
        house
    }

    /// Returns another host of the same kind that knows what the tag means now.
    pub(super) fn beside(&self) -> Self {
        let house = Self::of(self.host.engine, &self.repository);
        let house = Self { first: self.first.clone(), ..house };
        house.pull();
        house
    }

    /// By its digest as well, which keeps it on the host when the tag has moved on.
    fn pull(&self) {
        self.host.pull(&self.reference());
        self.host.pull(&format!("{}@{}", self.full_repository(), self.first));
    }

    fn full_repository(&self) -> String {
        self.reference().trim_end_matches(":1").to_owned()
    }

    fn of(engine: Engine, repository: &str) -> Self {
        let host = Host::private(engine, &HostOptions::default());
        let proxy = EngineProxy::start(&host, &[]);
        let (registry, repository) = (Registry::shared(), repository.to_owned());
        let folder = TempDir::new().expect("the lab has a folder for temporary files");
        let (first, told) = (String::new(), Mutex::default());
        Self { host, proxy, registry, repository, first, folder, told }
    }

    /// Leaves nothing on the host but the images, the tag on the old one.
    pub(super) fn clear(&self, image: &str) {
        self.proxy.set_rules(&[]);
        for (name, _) in self.host.names("") {
            // The helper may be about to go by itself.
            self.host.request("DELETE", &format!("/containers/{name}?force=1&v=1"), None);
        }
        self.wait("no container is left", || self.host.names("").is_empty().then_some(()));
        self.host.request("DELETE", &format!("/volumes/{DATA}"), None);
        for tag in self.keep_tags() {
            self.host.request("DELETE", &format!("/images/{tag}"), None);
        }
        let repository = self.full_repository();
        self.host.post(&format!("/images/{image}/tag?repo={repository}&tag=1"), &json!({}));
        self.proxy.forget();
    }

    fn keep_tags(&self) -> Vec<String> {
        let images = self.host.get("/images/json");
        let images = images.as_array().into_iter().flatten();
        let tags = images.filter_map(|image| image["RepoTags"].as_array()).flatten();
        let tags =
            tags.filter_map(Value::as_str).filter(|tag| tag.starts_with("docker-auto.local/"));
        tags.map(str::to_owned).collect()
    }

    /// Returns a command that ends the first process of a container by SIGKILL: of the helper, or of
    /// docker-auto's own.
    pub(super) fn killing(&self, victim: Victim) -> Vec<String> {
        let filter = match victim {
            Victim::Helper => json!({"label": ["docker-auto.internal.helper"]}),
            Victim::Server => json!({"name": [format!("^/{NAME}$")]}),
        };
        let filter: String =
            url::form_urlencoded::byte_serialize(filter.to_string().as_bytes()).collect();
        let (socket, api) = (self.host.socket.display(), self.host.engine.api());
        let script = format!(
            "ask() {{ curl -s --unix-socket {socket} \"http://engine/v{api}$1\"; }}
            id=$(ask '/containers/json?filters={filter}' | grep -o '\"Id\":\"[0-9a-f]*' | head -n1)
            pid=$(ask \"/containers/${{id##*\\\"}}/json\" | grep -o '\"Pid\":[0-9]*' | head -n1)
            # Zero, between two starts, would be the whole group of processes.
            test \"0${{pid##*:}}\" -gt 0 && kill -KILL \"${{pid##*:}}\""
        );
        let mut command = self.host.control_command("in");
        command.extend(["/bin/sh".to_owned(), "-c".to_owned(), script]);
        command
    }

    fn image(&self, version: &str) -> ImageSpec {
        ImageSpec::web(&self.repository, "1").version(version).kind(Kind::Plain)
    }

    pub(super) fn reference(&self) -> String {
        self.image("1").reference(&self.registry)
    }

    /// Moves the tag to a version of docker-auto; returns its digest.
    pub(super) fn push(&self, version: &str) -> String {
        self.push_with(version, &json!({}))
    }

    /// The same, for a version whose config says something else.
    pub(super) fn push_with(&self, version: &str, more: &Value) -> String {
        let mut config = json!({
            "Entrypoint": ["/docker-auto"], "Cmd": ["serve"], "Volumes": {"/data": {}},
            "Env": ["DOCKER_AUTO_DATA=/data"],
        });
        for (field, value) in more.as_object().into_iter().flatten() {
            config[field] = value.clone();
        }
        self.registry.push(&self.image(version).program(&binary()).config(&config))
    }

    /// Moves the tag to an image that is something else.
    pub(super) fn push_other(&self, version: &str, config: &Value) {
        self.registry.push(&self.image(version).config(config));
    }

    /// Returns the body of docker-auto's container; fields of `host` stand in place of its own.
    pub(super) fn body(&self, variables: &[&str], host: &Value) -> Value {
        let socket = format!("{}:/var/run/docker.sock", self.proxy.socket.display());
        let mut env = vec![
            "DOCKER_AUTO_SCAN_ON_START=false",
            // What others do on the engine is looked at between the calls that are counted.
            "DOCKER_AUTO_WATCH_EVENTS=false",
            "DOCKER_AUTO_LOG_LEVEL=debug",
            "DOCKER_AUTO_HEALTH_STABLE=1s",
        ];
        env.extend(variables);
        let mut own = json!({
            "Binds": [socket, format!("{DATA}:/data")],
            "PortBindings": {"8080/tcp": [{"HostPort": PORT.to_string()}]},
            "RestartPolicy": {"Name": "unless-stopped"},
        });
        for (field, value) in host.as_object().into_iter().flatten() {
            own[field] = value.clone();
        }
        json!({
            "Image": self.reference(), "Labels": {(COUNTED): "yes"}, "Env": env, "HostConfig": own,
        })
    }

    /// Starts docker-auto and waits until it serves; returns its container's id.
    pub(super) fn start(&self, variables: &[&str]) -> String {
        self.start_as(&self.body(variables, &json!({})))
    }

    /// The same, with other fields of its host config.
    pub(super) fn start_with(&self, host: &Value) -> String {
        self.start_as(&self.body(&[], host))
    }

    fn start_as(&self, body: &Value) -> String {
        let id = self.host.create_and_start(NAME, body);
        self.wait("it serves", || self.serves().then_some(()));
        id
    }

    /// Runs a command of docker-auto, which serves; returns its exit code and what it prints.
    #[track_caller]
    pub(super) fn run(&self, arguments: &[&str]) -> (Value, String) {
        self.try_run(arguments).expect("docker-auto runs")
    }

    pub(super) fn try_run(&self, arguments: &[&str]) -> Option<(Value, String)> {
        let command: Vec<_> = ["/docker-auto"].iter().chain(arguments).copied().collect();
        self.host.run_in(NAME, &command)
    }

    /// Asks it to do something with a container, itself maybe, without waiting for what it says to
    /// that: it may be killed before.
    #[track_caller]
    pub(super) fn begin_unseen(&self, verb: &str, name: &str) {
        let body = json!({"Cmd": ["/docker-auto", verb, name]});
        let created = self.host.post(&format!("/containers/{NAME}/exec"), &body);
        let id = created["Id"].as_str().expect("an engine answers with the id");
        self.host.post(&format!("/exec/{id}/start"), &json!({"Detach": true}));
    }

    /// Asks it to replace itself, or to go back, which it must begin.
    #[track_caller]
    pub(super) fn begin(&self, verb: &str) {
        self.begin_beside(verb, Vec::new());
    }

    /// The same beside rules for its calls, which stay. Nothing is stopped before the command has been
    /// heard, as it runs in the very container.
    #[track_caller]
    pub(super) fn begin_beside(&self, verb: &str, mut rules: Vec<Rule>) {
        let heard = self.folder.path().join(unique());
        rules.push(Rule::before("POST .*/stop").hold_until(&heard));
        self.proxy.set_rules(&rules);
        let (_, said) = self.run(&[verb, NAME]);
        fs::write(&heard, "").expect("it is our folder");
        rules.pop();
        self.proxy.set_rules(&rules);
        assert!(said.contains("docker-auto-helper-"), "{said}");
        assert!(said.contains("handed_over"), "{said}");
    }
}

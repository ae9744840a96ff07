//! Real engines: containers made anew are the same again, and on another image they are what they
//! would be had they been asked for there.

mod same;
mod wishes;

use std::collections::BTreeMap;

use docker_auto::core::digest::Platform;
use docker_auto::core::id::{ContainerId, ContainerName, OperationId};
use docker_auto::core::inventory::{ApiVersion, EngineFacts, ImageStore};
use docker_auto::core::recreate::{Recreation, Subject, recreate};
use docker_auto::core::reference::ImageRef;
use serde_json::{Value, json};

use crate::docker_recreate::same::{lost, misunderstood};
use crate::docker_recreate::wishes::{NEW_IMAGE, OLD_IMAGE, WISHES, Wish};
use crate::support::containers::Cleanup;
use crate::support::engine::{Engine, Host};
use crate::support::http::{Question, ask_unix};
use crate::support::image::{ImageSpec, Kind};
use crate::support::lab::{needs, unique};

#[test]
fn containers_are_the_same_again_on_the_oldest_engine() {
    needs!(lab);
    check(Engine::Old, "1.41");
}

#[test]
fn containers_are_the_same_again_on_the_newest_engine() {
    needs!(lab);
    check(Engine::New, "1.51");
}

#[test]
fn containers_are_the_same_again_by_an_old_api_of_the_newest_engine() {
    needs!(lab);
    check(Engine::New, "1.43");
}

#[test]
fn containers_are_the_same_again_with_the_containerd_store() {
    needs!(lab);
    check(Engine::Containerd, "1.44");
}

fn check(engine: Engine, version: &'static str) {
    let host = Host::shared(engine);
    let prefix = unique();
    let lab = Lab { host: &host, version, prefix: &prefix };
    let _cleanup = Cleanup { host: &host, prefix: &prefix };
    lab.prepare();
    let api_version = lab.api_version();
    let wishes = WISHES.iter().map(|wish| wish.read(&prefix, api_version));
    let mut failures = Vec::new();
    for wish in wishes.filter(|wish| wish.since <= api_version) {
        for failure in [lab.on_the_same_image(&wish), lab.on_another_image(&wish)].concat() {
            failures.push(format!("{}: {failure}", wish.title));
        }
    }
    assert!(failures.is_empty(), "{engine:?} by API {version}:\n{}", failures.join("\n"));
}

/// One engine, spoken to by one version of its API.
struct Lab<'a> {
    host: &'a Host,
    version: &'static str,
    prefix: &'a str,
}

impl Lab<'_> {
    /// Makes what the wishes refer to.
    fn prepare(&self) {
        for (network, net) in [("alpha", 18), ("zulu", 19)] {
            let name = format!("{}-{network}", self.prefix);
            // Tests on the same host must not share a subnet.
            let subnet = format!("198.{net}.{}.0/24", self.api_version().minor);
            let body = json!({"Name": name, "IPAM": {"Config": [{"Subnet": subnet}]}});
            self.must("POST", "/networks/create", &body);
        }
        self.load("old", OLD_IMAGE);
        self.load("new", NEW_IMAGE);
        let donor = json!({
            "Image": self.reference("old"),
            "Volumes": {"/shared": {}},
            "HostConfig": {"IpcMode": "shareable"},
        });
        self.create(&self.name("donor"), &donor);
        self.must("POST", &format!("/containers/{}/start", self.name("donor")), &Value::Null);
    }

    /// Makes a container anew on its own image; returns what is not shown as it was.
    fn on_the_same_image(&self, wish: &Wish) -> Vec<String> {
        self.tag("old");
        let before = self.fulfil(wish);
        let route_before = self.default_route("web", wish);
        let made = self.made_anew(&before);
        let after = self.bring(&made, wish, "again");
        let route = self.default_route("again", wish);
        self.remove("again");
        let mut lost = lost(&before, &after);
        if route != route_before {
            lost.push(format!("the default route: {route_before:?} became {route:?}"));
        }
        lost
    }

    /// Makes a container anew on another image; returns what would be otherwise had it been asked
    /// for there.
    fn on_another_image(&self, wish: &Wish) -> Vec<String> {
        self.tag("old");
        self.create(&self.name("web"), &wish.body);
        let before = self.inspect("web");
        self.tag("new");
        let made = self.made_anew(&before);
        self.create(&self.name("again"), &made.body);
        self.create(&self.name("asked"), &wish.body);
        let (after, asked) = (self.inspect("again"), self.inspect("asked"));
        for name in ["web", "again", "asked"] {
            self.remove(name);
        }
        misunderstood(&asked, &after)
    }

    /// Creates what is wished for and returns how it is shown.
    fn fulfil(&self, wish: &Wish) -> Value {
        self.create(&self.name("web"), &wish.body);
        for (network, endpoint) in &wish.connects {
            self.connect("web", network, endpoint);
        }
        self.finish("web", wish)
    }

    /// Puts the new container in the old one's place and returns how it is shown.
    fn bring(&self, made: &Recreation, wish: &Wish, name: &str) -> Value {
        self.create(&self.name(name), &made.body);
        for (network, endpoint) in &made.connects {
            self.connect(name, network, endpoint);
        }
        self.remove("web");
        self.finish(name, wish)
    }

    fn finish(&self, name: &str, wish: &Wish) -> Value {
        if wish.starts {
            self.must("POST", &format!("/containers/{}/start", self.name(name)), &Value::Null);
        }
        self.inspect(name)
    }

    /// Returns where packets go from a container in several networks.
    fn default_route(&self, name: &str, wish: &Wish) -> Option<String> {
        if wish.connects.is_empty() {
            return None;
        }
        // The names of interfaces change from start to start.
        let routes = self.host.read_in(&self.name(name), &["ip", "route"]);
        let default = routes.lines().find(|route| route.starts_with("default"));
        default.and_then(|route| route.split(" dev ").next()).map(str::to_owned)
    }

    fn made_anew(&self, inspect: &Value) -> Recreation {
        let id = inspect["Id"].as_str().expect("an ID");
        let image = |id: &str| self.get(&format!("/images/{id}/json"));
        let old_image = image(inspect["Image"].as_str().expect("an image"));
        let reference = ImageRef::parse(&self.reference("app")).expect("a reference");
        let sources: Vec<_> = list(&inspect["HostConfig"]["VolumesFrom"])
            .map(|source| source.as_str().and_then(|it| it.split(':').next()).expect("a name"))
            .map(|source| self.get(&format!("/containers/{source}/json")))
            .collect();
        recreate(&Subject {
            inspect,
            mac_inspect: None,
            earlier: None,
            old_image: Some(&old_image),
            new_image: Some(&image(&self.reference("app"))),
            reference: &reference,
            engine: &self.facts(),
            operation: &OperationId::new("0198c0de-0000-7000-8000-0000000a1b2c"),
            containers: &self.others(id),
            remembered: &BTreeMap::new(),
            volume_sources: &sources,
            compose_image: None,
        })
        .expect("nothing that the container needs is gone")
    }

    fn facts(&self) -> EngineFacts {
        let info = self.get("/info");
        EngineFacts {
            api_version: self.api_version(),
            version: String::new(),
            name: info["Name"].as_str().expect("a host has a name").to_owned(),
            platform: Platform::new("linux", "amd64", None),
            store: ImageStore::GraphDriver,
            default_runtime: info["DefaultRuntime"].as_str().expect("a runtime").to_owned(),
            runtimes: Vec::new(),
            cgroup_version: if info["CgroupVersion"] == "2" { 2 } else { 1 },
            registry_mirrors: Vec::new(),
            insecure_registries: Vec::new(),
            podman: false,
        }
    }

    fn others(&self, own: &str) -> BTreeMap<ContainerId, ContainerName> {
        let containers = self.get("/containers/json?all=1");
        list(&containers)
            .filter(|container| container["Id"] != own)
            .map(|container| {
                let name = container["Names"][0].as_str().expect("a container has a name");
                let id = container["Id"].as_str().expect("a container has an ID");
                (ContainerId::new(id), ContainerName::from_engine(name))
            })
            .collect()
    }

    fn load(&self, repository: &str, config: &str) {
        let config = serde_json::from_str(config).expect("an image's config");
        let image = ImageSpec::web(&format!("{}/{repository}", self.prefix), "1");
        self.host.docker_load(&image.kind(Kind::Plain).config(&config));
    }

    /// Lets `app` mean another image.
    fn tag(&self, image: &str) {
        let path = format!("/images/{}/tag?repo={}/app&tag=1", self.reference(image), self.prefix);
        self.must("POST", &path, &Value::Null);
    }

    fn reference(&self, repository: &str) -> String {
        format!("{}/{repository}:1", self.prefix)
    }

    fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    fn create(&self, name: &str, body: &Value) {
        self.must("POST", &format!("/containers/create?name={name}"), body);
    }

    fn connect(&self, name: &str, network: &str, endpoint: &Value) {
        let body = json!({"Container": self.name(name), "EndpointConfig": endpoint});
        self.must("POST", &format!("/networks/{network}/connect"), &body);
    }

    fn inspect(&self, name: &str) -> Value {
        self.get(&format!("/containers/{}/json", self.name(name)))
    }

    fn remove(&self, name: &str) {
        self.must("DELETE", &format!("/containers/{}?force=1", self.name(name)), &Value::Null);
    }

    fn api_version(&self) -> ApiVersion {
        ApiVersion::parse(self.version).expect("1.41 and the like")
    }

    fn get(&self, path: &str) -> Value {
        self.must("GET", path, &Value::Null)
    }

    fn must(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/v{}{path}", self.version);
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("Content-Type", "application/json")];
        let question = Question {
            method,
            headers: if body.is_null() { &[] } else { &headers },
            body: text.as_bytes(),
            ..Question::get(&path)
        };
        let answer = ask_unix(&self.host.socket, question).expect("the engine answers");
        assert!(
            answer.status < 400,
            "{method} {path}: {} {}\n{body:#}",
            answer.status,
            answer.text()
        );
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

//! Makes the containers on an engine, updates them, and tells what they were and what they are.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::{Engine, run};
use crate::support::lab::the_lab;
use crate::support::scene::Scene;

use super::dishes::{DISHES, Dish, Wish};

/// A container before its update and after it.
pub(super) struct Served {
    pub(super) dish: &'static str,
    pub(super) before: Value,
    pub(super) after: Value,
}

/// What became of all containers on an engine.
pub(super) struct Results {
    pub(super) engine: Engine,
    pub(super) title: String,
    pub(super) served: Vec<Served>,
}

/// Makes all containers on an engine and updates them.
pub(super) fn serve(engine: Engine) -> Results {
    let kitchen = Kitchen::open(engine);
    let dishes: Vec<_> = kitchen.dishes().filter(|dish| kitchen.cook(dish)).collect();
    let before: Vec<_> = dishes.iter().map(|dish| kitchen.inspect(dish)).collect();
    kitchen.scene.push("web", "2");
    let names: Vec<_> = dishes.iter().map(|dish| kitchen.scene.name(dish.name)).collect();
    let program = kitchen.scene.program().env("DOCKER_AUTO_DOCKER_INCLUDE_STOPPED", "true");
    let arguments = ["update", "--json"].into_iter().chain(names.iter().map(String::as_str));
    program.run(&arguments.collect::<Vec<_>>()).expect(0);
    let served = dishes.into_iter().zip(before).map(|(dish, before)| {
        let after = kitchen.inspect(dish);
        assert_ne!(before["Id"], after["Id"], "{} on {engine:?}", dish.name);
        Served { dish: dish.name, before, after }
    });
    let served = served.collect();
    Results { engine, title: kitchen.title(), served }
}

/// An engine with what the containers of the test need.
struct Kitchen {
    scene: Scene,
    /// The newest version of the API.
    api: String,
    folder: TempDir,
}

impl Kitchen {
    fn open(engine: Engine) -> Self {
        let scene = Scene::on(engine);
        let version = scene.host.get("/version");
        let api = version["ApiVersion"].as_str().expect("an engine has a version").to_owned();
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("env"), "FILED=1\n").unwrap();
        fs::write(folder.path().join("labels"), "filed=yes\n").unwrap();
        for (network, subnets) in
            [("zulu", &["198.51.100.0/24", "fd00:da::/64"][..]), ("alpha", &["198.51.101.0/24"])]
        {
            let subnets: Vec<_> = subnets.iter().map(|subnet| json!({"Subnet": subnet})).collect();
            let body = json!({
                "Name": scene.name(network), "EnableIPv6": subnets.len() > 1, "IPAM": {"Config": subnets},
            });
            scene.host.post("/networks/create", &body);
        }
        let donor = json!({
            "Volumes": {"/shared": {}}, "HostConfig": {"IpcMode": "shareable", "NetworkMode": "bridge"},
        });
        scene.start("donor", &donor);
        scene.push("web", "1");
        scene.host.pull(&scene.reference("web"));
        Self { scene, api, folder }
    }

    /// Returns how the engine is called in the table.
    fn title(&self) -> String {
        let version =
            self.scene.host.get("/version")["Version"].as_str().unwrap_or_default().to_owned();
        let version: Vec<_> = version.split('.').take(2).collect();
        let store = match self.scene.host.engine {
            Engine::Containerd => ", containerd store",
            Engine::Old | Engine::New => "",
        };
        format!("Docker {}, API {}{store}", version.join("."), self.api)
    }

    /// Returns the containers that this engine can be asked for.
    fn dishes(&self) -> impl Iterator<Item = &'static Dish> {
        let engine = self.scene.host.engine;
        DISHES.iter().filter(move |dish| dish.engines.contains(&engine))
    }

    /// Makes a container; says whether it is there.
    fn cook(&self, dish: &Dish) -> bool {
        let name = self.scene.name(dish.name);
        match dish.wish {
            Wish::Flags(flags) => {
                if let Err(why) = self.create(&name, flags, dish.command) {
                    assert!(dish.may_be_refused, "{} on {}: {why}", dish.name, self.title());
                    return false;
                }
            }
            Wish::Body(body) => {
                let mut body = self.read(body);
                body["Image"] = self.scene.reference("web").into();
                body["Labels"] = json!({"scene": self.scene.prefix});
                self.must("POST", &format!("/containers/create?name={name}"), &body);
            }
        }
        if let Some((network, endpoint)) = dish.connect {
            let body = json!({"Container": name, "EndpointConfig": self.read(endpoint)});
            let network = self.scene.name(network);
            self.must("POST", &format!("/networks/{network}/connect"), &body);
        }
        if dish.starts {
            self.must("POST", &format!("/containers/{name}/start"), &json!({}));
        }
        true
    }

    /// Runs `docker create` with the flags that this engine's client knows.
    fn create(&self, name: &str, flags: &[(&str, &str)], command: &[&str]) -> Result<(), String> {
        let known = known_flags(self.scene.host.engine);
        let mut create = Command::new(client(self.scene.host.engine));
        create.env("DOCKER_HOST", self.scene.host.docker_host());
        create.env("DOCKER_CONFIG", self.folder.path());
        create.args(["create", "--name", name, "--label"]);
        create.arg(format!("scene={}", self.scene.prefix));
        for (flag, value) in flags.iter().filter(|(flag, _)| known.contains(*flag)) {
            let value = if value.is_empty() { "true" } else { value };
            create.arg(format!("--{flag}={}", self.fill(value)));
        }
        create.arg(self.scene.reference("web")).args(command);
        let output = create.output().expect("the client runs");
        let why = || String::from_utf8_lossy(&output.stderr).into_owned();
        output.status.success().then_some(()).ok_or_else(why)
    }

    fn read(&self, text: &str) -> Value {
        serde_json::from_str(&self.fill(text)).expect("a dish is JSON")
    }

    fn fill(&self, text: &str) -> String {
        text.replace("PREFIX", &self.scene.prefix)
            .replace("FOLDER", self.folder.path().to_str().expect("a plain path"))
            .replace("IMAGE", &self.scene.reference("donor"))
    }

    /// Returns what the engine shows, without the prefix of this test.
    fn inspect(&self, dish: &Dish) -> Value {
        let path = format!("/containers/{}/json", self.scene.name(dish.name));
        let shown = self.must("GET", &path, &Value::Null).to_string();
        serde_json::from_str(&shown.replace(&self.scene.name(""), "")).expect("a prefix is a text")
    }

    #[track_caller]
    fn must(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = Some(body).filter(|body| !body.is_null());
        let answer = self.scene.host.ask_by(&self.api, method, path, body);
        assert!(answer.status < 400, "{method} {path}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }
}

/// Returns the command line client of an engine's own age.
fn client(engine: Engine) -> PathBuf {
    match engine {
        Engine::Old => "/usr/bin/docker".into(),
        Engine::New | Engine::Containerd => the_lab().client.clone(),
    }
}

/// Returns the flags that `docker run` has, as its help lists them.
pub(super) fn known_flags(engine: Engine) -> BTreeSet<String> {
    let help = run(Command::new(client(engine)).args(["run", "--help"]));
    let flags = help.lines().filter_map(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("--").or_else(|| line.split_once(", --").map(|it| it.1))?;
        Some(line.split_whitespace().next()?.to_owned())
    });
    flags.collect()
}

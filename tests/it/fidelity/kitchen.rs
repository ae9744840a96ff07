//! Everything that can be asked for when a container is made, on each engine, and what becomes of it
//! in an update.

mod compare;
mod dishes;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use bollard::models::ContainerCreateBody;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::{Engine, run};
use crate::support::lab::{needs, the_lab};
use crate::support::model::{EACH, Field, fields};
use crate::support::scene::{Scene, on_each_engine};

use compare::{ALLOWED, CHOICE, changes};
use dishes::{DISHES, Dish, OTHER_FLAGS, UNSET, Unset, Wish};
use table::{Fate, Row};

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

    fn cook(&self, dish: &Dish) {
        let name = self.scene.name(dish.name);
        match dish.wish {
            Wish::Flags(flags) => self.create(&name, flags, dish.command),
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
    }

    /// Runs `docker create` with the flags that this engine's client knows.
    fn create(&self, name: &str, flags: &[(&str, &str)], command: &[&str]) {
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
        run(create.arg(self.scene.reference("web")).args(command));
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
fn known_flags(engine: Engine) -> BTreeSet<String> {
    let help = run(Command::new(client(engine)).args(["run", "--help"]));
    let flags = help.lines().filter_map(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("--").or_else(|| line.split_once(", --").map(|it| it.1))?;
        Some(line.split_whitespace().next()?.to_owned())
    });
    flags.collect()
}

/// A container before its update and after it.
struct Served {
    dish: &'static str,
    before: Value,
    after: Value,
}

/// What became of all containers on an engine.
struct Results {
    engine: Engine,
    title: String,
    served: Vec<Served>,
}

/// Makes all containers on an engine and updates them.
fn serve(engine: Engine) -> Results {
    let kitchen = Kitchen::open(engine);
    for dish in kitchen.dishes() {
        kitchen.cook(dish);
    }
    let before: Vec<_> = kitchen.dishes().map(|dish| kitchen.inspect(dish)).collect();
    kitchen.scene.push("web", "2");
    let names: Vec<_> = kitchen.dishes().map(|dish| kitchen.scene.name(dish.name)).collect();
    let program = kitchen.scene.program().env("DOCKER_AUTO_DOCKER_INCLUDE_STOPPED", "true");
    let arguments = ["update", "--json"].into_iter().chain(names.iter().map(String::as_str));
    program.run(&arguments.collect::<Vec<_>>()).expect(0);
    let served = kitchen.dishes().zip(before).map(|(dish, before)| {
        let after = kitchen.inspect(dish);
        assert_ne!(before["Id"], after["Id"], "{} on {engine:?}", dish.name);
        Served { dish: dish.name, before, after }
    });
    let served = served.collect();
    Results { engine, title: kitchen.title(), served }
}

#[test]
fn everything_that_was_asked_for_is_there_after_an_update() {
    needs!(lab);
    let results = Mutex::new(BTreeMap::new());
    on_each_engine(|engine| {
        let position = Engine::ALL.iter().position(|one| *one == engine);
        let served = serve(engine);
        results.lock().unwrap().insert(position, served);
    });
    let results: Vec<_> = results.into_inner().unwrap().into_values().collect();
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    for Results { engine, served, .. } in &results {
        for one in served {
            for change in changes(&one.before, &one.after) {
                match change.explained() {
                    Some(pattern) => drop(used.insert(pattern)),
                    None => problems.push(format!("{engine:?} {}: {}", one.dish, change.text())),
                }
            }
        }
    }
    let unused = ALLOWED.iter().filter(|(pattern, why)| *why != CHOICE && !used.contains(pattern));
    problems.extend(unused.map(|(pattern, _)| format!("{pattern:?} never differs")));
    let fates = fates(&results, &mut problems);
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    let titles: Vec<_> = results.into_iter().map(|results| results.title).collect();
    table::check(&titles, &fates);
}

#[test]
fn every_flag_of_docker_run_is_asked_for() {
    needs!(lab);
    let mut asked: BTreeSet<_> = OTHER_FLAGS.iter().map(|(flag, _)| (*flag).to_owned()).collect();
    for dish in DISHES {
        if let Wish::Flags(flags) = dish.wish {
            asked.extend(flags.iter().map(|(flag, _)| (*flag).to_owned()));
        }
    }
    let known: BTreeSet<_> = [Engine::Old, Engine::New].into_iter().flat_map(known_flags).collect();
    assert!(known.len() > 90, "the help is read: {known:?}");
    assert_eq!(asked, known);
}

/// Returns what became of each field of a create body on each engine.
fn fates(results: &[Results], problems: &mut Vec<String>) -> Vec<Row> {
    let all = fields::<ContainerCreateBody>();
    assert!(all.len() > 130, "the fields are found: {}", all.len());
    let mut fates = Vec::new();
    for field in all {
        let mut of_field = Vec::new();
        for Results { engine, served, .. } in results {
            match fate(&field, *engine, served) {
                Ok(fate) => of_field.extend(fate),
                Err(problem) => problems.push(format!("{engine:?} {field}: {problem}")),
            }
        }
        if !of_field.is_empty() {
            fates.push((field.path, of_field));
        }
    }
    fates
}

fn fate(field: &Field, engine: Engine, served: &[Served]) -> Result<Option<Fate>, &'static str> {
    let path = field.to_string();
    let unset = UNSET.iter().find(|(begin, engines, _)| {
        engines.contains(&engine)
            && path.strip_prefix(begin).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with('.') || begin.ends_with('.')
            })
    });
    if unset.is_some_and(|(.., why)| *why == Unset::Given) {
        return Ok(None);
    }
    let field = shown(field);
    let [plain, dishes @ ..] = served else { return Err("nothing was served") };
    let nothing = field.values(&plain.before);
    let asked: Vec<_> = dishes.iter().filter(|one| field.values(&one.before) != nothing).collect();
    match (unset, asked.as_slice()) {
        (None, []) => Err("no container asks for it, and nothing says why"),
        (None, asked) => Ok(Some(if asked.iter().any(|one| survived(&field, one, &nothing)) {
            Fate::Kept
        } else {
            Fate::Changed
        })),
        (Some((_, _, Unset::Unknown)), []) => Ok(Some(Fate::Unknown)),
        (Some(_), []) => Ok(Some(Fate::OnTheBody)),
        (Some(_), _) => Err("it is asked for, although something says why not"),
    }
}

/// Returns where an engine shows a field of a create body.
fn shown(field: &Field) -> Field {
    let path = match field.path.as_slice() {
        ["HostConfig", ..] => field.path.clone(),
        ["NetworkingConfig", "EndpointsConfig", EACH, rest @ ..] => {
            [&["NetworkSettings", "Networks", EACH], rest].concat()
        }
        path => [&["Config"], path].concat(),
    };
    field.at(path)
}

/// Says whether a field is shown as it was, or at least what is otherwise than by default.
fn survived(field: &Field, served: &Served, plain: &[(String, &Value)]) -> bool {
    let (before, after) = (field.values(&served.before), field.values(&served.after));
    before == after || before.iter().any(|own| !plain.contains(own) && after.contains(own))
}

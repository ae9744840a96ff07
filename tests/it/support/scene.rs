//! A host and a registry with a corner of their own, in which the program looks after containers.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::engine::{Engine, Host};
use super::image::{ImageSpec, Kind};
use super::lab::unique;
use super::program::{Output, Program, Running};
use super::proxy::EngineProxy;
use super::registry::Registry;
use super::wait::{wait_for, wait_until};

/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The label by which the program knows the containers of its scene: others on the host are not its.
const LABEL: &str = "scene";

/// What there is where no engine listens.
const DOWN: [ErrorKind; 2] = [ErrorKind::ConnectionRefused, ErrorKind::NotFound];

/// A corner of a host and of a registry; everything in it goes when it is dropped.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) host: Host,
    pub(crate) registry: Registry,
    pub(crate) prefix: String,
}

impl Scene {
    /// Returns a scene on the host and in the registry that all tests share.
    pub(crate) fn on(engine: Engine) -> Self {
        Self::with(Host::shared(engine), Registry::shared())
    }

    /// Returns a scene on a host and in a registry.
    pub(crate) fn with(host: Host, registry: Registry) -> Self {
        Self { host, registry, prefix: unique() }
    }

    /// Returns the full name of a container.
    pub(crate) fn name(&self, short: &str) -> String {
        format!("{}-{short}", self.prefix)
    }

    /// Returns the image that a container follows, by its tag.
    pub(crate) fn image(&self, short: &str, version: &str) -> ImageSpec {
        ImageSpec::web(&format!("{}/{short}", self.prefix), "1").version(version).kind(Kind::Plain)
    }

    /// Returns the reference that a container follows.
    pub(crate) fn reference(&self, short: &str) -> String {
        self.image(short, "1").reference(&self.registry)
    }

    /// Moves the tag that a container follows to a version, without a health check.
    #[track_caller]
    pub(crate) fn push(&self, short: &str, version: &str) -> String {
        self.registry.push(&self.image(short, version))
    }

    /// Moves the tag that a container follows to a version of a certain behaviour.
    #[track_caller]
    pub(crate) fn push_kind(&self, short: &str, version: &str, kind: Kind) -> String {
        self.registry.push(&self.image(short, version).kind(kind))
    }

    /// Returns the body of a container, with what `more` says in place of its fields.
    pub(crate) fn body(&self, short: &str, more: &Value) -> Value {
        let mut body = json!({
            "Image": self.reference(short),
            "Labels": {LABEL: self.prefix},
            "HostConfig": {"NetworkMode": "none"},
        });
        merge(&mut body, more);
        body
    }

    /// Pushes version 1 of a container's image and starts it; returns its id.
    #[track_caller]
    pub(crate) fn start(&self, short: &str, more: &Value) -> String {
        self.push(short, "1");
        self.start_pushed(short, more)
    }

    /// Starts a container of what its tag names now; returns its id.
    #[track_caller]
    pub(crate) fn start_pushed(&self, short: &str, more: &Value) -> String {
        self.host.pull(&self.reference(short));
        self.host.create_and_start(&self.name(short), &self.body(short, more))
    }

    /// Starts a container of another one's image; returns its id.
    #[track_caller]
    pub(crate) fn start_like(&self, image: &str, short: &str, more: &Value) -> String {
        self.host.create_and_start(&self.name(short), &self.body(image, more))
    }

    /// Starts a container whose tag has moved on to version 2; returns its id.
    #[track_caller]
    pub(crate) fn start_outdated(&self, short: &str, more: &Value) -> String {
        let id = self.start(short, more);
        self.push(short, "2");
        id
    }

    /// Returns the program for this scene.
    pub(crate) fn program(&self) -> Program {
        self.program_at(&self.host)
    }

    /// Returns the program for this scene behind a proxy.
    pub(crate) fn program_behind(&self, proxy: &EngineProxy) -> Program {
        self.program_at(&self.host.behind(proxy))
    }

    fn program_at(&self, host: &Host) -> Program {
        Program::new(&host.socket)
            .env("DOCKER_AUTO_POLICY_ONLY_LABELS", &format!("{LABEL}={}", self.prefix))
            .env("DOCKER_AUTO_HEALTH_STABLE", "1s")
            .env("DOCKER_AUTO_SERVER_ADDR", "127.0.0.1:0")
    }

    /// Returns what tells whether a container was touched.
    #[track_caller]
    pub(crate) fn seen(&self, short: &str) -> Seen {
        Seen::of(&self.host.inspect(&self.name(short)))
    }

    /// Returns the version that a container's image says it has.
    #[track_caller]
    pub(crate) fn version(&self, short: &str) -> String {
        let inspect = self.host.inspect(&self.name(short));
        let version = &inspect["Config"]["Labels"]["org.opencontainers.image.version"];
        version.as_str().unwrap_or_default().to_owned()
    }

    /// Says whether a container is there, runs, and has that version.
    pub(crate) fn runs(&self, short: &str, version: &str) -> bool {
        let (status, inspect) =
            self.host.request("GET", &format!("/containers/{}/json", self.name(short)), None);
        let found = &inspect["Config"]["Labels"]["org.opencontainers.image.version"];
        status == 200 && inspect["State"]["Status"] == "running" && found == version
    }

    /// Ends the misbehaviour of a faulty registry.
    pub(crate) fn registry_recovers(&self) {
        if self.registry.is_faulty() {
            self.registry.faults(&json!({}));
        }
    }

    /// Returns the containers of the scene with their states.
    pub(crate) fn containers(&self) -> Vec<(String, String)> {
        let names = self.host.names(&format!("{}-", self.prefix)).into_iter();
        let short = |name: String| name[self.prefix.len() + 1..].to_owned();
        names.map(|(name, state)| (short(name), state)).collect()
    }

    /// Waits until these containers run, and no other one is there.
    #[track_caller]
    pub(crate) fn settles(&self, names: &[&str]) {
        wait_until("only these are left", PATIENCE, || {
            let now = self.containers();
            now.iter().map(|(name, _)| name.as_str()).eq(names.iter().copied())
                && now.iter().all(|(_, state)| state == "running")
        });
    }

    /// Checks that these containers run, and that no other one is there.
    #[track_caller]
    pub(crate) fn all_run(&self, names: &[&str]) {
        let expected: Vec<_> =
            names.iter().map(|name| ((*name).to_owned(), "running".to_owned())).collect();
        assert_eq!(self.containers(), expected, "on {:?}", self.host.engine);
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for _ in 0..6 {
            match self.host.ping(Duration::from_secs(5)) {
                Ok(()) => return self.host.remove_all(&self.prefix),
                // A host whose engine was ended by a test, or by its failure, goes as a whole.
                Err(error) if DOWN.contains(&error.kind()) => return,
                // It is busy, and others use it after this test.
                Err(_) => {}
            }
        }
    }
}

/// What changes of a container when somebody touches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) started_at: String,
    pub(crate) status: String,
    pub(crate) policy: String,
}

impl Seen {
    pub(crate) fn of(inspect: &Value) -> Self {
        let text = |pointer: &str| inspect.pointer(pointer).and_then(Value::as_str);
        let text = |pointer| text(pointer).unwrap_or_default().to_owned();
        Self {
            id: text("/Id"),
            name: text("/Name"),
            image: text("/Image"),
            started_at: text("/State/StartedAt"),
            status: text("/State/Status"),
            // An old engine keeps what it was sent, and nothing means the same as "no".
            policy: match text("/HostConfig/RestartPolicy/Name") {
                name if name.is_empty() => "no".to_owned(),
                name => name,
            },
        }
    }
}

/// Does the same on each kind of engine, at the same time.
pub(crate) fn on_each_engine(story: impl Fn(Engine) + Sync) {
    let story = &story;
    thread::scope(|scope| {
        for engine in Engine::ALL {
            let builder = thread::Builder::new().name(format!("{engine:?}"));
            builder.spawn_scoped(scope, move || story(engine)).expect("a thread can be started");
        }
    });
}

/// A server of the program; ended in order with [`Server::end`], else killed.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) running: Running,
    data: PathBuf,
}

impl Server {
    /// Starts one and waits until it listens.
    #[track_caller]
    pub(crate) fn start(program: &Program) -> Self {
        let server = Self::spawn(program, &["serve"]);
        server.wait_log("listening on");
        server
    }

    /// Starts one and does not wait.
    #[track_caller]
    pub(crate) fn spawn(program: &Program, arguments: &[&str]) -> Self {
        Self { running: program.spawn(arguments), data: program.data_dir() }
    }

    /// Waits until its log holds some words.
    #[track_caller]
    pub(crate) fn wait_log(&self, words: &str) {
        let log = || self.running.stderr();
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_until(words, PATIENCE, || log().contains(words));
        }));
        assert!(found.is_ok(), "no {words:?} in the log:\n{}", log());
    }

    /// Returns the address on which it listens.
    #[track_caller]
    pub(crate) fn address(&self) -> String {
        wait_for("it listens", PATIENCE, || {
            let log = self.running.stderr();
            let (_, rest) = log.split_once("listening on ")?;
            let (address, _) = rest.split_once(char::is_whitespace)?;
            Some(address.to_owned())
        })
    }

    /// Returns the path of its control socket.
    pub(crate) fn control(&self) -> PathBuf {
        self.data.join("control.sock")
    }

    /// Ends it in order; returns what it left.
    #[track_caller]
    pub(crate) fn end(self) -> Output {
        self.running.terminate();
        let ended = self.running.wait_exit(PATIENCE);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ended
    }
}

impl Output {
    /// Returns standard output, which has to be one JSON value and nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("{error}: code {}\n{}\n{}", self.code, self.stdout, self.stderr)
        })
    }

    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Returns what became of the only container that was asked for, and why.
    #[track_caller]
    pub(crate) fn result(&self) -> (String, String) {
        let views = self.json();
        let [view] = views.as_array().map(Vec::as_slice).unwrap_or_default() else {
            panic!("one container: {views}")
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&view["result"]), text(&view["reason"]["message"]))
    }
}

/// Lays one JSON value over another; null removes.
pub(crate) fn merge(value: &mut Value, over: &Value) {
    let (Some(fields), Some(over)) = (value.as_object_mut(), over.as_object()) else {
        value.clone_from(over);
        return;
    };
    for (name, new) in over {
        if new.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name).or_insert(json!({})), new);
        }
    }
}

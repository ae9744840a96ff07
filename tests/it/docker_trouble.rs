//! Engines that are dead, frozen, closed, out of date or no engines at all: each named with its cure.

mod fake;
mod ghosts;

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use docker_auto::core::health::{ExitZero, HealthGate, Requirement, Restarts};
use docker_auto::core::id::{ContainerId, ContainerName, HostId, OperationId, Timestamp};
use docker_auto::core::journal::{Class, Known};
use docker_auto::core::plan::{Key, Step, StepRunner};
use docker_auto::docker::{DockerError, Endpoint, Host, Retry, Tls};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::docker_host::{body, connected, hurried, patient};
use crate::docker_step::runner;
use crate::support::containers::Cleanup;
use crate::support::engine::{self, Engine, HostOptions};
use crate::support::image::{ImageSpec, Kind};
use crate::support::lab::{needs, the_lab, unique};
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::scene::PATIENCE;

use self::fake::{FakeEngine, ok, ping};

fn at(text: &str, tls: &Tls) -> Result<Host, DockerError> {
    Host::new(HostId::default(), Endpoint::parse(text, tls)?)
}

async fn trouble(host: &Host) -> DockerError {
    host.inventory(Timestamp::default()).await.expect_err("there is trouble")
}

/// How long an engine that is frozen is waited for.
const LIMIT: Duration = Duration::from_secs(3);

fn knowing(id: &str, name: &str) -> Known {
    Known {
        operation: OperationId::new(unique()),
        name: ContainerName::new(name),
        homes: [(Key::old(), ContainerName::new(name))].into(),
        ids: [(Key::old(), ContainerId::new(id))].into(),
        created_as: BTreeMap::new(),
        failure: None,
    }
}

#[tokio::test]
async fn what_is_not_there_is_named_with_its_cure() {
    for (text, words) in [
        ("unix:///no/such/docker.sock", "start the engine, and in a container mount the socket"),
        ("tcp://127.0.0.1:1", "start it"),
        ("tcp://no-such-host.invalid:2375", "check the host's name"),
    ] {
        let error = trouble(&at(text, &Tls::Off).unwrap()).await;
        let chain = error.chain();
        assert!(chain.contains(words) && chain.contains(text), "{chain}");
        assert!(matches!(error, DockerError::Unreachable { .. }), "{chain}");
        assert_eq!(error.retry(), Retry::Later);
    }
}

#[tokio::test]
async fn a_killed_engine_is_unreachable_and_found_again() {
    needs!(lab);
    let host = engine::Host::private(Engine::Old, &HostOptions::default());
    let prefix = unique();
    host.docker_load(&ImageSpec::web(&prefix, "1"));
    let id = host.create_and_start(&prefix, &body(&format!("{prefix}:1")));
    let (ours, known) = (connected(&host), knowing(&id, &prefix));
    let before = ours.engine_facts().await.unwrap();
    let runner = runner(ours.clone());
    host.kill();
    let error = trouble(&ours).await;
    assert!(matches!(error, DockerError::Unreachable { .. }), "{}", error.chain());
    assert!(error.to_string().contains("start it"), "{error}");
    for step in [
        Step::Start { container: Key::old() },
        Step::Stop { container: Key::old(), timeout_seconds: None, grace: Duration::from_secs(1) },
        Step::CollectEvidence { container: Key::old() },
    ] {
        let error = runner.run(&step, &known).await.unwrap_err();
        assert_eq!(error.class, Class::Unreachable, "{error}");
    }
    assert_eq!(runner.observe(&known).await.unwrap_err().class, Class::Unreachable);
    let reports = Mutex::new(0);
    let waiting = CancellationToken::new();
    let report = |_: &DockerError| {
        let mut reports = reports.lock().unwrap();
        *reports += 1;
        if *reports == 2 {
            host.start();
        }
    };
    ours.wait_until_ready(&waiting, &report).await.unwrap();
    assert!(*reports.lock().unwrap() >= 2);
    assert_eq!(ours.engine_facts().await.unwrap(), before);
    runner.run(&Step::Start { container: Key::old() }, &known).await.unwrap();
}

#[tokio::test]
async fn a_frozen_engine_is_told_from_a_dead_one() {
    needs!(lab);
    let host = engine::Host::private(Engine::New, &HostOptions::default());
    let ours = patient(&host, hurried(LIMIT));
    // Just started, it may take longer than that.
    let booted = async { while ours.ping().await.is_err() {} };
    timeout(PATIENCE, booted).await.unwrap();
    host.freeze();
    // The second time it does not even agree on a version.
    for _ in 0..2 {
        let error = trouble(&ours).await;
        assert!(matches!(error, DockerError::Timeout { .. }), "{}", error.chain());
        assert!(error.to_string().contains("may be frozen"), "{error}");
    }
    let waiting = CancellationToken::new();
    let cancel = |_: &DockerError| waiting.cancel();
    assert!(ours.wait_until_ready(&waiting, &cancel).await.is_err());
    host.thaw();
    connected(&host).ping().await.unwrap(); // it is awake again, however long that took
    // What it was asked meanwhile may keep it longer than that.
    let again = async {
        while let Err(error) = ours.inventory(Timestamp::default()).await {
            assert!(matches!(error, DockerError::Timeout { .. }), "{}", error.chain());
        }
    };
    timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn a_container_that_ends_with_its_engine_is_not_the_images_fault() {
    needs!(lab);
    for kind in Engine::ALL {
        let host = engine::Host::private(kind, &HostOptions::default());
        let prefix = unique();
        host.docker_load(&ImageSpec::web(&prefix, "1").kind(Kind::Plain));
        let id = host.create_and_start(&prefix, &body(&format!("{prefix}:1")));
        let (runner, known) = (runner(connected(&host)), knowing(&id, &prefix));
        let minute = Duration::from_mins(1);
        let gate = HealthGate {
            timeout: minute,
            stable: minute,
            require: Requirement::Healthy,
            exit_zero: ExitZero::Failed,
            restarts: Restarts::SinceStart,
            probes: Vec::new(),
            soak: Duration::ZERO,
        };
        let step = Step::AwaitHealthy { container: Key::old(), gate };
        let command = host.control_command("stop");
        let stopping =
            thread::spawn(move || Command::new(&command[0]).args(&command[1..]).status());
        let error = runner.run(&step, &known).await.unwrap_err();
        assert_eq!(error.class, Class::Unreachable, "{kind:?} {error}");
        assert!(stopping.join().unwrap().unwrap().success());
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_a_step_to_be_done_again() {
    needs!(lab);
    for kind in Engine::ALL {
        let (host, prefix) = (engine::Host::shared(kind), unique());
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        host.docker_load(&ImageSpec::web(&prefix, "1"));
        let id = host.create_and_start(&prefix, &body(&format!("{prefix}:1")));
        let proxy = EngineProxy::start(&host, &[]);
        let (runner, known) = (runner(connected(&host.behind(&proxy))), knowing(&id, &prefix));
        let to = ContainerName::new(format!("{prefix}-b"));
        let remove = docker_auto::core::plan::Volumes::Remove;
        for (call, step) in [
            (
                "POST .*/stop",
                Step::Stop {
                    container: Key::old(),
                    timeout_seconds: None,
                    grace: Duration::from_secs(9),
                },
            ),
            ("POST .*/rename", Step::Rename { container: Key::old(), to }),
            ("POST .*/start", Step::Start { container: Key::old() }),
            (
                "POST .*/stop",
                Step::Stop {
                    container: Key::old(),
                    timeout_seconds: None,
                    grace: Duration::from_secs(9),
                },
            ),
            ("DELETE", Step::Remove { container: Key::old(), volumes: remove }),
        ] {
            for rule in [Rule::before(call), Rule::after(call)] {
                proxy.set_rules(&[rule.nth(1).drop_call()]);
                let error = runner.run(&step, &known).await.unwrap_err();
                assert_eq!(error.class, Class::Unreachable, "{error}");
            }
            runner.run(&step, &known).await.unwrap();
        }
        assert_eq!(host.names(&prefix), []);
    }
}

#[tokio::test]
async fn tls_is_spoken_with_client_certificates() {
    needs!(lab);
    let pki = &the_lab().pki;
    let file = |name: &str| pki.join(name).display().to_string();
    let arguments = ["-H", "tcp://0.0.0.0:2376", "--tlsverify", "--tlscacert", &file("ca.crt")];
    let own = ["--tlscert", &file("server.crt"), "--tlskey", &file("server.key")];
    let arguments = arguments.iter().chain(&own).map(ToString::to_string).collect();
    let options = HostOptions { arguments, ..HostOptions::default() };
    let host = engine::Host::private(Engine::New, &options);
    let text = format!("tcp://{}:2376", host.address);
    let with = |files: &[(&str, &str)]| {
        let folder = TempDir::new().unwrap();
        for (from, to) in files {
            std::fs::copy(pki.join(from), folder.path().join(to)).unwrap();
        }
        let tls = Tls::Verify { folder: Some(folder.path().to_owned()) };
        at(&text, &tls).unwrap()
    };
    let folder = Some(pki.join("client"));
    let good = at(&text, &Tls::Verify { folder }).unwrap();
    good.inventory(Timestamp::default()).await.unwrap();
    for (host, words) in [
        (with(&[("ca.crt", "ca.pem")]), "client certificate"),
        (
            with(&[
                ("ca.crt", "ca.pem"),
                ("foreign-client.crt", "cert.pem"),
                ("foreign-client.key", "key.pem"),
            ]),
            "client certificate",
        ),
        (with(&[("foreign-ca.crt", "ca.pem")]), "the authority that signed its certificate"),
        (at(&text, &Tls::Off).unwrap(), "set DOCKER_TLS_VERIFY=1"),
    ] {
        let error = trouble(&host).await;
        assert!(error.chain().contains(words), "{}", error.chain());
    }
    let registry = format!("https://{}", crate::support::registry::Registry::shared().address);
    let error = trouble(&at(&registry, &Tls::Off).unwrap()).await;
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
}

#[tokio::test]
async fn engines_that_are_out_of_date_are_named() {
    for (version, words) in [("1.39", "update it to Docker 20.10"), ("new", "at least 1.41")] {
        let fake = FakeEngine::start(move |_| ping(version));
        let error = trouble(&fake.host()).await;
        assert!(matches!(error, DockerError::TooOld { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let message = "client version 1.52 is too old. Minimum supported API version is 1.60";
    let fake = FakeEngine::start(move |line| match line {
        "GET /_ping" => ping("1.70"),
        _ => (400, String::new(), json!({ "message": message }).to_string()),
    });
    let error = trouble(&fake.host()).await;
    assert!(matches!(error, DockerError::TooNew { .. }), "{error}");
    assert!(error.to_string().contains("update docker-auto"), "{error}");
}

#[tokio::test]
async fn an_exchanged_engine_is_agreed_with_anew() {
    let upgraded = Arc::new(Mutex::new(false));
    let state = upgraded.clone();
    let fake = FakeEngine::start(move |line| {
        let upgraded = *state.lock().unwrap();
        let message = "client version 1.41 is too old. Minimum supported API version is 1.44";
        match line {
            "GET /_ping" => ping(if upgraded { "1.51" } else { "1.41" }),
            _ if upgraded && line.contains("/v1.41/") => {
                (400, String::new(), json!({ "message": message }).to_string())
            }
            _ => ok("{}"),
        }
    });
    let host = fake.host();
    assert_eq!(host.engine_facts().await.unwrap().api_version.minor, 41);
    *upgraded.lock().unwrap() = true;
    let missing = ContainerId::new("0".repeat(64));
    assert!(host.inspect_container(&missing).await.unwrap().is_some());
    let calls = fake.calls.lock().unwrap();
    assert_eq!(calls.last().unwrap(), &format!("GET /v1.51/containers/{missing}/json"));
}

#[tokio::test]
async fn empty_lists_may_be_null() {
    let fake = FakeEngine::start(|line| match line {
        "GET /_ping" => (200, String::new(), "OK".to_owned()),
        "GET /version" => ok(json!({"ApiVersion": "1.47"}).to_string()),
        _ if line.ends_with("/version") || line.ends_with("/info") => ok("{}"),
        _ => ok("null"),
    });
    let found = fake.host().inventory(Timestamp::default()).await.unwrap();
    assert!(found.containers.is_empty() && found.images.is_empty() && found.networks.is_empty());
    assert_eq!(found.engine.api_version.minor, 47, "asked for where the ping does not say it");
}

#[tokio::test]
async fn nonsense_names_the_call() {
    for (body, words) in
        [("<html>", "expected value"), ("[{\"Names\": 1}]", "missing field"), ("[", "EOF")]
    {
        let fake = FakeEngine::start(move |line| match line {
            "GET /_ping" => ping("1.47"),
            _ if line.contains("/images/json") => ok(body),
            _ if line.ends_with("/version") || line.ends_with("/info") => ok("{}"),
            _ => ok("[]"),
        });
        let error = trouble(&fake.host()).await;
        assert!(matches!(error, DockerError::BadAnswer { .. }), "{error}");
        let chain = error.chain();
        assert!(chain.contains("GET /images/json") && chain.contains(words), "{chain}");
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_what_to_allow() {
    let fake = FakeEngine::start(|line| match line {
        "GET /_ping" => ping("1.47"),
        _ if line.contains("/info") => (403, String::new(), "<html>Forbidden</html>".to_owned()),
        _ if line.ends_with("/version") => ok("{}"),
        _ => ok("[]"),
    });
    let error = trouble(&fake.host()).await;
    assert!(matches!(error, DockerError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("refuses GET /info; allow it there"), "{error}");
    assert!(error.to_string().contains("INFO=1"), "{error}");
}

#[tokio::test]
async fn an_engine_that_is_starting_is_waited_for() {
    let fake = FakeEngine::start(|_| (503, String::new(), "starting".to_owned()));
    let error = trouble(&fake.host()).await;
    assert!(matches!(error, DockerError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("starting or stopping"), "{error}");
}

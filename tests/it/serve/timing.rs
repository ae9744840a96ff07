//! When a server checks and updates, by a clock that the test sets: the engine's own loop on a real host.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use docker_auto::app::assemble;
use docker_auto::clock::Clock;
use docker_auto::config::{Config, Environment};
use docker_auto::core::event::Event;
use docker_auto::core::id::{HostId, Timestamp};
use docker_auto::core::plan::Trigger;
use docker_auto::docker::Host;
use docker_auto::engine::ourselves::Attendance;
use docker_auto::engine::{Engine, Parts, Settings};
use docker_auto::registry::{Now, Registry as Client, Settings as ClientSettings};
use docker_auto::shutdown::{Drained, Tasks};
use docker_auto::store::{HistoryFilter, Operations, Store};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

use crate::support::engine::{Engine as Kind, Host as LabHost};
use crate::support::lab::needs;
use crate::support::proxy::EngineProxy;
use crate::support::registry::Registry;
use crate::support::scene::{PATIENCE, Scene};
use crate::support::wait::wait_until;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

pub(crate) fn midnight() -> Timestamp {
    "2026-03-10T00:00:00Z".parse().unwrap()
}

/// A scene whose registry counts the checks.
pub(super) fn counting() -> Scene {
    counting_on(Kind::New)
}

/// The same on an engine of a kind.
pub(super) fn counting_on(kind: Kind) -> Scene {
    Scene::with(LabHost::shared(kind), Registry::faulty(&json!({})))
}

/// The loop of a server, with its clock.
pub(crate) struct Loop<'a> {
    scene: &'a Scene,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    events: Receiver<Arc<Event>>,
    tasks: Tasks,
}

impl<'a> Loop<'a> {
    pub(crate) async fn start(
        scene: &'a Scene,
        data: &Path,
        clock: Clock,
        variables: &[(&str, &str)],
    ) -> Self {
        let config = config(scene, data, variables);
        let tasks = Tasks::new(|name, message| panic!("{name}: {message}"));
        let parts = parts(&config, &clock, &tasks).await;
        let store = parts.store.clone();
        let engine = Engine::new(parts);
        let events = engine.events();
        engine.start(assemble::timetables(&config));
        Self { scene, clock, store, events, tasks }
    }

    /// Returns what happened since it was asked last, but the steps of operations.
    pub(crate) fn told(&mut self) -> Vec<String> {
        let events = std::iter::from_fn(|| self.events.try_recv().ok());
        let short = |event: &Event| {
            let name = event.target.name.as_str();
            let short = name.strip_prefix(&format!("{}-", self.scene.prefix)).unwrap_or(name);
            format!("{} {short}", event.what.code())
        };
        let of_steps = ["step_started", "step_failed", "pull_progress"];
        let events = events.filter(|event| !of_steps.contains(&event.what.code()));
        events.map(|event| short(&event)).collect()
    }

    /// Waits until a job has run at the present moment of the clock.
    pub(crate) async fn runs(&self, job: &'static str) {
        let now = self.clock.now();
        let waiting = async {
            while self.store.schedules().last_run(job).await.unwrap() != Some(now) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let ran = tokio::time::timeout(PATIENCE, waiting).await;
        let last = self.store.schedules().last_run(job).await.unwrap();
        assert!(ran.is_ok(), "{job} has run at {last:?}, and not at {now}");
    }

    /// Moves the clock on in steps, after each of which nothing is due but at the last.
    pub(crate) async fn after(&self, step: Duration, steps: u32, job: &'static str) {
        for _ in 0..steps {
            self.clock.advance(step);
        }
        self.runs(job).await;
    }

    pub(super) fn checks(&self) -> usize {
        self.scene.registry.count("HEAD", &self.scene.prefix)
    }

    pub(crate) async fn triggers(&self) -> Vec<Trigger> {
        let records = self.store.history().list(HistoryFilter::default()).await.unwrap();
        records.iter().map(|record| record.triggered_by).collect()
    }

    /// Ends the loop; returns how many checks there were.
    pub(crate) async fn end(self) -> usize {
        assert_eq!(self.tasks.close_and_wait(PATIENCE).await, Drained::All);
        self.store.close().await.unwrap();
        self.checks()
    }
}

fn config(scene: &Scene, data: &Path, variables: &[(&str, &str)]) -> Config {
    let only = format!("scene={}", scene.prefix);
    let own = [
        ("DOCKER_AUTO_DATA", data.to_str().unwrap()),
        ("DOCKER_AUTO_DOCKER_HOST", &scene.host.docker_host()),
        ("DOCKER_AUTO_POLICY_ONLY_LABELS", &only),
        ("DOCKER_AUTO_HEALTH_STABLE", "1s"),
    ];
    let all = own.iter().chain(variables);
    let all = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let (config, problems) =
        Config::load(&Environment::new(all, &|path: &Path| std::fs::read_to_string(path)));
    assert!(problems.is_empty(), "{problems:?}");
    config
}

async fn parts(config: &Config, clock: &Clock, tasks: &Tasks) -> Parts {
    let endpoint = assemble::endpoint(config).unwrap();
    let reading = clock.clone();
    let mut registry = ClientSettings::new(Now::new(move || reading.now()));
    // What fails is tried again without a pause: the clock of these tests stands still meanwhile.
    registry.timing.backoff = Duration::from_millis(1);
    let settings = assemble::settings(config, &endpoint, Attendance::Server);
    Parts {
        host: Host::new(HostId::default(), endpoint).unwrap(),
        registry: Client::new(registry).unwrap(),
        store: Store::open(&config.data, clock.clone()).await.unwrap(),
        operations: Operations::open(&config.data).await.unwrap(),
        clock: clock.clone(),
        tasks: tasks.clone(),
        // Whatever these tests run in is none of the lab's containers.
        settings: Settings { own: None, ..settings },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_follow_the_interval_and_missed_ones_are_made_up_for_once() {
    needs!(lab);
    let scene = counting();
    scene.start("web", &json!({}));
    scene.registry.forget();
    let (data, clock) = (TempDir::new().unwrap(), Clock::settable(midnight()));
    let variables = [("SCAN_INTERVAL", "10m")];
    let running = Loop::start(&scene, data.path(), clock.clone(), &variables).await;
    running.runs("check").await;
    for _ in 1..=3 {
        running.after(MINUTE, 10, "check").await;
    }
    assert_eq!(running.end().await, 4);
    // Away for five hours: thirty were missed.
    clock.advance(5 * HOUR);
    let variables = [("SCAN_INTERVAL", "10m"), ("SCAN_INITIAL_ON_START", "false")];
    let running = Loop::start(&scene, data.path(), clock.clone(), &variables).await;
    running.runs("check").await;
    running.after(MINUTE, 10, "check").await;
    assert_eq!(running.end().await, 6);
    // One at the start is the same as one that was missed.
    clock.advance(5 * HOUR);
    let variables = [("SCAN_INTERVAL", "10m"), ("SCAN_INITIAL_ON_START", "true")];
    let running = Loop::start(&scene, data.path(), clock.clone(), &variables).await;
    running.runs("check").await;
    running.after(MINUTE, 10, "check").await;
    assert_eq!(running.end().await, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_follow_the_clock_on_the_wall() {
    needs!(lab);
    let scene = counting();
    scene.start("web", &json!({}));
    scene.registry.forget();
    let (data, clock) = (TempDir::new().unwrap(), Clock::settable(midnight()));
    let variables = [("DOCKER_AUTO_SCAN_CRON", "30 4 * * *"), ("TZ", "Europe/Berlin")];
    let running = Loop::start(&scene, data.path(), clock.clone(), &variables).await;
    running.runs("check").await;
    // Half past four in Berlin, whose winter is an hour ahead.
    running.after(10 * MINUTE, 21, "check").await;
    running.after(HOUR, 24, "check").await;
    // The last Sunday of March: its clocks are put forward before that time.
    clock.set("2026-03-29T02:30:00Z".parse().unwrap());
    running.runs("check").await;
    assert_eq!(running.end().await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_wait_for_their_schedule_and_a_missed_one_is_made_up_for_once() {
    needs!(lab);
    let scene = counting();
    scene.start_outdated("web", &json!({}));
    scene.start_outdated("watched", &json!({"Labels": {"docker-auto.mode": "watch"}}));
    let (data, clock) = (TempDir::new().unwrap(), Clock::settable(midnight()));
    let variables = [("DOCKER_AUTO_UPDATE_CRON", "0 3 * * *"), ("SCAN_INTERVAL", "1h")];
    let running = Loop::start(&scene, data.path(), clock.clone(), &variables).await;
    running.runs("check").await;
    for _ in 1..=2 {
        running.after(HOUR, 1, "check").await;
        assert_eq!(scene.version("web"), "1", "it waits");
    }
    running.after(HOUR, 1, "update").await;
    assert_eq!(scene.version("web"), "2");
    running.runs("check").await;
    running.end().await;
    // Away over the next two nights.
    scene.push("web", "3");
    clock.advance(50 * HOUR);
    let running = Loop::start(&scene, data.path(), clock.clone(), &variables).await;
    running.runs("update").await;
    assert_eq!(scene.version("web"), "3");
    scene.push("web", "4");
    running.after(HOUR, 1, "check").await;
    assert_eq!(scene.version("web"), "3", "once is enough");
    assert_eq!(running.triggers().await, [Trigger::Schedule; 2]);
    running.end().await;
    assert_eq!(scene.version("watched"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_starts_no_job_before_its_time() {
    needs!(lab);
    let host = LabHost::shared(Kind::New);
    let proxy = EngineProxy::start(&host, &[]);
    let scene = Scene::with(host.behind(&proxy), Registry::faulty(&json!({})));
    scene.start("web", &json!({}));
    let rounds = || {
        let calls = proxy.log();
        calls.iter().filter(|call| call.line.contains("/containers/json")).count()
    };
    let (data, clock) = (TempDir::new().unwrap(), Clock::settable(midnight()));
    // What others do on the host is no round of ours.
    let variables = [("SCAN_INTERVAL", "10m"), ("WATCH_EVENTS", "false")];
    let running = Loop::start(&scene, data.path(), clock.clone(), &variables).await;
    running.runs("check").await;
    running.store.close().await.unwrap();
    proxy.forget();
    let (mut looks, mut due) = (0, 0);
    wait_until("it is tried at its times", PATIENCE, || {
        if looks % 100 == 0 {
            clock.advance(10 * MINUTE);
            due += 1;
        }
        looks += 1;
        rounds() >= 3
    });
    assert_eq!(running.tasks.close_and_wait(PATIENCE).await, Drained::All);
    assert!(rounds() <= due, "{} of {due}", rounds());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_that_fails_says_so_and_begins_anew() {
    needs!(lab);
    let scene = counting();
    scene.start("web", &json!({}));
    let (data, clock) = (TempDir::new().unwrap(), Clock::settable(midnight()));
    // It begins anew only when it was seen to have failed.
    let (seen, wait) = mpsc::channel();
    let wait = Mutex::new(wait);
    let until_seen = move || wait.lock().unwrap().recv().unwrap();
    let tasks = Tasks::new(move |_, _| tokio::task::block_in_place(&until_seen));
    let (broken, reading) = (AtomicBool::new(true), clock.clone());
    let now = Now::new(move || {
        assert!(!broken.swap(false, Ordering::Relaxed), "the first look at the clock fails");
        reading.now()
    });
    let registry = Client::new(ClientSettings::new(now)).unwrap();
    let config = config(&scene, data.path(), &[]);
    let parts = Parts { registry, ..parts(&config, &clock, &tasks).await };
    let store = parts.store.clone();
    let engine = Engine::new(parts);
    engine.start(assemble::timetables(&config));
    let told = async {
        while engine.look().await.is_none_or(|said| !said.contains("about to start again")) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        seen.send(()).unwrap();
        while store.schedules().last_run("check").await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("it fails, and works again");
    let quiet = async {
        while engine.look().await.is_some() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, quiet).await.expect("nothing is wrong any more");
    assert_eq!(tasks.close_and_wait(PATIENCE).await, Drained::All);
}

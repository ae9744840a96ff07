//! Whoever carries the replacement on is killed at every call that changes something, or the engine.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};

use crate::crash::matrix::{message, spread};
use crate::crash::point::{Point, points};
use crate::support::engine::Engine;
use crate::support::lab::needs;

use super::house::{House, NAME, Victim};

/// How many hosts work at once.
const LANES: usize = 3;

/// A host, and the image of version 1 on it.
struct Lane {
    house: House,
    old: String,
}

/// A replacement by a version that is good, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Good,
    Bad,
}

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ordeal {
    /// Whoever makes the call.
    Caller,
    /// The engine, once there is a helper.
    Engine,
}

/// Where it is interrupted.
#[derive(Debug)]
struct Place {
    point: Point,
    /// Who makes the call.
    victim: Victim,
    progress: Progress,
}

/// How far the replacement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Begun,
    /// The new one is started, and nothing stands against it any more.
    Started,
}

/// A matrix of interruptions.
#[derive(Debug)]
struct Matrix {
    engine: Engine,
    version: Version,
    ordeal: Ordeal,
}

impl Lane {
    fn of(house: House) -> Self {
        let old = house.host.image_id(&house.reference());
        Self { house, old }
    }

    /// Makes everything anew and begins the replacement; returns the container's id.
    fn begin(&self, disturb: impl FnOnce(&House)) -> String {
        let house = &self.house;
        house.clear(&self.old);
        // The only policy of which it is sure that the engine's restart obeys it.
        let id = house.start_with(&json!({"RestartPolicy": {"Name": "always"}}));
        house.host.exec(NAME, &["sh", "-c", "echo kept >/data/mine"]);
        house.proxy.forget();
        disturb(house);
        house.begin_unseen("update", NAME);
        id
    }

    /// Waits for the end; returns the record.
    fn end(&self) -> Value {
        let record = self.house.recorded(1);
        self.house.settled();
        record
    }
}

impl Matrix {
    /// Returns several hosts whose tag has moved on.
    fn lanes(&self) -> Vec<Lane> {
        let first = House::on(self.engine);
        let others: Vec<_> = (1..LANES).map(|_| first.beside()).collect();
        let lanes: Vec<_> = std::iter::once(first).chain(others).map(Lane::of).collect();
        match self.version {
            Version::Good => lanes[0].house.push("2"),
            Version::Bad => lanes[0].house.push_with("2", &json!({"Cmd": ["no such command"]})),
        };
        lanes
    }

    fn check(&self, lane: &Lane, id: &str, record: &Value, progress: Progress) {
        let (house, good) = (&lane.house, self.version == Version::Good);
        let now = house.host.inspect(NAME);
        let (outcome, runs) = (record["outcome"].as_str().unwrap_or_default(), house.version());
        match outcome {
            "updated" => assert!(good && runs == "2", "{runs} runs"),
            _ if good && progress == Progress::Started => panic!("it was up already: {record:#}"),
            "rolled_back" | "aborted" => assert_eq!((&*runs, &now["Id"]), ("1", &json!(id))),
            // The engine may not have started it again when the helper looks.
            "superseded" if self.ordeal == Ordeal::Engine => assert_eq!(now["Id"], *id),
            _ => panic!("{record:#}"),
        }
        if self.ordeal == Ordeal::Caller {
            assert_eq!(house.most_at_once(), 1, "never two at once");
        }
        assert_eq!(now["HostConfig"]["RestartPolicy"]["Name"], "always");
        assert_eq!(house.host.read_in(NAME, &["cat", "/data/mine"]), "kept\n");
        let (_, said) = house.run(&["check", NAME]);
        let rejected = said.contains("is not tried again");
        assert!(!(good && rejected), "a good version is rejected: {record:#}");
    }

    /// Returns the points of a replacement that nobody disturbs.
    fn record(&self, lane: &Lane) -> Vec<Place> {
        let id = lane.begin(|_| {});
        let record = lane.end();
        let goal = if self.version == Version::Good { "updated" } else { "rolled_back" };
        assert_eq!(record["outcome"], goal, "{record:#}");
        self.check(lane, &id, &record, Progress::Started);
        let calls = lane.house.proxy.log();
        let (mut victim, mut progress) = (Victim::Server, Progress::Begun);
        let mut found = Vec::new();
        for point in points(&calls, record["id"].as_str().unwrap_or_default()) {
            let shown = point.to_string();
            // The helper's last act is not always its own: the server may be first with it.
            let last = shown.contains("force=1");
            let started = point.is_after() && shown.contains("/start");
            if started && victim == Victim::Helper {
                progress = Progress::Started;
            }
            if point.changes() && !last {
                found.push(Place { point, victim, progress });
            }
            // The first start is the helper's own.
            if started {
                victim = Victim::Helper;
            }
        }
        if self.ordeal == Ordeal::Engine {
            found.retain(|place| place.victim == Victim::Helper);
        }
        found
    }

    fn interrupt(&self, lane: &Lane, place: &Place) {
        let house = &lane.house;
        let command = match self.ordeal {
            Ordeal::Caller => house.killing(place.victim),
            Ordeal::Engine => house.host.control_command("kill"),
        };
        let rule = place.point.rule().run(&command).drop_call();
        let id = lane.begin(|house| house.proxy.set_rules(&[rule]));
        house.wait("the point is reached", || {
            house.proxy.log().iter().any(|call| call.outcome.is_string()).then_some(())
        });
        if self.ordeal == Ordeal::Engine {
            house.host.start();
        }
        let record = lane.end();
        self.check(lane, &id, &record, place.progress);
    }

    fn run(&self) {
        let (began, lanes) = (Instant::now(), self.lanes());
        let failures = Mutex::new(Vec::new());
        let work = self.record(&lanes[0]);
        assert!(work.iter().any(|place| place.victim == Victim::Helper), "there is a helper");
        let number = work.len();
        let outcomes = spread(&lanes, work, &failures, |lane, at| {
            let tried = catch_unwind(AssertUnwindSafe(|| self.interrupt(lane, &at)));
            tried.map_err(|panic| {
                let (why, story) = (message(&*panic), lane.house.story());
                format!("FAILED: {self:?}, {:?} {}: {why}\n{story}", at.victim, at.point)
            })
        });
        let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (good, seconds) = (outcomes.len(), began.elapsed().as_secs());
        // Nobody reading is no fault.
        let _ = writeln!(
            std::io::stderr(),
            "self-update: {self:?}: {number} interruptions, {good} went well, {seconds} s"
        );
        assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    }
}

#[test]
fn killed_at_every_change_it_still_ends_well() {
    needs!(lab);
    Matrix { engine: Engine::New, version: Version::Good, ordeal: Ordeal::Caller }.run();
}

#[test]
fn killed_at_every_change_a_bad_version_is_taken_back() {
    needs!(lab);
    Matrix { engine: Engine::Old, version: Version::Bad, ordeal: Ordeal::Caller }.run();
}

#[test]
fn an_engine_killed_at_every_change_is_waited_for() {
    needs!(lab);
    Matrix { engine: Engine::Containerd, version: Version::Good, ordeal: Ordeal::Engine }.run();
}

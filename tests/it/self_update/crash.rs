//! Whoever carries the replacement on is killed at every call that changes something.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

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

impl Lane {
    fn of(house: House) -> Self {
        let old = house.host.image_id(&house.reference());
        Self { house, old }
    }

    /// Returns several, whose tag has moved on.
    fn all(version: Version) -> Vec<Self> {
        let first = House::on(Engine::New);
        let others: Vec<_> = (1..LANES).map(|_| first.beside()).collect();
        let lanes = std::iter::once(first).chain(others).map(Self::of).collect::<Vec<_>>();
        match version {
            Version::Good => lanes[0].house.push("2"),
            Version::Bad => lanes[0].house.push_with("2", &json!({"Cmd": ["no such command"]})),
        }
        lanes
    }

    /// Makes everything anew and lets it happen; returns the container's id before, and the record.
    fn replace(&self, disturb: impl FnOnce(&House)) -> (String, Value) {
        let house = &self.house;
        house.clear(&self.old);
        let id = house.start(&[]);
        house.host.exec(NAME, &["sh", "-c", "echo kept >/data/mine"]);
        house.proxy.forget();
        disturb(house);
        // It may be killed before it answers.
        house.host.run_in(NAME, &["/docker-auto", "update", NAME]);
        let record = house.recorded(1);
        house.settled();
        (id, record)
    }

    fn check(&self, version: Version, id: &str, record: &Value) {
        let house = &self.house;
        let now = house.host.inspect(NAME);
        let (outcome, runs) = (record["outcome"].as_str().unwrap_or_default(), house.version());
        match outcome {
            "updated" => assert_eq!((version, &*runs), (Version::Good, "2")),
            "rolled_back" | "aborted" => assert_eq!((&*runs, &now["Id"]), ("1", &json!(id))),
            _ => panic!("{record:#}"),
        }
        assert_eq!(now["HostConfig"]["RestartPolicy"]["Name"], "unless-stopped");
        assert_eq!(house.host.exec(NAME, &["cat", "/data/mine"]), "kept\n");
        let (_, said) = house.run(&["check", NAME]);
        let blameless = version == Version::Good && said.contains("is not tried again");
        assert!(!blameless, "a good version is rejected: {record:#}");
    }

    /// Returns the points of a replacement that nobody disturbs, each with who makes the call.
    fn record(&self, version: Version) -> Vec<(Point, Victim)> {
        let (id, record) = self.replace(|_| {});
        let goal = if version == Version::Good { "updated" } else { "rolled_back" };
        assert_eq!(record["outcome"], goal, "{record:#}");
        self.check(version, &id, &record);
        let calls = self.house.proxy.log();
        let mut victim = Victim::Server;
        let mut found = Vec::new();
        for point in points(&calls, record["id"].as_str().unwrap_or_default()) {
            // Of the helper's last act nobody is left to be killed.
            let last = point.is_after() && point.to_string().contains("force=1");
            if point.changes() && !last {
                let hands_over = point.is_after() && point.to_string().contains("/start");
                found.push((point, victim));
                if hands_over {
                    victim = Victim::Helper;
                }
            }
        }
        found
    }

    fn kill_at(&self, version: Version, (point, victim): &(Point, Victim)) {
        let (id, record) = self.replace(|house| {
            house.proxy.set_rules(&[point.rule().run(&house.killing(*victim)).drop_call()]);
        });
        let hit = self.house.proxy.log().iter().any(|call| call.outcome.is_string());
        assert!(hit, "the point was not reached");
        self.check(version, &id, &record);
    }
}

fn killed_everywhere(version: Version) {
    let lanes = Lane::all(version);
    let failures = Mutex::new(Vec::new());
    let work = lanes[0].record(version);
    assert!(work.iter().any(|(_, victim)| *victim == Victim::Helper), "there is a helper");
    spread(&lanes, work, &failures, |lane, at| {
        let killed = catch_unwind(AssertUnwindSafe(|| lane.kill_at(version, &at)));
        let told = |why: &str| format!("{:?} killed {}: {why}\n{}", at.1, at.0, lane.house.story());
        killed.map_err(|panic| told(message(&*panic)))
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn killed_at_every_change_it_still_ends_well() {
    needs!(lab);
    killed_everywhere(Version::Good);
}

#[test]
fn killed_at_every_change_a_bad_version_is_taken_back() {
    needs!(lab);
    killed_everywhere(Version::Bad);
}

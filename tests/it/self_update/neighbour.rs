//! The container in which docker-auto runs is killed in the middle of another one's update.

use serde_json::{Value, json};

use crate::crash::point::{Point, points};
use crate::support::engine::Engine;
use crate::support::image::{ImageSpec, Kind};
use crate::support::lab::{needs, unique};
use crate::support::registry::Registry;

use super::house::{House, NAME};

/// The container that is updated.
const WEB: &str = "web";

/// As `docker kill` does it: the engine takes it for the wish of a person, and does not start it again.
fn kill(house: &House) -> Vec<String> {
    let script = format!(
        "curl -sf -X POST --unix-socket {} http://engine/v{}/containers/{NAME}/kill",
        house.host.socket.display(),
        house.host.engine.api()
    );
    ["/bin/sh", "-c", &script].map(str::to_owned).to_vec()
}

/// A host with docker-auto and another container.
struct Street {
    house: House,
    registry: Registry,
    repository: String,
    policy: Value,
}

impl Street {
    fn new() -> Self {
        let house = House::on(Engine::Old);
        house.start(&[]);
        let (registry, repository) = (Registry::shared(), format!("{}/web", unique()));
        let policy = json!({"Name": "always", "MaximumRetryCount": 0});
        let street = Self { house, registry, repository, policy };
        let reference = street.push("0");
        street.house.host.pull(&reference);
        let host = json!({
            "NetworkMode": "none", "RestartPolicy": street.policy, "Binds": ["web-data:/data"],
        });
        street.house.host.create_and_start(WEB, &json!({"Image": reference, "HostConfig": host}));
        street.house.host.exec(WEB, &["sh", "-c", "echo kept >/data/mine"]);
        street
    }

    /// Moves the tag to a version; returns the reference.
    fn push(&self, version: &str) -> String {
        let image = ImageSpec::web(&self.repository, "1").version(version).kind(Kind::Plain);
        self.registry.push(&image);
        image.reference(&self.registry)
    }

    fn version(&self) -> Value {
        let inspect = self.house.host.inspect(WEB);
        inspect["Config"]["Labels"]["org.opencontainers.image.version"].clone()
    }

    /// Waits until so many operations are filed away; returns the last one.
    fn recorded(&self, number: usize) -> Value {
        let record = self.house.wait("it is filed away", || {
            let records = self.house.history_of(WEB).filter(|all| all.len() >= number)?;
            Some(records[0].clone())
        });
        self.house.nothing_is_open();
        record
    }

    /// Updates it once without trouble; returns each point before or after a change.
    fn points(&self) -> Vec<Point> {
        self.push("1");
        self.house.proxy.forget();
        self.house.begin_unseen("update", WEB);
        let record = self.recorded(1);
        assert_eq!(record["outcome"], "updated", "{record:#}");
        let calls = self.house.proxy.log();
        let all = points(&calls, record["id"].as_str().unwrap_or_default());
        all.into_iter().filter(Point::changes).collect()
    }

    /// Kills docker-auto at a point of the next update, and starts it again; returns the outcome.
    fn interrupt(&self, point: &Point, number: usize) -> String {
        let (house, before, new) = (&self.house, self.version(), number.to_string());
        self.push(&new);
        house.proxy.set_rules(&[point.rule().run(&kill(house)).drop_call()]);
        house.begin_unseen("update", WEB);
        house.wait("it is killed", || {
            let (_, state) = house.host.names(NAME).into_iter().find(|(name, _)| name == NAME)?;
            (state == "exited").then_some(())
        });
        house.proxy.set_rules(&[]);
        house.host.post(&format!("/containers/{NAME}/start"), &json!({}));
        let record = self.recorded(number);
        let outcome = record["outcome"].as_str().unwrap_or_default().to_owned();
        let expected = if outcome == "updated" { json!(new) } else { before };
        assert_eq!(self.version(), expected, "{point}: {record:#}");
        let running = [NAME, WEB].map(|name| (name.to_owned(), "running".to_owned()));
        assert_eq!(house.host.names(""), running, "{point}");
        assert_eq!(house.host.inspect(WEB)["HostConfig"]["RestartPolicy"], self.policy, "{point}");
        assert_eq!(house.host.read_in(WEB, &["cat", "/data/mine"]), "kept\n", "{point}");
        outcome
    }
}

#[test]
fn killed_at_every_change_of_anothers_update_it_brings_it_to_an_end() {
    needs!(lab);
    let street = Street::new();
    let points = street.points();
    let place = |shape: &str| {
        let found = points.iter().position(|it| it.is_after() && it.to_string().contains(shape));
        found.unwrap_or_else(|| panic!("nothing after {shape}: {points:?}"))
    };
    let (created, stopped, started) = (place("/create?name="), place("/stop"), place("/start"));
    assert!(points.len() >= 14 && created < stopped && stopped < started, "{points:?}");
    for (index, point) in points.iter().enumerate() {
        let outcome = street.interrupt(point, index + 2);
        // What was only begun is taken back, what was proven or may be is finished.
        let expected: &[&str] = match index {
            _ if index < created => &["aborted"],
            _ if index < stopped => &["aborted", "rolled_back"],
            _ if index < started => &["rolled_back", "updated"],
            _ => &["updated"],
        };
        assert!(expected.contains(&&*outcome), "{point}: {outcome}");
    }
}

//! The engine, the helper or docker-auto itself is killed in the middle.

use serde_json::json;

use crate::support::lab::needs;
use crate::support::scene::on_each_engine;

use super::house::House;

#[test]
fn an_engine_that_is_killed_meanwhile_is_waited_for() {
    needs!(lab);
    on_each_engine(|engine| {
        let house = House::on(engine);
        house.start_with(&json!({"RestartPolicy": {"Name": "always"}}));
        house.push("2");
        house.begin("update");
        house.wait("the helper works", || house.helper());
        house.host.kill();
        house.host.start();
        let record = house.recorded(1);
        let outcome = record["outcome"].as_str().unwrap_or_default();
        let version = match outcome {
            "updated" => "2",
            // The engine may not have started it again when the helper looks.
            "rolled_back" | "aborted" | "superseded" => "1",
            _ => panic!("{record:#}"),
        };
        house.settled();
        assert_eq!(house.version(), version, "{outcome}");
    });
}

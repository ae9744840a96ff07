//! The engine, the helper or docker-auto itself is killed in the middle.

use serde_json::json;

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::proxy::Rule;
use crate::support::scene::on_each_engine;

use super::house::{House, NAME, Victim};

/// The first start is the helper's; with the second one the new version runs, and nothing stands
/// against it any more.
#[test]
fn an_engine_that_is_killed_meanwhile_is_waited_for() {
    needs!(lab);
    on_each_engine(|engine| {
        let house = House::on(engine);
        house.start_with(&json!({"RestartPolicy": {"Name": "always"}}));
        house.push("2");
        let kill = house.host.control_command("kill");
        house
            .proxy
            .set_rules(&[Rule::after("POST .*/containers/.*/start").nth(2).run(&kill).drop_call()]);
        house.begin_unseen("update", NAME);
        house.wait("it is killed", || {
            house.proxy.log().iter().any(|call| call.outcome == "dropped after").then_some(())
        });
        house.host.start();
        let record = house.recorded(1);
        assert_eq!(record["outcome"], "updated", "{record:#}");
        house.settled();
        assert_eq!(house.version(), "2");
    });
}

/// Whenever anybody looks at a container, the helper is killed: it never comes to write a line.
#[test]
fn a_helper_that_gets_nowhere_is_taken_away() {
    needs!(lab);
    let house = House::on(Engine::New);
    let old = house.start(&[]);
    house.push("2");
    let mut killing = house.killing(Victim::Helper);
    // There may be none at the moment.
    killing.last_mut().expect("a script").push_str(" || true");
    house.begin_beside("update", vec![Rule::before("^GET ").run(&killing)]);
    let record = house.recorded(1);
    house.proxy.set_rules(&[]);
    assert_eq!(record["outcome"], "aborted", "{record:#}");
    let reason = record["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("its helper did nothing"), "{reason}");
    house.settled();
    assert_eq!((house.host.inspect(NAME)["Id"].as_str(), &*house.version()), (Some(&*old), "1"));
    house.begin("update");
    assert_eq!(house.recorded(2)["outcome"], "updated", "nothing stands in the next one's way");
}

//! The engine is killed at a point and started again, with the program or alone.

use crate::support::wait::wait_until;

use super::matrix::Ordeal;
use super::point::Point;
use super::scenario::NAME;
use super::state::history;
use super::trial::{EngineWas, PATIENCE, Trial};

/// The program lives on, and waits for the engine.
pub(super) const OUTLIVED: Ordeal = ("the engine was killed", |trial, point| {
    trial.engine = EngineWas::Killed;
    let rule = point.rule().run(&trial.lane.host.control_command("kill")).drop_call();
    trial.lane.proxy.set_rules(&[rule]);
    let updating = trial.begin();
    wait_until("the engine is killed", PATIENCE, || {
        let dropped = |outcome: &str| outcome.starts_with("dropped");
        trial.lane.proxy.log().iter().any(|call| call.outcome.as_str().is_some_and(dropped))
    });
    trial.lane.proxy.set_rules(&[]);
    trial.lane.host.start();
    let ended = updating.wait_exit(PATIENCE);
    assert!([0, 1, 3].contains(&ended.code), "exit code {}\n{}", ended.code, ended.stdout);
    let records = history(&trial.program);
    let operation = records.first().and_then(|record| record["id"].as_str());
    trial.check_recovered(Some(operation.expect("the operation has a record")));
    go_on(trial, operation);
});

/// Power fails: both are gone at once.
pub(super) const BOTH: Ordeal = ("power failed", |trial, point| {
    trial.engine = EngineWas::Killed;
    let operation = without_power(trial, point);
    trial.recover(operation.as_deref());
    go_on(trial, operation.as_deref());
});

fn without_power(trial: &Trial<'_>, point: &Point) -> Option<String> {
    let rule = point.rule().run(&trial.lane.host.control_command("kill"));
    let operation = trial.run_to_its_death(rule);
    trial.lane.host.start();
    let names = trial.lane.host.names("");
    let homes = trial.before.companions.iter().map(|(name, _)| *name).chain([NAME]);
    for home in homes {
        let of_home = names.iter().filter(|(name, _)| name.split('.').next() == Some(home));
        let up = of_home.filter(|(_, state)| state != "exited" && state != "created");
        assert!(up.count() < 2, "never two of one at once: {names:?}");
    }
    operation
}

/// The next update goes as ever, once a person has started what only a person starts.
fn go_on(trial: &Trial<'_>, operation: Option<&str>) {
    if trial.may_be_down() {
        trial.lane.host.post(&format!("/containers/{NAME}/start"), &serde_json::json!({}));
    }
    for (name, id) in &trial.before.companions {
        if trial.companion_may_be_down(id) {
            trial.lane.host.post(&format!("/containers/{name}/start"), &serde_json::json!({}));
        }
    }
    trial.update();
    trial.check_goal(operation);
}

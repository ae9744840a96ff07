//! SIGTERM in the middle: the program ends in time, at a boundary, and the next start finishes.

use super::matrix::Ordeal;
use super::point::Point;
use super::trial::{PATIENCE, Trial};

/// SIGTERM arrives just as a call is made.
pub(super) const TERMINATED: Ordeal = ("SIGTERM", |trial, point| {
    let operation = terminated(trial, point);
    trial.recover(operation.as_deref());
    trial.update();
    trial.check_goal(operation.as_deref());
});

fn terminated(trial: &Trial<'_>, point: &Point) -> Option<String> {
    let pid_file = trial.program.pid_file().display().to_string();
    let signal = ["/bin/sh", "-c", "kill -TERM $(cat \"$0\")", &pid_file].map(str::to_owned);
    trial.lane.proxy.set_rules(&[point.rule().run(&signal)]);
    let serving = trial.begin();
    crate::support::wait::wait_until("SIGTERM is received", PATIENCE, || {
        serving.stderr().contains("SIGTERM received")
    });
    let ended = serving.wait_exit(PATIENCE);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    trial.lane.proxy.set_rules(&[]);
    trial.open_operation()
}

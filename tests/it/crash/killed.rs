//! The program is killed at a point, and what is started afterwards puts everything in order.

use super::matrix::Ordeal;
use super::point::Point;
use super::trial::Trial;

/// `serve` deals with what is open and nothing else; after that an update goes as ever.
pub(super) const RECOVERED: Ordeal = ("killed, recovered,", |trial, point| {
    let operation = killed(trial, point);
    trial.recover(operation.as_deref());
    trial.update();
    trial.check_goal(operation.as_deref());
});

/// `serve` deals with what is open and goes on by itself.
pub(super) const SERVED: Ordeal = ("killed, served,", |trial, point| {
    let operation = killed(trial, point);
    trial.serve_to_the_goal();
    trial.check_goal(operation.as_deref());
});

/// `update NAME` deals with what is open and goes on.
pub(super) const UPDATED: Ordeal = ("killed, updated,", |trial, point| {
    let operation = killed(trial, point);
    trial.update();
    trial.check_goal(operation.as_deref());
});

fn killed(trial: &Trial<'_>, point: &Point) -> Option<String> {
    trial.run_to_its_death(point.rule())
}

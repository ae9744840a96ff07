//! The program and the engine are killed at every call of an update; a container is never lost.

mod lane;
mod matrix;
mod point;
mod scenario;
mod state;
mod trial;

use crate::support::engine::Engine;
use crate::support::lab::needs;

use matrix::{Depth, Matrix};
use scenario::{NewImage, Old, Scenario};
use trial::Flow;

#[test]
fn serve_killed_at_every_call_recovers() {
    needs!(lab);
    let scenario = |name, image| Scenario::new(name, image, Old::default());
    Matrix {
        engine: Engine::New,
        flow: Flow::ServeRecovers,
        lanes: 6,
        rows: vec![
            (scenario("good", NewImage::Good), Depth::Every),
            (scenario("exits", NewImage::Exits), Depth::FromTheFirstChange),
            (scenario("unhealthy", NewImage::Unhealthy), Depth::Changes),
            (scenario("refused", NewImage::Refused), Depth::FromTheFirstChange),
        ],
    }
    .run();
}

#[test]
fn update_killed_at_every_change_is_finished_by_serve() {
    needs!(lab);
    let scenario = |name, image| Scenario::new(name, image, Old::default());
    let networks = Old { networks: true, ..Old::default() };
    Matrix {
        engine: Engine::Old,
        flow: Flow::ServeGoesOn,
        lanes: 3,
        rows: vec![
            (Scenario::new("networks", NewImage::Good, networks), Depth::Changes),
            (scenario("exits", NewImage::Exits), Depth::Changes),
        ],
    }
    .run();
}

#[test]
fn update_killed_at_every_change_is_finished_by_the_next() {
    needs!(lab);
    let scenario = |name, image| Scenario::new(name, image, Old::default());
    Matrix {
        engine: Engine::Containerd,
        flow: Flow::UpdateAgain,
        lanes: 3,
        rows: vec![
            (scenario("good", NewImage::Good), Depth::Changes),
            (scenario("exits", NewImage::Exits), Depth::Changes),
        ],
    }
    .run();
}

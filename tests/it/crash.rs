//! The program and the engine are killed at every call of an update; a container is never lost.

mod damaged;
mod engine_killed;
mod killed;
mod lane;
pub(crate) mod matrix;
pub(crate) mod point;
mod repeated;
mod scenario;
mod state;
mod terminated;
mod trial;

use crate::support::engine::Engine;
use crate::support::image::Kind;
use crate::support::lab::needs;

use matrix::{Depth, Matrix, Ordeal, Row};
use scenario::{Company, NewImage, Old, Scenario};
use trial::Begin;

/// Returns a row of an update that `update NAME` begins.
fn row(scenario: Scenario, depth: Depth, ordeals: &'static [Ordeal]) -> Row {
    Row { scenario, begin: Begin::Update, depth, ordeals }
}

/// Returns a row of an update that `serve` begins.
fn served(scenario: Scenario, depth: Depth, ordeals: &'static [Ordeal]) -> Row {
    Row { scenario, begin: Begin::Serve, depth, ordeals }
}

fn plain(name: &'static str, new_image: NewImage) -> Scenario {
    Scenario::new(name, new_image, Old::default())
}

#[test]
fn serve_killed_at_every_call_recovers() {
    needs!(lab);
    let killed = &[killed::RECOVERED];
    let rows = vec![
        served(plain("good", NewImage::Good), Depth::Every, killed),
        served(plain("exits", NewImage::Exits), Depth::FromTheFirstChange, killed),
        served(plain("unhealthy", NewImage::Unhealthy), Depth::Changes, killed),
        served(plain("refused", NewImage::Refused), Depth::FromTheFirstChange, killed),
    ];
    Matrix { engine: Engine::New, lanes: 4, rows }.run();
}

#[test]
fn update_killed_at_every_change_is_finished_by_serve() {
    needs!(lab);
    let networks = Old { networks: true, ..Old::default() };
    let killed = &[killed::SERVED];
    let rows = vec![
        row(Scenario::new("networks", NewImage::Good, networks), Depth::Changes, killed),
        row(plain("exits", NewImage::Exits), Depth::Changes, killed),
    ];
    Matrix { engine: Engine::Old, lanes: 3, rows }.run();
}

#[test]
fn update_killed_at_every_change_is_finished_by_the_next() {
    needs!(lab);
    let killed = &[killed::UPDATED];
    let rows = vec![
        row(plain("good", NewImage::Good), Depth::Changes, killed),
        row(plain("exits", NewImage::Exits), Depth::Changes, killed),
    ];
    Matrix { engine: Engine::Containerd, lanes: 3, rows }.run();
}

#[test]
fn containers_of_other_kinds_are_not_lost_either() {
    needs!(lab);
    let volumes = || Old { anonymous_volumes: true, ..Old::default() };
    let vanishing = || Old { auto_remove: true, ..volumes() };
    let kept = Scenario::new("kept", NewImage::Good, Old::default());
    let killed = &[killed::RECOVERED];
    let rows = vec![
        row(Scenario::new("volumes", NewImage::Good, volumes()), Depth::Changes, killed),
        row(Scenario::new("volumes-exits", NewImage::Exits, volumes()), Depth::Changes, killed),
        row(Scenario::new("rm", NewImage::Good, vanishing()), Depth::Changes, killed),
        row(Scenario::new("rm-exits", NewImage::Exits, vanishing()), Depth::Changes, killed),
        row(kept.setting("DOCKER_AUTO_UPDATE_REMOVE_OLD", "false"), Depth::Changes, killed),
    ];
    Matrix { engine: Engine::Old, lanes: 4, rows }.run();
}

#[test]
fn what_is_being_saved_is_saved_whole_or_not_at_all() {
    needs!(lab);
    let saved = || Old { backup: Some("volumes"), ..Old::default() };
    let rows = vec![
        row(Scenario::new("backup", NewImage::Good, saved()), Depth::Changes, &[killed::RECOVERED]),
        row(
            Scenario::new("backup-exits", NewImage::Exits, saved()),
            Depth::Changed,
            &[killed::RECOVERED],
        ),
    ];
    Matrix { engine: Engine::Containerd, lanes: 3, rows }.run();
}

#[test]
fn those_that_go_with_a_container_are_not_lost_either() {
    needs!(lab);
    let family = || Old { company: Company::Family, ..Old::default() };
    let rows = vec![
        row(
            Scenario::new("family", NewImage::Good, family()),
            Depth::Changed,
            &[killed::RECOVERED],
        ),
        row(
            Scenario::new("family-unhealthy", NewImage::Unhealthy, family()),
            Depth::Changed,
            &[killed::RECOVERED],
        ),
        row(
            Scenario::new("family-power", NewImage::Good, family()),
            Depth::Changed,
            &[engine_killed::BOTH],
        ),
    ];
    Matrix { engine: Engine::New, lanes: 4, rows }.run();
}

#[test]
fn an_engine_killed_at_every_change_is_waited_for() {
    needs!(lab);
    // Whether the engine starts the old one again is what differs; the other two are between these.
    let policies = [
        ("always", Depth::Changes),
        ("unless-stopped", Depth::Changed),
        ("on-failure", Depth::Changed),
        ("no", Depth::Changes),
    ];
    let rows = policies.map(|(policy, depth)| {
        let old = Old { policy: Some(policy), ..Old::default() };
        let scenario = Scenario::new(policy, NewImage::Good, old);
        row(scenario, depth, &[engine_killed::OUTLIVED])
    });
    Matrix { engine: Engine::New, lanes: 3, rows: rows.into() }.run();
}

#[test]
fn power_that_fails_at_every_change_loses_nothing() {
    needs!(lab);
    let policies = ["always", "unless-stopped", "on-failure", "no"];
    let rows = policies.map(|policy| {
        let old = Old { policy: Some(policy), ..Old::default() };
        let scenario = Scenario::new(policy, NewImage::Good, old);
        row(scenario, Depth::Changed, &[engine_killed::BOTH])
    });
    Matrix { engine: Engine::Old, lanes: 3, rows: rows.into() }.run();
}

#[test]
fn a_damaged_journal_is_used_as_far_as_it_goes() {
    needs!(lab);
    let damages = &[damaged::TORN, damaged::ILLEGIBLE, damaged::LOST];
    let rows = vec![
        row(plain("good", NewImage::Good), Depth::Changed, damages),
        row(plain("exits", NewImage::Exits), Depth::Changed, &[damaged::LOST]),
        row(plain("headless", NewImage::Good), Depth::Changed, &[damaged::HEADLESS]),
        row(plain("dataless", NewImage::Good), Depth::Changed, &[damaged::DATALESS]),
    ];
    Matrix { engine: Engine::Old, lanes: 4, rows }.run();
}

#[test]
fn sigterm_at_every_change_ends_in_time() {
    needs!(lab);
    let terminated = &[terminated::TERMINATED];
    let slow = Old { kind: Some(Kind::SlowStop), ..Old::default() };
    let rows = vec![
        served(Scenario::new("slow-stop", NewImage::Good, slow), Depth::Changes, terminated),
        served(plain("exits", NewImage::Exits), Depth::Changed, terminated),
    ];
    Matrix { engine: Engine::Old, lanes: 4, rows }.run();
}

//! Somebody else removes, replaces, renames or stops containers while they are being updated.

use std::fs;

use serde_json::json;

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::program::Output;
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::scene::{PATIENCE, Scene, Seen, on_each_engine};
use crate::support::wait::wait_until;

/// What somebody does, always to what has the container's name at that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Remove,
    /// Remove it, and start one of their own under the same name.
    Replace,
    /// Give it another name.
    Rename,
    /// Start one of their own under the name, which is free at that moment.
    Take,
}

/// When they do it: the call that the program is about to make.
const MOMENTS: [(&str, &str, u32); 6] = [
    ("before the create", "POST .*/containers/create", 1),
    ("before the stop", "POST .*/stop", 1),
    ("before the old one is renamed", "POST .*/rename", 1),
    ("between the renames", "POST .*/rename", 2),
    ("before the start", "POST .*/start", 1),
    ("while it is proven", "GET .*/containers/[0-9a-f]{64}/json", 0),
];

struct Story {
    output: Output,
    /// What they left under the name, or under theirs.
    theirs: Option<Seen>,
    scene: Scene,
}

fn tell(engine: Engine, moment: usize, deed: Deed) -> Story {
    let scene = Scene::on(engine);
    scene.start("mine", &json!({}));
    let mine = scene.name("mine");
    scene.host.delete(&format!("/containers/{mine}?force=1"));
    let always = json!({"HostConfig": {"RestartPolicy": {"Name": "always"}}});
    scene.start_outdated("web", &always);
    let proxy = EngineProxy::start(&scene.host, &[]);
    let gate = proxy.socket.with_file_name("gate");
    let (_, call, nth) = MOMENTS[moment];
    let rule = match nth {
        // The first look at the new container after its start.
        0 => Rule::after("POST .*/start").nth(1).hold_until(&gate),
        nth => Rule::before(call).nth(nth).hold_until(&gate),
    };
    proxy.set_rules(&[rule]);
    let program = scene.program_behind(&proxy);
    let running = program.spawn(&["update", &scene.name("web"), "--json"]);
    let awaited = if nth == 0 { "/start" } else { call.rsplit(['/', ']']).next().unwrap() };
    wait_until("the call is held", PATIENCE, || {
        let calls = proxy.log();
        let held = calls
            .iter()
            .filter(|call| call.line.starts_with("POST ") && call.line.contains(awaited));
        held.count() >= nth.max(1) as usize
    });
    if nth == 0 {
        wait_until("it runs", PATIENCE, || scene.seen("web").status == "running");
    }
    let theirs = act(&scene, deed);
    fs::write(&gate, "").unwrap();
    let output = running.wait_exit(PATIENCE);
    Story { output, theirs, scene }
}

fn act(scene: &Scene, deed: Deed) -> Option<Seen> {
    let name = scene.name("web");
    match deed {
        Deed::Remove | Deed::Replace => {
            scene.host.delete(&format!("/containers/{name}?force=1"));
        }
        Deed::Rename => {
            let to = scene.name("renamed");
            scene.host.post(&format!("/containers/{name}/rename?name={to}"), &json!({}));
        }
        Deed::Take => {}
    }
    match deed {
        Deed::Remove => None,
        Deed::Rename => Some(scene.seen("renamed")),
        Deed::Replace | Deed::Take => {
            scene.host.create_and_start(&name, &scene.body("mine", &json!({})));
            Some(scene.seen("web"))
        }
    }
}

/// Tells a story and checks its end: the result, words of the reason, and the containers there are.
fn check(engine: Engine, (moment, deed): (usize, Deed), end: (&str, &str, &[&str])) {
    let story = tell(engine, moment, deed);
    let (result, reason) = story.output.result();
    let what = format!("{deed:?} {} on {engine:?}: {result}: {reason}", MOMENTS[moment].0);
    assert_eq!(result, end.0, "{what}");
    assert!(reason.contains(end.1), "{what}");
    let codes = [("updated", 0), ("superseded", 1), ("rolled_back", 3), ("recovered_from_spec", 3)];
    let code = codes.iter().find(|(known, _)| *known == result).map(|(_, code)| *code);
    assert_eq!(Some(story.output.code), code, "{what}");
    let there = story.scene.containers().into_iter().map(|(name, state)| {
        // Six digits that are new each time.
        let name =
            name.rsplit_once("-old-").map_or(name.clone(), |(base, _)| format!("{base}-old"));
        format!("{name} {state}")
    });
    assert_eq!(there.collect::<Vec<_>>(), end.2, "{what}");
    if deed != Deed::Rename
        && let Some(theirs) = &story.theirs
    {
        assert_eq!(story.scene.seen("web"), *theirs, "{what}: theirs is not touched");
    }
}

/// Before anything was stopped, what somebody does stands, and nothing is left of the operation.
#[test]
fn who_interferes_before_the_stop_is_not_interfered_with() {
    needs!(lab);
    on_each_engine(|engine| {
        let renamed = "is called";
        check(engine, (0, Deed::Remove), ("superseded", "is gone", &[]));
        check(engine, (0, Deed::Replace), ("superseded", "is gone", &["web running"]));
        check(engine, (0, Deed::Rename), ("superseded", renamed, &["renamed running"]));
        check(engine, (1, Deed::Replace), ("superseded", "is gone", &["web running"]));
    });
}

/// While the service is down by our doing, a removal may be a clean-up of stopped containers: it
/// comes back, unless somebody put another container in its place.
#[test]
fn what_is_removed_while_it_is_down_comes_back_unless_it_was_replaced() {
    needs!(lab);
    on_each_engine(|engine| {
        let spec = "recovered_from_spec";
        check(engine, (2, Deed::Remove), (spec, "No such container", &["web running"]));
        check(engine, (2, Deed::Replace), ("superseded", "No such container", &["web running"]));
        check(engine, (4, Deed::Remove), ("rolled_back", "is gone", &["web running"]));
        let kept: &[&str] = &["web running", "web.da-old exited"];
        check(engine, (3, Deed::Take), ("superseded", "belongs to another container", kept));
        check(engine, (4, Deed::Replace), ("superseded", "is gone", kept));
    });
}

/// A container that gets another name is the same container: it keeps the name and goes on running.
#[test]
fn a_container_that_is_renamed_keeps_its_new_name() {
    needs!(lab);
    on_each_engine(|engine| {
        let by_someone = "was renamed to";
        let end = ("rolled_back", by_someone, &["renamed running"][..]);
        check(engine, (1, Deed::Rename), end);
        for moment in [4, 5] {
            check(engine, (moment, Deed::Rename), ("updated", "", &["renamed running"]));
        }
    });
}

#[test]
fn a_new_container_that_is_removed_while_it_is_proven_makes_way_for_the_old_one() {
    needs!(lab);
    on_each_engine(|engine| {
        check(engine, (5, Deed::Remove), ("rolled_back", "vanished", &["web running"]));
        let kept: &[&str] = &["web running", "web.da-old exited"];
        check(engine, (5, Deed::Replace), ("superseded", "vanished", kept));
    });
}

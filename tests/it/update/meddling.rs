//! Somebody else removes, replaces, renames or stops containers while they are being updated.

use std::fs;

use serde_json::{Value, json};

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
    before: Seen,
}

fn tell(engine: Engine, moment: usize, deed: Deed) -> Story {
    let scene = Scene::on(engine);
    scene.start("mine", &json!({}));
    let mine = scene.name("mine");
    scene.host.delete(&format!("/containers/{mine}?force=1"));
    let always = json!({"HostConfig": {"RestartPolicy": {"Name": "always"}}});
    scene.start_outdated("web", &always);
    let before = scene.seen("web");
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
    Story { output, theirs, scene, before }
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

fn show(story: &Story, words: &str) -> Value {
    let (result, reason) = story.output.result();
    eprintln!("{words}: code {} {result}: {reason}", story.output.code);
    eprintln!("   containers {:?}", story.scene.containers());
    eprintln!(
        "   before {:?}\n   theirs {:?}",
        story.before.id,
        story.theirs.as_ref().map(|t| (&t.id, &t.status))
    );
    Value::Null
}

#[test]
fn explore_meddling() {
    needs!(lab);
    for (moment, deed) in [
        (0, Deed::Remove),
        (0, Deed::Replace),
        (0, Deed::Rename),
        (1, Deed::Remove),
        (1, Deed::Replace),
        (1, Deed::Rename),
        (2, Deed::Remove),
        (2, Deed::Replace),
        (2, Deed::Rename),
        (3, Deed::Take),
        (4, Deed::Remove),
        (4, Deed::Replace),
        (4, Deed::Rename),
        (5, Deed::Remove),
        (5, Deed::Replace),
        (5, Deed::Rename),
    ] {
        let story = tell(Engine::New, moment, deed);
        show(&story, &format!("{} {deed:?}", MOMENTS[moment].0));
    }
}

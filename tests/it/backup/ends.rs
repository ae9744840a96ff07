//! The program ends while data is being saved: the service comes back, and nothing half is left.

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::scene::{PATIENCE, Scene, on_each_engine};
use crate::support::wait::wait_until;

use super::{backups, folders, scene};

const ARCHIVE: &str = "GET .*/archive";

fn start(scene: &Scene) {
    scene.start(
        "web",
        &json!({
            "Labels": {"scene": scene.prefix, "docker-auto.backup": "volumes"},
            "HostConfig": {
                "Binds": [format!("{}:/data", scene.name("data"))],
                "Mounts": [{"Type": "volume", "Source": scene.name("more"), "Target": "/more"}],
            },
        }),
    );
    scene.host.exec(&scene.name("web"), &["sh", "-c", "printf rows >/data/rows"]);
    scene.push("web", "2");
}

#[test]
fn a_kill_in_the_middle_leaves_nothing_half() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = scene(engine);
        start(&scene);
        let before = scene.seen("web");
        let proxy = EngineProxy::start(&scene.host, &[]);
        let (program, name) = (scene.program_behind(&proxy), scene.name("web"));
        let pid = program.pid_file();
        // With the first archive on the disk, and the second one asked for.
        proxy.set_rules(&[Rule::before(ARCHIVE).nth(2).kill(&pid)]);
        program.run(&["update", &name]).expect(-9);
        assert_eq!(scene.seen("web").status, "exited");
        let half = folders(&backups(&program));
        assert!(half.len() == 1 && half[0].ends_with(".partial"), "{half:?}");
        proxy.set_rules(&[]);
        // What is open is dealt with first: the old one is back, and then the update is made.
        program.run(&["update", &name]).expect(0);
        assert_eq!(scene.version("web"), "2");
        let records = program.run(&["history", &name, "--json"]).expect(0).json();
        assert_eq!(records[0]["status"], "success", "{records}");
        assert_eq!(records[1]["status"], "rollback", "{records}");
        assert_eq!(records[1]["container_id"], before.id, "{records}");
        let whole = folders(&backups(&program));
        assert!(whole.len() == 1 && !whole[0].contains(".partial"), "{whole:?}");
        scene.all_run(&["web"]);
    });
}

#[test]
fn who_is_asked_to_end_brings_the_service_back_first() {
    needs!(lab);
    on_each_engine(|engine| {
        let folder = TempDir::new().unwrap();
        let go = folder.path().join("go");
        let scene = scene(engine);
        start(&scene);
        let before = scene.seen("web");
        let proxy = EngineProxy::start(&scene.host, &[Rule::before(ARCHIVE).hold_until(&go)]);
        let program = scene.program_behind(&proxy);
        let running = program.spawn(&["update", &scene.name("web")]);
        wait_until("data is being saved", PATIENCE, || {
            proxy.log().iter().any(|call| call.line.contains("/archive?path=%2Fsaved"))
        });
        assert_eq!(scene.seen("web").status, "exited");
        running.terminate();
        wait_until("the old one is up again", PATIENCE, || scene.seen("web").status == "running");
        running.wait_exit(PATIENCE);
        fs::write(&go, "").unwrap();
        assert_eq!(scene.seen("web").id, before.id);
        proxy.set_rules(&[]);
        program.run(&["update", &scene.name("web")]).expect(0);
        assert_eq!((scene.version("web"), folders(&backups(&program)).len()), ("2".into(), 1));
        scene.all_run(&["web"]);
    });
}

/// The calls of a restore after which it is killed, in their order.
const RESTORE: [&str; 6] = [
    "POST .*/volumes/create",
    "POST .*/containers/create",
    "PUT .*/archive",
    "DELETE .*/containers/",
    "POST .*/rename",
    "POST .*/start",
];

#[test]
fn a_restore_that_is_killed_is_brought_to_its_end_or_begun_anew() {
    needs!(lab);
    let scene = scene(Engine::New);
    start(&scene);
    let rows = || scene.host.read_in(&scene.name("web"), &["cat", "/data/rows"]);
    let write = |what: &str| {
        let command = format!("printf {what} >/data/rows");
        scene.host.exec(&scene.name("web"), &["sh", "-c", &command]);
    };
    let proxy = EngineProxy::start(&scene.host, &[]);
    let (program, name) = (scene.program_behind(&proxy), scene.name("web"));
    let pid = program.pid_file();
    for (round, call) in RESTORE.into_iter().enumerate() {
        write("rows");
        scene.push("web", &format!("{}", round + 2));
        program.run(&["update", &name]).expect(0);
        write("broken");
        proxy.set_rules(&[Rule::after(call).nth(1).kill(&pid)]);
        program.run(&["rollback", &name, "--restore"]).expect(-9);
        proxy.set_rules(&[]);
        // What is open is dealt with first. It may have come to its end by that.
        let again = program.run(&["rollback", &name, "--restore"]);
        let ended = again.code == 0 || again.stderr.contains("has no backup to restore");
        assert!(ended, "{call}: {}{}", again.stdout, again.stderr);
        assert_eq!((scene.version("web"), rows()), ("1".to_owned(), "rows".to_owned()), "{call}");
        scene.all_run(&["web"]);
        let left = folders(&backups(&program));
        assert!(left.iter().all(|one| !one.contains(".partial")), "{call}: {left:?}");
        // Each round leaves the volumes that it has put another one in the place of, and no more.
        let volumes = scene.host.get("/volumes")["Volumes"].to_string();
        let restored = format!(r#""Name":"{}-restored-"#, scene.name("data"));
        assert_eq!(volumes.matches(&restored).count(), round + 1, "{call}: {volumes}");
    }
}

//! Hooks around the checks of a server.

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::scene::{PATIENCE, Scene, Server};
use crate::support::wait::wait_until;

#[test]
fn checks_have_hooks_before_and_after_them() {
    needs!(lab);
    let folder = TempDir::new().unwrap();
    let ran = || fs::read_to_string(folder.path().join("ran")).unwrap_or_default();
    let scene = Scene::on(Engine::New);
    let say = |words: &str| format!("echo {words} $(cat /etc/hostname) >> /shared/ran");
    let bind = [format!("{}:/shared", folder.path().display())];
    let old = scene.start_outdated(
        "web",
        &json!({
            "Labels": {
                "docker-auto.mode": "auto",
                "docker-auto.hook.pre-check": say("before"),
                "docker-auto.hook.post-check": say("after") + "; echo no room; exit 3",
            },
            "HostConfig": {"Binds": bind},
        }),
    );
    // What is not looked at runs nothing.
    let off = json!({
        "Labels": {"docker-auto.mode": "off", "docker-auto.hook.pre-check": say("off")},
        "HostConfig": {"Binds": bind},
    });
    scene.start_like("web", "off", &off);
    let program = scene.program();
    let server = Server::start(&program);
    server.wait_log("its post-check hook ended with exit code 3: no room");
    wait_until("both have run", PATIENCE, || ran().lines().count() == 2);
    let new = scene.seen("web").id;
    let expected = format!("before {}\nafter {}\n", &old[..12], &new[..12]);
    assert_eq!(ran(), expected);
    let log = server.end().stderr;
    assert_eq!(log.matches("its post-check hook").count(), 1, "{log}");
    // What they wrote is kept, and shown to whoever asks why; nothing of the one that did not run.
    let hooks = |name: &str| {
        program.run(&["why", &scene.name(name), "--json"]).expect(0).json()["hooks"].clone()
    };
    let kept = hooks("web");
    let told = |index: usize| (&kept[index]["hook"], &kept[index]["result"], &kept[index]["text"]);
    assert_eq!(told(0).0, "pre-check", "{kept}");
    assert_eq!(told(0).1, "ended with exit code 0", "{kept}");
    assert_eq!(
        told(1),
        (&"post-check".into(), &"ended with exit code 3: no room".into(), &"no room\n".into())
    );
    assert_eq!(hooks("off"), serde_json::Value::Null);
    let shown = program.run(&["why", &scene.name("web")]).expect(0).stdout;
    assert!(shown.contains("hooks of the last check:\n  pre-check at "), "{shown}");
    assert!(shown.contains("no room\n    | no room\n"), "{shown}");
}

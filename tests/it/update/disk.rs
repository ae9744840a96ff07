//! The engine's disk fills up in the middle of an update.

use serde_json::json;

use crate::support::engine::{Host, HostOptions};
use crate::support::lab::needs;
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::registry::Registry;
use crate::support::scene::{PATIENCE, Scene, on_each_engine};
use crate::support::wait::wait_until;

/// Returns a command that leaves no byte on the engine's disk.
fn fill(host: &Host) -> Vec<String> {
    let file = host.data_root().join("filling");
    let script = format!(
        "for size in 65536 4096 512; do dd if=/dev/zero bs=$size >>{} 2>/dev/null; done; true",
        file.display()
    );
    let mut command = host.control_command("in");
    command.extend(["/bin/sh", "-c", &script].map(str::to_owned));
    command
}

fn empty(host: &Host) {
    let file = host.data_root().join("filling").display().to_string();
    host.run_inside(&["rm", &file]);
}

#[test]
fn a_disk_that_is_full_in_the_middle_loses_nothing() {
    needs!(lab);
    on_each_engine(|engine| {
        let options = HostOptions { data_size: Some("24m".to_owned()), ..HostOptions::default() };
        let scene = Scene::with(Host::private(engine, &options), Registry::shared());
        let labels = json!({"scene": scene.prefix, "docker-auto.carry": "/app"});
        scene.start("web", &json!({"Labels": labels}));
        let put = "mkdir /app && dd if=/dev/urandom of=/app/data bs=65536 count=4 2>/dev/null";
        scene.host.exec(&scene.name("web"), &["sh", "-c", put]);
        let sum = || scene.host.read_in(&scene.name("web"), &["md5sum", "/app/data"]);
        let (before, content) = (scene.seen("web"), sum());
        let proxy = EngineProxy::start(&scene.host, &[]);
        let (program, name) = (scene.program_behind(&proxy), scene.name("web"));
        let fills =
            |call: &str| proxy.set_rules(&[Rule::before(call).nth(1).run(&fill(&scene.host))]);
        for (version, call) in [("2.1", "POST .*/containers/create"), ("2.2", "PUT .*/archive")] {
            scene.push("web", version);
            fills(call);
            let (result, reason) = program.run(&["update", &name, "--json"]).expect(1).result();
            assert_eq!(result, "aborted", "{engine:?} {call}: {reason}");
            assert!(reason.contains("no space left on device"), "{engine:?} {call}: {reason}");
            empty(&scene.host);
            assert_eq!(scene.seen("web"), before, "{engine:?} {call}: nobody touched it");
            scene.all_run(&["web"]);
        }

        // Not even the way back can be gone then, until somebody makes room.
        scene.push("web", "2.3");
        fills("POST .*/start");
        proxy.forget();
        let running = program.spawn(&["update", &name, "--json"]);
        wait_until("it is on its way back", PATIENCE, || {
            let mut calls = proxy.log().into_iter().filter(|call| call.outcome == 500);
            calls.any(|call| call.line.contains("/update") || call.line.contains("/rename"))
        });
        empty(&scene.host);
        let (result, reason) = running.wait_exit(PATIENCE).expect(3).result();
        assert_eq!(result, "rolled_back", "{engine:?}: {reason}");
        assert!(reason.contains("no space left on device"), "{engine:?}: {reason}");
        let now = scene.seen("web");
        assert_eq!((now.id, now.policy, now.status), (before.id, before.policy, before.status));
        assert_eq!(sum(), content, "{engine:?}");
        scene.all_run(&["web"]);

        // The image is not to blame: it is taken next time.
        proxy.set_rules(&[]);
        program.run(&["update", &name]).expect(0);
        assert_eq!((scene.version("web"), sum()), ("2.3".to_owned(), content));
        scene.all_run(&["web"]);
    });
}

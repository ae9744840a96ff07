//! Hooks: commands that run inside a container before and after its update.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::{Engine, docker};
use crate::support::image::Kind;
use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::proxy::EngineProxy;
use crate::support::scene::{PATIENCE, Scene, on_each_engine};
use crate::support::wait::wait_until;

/// Returns the body of a container with these hooks, which sees a folder as `/shared`.
fn hooked(folder: &Path, labels: &[(&str, &str)]) -> Value {
    let labels = labels
        .iter()
        .map(|(name, value)| (format!("docker-auto.hook.{name}"), Value::from(*value)));
    json!({
        "Labels": labels.collect::<serde_json::Map<_, _>>(),
        "HostConfig": {"Binds": [format!("{}:/shared", folder.display())]},
    })
}

/// Returns the newest record of a container as `history --json` prints it.
fn last_record(program: &Program, name: &str) -> Value {
    program.run(&["history", name, "--json"]).expect(0).json()[0].clone()
}

/// Says whether a program runs in a container.
fn runs(scene: &Scene, program: &str) -> bool {
    let top =
        scene.host.get(&format!("/containers/{}/top?ps_args=-eo%20pid,args", scene.name("web")));
    top["Processes"].to_string().contains(program)
}

#[test]
fn hooks_run_in_the_old_and_in_the_new_container() {
    needs!(lab);
    on_each_engine(|engine| {
        let folder = TempDir::new().unwrap();
        let scene = Scene::on(engine);
        let old = scene.start_outdated(
            "web",
            &hooked(
                folder.path(),
                &[
                    ("pre-update", "cat /etc/hostname >> /shared/ran; echo saved; echo 3 rows >&2"),
                    ("post-update", r#"["/bin/sh", "-c", "cat /etc/hostname >> /shared/ran"]"#),
                    ("user", "0:0"),
                ],
            ),
        );
        let proxy = EngineProxy::start(&scene.host, &[]);
        let (program, name) = (scene.program_behind(&proxy), scene.name("web"));
        let planned = program.run(&["plan", &name]).expect(0).stdout;
        assert!(planned.contains("run the pre-update hook in the old container"), "{planned}");
        program.run(&["update", &name]).expect(0);
        assert_eq!(scene.version("web"), "2");
        let ran = fs::read_to_string(folder.path().join("ran")).unwrap();
        let new = scene.seen("web").id;
        assert_eq!(ran.lines().collect::<Vec<_>>(), [&old[..12], &new[..12]]);
        let calls = proxy.log().into_iter().map(|call| call.line);
        let changes = calls.filter(|line| !line.starts_with("GET"));
        // Before it, a container was made and removed to see whether the folder is there.
        let changes = changes.skip_while(|line| !line.contains("/exec"));
        let order: Vec<_> = changes
            .filter_map(|line| {
                let words = ["/stop", "/start", "/exec/", "DELETE"];
                // A start of an exec is both.
                words.into_iter().rfind(|word| line.contains(word))
            })
            .collect();
        assert_eq!(order, ["/exec/", "/stop", "/start", "/exec/", "DELETE"]);
        let hooks = last_record(&program, &name)["hooks"].clone();
        for (index, hook) in ["pre-update", "post-update"].into_iter().enumerate() {
            let run = &hooks[index];
            assert_eq!((&run["hook"], &run["exit_code"]), (&hook.into(), &0.into()), "{hooks}");
        }
        // The order of two streams is nobody's promise.
        let mut text: Vec<_> = hooks[0]["text"].as_str().unwrap().lines().collect();
        text.sort_unstable();
        assert_eq!(text, ["3 rows", "saved"]);
    });
}

/// Updates a container whose hooks object to it, which has to be left alone.
#[track_caller]
fn check_objection(scene: &Scene, words: &str) -> Value {
    let before = scene.seen("web");
    let (program, name) = (scene.program(), scene.name("web"));
    let (result, reason) = program.run(&["update", &name, "--json"]).expect(1).result();
    assert_eq!(result, "aborted", "{reason}");
    assert!(reason.contains(words), "{reason}");
    assert_eq!(scene.seen("web"), before, "nobody touched it");
    scene.all_run(&["web"]);
    last_record(&program, &name)["hooks"][0].clone()
}

#[test]
fn a_pre_update_hook_may_object() {
    needs!(lab);
    for (labels, words) in [
        (&[("pre-update", "exit 75")][..], "postponed by its hook"),
        (&[("pre-update", "echo one; echo disk is full; exit 3")], "exit code 3: disk is full"),
        (&[("pre-update", r#"["/no/such/program"]"#)], "its pre-update hook"),
        (&[("pre-update", "true"), ("user", "nobody-of-this-name")], "its pre-update hook"),
    ] {
        let folder = TempDir::new().unwrap();
        let scene = Scene::on(Engine::New);
        scene.start_outdated("web", &hooked(folder.path(), labels));
        check_objection(&scene, words);
    }
}

#[test]
fn what_was_postponed_is_done_the_next_time() {
    needs!(lab);
    on_each_engine(|engine| {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("busy"), "").unwrap();
        let scene = Scene::on(engine);
        let hook = "[ ! -e /shared/busy ] || exit 75";
        scene.start_outdated("web", &hooked(folder.path(), &[("pre-update", hook)]));
        check_objection(&scene, "postponed by its hook");
        fs::remove_file(folder.path().join("busy")).unwrap();
        scene.program().run(&["update", &scene.name("web")]).expect(0);
        assert_eq!(scene.version("web"), "2");
    });
}

#[test]
fn a_hook_that_hangs_is_killed() {
    needs!(lab);
    on_each_engine(|engine| {
        let folder = TempDir::new().unwrap();
        let scene = Scene::on(engine);
        let hook = "echo begun; sleep 4321 & sleep 4322";
        let labels = [("pre-update", hook), ("timeout", "20s")];
        scene.start_outdated("web", &hooked(folder.path(), &labels));
        let run = check_objection(&scene, "did not end within 20s and was killed");
        assert_eq!((&run["end"], &run["text"]), (&"timed_out".into(), &"begun\n".into()));
        wait_until("nothing of it is left", PATIENCE, || !runs(&scene, "sleep 432"));
    });
}

#[test]
fn a_hook_that_hangs_where_there_is_no_shell_is_left() {
    needs!(lab);
    let folder = TempDir::new().unwrap();
    let scene = Scene::on(Engine::New);
    let labels = [("pre-update", r#"["/bin/busybox", "sleep", "4321"]"#), ("timeout", "20s")];
    scene.start_outdated("web", &hooked(folder.path(), &labels));
    docker(&scene.host, folder.path(), &["exec", &scene.name("web"), "rm", "/bin/sh"]);
    check_objection(&scene, "may go on in the container");
    assert!(runs(&scene, "sleep 4321"));
}

#[test]
fn a_command_for_a_shell_that_is_not_there_is_refused() {
    needs!(lab);
    on_each_engine(|engine| {
        let folder = TempDir::new().unwrap();
        let scene = Scene::on(engine);
        scene.start_outdated("web", &hooked(folder.path(), &[("pre-update", "true")]));
        docker(&scene.host, folder.path(), &["exec", &scene.name("web"), "rm", "/bin/sh"]);
        check_objection(&scene, "its pre-update hook");
    });
}

#[test]
fn what_a_hook_leaves_behind_is_not_waited_for() {
    needs!(lab);
    let folder = TempDir::new().unwrap();
    let scene = Scene::on(Engine::New);
    let hook = "sleep 4321 & echo done";
    scene
        .start_outdated("web", &hooked(folder.path(), &[("pre-update", hook), ("timeout", "40s")]));
    let (program, name) = (scene.program(), scene.name("web"));
    program.run(&["update", &name]).expect(0);
    let record = last_record(&program, &name);
    assert_eq!(record["hooks"][0]["text"], "done\n");
    let steps = record["steps"].as_array().unwrap();
    let took = steps.iter().find(|step| step["step"] == "exec").unwrap()["duration_ms"].as_u64();
    assert!(took.is_some_and(|took| took < 20_000), "{steps:?}");
}

#[test]
fn the_ends_of_a_long_output_are_kept() {
    needs!(lab);
    let folder = TempDir::new().unwrap();
    let scene = Scene::on(Engine::New);
    let hook = "echo first; yes | head -c 300000; echo last";
    scene.start_outdated("web", &hooked(folder.path(), &[("pre-update", hook)]));
    let (program, name) = (scene.program(), scene.name("web"));
    program.run(&["update", &name]).expect(0);
    let record = last_record(&program, &name);
    let text = record["hooks"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("first\ny\n") && text.ends_with("y\nlast\n"));
    assert!(text.contains("bytes are left out") && text.len() < 33_000, "{}", text.len());
}

#[test]
fn a_post_update_hook_only_warns() {
    needs!(lab);
    for (hook, timeout, words) in [
        ("echo no cache; exit 4", "1m", "its post-update hook ended with exit code 4: no cache"),
        ("sleep 4321", "20s", "its post-update hook did not end within 20s and was killed"),
    ] {
        let folder = TempDir::new().unwrap();
        let scene = Scene::on(Engine::New);
        let labels = [("post-update", hook), ("timeout", timeout)];
        scene.start_outdated("web", &hooked(folder.path(), &labels));
        let (program, name) = (scene.program(), scene.name("web"));
        let updated = program.run(&["update", &name]).expect(0);
        let told = words.trim_start_matches("its post-update hook ");
        assert!(updated.stderr.contains(told), "it is told: {}", updated.stderr);
        assert_eq!(scene.version("web"), "2");
        scene.all_run(&["web"]);
        let record = last_record(&program, &name);
        assert_eq!(record["warnings"], json!([words]));
    }
}

#[test]
fn what_is_not_proven_has_no_post_update_hook() {
    needs!(lab);
    let folder = TempDir::new().unwrap();
    let scene = Scene::on(Engine::New);
    let hook = "touch /shared/ran";
    scene.start("web", &hooked(folder.path(), &[("post-update", hook)]));
    scene.push_kind("web", "2", Kind::ExitsOne);
    scene.program().run(&["update", &scene.name("web")]).expect(3);
    assert!(!folder.path().join("ran").exists());
}

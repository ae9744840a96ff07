//! Data directories that are damaged, read-only, full or none.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::serve::changes;
use crate::support::engine::{Engine, run};
use crate::support::image::Kind;
use crate::support::lab::needs;
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::scene::{PATIENCE, Scene, Server, on_each_engine};
use crate::support::wait::wait_until;

use super::{check_goes_on, outdated};

/// A small file system in memory, mounted for a test.
struct Mount(PathBuf);

impl Mount {
    fn new(path: &Path, size: &str) -> Self {
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "data"])
            .arg(path));
        Self(path.to_owned())
    }

    fn remount(&self, option: &str) {
        run(Command::new("mount").args(["-o", &format!("remount,{option}")]).arg(&self.0));
    }

    /// Returns a command that leaves no byte free, and the file to remove for room.
    fn filler(&self) -> ([String; 3], PathBuf) {
        let file = self.0.join("filler");
        let script = format!("dd if=/dev/zero of={} bs=1k 2>/dev/null || true", file.display());
        (["/bin/sh".to_owned(), "-c".to_owned(), script], file)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: a program that a failed test left may still have files open.
        let _ended = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn files_like(folder: &Path, part: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.to_string_lossy().contains(part)).collect()
}

#[test]
fn a_damaged_database_is_moved_aside_and_the_open_operation_goes_on() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        scene.start_outdated("web", &json!({"HostConfig": {"RestartPolicy": {"Name": "always"}}}));
        let before = scene.seen("web");
        let proxy = EngineProxy::start(&scene.host, &[]);
        let program = scene.program_behind(&proxy).env("DOCKER_AUTO_SCAN_ON_START", "false");
        program.run(&["check"]);
        // Killed when the old one is stopped and renamed.
        proxy.set_rules(&[Rule::before("POST .*/start").nth(1).kill(&program.pid_file())]);
        program.run(&["update", &scene.name("web")]).expect(-9);
        proxy.set_rules(&[]);
        assert_ne!(scene.seen("web").status, "running");
        let data = program.data_dir();
        let garbage = b"this is no database".repeat(1000);
        fs::write(data.join("state.redb"), &garbage).unwrap();
        let server = Server::start(&program);
        server.wait_log("is damaged");
        wait_until("it is recovered", PATIENCE, || {
            scene.runs("web", "1") || scene.runs("web", "2")
        });
        let open = data.join("operations");
        wait_until("it is filed", PATIENCE, || files_like(&open, ".jsonl").is_empty());
        let log = server.end().stderr;
        assert!(log.contains("containers and open operations are not affected"), "{log}");
        let aside = files_like(&data, "state.redb.broken-");
        assert_eq!(aside.iter().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>(), [garbage]);
        let records = program.run(&["history", "--json"]).expect(0).json();
        assert_eq!(
            records.as_array().map(Vec::len),
            Some(1),
            "the operation is recorded: {records}"
        );
        scene.all_run(&["web"]);
        if scene.version("web") == "1" {
            assert_eq!(scene.seen("web").id, before.id);
        }
        check_goes_on(&scene, &program);
    });
}

#[test]
fn a_read_only_data_directory_is_named_and_nothing_is_begun() {
    needs!(lab);
    let (scene, _proxy, program) = outdated();
    let before = scene.seen("web");
    let mount = Mount::new(&program.data_dir(), "8m");
    program.run(&["check", &scene.name("web")]).expect(0);
    mount.remount("ro");
    for command in [&["check"][..], &["update", &scene.name("web")], &["history"], &["serve"]] {
        let output = program.run(command).expect(1);
        for words in ["read-only", "DOCKER_AUTO_DATA"] {
            assert!(output.stderr.contains(words), "{command:?}: {}", output.stderr);
        }
    }
    assert_eq!(scene.seen("web"), before);
    mount.remount("rw");
    check_goes_on(&scene, &program);
}

#[test]
fn a_full_data_directory_lets_nothing_begin() {
    needs!(lab);
    let (scene, proxy, program) = outdated();
    let before = scene.seen("web");
    let mount = Mount::new(&program.data_dir(), "8m");
    program.run(&["check", &scene.name("web")]).expect(0);
    let (fill, filler) = mount.filler();
    run(Command::new(&fill[0]).args(&fill[1..]));
    let output = program.run(&["update", &scene.name("web"), "--json"]).expect(1);
    let told = format!("{}{}", output.stdout, output.stderr);
    assert!(told.contains("no space is left; free some"), "{told}");
    assert_eq!(scene.seen("web"), before);
    assert_eq!(changes(&proxy), [""; 0]);
    fs::remove_file(filler).unwrap();
    check_goes_on(&scene, &program);
}

#[test]
fn a_disk_that_fills_up_in_an_update_stops_neither_its_way_on_nor_back() {
    needs!(lab);
    on_each_engine(|engine| {
        for (kind, version) in [(Kind::Plain, "2"), (Kind::ExitsOne, "1")] {
            let scene = Scene::on(engine);
            scene.start("web", &json!({"HostConfig": {"RestartPolicy": {"Name": "always"}}}));
            scene.push_kind("web", "2", kind);
            let proxy = EngineProxy::start(&scene.host, &[]);
            let program = scene.program_behind(&proxy);
            let mount = Mount::new(&program.data_dir(), "8m");
            let (fill, filler) = mount.filler();
            proxy.set_rules(&[Rule::after("POST .*/stop").nth(1).run(&fill)]);
            let output = program.run(&["update", &scene.name("web"), "--json"]);
            scene.all_run(&["web"]);
            assert_eq!(scene.version("web"), version, "{}", output.stderr);
            assert!(filler.exists(), "the disk was filled");
            let open = program.data_dir().join("operations");
            let expected = if kind == Kind::Plain { 0 } else { 3 };
            assert!([1, expected].contains(&output.code), "{}{}", output.stdout, output.stderr);
            assert_eq!(
                output.code == 1,
                !files_like(&open, ".jsonl").is_empty(),
                "{}",
                output.stdout
            );
            fs::remove_file(filler).unwrap();
            // The next start files what could not be filed.
            let server = Server::start(&program);
            wait_until("it is filed", PATIENCE, || files_like(&open, ".jsonl").is_empty());
            server.end();
            let records = program.run(&["history", "--json"]).expect(0).json();
            assert_eq!(records.as_array().map(Vec::len), Some(1), "{records}");
            scene.all_run(&["web"]);
        }
    });
}

#[test]
fn what_is_no_data_directory_is_named() {
    let program = crate::support::program::Program::without_engine();
    let file = program.data_dir().join("file");
    fs::write(&file, "").unwrap();
    let program = program.env("DOCKER_AUTO_DATA", &file.display().to_string());
    for command in ["check", "serve", "history"] {
        let output = program.run(&[command]).expect(1);
        assert!(output.stderr.contains("is not a directory"), "{}", output.stderr);
    }
}

#[test]
fn a_journal_that_says_nothing_is_kept_and_named() {
    needs!(lab);
    let (scene, _proxy, program) = outdated();
    let operations = program.data_dir().join("operations");
    fs::create_dir(&operations).unwrap();
    let journal = operations.join("01a2b3.jsonl");
    fs::write(&journal, "{\"version\":").unwrap();
    let server = Server::start(&program);
    server.wait_log("cannot be read");
    server.wait_log(&journal.display().to_string());
    program.run(&["update", &scene.name("web")]).expect(0);
    server.end();
    assert_eq!(fs::read_to_string(&journal).unwrap(), "{\"version\":", "it is evidence");
    assert_eq!(scene.version("web"), "2");
}

#[test]
fn a_journal_that_tells_its_container_alone_keeps_that_one_from_being_touched() {
    needs!(lab);
    let scene = Scene::on(Engine::New);
    scene.start_outdated("web", &json!({}));
    scene.start_outdated("other", &json!({}));
    let before = scene.seen("web");
    let program = scene.program();
    let operations = program.data_dir().join("operations");
    fs::create_dir(&operations).unwrap();
    let target = json!({"host": "local", "name": scene.name("web")});
    let journal = operations.join("01a2b3.jsonl");
    fs::write(&journal, json!({"version": 9, "plan": {"target": target}}).to_string() + "\n")
        .unwrap();
    let server = Server::start(&program);
    server.wait_log("cannot be read");
    let refused = program.run(&["update", &scene.name("web"), "--json"]).expect(1);
    assert!(refused.stdout.contains("has an operation already"), "{}", refused.stdout);
    assert_eq!(scene.seen("web"), before);
    program.run(&["update", &scene.name("other")]).expect(0);
    server.end();
    fs::remove_file(journal).unwrap();
    program.run(&["update", &scene.name("web")]).expect(0);
    assert_eq!(scene.version("web"), "2");
}

//! Disks that are too small, or become so, and archives that are not what was written.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::support::engine::{Engine, run};
use crate::support::lab::needs;
use crate::support::proxy::{EngineProxy, Rule};
use crate::support::scene::{Scene, on_each_engine};

use super::{backups, folders, last_record, saving, scene};

/// A small disk in memory; gone when dropped.
struct Disk {
    path: PathBuf,
    _folder: TempDir,
}

impl Disk {
    fn of(megabytes: u32) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("disk");
        fs::create_dir(&path).unwrap();
        let size = format!("size={megabytes}m");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&path));
        Self { path, _folder: folder }
    }

    fn text(&self) -> String {
        self.path.display().to_string()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

/// Starts a container with so many megabytes that do not compress.
#[track_caller]
fn start(scene: &Scene, megabytes: u32) {
    scene.start(
        "web",
        &json!({
            "Labels": {"scene": scene.prefix, "docker-auto.backup": "volumes"},
            "HostConfig": {"Binds": [format!("{}:/data", scene.name("data"))]},
        }),
    );
    let noise =
        format!("dd if=/dev/urandom of=/data/noise bs=1048576 count={megabytes} 2>/dev/null");
    scene.host.exec(&scene.name("web"), &["sh", "-c", &noise]);
    scene.push("web", "2");
}

#[test]
fn too_little_space_refuses_the_update_before_anything_stops() {
    needs!(lab);
    on_each_engine(|engine| {
        let (disk, scene) = (Disk::of(4), scene(engine));
        start(&scene, 8);
        let before = scene.seen("web");
        let program = saving(&scene).env("DOCKER_AUTO_BACKUP_DIR", &disk.text());
        let refused = program.run(&["update", &scene.name("web")]).expect(1);
        let words = format!("{}{}", refused.stdout, refused.stderr);
        assert!(words.contains("is not updated: saving its data may take"), "{words}");
        assert!(words.contains("DOCKER_AUTO_BACKUP_DIR"), "{words}");
        assert_eq!(scene.seen("web"), before, "nobody touched it");
        assert!(folders(&disk.path).is_empty());
        scene.all_run(&["web"]);
    });
}

#[test]
fn a_disk_that_is_full_in_the_middle_brings_the_old_container_back() {
    needs!(lab);
    on_each_engine(|engine| {
        let (disk, scene) = (Disk::of(14), scene(engine));
        start(&scene, 8);
        let before = scene.seen("web");
        let fill = format!("dd if=/dev/zero of={}/filler bs=1M count=9", disk.text());
        let fill = ["/bin/sh".to_owned(), "-c".to_owned(), fill];
        let proxy =
            EngineProxy::start(&scene.host, &[Rule::before("POST .*/stop").nth(1).run(&fill)]);
        let directory = disk.path.join("backups").display().to_string();
        let program = scene.program_behind(&proxy).env("DOCKER_AUTO_BACKUP_DIR", &directory);
        let failed = program.run(&["update", &scene.name("web"), "--json"]).expect(3);
        let (result, reason) = failed.result();
        assert_eq!(result, "rolled_back", "{reason}");
        assert!(reason.contains("no space is left"), "{reason}");
        let after = scene.seen("web");
        assert_eq!(
            (after.id, after.policy, after.status),
            (before.id, before.policy, before.status)
        );
        assert!(folders(Path::new(&directory)).is_empty(), "what was begun is gone");
        scene.all_run(&["web"]);
        // It says nothing against the image.
        fs::remove_file(disk.path.join("filler")).unwrap();
        proxy.set_rules(&[]);
        program.run(&["update", &scene.name("web")]).expect(0);
        assert_eq!((scene.version("web"), folders(Path::new(&directory)).len()), ("2".into(), 1));
    });
}

#[test]
fn a_damaged_archive_is_not_restored() {
    needs!(lab);
    let scene = scene(Engine::Containerd);
    start(&scene, 1);
    let (program, name) = (saving(&scene), scene.name("web"));
    program.run(&["update", &name]).expect(0);
    let folder = backups(&program).join(&folders(&backups(&program))[0]);
    let archive = folder.join("0.tar.gz");
    let whole = fs::read(&archive).unwrap();
    let mut bent = whole.clone();
    let last = bent.len() - 20;
    bent[last] ^= 1;
    for (bytes, words) in
        [(&bent[..], "is not what was written"), (&whole[..1000], "is not what was written")]
    {
        fs::write(&archive, bytes).unwrap();
        let before = scene.seen("web");
        let (result, reason) =
            program.run(&["rollback", &name, "--restore", "--json"]).expect(1).result();
        assert_eq!(result, "aborted", "{reason}");
        assert!(reason.contains(words), "{reason}");
        assert_eq!(scene.seen("web"), before, "nobody touched it");
        let volumes = scene.host.get("/volumes")["Volumes"].to_string();
        assert!(!volumes.contains(&format!("{}-restored-", scene.name("data"))), "{volumes}");
        scene.all_run(&["web"]);
    }
    fs::write(&archive, &whole).unwrap();
    program.run(&["rollback", &name, "--restore"]).expect(0);
    assert_eq!(scene.version("web"), "1");
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(last_record(&program, &scene)["restored"], folder.display().to_string());
}

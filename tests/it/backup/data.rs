//! What was saved comes back as it was: contents, owners, modes, links, times.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::scene::{Scene, on_each_engine};

use super::{backups, body, folders, last_record, push_destroyer, saving, scene, shown, start};

#[test]
fn a_rollback_brings_everything_back_as_it_was() {
    needs!(lab);
    on_each_engine(|engine| {
        let folder = TempDir::new().unwrap();
        let scene = scene(engine);
        let (program, name) = (saving(&scene), scene.name("web"));
        start(&scene, &body(&scene, folder.path()));
        let before = shown(&scene);
        push_destroyer(&scene, "2", "exec /entry.sh");
        check_plan(&program.run(&["plan", &name]).expect(0).stdout);
        let updated = program.run(&["update", &name]).expect(0).stdout;
        assert!(updated.contains("save its data") && updated.contains("; saved "), "{updated}");
        assert!(shown(&scene).contains("destroyed"), "the new version was to destroy it");
        let record = last_record(&program, &scene);
        check_backup(&record, &program.data_dir());

        let back = program.run(&["rollback", &name, "--restore", "--json"]).expect(0);
        assert_eq!(back.result().0, "rolled_back_by_hand", "{}", back.stdout);
        assert!(back.stdout.contains("its data is in fresh volumes now: "), "{}", back.stdout);
        assert_eq!(scene.version("web"), "1");
        assert_eq!(shown(&scene), before, "on {engine:?}");
        check_mounts(&scene, folder.path());
        scene.all_run(&["web"]);
        // The backup was used; nothing is left that could come back.
        let again = program.run(&["rollback", &name, "--restore"]).expect(1);
        assert!(again.stderr.contains("has no backup to restore"), "{}", again.stderr);
        assert_eq!(shown(&scene), before);

        // What was restored goes along as everything else does.
        scene.push("web", "3");
        program.run(&["update", &name]).expect(0);
        assert_eq!((scene.version("web"), shown(&scene)), ("3".to_owned(), before));
        assert_eq!(folders(&backups(&program)).len(), 2);
    });
}

fn check_plan(plan: &str) {
    for words in [
        "/anon, /data, /data/inner, /shared (",
        "is saved to ",
        " while it is down: about ",
        "50.0 MB a second is assumed, there was no backup yet",
        "/etc-of-host is not saved: it is mounted read-only",
        "save /anon, /data, /data/inner, /shared to ",
        "make room for ",
    ] {
        assert!(plan.contains(words), "{words}: {plan}");
    }
    assert!(!plan.contains("unknown"), "every size is known: {plan}");
}

/// The files belong to nobody else, and are what the manifest says.
fn check_backup(record: &Value, data: &Path) {
    let backup = &record["backup"];
    assert_eq!(backup["archives"], 4, "{record}");
    assert!(backup["bytes"].as_u64() > Some(70 << 20), "{backup}");
    // Holes are zeros, which take next to nothing.
    assert!(backup["archive_bytes"].as_u64() < Some(2 << 20), "{backup}");
    let folder = Path::new(backup["folder"].as_str().unwrap());
    assert_eq!(folder.parent(), Some(&*data.join("backups")));
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    assert_eq!((mode(folder), mode(folder.parent().unwrap())), (0o700, 0o700));
    let manifest = fs::read(folder.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let archives = manifest["archives"].as_array().unwrap();
    assert_eq!(folders(folder).len(), archives.len() + 1);
    for archive in archives {
        let path = folder.join(archive["file"].as_str().unwrap());
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        assert_eq!(fs::metadata(&path).unwrap().len(), archive["archive_bytes"], "{archive}");
    }
    let entries: Vec<_> = archives.iter().map(|archive| archive["entries"].clone()).collect();
    // The inner volume is in an archive of its own, and its folder alone in the outer one.
    assert_eq!(entries, [2, 10, 2, 3].map(Value::from), "{manifest}");
}

/// Nothing was laid over what is there: it has other volumes, and the old ones are as they were left.
fn check_mounts(scene: &Scene, folder: &Path) {
    let inspect = scene.host.inspect(&scene.name("web"));
    for mount in inspect["Mounts"].as_array().unwrap() {
        let name = mount["Name"].as_str().unwrap_or_default();
        let is_new = name.contains("-restored-") && mount["Type"] == "volume";
        assert_eq!(is_new, mount["Destination"] != "/etc-of-host", "{mount}");
    }
    let bound = fs::read_to_string(folder.join("file")).unwrap();
    assert_eq!(bound, "destroyed\n");
    let look = json!({"HostConfig": {"Binds": [format!("{}:/data", scene.name("data"))]}});
    scene.start_like("web", "look", &look);
    let rows = scene.host.read_in(&scene.name("look"), &["cat", "/data/rows"]);
    assert_eq!(rows, "destroyed\n");
    scene.host.delete(&format!("/containers/{}?force=1", scene.name("look")));
}

#[test]
fn what_vanishes_with_its_container_is_saved_as_well() {
    needs!(lab);
    on_each_engine(|engine| {
        let folder = TempDir::new().unwrap();
        let scene = scene(engine);
        let (program, name) = (saving(&scene), scene.name("web"));
        let mut body = body(&scene, folder.path());
        body["HostConfig"]["AutoRemove"] = true.into();
        start(&scene, &body);
        let before = shown(&scene);
        push_destroyer(&scene, "2", "exec /entry.sh");
        program.run(&["update", &name]).expect(0);
        assert!(shown(&scene).contains("destroyed"));
        program.run(&["rollback", &name, "--restore"]).expect(0);
        assert_eq!((scene.version("web"), shown(&scene)), ("1".to_owned(), before));
    });
}

#[test]
fn files_come_back_by_hand_and_sockets_never() {
    needs!(lab);
    let folder = TempDir::new().unwrap();
    let scene = scene(Engine::New);
    let (program, name) = (saving(&scene), scene.name("web"));
    let (file, socket) = (folder.path().join("settings"), folder.path().join("socket"));
    fs::write(&file, "one").unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let bind = |path: &Path, place: &str| format!("{}:{place}", path.display());
    let own = program.data_dir();
    scene.start(
        "web",
        &json!({
            "Labels": {"scene": scene.prefix, "docker-auto.backup": "volumes"},
            "HostConfig": {"Binds": [
                bind(&file, "/settings"), bind(&socket, "/socket"), bind(&own, "/own"),
                format!("{}:/data", scene.name("data")),
            ]},
        }),
    );
    scene.push("web", "2");
    let plan = program.run(&["plan", &name]).expect(0).stdout;
    for words in [
        "/data, /settings (",
        "/socket is not saved: it is neither a file nor a folder",
        "/own is not saved: it holds docker-auto's own data",
        "is saved, but has to be restored by hand",
    ] {
        assert!(plan.contains(words), "{words}: {plan}");
    }
    program.run(&["update", &name]).expect(0);
    fs::write(&file, "two").unwrap();
    let back = program.run(&["rollback", &name, "--restore", "--json"]).expect(0);
    let warnings = back.json()[0]["record"]["warnings"].to_string();
    assert!(warnings.contains("stays as it is: no volume can stand in for it"), "{warnings}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "two");
    assert_eq!(scene.version("web"), "1");
}

#[test]
fn who_shares_the_volumes_shares_what_was_restored() {
    needs!(lab);
    let folder = TempDir::new().unwrap();
    let scene = scene(Engine::New);
    let (program, name, side) = (saving(&scene), scene.name("web"), scene.name("side"));
    start(&scene, &body(&scene, folder.path()));
    scene.start_like("web", "side", &json!({"HostConfig": {"VolumesFrom": [name]}}));
    push_destroyer(&scene, "2", "exec /entry.sh");
    let plan = program.run(&["plan", &name]).expect(0).stdout;
    let words = format!("what {side} writes into {} meanwhile", scene.name("data"));
    assert!(plan.contains(&words), "{words}: {plan}");
    program.run(&["update", &name]).expect(0);
    let rows = || scene.host.read_in(&side, &["cat", "/data/rows"]);
    assert_eq!(rows(), "destroyed\n");
    program.run(&["rollback", &name, "--restore"]).expect(0);
    assert_eq!(rows(), "rows", "it was made anew with the volumes of the other");
    // It is known to share them from then on as well.
    push_destroyer(&scene, "3", "exec /entry.sh");
    program.run(&["update", &name]).expect(0);
    assert_eq!(rows(), "destroyed\n");
    program.run(&["rollback", &name, "--restore"]).expect(0);
    assert_eq!(rows(), "rows", "it was made anew for the second time");
    scene.all_run(&["side", "web"]);
}

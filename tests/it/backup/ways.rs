//! Who asks for a backup, who is offered one, and how many there are.

use serde_json::json;
use tempfile::TempDir;

use crate::support::engine::Engine;
use crate::support::image::Kind;
use crate::support::lab::needs;
use crate::support::scene::{Server, on_each_engine};

use super::{backups, body, folders, last_record, push_destroyer, saving, scene, shown, start};

#[test]
fn an_update_that_failed_names_its_backup_which_can_be_restored() {
    needs!(lab);
    on_each_engine(|engine| {
        let folder = TempDir::new().unwrap();
        let scene = scene(engine);
        let (program, name) = (saving(&scene), scene.name("web"));
        start(&scene, &body(&scene, folder.path()));
        let before = shown(&scene);
        push_destroyer(&scene, "2", "exit 3");
        let failed = program.run(&["update", &name]).expect(3).stdout;
        assert!(failed.contains(&format!("docker-auto rollback {name} --restore")), "{failed}");
        assert_eq!(scene.version("web"), "1");
        assert!(shown(&scene).contains("destroyed"), "the old version has what is left");
        let record = last_record(&program, &scene);
        assert!(record["about_data"].as_str().unwrap().contains("is saved in /"), "{record}");
        // The image is the old one already: the data alone comes back, and the image stays good.
        let back = program.run(&["rollback", &name, "--restore", "--json"]).expect(0);
        assert_eq!(back.result().0, "rolled_back_by_hand", "{}", back.stdout);
        assert_eq!((scene.version("web"), shown(&scene)), ("1".to_owned(), before));
        scene.push("web", "3");
        program.run(&["update", &name]).expect(0);
        scene.all_run(&["web"]);
    });
}

#[test]
fn a_rollback_without_the_data_offers_it() {
    needs!(lab);
    let folder = TempDir::new().unwrap();
    let scene = scene(Engine::Containerd);
    let (program, name) = (saving(&scene), scene.name("web"));
    start(&scene, &body(&scene, folder.path()));
    let before = shown(&scene);
    push_destroyer(&scene, "2", "exec /entry.sh");
    program.run(&["update", &name]).expect(0);
    let back = program.run(&["rollback", &name]).expect(0).stdout;
    assert!(back.contains(&format!("docker-auto rollback {name} --restore")), "{back}");
    assert_eq!(scene.version("web"), "1");
    assert!(shown(&scene).contains("destroyed"));
    program.run(&["rollback", &name, "--restore"]).expect(0);
    assert_eq!((scene.version("web"), shown(&scene)), ("1".to_owned(), before));
}

#[test]
fn a_person_may_ask_for_it_also_of_a_server() {
    needs!(lab);
    let folder = TempDir::new().unwrap();
    let scene = scene(Engine::New);
    let (program, name) = (saving(&scene), scene.name("web"));
    let mut body = body(&scene, folder.path());
    body["Labels"] = json!({"scene": scene.prefix});
    start(&scene, &body);
    let before = shown(&scene);
    push_destroyer(&scene, "2", "exec /entry.sh");
    let unasked = program.run(&["plan", &name]).expect(0).stdout;
    assert!(!unasked.contains("save"), "{unasked}");
    let plan = program.run(&["plan", &name, "--backup"]).expect(0).stdout;
    assert!(plan.contains("is saved to "), "{plan}");
    let server = Server::start(&program);
    let plan = program.run(&["plan", &name, "--backup"]).expect(0).stdout;
    assert!(plan.contains("is saved to "), "{plan}");
    program.run(&["update", &name, "--backup"]).expect(0);
    assert_eq!(folders(&backups(&program)).len(), 1);
    program.run(&["rollback", &name, "--restore"]).expect(0);
    assert_eq!((scene.version("web"), shown(&scene)), ("1".to_owned(), before));
    server.end();
}

#[test]
fn only_the_newest_backups_stay() {
    needs!(lab);
    let folder = TempDir::new().unwrap();
    let scene = scene(Engine::Old);
    let (program, name) = (saving(&scene), scene.name("web"));
    start(&scene, &body(&scene, folder.path()));
    for version in ["2", "3", "4"] {
        scene.push("web", version);
        program.run(&["update", &name]).expect(0);
    }
    let kept = folders(&backups(&program));
    let records = program.run(&["history", &name, "--json"]).expect(0).json();
    let newest = records.as_array().unwrap().iter().take(2);
    let mut newest: Vec<_> = newest
        .map(|record| record["backup"]["folder"].as_str().unwrap().rsplit('/').next().unwrap())
        .collect();
    newest.sort_unstable();
    assert_eq!(kept, newest);
    let plan = {
        scene.push("web", "5");
        program.run(&["plan", &name]).expect(0).stdout
    };
    assert!(plan.contains("(an earlier backup wrote "), "{plan}");
}

#[test]
fn a_word_that_means_nothing_is_told_and_the_data_is_saved() {
    needs!(lab);
    let folder = TempDir::new().unwrap();
    let scene = scene(Engine::New);
    let (program, name) = (saving(&scene), scene.name("web"));
    let mut body = body(&scene, folder.path());
    body["Labels"]["docker-auto.backup"] = "volume".into();
    start(&scene, &body);
    scene.push("web", "2");
    let view = program.run(&["check", &name, "--json"]).expect(0).json()[0].clone();
    let problems = view["problems"].to_string();
    assert!(problems.contains("write one of none, volumes; did you mean volumes?"), "{view}");
    program.run(&["update", &name]).expect(0);
    assert_eq!(folders(&backups(&program)).len(), 1);
}

#[test]
fn restores_may_follow_one_another_and_updates_follow_them() {
    needs!(lab);
    let scene = scene(Engine::Old);
    let program = saving(&scene).env("DOCKER_AUTO_UPDATE_KEEP_IMAGES", "2");
    let (name, data) = (scene.name("web"), scene.name("data"));
    scene.start(
        "web",
        &json!({
            "Labels": {"scene": scene.prefix, "docker-auto.backup": "volumes"},
            "HostConfig": {"Binds": [format!("{data}:/data")]},
        }),
    );
    let write = |what: &str| {
        let command = format!("printf {what} >/data/rows");
        scene.host.exec(&name, &["sh", "-c", &command]);
    };
    let now = || (scene.version("web"), scene.host.read_in(&name, &["cat", "/data/rows"]));
    let is = |version: &str, rows: &str| (version.to_owned(), rows.to_owned());
    let update = |version: &str| {
        scene.push("web", version);
        program.run(&["update", &name]).expect(0);
    };
    write("one");
    update("2");
    write("two");
    update("3");
    write("three");
    program.run(&["rollback", &name, "--restore"]).expect(0);
    assert_eq!(now(), is("2", "two"));
    write("more");
    program.run(&["rollback", &name, "--restore"]).expect(0);
    assert_eq!(now(), is("1", "one"));
    program.run(&["rollback", &name, "--restore"]).expect(1);
    assert_eq!(now(), is("1", "one"), "there is nothing further back");
    // What was restored is saved and comes back as everything else does.
    update("4");
    write("four");
    program.run(&["rollback", &name, "--restore"]).expect(0);
    assert_eq!(now(), is("1", "one"));
    scene.all_run(&["web"]);
    // What was there before each restore is there still, in volumes of its own.
    let volumes = scene.host.get("/volumes");
    let volumes = volumes["Volumes"].as_array().unwrap().iter();
    let names = volumes.filter_map(|volume| volume["Name"].as_str());
    let mut rows: Vec<_> = names
        .filter(|volume| volume.starts_with(&data))
        .map(|volume| {
            let folder = scene.host.data_root().join("volumes").join(volume);
            std::fs::read_to_string(folder.join("_data/rows")).unwrap()
        })
        .collect();
    rows.sort_unstable();
    assert_eq!(rows, ["four", "more", "one", "three"]);
    assert_eq!(folders(&backups(&program)).len(), 2);
}

#[test]
fn failures_cost_no_backup_of_an_update_that_went_well() {
    needs!(lab);
    let folder = TempDir::new().unwrap();
    let scene = scene(Engine::New);
    let (program, name) = (saving(&scene), scene.name("web"));
    start(&scene, &body(&scene, folder.path()));
    let saved = || {
        let record = last_record(&program, &scene);
        let folder = record["backup"]["folder"].as_str().unwrap();
        folder.rsplit('/').next().unwrap().to_owned()
    };
    scene.push("web", "2");
    program.run(&["update", &name]).expect(0);
    let mut kept = vec![saved()];
    let before = shown(&scene);
    for (version, destroys) in [("3", true), ("4", false), ("5", false)] {
        if destroys {
            push_destroyer(&scene, version, "exit 3");
        } else {
            scene.push_kind("web", version, Kind::ExitsOne);
        }
        program.run(&["update", &name]).expect(3);
        kept.push(saved());
    }
    // The first holds what no bad version has touched, the last what is newest.
    kept.remove(2);
    kept.sort();
    assert_eq!(folders(&backups(&program)), kept);
    assert!(shown(&scene).contains("destroyed"));
    // One restore after the other goes further back, past what was saved of destroyed data.
    program.run(&["rollback", &name, "--restore"]).expect(0);
    assert!(shown(&scene).contains("destroyed"));
    let further = program.run(&["rollback", &name, "--restore"]);
    further.expect(0);
    assert_eq!((scene.version("web"), shown(&scene)), ("2".to_owned(), before));
}

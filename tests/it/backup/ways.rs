//! Who asks for a backup, who is offered one, and how many there are.

use serde_json::json;
use tempfile::TempDir;

use crate::support::engine::Engine;
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

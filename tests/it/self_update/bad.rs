//! A bad version is taken back: the old one runs again, with its data, and the bad one is rejected.

use serde_json::{Value, json};

use crate::support::lab::needs;
use crate::support::scene::on_each_engine;

use super::house::{House, NAME};

#[test]
fn the_old_version_comes_back() {
    needs!(lab);
    on_each_engine(|engine| {
        let house = House::on(engine);
        let old = house.start(&["DOCKER_AUTO_HEALTH_TIMEOUT=20s"]);
        house.host.exec(NAME, &["sh", "-c", "echo kept >/data/mine"]);
        let ends = json!({"Cmd": ["no such command"]});
        // It stays up, but does not find what it is to go on with.
        let loses_its_data = json!({"Env": ["DOCKER_AUTO_DATA=/elsewhere"]});
        let spoils = "echo spoiled >/data/state.redb; sleep 1; exit 1";
        let spoils = json!({"Entrypoint": ["sh", "-c", spoils], "Volumes": {"/data": {}}});
        house.push_with("2", &ends);
        check(&house, &old, 1, "exit code 2");
        house.push_other("3", &spoils);
        check(&house, &old, 2, "exit code 1");
        house.push_with("4", &loses_its_data);
        check(&house, &old, 3, "has not said that it serves");
        house.push("5");
        house.begin("update");
        assert_eq!(house.recorded(4)["outcome"], "updated");
        house.settled();
        assert_eq!(house.version(), "5");
    });
}

/// Lets it try, and checks that all is as before.
fn check(house: &House, old: &str, number: usize, why: &str) {
    house.begin("update");
    let record = house.recorded(number);
    assert_eq!(record["outcome"], "rolled_back", "{record:#}");
    let reason = record["reason"].as_str().unwrap_or_default();
    // It depends on when one looks.
    assert!(reason.contains(why) || reason.contains("by its policy"), "{reason}");
    assert_ne!(record["evidence"][0], Value::Null, "{record:#}");
    house.settled();
    assert_eq!(house.most_at_once(), 1, "never two at once");
    assert_eq!(house.host.inspect(NAME)["Id"], *old, "the old container itself is back");
    assert_eq!(house.host.inspect(NAME)["HostConfig"]["RestartPolicy"]["Name"], "unless-stopped");
    assert_eq!(house.host.read_in(NAME, &["cat", "/data/mine"]), "kept\n");
    let (code, said) = house.run(&["update", NAME]);
    assert!(code == 1 && said.contains("is not tried again"), "{code} {said}");
}

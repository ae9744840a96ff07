//! Containers that share the volumes of another one, over several updates of either.

use serde_json::{Value, json};

use crate::support::lab::needs;
use crate::support::program::Program;
use crate::support::scene::{Scene, on_each_engine};

use super::idle;

/// A container that shares its volumes, and those that share them, each naming it in its own way.
struct Store {
    scene: Scene,
    program: Program,
}

const USERS: [&str; 3] = ["by-id", "by-name", "by-short-id"];

impl Store {
    fn with_users(scene: Scene) -> Self {
        let store = Self { program: scene.program(), scene };
        store.push("1", &["/a"]);
        let id = store.scene.start_pushed("store", &json!({}));
        let name = store.scene.name("store");
        store.scene.push("user", "1");
        store.scene.host.pull(&store.scene.reference("user"));
        for (user, source) in USERS.into_iter().zip([&id, &name, &id[..12]]) {
            let host = json!({"HostConfig": {"VolumesFrom": [format!("{source}:ro")]}});
            store.scene.start_like("user", user, &idle(&host));
        }
        store
    }

    fn push(&self, version: &str, volumes: &[&str]) {
        let volumes: Value = volumes.iter().map(|it| ((*it).to_owned(), json!({}))).collect();
        let image = self.scene.image("store", version).config(&json!({"Volumes": volumes}));
        self.scene.registry.push(&image);
    }

    fn update(&self, name: &str) -> String {
        self.program.run(&["update", &self.scene.name(name)]).expect(0).stdout
    }

    fn inspect(&self, name: &str) -> Value {
        self.scene.host.inspect(&self.scene.name(name))
    }

    fn ids(&self) -> Vec<Value> {
        USERS.map(|user| self.inspect(user)["Id"].clone()).into()
    }

    fn mounts(&self, name: &str) -> Vec<(String, String)> {
        let inspect = self.inspect(name);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mounts = inspect["Mounts"].as_array().unwrap().iter();
        let mut mounts: Vec<_> =
            mounts.map(|mount| (text(&mount["Destination"]), text(&mount["Name"]))).collect();
        mounts.sort();
        mounts
    }

    /// All users mount what the store mounts, at these places, and still say that it is the store's.
    #[track_caller]
    fn is_shared(&self, places: &[&str]) {
        let mounts = self.mounts("store");
        assert!(mounts.iter().map(|(place, _)| place).eq(places), "{mounts:?}");
        for user in USERS {
            assert_eq!(self.mounts(user), mounts, "{user} on {:?}", self.scene.host.engine);
            let host = &self.inspect(user)["HostConfig"];
            let from = host["VolumesFrom"][0].as_str().unwrap_or_default();
            assert!(from.ends_with(":ro") && host["Mounts"].is_null(), "{user}: {host}");
        }
        self.scene.all_run(&["by-id", "by-name", "by-short-id", "store"]);
    }
}

#[test]
fn volumes_are_shared_over_all_updates_of_either() {
    needs!(lab);
    on_each_engine(|engine| {
        let store = Store::with_users(Scene::on(engine));
        let first = store.ids();
        // Nobody has to be made anew, and the ID by which some know it is gone.
        store.push("2", &["/a"]);
        store.update("store");
        assert_eq!(store.ids(), first, "needlessly made anew");
        store.is_shared(&["/a"]);
        // They go along with each update that brings a volume.
        let mut places = vec!["/a"];
        for (version, place) in [("3", "/b"), ("4", "/c"), ("5", "/d")] {
            places.push(place);
            let before = store.ids();
            store.push(version, &places);
            store.update("store");
            assert!(store.ids().iter().zip(before).all(|(now, before)| *now != before));
            store.is_shared(&places);
        }
        // Their own update keeps what they share, and that they share it.
        store.scene.push("user", "2");
        for user in USERS {
            let told = store.update(user);
            assert!(!told.contains("is gone"), "{told}");
            assert_eq!(store.scene.version(user), "2");
        }
        store.is_shared(&places);
        store.push("6", &["/a", "/b", "/c", "/d", "/e"]);
        store.update("store");
        store.is_shared(&["/a", "/b", "/c", "/d", "/e"]);
    });
}

/// Its own update comes before any other one of the store that would have made it anew.
#[test]
fn an_id_that_is_gone_is_written_by_the_name_of_the_one_that_took_its_place() {
    needs!(lab);
    on_each_engine(|engine| {
        let store = Store::with_users(Scene::on(engine));
        store.push("2", &["/a"]);
        store.update("store");
        store.scene.push("user", "2");
        for user in USERS {
            store.update(user);
        }
        store.is_shared(&["/a"]);
        let from = format!("{}:ro", store.scene.name("store"));
        for user in USERS {
            assert_eq!(store.inspect(user)["HostConfig"]["VolumesFrom"], json!([from]), "{user}");
        }
        store.push("3", &["/a", "/b"]);
        store.update("store");
        store.is_shared(&["/a", "/b"]);
    });
}

/// Somebody made it again with another volume: what a user has had is not exchanged for that.
#[test]
fn what_the_one_of_that_name_does_not_mount_is_written_out() {
    needs!(lab);
    on_each_engine(|engine| {
        let store = Store::with_users(Scene::on(engine));
        store.scene.push("user", "2");
        let (id, name) = (store.inspect("by-id")["Id"].clone(), store.scene.name("store"));
        store.program.run(&["check"]).expect(0); // it is seen with the store
        store.scene.host.delete(&format!("/containers/{name}?force=1"));
        store.scene.start_pushed("store", &json!({}));
        let before = store.mounts("by-id");
        let told = store.update("by-id");
        assert_ne!(store.inspect("by-id")["Id"], id, "{told}");
        assert_eq!(store.mounts("by-id"), before, "{told}");
        assert_ne!(store.mounts("store"), before);
    });
}

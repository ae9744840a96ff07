//! Rejected images, snapshots, equal digests, the last check's results, the schedules' last runs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use docker_auto::core::anonymous::Anonymous;
use docker_auto::core::candidate::Reject;
use docker_auto::core::digest::Digest;
use docker_auto::core::id::{ContainerId, ContainerName, HostId, ImageId, TargetId};
use docker_auto::core::plan::RejectKey;
use docker_auto::store::{
    Checked, ImageSnapshot, KeepDays, Rejected, Saying, Scope, Snapshot, Store,
};
use serde_json::{Value, json};

use super::{START, clock, directory, local, moment, open, plan};

fn target(host: &str, name: &str) -> TargetId {
    TargetId { host: HostId::new(host), name: ContainerName::new(name) }
}

fn rejected(target: TargetId, image: &RejectKey) -> Rejected {
    let reject = Reject {
        key: image.clone(),
        image: Some(ImageId::new("sha256:two")),
        digest: None,
        at: moment(START),
        reason: "its healthcheck says unhealthy".into(),
        beside: None,
    };
    Rejected { target, reject, operation: plan(1, "").operation }
}

#[tokio::test]
async fn an_image_is_rejected_on_one_container_until_it_is_cleared() {
    let directory = directory();
    let store = open(directory.path()).await;
    let one = RejectKey::manifest(&Digest::of(b"one"));
    let two = RejectKey::image(&ImageId::new("sha256:two"));
    for (host, name, image) in [
        ("local", "web", &one),
        ("local", "web", &two),
        ("local", "db", &one),
        ("far", "web", &one),
    ] {
        store.rejects().add(rejected(target(host, name), image)).await.unwrap();
    }
    let found = store.rejects().find(&target("local", "web"), &two).await.unwrap();
    assert_eq!(found, Some(rejected(target("local", "web"), &two)));
    assert_eq!(store.rejects().find(&target("local", "db"), &two).await.unwrap(), None);
    assert_eq!(store.rejects().of_host(&local()).await.unwrap().len(), 3);
    assert_eq!(store.rejects().clear(&target("local", "web")).await.unwrap(), 2);
    assert_eq!(store.rejects().clear(&target("local", "web")).await.unwrap(), 0);
    let left = store.rejects().of_host(&local()).await.unwrap();
    assert_eq!(left, [rejected(target("local", "db"), &one)]);
    assert_eq!(store.rejects().of_host(&HostId::new("far")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_rejected_image_is_forgotten_some_time_after_its_container_is_gone() {
    let directory = directory();
    let clock = clock();
    let store = Store::open(directory.path(), clock.clone()).await.unwrap();
    let image = RejectKey::image(&ImageId::new("sha256:two"));
    for name in ["web", "db"] {
        store.rejects().add(rejected(target("local", name), &image)).await.unwrap();
    }
    store.rejects().add(rejected(target("far", "cache"), &image)).await.unwrap();
    for (days, left) in [(90, &["db", "web"][..]), (1, &["web"]), (900, &["web"])] {
        clock.advance(Duration::from_secs(days * 24 * 60 * 60));
        let present = [ContainerName::new("web")].into();
        store.rejects().expire(&local(), present, KeepDays::default()).await.unwrap();
        let kept = store.rejects().of_host(&local()).await.unwrap();
        let kept: Vec<_> = kept.iter().map(|kept| kept.target.name.as_str()).collect();
        assert_eq!(kept, left, "{days}");
    }
    assert_eq!(store.rejects().of_host(&HostId::new("far")).await.unwrap().len(), 1);
}

fn snapshot(name: &str, image: &str) -> Snapshot {
    Snapshot {
        name: ContainerName::new(name),
        container_id: ContainerId::new(format!("id of {name}")),
        image_id: ImageId::new(image),
        seen_at: moment(START),
        inspect: json!({"Name": name, "Unknown": [1, null, {"z": 1, "a": 2}]}),
        parents: BTreeMap::from([(ContainerId::new("p"), ContainerName::new("vpn"))]),
        first: json!({"NetworkSettings": {}}),
    }
}

fn image(id: &str) -> ImageSnapshot {
    let inspect = json!({"Id": id, "RepoDigests": []});
    ImageSnapshot { image_id: ImageId::new(id), seen_at: moment(START), inspect }
}

#[tokio::test]
async fn containers_and_images_are_kept_while_they_are_used() {
    let directory = directory();
    let store = open(directory.path()).await;
    let (host, far) = (local(), HostId::new("far"));
    let containers = || vec![snapshot("web", "i1"), snapshot("db", "i2")];
    let images = || vec![image("i1"), image("i2")];
    for host in [&host, &far] {
        store.snapshots().record(host, containers(), images()).await.unwrap();
        let equal =
            vec![(ImageId::new("i1"), Digest::of(b"1")), (ImageId::new("i2"), Digest::of(b"2"))];
        store.snapshots().add_equivalents(host, equal).await.unwrap();
    }
    let seen = store.snapshots().container(&target("local", "web")).await.unwrap();
    assert_eq!(seen, Some(snapshot("web", "i1")));
    let inspect = seen.unwrap().inspect.to_string();
    assert_eq!(inspect, snapshot("web", "i1").inspect.to_string(), "the order of fields is kept");

    let present = [(ContainerName::new("web"), ImageId::new("i1"))];
    store.snapshots().retain(&host, present.into()).await.unwrap();
    let known = store.snapshots().known(&host).await.unwrap();
    assert_eq!(known, [(ContainerName::new("web"), ContainerId::new("id of web"))].into());
    assert_eq!(
        store.snapshots().image(&host, &ImageId::new("i1")).await.unwrap(),
        Some(image("i1"))
    );
    assert_eq!(store.snapshots().image(&host, &ImageId::new("i2")).await.unwrap(), None);
    let equal = store.snapshots().equivalents(&host).await.unwrap();
    assert_eq!(equal, [(ImageId::new("i1"), BTreeSet::from([Digest::of(b"1")]))].into());
    assert_eq!(store.snapshots().known(&far).await.unwrap().len(), 2);
    assert_eq!(store.snapshots().equivalents(&far).await.unwrap().len(), 2);
}

fn checked(name: &str, status: &str, said: &[(&'static str, Option<&str>)]) -> Checked {
    let saying =
        |(topic, key): &(&'static str, Option<&str>)| Saying { topic, key: key.map(str::to_owned) };
    Checked {
        name: ContainerName::new(name),
        result: json!({"status": status}),
        sayings: said.iter().map(saying).collect(),
    }
}

async fn scan(store: &Store, scope: Scope, results: Vec<Checked>) -> Vec<String> {
    let news = store.targets().record_scan(&local(), scope, results).await.unwrap();
    news.iter().map(|news| format!("{} {}", news.name, news.topic)).collect()
}

#[tokio::test]
async fn what_is_new_is_said_once() {
    let directory = directory();
    let store = open(directory.path()).await;
    let none: &[String] = &[];
    for (said, expected) in [
        (vec![("update", Some("d1"))], &["web update".to_owned()][..]),
        (vec![("update", Some("d1"))], none),
        (vec![("failed", Some("net"))], &["web failed".to_owned()]),
        (vec![("update", Some("d1")), ("failed", None)], none),
        (vec![("failed", Some("net"))], &["web failed".to_owned()]),
        (vec![("update", Some("d2"))], &["web update".to_owned()]),
        (vec![("update", None)], none),
        (vec![("update", Some("d2"))], &["web update".to_owned()]),
    ] {
        let news = scan(&store, Scope::Whole, vec![checked("web", "any", &said)]).await;
        assert_eq!(news, expected, "{said:?}");
    }
}

#[tokio::test]
async fn results_are_replaced_and_those_of_vanished_containers_go() {
    let directory = directory();
    let store = open(directory.path()).await;
    let said = &[("update", Some("d1"))];
    let both = vec![checked("web", "old", said), checked("db", "old", said)];
    assert_eq!(scan(&store, Scope::Whole, both).await, ["web update", "db update"]);
    scan(&store, Scope::Part, vec![checked("web", "new", &[])]).await;
    let result = |name: &str, status: &str| (ContainerName::new(name), json!({"status": status}));
    let results = store.targets().results(&local()).await.unwrap();
    assert_eq!(results, [result("db", "old"), result("web", "new")]);
    scan(&store, Scope::Whole, vec![checked("web", "newer", &[])]).await;
    assert_eq!(store.targets().results(&local()).await.unwrap(), [result("web", "newer")]);
    let found = |name: &str| {
        let target = target("local", name);
        let store = store.clone();
        async move { store.targets().result(&target).await.unwrap() }
    };
    assert_eq!(found("web").await, Some(json!({"status": "newer"})));
    assert_eq!(found("db").await, None::<Value>);
    store.targets().forget(&HostId::new("far"), vec![ContainerName::new("web")]).await.unwrap();
    assert_eq!(found("web").await, Some(json!({"status": "newer"})), "another host's");
    store.targets().forget(&local(), vec![ContainerName::new("web")]).await.unwrap();
    assert_eq!(found("web").await, None::<Value>);
    assert_eq!(
        scan(&store, Scope::Part, vec![checked("db", "back", said)]).await,
        ["db update"],
        "what was said of a container that vanished is forgotten"
    );
}

#[tokio::test]
async fn schedules_remember_their_last_run() {
    let directory = directory();
    let store = open(directory.path()).await;
    assert_eq!(store.schedules().last_run("update").await.unwrap(), None);
    for at in ["2026-11-22T03:00:00Z", "2026-11-23T03:00:00.123456789Z"] {
        store.schedules().ran("update", moment(at)).await.unwrap();
        assert_eq!(store.schedules().last_run("update").await.unwrap(), Some(moment(at)));
    }
    assert_eq!(store.schedules().last_run("scan").await.unwrap(), None);
}

#[tokio::test]
async fn volumes_that_nobody_named_are_known_by_their_container() {
    let directory = directory();
    let store = open(directory.path()).await;
    let known = |goes_with: Option<&str>| Anonymous {
        volumes: [("/data".to_owned(), "ab".repeat(32))].into(),
        goes_with: goes_with.map(ContainerId::new),
    };
    for (host, name, goes_with) in
        [("local", "web", Some("1")), ("local", "db", None), ("far", "web", None)]
    {
        store.anonymous_volumes().put(&target(host, name), known(goes_with)).await.unwrap();
    }
    let all = store.anonymous_volumes().of_host(&local()).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[&ContainerName::new("web")], known(Some("1")));
    store.anonymous_volumes().put(&target("local", "web"), Anonymous::default()).await.unwrap();
    let all = store.anonymous_volumes().of_host(&local()).await.unwrap();
    assert_eq!(all.into_keys().collect::<Vec<_>>(), [ContainerName::new("db")]);
}

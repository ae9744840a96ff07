//! Which newer versions are looked at, what is remembered of them, and what that costs.

use std::time::Duration;

use docker_auto::core::decision::{Decision, UnknownReason};
use docker_auto::core::id::ContainerName;
use docker_auto::core::verdict::Word;
use docker_auto::engine::command::{Assessment, Ruling};
use serde_json::{Value, json};

use super::super::artifacts::put_chart;
use super::super::fake::{Fake, INDEX, MANIFEST};
use super::{Fleet, Shown, noon};
use crate::support::scripted::Reply;

const AMD: &str = "amd64";
const DAY: Duration = Duration::from_hours(24);

/// Adds a version that was built at a time.
pub(super) fn put(fake: &Fake, tag: &str, architecture: &str, built: &str) {
    let image = json!({"os": "linux", "architecture": architecture, "created": built});
    fake.put_platform(("team/app", tag), &image);
}

/// A container of the first version, among others.
pub(super) fn shown(fake: &Fake, tags: &[&str], labels: &Value) -> Vec<Shown> {
    fake.put_tags("team/app", tags);
    let reference = fake.reference(&format!("team/app:{}", tags[0]));
    let digest = fake.put_image("team/app", tags[0]);
    let (name, reference) = ("web".to_owned(), reference.familiar());
    vec![Shown { name, reference, digest, labels: labels.clone() }]
}

/// Returns the code, the version that could run, and those that were passed over with their codes.
fn told(checked: &[Assessment]) -> (&'static str, Option<String>, Vec<String>) {
    let [Assessment { decision, .. }] = checked else { panic!("{} containers", checked.len()) };
    let candidate = decision.candidate().and_then(|one| one.reference.tag());
    let passed = decision.versions().map(|versions| versions.passed.clone()).unwrap_or_default();
    let passed = passed.iter().map(|one| format!("{} {}", one.tag, one.why.code())).collect();
    (decision.code(), candidate.map(ToOwned::to_owned), passed)
}

fn expected(
    code: &'static str,
    candidate: &str,
    passed: &[&str],
) -> (&'static str, Option<String>, Vec<String>) {
    let passed = passed.iter().map(|one| (*one).to_owned()).collect();
    (code, Some(candidate.to_owned()), passed)
}

#[tokio::test(flavor = "multi_thread")]
async fn those_that_are_too_young_are_remembered_until_they_are_old_enough() {
    let fake = Fake::open();
    put(&fake, "1.27.4", AMD, "2026-04-01T00:00:00Z");
    put(&fake, "1.27.5", AMD, "2026-05-03T00:00:00Z");
    // A date that nobody believes: it counts since when it is known.
    put(&fake, "1.27.6", AMD, "1970-01-01T00:00:00Z");
    put(&fake, "1.27.7", "arm64", "2026-04-01T00:00:00Z");
    let tags = ["1.27.3", "1.27.4", "1.27.5", "1.27.6", "1.27.7", "latest"];
    let labels = json!({
        "docker-auto.track": "minor", "docker-auto.mode": "auto", "docker-auto.cooldown": "3d",
    });
    let fleet = Fleet::of(&shown(&fake, &tags, &labels)).await;
    let (no_platform, first) = ("1.27.7 no_platform", "1.27.6 cooling_down");
    let young = [no_platform, first, "1.27.5 cooling_down"];
    assert_eq!(told(&fleet.check().await), expected("update", "1.27.4", &young));
    fake.server.forget();
    fleet.clock.advance(DAY);
    assert_eq!(told(&fleet.check().await), expected("update", "1.27.4", &young));
    // Each costs one question; what they are is known.
    assert_eq!(fake.server.count("GET", "/blobs/"), 0);
    assert_eq!(fake.server.count("HEAD", "/manifests/"), 5);
    fleet.clock.advance(DAY);
    assert_eq!(told(&fleet.check().await), expected("update", "1.27.5", &[no_platform, first]));
    fleet.clock.advance(DAY);
    assert_eq!(told(&fleet.check().await), expected("update", "1.27.6", &[no_platform]));
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_off_stays_so_while_an_older_one_is_taken() {
    let fake = Fake::open();
    for tag in ["1.27.4", "1.27.5"] {
        put(&fake, tag, AMD, "2026-04-01T00:00:00Z");
    }
    let labels = json!({"docker-auto.track": "minor", "docker-auto.mode": "auto"});
    let fleet = Fleet::of(&shown(&fake, &["1.27.3", "1.27.4", "1.27.5"], &labels)).await;
    assert_eq!(told(&fleet.check().await), expected("update", "1.27.5", &[]));
    let word = Word::Snoozed { until: noon() + 3 * DAY };
    let ruling = Ruling { name: ContainerName::new("web"), word, by: "alice".to_owned() };
    fleet.engine.rule(&ruling).await.unwrap();
    for _ in 0..3 {
        // The second check would have forgotten a word on what is not the candidate.
        let passed = ["1.27.5 snoozed"];
        assert_eq!(told(&fleet.check().await), expected("update", "1.27.4", &passed));
        fleet.clock.advance(DAY);
    }
    assert_eq!(told(&fleet.check().await), expected("update", "1.27.5", &[]));
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_looked_at_has_a_bound_and_beyond_it_nobody_is_up_to_date() {
    for (newer, looked_at, unseen) in [(20, 20, 0), (27, 20, 7)] {
        let fake = Fake::open();
        let mut tags = vec!["1.0.0".to_owned()];
        for number in 1..=newer {
            let tag = format!("1.0.{number}");
            put(&fake, &tag, "arm64", "2026-04-01T00:00:00Z");
            tags.push(tag);
        }
        let tags: Vec<_> = tags.iter().map(String::as_str).collect();
        let fleet = Fleet::of(&shown(&fake, &tags, &json!({"docker-auto.track": "patch"}))).await;
        let checked = fleet.check().await;
        assert_eq!(fake.server.count("HEAD", "/manifests/"), looked_at + 1);
        match &checked[0].decision {
            Decision::UpToDate { versions, .. } => {
                assert_eq!((versions.passed.len(), unseen), (looked_at, 0));
            }
            Decision::Unknown {
                reason: UnknownReason::NotAllLookedAt { looked_at: looked, unseen: left, .. },
            } => assert_eq!((*looked, *left), (looked_at, unseen)),
            decision => panic!("{newer}: {decision}"),
        }
        fleet.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_floating_tag_stands_for_is_read_once() {
    let fake = Fake::open();
    let old = fake.put_image("team/app", "old");
    let config = json!({
        "os": "linux", "architecture": AMD, "created": "2026-05-01T00:00:00Z",
        "config": {"Labels": {"org.opencontainers.image.version": "1.27.5"}},
    });
    let config = fake.put_blob("team/app", config.to_string());
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": {"digest": config, "size": 1},
        "layers": [],
    });
    let manifest = fake.put_manifest(("team/app", "amd"), MANIFEST, &manifest);
    let platform = json!({"os": "linux", "architecture": AMD});
    let index = json!({
        "schemaVersion": 2, "mediaType": INDEX,
        "manifests": [{"mediaType": MANIFEST, "digest": manifest, "size": 1, "platform": platform}],
    });
    fake.put_manifest(("team/app", "latest"), INDEX, &index);
    let reference = fake.reference("team/app:latest").familiar();
    let labels = json!({"says": "1.27.3"});
    let one = Shown { name: "web".to_owned(), reference, digest: old, labels };
    let fleet = Fleet::of(&[one]).await;
    let checked = fleet.check().await;
    let sentence = checked[0].decision.to_string();
    assert!(sentence.contains("latest (1.27.3) → latest (1.27.5)"), "{sentence}");
    fake.server.forget();
    assert_eq!(fleet.check().await[0].decision.to_string(), sentence);
    assert_eq!((fake.server.count("HEAD", ""), fake.server.seen().len()), (1, 1));
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_image_is_passed_over_and_a_fault_is_not() {
    let fake = Fake::open();
    put(&fake, "1.27.4", AMD, "2026-04-01T00:00:00Z");
    let chart = put_chart(&fake, ("team/app", "1.27.5"));
    let labels = json!({"docker-auto.track": "minor", "docker-auto.mode": "auto"});
    let tags = ["1.27.3", "1.27.4", "1.27.5"];
    let refused = format!("/v2/team/app/manifests/{chart}");
    fake.script("GET", &refused, [Reply::new(403).into()]);
    let fleet = Fleet::of(&shown(&fake, &tags, &labels)).await;
    assert_eq!(told(&fleet.check().await), ("forbidden", None, vec![]));
    let passed = ["1.27.5 not_an_image"];
    assert_eq!(told(&fleet.check().await), expected("update", "1.27.4", &passed));
    fake.server.forget();
    assert_eq!(told(&fleet.check().await), expected("update", "1.27.4", &passed));
    assert_eq!(fake.server.count("GET", "/manifests/"), 0);
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_became_no_image_is_named() {
    let fake = Fake::open();
    let fleet = Fleet::of(&shown(&fake, &["latest"], &json!({}))).await;
    assert_eq!(told(&fleet.check().await), ("up_to_date", None, vec![]));
    put_chart(&fake, ("team/app", "latest"));
    let checked = fleet.check().await;
    assert_eq!(told(&checked), ("not_an_image", None, vec![]));
    let sentence = checked[0].decision.to_string();
    assert!(sentence.contains("app:latest: it is no container image"), "{sentence}");
    assert!(sentence.ends_with("it stays on the one that it runs"), "{sentence}");
    fleet.end().await;
}

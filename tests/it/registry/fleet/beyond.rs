//! What is told of versions beyond those that are followed, and what that costs.

use std::time::Duration;

use docker_auto::core::id::HostId;
use docker_auto::engine::command::{Assessment, CheckRequest, Freshness};
use serde_json::json;
use tokio::time::Instant;

use super::super::artifacts::put_chart;
use super::super::fake::Fake;
use super::versions::{put, shown};
use super::{Fleet, Shown};
use crate::support::scripted::Reply;

const OLD: &str = "2026-04-01T00:00:00Z";

/// Returns the code and what is told of.
fn told(checked: &[Assessment]) -> (&'static str, Option<&str>) {
    let decision = &checked[0].decision;
    (decision.code(), decision.versions().and_then(|versions| versions.beyond.as_deref()))
}

/// A version that an arm64 alone runs, a chart, and two versions with images.
fn registry() -> Fake {
    let fake = Fake::open();
    for (tag, architecture) in [("2.0.0", "amd64"), ("2.1.0", "amd64"), ("2.2.0", "arm64")] {
        put(&fake, tag, architecture, OLD);
    }
    put_chart(&fake, ("team/app", "3.0.0"));
    fake
}

const TAGS: [&str; 5] = ["1.0.0", "2.0.0", "2.1.0", "2.2.0", "3.0.0"];

fn heads(fake: &Fake) -> usize {
    fake.server.count("HEAD", "/manifests/")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_that_could_run_is_told_and_looked_at_once() {
    let fake = registry();
    let fleet = Fleet::of(&shown(&fake, &TAGS, &json!({"docker-auto.track": "minor"}))).await;
    let expected = ("up_to_date", Some("2.1.0"));
    assert_eq!(told(&fleet.check().await), expected);
    assert_eq!(heads(&fake), 4, "its own, and down to the one with an image");
    for hours in [0, 1, 22] {
        fleet.clock.advance(Duration::from_hours(hours));
        fake.server.forget();
        assert_eq!(told(&fleet.check().await), expected);
        assert_eq!((heads(&fake), fake.server.seen().len()), (1, 2), "its own, and the list");
    }
    // What had no image may have got one; what it was is known by its digest.
    fleet.clock.advance(Duration::from_hours(1));
    fake.server.forget();
    assert_eq!(told(&fleet.check().await), expected);
    assert_eq!((heads(&fake), fake.server.seen().len()), (3, 4));
    put(&fake, "3.0.0", "amd64", OLD);
    fleet.clock.advance(Duration::from_hours(24));
    assert_eq!(told(&fleet.check().await), ("up_to_date", Some("3.0.0")));
    // What is not listed any more is forgotten.
    fake.put_tags("team/app", &TAGS[..1]);
    assert_eq!(told(&fleet.check().await), ("up_to_date", None));
    let waits = fleet.store.waits().of_host(&HostId::default()).await.unwrap();
    assert!(waits.is_empty(), "{waits:?}");
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_updates_is_told_as_well() {
    let fake = registry();
    put(&fake, "1.0.1", "amd64", OLD);
    let tags: Vec<_> = TAGS.into_iter().chain(["1.0.1"]).collect();
    let labels = json!({"docker-auto.track": "patch", "docker-auto.mode": "auto"});
    let fleet = Fleet::of(&shown(&fake, &tags, &labels)).await;
    let checked = fleet.check().await;
    assert_eq!(told(&checked), ("update", Some("2.1.0")));
    let sentence = checked[0].decision.to_string();
    assert!(sentence.contains("1.0.1") && sentence.ends_with("; 2.1.0 exists"), "{sentence}");
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_at_is_not_told_and_fails_nothing() {
    let fake = registry();
    let refused = "/v2/team/app/manifests/3.0.0";
    fake.script("HEAD", refused, [Reply::new(403).into()]);
    let fleet = Fleet::of(&shown(&fake, &TAGS, &json!({"docker-auto.track": "minor"}))).await;
    assert_eq!(told(&fleet.check().await), ("up_to_date", None));
    fleet.clock.advance(Duration::from_mins(59));
    fake.server.forget();
    assert_eq!(told(&fleet.check().await), ("up_to_date", None));
    assert_eq!(heads(&fake), 1);
    fleet.clock.advance(Duration::from_mins(1));
    assert_eq!(told(&fleet.check().await), ("up_to_date", Some("2.1.0")));
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_few_pulls_are_left_updates_have_them() {
    let fake = registry();
    let fleet = Fleet::of(&shown(&fake, &TAGS, &json!({"docker-auto.track": "minor"}))).await;
    let digest = fake.put_image("team/app", TAGS[0]);
    for (remaining, expected, asked) in [("49", None, 1), ("50", Some("2.1.0"), 4)] {
        let reply = Reply::new(200)
            .header("docker-content-digest", digest.as_str())
            .header("ratelimit-limit", "100;w=21600")
            .header("ratelimit-remaining", remaining);
        fake.script("HEAD", "/v2/team/app/manifests/1.0.0", [reply.into()]);
        fake.server.forget();
        assert_eq!(told(&fleet.check().await), ("up_to_date", expected), "{remaining}");
        assert_eq!(heads(&fake), asked, "{remaining}");
    }
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_charts_above_it_do_not_hide_an_image() {
    let fake = registry();
    let charts: Vec<_> = (0..12).map(|number| format!("3.0.{number}")).collect();
    for chart in &charts {
        put_chart(&fake, ("team/app", chart));
    }
    let tags: Vec<_> = TAGS.into_iter().chain(charts.iter().map(String::as_str)).collect();
    let fleet = Fleet::of(&shown(&fake, &tags, &json!({"docker-auto.track": "minor"}))).await;
    assert_eq!(told(&fleet.check().await), ("up_to_date", Some("2.1.0")));
    fleet.end().await;
}

const REPOSITORIES: usize = 40;
const MOST: usize = 32;

/// Two containers of each of many repositories that have a version beyond.
fn fleet_of_many(fake: &Fake) -> Vec<Shown> {
    let containers = (0..2 * REPOSITORIES).map(|number| {
        let repository = format!("team/app{}", number % REPOSITORIES);
        let digest = fake.put_image(&repository, "1.0.0");
        fake.put_image(&repository, "2.0.0");
        fake.put_tags(&repository, &["1.0.0", "2.0.0"]);
        let reference = fake.reference(&format!("{repository}:1.0.0")).familiar();
        let labels = json!({"docker-auto.track": "minor"});
        Shown { name: format!("app-{number}"), reference, digest, labels }
    });
    containers.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_looks_at_so_many_and_the_next_one_at_the_others() {
    let fake = Fake::open();
    // Two containers of each cost no more than one.
    let fleet = Fleet::of(&fleet_of_many(&fake)).await;
    let again = || Freshness::Since(Instant::now());
    for (freshness, looks, known) in [
        (again(), 0, 0),
        (Freshness::Forced, MOST, MOST),
        // What judges anew what a check has found tells what is known.
        (again(), 0, MOST),
        (Freshness::Forced, REPOSITORIES - MOST, REPOSITORIES),
        (Freshness::Forced, 0, REPOSITORIES),
    ] {
        fake.server.forget();
        let request = CheckRequest { names: Vec::new(), freshness };
        let checked = fleet.engine.check(&request).await.unwrap();
        let told = checked.iter().filter_map(|one| one.decision.versions()?.beyond.as_ref());
        assert_eq!(
            (fake.server.count("HEAD", "/manifests/2.0.0"), told.count()),
            (looks, 2 * known)
        );
    }
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_that_fail_do_not_starve_others() {
    let fake = Fake::open();
    let fleet = Fleet::of(&fleet_of_many(&fake)).await;
    for number in 0..REPOSITORIES {
        let refused = [403, 403].map(|status| Reply::new(status).into());
        fake.script("HEAD", &format!("/v2/team/app{number}/manifests/2.0.0"), refused);
    }
    for _ in 0..2 {
        fleet.check().await;
        fleet.clock.advance(Duration::from_hours(1));
    }
    let looked =
        |number: &usize| fake.server.count("HEAD", &format!("/app{number}/manifests/2.0.0")) > 0;
    assert_eq!((0..REPOSITORIES).filter(looked).count(), REPOSITORIES);
    assert_eq!(fake.server.count("HEAD", "/manifests/2.0.0"), 2 * MOST);
    fleet.end().await;
}

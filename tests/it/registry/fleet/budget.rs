//! What checks of many containers ask of a registry, and how fast.

use std::time::Duration;

use docker_auto::core::window::Timetable;
use docker_auto::engine::schedule::Timetables;
use docker_auto::registry::{Freshness, Settings, Wanted};
use docker_auto::store::KeepDays;
use serde_json::json;
use tokio::time::Instant;

use super::super::door::{Door, TokenRules};
use super::super::fake::{Fake, settings};
use super::{Fleet, Shown, noon};
use crate::support::scene::PATIENCE;

const CONTAINERS: usize = 1000;
const IMAGES: usize = 300;

/// A registry with tokens, and as many containers of its images as asked for.
fn fleet(containers: usize) -> (Fake, Vec<Shown>) {
    let fake = Fake::new(Door::Bearer(TokenRules::default()));
    let images: Vec<Wanted> = fake.images(IMAGES);
    let shown = (0..containers).map(|number| {
        let reference = &images[number % IMAGES].reference;
        Shown {
            name: format!("app-{number}"),
            reference: reference.familiar(),
            digest: fake.put_image(reference.repository(), "1"),
            labels: json!({}),
        }
    });
    let shown = shown.collect();
    (fake, shown)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_containers_on_three_hundred_images_cost_that_many_heads() {
    let (fake, shown) = fleet(CONTAINERS);
    let fleet = Fleet::of(&shown).await;
    let checked = fleet.check().await;
    assert_eq!(checked.len(), CONTAINERS);
    let fresh = checked.iter().filter(|one| one.decision.code() == "up_to_date").count();
    assert_eq!(fresh, CONTAINERS, "{}", checked[0].decision);
    // The first of all is refused, which says where tokens are; one is for 25 repositories.
    let requests = |fake: &Fake| {
        (fake.server.count("HEAD", "/manifests/"), fake.server.count("GET", "/token"))
    };
    assert_eq!(requests(&fake), (IMAGES + 1, IMAGES / 25));
    assert_eq!(fake.server.seen().len(), IMAGES + 1 + IMAGES / 25);
    fake.server.forget();
    fleet.check().await;
    assert_eq!((requests(&fake), fake.server.seen().len()), ((IMAGES, 0), IMAGES));
    fleet.end().await;
}

/// Waits until so many requests arrived since the last time they were forgotten, and were answered.
async fn arrive(fake: &Fake, count: usize) {
    let waiting = async {
        while fake.server.count("HEAD", "/manifests/") < count || fake.server.at_once() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let arrived = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(arrived.is_ok(), "{} of {count}", fake.server.count("HEAD", "/manifests/"));
}

/// Waits until the client has heard all answers since a moment: whoever asks before joins the question.
async fn heard(fake: &Fake, fleet: &Fleet, since: Instant) {
    let asked = fake.server.seen().into_iter().filter(|seen| seen.method == "HEAD");
    let asked = asked.map(|seen| {
        let path = seen.path.strip_prefix("/v2/").unwrap();
        fake.wanted(&path.replace("/manifests/", ":"))
    });
    fleet.registry.check(asked.collect(), Freshness::Since(since)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_check_is_spread_and_one_that_a_person_wants_is_not() {
    // The update behind a check uses what it has learnt, however short answers are kept.
    for cache_ttl in [Duration::from_mins(5), Duration::ZERO] {
        spread(Settings { cache_ttl, ..settings() }).await;
    }
}

async fn spread(client: Settings) {
    let (fake, shown) = fleet(IMAGES);
    let fleet = Fleet::with(&shown, client).await;
    let minutes = Duration::from_mins(10);
    fleet.engine.start(Timetables {
        check: Timetable::Every(minutes),
        update: None,
        jitter: Duration::ZERO,
        check_on_start: true,
        settle: None,
        keep: KeepDays::default(),
    });
    let ran = |at| {
        let store = fleet.store.clone();
        async move {
            while store.schedules().last_run("check").await.unwrap() != Some(at) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    };
    // For the first one people wait.
    tokio::time::timeout(PATIENCE, ran(noon())).await.unwrap();
    assert_eq!(fake.server.count("HEAD", "/manifests/"), IMAGES + 1);
    fake.server.forget();
    let since = Instant::now();
    fleet.clock.advance(minutes);
    arrive(&fake, IMAGES / 3).await;
    heard(&fake, &fleet, since).await;
    let manual = tokio::time::timeout(PATIENCE, fleet.check()).await;
    assert_eq!(manual.map(|checked| checked.len()), Ok(IMAGES), "it waits for nothing");
    assert_eq!(fake.server.count("HEAD", "/manifests/"), IMAGES / 3 + IMAGES);
    // A tenth of the interval, in three lots.
    for lot in 2..=3 {
        fleet.clock.advance(Duration::from_secs(20));
        arrive(&fake, lot * IMAGES / 3 + IMAGES).await;
    }
    let over = noon() + minutes + Duration::from_secs(40);
    tokio::time::timeout(PATIENCE, ran(over)).await.unwrap();
    assert_eq!(fake.server.count("HEAD", "/manifests/"), 2 * IMAGES);
    fleet.end().await;
}

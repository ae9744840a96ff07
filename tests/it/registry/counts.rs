//! How many requests and connections a check costs.

use std::time::Duration;

use docker_auto::core::digest::Platform;
use docker_auto::core::secret::Secret;
use docker_auto::registry::{Credential, Freshness, Login, Registry, Settings};

use super::door::{Door, TokenRules};
use super::fake::{Fake, digest_of, outcome_of, settings};
use crate::support::certificates::Authority;
use crate::support::scripted::{Reaction, Reply};

#[tokio::test]
async fn a_hundred_known_images_cost_a_hundred_heads() {
    let fake = Fake::open();
    let wanted = fake.images(100);
    fake.slow_down(Duration::from_secs(1));
    let registry = Registry::new(settings()).unwrap();
    for _ in 0..2 {
        let replies = registry.check(wanted.clone(), Freshness::Forced).await;
        assert!(replies.values().all(Result::is_ok), "{replies:?}");
        assert_eq!((replies.len(), fake.server.seen().len()), (100, 100));
        assert_eq!(
            (fake.server.count("HEAD", "/manifests/"), fake.server.count("GET", "")),
            (100, 0)
        );
        let (connections, at_once) = (fake.server.connections(), fake.server.most_at_once());
        assert!(connections <= 64 && at_once > 16, "{connections} {at_once}");
        fake.server.forget();
    }
}

#[tokio::test]
async fn sixty_images_with_tokens_cost_one_challenge_and_three_tokens() {
    let fake = Fake::new(Door::Bearer(TokenRules::default()));
    let wanted = fake.images(60);
    let registry = Registry::new(settings()).unwrap();
    let replies = registry.check(wanted.clone(), Freshness::Forced).await;
    assert!(replies.values().all(Result::is_ok), "{replies:?}");
    let seen = fake.server.seen();
    let unauthorized = seen.iter().filter(|seen| seen.header("authorization").is_empty());
    let challenges = unauthorized.filter(|seen| seen.path != "/token").count();
    assert_eq!((challenges, fake.server.count("GET", "/token")), (1, 3));
    assert_eq!(fake.server.count("HEAD", "/manifests/"), 61);
    assert_eq!(seen.len(), 64);
    let longest = seen.iter().map(|seen| seen.header("authorization").len()).max();
    assert!(longest.is_some_and(|longest| longest < 4000), "{longest:?}");

    fake.server.forget();
    registry.check(wanted, Freshness::Forced).await;
    assert_eq!((fake.server.count("HEAD", "/manifests/"), fake.server.seen().len()), (60, 60));
}

#[tokio::test]
async fn http2_needs_one_connection() {
    let authority = Authority::new();
    let config = authority.server(&["127.0.0.1"], &["h2", "http/1.1"]);
    let fake = Fake::tls(Door::Bearer(TokenRules::default()), config);
    let wanted = fake.images(300);
    let registry =
        Registry::new(Settings { certificate_authorities: Some(authority.file()), ..settings() })
            .unwrap();
    for _ in 0..2 {
        let replies = registry.check(wanted.clone(), Freshness::Forced).await;
        assert!(replies.values().all(Result::is_ok), "{replies:?}");
    }
    assert!(fake.server.seen().iter().all(|seen| seen.http2));
    assert_eq!(fake.server.connections(), 1);
    // The connection is given up meanwhile; one new one is enough, however many need it at once.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(100)).await;
    tokio::time::resume();
    registry.check(wanted, Freshness::Forced).await;
    assert_eq!(fake.server.connections(), 2);
}

#[tokio::test]
async fn a_registry_without_http2_gets_its_connections_kept() {
    let authority = Authority::new();
    let fake = Fake::tls(Door::Open, authority.server(&["127.0.0.1"], &["http/1.1"]));
    let wanted = fake.images(10);
    fake.slow_down(Duration::from_millis(200));
    let registry = Registry::new(Settings {
        certificate_authorities: Some(authority.file()),
        per_registry: 4,
        ..settings()
    })
    .unwrap();
    for _ in 0..3 {
        let replies = registry.check(wanted.clone(), Freshness::Forced).await;
        assert!(replies.values().all(Result::is_ok), "{replies:?}");
    }
    assert!(fake.server.connections() <= 4, "{}", fake.server.connections());
    assert_eq!(fake.server.most_at_once(), 4);
}

#[tokio::test]
async fn a_registry_that_complains_gets_half_as_many_at_a_time() {
    let fake = Fake::open();
    let wanted = fake.images(30);
    fake.slow_down(Duration::from_millis(20));
    fake.script("HEAD", "/v2/team/app0/manifests/1", [Reply::new(429).into()]);
    let registry = Registry::new(Settings { per_registry: 8, ..settings() }).unwrap();
    let replies = registry.check(wanted, Freshness::Forced).await;
    assert!(replies.values().all(Result::is_ok), "{replies:?}");
    assert_eq!(fake.server.most_at_once(), 4);
}

#[tokio::test]
async fn the_limit_over_all_registries_holds() {
    let fakes = [Fake::open(), Fake::open()];
    let wanted = fakes.iter().flat_map(|fake| fake.images(12)).collect();
    for fake in &fakes {
        fake.slow_down(Duration::from_millis(20));
    }
    let registry = Registry::new(Settings { concurrency: 3, ..settings() }).unwrap();
    let replies = registry.check(wanted, Freshness::Forced).await;
    assert!(replies.values().all(Result::is_ok), "{replies:?}");
    let most: Vec<_> = fakes.iter().map(|fake| fake.server.most_at_once()).collect();
    assert!(most.iter().all(|most| *most <= 3) && most.iter().sum::<usize>() > 2, "{most:?}");
}

#[tokio::test]
async fn one_image_is_asked_for_once_however_often_it_is_wanted() {
    let fake = Fake::open();
    fake.put_image("app", "1");
    let wanted = vec![fake.wanted("app:1"); 100];
    let registry = Registry::new(settings()).unwrap();
    let hour = Freshness::Within(Duration::from_hours(1));
    let (first, second) =
        tokio::join!(registry.check(wanted.clone(), hour), registry.check(wanted.clone(), hour));
    assert_eq!(first, second);
    assert_eq!(fake.server.seen().len(), 1, "two checks at once share the question");
    registry.check(wanted.clone(), hour).await;
    assert_eq!(fake.server.seen().len(), 1, "the answer is still fresh");
    registry.check(wanted.clone(), Freshness::Within(Duration::ZERO)).await;
    assert_eq!(fake.server.seen().len(), 2, "the caller wants a newer one");
    registry.check(wanted, Freshness::Forced).await;
    assert_eq!(fake.server.seen().len(), 3, "forced");
}

#[tokio::test]
async fn answers_are_kept_for_their_time_and_errors_for_half_a_minute() {
    let fake = Fake::open();
    fake.put_image("app", "1");
    let wanted = vec![fake.wanted("app:1"), fake.wanted("app:absent")];
    let registry = Registry::new(settings()).unwrap();
    let hour = Freshness::Within(Duration::from_hours(1));
    registry.check(wanted.clone(), hour).await;
    fake.server.forget();
    for (seconds, requests) in [(20, 0), (20, 1), (250, 1), (60, 2)] {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(seconds)).await;
        tokio::time::resume();
        fake.server.forget();
        registry.check(wanted.clone(), hour).await;
        assert_eq!(fake.server.seen().len(), requests, "{seconds} s later");
    }
}

#[tokio::test]
async fn a_registry_that_says_how_much_it_allows_is_heard() {
    let fake = Fake::open();
    fake.put_image("app", "1");
    let path = "/v2/app/manifests/1";
    let reply = Reply::new(200)
        .header("docker-content-digest", fake.put_image("app", "1").as_str())
        .header("ratelimit-limit", "100;w=21600")
        .header("ratelimit-remaining", "42;w=21600")
        .header("docker-ratelimit-source", "192.0.2.1");
    fake.script("HEAD", path, [Reaction::Answer(reply)]);
    let registry = Registry::new(settings()).unwrap();
    assert!(registry.rate_limits().is_empty());
    digest_of(&registry, &fake.wanted("app:1")).await.unwrap();
    let limits = registry.rate_limits();
    let [limit] = &limits[..] else { panic!("{limits:?}") };
    assert_eq!(limit.registry, fake.server.address());
    assert_eq!((limit.limit, limit.remaining), (Some(100), Some(42)));
    assert_eq!(limit.counted.as_deref(), Some("192.0.2.1"));
}

/// Returns the code of resolving an image after a registry said how much it still allows.
async fn resolved_with(remaining: &str, floor: u64) -> &'static str {
    let fake = Fake::open();
    let digest = fake.put_image("app", "1");
    let mut reply = Reply::new(200).header("docker-content-digest", digest.as_str());
    if !remaining.is_empty() {
        reply = reply.header("ratelimit-remaining", remaining);
    }
    fake.script("HEAD", "/v2/app/manifests/1", [Reaction::Answer(reply)]);
    let registry = Registry::new(Settings { quota_floor: floor, ..settings() }).unwrap();
    let wanted = fake.wanted("app:1");
    digest_of(&registry, &wanted).await.unwrap();
    let found = registry.resolve(&wanted, &digest, &Platform::new("linux", "amd64", None)).await;
    // What is asked by HEAD goes on, and says when there are more.
    digest_of(&registry, &wanted).await.unwrap();
    outcome_of(&found)
}

#[tokio::test]
async fn the_last_pulls_are_left_to_people() {
    for (remaining, floor, expected) in [
        ("", 5, "ok"),
        ("5;w=21600", 5, "ok"),
        ("4;w=21600", 5, "quota_kept"),
        ("0;w=21600", 5, "quota_kept"),
        ("0;w=21600", 0, "ok"),
        // Without a window nobody knows when there are more.
        ("0", 5, "ok"),
    ] {
        assert_eq!(resolved_with(remaining, floor).await, expected, "{remaining} of {floor}");
    }
}

#[tokio::test]
async fn what_one_account_used_up_holds_up_no_other() {
    let fake = Fake::open();
    let wanted = ["team/app:1", "team/web:1", "other/app:1"].map(|name| fake.wanted(name));
    for image in &wanted {
        fake.put_image(image.reference.repository(), "1");
    }
    let host = fake.server.address();
    let login = |name: &str| Login::Password { username: name.into(), password: Secret::new("p") };
    let credentials = vec![
        Credential { host: host.clone(), login: login("alice") },
        Credential { host: format!("{host}/team"), login: login("bob") },
    ];
    let registry = Registry::new(Settings { credentials, quota_floor: 5, ..settings() }).unwrap();
    let digest = digest_of(&registry, &wanted[0]).await.unwrap().digest;
    // HEAD goes on while pulls are held back, and says how many are left.
    let reply = Reply::new(200)
        .header("docker-content-digest", digest.as_str())
        .header("ratelimit-limit", "200;w=21600")
        .header("ratelimit-remaining", "2;w=21600");
    fake.script("HEAD", "/v2/team/app/manifests/1", [Reaction::Answer(reply)]);
    digest_of(&registry, &wanted[0]).await.unwrap();
    let platform = Platform::new("linux", "amd64", None);
    let mut outcomes = Vec::new();
    for image in &wanted {
        let digest = digest_of(&registry, image).await.unwrap().digest;
        outcomes.push(outcome_of(&registry.resolve(image, &digest, &platform).await));
    }
    assert_eq!(outcomes, ["quota_kept", "quota_kept", "ok"]);
    // A pause that is asked of one is kept by that one alone.
    let pause = Reply::new(429).header("retry-after", "3600");
    fake.script("HEAD", "/v2/team/web/manifests/1", [pause.into()]);
    fake.server.forget();
    let mut outcomes = Vec::new();
    for image in [&wanted[1], &wanted[0], &wanted[2]] {
        outcomes.push(outcome_of(&digest_of(&registry, image).await));
    }
    assert_eq!(outcomes, ["rate_limited", "rate_limited", "ok"]);
    assert_eq!(fake.server.count("HEAD", ""), 2, "one asked, one held back, one of the other");
    let limits = registry.rate_limits();
    let [limit] = &limits[..] else { panic!("{limits:?}") };
    assert_eq!((limit.registry.as_str(), limit.remaining), (&*format!("{host}/team"), Some(2)));
    assert!(limit.blocked_until.is_some());
}

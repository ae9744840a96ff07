//! Registries that refuse, fail, dawdle or babble: exact errors, never "up to date".

use std::collections::BTreeSet;
use std::time::Duration;

use docker_auto::core::digest::Digest;
use docker_auto::registry::{Freshness, Registry, Retry, Settings, Timing};

use super::door::{Door, TokenRules};
use super::fake::{Fake, MANIFEST, digest_of, outcome_of, settings};
use crate::support::scene::PATIENCE;
use crate::support::scripted::{Reaction, Reply};
use crate::support::wait::wait_until;

const PATH: &str = "/v2/app/manifests/1";

fn impatient() -> Settings {
    let timing = Timing {
        // Longer than a busy machine keeps an answer that is there.
        read: Duration::from_secs(3),
        connect: Duration::from_secs(3),
        budget: Duration::from_secs(12),
        download: Duration::from_secs(12),
        ..settings().timing
    };
    Settings { timing, ..settings() }
}

/// Returns settings that wait long only for those who may answer.
fn patience(reactions: &[Reaction]) -> Settings {
    let hangs = reactions.iter().any(|reaction| matches!(reaction, Reaction::Hang));
    if hangs { impatient() } else { settings() }
}

/// A fault, what it comes to, and how many HEAD and GET requests that takes.
type Case = (&'static str, Vec<Reaction>, Vec<Reaction>, &'static str, (usize, usize));

async fn check(cases: impl IntoIterator<Item = Case>) {
    for (name, heads, gets, outcome, requests) in cases {
        let fake = Fake::open();
        let digest = fake.put_image("app", "1");
        let registry = Registry::new(patience(&[&heads[..], &gets[..]].concat())).unwrap();
        fake.script("HEAD", PATH, heads);
        fake.script("GET", PATH, gets);
        let reply = digest_of(&registry, &fake.wanted("app:1")).await;
        match &reply {
            Ok(found) => assert_eq!(("ok", &found.digest), (outcome, &digest), "{name}"),
            Err(error) => assert_eq!(error.code(), outcome, "{name}: {error}"),
        }
        let counts = (fake.server.count("HEAD", PATH), fake.server.count("GET", PATH));
        assert_eq!(counts, requests, "{name}: {reply:?}");
    }
}

fn answer(status: u16) -> Reaction {
    Reply::new(status).into()
}

#[tokio::test]
async fn what_passes_is_repeated_and_what_lasts_is_named() {
    let limited = |wait: &str| Reaction::from(Reply::new(429).header("retry-after", wait));
    let date = "Sun, 22 Nov 2026 11:00:00 GMT";
    let busy = |wait: &str| Reaction::from(Reply::new(503).header("retry-after", wait));
    check([
        ("forbidden", vec![answer(403)], vec![], "forbidden", (1, 0)),
        ("unauthorized", vec![answer(401)], vec![answer(401)], "unauthorized", (1, 1)),
        ("teapot", vec![answer(418)], vec![], "bad_answer", (1, 0)),
        ("limited for a moment", vec![limited("0")], vec![], "ok", (2, 0)),
        ("limited for an hour", vec![limited("3600")], vec![], "rate_limited", (1, 0)),
        ("limited until a date", vec![limited(date)], vec![], "rate_limited", (1, 0)),
        ("limited, no word of time", vec![answer(429)], vec![], "ok", (2, 0)),
        ("limited and limited", vec![answer(429); 9], vec![], "rate_limited", (4, 0)),
        ("broken once", vec![answer(500)], vec![], "ok", (2, 0)),
        ("broken for good", vec![answer(500); 9], vec![], "unavailable", (4, 0)),
        ("a gateway", vec![answer(502), answer(504)], vec![], "ok", (3, 0)),
        ("busy for an hour", vec![busy("3600")], vec![], "unavailable", (1, 0)),
        ("not implemented", vec![answer(501)], vec![], "unavailable", (1, 0)),
        ("reset once", vec![Reaction::Break], vec![], "ok", (2, 0)),
        ("reset for good", vec![Reaction::Break; 9], vec![], "unreachable", (4, 0)),
        ("silent once", vec![Reaction::Hang], vec![], "ok", (2, 0)),
    ])
    .await;
}

#[tokio::test]
async fn heads_that_are_no_answer_are_asked_again_as_gets() {
    let get = |reply: Reply| Reaction::from(reply.header("content-type", MANIFEST));
    let babble = || get(Reply::new(200).body("<html>hello</html>"));
    let wrong = Digest::of(b"another");
    let lie = get(Reply::new(200)
        .header("docker-content-digest", wrong.as_str())
        .body(r#"{"schemaVersion":2,"manifests":[]}"#));
    let cut = Reaction::CutOff(Reply::new(200).body(r#"{"schemaVer"#));
    let endless = get(Reply::new(200).body(vec![b' '; 5 * 1024 * 1024]));
    let old = get(Reply::new(200).body(r#"{"schemaVersion":1}"#));
    let no_digest = || vec![answer(200)];
    let bad_digest = Reply::new(200).header("docker-content-digest", "sha256:12");
    check([
        ("no digest", no_digest(), vec![], "ok", (1, 1)),
        ("a bad digest", vec![bad_digest.into()], vec![], "ok", (1, 1)),
        ("method not allowed", vec![answer(405)], vec![], "ok", (1, 1)),
        ("HEAD is unknown", vec![answer(404)], vec![], "ok", (1, 1)),
        ("HEAD is not for us", vec![answer(401)], vec![], "ok", (1, 1)),
        ("no such image", vec![answer(404)], vec![answer(404)], "not_found", (1, 1)),
        ("a portal", no_digest(), vec![babble()], "bad_answer", (1, 1)),
        ("a lie", no_digest(), vec![lie], "bad_answer", (1, 1)),
        ("cut off once", no_digest(), vec![cut.clone()], "ok", (1, 2)),
        ("cut off for good", no_digest(), vec![cut; 9], "bad_answer", (1, 4)),
        ("endless", no_digest(), vec![endless], "bad_answer", (1, 1)),
        ("schema 1", no_digest(), vec![old], "not_an_image", (1, 1)),
    ])
    .await;
}

#[tokio::test]
async fn a_registry_that_answers_heads_is_believed() {
    let fake = Fake::open();
    fake.put_image("app", "1");
    let registry = Registry::new(settings()).unwrap();
    digest_of(&registry, &fake.wanted("app:1")).await.unwrap();
    let error = digest_of(&registry, &fake.wanted("app:absent")).await.unwrap_err();
    assert_eq!((error.code(), error.retry()), ("not_found", Retry::Never));
    assert_eq!(fake.server.count("GET", ""), 0);

    let fake = Fake::open();
    fake.put_image("app", "1");
    fake.script("HEAD", PATH, [answer(405)]);
    for _ in 0..2 {
        digest_of(&registry, &fake.wanted("app:1")).await.unwrap();
    }
    assert_eq!((fake.server.count("HEAD", PATH), fake.server.count("GET", PATH)), (1, 2));
}

#[tokio::test]
async fn a_pause_that_was_asked_for_holds_for_all_requests_to_the_registry() {
    let fake = Fake::open();
    let wanted = fake.images(30);
    let limited = Reply::new(429).header("retry-after", "3600");
    fake.script("HEAD", "/v2/team/app0/manifests/1", [limited.into()]);
    let registry = Registry::new(settings()).unwrap();
    digest_of(&registry, &wanted[0]).await.unwrap_err();
    let replies = registry.check(wanted, Freshness::Forced).await;
    for reply in replies.values() {
        let error = reply.as_ref().unwrap_err();
        assert!(error.to_string().contains("2026-11-22 11:00:00 UTC"), "{error}");
        assert!(matches!(error.retry(), Retry::After(wait) if wait.as_secs() > 3500));
    }
    assert_eq!(fake.server.seen().len(), 1);
    let limits = registry.rate_limits();
    let until = limits[0].blocked_until.unwrap();
    assert_eq!(until.to_rfc3339(), "2026-11-22T11:00:00+00:00");
}

#[tokio::test]
async fn a_refused_pull_leaves_heads_free() {
    let fake = Fake::open();
    let digest = fake.put_image("app", "1");
    let limited = Reply::new(429).header("retry-after", "3600");
    fake.script("GET", &format!("/v2/app/manifests/{digest}"), [limited.into()]);
    let registry = Registry::new(settings()).unwrap();
    let wanted = fake.wanted("app:1");
    let platform = docker_auto::core::digest::Platform::new("linux", "amd64", None);
    for _ in 0..2 {
        let error = registry.resolve(&wanted, &digest, &platform).await.unwrap_err();
        assert_eq!(error.code(), "rate_limited");
    }
    assert_eq!(fake.server.count("GET", "/manifests/"), 1);
    digest_of(&registry, &wanted).await.unwrap();
}

#[tokio::test]
async fn a_silent_registry_is_given_up_and_holds_nobody_else_up() {
    let (silent, lively) = (Fake::open(), Fake::open());
    let mut wanted = silent.images(40);
    let registry = Registry::new(Settings { concurrency: 8, ..impatient() }).unwrap();
    digest_of(&registry, &wanted[0]).await.unwrap();
    for number in 0..40 {
        let path = format!("/v2/team/app{number}/manifests/1");
        silent.script("HEAD", &path, vec![Reaction::Hang; 9]);
    }
    silent.server.forget();
    wanted.extend(lively.images(5));
    let replies = registry.check(wanted, Freshness::Forced).await;
    for (reference, reply) in &replies {
        let expected =
            if reference.registry() == lively.server.address() { "ok" } else { "timeout" };
        let found = outcome_of(reply);
        assert_eq!(found, expected, "{reference}");
    }
    let asked =
        || -> BTreeSet<_> { silent.server.seen().into_iter().map(|seen| seen.path).collect() };
    // What was given up may still be on its way.
    wait_until("eight at once were asked for", PATIENCE, || asked().len() >= 8);
    assert!(asked().len() < 30, "{} images were tried in vain", asked().len());
}

#[tokio::test]
async fn a_registry_that_fails_as_a_whole_is_not_asked_for_one_image_after_another() {
    let fake = Fake::open();
    let wanted = fake.images(30);
    let slowly = Reaction::After(Duration::from_millis(200), Reply::new(500));
    for number in 0..30 {
        let path = format!("/v2/team/app{number}/manifests/1");
        fake.script("HEAD", &path, vec![slowly.clone(); 9]);
    }
    let registry = Registry::new(settings()).unwrap();
    let replies = registry.check(wanted, Freshness::Forced).await;
    assert!(replies.values().all(|reply| outcome_of(reply) == "unavailable"), "{replies:?}");
    assert!(fake.server.most_at_once() > 8, "{}", fake.server.most_at_once());
}

#[tokio::test]
async fn one_broken_image_does_not_hide_the_others() {
    let tokens = || Door::Bearer(TokenRules::default());
    for (door, reaction, code) in [
        (Door::Open, answer(500), "unavailable"),
        (tokens(), answer(500), "unavailable"),
        (tokens(), Reaction::Break, "unreachable"),
        (Door::Open, Reaction::Hang, "timeout"),
        (tokens(), Reaction::Hang, "timeout"),
    ] {
        let fake = Fake::new(door);
        let wanted = fake.images(30);
        fake.script("HEAD", "/v2/team/app0/manifests/1", vec![reaction.clone(); 99]);
        let registry = Registry::new(patience(std::slice::from_ref(&reaction))).unwrap();
        let replies = registry.check(wanted, Freshness::Forced).await;
        let codes: Vec<_> =
            replies.values().filter_map(|reply| Some(reply.as_ref().err()?.code())).collect();
        assert_eq!(codes, [code], "{reaction:?}");
    }
}

#[tokio::test]
async fn an_unauthorized_image_says_what_to_set() {
    let fake = Fake::new(Door::Bearer(TokenRules { for_alice: true, ..Default::default() }));
    fake.put_image("app", "1");
    let registry = Registry::new(settings()).unwrap();
    let error = digest_of(&registry, &fake.wanted("app:1")).await.unwrap_err();
    assert!(error.to_string().contains("DOCKER_AUTO_REGISTRY_AUTH_0_HOST"), "{error}");
}

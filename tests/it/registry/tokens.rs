//! Tokens: where they come from, how long they last, and what is done when they are refused.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docker_auto::core::secret::Secret;
use docker_auto::registry::{Credential, Freshness, Login, Registry, Settings};

use super::door::{Door, TokenRules};
use super::fake::{Fake, digest_of, outcome_of, settings};
use crate::support::scripted::{Reply, ScriptedServer};

fn password() -> Login {
    Login::Password { username: "alice".into(), password: Secret::new("s3cret") }
}

fn with(fake: &Fake, login: Option<Login>) -> Registry {
    let host = fake.server.address();
    let credentials = login.map(|login| Credential { host, login }).into_iter().collect();
    Registry::new(Settings { credentials, ..settings() }).unwrap()
}

#[tokio::test]
async fn every_login_gets_its_token_by_get_or_by_post() {
    let wrong = Login::Password { username: "alice".into(), password: Secret::new("wrong") };
    let identity = || Some(Login::IdentityToken(Secret::new("idtoken")));
    for (only_method, other_status, login, methods, outcome) in [
        (None, 0, Some(password()), &["GET"][..], "ok"),
        (None, 0, identity(), &["POST"], "ok"),
        (None, 0, None, &["GET"], "unauthorized"),
        (None, 0, Some(wrong), &["GET"], "unauthorized"),
        (None, 0, Some(Login::IdentityToken(Secret::new("old"))), &["POST"], "unauthorized"),
        (Some("POST"), 404, Some(password()), &["GET", "POST"], "ok"),
        (Some("POST"), 405, Some(password()), &["GET", "POST"], "ok"),
        (Some("GET"), 405, identity(), &["POST", "GET"], "unauthorized"),
        (Some("POST"), 400, Some(password()), &["GET"], "bad_answer"),
    ] {
        let rules = TokenRules { for_alice: true, only_method, other_status, ..Default::default() };
        let fake = Fake::new(Door::Bearer(rules));
        fake.put_image("app", "1");
        let case = format!("{only_method:?} {other_status} {login:?}");
        let reply = digest_of(&with(&fake, login), &fake.wanted("app:1")).await;
        assert_eq!(outcome_of(&reply), outcome, "{case} {reply:?}");
        let seen = fake.server.seen();
        let asked: Vec<_> = seen.iter().filter(|seen| seen.path == "/token").collect();
        let asked: Vec<_> = asked.iter().map(|seen| seen.method.as_str()).collect();
        assert_eq!(asked, methods, "{case}");
    }
}

/// Accounts as the registries of providers have them: what is shown to their token servers, or to
/// themselves, is the name and the password as they are.
#[tokio::test]
async fn accounts_of_all_providers_are_shown_as_they_are() {
    let key = r#"{"type":"service_account","private_key":"-----BEGIN\nEND-----"}"#;
    for (username, password) in [
        ("_json_key", key),
        ("oauth2accesstoken", "ya29.a0"),
        ("robot$lab+pull", "Harbor12345"),
        ("team+robot", "quay-token"),
        ("gitlab-ci-token", "glcbt-64"),
        ("00000000-0000-0000-0000-000000000000", "acr-access-token"),
        ("AWS", "ecr-password"),
        ("user@1234567890123456", "alibaba"),
        ("nexus:reader", "p"),
    ] {
        let shown = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
        let login =
            || Login::Password { username: username.into(), password: Secret::new(password) };
        for (door, path) in [(Door::Bearer(TokenRules::default()), "/token"), (Door::Basic, "/v2/")]
        {
            let fake = Fake::new(door);
            fake.put_image("app", "1");
            let reply = digest_of(&with(&fake, Some(login())), &fake.wanted("app:1")).await;
            assert_eq!(reply.is_ok(), path == "/token", "{username}: {reply:?}");
            let seen = fake.server.seen();
            let mut asked = seen.iter().filter(|seen| seen.path.starts_with(path));
            assert!(asked.any(|seen| seen.header("authorization") == shown), "{username} {path}");
        }
    }
}

#[tokio::test]
async fn credentials_for_a_path_are_shown_for_its_repositories_alone() {
    let fake = Fake::new(Door::Bearer(TokenRules { for_alice: true, ..Default::default() }));
    for repository in ["team/app", "team/tools/web", "other/app"] {
        fake.put_image(repository, "1");
    }
    let host = fake.server.address();
    let bob = Login::Password { username: "bob".into(), password: Secret::new("b") };
    let credentials = vec![
        Credential { host: host.clone(), login: bob.clone() },
        Credential { host: format!("{host}/team"), login: password() },
        Credential { host: format!("{host}/team/tools"), login: bob },
    ];
    let registry = Registry::new(Settings { credentials, ..settings() }).unwrap();
    let names = ["team/app:1", "team/tools/web:1", "other/app:1"];
    let wanted = names.map(|name| fake.wanted(name)).to_vec();
    let replies = registry.check(wanted, Freshness::Forced).await;
    let outcomes = names.map(|name| outcome_of(&replies[&fake.reference(name)]));
    assert_eq!(outcomes, ["ok", "unauthorized", "unauthorized"], "{replies:?}");
}

#[tokio::test]
async fn the_method_that_worked_is_remembered() {
    let rules = TokenRules { only_method: Some("POST"), other_status: 404, ..Default::default() };
    let fake = Fake::new(Door::Bearer(rules));
    fake.put_image("one", "1");
    fake.put_image("two", "1");
    let registry = with(&fake, Some(password()));
    digest_of(&registry, &fake.wanted("one:1")).await.unwrap();
    digest_of(&registry, &fake.wanted("two:1")).await.unwrap();
    assert_eq!((fake.server.count("GET", "/token"), fake.server.count("POST", "/token")), (1, 2));
}

#[tokio::test]
async fn tokens_are_kept_until_they_expire() {
    let rules = TokenRules { expires_in: Some(120), ..Default::default() };
    let fake = Fake::new(Door::Bearer(rules));
    fake.put_image("app", "1");
    let registry = with(&fake, None);
    let wanted = fake.wanted("app:1");
    for (seconds, tokens) in [(0, 1), (100, 1), (15, 2)] {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(seconds)).await;
        tokio::time::resume();
        digest_of(&registry, &wanted).await.unwrap();
        assert_eq!(fake.server.count("GET", "/token"), tokens, "{seconds} s later");
    }
}

#[tokio::test]
async fn a_token_that_is_no_longer_accepted_is_replaced() {
    let fake = Fake::new(Door::Bearer(TokenRules::default()));
    let wanted = fake.images(3);
    let registry = with(&fake, None);
    registry.check(wanted.clone(), Freshness::Forced).await;
    fake.revoke();
    fake.server.forget();
    let replies = registry.check(wanted, Freshness::Forced).await;
    assert!(replies.values().all(Result::is_ok), "{replies:?}");
    assert_eq!((fake.server.count("GET", "/token"), fake.server.count("HEAD", "/v2/")), (3, 6));
}

#[tokio::test]
async fn one_denied_repository_does_not_spoil_it_for_the_others() {
    for (strict, denied_code) in
        [(None, "unauthorized"), (Some(403), "forbidden"), (Some(401), "unauthorized")]
    {
        let denied = BTreeSet::from(["team/app1".to_owned()]);
        let rules = TokenRules { denied, strict, ..Default::default() };
        let fake = Fake::new(Door::Bearer(rules));
        let wanted = fake.images(4);
        let registry = with(&fake, None);
        for round in 0..2 {
            let replies = registry.check(wanted.clone(), Freshness::Forced).await;
            for (reference, reply) in &replies {
                let expected =
                    if reference.repository() == "team/app1" { denied_code } else { "ok" };
                let found = outcome_of(reply);
                assert_eq!(found, expected, "strict {strict:?}, round {round}: {reference}");
            }
            if round == 0 {
                fake.server.forget();
            }
        }
        let heads = fake.server.count("HEAD", "/app1/");
        assert!(heads <= 1, "strict {strict:?}: known as denied, it cost {heads} requests");
    }
}

#[tokio::test]
async fn a_token_server_that_knows_no_groups_is_asked_for_one_at_a_time() {
    let rules = TokenRules { first_only: true, ..Default::default() };
    let fake = Fake::new(Door::Bearer(rules));
    let wanted = fake.images(5);
    let registry = with(&fake, None);
    let replies = registry.check(wanted.clone(), Freshness::Forced).await;
    assert!(replies.values().all(Result::is_ok), "{replies:?}");
    fake.revoke();
    fake.server.forget();
    let replies = registry.check(wanted, Freshness::Forced).await;
    assert!(replies.values().all(Result::is_ok), "{replies:?}");
    assert_eq!(fake.server.count("GET", "/token"), 5);
}

#[tokio::test]
async fn credentials_never_go_to_a_plain_server_elsewhere() {
    let thief = ScriptedServer::plain(|_| Reply::new(200).body(r#"{"token":"x"}"#).into());
    // "0.0.0.0" is no loopback address by its text, so nothing allows it to go without TLS.
    let elsewhere = thief.address().replace("127.0.0.1", "0.0.0.0");
    let rules =
        TokenRules { realm: Some(format!("http://{elsewhere}/token")), ..Default::default() };
    let fake = Fake::new(Door::Bearer(rules));
    fake.put_image("app", "1");
    let error = digest_of(&with(&fake, Some(password())), &fake.wanted("app:1")).await.unwrap_err();
    assert_eq!(error.code(), "bad_answer");
    assert!(error.to_string().contains("DOCKER_AUTO_REGISTRY_INSECURE"), "{error}");
    assert!(thief.seen().is_empty());
}

#[tokio::test]
async fn bad_answers_of_a_token_server_are_errors() {
    for (reply, code) in [
        (Reply::new(200), "bad_answer"),
        (Reply::new(200).body("<html>"), "bad_answer"),
        (Reply::new(200).body("{}"), "bad_answer"),
        (Reply::new(200).body(r#"{"token":""}"#), "bad_answer"),
        (Reply::new(200).body(r#"{"token":"a\nb"}"#), "bad_answer"),
        (Reply::new(302).header("location", "https://elsewhere.test/"), "bad_answer"),
        (Reply::new(429).header("retry-after", "3600"), "rate_limited"),
        (Reply::new(500), "unavailable"),
    ] {
        let fake = Fake::new(Door::Bearer(TokenRules::default()));
        fake.put_image("app", "1");
        fake.script("GET", "/token", vec![reply.clone().into(); 4]);
        let error = digest_of(&with(&fake, None), &fake.wanted("app:1")).await.unwrap_err();
        assert_eq!(error.code(), code, "{reply:?}: {error}");
        assert!(!error.to_string().contains("a\nb"), "{error}");
    }
}

#[tokio::test]
async fn a_registry_that_moves_its_token_server_is_followed() {
    let fake = Fake::new(Door::Bearer(TokenRules::default()));
    fake.put_image("app", "1");
    let old = ScriptedServer::plain(|_| Reply::new(200).body(r#"{"token":"old"}"#).into());
    let challenge = format!("Bearer realm=\"http://{}/token\",service=\"old\"", old.address());
    let first = Reply::new(401).header("www-authenticate", &challenge);
    fake.script("HEAD", "/v2/app/manifests/1", [first.into()]);
    digest_of(&with(&fake, None), &fake.wanted("app:1")).await.unwrap();
    assert_eq!((old.seen().len(), fake.server.count("GET", "/token")), (1, 1));
}

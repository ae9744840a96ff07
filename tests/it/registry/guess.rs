//! Registries that are named insecure: asked without TLS at once, believed only where there is none.

use std::time::Duration;

use docker_auto::core::secret::Secret;
use docker_auto::registry::{Credential, Freshness, InsecureRule, Login, Registry, Settings};

use super::door::{Door, TokenRules};
use super::fake::{Fake, settings};
use crate::support::certificates::Authority;

/// Returns settings that name every loopback insecure.
fn naming() -> Settings {
    Settings { insecure: vec![InsecureRule::parse("127.0.0.0/8").unwrap()], ..settings() }
}

/// Checks so many images, all of which must be found; returns how many HEADs it took and how many
/// of them showed nothing.
async fn check(fake: &Fake, settings: Settings, images: usize) -> (usize, usize) {
    let wanted = fake.images(images);
    let registry = Registry::new(settings).unwrap();
    let replies = registry.check(wanted, Freshness::Forced).await;
    assert!(replies.values().all(Result::is_ok), "{replies:?}");
    let seen = fake.server.seen();
    let heads: Vec<_> = seen.iter().filter(|seen| seen.method == "HEAD").collect();
    let anonymous = heads.iter().filter(|seen| seen.header("authorization").is_empty());
    (heads.len(), anonymous.count())
}

#[tokio::test]
async fn an_open_registry_is_asked_for_everything_at_once() {
    let fake = Fake::open();
    fake.slow_down(Duration::from_secs(1));
    assert_eq!(check(&fake, naming(), 100).await, (100, 100));
    let (connections, at_once) = (fake.server.connections(), fake.server.most_at_once());
    assert!(connections <= 64 && at_once > 32, "{connections} {at_once}");
}

#[tokio::test]
async fn with_tls_nothing_else_counts() {
    let unknown = Authority::new();
    let fake = Fake::tls(
        Door::Bearer(TokenRules::default()),
        unknown.server(&["127.0.0.1"], &["h2", "http/1.1"]),
    );
    assert_eq!(check(&fake, naming(), 30).await, (31, 1));
    assert!(fake.server.seen().iter().all(|seen| seen.http2));
}

#[tokio::test]
async fn tokens_are_fetched_where_they_are_wanted() {
    let fake = Fake::new(Door::Bearer(TokenRules::default()));
    let (heads, anonymous) = check(&fake, naming(), 30).await;
    assert_eq!(heads - anonymous, 30);
    assert_eq!(fake.server.count("GET", "/token"), 2);
}

#[tokio::test]
async fn who_has_credentials_finds_out_alone() {
    let fake = Fake::new(Door::Basic);
    let login = Login::Password {
        username: "alice".to_owned(),
        password: Secret::new("s3cret".to_owned()),
    };
    let host = fake.server.address();
    let settings = Settings { credentials: vec![Credential { host, login }], ..naming() };
    assert_eq!(check(&fake, settings, 30).await, (31, 1));
}

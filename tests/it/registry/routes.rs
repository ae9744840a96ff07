//! How registries are reached: TLS or not, directly or through a proxy, and what is said when it fails.

use std::net::SocketAddr;
use std::time::Duration;

use docker_auto::connect::ProxyRules;
use docker_auto::core::reference::ImageRef;
use docker_auto::registry::{InsecureRule, Registry, RegistryError, Settings, Timing, Wanted};

use super::door::Door;
use super::fake::{Fake, digest_of, settings};
use crate::support::certificates::Authority;
use crate::support::forward_proxy::{ForwardProxy, Names};

fn names(pairs: &[(&str, &Fake)]) -> Names {
    let address = |fake: &Fake| fake.server.address().parse::<SocketAddr>().unwrap();
    pairs.iter().map(|(name, fake)| ((*name).to_owned(), address(fake))).collect()
}

fn through(proxy: &str) -> Settings {
    let proxy = ProxyRules::parse(Some(proxy), Some(proxy), None).unwrap();
    Settings { proxy, ..settings() }
}

fn wanted(text: &str) -> Wanted {
    Wanted::new(ImageRef::parse(text).unwrap())
}

async fn ask(settings: Settings, text: &str) -> Result<(), RegistryError> {
    let registry = Registry::new(settings).unwrap();
    digest_of(&registry, &wanted(text)).await.map(|_| ())
}

#[track_caller]
fn unreachable(result: Result<(), RegistryError>, part: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.code(), "unreachable", "{error}");
    assert!(error.to_string().contains(part), "{error}");
}

#[tokio::test]
async fn certificates_are_checked_and_errors_name_the_cure() {
    let (known, unknown) = (Authority::new(), Authority::new());
    let secure = |authority: &Authority, name: &str| {
        let fake = Fake::tls(Door::Open, authority.server(&[name], &["http/1.1"]));
        fake.put_image("app", "1");
        fake
    };
    let good = secure(&known, "registry.test");
    let foreign = secure(&unknown, "registry.test");
    let misnamed = secure(&known, "another.test");
    let proxy = ForwardProxy::start(
        names(&[
            ("good.test:443", &misnamed),
            ("registry.test:443", &good),
            ("foreign.test:443", &foreign),
        ]),
        None,
    );
    let trusting =
        || Settings { certificate_authorities: Some(known.file()), ..through(&proxy.address()) };
    ask(trusting(), "registry.test/app:1").await.unwrap();
    unreachable(
        ask(through(&proxy.address()), "registry.test/app:1").await,
        "DOCKER_AUTO_REGISTRY_CA",
    );
    unreachable(ask(trusting(), "foreign.test/app:1").await, "DOCKER_AUTO_REGISTRY_CA");
    unreachable(ask(trusting(), "good.test/app:1").await, "the certificate of good.test:443");

    let insecure = vec![InsecureRule::parse("foreign.test").unwrap()];
    ask(Settings { insecure, ..trusting() }, "foreign.test/app:1").await.unwrap();
    assert_eq!(foreign.server.count("HEAD", "/app/"), 1);
}

#[tokio::test]
async fn plain_http_is_for_insecure_registries_only() {
    let fake = Fake::open();
    fake.put_image("app", "1");
    let proxy = ForwardProxy::start(names(&[("registry.test:5000", &fake)]), None);
    let result = ask(through(&proxy.address()), "registry.test:5000/app:1").await;
    unreachable(result, "DOCKER_AUTO_REGISTRY_INSECURE");
    assert!(fake.server.seen().is_empty());

    for rule in ["registry.test:5000", "registry.test"] {
        let insecure = vec![InsecureRule::parse(rule).unwrap()];
        let settings = Settings { insecure: insecure.clone(), ..through(&proxy.address()) };
        ask(settings, "registry.test:5000/app:1").await.unwrap();
        let registry = Registry::new(through(&proxy.address())).unwrap();
        let of_engine = Wanted { insecure, ..wanted("registry.test:5000/app:1") };
        digest_of(&registry, &of_engine).await.unwrap();
    }
    let insecure = vec![InsecureRule::parse("registry.test:5001").unwrap()];
    let result =
        ask(Settings { insecure, ..through(&proxy.address()) }, "registry.test:5000/app:1");
    unreachable(result.await, "DOCKER_AUTO_REGISTRY_INSECURE");
}

#[tokio::test]
async fn names_are_insecure_by_their_addresses() {
    // Every resolver knows this name, and only its address makes it a loopback.
    let fake = Fake::open();
    fake.put_image("app", "1");
    let port = fake.server.address().rsplit_once(':').unwrap().1.to_owned();
    let zero = format!("0.0.0.0:{port}/app:1");
    unreachable(ask(settings(), &zero).await, "DOCKER_AUTO_REGISTRY_INSECURE");
    let insecure = vec![InsecureRule::parse("0.0.0.0/32").unwrap()];
    ask(Settings { insecure, ..settings() }, &zero).await.unwrap();
    ask(settings(), &format!("localhost:{port}/app:1")).await.unwrap();
}

#[tokio::test]
async fn proxies_carry_tls_in_tunnels_and_plain_requests_whole() {
    let authority = Authority::new();
    let secure = Fake::tls(Door::Open, authority.server(&["secure.test"], &["h2"]));
    let plain = Fake::open();
    for fake in [&secure, &plain] {
        fake.put_image("app", "1");
    }
    let known = names(&[("secure.test:443", &secure), ("plain.test:80", &plain)]);
    let proxy = ForwardProxy::start(known, Some("Basic dXNlcjpwYXNz"));
    let settings = |url: String| Settings {
        certificate_authorities: Some(authority.file()),
        insecure: vec![InsecureRule::parse("plain.test").unwrap()],
        ..through(&url)
    };
    let with_password = format!("http://user:pass@{}", proxy.address());
    ask(settings(with_password.clone()), "secure.test/app:1").await.unwrap();
    ask(settings(with_password), "plain.test/app:1").await.unwrap();
    let lines = proxy.lines();
    assert!(lines.contains(&"CONNECT secure.test:443 HTTP/1.1".to_owned()), "{lines:?}");
    let whole = "HEAD http://plain.test/v2/app/manifests/1 HTTP/1.1".to_owned();
    assert!(lines.contains(&whole), "{lines:?}");
    assert!(plain.server.seen().iter().all(|seen| seen.path == "/v2/app/manifests/1"));

    let refused = ask(settings(proxy.address()), "secure.test/app:1").await;
    unreachable(refused, &format!("the proxy {} refused (407", proxy.address()));
    let nowhere =
        ask(settings(format!("http://user:pass@{}", proxy.address())), "absent.test/app:1");
    unreachable(nowhere.await, "refused (403");
    unreachable(
        ask(settings("127.0.0.1:1".into()), "secure.test/app:1").await,
        "the proxy 127.0.0.1:1",
    );
}

#[tokio::test]
async fn a_proxy_may_itself_speak_tls() {
    let authority = Authority::new();
    let secure = Fake::tls(Door::Open, authority.server(&["secure.test"], &["h2"]));
    secure.put_image("app", "1");
    let known = names(&[("secure.test:443", &secure)]);
    let proxy = ForwardProxy::tls(known, authority.server(&["127.0.0.1"], &["http/1.1"]));
    let through = || through(&format!("https://{}", proxy.address()));
    let trusting = Settings { certificate_authorities: Some(authority.file()), ..through() };
    ask(trusting, "secure.test/app:1").await.unwrap();
    assert_eq!(proxy.lines(), ["CONNECT secure.test:443 HTTP/1.1"]);
    unreachable(ask(through(), "secure.test/app:1").await, "the proxy 127.0.0.1");
}

#[tokio::test]
async fn what_does_not_answer_is_named() {
    unreachable(
        ask(settings(), "127.0.0.1:1/app:1").await,
        "127.0.0.1:1 does not accept connections",
    );
    // No resolver takes a label of more than 63 letters, so this asks no server.
    let nameless = format!("{}.test/app:1", "a".repeat(64));
    unreachable(ask(settings(), &nameless).await, "DNS has no address of aaaa");
    // A listener whose queue nobody empties lets connections in and never says anything.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let timing = Timing {
        connect: Duration::from_millis(100),
        read: Duration::from_millis(100),
        budget: Duration::from_millis(300),
        ..settings().timing
    };
    let reference = format!("{}/app:1", silent.local_addr().unwrap());
    let error = ask(Settings { timing, ..settings() }, &reference).await.unwrap_err();
    assert_eq!(error.code(), "timeout");
}

#[tokio::test]
async fn a_registry_that_gave_up_tls_is_found_again() {
    let authority = Authority::new();
    let before = Fake::tls(Door::Open, authority.server(&["localhost"], &["h2"]));
    before.put_image("app", "1");
    let address = before.server.address();
    let settings = Settings { certificate_authorities: Some(authority.file()), ..settings() };
    let registry = Registry::new(settings).unwrap();
    let port = address.rsplit_once(':').unwrap().1;
    let wanted = wanted(&format!("localhost:{port}/app:1"));
    digest_of(&registry, &wanted).await.unwrap();
    drop(before);
    let error = digest_of(&registry, &wanted).await.unwrap_err();
    assert_eq!(error.code(), "unreachable");
}

#[test]
fn bad_authorities_are_named() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("ca.pem");
    let bad = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    for content in [None, Some(""), Some("no PEM"), Some(bad)] {
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let authorities = Some(file.clone());
        let settings = Settings { certificate_authorities: authorities, ..settings() };
        let error = Registry::new(settings).unwrap_err().to_string();
        assert!(error.contains(file.to_str().unwrap()), "{content:?}: {error}");
    }
}

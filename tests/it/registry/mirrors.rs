//! Docker Hub behind a proxy, and the engine's mirrors of it.

use std::net::SocketAddr;

use docker_auto::connect::ProxyRules;
use docker_auto::core::reference::ImageRef;
use docker_auto::core::secret::Secret;
use docker_auto::registry::{Credential, Login, Registry, Settings, Source, Wanted};

use super::door::{Door, TokenRules};
use super::fake::{Fake, digest_of, settings};
use crate::support::certificates::Authority;
use crate::support::forward_proxy::{ForwardProxy, Names};
use crate::support::scripted::Reply;

/// Docker Hub as the proxy finds it: TLS under its own names, tokens from another host.
struct Hub {
    fake: Fake,
    authority: Authority,
}

impl Hub {
    fn new() -> Self {
        let authority = Authority::new();
        let names = ["registry-1.docker.io", "auth.docker.io"];
        let config = authority.server(&names, &["h2", "http/1.1"]);
        let realm = Some("https://auth.docker.io/token".to_owned());
        let rules = TokenRules { realm, ..Default::default() };
        Self { fake: Fake::tls(Door::Bearer(rules), config), authority }
    }

    fn proxy(&self) -> ForwardProxy {
        let address: SocketAddr = self.fake.server.address().parse().unwrap();
        let names = ["registry-1.docker.io:443", "auth.docker.io:443"];
        let names = names.map(|name| (name.to_owned(), address));
        ForwardProxy::start(Names::from(names), None)
    }

    fn settings(&self, proxy: &ForwardProxy) -> Settings {
        Settings {
            certificate_authorities: Some(self.authority.file()),
            proxy: ProxyRules::parse(None, Some(&proxy.address()), None).unwrap(),
            ..settings()
        }
    }
}

fn nginx() -> ImageRef {
    ImageRef::parse("nginx:1.27").unwrap()
}

#[tokio::test]
async fn docker_hub_is_reached_under_its_own_names() {
    let hub = Hub::new();
    let digest = hub.fake.put_image("library/nginx", "1.27");
    let proxy = hub.proxy();
    let login = Login::Password { username: "alice".into(), password: Secret::new("s3cret") };
    for host in ["docker.io", "https://index.docker.io/v1/"] {
        hub.fake.server.forget();
        let credentials = vec![Credential { host: host.into(), login: login.clone() }];
        let registry = Registry::new(Settings { credentials, ..hub.settings(&proxy) }).unwrap();
        let found = digest_of(&registry, &Wanted::new(nginx())).await.unwrap();
        assert_eq!((&found.digest, &found.source), (&digest, &Source::Canonical));
        let seen = hub.fake.server.seen();
        let token = seen.iter().find(|seen| seen.path == "/token").unwrap();
        assert!(token.header("authorization").starts_with("Basic "), "{host}");
        assert!(
            token.query.contains("scope=repository%3Alibrary%2Fnginx%3Apull"),
            "{}",
            token.query
        );
    }
}

#[tokio::test]
async fn a_mirror_answers_only_for_a_registry_out_of_reach() {
    let hub = Hub::new();
    hub.fake.put_image("library/nginx", "1.27");
    let mirror = Fake::open();
    let behind = mirror.put_image("library/nginx", "1.27");
    mirror.put_image("library/redis", "7");
    let mirrors = vec!["no address".into(), format!("http://{}/", mirror.server.address())];
    let wanted = |reference: &str| Wanted {
        mirrors: mirrors.clone(),
        ..Wanted::new(ImageRef::parse(reference).unwrap())
    };
    let proxy = hub.proxy();
    let registry = Registry::new(hub.settings(&proxy)).unwrap();
    let found = digest_of(&registry, &wanted("nginx:1.27")).await.unwrap();
    assert_eq!(found.source, Source::Canonical);
    assert_eq!(digest_of(&registry, &wanted("redis:7")).await.unwrap_err().code(), "not_found");
    assert!(mirror.server.seen().is_empty());

    let nowhere = ForwardProxy::start(Names::new(), None);
    let registry = Registry::new(hub.settings(&nowhere)).unwrap();
    let found = digest_of(&registry, &wanted("nginx:1.27")).await.unwrap();
    let expected = Source::Mirror(mirror.server.address().into());
    assert_eq!((&found.digest, &found.source), (&behind, &expected));
    let platform = docker_auto::core::digest::Platform::new("linux", "amd64", None);
    let image = registry.resolve(&wanted("nginx:1.27"), &behind, &platform).await.unwrap();
    assert_eq!(image.manifest, behind);

    let error = digest_of(&registry, &wanted("absent:1")).await.unwrap_err();
    assert_eq!(error.code(), "unreachable", "the mirror's error is not the registry's");
    mirror.server.forget();
    let other = format!("{}/library/nginx:1.27", "registry.invalid:5000");
    assert_eq!(digest_of(&registry, &wanted(&other)).await.unwrap_err().code(), "unreachable");
    assert!(mirror.server.seen().is_empty(), "mirrors are Docker Hub's only");
}

#[tokio::test]
async fn a_mirror_may_live_below_a_path() {
    let hub = Hub::new();
    let mirror = Fake::open();
    let nowhere = ForwardProxy::start(Names::new(), None);
    let registry = Registry::new(hub.settings(&nowhere)).unwrap();
    let path = "/hub/v2/library/nginx/manifests/1.27";
    let digest = docker_auto::core::digest::Digest::of(b"x");
    let reply = Reply::new(200).header("docker-content-digest", digest.as_str());
    mirror.script("HEAD", path, [reply.into()]);
    let mirrors = vec![format!("http://{}/hub/", mirror.server.address())];
    let found = digest_of(&registry, &Wanted { mirrors, ..Wanted::new(nginx()) }).await.unwrap();
    assert_eq!((found.digest, mirror.server.count("HEAD", path)), (digest, 1));
}

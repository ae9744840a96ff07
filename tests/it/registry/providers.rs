//! The registries of providers, as each of them answers: where tokens are, what they are called, and
//! what is shown to whom.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docker_auto::core::digest::Digest;
use docker_auto::core::reference::ImageRef;
use docker_auto::core::secret::Secret;
use docker_auto::registry::{Credential, Login, Registry, Settings, Wanted};
use serde_json::json;

use super::fake::{digest_of, settings};
use crate::support::scripted::{Reaction, Reply, ScriptedServer, Seen};

/// How a provider lets in; `HOST` stands for its registry's own address, `AUTH` for its token server.
#[derive(Clone, Copy)]
struct Provider {
    name: &'static str,
    repository: &'static str,
    /// What its refusal says.
    challenge: &'static str,
    /// The account and its password; empty for everybody.
    account: (&'static str, &'static str),
    /// Where tokens are, and for which service; empty where the password itself is shown.
    token: (&'static str, &'static str),
    /// What the answer with the token looks like.
    answer: &'static str,
}

const KEY: &str = r#"{"type":"service_account","private_key":"-----BEGIN\nEND-----"}"#;
const PLAIN: &str = r#"{"token":"TOKEN","expires_in":300}"#;

const PROVIDERS: [Provider; 20] = [
    Provider {
        name: "Docker Hub",
        repository: "library/nginx",
        challenge: r#"Bearer realm="http://AUTH/token",service="registry.docker.io",scope="SCOPE""#,
        account: ("alice", "dckr_pat_1"),
        token: ("/token", "registry.docker.io"),
        answer: r#"{"token":"TOKEN","access_token":"TOKEN","expires_in":300,"issued_at":"2026-11-22T09:00:00Z"}"#,
    },
    Provider {
        name: "GHCR",
        repository: "team/app",
        challenge: r#"Bearer realm="http://HOST/token",service="ghcr.io",scope="SCOPE""#,
        account: ("alice", "ghp_1"),
        token: ("/token", "ghcr.io"),
        answer: r#"{"token":"TOKEN"}"#,
    },
    Provider {
        name: "lscr.io, whose tokens are GHCR's",
        repository: "linuxserver/plex",
        challenge: r#"Bearer realm="http://AUTH/token",service="ghcr.io",scope="SCOPE""#,
        account: ("", ""),
        token: ("/token", "ghcr.io"),
        answer: r#"{"token":"TOKEN"}"#,
    },
    Provider {
        name: "Quay",
        repository: "team/app",
        challenge: r#"Bearer realm="http://HOST/v2/auth",service="quay.io",scope="SCOPE""#,
        account: ("team+robot", "quay-token"),
        token: ("/v2/auth", "quay.io"),
        answer: r#"{"token":"TOKEN"}"#,
    },
    Provider {
        name: "GitLab",
        repository: "group/project/app",
        challenge: r#"Bearer realm="http://AUTH/jwt/auth",service="container_registry",scope="SCOPE",error="invalid_token""#,
        account: ("gitlab-ci-token", "glcbt-64"),
        token: ("/jwt/auth", "container_registry"),
        answer: r#"{"token":"TOKEN"}"#,
    },
    Provider {
        name: "Gitea and Forgejo",
        repository: "team/app",
        challenge: r#"Bearer realm="http://HOST/v2/token",service="container_registry",scope="*""#,
        account: ("alice", "access-token"),
        token: ("/v2/token", "container_registry"),
        answer: r#"{"token":"TOKEN"}"#,
    },
    Provider {
        name: "Gitea and Forgejo, for everybody",
        repository: "team/app",
        challenge: r#"Bearer realm="http://HOST/v2/token",service="container_registry",scope="*""#,
        account: ("", ""),
        token: ("/v2/token", "container_registry"),
        answer: r#"{"token":"TOKEN"}"#,
    },
    Provider {
        name: "Harbor",
        repository: "library/app",
        challenge: r#"Bearer realm="http://HOST/service/token",service="harbor-registry",scope="SCOPE""#,
        account: ("robot$lab+pull", "Harbor12345"),
        token: ("/service/token", "harbor-registry"),
        answer: r#"{"token":"TOKEN","access_token":"","expires_in":1800,"issued_at":"2026-11-22T09:00:00Z"}"#,
    },
    Provider {
        name: "Nexus with its own realm, by a port",
        repository: "team/app",
        challenge: r#"BASIC realm="Sonatype Nexus Repository Manager""#,
        account: ("nexus:reader", "p"),
        token: ("", ""),
        answer: "",
    },
    Provider {
        name: "Nexus with its own realm, by a path",
        repository: "docker-hosted/team/app",
        challenge: r#"BASIC realm="Sonatype Nexus Repository Manager""#,
        account: ("reader", "p"),
        token: ("", ""),
        answer: "",
    },
    Provider {
        name: "Nexus with the token realm, by a port",
        repository: "team/app",
        challenge: r#"Bearer realm="http://HOST/v2/token",service="http://HOST/v2/token""#,
        account: ("reader", "p"),
        token: ("/v2/token", "http://HOST/v2/token"),
        answer: r#"{"token":"TOKEN"}"#,
    },
    Provider {
        name: "Nexus with the token realm, by a path, for everybody",
        repository: "docker-hosted/team/app",
        challenge: r#"Bearer realm="http://HOST/v2/docker-hosted/token",service="http://HOST/v2/docker-hosted/token""#,
        account: ("", ""),
        token: ("/v2/docker-hosted/token", "http://HOST/v2/docker-hosted/token"),
        answer: r#"{"token":"TOKEN"}"#,
    },
    Provider {
        name: "ECR",
        repository: "team/app",
        challenge: r#"Basic realm="https://HOST/",service="ecr.amazonaws.com""#,
        account: ("AWS", "ecr-password"),
        token: ("", ""),
        answer: "",
    },
    Provider {
        name: "the public ECR",
        repository: "nginx/nginx",
        challenge: r#"Bearer realm="http://HOST/token/",service="public.ecr.aws",scope="aws""#,
        account: ("", ""),
        token: ("/token/", "public.ecr.aws"),
        answer: r#"{"token":"TOKEN"}"#,
    },
    Provider {
        name: "Google Artifact Registry",
        repository: "project/repository/app",
        challenge: r#"Bearer realm="http://HOST/v2/token",service="europe-docker.pkg.dev",scope="SCOPE""#,
        account: ("_json_key", KEY),
        token: ("/v2/token", "europe-docker.pkg.dev"),
        answer: PLAIN,
    },
    Provider {
        name: "Google Artifact Registry, its key in one word",
        repository: "project/repository/app",
        challenge: r#"Bearer realm="http://HOST/v2/token",service="europe-docker.pkg.dev",scope="SCOPE""#,
        account: ("_json_key_base64", "eyJ0eXBlIjoic2VydmljZV9hY2NvdW50In0="),
        token: ("/v2/token", "europe-docker.pkg.dev"),
        answer: PLAIN,
    },
    Provider {
        name: "Google Artifact Registry, an access token",
        repository: "project/repository/app",
        challenge: r#"Bearer realm="http://HOST/v2/token",service="europe-docker.pkg.dev",scope="SCOPE""#,
        account: ("oauth2accesstoken", "ya29.a0"),
        token: ("/v2/token", "europe-docker.pkg.dev"),
        answer: PLAIN,
    },
    Provider {
        name: "ACR",
        repository: "app",
        challenge: r#"Bearer realm="http://HOST/oauth2/token",service="lab.azurecr.io",scope="SCOPE""#,
        account: ("lab", "admin-password"),
        token: ("/oauth2/token", "lab.azurecr.io"),
        answer: r#"{"access_token":"TOKEN"}"#,
    },
    Provider {
        name: "ACR, an access token",
        repository: "app",
        challenge: r#"Bearer realm="http://HOST/oauth2/token",service="lab.azurecr.io",scope="SCOPE""#,
        account: ("00000000-0000-0000-0000-000000000000", "acr-access-token"),
        token: ("/oauth2/token", "lab.azurecr.io"),
        answer: r#"{"access_token":"TOKEN"}"#,
    },
    Provider {
        name: "Alibaba ACR",
        repository: "namespace/app",
        challenge: r#"Bearer realm="http://AUTH/auth",service="registry.aliyuncs.com:cn-hangzhou:26842",scope="SCOPE""#,
        account: ("user@1234567890123456", "alibaba"),
        token: ("/auth", "registry.aliyuncs.com:cn-hangzhou:26842"),
        answer: r#"{"access_token":"TOKEN","token":"TOKEN"}"#,
    },
];

const TOKEN: &str = "DockerToken.of-the-test";

/// The addresses of a provider's two servers.
#[derive(Debug, Default)]
struct Places {
    host: OnceLock<String>,
    auth: OnceLock<String>,
}

impl Places {
    fn put_into(&self, text: &str) -> String {
        let text = text.replace("HOST", self.host.get().unwrap());
        text.replace("AUTH", self.auth.get().unwrap())
    }
}

impl Provider {
    fn scope(&self) -> String {
        format!("repository:{}:pull", self.repository)
    }

    fn basic(&self) -> String {
        match self.account {
            ("", _) => String::new(),
            (name, password) => format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))),
        }
    }

    /// What a request must show to be let in.
    fn pass(&self) -> String {
        if self.token.0.is_empty() { self.basic() } else { format!("Bearer {TOKEN}") }
    }

    fn react(&self, places: &Places, seen: &Seen) -> Reaction {
        if !self.token.0.is_empty() && seen.path == self.token.0 {
            return self.grant(places, seen).into();
        }
        if seen.header("authorization") != self.pass() {
            let challenge = places.put_into(self.challenge).replace("SCOPE", &self.scope());
            return Reply::new(401).header("www-authenticate", &challenge).into();
        }
        if seen.path != format!("/v2/{}/manifests/1", self.repository) {
            return Reply::new(404).into();
        }
        let digest = Digest::of(self.name.as_bytes());
        Reply::new(200).header("docker-content-digest", digest.as_str()).into()
    }

    fn grant(&self, places: &Places, seen: &Seen) -> Reply {
        let pairs = url::form_urlencoded::parse(seen.query.as_bytes());
        let has = |name: &str, value: &str| {
            pairs.into_iter().any(|(own, found)| own == name && found == value)
        };
        let asked = has("service", &places.put_into(self.token.1)) && has("scope", &self.scope());
        if !asked || seen.header("authorization") != self.basic() {
            let body = json!({"errors": [{"code": "UNAUTHORIZED", "message": "not so"}]});
            return Reply::new(401).body(body.to_string());
        }
        Reply::new(200).body(self.answer.replace("TOKEN", TOKEN))
    }
}

#[tokio::test]
async fn each_provider_lets_in_who_asks_as_it_wants_it() {
    for provider in PROVIDERS {
        let places = Arc::new(Places::default());
        let start = || {
            let places = places.clone();
            ScriptedServer::plain(move |seen| provider.react(&places, seen))
        };
        let (registry, auth) = (start(), start());
        places.host.set(registry.address()).unwrap();
        places.auth.set(auth.address()).unwrap();
        let (name, password) = provider.account;
        let login = || Login::Password { username: name.into(), password: Secret::new(password) };
        let login = (!name.is_empty()).then(login);
        let host = registry.address();
        let credentials = login.map(|login| Credential { host: host.clone(), login });
        let credentials = credentials.into_iter().collect();
        let client = Registry::new(Settings { credentials, ..settings() }).unwrap();
        let image = format!("{host}/{}:1", provider.repository);
        let wanted = Wanted::new(ImageRef::parse(&image).unwrap());
        let name = provider.name;
        for _ in 0..2 {
            let found = digest_of(&client, &wanted).await;
            let digest = found.map(|found| found.digest);
            assert_eq!(digest, Ok(Digest::of(name.as_bytes())), "{name}");
        }
        // The challenge, the answer, and later the answer alone; one token for both.
        assert_eq!(registry.count("HEAD", "/manifests/"), 3, "{name}");
        let tokens = usize::from(!provider.token.0.is_empty());
        let asked = registry.count("GET", provider.token.0) + auth.count("GET", provider.token.0);
        assert_eq!(asked, tokens, "{name}");
        let elsewhere = auth.seen();
        let leaked = elsewhere.iter().any(|seen| seen.header("authorization").contains(TOKEN));
        assert!(!leaked, "{name}: the registry's token is for the registry");
    }
}

/// What a wrong password comes to: a refusal that names the account, never its password.
#[tokio::test]
async fn each_provider_that_knows_accounts_refuses_a_wrong_password() {
    for provider in PROVIDERS.into_iter().filter(|provider| !provider.account.0.is_empty()) {
        let places = Arc::new(Places::default());
        let shared = places.clone();
        let registry = ScriptedServer::plain(move |seen| provider.react(&shared, seen));
        places.host.set(registry.address()).unwrap();
        places.auth.set(registry.address()).unwrap();
        let (host, username) = (registry.address(), provider.account.0.to_owned());
        let login = Login::Password { username, password: Secret::new("wr0ng-password") };
        let credentials = vec![Credential { host: host.clone(), login }];
        let client = Registry::new(Settings { credentials, ..settings() }).unwrap();
        let image = format!("{host}/{}:1", provider.repository);
        let wanted = Wanted::new(ImageRef::parse(&image).unwrap());
        let error = digest_of(&client, &wanted).await.unwrap_err();
        let (name, text) = (provider.name, error.to_string());
        assert_eq!(error.code(), "unauthorized", "{name}: {text}");
        assert!(text.contains(provider.account.0), "{name}: {text}");
        assert!(!text.contains("wr0ng-password"), "{name}: {text}");
    }
}

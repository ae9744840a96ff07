//! A registry in the test's own process: images, ways to be let in, and reactions out of order.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use docker_auto::core::digest::Digest;
use docker_auto::core::reference::ImageRef;
use docker_auto::registry::{
    Freshness, Now, Registry, RegistryError, RemoteDigest, Settings, Timing, Wanted,
};
use serde_json::{Value, json};

use super::door::{Door, Doorkeeper};
use crate::support::scripted::{Reaction, Reply, ScriptedServer, Seen};

pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

#[derive(Clone, Debug)]
struct Content {
    media_type: &'static str,
    body: Bytes,
}

/// A registry with its server.
#[derive(Debug)]
pub(super) struct Fake {
    pub(super) server: ScriptedServer,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    doorkeeper: Doorkeeper,
    contents: Mutex<HashMap<String, Content>>,
    scripts: Mutex<HashMap<(String, String), VecDeque<Reaction>>>,
    delay: Mutex<Duration>,
}

impl Fake {
    pub(super) fn open() -> Self {
        Self::new(Door::Open)
    }

    /// Starts a registry without TLS.
    pub(super) fn new(door: Door) -> Self {
        Self::started(door, "http", ScriptedServer::plain)
    }

    /// Starts a registry with TLS.
    pub(super) fn tls(door: Door, config: rustls::ServerConfig) -> Self {
        Self::started(door, "https", |script| ScriptedServer::tls(config, script))
    }

    fn started(
        door: Door,
        scheme: &str,
        start: impl FnOnce(Box<dyn Fn(&Seen) -> Reaction + Send + Sync>) -> ScriptedServer,
    ) -> Self {
        let state = Arc::new(State {
            doorkeeper: Doorkeeper::new(door),
            contents: Mutex::default(),
            scripts: Mutex::default(),
            delay: Mutex::default(),
        });
        let shared = state.clone();
        let server = start(Box::new(move |seen| shared.react(seen)));
        state.doorkeeper.base.set(format!("{scheme}://{}", server.address())).unwrap();
        Self { server, state }
    }

    /// Returns the reference of an image here.
    pub(super) fn reference(&self, name: &str) -> ImageRef {
        ImageRef::parse(&format!("{}/{name}", self.server.address())).unwrap()
    }

    pub(super) fn wanted(&self, name: &str) -> Wanted {
        Wanted::new(self.reference(name))
    }

    /// Adds `count` images and returns them as wanted.
    pub(super) fn images(&self, count: usize) -> Vec<Wanted> {
        let names = (0..count).map(|number| format!("team/app{number}"));
        names
            .map(|name| {
                self.put_image(&name, "1");
                self.wanted(&format!("{name}:1"))
            })
            .collect()
    }

    /// Adds a manifest or an index under a tag and its digest.
    pub(super) fn put_manifest(
        &self,
        (repository, tag): (&str, &str),
        media_type: &'static str,
        body: &Value,
    ) -> Digest {
        let body = Bytes::from(body.to_string());
        let digest = Digest::of(&body);
        for name in [tag, digest.as_str()] {
            let path = format!("/v2/{repository}/manifests/{name}");
            self.state.put(path, Content { media_type, body: body.clone() });
        }
        digest
    }

    pub(super) fn put_blob(&self, repository: &str, body: impl Into<Bytes>) -> Digest {
        let body = body.into();
        let digest = Digest::of(&body);
        let path = format!("/v2/{repository}/blobs/{digest}");
        self.state.put(path, Content { media_type: "application/octet-stream", body });
        digest
    }

    /// Adds an image for a platform and returns the digests of its manifest and config.
    pub(super) fn put_platform(
        &self,
        (repository, tag): (&str, &str),
        platform: &Value,
    ) -> (Digest, Digest) {
        let mut config = platform.clone();
        config["config"] = json!({"Labels": {"of": format!("{repository}:{tag}")}});
        let text = config.to_string();
        let size = text.len();
        let config = self.put_blob(repository, text);
        let layer = Digest::of(b"layer");
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"digest": config, "size": size},
            "layers": [{"digest": layer, "size": 1000}],
        });
        (self.put_manifest((repository, tag), MANIFEST, &manifest), config)
    }

    pub(super) fn put_image(&self, repository: &str, tag: &str) -> Digest {
        self.put_platform((repository, tag), &json!({"os": "linux", "architecture": "amd64"})).0
    }

    /// Sets the list of a repository's tags, in one page.
    pub(super) fn put_tags(&self, repository: &str, tags: &[&str]) {
        let body = Bytes::from(json!({"name": repository, "tags": tags}).to_string());
        let content = Content { media_type: "application/json", body };
        self.state.put(format!("/v2/{repository}/tags/list"), content);
    }

    /// Returns what lies at a path.
    pub(super) fn content(&self, path: &str) -> Bytes {
        self.state.contents.lock().unwrap()[path].body.clone()
    }

    /// Lets the next requests of this kind be answered out of order.
    pub(super) fn script(
        &self,
        method: &str,
        path: &str,
        reactions: impl IntoIterator<Item = Reaction>,
    ) {
        let key = (method.to_owned(), path.to_owned());
        self.state.scripts.lock().unwrap().entry(key).or_default().extend(reactions);
    }

    /// Takes this long for every image from now on.
    pub(super) fn slow_down(&self, delay: Duration) {
        *self.state.delay.lock().unwrap() = delay;
    }

    /// Makes every token issued so far invalid.
    pub(super) fn revoke(&self) {
        self.state.doorkeeper.revoke();
    }
}

impl State {
    fn put(&self, path: String, content: Content) {
        self.contents.lock().unwrap().insert(path, content);
    }

    fn react(&self, seen: &Seen) -> Reaction {
        let key = (seen.method.clone(), seen.path.clone());
        if let Some(queue) = self.scripts.lock().unwrap().get_mut(&key)
            && let Some(reaction) = queue.pop_front()
        {
            return reaction;
        }
        if seen.path == "/token" {
            return self.doorkeeper.token(seen).into();
        }
        match self.doorkeeper.refusal(seen) {
            Some(reply) => reply.into(),
            None => Reaction::After(*self.delay.lock().unwrap(), self.content(seen)),
        }
    }

    fn content(&self, seen: &Seen) -> Reply {
        let contents = self.contents.lock().unwrap();
        let accepted = |content: &&Content| {
            seen.path.contains("/blobs/") || seen.header("accept").contains(content.media_type)
        };
        let Some(content) = contents.get(&seen.path).filter(accepted) else {
            return Reply::new(404).body(r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#);
        };
        let reply = Reply::new(200)
            .header("content-type", content.media_type)
            .header("content-length", &content.body.len().to_string())
            .header("docker-content-digest", Digest::of(&content.body).as_str());
        if seen.method == "HEAD" { reply } else { reply.body(content.body.clone()) }
    }
}

/// Returns settings with time limits that suit a test and a clock that stands still.
pub(super) fn settings() -> Settings {
    let now = "2026-11-22T10:00:00Z".parse().unwrap();
    Settings {
        timing: Timing {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(5),
            budget: Duration::from_secs(10),
            download: Duration::from_secs(10),
            backoff: Duration::from_millis(5),
        },
        ..Settings::new(Now::new(move || now))
    }
}

/// Returns the code of an error, or `ok`.
pub(super) fn outcome_of<T>(result: &Result<T, RegistryError>) -> &'static str {
    result.as_ref().map_or_else(RegistryError::code, |_| "ok")
}

/// Asks for one image, forced.
pub(super) async fn digest_of(
    registry: &Registry,
    wanted: &Wanted,
) -> Result<RemoteDigest, RegistryError> {
    let mut replies = registry.check(vec![wanted.clone()], Freshness::Forced).await;
    replies.remove(&wanted.reference).unwrap()
}

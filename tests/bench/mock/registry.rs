//! The registry: real manifests from memory, every request counted, closed by Bearer tokens where the scene says so.

use super::listen::{Answer, Reply, reply};
use super::token::Issued;
use crate::count::Counters;
use crate::image::{Document, Image};
use http::{HeaderValue, Method, Request};
use hyper::body::Incoming;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The documents of a registry by the path of their request.
#[derive(Default)]
pub(crate) struct Shelf(HashMap<String, Document>);

impl Shelf {
    /// Adds an image; `tags` name it besides its digest.
    pub(crate) fn add(&mut self, image: &Image, tags: &[&str]) {
        let repository = &image.repository;
        let references = tags.iter().copied().chain([image.top.digest.as_str()]);
        for reference in references {
            self.0.insert(format!("/v2/{repository}/manifests/{reference}"), image.top.clone());
        }
        for manifest in &image.manifests {
            let path = format!("/v2/{repository}/manifests/{}", manifest.digest);
            self.0.insert(path, manifest.clone());
        }
        for blob in image.layers.iter().chain([&image.config]) {
            self.0.insert(format!("/v2/{repository}/blobs/{}", blob.digest), blob.clone());
        }
    }
}

/// What every listener of the registry shows; exchanged when the scene changes.
pub(crate) type Shelves = Arc<RwLock<Arc<Shelf>>>;

/// One listener of the registry.
pub(crate) struct Registry {
    pub(crate) shelves: Shelves,
    pub(crate) counters: Arc<Counters>,
    pub(crate) door: Door,
}

/// Who may come in.
pub(crate) enum Door {
    Open,
    /// Who has a token from this address.
    Token {
        realm: String,
        issued: Arc<Issued>,
    },
}

impl Answer for Registry {
    fn connected(&self) {
        self.counters.record(|counts| counts.registry_connections += 1);
    }

    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let path = request.uri().path();
        let authorization = request.headers().get("authorization");
        let sent = authorization.map_or(0, HeaderValue::len);
        let sent = u64::try_from(sent).unwrap_or(u64::MAX);
        let ping = path == "/v2/";
        self.counters.record(|counts| {
            counts.pings += u64::from(ping);
            counts.authorization_bytes += sent;
        });
        let repository = repository_of(path);
        if let Door::Token { realm, issued } = &self.door {
            let token = authorization
                .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
                .unwrap_or_default();
            if !issued.opens(token, repository) {
                self.counters.record(|counts| counts.challenges += 1);
                return challenge(realm, repository);
            }
        }
        if ping {
            return reply(200, "application/json", "{}");
        }
        self.document(request.method(), path)
    }
}

impl Registry {
    fn document(&self, method: &Method, path: &str) -> Reply {
        if path.ends_with("/tags/list") {
            self.counters.record(|counts| counts.tag_lists += 1);
            let body = format!(r#"{{"name":"{}","tags":["stable"]}}"#, repository_of(path));
            return reply(200, "application/json", body);
        }
        let documents = Arc::clone(&self.shelves.read().unwrap_or_else(PoisonError::into_inner));
        let Some(document) = documents.0.get(path) else {
            self.counters.record(|counts| counts.unknown += 1);
            let body = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
            return reply(404, "application/json", body);
        };
        let head = method == Method::HEAD;
        let manifest = path.contains("/manifests/");
        self.counters.record(|counts| match (manifest, head) {
            (true, true) => counts.heads += 1,
            (true, false) => counts.manifest_gets += 1,
            (false, _) => counts.blob_gets += 1,
        });
        found(document)
    }
}

fn found(document: &Document) -> Reply {
    let mut reply = reply(200, document.media, document.bytes.clone());
    let digest = document.digest.parse().expect("digests are ASCII");
    let etag = format!("\"{}\"", document.digest).parse().expect("digests are ASCII");
    let headers = reply.headers_mut();
    headers.insert("docker-content-digest", digest);
    headers.insert("docker-distribution-api-version", HeaderValue::from_static("registry/2.0"));
    headers.insert("etag", etag);
    reply
}

fn challenge(realm: &str, repository: &str) -> Reply {
    let scope = if repository.is_empty() {
        String::new()
    } else {
        format!(r#",scope="repository:{repository}:pull""#)
    };
    let body = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#;
    let mut reply = reply(401, "application/json", body);
    let value = format!(r#"Bearer realm="{realm}",service="bench"{scope}"#);
    let value = value.parse().expect("addresses and repositories are ASCII");
    reply.headers_mut().insert("www-authenticate", value);
    reply
}

/// Returns the repository that a path is about, or nothing for the ping.
fn repository_of(path: &str) -> &str {
    let rest = path.strip_prefix("/v2/").unwrap_or_default();
    ["/manifests/", "/blobs/", "/tags/list"]
        .iter()
        .find_map(|middle| Some(rest.split_once(middle)?.0))
        .unwrap_or_default()
}

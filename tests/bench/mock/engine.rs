//! The engine: the calls of the Docker API that reading needs, answered from the scene's inventory.

use super::inventory::{API_VERSION, Inventory, networks, version};
use super::listen::{Answer, Reply, reply};
use crate::count::Counters;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};

/// A Docker engine that only shows things.
pub(crate) struct Engine {
    pub(crate) inventory: Arc<RwLock<Arc<Inventory>>>,
    pub(crate) counters: Arc<Counters>,
}

impl Answer for Engine {
    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let path = unversioned(request.uri().path());
        let kind = format!("{} {}", request.method(), kind(path));
        self.counters.record(|counts| *counts.engine.entry(kind).or_default() += 1);
        let inventory = Arc::clone(&self.inventory.read().unwrap_or_else(PoisonError::into_inner));
        let mut answer = match path {
            "/_ping" => reply(200, "text/plain; charset=utf-8", "OK"),
            "/version" => reply(200, JSON, version()),
            "/info" => reply(200, JSON, inventory.info.clone()),
            "/containers/json" => reply(200, JSON, inventory.containers.clone()),
            "/images/json" => reply(200, JSON, inventory.images.clone()),
            "/networks" => reply(200, JSON, networks()),
            "/volumes" => reply(200, JSON, r#"{"Volumes":[],"Warnings":null}"#),
            "/events" => silence(),
            "/services" => reply(503, JSON, r#"{"message":"This node is not a swarm manager."}"#),
            _ => inspection(&inventory, path),
        };
        let headers = answer.headers_mut();
        headers.insert("api-version", http::HeaderValue::from_static(API_VERSION));
        headers.insert("ostype", http::HeaderValue::from_static("linux"));
        headers.insert("server", http::HeaderValue::from_static("Docker/28.5.2 (linux)"));
        answer
    }
}

const JSON: &str = "application/json";

/// Returns a path without the API version in front.
fn unversioned(path: &str) -> &str {
    match path.strip_prefix("/v1.").and_then(|rest| rest.find('/').map(|at| &rest[at..])) {
        Some(rest) => rest,
        None => path,
    }
}

/// Returns a path without the identifier in its middle.
fn kind(path: &str) -> String {
    for (start, end) in [("/containers/", "/json"), ("/images/", "/json")] {
        if path.starts_with(start) && path.ends_with(end) && path.len() > start.len() + end.len() {
            return format!("{start}*{end}");
        }
    }
    path.to_owned()
}

fn inspection(inventory: &Inventory, path: &str) -> Reply {
    let name = path
        .strip_prefix("/containers/")
        .or_else(|| path.strip_prefix("/images/"))
        .and_then(|rest| rest.strip_suffix("/json"))
        .unwrap_or_default()
        .replace("%2F", "/")
        .replace("%3A", ":");
    match inventory.inspections.get(&name) {
        Some(body) => reply(200, JSON, body.clone()),
        None => reply(404, JSON, r#"{"message":"page not found"}"#),
    }
}

/// Returns a stream of events that never has one.
fn silence() -> Reply {
    Response::builder()
        .header("content-type", JSON)
        .body(Silence.boxed())
        .expect("the parts are valid")
}

struct Silence;

impl Body for Silence {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

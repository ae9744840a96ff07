//! One way to an engine: raw JSON calls and bollard over the same pooled client.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bollard::{BollardRequest, Docker};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::connect::Connector;
use crate::core::inventory::ApiVersion;

use super::call::{Call, Connection, Limit, Overflow};
use super::endpoint::Endpoint;
use super::error::{DockerError, no_answer};
use super::version::{self, Pinned};

/// How long calls may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the first answer of an engine.
    pub ping: Duration,
    /// For questions.
    pub ask: Duration,
    /// For changes.
    pub manage: Duration,
    /// For a stop, on top of the grace that the container has.
    pub stop_margin: Duration,
    /// For a whole pull.
    pub pull: Duration,
    /// Between two lines of a pull's progress.
    pub pull_idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            ping: Duration::from_secs(15),
            ask: Duration::from_mins(1),
            manage: Duration::from_mins(2),
            stop_margin: Duration::from_mins(1),
            pull: Duration::from_mins(30),
            pull_idle: Duration::from_mins(5),
        }
    }
}

/// The body type that bollard's requests have; ours share it, and with it the client.
pub(super) type Body = Either<Full<Bytes>, StreamBody<Frames>>;
type Frames = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, io::Error>> + Send>>;

/// The way to one engine; cloning is cheap.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    clients: Clients,
    bollard: Docker,
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) timeouts: Timeouts,
    pub(super) pinned: Pinned,
}

/// An answer with its body read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: http::HeaderMap,
    pub(super) bytes: Bytes,
}

impl Transport {
    pub(super) fn new(endpoint: Endpoint, timeouts: Timeouts) -> Result<Self, DockerError> {
        let clients = Clients::new(&endpoint)?;
        let pinned = Pinned::default();
        let (own, pin) = (clients.clone(), pinned.clone());
        let bollard = Docker::connect_with_custom_transport(
            move |request: BollardRequest| {
                let (clients, request) = (own.clone(), version::pin(request, &own.base, &pin));
                async move {
                    let client = clients.of(request.method());
                    let answer = client.request(request).await;
                    answer.map_err(|error| bollard::errors::Error::from(io::Error::other(error)))
                }
            },
            Some("http://docker"),
            timeouts.pull.as_secs(),
            bollard::API_DEFAULT_VERSION,
        );
        let bollard = bollard.map_err(|source| DockerError::BadAnswer {
            doing: "setting up the client".to_owned(),
            endpoint: endpoint.to_string(),
            call: "nothing yet".to_owned(),
            source: source.into(),
        })?;
        Ok(Self { clients, bollard, endpoint: Arc::new(endpoint), timeouts, pinned })
    }

    /// Returns bollard on this transport, once the version is agreed on.
    pub(super) async fn bollard(&self) -> Result<Docker, DockerError> {
        self.version().await?;
        Ok(self.bollard.clone())
    }

    /// Makes a call and reads its answer as JSON; an empty one is null.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Value, DockerError> {
        let answer = self.send(&call).await?;
        if answer.bytes.is_empty() {
            return Ok(Value::Null);
        }
        self.read(&call, &answer)
    }

    /// Makes a call and reads its answer into a type.
    pub(super) async fn ask<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, DockerError> {
        let answer = self.send(&call).await?;
        self.read(&call, &answer)
    }

    /// Makes a call, at the agreed version; agrees anew where the engine has another one now.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Answer, DockerError> {
        let version = self.version().await?;
        let answer = self.attempt(call, Some(version)).await;
        let answer = match answer {
            Ok(answer) if version::is_refused(&answer) => {
                // Nothing was done with the call: the engine was exchanged since we agreed.
                self.pinned.clear();
                let version = self.version().await?;
                self.attempt(call, Some(version)).await?
            }
            answer => answer?,
        };
        if answer.status.is_success() || answer.status == StatusCode::NOT_MODIFIED {
            return Ok(answer);
        }
        Err(self.refusal(call, &answer))
    }

    /// Sends a call once; a failure forgets the agreed version, for another engine may come back.
    pub(super) async fn attempt(
        &self,
        call: &Call<'_>,
        version: Option<ApiVersion>,
    ) -> Result<Answer, DockerError> {
        let limit = self.limit(call.limit);
        let result = match tokio::time::timeout(limit, self.exchange(call, version)).await {
            Ok(result) => result,
            Err(_) => Err(DockerError::Timeout {
                doing: call.doing.to_string(),
                endpoint: self.endpoint.to_string(),
                after: limit,
            }),
        };
        if result.as_ref().is_err_and(DockerError::is_unreachable) {
            self.pinned.clear();
        }
        result
    }

    /// Makes a call whose answer has no end of its own; its time limit is for the beginning.
    pub(super) async fn open(&self, call: &Call<'_>) -> Result<Incoming, DockerError> {
        let version = self.version().await?;
        let request = self.request(call, Some(version))?;
        let limit = self.limit(call.limit);
        let response = self.clients.of_call(call).request(request);
        let Ok(response) = tokio::time::timeout(limit, response).await else {
            let endpoint = self.endpoint.to_string();
            return Err(DockerError::Timeout {
                doing: call.doing.to_string(),
                endpoint,
                after: limit,
            });
        };
        let (parts, body) =
            response.map_err(|error| self.silence(call, error.into()))?.into_parts();
        if parts.status.is_success() {
            return Ok(body);
        }
        let bytes = self.collect(call, body).await?;
        Err(self.refusal(call, &Answer { status: parts.status, headers: parts.headers, bytes }))
    }

    /// Makes a call whose body is sent piece by piece.
    pub(super) async fn upload(&self, call: &Call<'_>, body: Body) -> Result<(), DockerError> {
        let version = self.version().await?;
        let mut request = self.request(call, Some(version))?;
        *request.body_mut() = body;
        let limit = self.limit(call.limit);
        let Ok(answer) = tokio::time::timeout(limit, self.answer(call, request)).await else {
            let (doing, endpoint) = (call.doing.to_string(), self.endpoint.to_string());
            return Err(DockerError::Timeout { doing, endpoint, after: limit });
        };
        let answer = answer?;
        if answer.status.is_success() { Ok(()) } else { Err(self.refusal(call, &answer)) }
    }

    async fn exchange(
        &self,
        call: &Call<'_>,
        version: Option<ApiVersion>,
    ) -> Result<Answer, DockerError> {
        self.answer(call, self.request(call, version)?).await
    }

    async fn answer(&self, call: &Call<'_>, request: Request<Body>) -> Result<Answer, DockerError> {
        let response = self.clients.of_call(call).request(request).await;
        let response = response.map_err(|error| self.silence(call, error.into()))?;
        let (parts, body) = response.into_parts();
        let bytes = self.collect(call, body).await?;
        Ok(Answer { status: parts.status, headers: parts.headers, bytes })
    }

    async fn collect(&self, call: &Call<'_>, mut body: Incoming) -> Result<Bytes, DockerError> {
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.silence(call, error.into()))?;
            let Ok(data) = frame.into_data() else { continue };
            let room = call.largest.saturating_sub(bytes.len());
            if data.len() > room {
                if call.overflow == Overflow::Refuse {
                    let reason = format!("it is larger than {} MiB", call.largest >> 20);
                    return Err(self.bad_answer(call, reason.into()));
                }
                bytes.extend_from_slice(&data.slice(..room));
                break;
            }
            bytes.extend_from_slice(&data);
        }
        Ok(bytes.freeze())
    }

    fn request(
        &self,
        call: &Call<'_>,
        version: Option<ApiVersion>,
    ) -> Result<Request<Body>, DockerError> {
        let version = version.map(|version| format!("/v{version}")).unwrap_or_default();
        let uri = format!("{}{version}{}", self.clients.base, call.path_and_query());
        let mut request = Request::builder().method(call.method.clone()).uri(uri);
        let body = match call.body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        let request = request.body(Either::Left(Full::new(body)));
        request.map_err(|error| self.bad_answer(call, error.into()))
    }

    fn limit(&self, limit: Limit) -> Duration {
        match limit {
            Limit::Ask => self.timeouts.ask,
            Limit::Manage => self.timeouts.manage,
            Limit::Within(limit) => limit,
        }
    }

    pub(super) fn read<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        answer: &Answer,
    ) -> Result<T, DockerError> {
        serde_json::from_slice(&answer.bytes).map_err(|error| self.bad_answer(call, error.into()))
    }

    fn silence(&self, call: &Call<'_>, source: Box<dyn Error + Send + Sync>) -> DockerError {
        no_answer(&call.doing, &self.endpoint, source)
    }

    fn bad_answer(&self, call: &Call<'_>, source: Box<dyn Error + Send + Sync>) -> DockerError {
        DockerError::BadAnswer {
            doing: call.doing.to_string(),
            endpoint: self.endpoint.to_string(),
            call: call.to_string(),
            source,
        }
    }
}

/// One client that keeps its connections, and one that makes a new one for each call.
#[derive(Clone, Debug)]
struct Clients {
    base: Arc<str>,
    local: bool,
    kept: Client<Connector, Body>,
    fresh: Client<Connector, Body>,
}

impl Clients {
    fn new(endpoint: &Endpoint) -> Result<Self, DockerError> {
        let connector = endpoint.connector()?;
        Ok(Self {
            base: endpoint.base().into(),
            local: endpoint.socket().is_some(),
            kept: client(connector.clone(), 8),
            fresh: client(connector, 0),
        })
    }

    /// Over the network, changes get a connection of their own, because a proxy may have closed an
    /// idle one without our knowing.
    fn of(&self, method: &Method) -> &Client<Connector, Body> {
        if self.local || method.is_safe() { &self.kept } else { &self.fresh }
    }

    fn of_call(&self, call: &Call<'_>) -> &Client<Connector, Body> {
        match call.connection {
            Connection::Any => self.of(&call.method),
            Connection::New => &self.fresh,
        }
    }
}

/// What a kept connection may hold of an answer that is being read.
const READ_BUFFER: usize = 64 << 10;

fn client(connector: Connector, idle: usize) -> Client<Connector, Body> {
    Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(idle)
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_timer(TokioTimer::new())
        .http1_max_buf_size(READ_BUFFER)
        .build(connector)
}

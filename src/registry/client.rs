//! Sends requests over HTTP/2 or keep-alive HTTP/1.1, within limits of number, time and size, and
//! repeats what failed for the moment.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::Settings;
use super::error::RegistryError;
use super::peer::{Link, Peer, PeerKey};
use super::pool::{MOST_STREAMS, Pools, Security};
use super::retry;
use super::settings::{Now, Timing};
use crate::connect::{ConnectSettings, TlsError, TlsSettings};

/// Who we say that we are.
const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("docker-auto/", env!("CARGO_PKG_VERSION")));

/// The most that is read of an answer that says no.
const LONGEST_REFUSAL: usize = 64 * 1024;

/// One request, as often as it is repeated.
#[derive(Clone, Debug)]
pub(super) struct Request<'a> {
    /// What it is for, as error texts say it: `asking ghcr.io for a/b:1`.
    pub(super) doing: &'a str,
    /// Whose quota it counts against: the path of the credentials that the host has for it.
    pub(super) account: &'a str,
    pub(super) method: Method,
    /// The path with its query.
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The longest answer that is accepted.
    pub(super) longest: usize,
    /// How long everything may take, repeats included, once it is its turn.
    pub(super) budget: Duration,
}

impl<'a> Request<'a> {
    /// Returns a question that is answered in JSON, without credentials so far.
    pub(super) fn json(doing: &'a str, path: String, longest: usize, budget: Duration) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let (method, body) = (Method::GET, Bytes::new());
        Self { doing, account: "", method, path, headers, body, longest, budget }
    }

    /// Says whether Docker Hub counts it as a pull: it is content of a manifest.
    pub(super) fn counts_as_pull(&self) -> bool {
        self.method == Method::GET && self.path.contains("/manifests/")
    }
}

/// What was answered; never "too many requests" or an error of the server, those are errors.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The body may be a token.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, body, .. } = self;
        write!(f, "Answer {{ {status}, {} bytes }}", body.len())
    }
}

/// Sends requests to any host.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) pools: Arc<Pools>,
    peers: Mutex<HashMap<PeerKey, Arc<Peer>>>,
    /// How many HTTP/1.1 connections work at a time, over all hosts.
    pub(super) connections: Arc<Semaphore>,
    per_registry: usize,
    quota_floor: u64,
    timing: Timing,
    now: Now,
}

/// The time left for a request; it runs from the first attempt, not while it queues.
pub(super) struct Budget {
    whole: Duration,
    end: Option<Instant>,
}

impl Budget {
    pub(super) fn of(request: &Request<'_>) -> Self {
        Self { whole: request.budget, end: None }
    }

    fn start(&mut self) {
        self.end.get_or_insert_with(|| Instant::now() + self.whole);
    }

    /// Returns the limit that a wait came up against: what was left of the whole says nothing.
    fn waited(&self, patience: Duration, usual: Duration) -> Duration {
        if patience < usual { self.whole } else { usual }
    }

    fn left(&self) -> Duration {
        self.end.map_or(self.whole, |end| end.saturating_duration_since(Instant::now()))
    }
}

impl Client {
    pub(super) fn new(settings: &Settings) -> Result<Self, TlsError> {
        let authorities = settings.certificate_authorities.clone();
        let tls = TlsSettings { authorities, ..TlsSettings::default() };
        let connect = ConnectSettings {
            proxy: settings.proxy.clone(),
            timeout: settings.timing.connect,
            ..ConnectSettings::default()
        };
        Ok(Self {
            pools: Pools::new(&tls, &connect)?.into(),
            peers: Mutex::default(),
            connections: Arc::new(Semaphore::new(settings.concurrency.max(1))),
            per_registry: settings.per_registry.min(MOST_STREAMS),
            quota_floor: settings.quota_floor,
            timing: settings.timing,
            now: settings.now.clone(),
        })
    }

    /// Returns the one peer with this key.
    pub(super) fn peer(&self, key: PeerKey) -> Arc<Peer> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let new =
            |key: &PeerKey| Arc::new(Peer::new(key.clone(), self.per_registry, self.quota_floor));
        peers.entry(key).or_insert_with_key(new).clone()
    }

    /// Returns the time limits.
    pub(super) fn timing(&self) -> &Timing {
        &self.timing
    }

    /// Returns the present moment.
    pub(super) fn now(&self) -> crate::core::id::Timestamp {
        self.now.read()
    }

    /// Sends a request and repeats it while that may help and its time lasts.
    pub(super) async fn call(
        &self,
        peer: &Peer,
        request: &Request<'_>,
    ) -> Result<Answer, RegistryError> {
        let mut budget = Budget::of(request);
        let first = self.attempt(peer, request, &mut budget).await;
        self.repeat((peer, request), first, budget).await
    }

    /// Repeats a request that was tried once, while that may help and its time lasts.
    pub(super) async fn repeat(
        &self,
        (peer, request): (&Peer, &Request<'_>),
        first: Result<Answer, RegistryError>,
        mut budget: Budget,
    ) -> Result<Answer, RegistryError> {
        let mut attempted = first;
        let mut repeated = 0;
        loop {
            let error = match attempted {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            peer.trouble().failed(&error);
            let first = self.timing.backoff;
            let wait = retry::pause(&error, repeated, first, budget.left());
            let Some(wait) = wait.filter(|_| !peer.trouble().is_given_up()) else {
                peer.gave_up(&error);
                return Err(error);
            };
            budget.start();
            tokio::time::sleep(wait).await;
            repeated += 1;
            attempted = self.attempt(peer, request, &mut budget).await;
        }
    }

    async fn attempt(
        &self,
        peer: &Peer,
        request: &Request<'_>,
        budget: &mut Budget,
    ) -> Result<Answer, RegistryError> {
        peer.check(request)?;
        let link = peer.link(&self.pools, request.doing).await?;
        let _turn = link.limit.acquire().await;
        let _connection = if link.http2 { None } else { self.connections.acquire().await.ok() };
        // While this one queued, the host may have fallen silent or asked for a pause.
        self.attempt_over((peer, &link), request, budget).await
    }

    /// Sends a request once over a way that may be none.
    pub(super) async fn attempt_over(
        &self,
        (peer, link): (&Peer, &Link),
        request: &Request<'_>,
        budget: &mut Budget,
    ) -> Result<Answer, RegistryError> {
        peer.check(request)?;
        budget.start();
        let answer = self.exchange((peer, link), request, budget).await?;
        self.judge((peer, link), request, answer)
    }

    /// Sends one request and reads the whole answer.
    async fn exchange(
        &self,
        (peer, link): (&Peer, &Link),
        request: &Request<'_>,
        budget: &Budget,
    ) -> Result<Answer, RegistryError> {
        let doing = request.doing;
        let http = self.http_request(peer, link, request)?;
        let usual = self.timing.connect + self.timing.read;
        let patience = usual.min(budget.left());
        let sending = self.pools.client(link.security, link.http2).request(http);
        let response = match timeout(patience, sending).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                if error.is_connect() {
                    peer.forget_link();
                }
                return Err(RegistryError::of_sending(doing, &error));
            }
            Err(_) => {
                let after = budget.waited(patience, usual);
                return Err(RegistryError::Timeout { doing: doing.into(), after });
            }
        };
        let (head, body) = response.into_parts();
        let body = if head.status.is_success() {
            self.read(body, request, budget).await?
        } else {
            // What a refusal says is shown if it can be read, and else its status is enough.
            let short = Request { longest: LONGEST_REFUSAL, ..request.clone() };
            self.read(body, &short, budget).await.unwrap_or_default()
        };
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    fn http_request(
        &self,
        peer: &Peer,
        link: &Link,
        request: &Request<'_>,
    ) -> Result<http::Request<Full<Bytes>>, RegistryError> {
        let uri = peer
            .uri(link.security, &request.path)
            .map_err(|error| RegistryError::of_connecting(request.doing, &error))?;
        let mut headers = request.headers.clone();
        headers.insert(header::USER_AGENT, USER_AGENT);
        if link.security == Security::Plain
            && let Some(authorization) = self.pools.proxy_authorization(&uri)
        {
            headers.insert(header::PROXY_AUTHORIZATION, authorization);
        }
        let mut http = http::Request::new(Full::new(request.body.clone()));
        *http.method_mut() = request.method.clone();
        *http.uri_mut() = uri;
        *http.headers_mut() = headers;
        Ok(http)
    }

    /// Reads a body to its end, so that the connection can be used again.
    async fn read(
        &self,
        mut body: Incoming,
        request: &Request<'_>,
        budget: &Budget,
    ) -> Result<Bytes, RegistryError> {
        let too_long = || {
            let reason = format!("the answer is longer than {} bytes", request.longest);
            RegistryError::bad_answer(request.doing, reason)
        };
        if request.method != Method::HEAD && body.size_hint().lower() > request.longest as u64 {
            return Err(too_long());
        }
        let mut content = BytesMut::new();
        loop {
            let patience = self.timing.read.min(budget.left());
            let doing = || request.doing.into();
            match timeout(patience, body.frame()).await {
                Err(_) => {
                    let after = budget.waited(patience, self.timing.read);
                    return Err(RegistryError::Timeout { doing: doing(), after });
                }
                Ok(None) => return Ok(content.freeze()),
                Ok(Some(Err(_))) => return Err(RegistryError::CutOff { doing: doing() }),
                Ok(Some(Ok(frame))) => {
                    let Ok(data) = frame.into_data() else { continue };
                    if content.len() + data.len() > request.longest {
                        return Err(too_long());
                    }
                    content.extend_from_slice(&data);
                }
            }
        }
    }

    /// Makes errors of answers that say "not now", and keeps what they say of limits.
    fn judge(
        &self,
        (peer, link): (&Peer, &Link),
        request: &Request<'_>,
        answer: Answer,
    ) -> Result<Answer, RegistryError> {
        let now = self.now();
        peer.answered(request.account, &answer.headers, now);
        let doing = || request.doing.into();
        match answer.status {
            StatusCode::TOO_MANY_REQUESTS => {
                let wait = retry::wait_asked(&answer.headers, now);
                let until = wait.and_then(|wait| chrono::Duration::from_std(wait).ok());
                let until = until.and_then(|wait| now.checked_add_signed(wait));
                if let Some((wait, until)) = wait.zip(until) {
                    peer.asked_to_pause(request, (wait, until));
                }
                link.limit.halve();
                Err(RegistryError::RateLimited { doing: doing(), until, wait })
            }
            status if status.is_server_error() => {
                let wait = retry::wait_asked(&answer.headers, now);
                let status = status.as_u16();
                Err(RegistryError::Unavailable { doing: doing(), status, wait })
            }
            _ => {
                link.limit.grow();
                Ok(answer)
            }
        }
    }
}

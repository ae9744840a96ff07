//! Connections that are kept: one for a registry with HTTP/2, a few dozen for one without.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower_service::Service;

use crate::connect::{ConnectError, ConnectSettings, Connector, Protocols, Stream, Tls, TlsError};
use crate::connect::{TlsSettings, Trust};

/// The most connections to one registry without HTTP/2.
pub(super) const MOST_CONNECTIONS: usize = 64;

/// The most requests at a time over one HTTP/2 connection.
pub(super) const MOST_STREAMS: usize = 250;

/// How long an unused connection is kept.
const KEPT: Duration = Duration::from_secs(90);

/// How a connection is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// TLS with a certificate that we trust.
    Verified,
    /// TLS with any certificate.
    Unverified,
    /// No TLS.
    Plain,
}

/// The client of hyper-util with our connections.
pub(super) type HttpClient = Client<Gate, Full<Bytes>>;

/// All kept connections.
///
/// HTTP versions have pools of their own: only a pool that knows beforehand that it speaks HTTP/2
/// opens a single connection for many requests that start at once. Which one a host needs is found
/// by [`Pools::open`], whose connection then serves the first request.
#[derive(Debug)]
pub(super) struct Pools {
    verified: Pair,
    unverified: Pair,
}

#[derive(Debug)]
struct Pair {
    connector: Connector,
    http1: (HttpClient, Gate),
    http2: (HttpClient, Gate),
}

impl Pools {
    pub(super) fn new(tls: &TlsSettings, connect: &ConnectSettings) -> Result<Self, TlsError> {
        let anyone = TlsSettings { trust: Trust::Anyone, ..TlsSettings::default() };
        Ok(Self {
            verified: Pair::new(&Tls::new(tls)?, connect),
            unverified: Pair::new(&Tls::new(&anyone)?, connect),
        })
    }

    /// Connects to a host to find out whether it answers and speaks HTTP/2.
    pub(super) async fn open(&self, security: Security, uri: &Uri) -> Result<bool, ConnectError> {
        let pair = self.pair(security);
        let stream = pair.connector.connect(uri).await?;
        let http2 = stream.is_http2();
        pair.of(http2).1.keep(uri, stream);
        Ok(http2)
    }

    /// Returns the client for a host.
    pub(super) fn client(&self, security: Security, http2: bool) -> &HttpClient {
        &self.pair(security).of(http2).0
    }

    /// Returns what a plain request must show to a proxy.
    pub(super) fn proxy_authorization(&self, uri: &Uri) -> Option<http::HeaderValue> {
        self.verified.connector.proxy_authorization(uri)
    }

    fn pair(&self, security: Security) -> &Pair {
        if security == Security::Unverified { &self.unverified } else { &self.verified }
    }
}

impl Pair {
    fn new(tls: &Tls, connect: &ConnectSettings) -> Self {
        let connector = |protocols| {
            let tls = Some(tls.with_protocols(protocols));
            Connector::new(ConnectSettings { tls, ..connect.clone() })
        };
        let http1 = Gate::new(connector(Protocols::Http1), MOST_CONNECTIONS);
        let http2 = Gate::new(connector(Protocols::Http2), MOST_CONNECTIONS);
        Self {
            connector: connector(Protocols::Either),
            http1: (builder().build(http1.clone()), http1),
            http2: (builder().http2_only(true).build(http2.clone()), http2),
        }
    }

    fn of(&self, http2: bool) -> &(HttpClient, Gate) {
        if http2 { &self.http2 } else { &self.http1 }
    }
}

fn builder() -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(KEPT)
        .pool_max_idle_per_host(MOST_CONNECTIONS)
        .http2_initial_max_send_streams(MOST_STREAMS)
        .http2_keep_alive_interval(Duration::from_secs(5))
        .http2_keep_alive_timeout(Duration::from_secs(5));
    builder
}

/// A connector that hands over the connections already opened, and never opens more than so many.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    connector: Connector,
    most: usize,
    hosts: Arc<Mutex<HashMap<String, Doorway>>>,
}

#[derive(Debug)]
struct Doorway {
    slots: Arc<Semaphore>,
    opened: Option<(Instant, Stream)>,
}

/// How long a connection that was opened and not yet used counts as fresh.
const FRESH: Duration = Duration::from_secs(20);

impl Gate {
    fn new(connector: Connector, most: usize) -> Self {
        Self { connector, most, hosts: Arc::default() }
    }

    /// Keeps a connection for the first request; where as many as may be are open already, that one
    /// finds another.
    fn keep(&self, uri: &Uri, stream: Stream) {
        self.with(uri, |host| {
            let slot = host.slots.clone().try_acquire_owned();
            host.opened = slot.ok().map(|slot| (Instant::now(), stream.holding(slot)));
        });
    }

    async fn connect(self, uri: Uri) -> Result<Stream, ConnectError> {
        if let Some((_, stream)) = self.with(&uri, |host| host.opened.take()) {
            return Ok(stream);
        }
        // The right to one more connection; it ends when the connection does.
        let slots = self.with(&uri, |host| host.slots.clone());
        let slot = slots.acquire_owned().await;
        Ok(self.connector.connect(&uri).await?.holding(slot))
    }

    fn with<T>(&self, uri: &Uri, change: impl FnOnce(&mut Doorway) -> T) -> T {
        let origin = format!(
            "{}://{}",
            uri.scheme_str().unwrap_or_default(),
            uri.authority().map_or("", http::uri::Authority::as_str)
        );
        let new = || Doorway { slots: Arc::new(Semaphore::new(self.most)), opened: None };
        let mut hosts = self.lock();
        let host = hosts.entry(origin).or_insert_with(new);
        host.opened.take_if(|(since, _)| since.elapsed() > FRESH);
        change(host)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Doorway>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service<Uri> for Gate {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

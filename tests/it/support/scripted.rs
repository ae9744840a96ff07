//! Servers that live in the test's own process and answer as a closure says, with or without TLS.

use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::background::Background;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Which connection it came on, counted from 0.
    pub(crate) connection: usize,
    pub(crate) http2: bool,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    /// Returns a header's text, empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// What a scripted server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reaction {
    /// Answers.
    Answer(Reply),
    /// Answers with a body that ends too early.
    CutOff(Reply),
    /// Answers after a while.
    After(Duration, Reply),
    /// Closes the connection without an answer.
    Break,
    /// Never answers.
    Hang,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// Returns an empty answer.
    pub(crate) fn new(status: u16) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.append(HeaderName::from_static(name), value);
        self
    }

    /// Sets the body.
    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}

impl From<Reply> for Reaction {
    fn from(reply: Reply) -> Self {
        Self::Answer(reply)
    }
}

type Script = dyn Fn(&Seen) -> Reaction + Send + Sync;
type Body = BoxBody<Bytes, io::Error>;

/// An HTTP server that answers as its script says and remembers every request.
#[derive(Debug)]
pub(crate) struct ScriptedServer {
    background: Background,
    record: Arc<Record>,
}

#[derive(Debug, Default)]
struct Record {
    seen: Mutex<Vec<Seen>>,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl ScriptedServer {
    /// Starts a server without TLS.
    pub(crate) fn plain(script: impl Fn(&Seen) -> Reaction + Send + Sync + 'static) -> Self {
        Self::start(None, script)
    }

    /// Starts a server with TLS.
    pub(crate) fn tls(
        config: ServerConfig,
        script: impl Fn(&Seen) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        Self::start(Some(TlsAcceptor::from(Arc::new(config))), script)
    }

    fn start(
        tls: Option<TlsAcceptor>,
        script: impl Fn(&Seen) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        let record = Arc::new(Record::default());
        let (script, shared): (Arc<Script>, _) = (Arc::new(script), record.clone());
        let background = Background::start(move |stream, connection| {
            let (tls, script, record) = (tls.clone(), script.clone(), shared.clone());
            async move {
                match tls {
                    None => serve(stream, connection, script, record).await,
                    // A client that does not like our certificate goes away.
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            serve(stream, connection, script, record).await;
                        }
                    }
                }
            }
        });
        Self { background, record }
    }

    /// Returns `127.0.0.1:port`.
    pub(crate) fn address(&self) -> String {
        self.background.address.to_string()
    }

    /// Returns all requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.record.seen.lock().unwrap().clone()
    }

    /// Returns how many requests had this method and a path that holds `part`.
    pub(crate) fn count(&self, method: &str, part: &str) -> usize {
        let matches = |seen: &&Seen| seen.method == method && seen.path.contains(part);
        self.seen().iter().filter(matches).count()
    }

    /// Returns over how many connections the requests came.
    pub(crate) fn connections(&self) -> usize {
        let mut numbers: Vec<_> = self.seen().iter().map(|seen| seen.connection).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.len()
    }

    /// Returns how many requests were under way at the same time at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.record.most.load(Ordering::SeqCst)
    }

    /// Returns how many requests are under way.
    pub(crate) fn at_once(&self) -> usize {
        self.record.now.load(Ordering::SeqCst)
    }

    /// Forgets the requests so far.
    pub(crate) fn forget(&self) {
        self.record.seen.lock().unwrap().clear();
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    connection: usize,
    script: Arc<Script>,
    record: Arc<Record>,
) {
    let service = service_fn(move |request| {
        let (script, record) = (script.clone(), record.clone());
        async move { answer(request, connection, &*script, &record).await }
    });
    let server = auto::Builder::new(TokioExecutor::new());
    // A broken connection is what many tests are about.
    let _ended = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    connection: usize,
    script: &Script,
    record: &Record,
) -> Result<Response<Body>, io::Error> {
    let now = record.now.fetch_add(1, Ordering::SeqCst) + 1;
    record.most.fetch_max(now, Ordering::SeqCst);
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let seen = Seen {
        connection,
        http2: head.version == http::Version::HTTP_2,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body,
    };
    record.seen.lock().unwrap().push(seen.clone());
    let reaction = script(&seen);
    let response = react(reaction).await;
    record.now.fetch_sub(1, Ordering::SeqCst);
    response
}

async fn react(reaction: Reaction) -> Result<Response<Body>, io::Error> {
    let (reply, body) = match reaction {
        Reaction::Break => return Err(io::ErrorKind::ConnectionReset.into()),
        Reaction::Hang => pending().await,
        Reaction::After(pause, reply) => {
            tokio::time::sleep(pause).await;
            (reply.clone(), whole(reply.body))
        }
        Reaction::Answer(reply) => (reply.clone(), whole(reply.body)),
        Reaction::CutOff(reply) => {
            let begin = Ok(Frame::data(reply.body.clone()));
            // A pause lets the beginning out before the connection breaks.
            let end = stream::once(async {
                tokio::task::yield_now().await;
                Err(io::ErrorKind::Other.into())
            });
            (reply, BoxBody::new(StreamBody::new(stream::iter([begin]).chain(end))))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
    *response.headers_mut() = reply.headers;
    Ok(response)
}

fn whole(body: Bytes) -> Body {
    Full::new(body).map_err(|never| match never {}).boxed()
}

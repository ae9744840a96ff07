//! Serves a mock on a socket: plain or over TLS, HTTP/1.1 or HTTP/2 as the client likes.

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::sync::{Arc, Once};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// An answer of a mock.
pub(crate) type Reply = Response<BoxBody<Bytes, Infallible>>;

/// The streams that one HTTP/2 connection may have open, as in Go's server.
const STREAMS: u32 = 250;

/// What answers the requests of a socket.
pub(crate) trait Answer: Send + Sync + 'static {
    /// Is told of every connection that carries a request.
    fn connected(&self) {}

    /// Answers a request.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Reply> + Send;
}

/// Returns a reply with a body that is at hand.
pub(crate) fn reply(status: u16, media: &str, body: impl Into<Bytes>) -> Reply {
    Response::builder()
        .status(status)
        .header("content-type", media)
        .body(Full::new(body.into()).boxed())
        .expect("the parts are valid")
}

/// Returns the answer to a HEAD, which only says how long the body would be; HTTP/2 refuses one that has it.
fn without_body(reply: Reply) -> Reply {
    let (mut parts, body) = reply.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.insert("content-length", length.into());
    }
    Response::from_parts(parts, Empty::new().boxed())
}

/// Serves TCP connections for ever.
pub(crate) async fn tcp<A: Answer>(listener: TcpListener, tls: Option<TlsAcceptor>, mock: Arc<A>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true).ok();
        let (tls, mock) = (tls.clone(), Arc::clone(&mock));
        connections.spawn(async move {
            match tls {
                None => connection(stream, mock).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        connection(stream, mock).await;
                    }
                }
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Serves connections of a unix socket for ever.
pub(crate) async fn unix<A: Answer>(listener: UnixListener, mock: Arc<A>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        connections.spawn(connection(stream, Arc::clone(&mock)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection<A: Answer, S>(stream: S, mock: Arc<A>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let first = Once::new();
    let service = service_fn(move |request| {
        // One that only tried whether TLS is spoken here is closed without a request.
        first.call_once(|| mock.connected());
        let mock = Arc::clone(&mock);
        async move {
            let head = request.method() == Method::HEAD;
            let reply = mock.answer(request).await;
            Ok::<_, Infallible>(if head { without_body(reply) } else { reply })
        }
    });
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http2().max_concurrent_streams(STREAMS);
    // A client that goes away in the middle is no fault of the mock.
    server.serve_connection(TokioIo::new(stream), service).await.ok();
}

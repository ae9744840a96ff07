//! Accepts connections without ever failing: a limit on how many, time-outs, and a graceful end.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::http::context::State;
use crate::http::router::{Router, Surface};
use crate::shutdown::Tasks;

const CONNECTIONS: usize = 128;
/// How long a client may be silent before its next request is whole; HTTP/1 alone has such a limit.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// After a failed accept (no descriptors left) a short rest lets some connections end.
const REST: Duration = Duration::from_millis(50);

/// A listener of either kind.
pub enum Listener {
    /// The control socket.
    Unix(UnixListener),
    /// `server.addr`.
    Tcp(TcpListener),
}

trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

impl Listener {
    async fn accept(&self) -> std::io::Result<Box<dyn Connection>> {
        Ok(match self {
            Self::Unix(listener) => Box::new(listener.accept().await?.0),
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
        })
    }

    fn surface(&self) -> Surface {
        match self {
            Self::Unix(_) => Surface::Control,
            Self::Tcp(_) => Surface::Public,
        }
    }
}

/// Serves a listener until the token is cancelled; open connections then end with their request.
pub async fn serve(listener: Listener, state: State, tasks: Tasks, stop: CancellationToken) {
    let router = Arc::new(Router::new(listener.surface()));
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let connection = match accepted {
            Ok(connection) => connection,
            Err(error) => {
                log::warn!("accepting a connection: {error}");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        let (router, state, stop) = (Arc::clone(&router), state.clone(), stop.clone());
        tasks.spawn("connection", async move {
            let _permit = permit;
            serve_connection(connection, router, state, stop).await;
        });
    }
}

async fn serve_connection(
    connection: Box<dyn Connection>,
    router: Arc<Router>,
    state: State,
    stop: CancellationToken,
) {
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (router, state) = (Arc::clone(&router), state.clone());
        async move { Ok::<_, std::convert::Infallible>(router.answer(request, state).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_headers(64);
    let serving = builder.serve_connection(TokioIo::new(connection), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        log::debug!("a connection ended: {error}");
    }
}

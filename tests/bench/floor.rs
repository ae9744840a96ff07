//! The floor of a server: tokio and hyper answering one fixed page, and nothing else.
//!
//! It is also what runs in the containers of the part update: it says its version, and ends on SIGTERM.

use crate::fault::{Fault, while_doing};
use crate::plain_http;
use crate::resident::Resident;
use crate::server::free_address;
use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

/// Answers with `PAGE_VERSION` on an address until SIGTERM.
pub(crate) fn page(address: &str) -> Result<(), Fault> {
    let version = std::env::var_os("PAGE_VERSION").unwrap_or_else(|| "0".into());
    let version = Bytes::from(version.into_encoded_bytes());
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut end = signal(SignalKind::terminate())?;
        let listener = TcpListener::bind(address).await?;
        tokio::select! {
            _ = end.recv() => Ok(()),
            never = serve(listener, version) => never,
        }
    })
}

async fn serve(listener: TcpListener, version: Bytes) -> Result<(), Fault> {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let version = version.clone();
        connections.spawn(async move {
            let answer = service_fn(move |_| {
                let page = Response::new(Full::new(version.clone()));
                async { Ok::<_, Infallible>(page) }
            });
            // A client that goes away is none of the page's business.
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer)
                .await
                .ok();
        });
        while connections.try_join_next().is_some() {}
    }
}

/// A page server in a process of its own; it ends with this value.
pub(crate) struct Floor {
    child: Child,
    address: SocketAddr,
}

impl Floor {
    /// Starts a page server; it need not answer yet.
    pub(crate) fn start() -> Result<Self, Fault> {
        let address = free_address()?;
        let child = Command::new(std::env::current_exe()?)
            .args(["page", &address.to_string()])
            .spawn()
            .map_err(while_doing("starting the page server"))?;
        Ok(Self { child, address })
    }

    /// Waits for the first answer, asking again at once.
    pub(crate) fn await_answer(&self) -> Result<(), Fault> {
        let deadline = Instant::now() + Duration::from_secs(10);
        let request = plain_http::request("GET", "/healthz");
        while plain_http::over_tcp(self.address, &request, Duration::from_secs(1)).is_err() {
            if Instant::now() > deadline {
                return Err("the page server never answered".into());
            }
            sleep(Duration::from_micros(100));
        }
        Ok(())
    }

    pub(crate) fn resident(&self) -> Resident {
        Resident(self.child.id())
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

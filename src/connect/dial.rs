//! Opens one connection: the socket or TCP, the proxy, TLS, all within one time limit.

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tower_service::Service;

use super::proxy::Proxy;
use super::stream::{Io, Nature};
use super::{ConnectError, ConnectSettings, Stream, Tls};

/// Where a URI leads.
struct Target<'a> {
    host: &'a str,
    port: u16,
    secure: bool,
}

impl<'a> Target<'a> {
    fn of(uri: &'a Uri) -> Result<Self, ConnectError> {
        let error = |reason| ConnectError::Address { uri: uri.to_string(), reason };
        let host = uri.host().ok_or_else(|| error("it names no host"))?;
        let secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Self { host, port, secure })
    }

    fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Opens a connection to where the settings and the URI lead.
pub(super) async fn dial(settings: &ConnectSettings, uri: &Uri) -> Result<Stream, ConnectError> {
    let address = match &settings.socket {
        Some(path) => path.display().to_string(),
        None => Target::of(uri)?.address(),
    };
    let opening = async {
        match &settings.socket {
            Some(path) => match UnixStream::connect(path).await {
                Ok(stream) => Ok(Stream::new(Box::new(stream), Nature::default())),
                Err(source) => Err(ConnectError::Reach { address: address.clone(), source }),
            },
            None => reach(settings, uri).await,
        }
    };
    match tokio::time::timeout(settings.timeout, opening).await {
        Ok(result) => result,
        Err(_) => Err(ConnectError::Timeout { address, after: settings.timeout }),
    }
}

async fn reach(settings: &ConnectSettings, uri: &Uri) -> Result<Stream, ConnectError> {
    let target = Target::of(uri)?;
    let tls = match (&settings.tls, target.secure) {
        (None, true) => {
            let reason = "no certificates were set up for https";
            return Err(ConnectError::Address { uri: uri.to_string(), reason });
        }
        (Some(tls), true) => Some(tls),
        (_, false) => None,
    };
    let proxy = settings.proxy.route(uri);
    let io: Box<dyn Io> = match proxy {
        None => Box::new(tcp(target.host, target.port).await?),
        Some(proxy) => through(proxy, &target, settings.tls.as_ref()).await?,
    };
    match tls {
        None => Ok(Stream::new(io, Nature { http2: false, proxied: proxy.is_some() })),
        Some(tls) => {
            let (io, http2) = tls.handshake(target.host, target.address(), io).await?;
            Ok(Stream::new(io, Nature { http2, proxied: false }))
        }
    }
}

/// Reaches the proxy and, for TLS, asks it for a tunnel to the target.
async fn through(
    proxy: &Proxy,
    target: &Target<'_>,
    tls: Option<&Tls>,
) -> Result<Box<dyn Io>, ConnectError> {
    let failed = |source: Box<dyn Error + Send + Sync>| ConnectError::Proxy {
        address: target.address(),
        proxy: proxy.address(),
        source,
    };
    let plain = tcp(proxy.host(), proxy.port()).await.map_err(|error| failed(error.into()))?;
    let mut io: Box<dyn Io> = Box::new(plain);
    if proxy.is_secure() {
        let tls = tls.ok_or_else(|| failed("no certificates were set up for https".into()))?;
        let tls = tls.with_protocols(super::Protocols::Http1);
        let handshake = tls.handshake(proxy.host(), proxy.address(), io).await;
        io = handshake.map_err(|error| failed(error.into()))?.0;
    }
    if target.secure {
        let status = tunnel(&mut io, proxy, target).await.map_err(|error| failed(error.into()))?;
        if !is_success(&status) {
            let (address, proxy) = (target.address(), proxy.address());
            return Err(ConnectError::ProxyRefused { address, proxy, status });
        }
    }
    Ok(io)
}

/// The longest answer to `CONNECT` that is read.
const LONGEST_ANSWER: usize = 16 * 1024;

/// Sends `CONNECT` and returns the status line's text after the version.
async fn tunnel(io: &mut Box<dyn Io>, proxy: &Proxy, target: &Target<'_>) -> io::Result<String> {
    let address = target.address();
    let mut request = format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n").into_bytes();
    if let Some(authorization) = proxy.authorization() {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    io.write_all(&request).await?;
    io.flush().await?;
    let mut answer = Vec::with_capacity(256);
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= LONGEST_ANSWER {
            return Err(io::Error::other("the proxy's answer does not end"));
        }
        // One byte at a time: what follows the empty line belongs to the target.
        answer.push(io.read_u8().await?);
    }
    let answer = String::from_utf8_lossy(&answer);
    let line = answer.lines().next().unwrap_or_default();
    match line.split_once(' ') {
        Some((version, status)) if version.starts_with("HTTP/1.") => Ok(status.trim().to_owned()),
        _ => Err(io::Error::other("the proxy does not speak HTTP")),
    }
}

fn is_success(status: &str) -> bool {
    status.len() >= 3 && status.starts_with('2')
}

/// Connects to the first of a host's addresses that accepts, IPv6 and IPv4 side by side.
async fn tcp(host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    let address = format!("{host}:{port}");
    let uri = Uri::builder().scheme("http").authority(address.as_str()).path_and_query("/");
    let Ok(uri) = uri.build() else {
        return Err(ConnectError::Address { uri: address, reason: "it is no host and port" });
    };
    let mut connector = HttpConnector::new_with_resolver(Resolver);
    connector.set_nodelay(true);
    connector.set_keepalive(Some(Duration::from_mins(1)));
    match connector.call(uri).await {
        Ok(stream) => Ok(stream.into_inner()),
        Err(error) => Err(of_tcp(host, address, &error)),
    }
}

fn of_tcp(host: &str, address: String, error: &(dyn Error + 'static)) -> ConnectError {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if let Some(Unresolved(source)) = inner.downcast_ref::<Unresolved>() {
            let source = io::Error::new(source.kind(), source.to_string());
            return ConnectError::Resolve { host: host.to_owned(), source };
        }
        if let Some(source) = inner.downcast_ref::<io::Error>() {
            let source = io::Error::new(source.kind(), source.to_string());
            return ConnectError::Reach { address, source };
        }
        cause = inner.source();
    }
    ConnectError::Reach { address, source: io::Error::other(error.to_string()) }
}

/// The system's resolver, with errors that can be told from those of connecting.
#[derive(Clone)]
struct Resolver;

#[derive(Debug, thiserror::Error)]
#[error("looking up a name")]
struct Unresolved(#[source] io::Error);

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Unresolved;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Unresolved>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(Unresolved)?;
            Ok(found.collect::<Vec<_>>().into_iter())
        })
    }
}

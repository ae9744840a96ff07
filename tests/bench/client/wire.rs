//! Connections of the clients: plain or TLS, HTTP/1.1 or HTTP/2, opened exactly when a shape says so.

use crate::fault::{Fault, while_doing};
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::Resumption;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

/// The streams of one HTTP/2 connection before the server has said how many it allows.
const STREAMS: usize = 250;

/// The version of HTTP that a client speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    One,
    Two,
}

/// Opens connections and keeps what drives them.
pub(crate) struct Wire {
    tls: Option<TlsConnector>,
    protocol: Protocol,
    drivers: RefCell<JoinSet<()>>,
}

/// An open connection.
#[derive(Clone)]
pub(crate) enum Connection {
    One(Arc<tokio::sync::Mutex<http1::SendRequest<Empty<Bytes>>>>, String),
    Two(http2::SendRequest<Empty<Bytes>>, String),
}

/// An answer that was read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Wire {
    /// Returns a wire with TLS if there is an authority to trust.
    pub(crate) fn new(ca: Option<&Path>, protocol: Protocol) -> Result<Self, Fault> {
        let tls = ca.map(|ca| connector(ca, protocol)).transpose()?;
        Ok(Self { tls, protocol, drivers: RefCell::default() })
    }

    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Returns whether connections are TLS, which in these scenes also means that tokens are wanted.
    pub(crate) fn encrypts(&self) -> bool {
        self.tls.is_some()
    }

    /// Opens a connection to `host:port`.
    pub(crate) async fn connect(&self, address: &str) -> Result<Connection, Fault> {
        let doing = format!("connecting to {address}");
        let stream = TcpStream::connect(address).await.map_err(while_doing(&doing))?;
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else {
            return self.handshake(stream, format!("http://{address}")).await;
        };
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let name = ServerName::try_from(host.to_owned())?;
        let stream = tls.connect(name, stream).await.map_err(while_doing(&doing))?;
        self.handshake(stream, format!("https://{address}")).await
    }

    /// Opens a connection to a unix socket, always with HTTP/1.1.
    pub(crate) async fn connect_unix(&self, path: &Path) -> Result<Connection, Fault> {
        let doing = format!("connecting to {}", path.display());
        let stream = UnixStream::connect(path).await.map_err(while_doing(&doing))?;
        self.handshake_one(stream, "http://localhost".to_owned()).await
    }

    async fn handshake<S>(&self, stream: S, origin: String) -> Result<Connection, Fault>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        if self.protocol == Protocol::One {
            return self.handshake_one(stream, origin).await;
        }
        let (sender, driver) = http2::Builder::new(TokioExecutor::new())
            .initial_max_send_streams(STREAMS)
            .handshake(TokioIo::new(stream))
            .await?;
        // A driver ends with its connection; what went wrong is told to who uses it.
        self.drivers.borrow_mut().spawn(async move { driver.await.unwrap_or_default() });
        Ok(Connection::Two(sender, origin))
    }

    async fn handshake_one<S>(&self, stream: S, origin: String) -> Result<Connection, Fault>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        self.drivers.borrow_mut().spawn(async move { driver.await.unwrap_or_default() });
        Ok(Connection::One(Arc::new(tokio::sync::Mutex::new(sender)), origin))
    }
}

impl Connection {
    /// Sends a request and reads the whole answer.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
    ) -> Result<Answer, Fault> {
        let response = match self {
            Self::One(sender, origin) => {
                let mut sender = sender.lock().await;
                sender.ready().await?;
                let host = origin.rsplit_once('/').map_or("localhost", |(_, host)| host);
                let request = request(method, path, token).header("host", host);
                return read(sender.send_request(request.body(Empty::new())?).await?).await;
            }
            Self::Two(sender, origin) => {
                let mut sender = sender.clone();
                sender.ready().await?;
                let request = request(method, &format!("{origin}{path}"), token);
                sender.send_request(request.body(Empty::new())?).await?
            }
        };
        read(response).await
    }
}

async fn read(response: http::Response<Incoming>) -> Result<Answer, Fault> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
}

fn request(method: Method, uri: &str, token: Option<&str>) -> http::request::Builder {
    let builder = Request::builder()
        .method(method)
        .uri(uri)
        .header("user-agent", "bench")
        .header("accept", ACCEPT);
    match token {
        Some(token) => builder.header("authorization", format!("Bearer {token}")),
        None => builder,
    }
}

const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

fn connector(ca: &Path, protocol: Protocol) -> Result<TlsConnector, Fault> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = match protocol {
        Protocol::One => vec![b"http/1.1".to_vec()],
        Protocol::Two => vec![b"h2".to_vec()],
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

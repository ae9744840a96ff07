//! One connector for Docker and registries: unix, TCP, TLS (client certificates, extra CAs), proxy.

mod authorities;
mod dial;
mod error;
mod knock;
mod network;
mod proxy;
mod stream;
mod tls;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;

pub use self::error::ConnectError;
pub use self::knock::{is_near, knock};
pub use self::network::Network;
pub use self::proxy::{Proxy, ProxyError, ProxyRules};
pub use self::stream::Stream;
pub use self::tls::{ClientIdentity, Protocols, Tls, TlsError, TlsSettings, Trust};

/// What a [`Connector`] needs to know; nothing is read from the environment here.
#[derive(Clone, Debug)]
pub struct ConnectSettings {
    /// Connects every request to this unix socket, whatever its URI names.
    pub socket: Option<PathBuf>,
    /// How `https` URIs are secured; without it they are refused.
    pub tls: Option<Tls>,
    /// Which hosts are reached through a proxy.
    pub proxy: ProxyRules,
    /// How long name look-up, connection, proxy and TLS handshake may take together.
    pub timeout: Duration,
}

impl Default for ConnectSettings {
    fn default() -> Self {
        Self {
            socket: None,
            tls: None,
            proxy: ProxyRules::default(),
            timeout: Duration::from_secs(10),
        }
    }
}

/// Opens connections for hyper-util's pooled client; cloning is cheap.
///
/// The [`Stream`] reports whether HTTP/2 was agreed on, so that the pool shares it, and whether a
/// proxy wants the absolute form of the URI (plain `http` through a proxy). Requests of the latter
/// kind carry [`Connector::proxy_authorization`] themselves.
#[derive(Clone, Debug)]
pub struct Connector(Arc<ConnectSettings>);

impl Connector {
    /// Returns a connector with these settings.
    pub fn new(settings: ConnectSettings) -> Self {
        Self(Arc::new(settings))
    }

    /// Opens one connection to the host of a URI.
    pub async fn connect(&self, uri: &Uri) -> Result<Stream, ConnectError> {
        dial::dial(&self.0, uri).await
    }

    /// Returns the `Proxy-Authorization` that a plain `http` request to this URI must carry.
    pub fn proxy_authorization(&self, uri: &Uri) -> Option<http::HeaderValue> {
        if uri.scheme() != Some(&http::uri::Scheme::HTTP) || self.0.socket.is_some() {
            return None;
        }
        self.0.proxy.route(uri)?.authorization().cloned()
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.connect(&uri).await })
    }
}

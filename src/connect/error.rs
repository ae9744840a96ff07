//! Why no connection came about.

use std::error::Error;
use std::io;
use std::time::Duration;

/// Why no connection came about; says with whom, and keeps the cause as its source.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URI has no host, or asks for TLS where none was set up.
    #[error("connecting to {uri}: {reason}")]
    Address {
        /// The URI in question.
        uri: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The name has no address.
    #[error("looking up the address of {host}")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        #[source]
        source: io::Error,
    },
    /// The address does not accept connections.
    #[error("connecting to {address}")]
    Reach {
        /// Host and port, or the socket's path.
        address: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Nothing was answered in time.
    #[error("connecting to {address}: no answer within {after:?}")]
    Timeout {
        /// Host and port, or the socket's path.
        address: String,
        /// The time allowed.
        after: Duration,
    },
    /// The certificate is not one that we trust.
    #[error("checking the certificate of {address}")]
    Certificate {
        /// Host and port.
        address: String,
        /// Says whether the signer is unknown, rather than the name or the date wrong.
        unknown_issuer: bool,
        /// What is wrong with it.
        #[source]
        source: rustls::Error,
    },
    /// What answers there is no TLS server.
    #[error("agreeing on TLS with {address}, which does not speak it")]
    NotTls {
        /// Host and port.
        address: String,
        /// How the handshake ended.
        #[source]
        source: io::Error,
    },
    /// The handshake ended otherwise.
    #[error("agreeing on TLS with {address}")]
    Tls {
        /// Host and port.
        address: String,
        /// How it ended.
        #[source]
        source: io::Error,
    },
    /// The proxy itself could not be reached.
    #[error("reaching {address} through the proxy {proxy}")]
    Proxy {
        /// The target behind the proxy.
        address: String,
        /// The proxy's address, without its password.
        proxy: String,
        /// What happened.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The proxy answered and refused.
    #[error("reaching {address} through the proxy {proxy}, which answered {status}")]
    ProxyRefused {
        /// The target behind the proxy.
        address: String,
        /// The proxy's address, without its password.
        proxy: String,
        /// Its status line.
        status: String,
    },
}

impl ConnectError {
    /// Sorts out how a TLS handshake ended.
    pub(super) fn of_handshake(address: String, source: io::Error) -> Self {
        let reason = source.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match reason {
            Some(rustls::Error::InvalidCertificate(reason)) => {
                use rustls::CertificateError::{BadSignature, UnknownIssuer};
                // The second is what an authority with a known name and another key comes to.
                let unknown_issuer = matches!(reason, UnknownIssuer | BadSignature);
                let source = rustls::Error::InvalidCertificate(reason.clone());
                Self::Certificate { address, unknown_issuer, source }
            }
            Some(rustls::Error::InvalidMessage(_)) => Self::NotTls { address, source },
            None if is_cut_off(source.kind()) => Self::NotTls { address, source },
            _ => Self::Tls { address, source },
        }
    }
}

fn is_cut_off(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

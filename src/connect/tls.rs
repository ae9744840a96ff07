//! Whom we trust over TLS and how we show who we are.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use super::ConnectError;
use super::authorities::{Authorities, certificates};
use super::stream::Io;

/// What is offered and whom to trust.
#[derive(Clone, Debug, Default)]
pub struct TlsSettings {
    /// Which servers are accepted.
    pub trust: Trust,
    /// A PEM file of certificate authorities to trust beside the known ones.
    pub authorities: Option<PathBuf>,
    /// The certificate that we show, for servers that ask for one.
    pub identity: Option<ClientIdentity>,
    /// Which HTTP versions are offered.
    pub protocols: Protocols,
}

/// A client certificate and its key, as PEM files.
#[derive(Clone, Debug)]
pub struct ClientIdentity {
    /// The certificate's file, intermediate ones included.
    pub certificate: PathBuf,
    /// The key's file.
    pub key: PathBuf,
}

/// Which servers are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Those that a certificate authority vouches for: Mozilla's, the system's, our own file's.
    #[default]
    Authorities,
    /// Anyone, as Docker does for insecure registries.
    Anyone,
}

/// Which HTTP versions are offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocols {
    /// HTTP/1.1 alone.
    #[default]
    Http1,
    /// HTTP/2 alone.
    Http2,
    /// HTTP/2, and HTTP/1.1 for servers without it.
    Either,
}

/// Why TLS could not be set up; names the file.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is unreadable or no PEM.
    #[error("reading {what} from {path}; it must be a PEM file")]
    File {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: String,
        /// What is wrong.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// A file holds no certificate.
    #[error("reading certificates from {path}: there is none in it")]
    Empty {
        /// The file.
        path: String,
    },
    /// Certificate and key do not fit, or are of an unknown kind.
    #[error("using the client certificate {path}")]
    Identity {
        /// The certificate's file.
        path: String,
        /// What is wrong.
        #[source]
        source: rustls::Error,
    },
}

/// A ready TLS configuration; cloning is cheap.
#[derive(Clone)]
pub struct Tls(Arc<ClientConfig>);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("alpn", &self.0.alpn_protocols.len()).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the authorities and the identity once.
    pub fn new(settings: &TlsSettings) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("ring offers every version of TLS that rustls does");
        let authorities = match settings.trust {
            Trust::Authorities => {
                Some(Authorities::new(provider.clone(), settings.authorities.as_deref())?)
            }
            Trust::Anyone => None,
        };
        let verifier = Arc::new(Verifier { provider, authorities });
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        let mut config = match &settings.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let chain = certificates(&identity.certificate)?;
                let key = private_key(&identity.key)?;
                builder.with_client_auth_cert(chain, key).map_err(|source| {
                    let path = identity.certificate.display().to_string();
                    TlsError::Identity { path, source }
                })?
            }
        };
        config.alpn_protocols = alpn(settings.protocols);
        Ok(Self(Arc::new(config)))
    }

    /// Returns the same configuration that offers other HTTP versions; sessions are shared.
    #[must_use]
    pub fn with_protocols(&self, protocols: Protocols) -> Self {
        let mut config = ClientConfig::clone(&self.0);
        config.alpn_protocols = alpn(protocols);
        Self(Arc::new(config))
    }

    /// Secures a connection; the second value says whether HTTP/2 was agreed on.
    pub(super) async fn handshake(
        &self,
        host: &str,
        address: String,
        io: Box<dyn Io>,
    ) -> Result<(Box<dyn Io>, bool), ConnectError> {
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let Ok(name) = ServerName::try_from(name) else {
            let reason = "no certificate can name this host";
            return Err(ConnectError::Address { uri: address, reason });
        };
        match tokio_rustls::TlsConnector::from(self.0.clone()).connect(name, io).await {
            Ok(stream) => {
                let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                Ok((Box::new(stream), http2))
            }
            Err(error) => Err(ConnectError::of_handshake(address, error)),
        }
    }
}

fn alpn(protocols: Protocols) -> Vec<Vec<u8>> {
    let offered: &[&[u8]] = match protocols {
        Protocols::Http1 => &[b"http/1.1"],
        Protocols::Http2 => &[b"h2"],
        Protocols::Either => &[b"h2", b"http/1.1"],
    };
    offered.iter().map(|name| name.to_vec()).collect()
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|source| {
        let path = path.display().to_string();
        TlsError::File { what: "a private key", path, source }
    })
}

/// Judges a server's certificate, and checks that its owner holds the key.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    /// Who must vouch for it; `None` accepts every certificate.
    authorities: Option<Authorities>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(authorities) = &self.authorities else {
            return Ok(ServerCertVerified::assertion());
        };
        authorities.vouch(|verifier| {
            verifier.verify_server_cert(certificate, intermediates, name, ocsp, now)
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

//! The certificate authorities that may vouch for a server, read when a server first needs them.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerified;
use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::TlsError;

/// Mozilla's authorities and our own file's; the system's (`SSL_CERT_FILE`, `SSL_CERT_DIR`) are
/// hundreds of files, and asked only about servers that the others do not know.
#[derive(Debug)]
pub(super) struct Authorities {
    provider: Arc<CryptoProvider>,
    own: Vec<CertificateDer<'static>>,
    known: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
    system: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
}

impl Authorities {
    /// Reads our own file.
    pub(super) fn new(
        provider: Arc<CryptoProvider>,
        file: Option<&Path>,
    ) -> Result<Self, TlsError> {
        let own = file.map(certificates).transpose()?.unwrap_or_default();
        Ok(Self { provider, own, known: OnceLock::new(), system: OnceLock::new() })
    }

    fn known(&self) -> Option<&WebPkiServerVerifier> {
        let read = || {
            let mozilla = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned();
            self.verifier(mozilla.chain(self.own.iter().cloned()))
        };
        self.known.get_or_init(read).as_deref()
    }

    fn system(&self) -> Option<&WebPkiServerVerifier> {
        let read = || {
            // A scratch image has no certificates of its own: what the system lacks is no error.
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                log::debug!("reading the system's certificates: {error}");
            }
            self.verifier(found.certs.into_iter())
        };
        self.system.get_or_init(read).as_deref()
    }

    /// Returns a verifier; `None` where there is no authority at all.
    fn verifier(
        &self,
        authorities: impl Iterator<Item = CertificateDer<'static>>,
    ) -> Option<Arc<WebPkiServerVerifier>> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(authorities);
        let provider = self.provider.clone();
        WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build().ok()
    }

    /// Asks the authorities whether they vouch for a server, one group after the other.
    pub(super) fn vouch(
        &self,
        ask: impl Fn(&WebPkiServerVerifier) -> Result<ServerCertVerified, rustls::Error>,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use CertificateError::{BadSignature, UnknownIssuer};
        let ask = |verifier: Option<&WebPkiServerVerifier>| {
            verifier.map_or_else(|| Err(UnknownIssuer.into()), &ask)
        };
        // A bad signature is what another authority of the same name leaves.
        match ask(self.known()) {
            Err(rustls::Error::InvalidCertificate(UnknownIssuer | BadSignature)) => {
                ask(self.system())
            }
            verdict => verdict,
        }
    }
}

/// Reads the certificates of a PEM file.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let name = || path.display().to_string();
    let error = |source| TlsError::File { what: "certificates", path: name(), source };
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(error)?.collect();
    let found = found.map_err(error)?;
    if found.is_empty() { Err(TlsError::Empty { path: name() }) } else { Ok(found) }
}

//! What `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` mean.

use std::path::{Path, PathBuf};

use crate::connect::{ClientIdentity, TlsSettings};

use super::EndpointError;

/// The PEM files of a TLS endpoint; what is absent falls back to the public roots and no client
/// certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// The authorities that the engine's certificate is checked against (`ca.pem`).
    pub authority: Option<PathBuf>,
    /// Our own certificate and its key (`cert.pem`, `key.pem`).
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// What `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// Neither is set: `tcp://` is in the clear.
    #[default]
    Off,
    /// TLS with the certificate checked, and the folder with its files.
    Verify { folder: Option<PathBuf> },
}

impl Tls {
    pub(super) fn or_verify(self) -> Self {
        match self {
            Self::Off => Self::Verify { folder: None },
            verify @ Self::Verify { .. } => verify,
        }
    }
}

impl TlsFiles {
    pub(super) fn settings(&self) -> TlsSettings {
        let identity = self.identity.clone();
        TlsSettings {
            authorities: self.authority.clone(),
            identity: identity.map(|(certificate, key)| ClientIdentity { certificate, key }),
            ..TlsSettings::default()
        }
    }

    /// Looks for the files in a folder; a certificate without its key, or nothing at all, is an
    /// error.
    pub(super) fn find(folder: &Path) -> Result<Self, EndpointError> {
        let fail = |reason: &str| EndpointError::Certificates {
            folder: folder.to_owned(),
            reason: reason.to_owned(),
        };
        let file = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        let (authority, certificate, key) = (file("ca.pem"), file("cert.pem"), file("key.pem"));
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (Some(_), None) => return Err(fail("cert.pem is there, but key.pem is not")),
            (None, Some(_)) => return Err(fail("key.pem is there, but cert.pem is not")),
        };
        if authority.is_none() && identity.is_none() {
            return Err(fail("there are none"));
        }
        Ok(Self { authority, identity })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Address, Endpoint};
    use super::*;

    #[test]
    fn certificates_come_in_pairs() {
        let check = |names: &[&str]| {
            let folder = tempfile::tempdir().unwrap();
            for name in names {
                std::fs::write(folder.path().join(name), "").unwrap();
            }
            let setting = Tls::Verify { folder: Some(folder.path().to_owned()) };
            let endpoint = Endpoint::parse("tcp://engine", &setting);
            endpoint.map(|endpoint| match endpoint.address() {
                Address::Tls { files, .. } => (files.authority.is_some(), files.identity.is_some()),
                other => panic!("{other:?}"),
            })
        };
        assert_eq!(check(&["ca.pem", "cert.pem", "key.pem"]).unwrap(), (true, true));
        assert_eq!(check(&["ca.pem"]).unwrap(), (true, false));
        assert_eq!(check(&["cert.pem", "key.pem"]).unwrap(), (false, true));
        for (names, words) in [
            (&["ca.pem", "cert.pem"][..], "key.pem is not"),
            (&["key.pem"], "cert.pem is not"),
            (&[], "there are none"),
        ] {
            let error = check(names).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains("expected ca.pem"), "{error}");
        }
    }
}

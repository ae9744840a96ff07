//! Where an engine is: a `DOCKER_HOST` value read into a recipe for connecting.

use std::fmt;
use std::path::{Path, PathBuf};

use url::Url;

use crate::connect::{
    ClientIdentity, ConnectSettings, Connector, Tls as Secured, TlsError, TlsSettings,
};

/// The socket of an engine for which nothing is configured.
pub const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

const PLAIN_PORT: u16 = 2375;
const TLS_PORT: u16 = 2376;

/// An engine's address with everything needed to connect to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    text: String,
    address: Address,
}

/// The way to an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A socket in the file system.
    Socket(PathBuf),
    /// A port on a host (IPv6 in brackets), in the clear.
    Plain { host: String, port: u16 },
    /// A port on a host that speaks TLS.
    Tls { host: String, port: u16, files: TlsFiles },
}

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

/// Why an endpoint cannot be used; names the value and the cure.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The text is no endpoint.
    #[error("docker host {text:?}: {reason}; {cure}")]
    Address {
        /// The value.
        text: String,
        /// What is wrong with it.
        reason: String,
        /// What to do about it.
        cure: &'static str,
    },
    /// The folder of TLS files does not hold what it must.
    #[error("docker certificates in {}: {reason}; expected ca.pem, cert.pem and key.pem there", folder.display())]
    Certificates {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A TLS file cannot be used.
    #[error("docker host {text:?}: setting up TLS")]
    Tls {
        /// The value.
        text: String,
        /// What is wrong with which file.
        #[source]
        source: TlsError,
    },
}

const FORMS: &str = "write unix:///var/run/docker.sock, tcp://HOST:2375 or https://HOST:2376";

impl Endpoint {
    /// Reads a `DOCKER_HOST` value; an empty one is the default socket. Looks for the TLS files,
    /// but does not read them.
    pub fn parse(text: &str, tls: &Tls) -> Result<Self, EndpointError> {
        let text = text.trim();
        let address = match text.split_once("://") {
            _ if text.is_empty() => Address::Socket(DEFAULT_SOCKET.into()),
            Some(("unix", path)) => socket(text, path)?,
            Some(("tcp" | "http", _)) => network(text, tls)?,
            Some(("https", _)) => network(text, &tls.clone().or_verify())?,
            Some((scheme, _)) => return Err(unsupported(text, scheme)),
            None if text.starts_with('/') => {
                return Err(error(text, "a path needs a scheme", "write unix:// before the path"));
            }
            None => return Err(error(text, "it has no scheme", FORMS)),
        };
        let text = if text.is_empty() { format!("unix://{DEFAULT_SOCKET}") } else { text.into() };
        Ok(Self { text, address })
    }

    /// Returns the way to the engine.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Returns the scheme and authority that requests are addressed to.
    pub(super) fn base(&self) -> String {
        match &self.address {
            Address::Socket(_) => "http://docker".to_owned(),
            Address::Plain { host, port } => format!("http://{host}:{port}"),
            Address::Tls { host, port, .. } => format!("https://{host}:{port}"),
        }
    }

    /// Reads the TLS files and returns what opens connections.
    pub(super) fn connector(&self) -> Result<Connector, EndpointError> {
        let tls = match &self.address {
            Address::Tls { files, .. } => {
                let error = |source| EndpointError::Tls { text: self.text.clone(), source };
                Some(Secured::new(&files.settings()).map_err(error)?)
            }
            Address::Socket(_) | Address::Plain { .. } => None,
        };
        let socket = self.socket().map(Path::to_owned);
        Ok(Connector::new(ConnectSettings { socket, tls, ..ConnectSettings::default() }))
    }

    /// Returns the path of a socket.
    pub fn socket(&self) -> Option<&Path> {
        match &self.address {
            Address::Socket(path) => Some(path),
            Address::Plain { .. } | Address::Tls { .. } => None,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Tls {
    fn or_verify(self) -> Self {
        match self {
            Self::Off => Self::Verify { folder: None },
            verify @ Self::Verify { .. } => verify,
        }
    }
}

fn error(text: &str, reason: impl Into<String>, cure: &'static str) -> EndpointError {
    EndpointError::Address { text: text.to_owned(), reason: reason.into(), cure }
}

fn unsupported(text: &str, scheme: &str) -> EndpointError {
    match scheme {
        "ssh" => error(
            text,
            "ssh:// is not supported",
            "forward the socket (ssh -NL /run/remote.sock:/var/run/docker.sock HOST) and use unix:///run/remote.sock",
        ),
        "npipe" => {
            error(text, "npipe:// is Windows only and not supported", "expose the engine over tcp:// with TLS")
        }
        "fd" => error(text, "fd:// is for the engine itself", FORMS),
        other => error(text, format!("the scheme {other}:// is not known"), FORMS),
    }
}

fn socket(text: &str, path: &str) -> Result<Address, EndpointError> {
    if path.is_empty() {
        return Ok(Address::Socket(DEFAULT_SOCKET.into()));
    }
    if !path.starts_with('/') {
        return Err(error(text, "the socket's path is not absolute", "write unix:///path/to/socket"));
    }
    Ok(Address::Socket(path.into()))
}

fn network(text: &str, tls: &Tls) -> Result<Address, EndpointError> {
    // `tcp` is no scheme that the URL parser knows the rules of, so that it would take any text as
    // a host.
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let url = Url::parse(&format!("http://{rest}"))
        .map_err(|reason| error(text, reason.to_string(), FORMS))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(error(text, "a user name has no place in it", "use client certificates"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(error(text, "a path after the host is not supported", "name only host and port"));
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    // The URL parser drops a port 80, the default of the scheme it was given.
    let is_80 = rest.trim_end_matches('/').ends_with(":80");
    let port = |default| url.port().unwrap_or(if is_80 { 80 } else { default });
    Ok(match tls {
        Tls::Off => Address::Plain { port: port(PLAIN_PORT), host },
        Tls::Verify { folder } => {
            let files = folder.as_deref().map(TlsFiles::find).transpose()?.unwrap_or_default();
            Address::Tls { port: port(TLS_PORT), host, files }
        }
    })
}

impl TlsFiles {
    fn settings(&self) -> TlsSettings {
        let identity = self.identity.clone();
        TlsSettings {
            authorities: self.authority.clone(),
            identity: identity.map(|(certificate, key)| ClientIdentity { certificate, key }),
            ..TlsSettings::default()
        }
    }

    /// Looks for the files in a folder; a certificate without its key, or nothing at all, is an
    /// error.
    fn find(folder: &Path) -> Result<Self, EndpointError> {
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
    use super::*;

    fn plain(host: &str, port: u16) -> Address {
        Address::Plain { host: host.into(), port }
    }

    fn tls(host: &str, port: u16) -> Address {
        Address::Tls { host: host.into(), port, files: TlsFiles::default() }
    }

    #[test]
    fn endpoints_are_read() {
        let verify = Tls::Verify { folder: None };
        for (text, setting, expected) in [
            ("", &Tls::Off, Address::Socket(DEFAULT_SOCKET.into())),
            ("unix://", &Tls::Off, Address::Socket(DEFAULT_SOCKET.into())),
            ("unix:///run/a b.sock", &verify, Address::Socket("/run/a b.sock".into())),
            (" tcp://engine ", &Tls::Off, plain("engine", 2375)),
            ("tcp://10.0.0.1:4000/", &Tls::Off, plain("10.0.0.1", 4000)),
            ("tcp://proxy:80/", &Tls::Off, plain("proxy", 80)),
            ("http://engine:1", &Tls::Off, plain("engine", 1)),
            ("tcp://[::1]:2375", &Tls::Off, plain("[::1]", 2375)),
            ("tcp://engine", &verify, tls("engine", 2376)),
            ("https://engine:443", &Tls::Off, tls("engine", 443)),
            ("https://engine", &verify, tls("engine", 2376)),
        ] {
            let endpoint = Endpoint::parse(text, setting).unwrap();
            assert_eq!(endpoint.address(), &expected, "{text}");
        }
    }

    #[test]
    fn bad_endpoints_name_themselves_and_the_cure() {
        for (text, words) in [
            ("ssh://root@host", "forward the socket"),
            ("npipe:////./pipe/docker_engine", "tcp:// with TLS"),
            ("fd://", "unix:///var/run/docker.sock"),
            ("ftp://host", "the scheme ftp:// is not known"),
            ("/var/run/docker.sock", "write unix:// before the path"),
            ("host:2375", "it has no scheme"),
            ("unix://relative.sock", "write unix:///path/to/socket"),
            ("tcp://", "empty host"),
            ("tcp://host:99999", "invalid port"),
            ("tcp://host/base", "name only host and port"),
            ("tcp://user:word@host", "use client certificates"),
        ] {
            let error = Endpoint::parse(text, &Tls::Off).unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn certificates_come_in_pairs() {
        let check = |names: &[&str]| {
            let folder = tempfile::tempdir().unwrap();
            for name in names {
                std::fs::write(folder.path().join(name), "").unwrap();
            }
            let setting = Tls::Verify { folder: Some(folder.path().to_owned()) };
            let endpoint = Endpoint::parse("tcp://engine", &setting);
            endpoint.map(|endpoint| match endpoint.address {
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

//! Where an engine is: a `DOCKER_HOST` value read into a recipe for connecting.

mod tls;

use std::fmt;
use std::path::{Path, PathBuf};

use url::Url;

use crate::connect::{ConnectSettings, Connector, Tls as Secured, TlsError};

pub use self::tls::{Tls, TlsFiles};

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
        "npipe" => error(
            text,
            "npipe:// is Windows only and not supported",
            "expose the engine over tcp:// with TLS",
        ),
        "fd" => error(text, "fd:// is for the engine itself", FORMS),
        other => error(text, format!("the scheme {other}:// is not known"), FORMS),
    }
}

fn socket(text: &str, path: &str) -> Result<Address, EndpointError> {
    if path.is_empty() {
        return Ok(Address::Socket(DEFAULT_SOCKET.into()));
    }
    if !path.starts_with('/') {
        return Err(error(
            text,
            "the socket's path is not absolute",
            "write unix:///path/to/socket",
        ));
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
        return Err(error(
            text,
            "a path after the host is not supported",
            "name only host and port",
        ));
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
}

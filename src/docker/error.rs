//! Why the engine could not be asked, or said no: kinds that callers tell apart, each with its cure.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use crate::connect::ConnectError;
use crate::core::inventory::ApiVersion;

use super::endpoint::{Endpoint, EndpointError};

/// Why a call to the engine did not come to a good end; says what was being done.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// The endpoint cannot be used as it is configured.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Nothing answers there, or the connection broke.
    #[error("{doing}: the engine at {endpoint} cannot be reached; {cure}")]
    Unreachable {
        /// What was being done.
        doing: String,
        /// Where.
        endpoint: String,
        /// What to do about it.
        cure: String,
        /// What happened.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// It accepts calls and does not answer.
    #[error(
        "{doing}: the engine at {endpoint} did not answer within {} s; it may be frozen or \
         overloaded: look at its log, restart it if it stays so",
        after.as_secs_f32()
    )]
    Timeout {
        /// What was being done.
        doing: String,
        /// Where.
        endpoint: String,
        /// The time allowed.
        after: Duration,
    },
    /// The socket is not open to us.
    #[error("{doing}: no access to {endpoint}; {cure}")]
    NoAccess {
        /// What was being done.
        doing: String,
        /// Where.
        endpoint: String,
        /// What to do about it.
        cure: String,
        /// What the system said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Something in front of the engine refuses this call.
    #[error("{doing}: a proxy in front of {endpoint} refuses {call}; {cure}")]
    Refused {
        /// What was being done.
        doing: String,
        /// Where.
        endpoint: String,
        /// Method and path.
        call: String,
        /// What to do about it.
        cure: String,
    },
    /// The engine said no.
    #[error("{doing}: the engine answered {status}: {message}")]
    Api {
        /// What was being done.
        doing: String,
        /// The HTTP status.
        status: u16,
        /// Its own words.
        message: String,
    },
    /// The answer is not what the Engine API says.
    #[error("{doing}: the answer to {call} at {endpoint} cannot be read; is it a Docker engine?")]
    BadAnswer {
        /// What was being done.
        doing: String,
        /// Where.
        endpoint: String,
        /// Method and path.
        call: String,
        /// What is wrong with it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The engine is older than what we can speak.
    #[error(
        "the engine at {endpoint} speaks API {engine}, and at least {oldest} is needed; update it \
         to Docker 20.10 or newer"
    )]
    TooOld {
        /// Where.
        endpoint: String,
        /// Its newest version.
        engine: String,
        /// Our oldest version.
        oldest: ApiVersion,
    },
    /// The engine has left our newest version behind.
    #[error(
        "the engine at {endpoint} no longer speaks API {newest}, the newest that this program \
         knows; update docker-auto ({message})"
    )]
    TooNew {
        /// Where.
        endpoint: String,
        /// Our newest version.
        newest: ApiVersion,
        /// The engine's own words.
        message: String,
    },
}

/// Whether the same call may go well at another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It may, also by what someone does about the engine.
    Later,
    /// It will not.
    Never,
}

impl DockerError {
    /// Says whether the same call may go well later.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Api { status, .. } if *status < 500 && *status != 429 => Retry::Never,
            Self::Endpoint(_) => Retry::Never,
            _ => Retry::Later,
        }
    }

    /// Says whether the engine itself could not be asked, so that nothing is known of the call.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Timeout { .. }
                | Self::NoAccess { .. }
                | Self::TooOld { .. }
                | Self::TooNew { .. }
        )
    }

    /// Returns the status of an answer that says no.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Returns the whole chain of causes as one text: `a: b: c`.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            // Writing to a String cannot fail.
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        text
    }
}

/// Sorts out why a request got no answer.
pub(super) fn no_answer(
    doing: &str,
    endpoint: &Endpoint,
    source: Box<dyn Error + Send + Sync>,
) -> DockerError {
    let doing = doing.to_owned();
    let cause = Cause::of(&*source);
    let cure = cause.cure(endpoint);
    let endpoint = endpoint.to_string();
    match cause {
        Cause::Denied => DockerError::NoAccess { doing, endpoint, cure, source },
        _ => DockerError::Unreachable { doing, endpoint, cure, source },
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Missing,
    Refused,
    Denied,
    Silent,
    Name,
    Certificate,
    NotTls,
    Tls,
    Cut,
    Other,
}

impl Cause {
    fn of(error: &(dyn Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<ConnectError>() {
                return Self::of_connect(error);
            }
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return Self::of_io(error);
            }
            cause = error.source();
        }
        Self::Cut
    }

    fn of_connect(error: &ConnectError) -> Self {
        match error {
            ConnectError::Reach { source, .. } => Self::of_io(source),
            ConnectError::Timeout { .. } => Self::Silent,
            ConnectError::Resolve { .. } => Self::Name,
            ConnectError::Certificate { .. } => Self::Certificate,
            ConnectError::NotTls { .. } => Self::NotTls,
            ConnectError::Tls { .. } => Self::Tls,
            ConnectError::Address { .. }
            | ConnectError::Proxy { .. }
            | ConnectError::ProxyRefused { .. } => Self::Other,
        }
    }

    fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::PermissionDenied => Self::Denied,
            io::ErrorKind::TimedOut
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable => Self::Silent,
            // What rustls finds wrong after the handshake, such as a refused client certificate.
            io::ErrorKind::InvalidData => Self::Tls,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => Self::Cut,
            _ => Self::Other,
        }
    }

    fn cure(self, endpoint: &Endpoint) -> String {
        let fixed = match self {
            Self::Missing => {
                "there is no such socket: start the engine, and in a container mount the socket \
                 (-v /var/run/docker.sock:/var/run/docker.sock)"
            }
            Self::Refused => "start it (systemctl start docker), or correct DOCKER_HOST",
            Self::Denied => return access(endpoint),
            Self::Silent => "check that the host is up and no firewall is in the way",
            Self::Name => "check the host's name in DOCKER_HOST and the name server",
            Self::Certificate => {
                "put the authority that signed its certificate into ca.pem in DOCKER_CERT_PATH, \
                 and use a name that the certificate has"
            }
            Self::NotTls => {
                "it does not speak TLS there: correct the port, or unset DOCKER_TLS_VERIFY"
            }
            Self::Tls => {
                "check cert.pem and key.pem in DOCKER_CERT_PATH: the engine may want a client \
                 certificate of its own authority"
            }
            Self::Cut => "the connection was cut: the engine may be restarting",
            Self::Other => "check DOCKER_HOST and the network",
        };
        fixed.to_owned()
    }
}

/// Returns how to get access to a socket: by its group, which stands in the file system.
fn access(endpoint: &Endpoint) -> String {
    use std::os::unix::fs::MetadataExt as _;

    let Some(path) = endpoint.socket() else {
        return "the system does not allow the connection".to_owned();
    };
    match std::fs::metadata(path) {
        Ok(socket) => format!(
            "{} belongs to user {} and group {}: add the group (docker run --group-add {}), or run \
             as its owner",
            path.display(),
            socket.uid(),
            socket.gid(),
            socket.gid()
        ),
        Err(_) => format!("open the folders that lead to {}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::endpoint::Tls;
    use super::*;

    fn unanswered(text: &str, source: Box<dyn Error + Send + Sync>) -> DockerError {
        no_answer("listing", &Endpoint::parse(text, &Tls::Off).unwrap(), source)
    }

    fn reach(kind: io::ErrorKind) -> Box<dyn Error + Send + Sync> {
        Box::new(ConnectError::Reach { address: "there".into(), source: kind.into() })
    }

    #[test]
    fn every_silence_has_its_cure() {
        use io::ErrorKind as Kind;
        for (source, words) in [
            (reach(Kind::NotFound), "mount the socket"),
            (reach(Kind::ConnectionRefused), "systemctl start docker"),
            (reach(Kind::HostUnreachable), "no firewall"),
            (
                Box::new(ConnectError::Timeout { address: "a".into(), after: Duration::ZERO }),
                "no firewall",
            ),
            (
                Box::new(ConnectError::Resolve { host: "a".into(), source: Kind::Other.into() }),
                "name server",
            ),
            (
                Box::new(ConnectError::NotTls { address: "a".into(), source: Kind::Other.into() }),
                "unset DOCKER_TLS_VERIFY",
            ),
            (Box::new(io::Error::from(Kind::InvalidData)), "client certificate"),
            (Box::new(io::Error::from(Kind::UnexpectedEof)), "connection was cut"),
            ("connection closed before message completed".into(), "connection was cut"),
        ] {
            let error = unanswered("unix:///nowhere/docker.sock", source);
            let text = error.chain();
            assert!(text.starts_with("listing: the engine at unix:///nowhere/docker.sock"));
            assert!(text.contains(words), "{text}");
            assert!(error.is_unreachable() && error.retry() == Retry::Later, "{text}");
        }
    }

    #[test]
    fn a_closed_socket_names_its_group() {
        use std::os::unix::fs::MetadataExt as _;

        let socket = tempfile::NamedTempFile::new().unwrap();
        let group = socket.path().metadata().unwrap().gid();
        let endpoint = format!("unix://{}", socket.path().display());
        let error = unanswered(&endpoint, reach(io::ErrorKind::PermissionDenied));
        assert!(matches!(error, DockerError::NoAccess { .. }), "{error:?}");
        assert!(error.to_string().contains(&format!("--group-add {group}")), "{error}");
    }
}

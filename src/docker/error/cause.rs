//! Why there was no answer, and what to do about it.

use std::error::Error;
use std::io;

use crate::connect::ConnectError;

use super::super::endpoint::{Address, Endpoint};
use super::DockerError;

/// Sorts out why a request got no answer.
pub(in crate::docker) fn no_answer(
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
            // With TLS 1.3 a refusal may come after the end of the connection was seen.
            Self::Cut if matches!(endpoint.address(), Address::Tls { .. }) => {
                "the connection was cut: the engine may be restarting, or want a client certificate of \
                 its own authority (cert.pem and key.pem in DOCKER_CERT_PATH)"
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
    use std::time::Duration;

    use super::super::super::endpoint::Tls;
    use super::super::Retry;
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
    fn a_cut_over_tls_may_be_a_refusal() {
        let tls = Endpoint::parse("https://engine:2376", &Tls::Verify { folder: None }).unwrap();
        let error =
            no_answer("listing", &tls, Box::new(io::Error::from(io::ErrorKind::BrokenPipe)));
        assert!(error.chain().contains("client certificate"), "{}", error.chain());
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

//! Pulls with progress and authentication, over bollard.

mod progress;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::{CreateImageOptions, CreateImageOptionsBuilder};
use bollard::{BollardRequest, Docker};
use futures_util::{Stream, StreamExt as _};
use http::HeaderValue;
use serde_json::json;
use tokio::time::Instant;

use crate::core::digest::Platform;
use crate::core::event::PullProgress;
use crate::core::journal::Class;
use crate::core::plan::BoxFuture;
use crate::core::reference::{DOCKER_HUB, ImageRef};
use crate::core::secret::Secret;

use super::Host;
use super::error::{DockerError, no_answer};

use self::progress::Layers;

/// What the engine shows a registry to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullAuth {
    /// A user with a password or an access token.
    Password { username: String, password: Secret },
    /// A token that the registry exchanges for others (`identitytoken`).
    IdentityToken(Secret),
}

/// Where pulls get their credentials from.
pub trait PullCredentials: Send + Sync {
    /// Returns the credentials for a reference; `None` to pull without.
    fn for_pull<'a>(&'a self, reference: &'a ImageRef) -> BoxFuture<'a, Option<PullAuth>>;
}

/// Why a pull failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum PullError {
    /// The engine could not be asked.
    #[error(transparent)]
    Docker(#[from] DockerError),
    /// The engine said why it cannot.
    #[error("pulling {reference}: {message}{}", cure(message))]
    Engine { reference: String, message: String },
    /// The stream ended too early, or made no sense.
    #[error("pulling {reference}: the engine's answer was cut off ({reason})")]
    Cut { reference: String, reason: String },
    /// Nothing moved any more.
    #[error(
        "pulling {reference}: nothing moved for {} s; the registry may be hanging",
        idle.as_secs_f32()
    )]
    Idle { reference: String, idle: Duration },
    /// It took too long as a whole.
    #[error("pulling {reference}: not done within {} minutes", after.as_secs() / 60)]
    TooLong { reference: String, after: Duration },
}

impl PullError {
    pub(super) fn class(&self) -> Class {
        match self {
            Self::Docker(error) if error.is_unreachable() => Class::Unreachable,
            Self::Engine { message, .. } if is_lasting(message) => Class::Lasting,
            Self::TooLong { .. } => Class::Lasting,
            _ => Class::Transient,
        }
    }
}

/// What engines and registries say that will not change by waiting.
const LASTING: &[&str] = &[
    "manifest unknown",
    "manifest for ",
    "not found",
    "does not exist",
    "no basic auth credentials",
    "unauthorized",
    "authentication required",
    "denied",
    "forbidden",
    "no matching manifest",
    "does not match the specified platform",
    "invalid reference",
    "no space left on device",
    "disk quota exceeded",
    "unsupported media type",
    "x509:",
    "gave http response to https client",
];

/// What sounds lasting and passes nevertheless.
const PASSING: &[&str] = &["toomanyrequests", "too many requests", "server misbehaving"];

fn is_lasting(message: &str) -> bool {
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    says(LASTING) && !says(PASSING)
}

fn cure(message: &str) -> &'static str {
    let lower = message.to_lowercase();
    for (words, cure) in [
        ("no space left on device", "; make room on the engine's disk (docker system df)"),
        ("disk quota exceeded", "; make room on the engine's disk (docker system df)"),
        ("x509:", "; give the engine the registry's authority in /etc/docker/certs.d"),
        ("gave http response", "; name the registry in the engine's insecure-registries"),
        ("no basic auth credentials", "; give credentials for this registry"),
        ("toomanyrequests", "; the registry's limit is reached, credentials raise it"),
    ] {
        if lower.contains(words) {
            return cure;
        }
    }
    ""
}

/// What is to be pulled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) reference: &'a ImageRef,
    /// The platform, unless it is the engine's own.
    pub(super) platform: Option<&'a Platform>,
}

impl Host {
    /// Pulls a reference and reads the engine's answer to its end.
    pub(super) async fn pull(
        &self,
        wanted: Wanted<'_>,
        auth: Option<&PullAuth>,
        report: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<(), PullError> {
        let docker = self.transport().bollard().await?;
        let docker = match auth {
            Some(auth) => with_auth(docker, wanted.reference, auth),
            None => docker,
        };
        let lines = docker.create_image(Some(options(wanted)), None, None);
        let limit = self.transport().timeouts.pull;
        let reference = wanted.reference.familiar();
        match tokio::time::timeout(limit, self.follow(&reference, lines, report)).await {
            Ok(result) => result,
            Err(_) => Err(PullError::TooLong { reference, after: limit }),
        }
    }

    async fn follow(
        &self,
        reference: &str,
        lines: impl Stream<Item = Result<CreateImageInfo, bollard::errors::Error>>,
        report: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<(), PullError> {
        let idle = self.transport().timeouts.pull_idle;
        let (mut layers, mut meter) = (Layers::default(), Meter::new(report));
        let mut lines = std::pin::pin!(lines);
        loop {
            let line = match tokio::time::timeout(idle, lines.next()).await {
                Err(_) => return Err(PullError::Idle { reference: reference.into(), idle }),
                Ok(None) => break,
                Ok(Some(line)) => line.map_err(|error| self.pull_error(reference, error))?,
            };
            layers.read(&line);
            meter.show(layers.progress());
        }
        meter.finish(layers.progress());
        Ok(())
    }

    fn pull_error(&self, reference: &str, error: bollard::errors::Error) -> PullError {
        use bollard::errors::Error;

        let reference = reference.to_owned();
        match error {
            Error::DockerResponseServerError { message, .. } => {
                PullError::Engine { reference, message }
            }
            Error::DockerStreamError { error } => PullError::Engine { reference, message: error },
            Error::RequestTimeoutError => {
                let after = self.transport().timeouts.pull;
                let (doing, endpoint) = (format!("pulling {reference}"), self.endpoint().to_string());
                PullError::Docker(DockerError::Timeout { doing, endpoint, after })
            }
            // The transport's own error still has its cause; one of the body has only a text.
            Error::IOError { err } if err.get_ref().is_some_and(is_request_error) => {
                let doing = format!("pulling {reference}");
                PullError::Docker(no_answer(&doing, self.endpoint(), err.into()))
            }
            other => PullError::Cut { reference, reason: other.to_string() },
        }
    }
}

fn is_request_error(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    error.is::<hyper_util::client::legacy::Error>()
}

/// As the engine's own client does: the name apart from the tag, or from the digest if it has one.
fn options(wanted: Wanted<'_>) -> CreateImageOptions {
    let reference = wanted.reference;
    let digest = reference.digest().map(crate::core::digest::Digest::as_str);
    let platform = wanted.platform.map(ToString::to_string).unwrap_or_default();
    CreateImageOptionsBuilder::new()
        .from_image(&reference.name())
        .tag(digest.or(reference.tag()).unwrap_or("latest"))
        .platform(&platform)
        .build()
}

/// Adds the header by ourselves: bollard encodes it with the standard alphabet, which the engine
/// reads as no credentials at all where a `+` or `/` occurs.
fn with_auth(docker: Docker, reference: &ImageRef, auth: &PullAuth) -> Docker {
    let header = header(reference, auth);
    docker.with_request_modifier(move |mut request: BollardRequest| {
        request.headers_mut().insert("x-registry-auth", header.clone());
        request
    })
}

fn header(reference: &ImageRef, auth: &PullAuth) -> HeaderValue {
    let server = match reference.registry() {
        DOCKER_HUB => "https://index.docker.io/v1/",
        other => other,
    };
    let json = match auth {
        PullAuth::Password { username, password } => {
            json!({"username": username, "password": password.expose(), "serveraddress": server})
        }
        PullAuth::IdentityToken(token) => {
            json!({"identitytoken": token.expose(), "serveraddress": server})
        }
    };
    let encoded = URL_SAFE.encode(json.to_string());
    let mut header = HeaderValue::try_from(encoded).expect("base64 is made of header characters");
    header.set_sensitive(true);
    header
}

/// Passes progress on a few times a second.
struct Meter<'a> {
    report: &'a (dyn Fn(PullProgress) + Send + Sync),
    shown: Option<(Instant, PullProgress)>,
}

const BETWEEN_REPORTS: Duration = Duration::from_millis(200);

impl<'a> Meter<'a> {
    fn new(report: &'a (dyn Fn(PullProgress) + Send + Sync)) -> Self {
        Self { report, shown: None }
    }

    fn show(&mut self, progress: PullProgress) {
        let due = self.shown.is_none_or(|(at, _)| at.elapsed() >= BETWEEN_REPORTS);
        if due {
            self.finish(progress);
        }
    }

    fn finish(&mut self, progress: PullProgress) {
        let news = self.shown.is_none_or(|(_, shown)| shown != progress);
        if news && progress.layers > 0 {
            (self.report)(progress);
            self.shown = Some((Instant::now(), progress));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waiting_cures_is_told_from_what_it_does_not() {
        for (message, lasting) in [
            ("manifest for a/b:9 not found: manifest unknown: manifest unknown", true),
            ("pull access denied for a, repository does not exist or may require 'docker login'", true),
            ("failed to resolve reference \"r/a:9\": r/a:9: not found", true),
            ("unauthorized: authentication required", true),
            ("no basic auth credentials", true),
            ("no matching manifest for linux/arm64/v8 in the manifest list entries", true),
            ("failed to register layer: write /a: no space left on device", true),
            ("Get \"https://r/v2/\": x509: certificate signed by unknown authority", true),
            ("http: server gave HTTP response to HTTPS client", true),
            ("toomanyrequests: You have reached your pull rate limit", false),
            ("denied: too many requests", false),
            ("received unexpected HTTP status: 503 Service Unavailable", false),
            ("Get \"https://r/v2/\": dial tcp 10.0.0.1:443: connect: connection refused", false),
            ("Get \"https://r/v2/\": net/http: TLS handshake timeout", false),
            ("lookup r on 10.0.0.1:53: server misbehaving", false),
            ("lookup r: no such host", false),
            ("unexpected EOF", false),
            ("context deadline exceeded", false),
        ] {
            assert_eq!(is_lasting(message), lasting, "{message}");
        }
    }

    #[test]
    fn references_are_sent_as_the_engines_client_does() {
        let digest = "a".repeat(64);
        for (text, name, tag) in [
            ("nginx", "docker.io/library/nginx", "latest".to_owned()),
            ("r:5000/a/b:1", "r:5000/a/b", "1".to_owned()),
            (&format!("a:1@sha256:{digest}"), "docker.io/library/a", format!("sha256:{digest}")),
        ] {
            let reference = ImageRef::parse(text).unwrap();
            let sent = options(Wanted { reference: &reference, platform: None });
            assert_eq!((sent.from_image.as_deref(), sent.tag), (Some(name), Some(tag)));
            assert_eq!(sent.platform, "");
        }
    }

    #[test]
    fn credentials_are_encoded_for_urls() {
        let reference = ImageRef::parse("r:5000/a").unwrap();
        let password = Secret::new("~~~???>>>ÿÿÿ");
        let auth = PullAuth::Password { username: "u".into(), password };
        let header = header(&reference, &auth);
        let text = header.to_str().unwrap();
        assert!(!text.contains(['+', '/']), "{text}");
        let json: serde_json::Value =
            serde_json::from_slice(&URL_SAFE.decode(text).unwrap()).unwrap();
        assert_eq!(json["password"], "~~~???>>>ÿÿÿ");
        assert_eq!(json["serveraddress"], "r:5000");
        assert!(header.is_sensitive());
    }
}

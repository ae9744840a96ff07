//! Pulls with progress and authentication, over bollard.

mod auth;
mod error;
mod progress;

use std::time::Duration;

use bollard::models::CreateImageInfo;
use bollard::query_parameters::{CreateImageOptions, CreateImageOptionsBuilder};
use futures_util::{Stream, StreamExt as _};
use tokio::time::Instant;

use crate::core::digest::{Digest, Platform};
use crate::core::event::PullProgress;
use crate::core::reference::ImageRef;

use super::Host;
use super::error::{DockerError, no_answer};

pub use self::auth::{PullAuth, PullCredentials};
pub(super) use self::error::PullError;

use self::auth::with_auth;
use self::progress::Layers;

/// What is to be pulled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) reference: &'a ImageRef,
    /// The platform, unless it is the engine's own.
    pub(super) platform: Option<&'a Platform>,
}

impl Host {
    /// Pulls a reference and reads the engine's answer to its end; returns the digest that the
    /// reference resolved to, as the engine said it.
    pub(super) async fn pull(
        &self,
        wanted: Wanted<'_>,
        auth: Option<&PullAuth>,
        report: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<Option<Digest>, PullError> {
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
    ) -> Result<Option<Digest>, PullError> {
        let idle = self.transport().timeouts.pull_idle;
        let (mut layers, mut meter) = (Layers::default(), Meter::new(report));
        let mut digest = None;
        let mut lines = std::pin::pin!(lines);
        loop {
            let line = match tokio::time::timeout(idle, lines.next()).await {
                Err(_) => return Err(PullError::Idle { reference: reference.into(), idle }),
                Ok(None) => break,
                Ok(Some(line)) => line.map_err(|error| self.pull_error(reference, error))?,
            };
            layers.read(&line);
            digest = said_digest(&line).or(digest);
            meter.show(layers.progress());
        }
        meter.finish(layers.progress());
        Ok(digest)
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
                let (doing, endpoint) =
                    (format!("pulling {reference}"), self.endpoint().to_string());
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

/// Reads `Digest: sha256:…`, which stands near the end of a pull.
fn said_digest(line: &CreateImageInfo) -> Option<Digest> {
    line.status.as_deref()?.strip_prefix("Digest: ")?.parse().ok()
}

/// As the engine's own client does: the name apart from the tag, or from the digest if it has one.
fn options(wanted: Wanted<'_>) -> CreateImageOptions {
    let reference = wanted.reference;
    let digest = reference.digest().map(Digest::as_str);
    let platform = wanted.platform.map(ToString::to_string).unwrap_or_default();
    CreateImageOptionsBuilder::new()
        .from_image(&reference.name())
        .tag(digest.or(reference.tag()).unwrap_or("latest"))
        .platform(&platform)
        .build()
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
}

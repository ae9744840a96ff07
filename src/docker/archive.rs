//! Archives of what lies at a path of a container, piece by piece in both directions.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::Method;
use http_body_util::{BodyExt as _, Either, StreamBody};
use hyper::body::{Frame, Incoming};
use tokio::sync::mpsc::Receiver;

use crate::core::id::ContainerId;

use super::Host;
use super::call::{Call, in_path};
use super::error::{DockerError, no_answer};

/// What the slowest disk that is worth waiting for takes in a second.
const SLOWEST_BYTES_PER_SECOND: u64 = 1 << 20;

/// An archive that the engine sends.
pub struct Download {
    body: Incoming,
    host: Host,
    doing: String,
}

impl Download {
    /// Returns the next piece; `None` at the end.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, DockerError> {
        let transport = self.host.transport();
        let idle = transport.timeouts.pull_idle;
        loop {
            let Ok(frame) = tokio::time::timeout(idle, self.body.frame()).await else {
                return Err(DockerError::Timeout {
                    doing: self.doing.clone(),
                    endpoint: transport.endpoint.to_string(),
                    after: idle,
                });
            };
            let Some(frame) = frame else { return Ok(None) };
            let frame =
                frame.map_err(|error| no_answer(&self.doing, &transport.endpoint, error.into()))?;
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data.into()));
            }
        }
    }
}

impl Host {
    /// Begins to read what lies at a path of a container.
    pub(super) async fn download(
        &self,
        id: &ContainerId,
        path: &str,
    ) -> Result<Download, DockerError> {
        let doing = format!("reading {path} of container {}", id.short());
        let archive = format!("/containers/{}/archive", in_path(id.as_str()));
        let limit = self.transport().timeouts.manage;
        let call = Call::get(&*doing, &archive).query("path", path).within(limit);
        let body = self.transport().open(&call).await?;
        Ok(Download { body, host: self.clone(), doing })
    }

    /// Unpacks an archive of so many bytes into a folder of a container.
    pub(super) async fn unpack(
        &self,
        id: &ContainerId,
        path: &str,
        (pieces, bytes): (Receiver<Vec<u8>>, u64),
    ) -> Result<(), DockerError> {
        let doing = format!("writing to {path} of container {}", id.short());
        let archive = format!("/containers/{}/archive", in_path(id.as_str()));
        let slowest = Duration::from_secs(bytes / SLOWEST_BYTES_PER_SECOND);
        let limit = self.transport().timeouts.pull.max(slowest);
        let call = Call::new(doing, Method::PUT, &archive).query("path", path).within(limit);
        let pieces = futures_util::stream::unfold(pieces, |mut pieces| async move {
            let piece = pieces.recv().await?;
            Some((Ok::<_, io::Error>(Frame::data(Bytes::from(piece))), pieces))
        });
        let body = Either::Right(StreamBody::new(pieces.boxed()));
        self.transport().upload(&call, body).await
    }
}

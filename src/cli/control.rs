//! Asks a running server over its control socket.

use std::path::Path;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::UnixStream;

/// How long a server may take to accept and to begin its answer where no work is asked of it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection to a running server.
pub struct Control {
    sender: SendRequest<Full<Bytes>>,
    connection: tokio::task::JoinHandle<()>,
}

/// Why the server's answer could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// It answered with an error.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its message.
        message: String,
    },
    /// The connection broke; what was asked for goes on in the server.
    #[error(
        "the running server's answer was cut off; it goes on by itself, see `docker-auto history`"
    )]
    CutOff(#[source] hyper::Error),
    /// It ended without a result.
    #[error(
        "the running server ended without a result; it may be shutting down, see `docker-auto history`"
    )]
    Ended,
    /// It answered what this version does not understand.
    #[error("the running server gave an answer that this version does not understand")]
    BadAnswer(#[source] serde_json::Error),
}

impl Drop for Control {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Control {
    /// Connects to the control socket in a data directory; `None` when no server listens there.
    #[expect(clippy::disallowed_methods, reason = "one connection's driver, ended when dropped")]
    pub async fn connect(data: &Path) -> Option<Self> {
        let connect = async {
            let stream = UnixStream::connect(data.join("control.sock")).await.ok()?;
            http1::handshake(TokioIo::new(stream)).await.ok()
        };
        let (sender, connection) =
            tokio::time::timeout(CONNECT_TIMEOUT, connect).await.ok().flatten()?;
        let connection = tokio::spawn(async move {
            if let Err(error) = connection.await {
                log::debug!("the control connection ended: {error}");
            }
        });
        Some(Self { sender, connection })
    }

    /// Asks and reads the envelope's data.
    pub async fn ask<T: DeserializeOwned>(
        &mut self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<T, ControlError> {
        let mut envelope = self.whole(method, path, body).await?;
        let data = envelope.get_mut("data").map(Value::take).unwrap_or_default();
        serde_json::from_value(data).map_err(ControlError::BadAnswer)
    }

    /// Asks and reads the whole answer as JSON.
    pub async fn whole(
        &mut self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, ControlError> {
        let response = self.send(method, path, body).await?;
        let whole = response.into_body().collect().await.map_err(ControlError::CutOff)?.to_bytes();
        serde_json::from_slice(&whole).map_err(ControlError::BadAnswer)
    }

    /// Asks and hands over the answer's JSON lines as they come.
    pub async fn follow<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &Value,
        mut take: impl FnMut(T),
    ) -> Result<(), ControlError> {
        let mut stream = self.send(Method::POST, path, body).await?.into_body();
        let mut buffer = BytesMut::new();
        while let Some(frame) = stream.frame().await {
            let frame = frame.map_err(ControlError::CutOff)?;
            buffer.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
            while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                let line = buffer.split_to(end + 1);
                take(serde_json::from_slice(&line).map_err(ControlError::BadAnswer)?);
            }
        }
        Ok(())
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<http::Response<Incoming>, ControlError> {
        let mut request = Request::new(Full::new(Bytes::from(body.to_string())));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap_or_default();
        request
            .headers_mut()
            .insert(http::header::HOST, http::HeaderValue::from_static("docker-auto"));
        let response = self.sender.send_request(request).await.map_err(ControlError::CutOff)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let whole = response.into_body().collect().await.map_err(ControlError::CutOff)?.to_bytes();
        let message = serde_json::from_slice::<Value>(&whole)
            .ok()
            .and_then(|envelope| envelope.get("message")?.as_str().map(ToOwned::to_owned))
            .unwrap_or_else(|| format!("the server answered {status}"));
        Err(ControlError::Refused { status, message })
    }
}

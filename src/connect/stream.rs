//! An open connection of any kind, as hyper wants it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::ReadBufCursor;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes in both directions: a unix socket, TCP or TLS over either.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// An open connection and what the pool must know of it.
pub struct Stream {
    io: TokioIo<Box<dyn Io>>,
    nature: Nature,
    /// Lives as long as the connection.
    companion: Option<Box<dyn Send + Sync>>,
}

/// What distinguishes a connection for the pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Nature {
    /// HTTP/2 was agreed on.
    pub(super) http2: bool,
    /// A proxy reads the requests and wants absolute URIs.
    pub(super) proxied: bool,
}

impl Stream {
    pub(super) fn new(io: Box<dyn Io>, nature: Nature) -> Self {
        Self { io: TokioIo::new(io), nature, companion: None }
    }

    /// Returns the connection with something that is dropped when it ends.
    #[must_use]
    pub fn holding(mut self, companion: impl Send + Sync + 'static) -> Self {
        self.companion = Some(Box::new(companion));
        self
    }

    /// Says whether HTTP/2 was agreed on.
    pub fn is_http2(&self) -> bool {
        self.nature.http2
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("nature", &self.nature).finish_non_exhaustive()
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.nature.proxied);
        if self.nature.http2 { connected.negotiated_h2() } else { connected }
    }
}

impl hyper::rt::Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, parts)
    }
}

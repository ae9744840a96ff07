//! A forward proxy in the test's own process, as squid is one: CONNECT for TLS, whole addresses for plain http.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::background::Background;

/// Where the proxy finds each `host:port`; everything else is refused with 403.
pub(crate) type Names = HashMap<String, SocketAddr>;

/// A running proxy; dropping it ends it.
#[derive(Debug)]
pub(crate) struct ForwardProxy {
    background: Background,
    heads: Arc<Mutex<Vec<String>>>,
}

impl ForwardProxy {
    /// Starts a proxy; with `authorization` only requests with that header's value are served.
    pub(crate) fn start(names: Names, authorization: Option<&'static str>) -> Self {
        Self::started(names, authorization, None)
    }

    /// Starts a proxy that is itself spoken to over TLS.
    pub(crate) fn tls(names: Names, config: ServerConfig) -> Self {
        Self::started(names, None, Some(TlsAcceptor::from(Arc::new(config))))
    }

    fn started(
        names: Names,
        authorization: Option<&'static str>,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let names = Arc::new(names);
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let record = heads.clone();
        let background = Background::start(move |mut stream, _| {
            let (names, record, tls) = (names.clone(), record.clone(), tls.clone());
            async move {
                // A client that goes away in the middle is none of the proxy's business.
                let _ended = match tls {
                    None => serve(&mut stream, &names, authorization, &record).await,
                    Some(tls) => match tls.accept(stream).await {
                        Ok(mut stream) => serve(&mut stream, &names, authorization, &record).await,
                        Err(error) => Err(error),
                    },
                };
            }
        });
        Self { background, heads }
    }

    /// Returns `127.0.0.1:port`.
    pub(crate) fn address(&self) -> String {
        self.background.address.to_string()
    }

    /// Returns the first line of every connection's first request.
    pub(crate) fn lines(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        heads.iter().map(|head| head.lines().next().unwrap_or_default().to_owned()).collect()
    }
}

async fn serve(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    names: &Names,
    authorization: Option<&str>,
    record: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    record.lock().unwrap().push(text.clone());
    let header = |line: &str| line.to_ascii_lowercase().starts_with("proxy-authorization:");
    let shown = text.lines().find(|line| header(line)).and_then(|line| line.split_once(": "));
    if authorization.is_some() && shown.map(|(_, value)| value) != authorization {
        return stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    }
    let target = text.split(' ').nth(1).unwrap_or_default();
    let tunnel = text.starts_with("CONNECT ");
    let name = target.strip_prefix("http://").unwrap_or(target).split('/').next();
    let name = name.unwrap_or_default();
    let name = if name.contains(':') { name.to_owned() } else { format!("{name}:80") };
    let Some(address) = names.get(&name).filter(|_| tunnel || target.starts_with("http://")) else {
        return stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await;
    };
    let mut behind = TcpStream::connect(address).await?;
    if tunnel {
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    } else {
        behind.write_all(&head).await?;
    }
    copy_bidirectional(stream, &mut behind).await.map(|_| ())
}

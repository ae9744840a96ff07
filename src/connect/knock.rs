//! Asks one port whether it answers: TCP, or one HTTP request; no proxy, no TLS, no second try.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a connection may take: what is asked is near.
const CONNECT: Duration = Duration::from_secs(2);

/// Asks `tcp://HOST:PORT` or `http://HOST:PORT/PATH`. Over TCP it is enough that a connection is
/// accepted; an HTTP answer must have a status below 400 and come within `limit`. The error says in
/// words what is wrong.
pub async fn knock(address: &str, limit: Duration) -> Result<(), String> {
    let uri: Uri = address.parse().map_err(|_| format!("{address} is not an address to ask"))?;
    let scheme = uri.scheme_str();
    let authority = uri.authority().filter(|it| it.port_u16().is_some());
    let (Some(scheme @ ("tcp" | "http")), Some(authority)) = (scheme, authority) else {
        return Err(format!(
            "write tcp://HOST:PORT or http://HOST:PORT/PATH in place of {address}"
        ));
    };
    let stream =
        connect(authority.as_str()).await.map_err(|error| format!("{address}: {error}"))?;
    if scheme == "tcp" {
        return Ok(());
    }
    match timeout(limit, get(stream, &uri)).await {
        Ok(Ok(status)) if status.as_u16() < 400 => Ok(()),
        Ok(Ok(status)) => Err(format!("{address} answers {status}")),
        Ok(Err(error)) => Err(format!("{address}: {error}")),
        Err(_) => Err(format!("{address} does not answer within {limit:?}")),
    }
}

/// Says whether a host's answer comes back at all, be it a refusal: then it can be asked from here.
pub async fn is_near(authority: &str) -> bool {
    match connect(authority).await {
        Ok(_) => true,
        Err(error) => error.kind() == io::ErrorKind::ConnectionRefused,
    }
}

async fn connect(authority: &str) -> io::Result<TcpStream> {
    match timeout(CONNECT, TcpStream::connect(authority)).await {
        Ok(connected) => connected,
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("no connection within {CONNECT:?}"),
        )),
    }
}

async fn get(stream: TcpStream, uri: &Uri) -> Result<http::StatusCode, hyper::Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.uri_mut() = path.parse().unwrap_or_default();
    // Servers that know their names know this one.
    request.headers_mut().insert(http::header::HOST, http::HeaderValue::from_static("localhost"));
    let asked = sender.send_request(request);
    tokio::pin!(connection, asked);
    tokio::select! {
        answer = &mut asked => Ok(answer?.status()),
        ended = &mut connection => {
            ended?;
            Ok(asked.await?.status())
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers one connection; says what was asked.
    async fn check(answer: &'static str, expected: Result<(), &str>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 1024];
            let length = stream.read(&mut asked).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&asked[..length]).into_owned()
        };
        let url = format!("http://{address}/up?now=1");
        let (said, asked) = tokio::join!(knock(&url, Duration::from_secs(5)), server);
        let request = "GET /up?now=1 HTTP/1.1\r\nhost: localhost\r\n";
        assert!(asked.starts_with(request), "{asked}");
        match expected {
            Ok(()) => assert_eq!(said, Ok(())),
            Err(words) => assert!(said.clone().is_err_and(|it| it.contains(words)), "{said:?}"),
        }
    }

    #[tokio::test]
    async fn pages_are_asked() {
        check("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", Ok(())).await;
        check("HTTP/1.0 204 No Content\r\n\r\n", Ok(())).await;
        check("HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n", Ok(())).await;
        check("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", Err("answers 503")).await;
        check("SSH-2.0-x\r\n", Err("/up?now=1: ")).await;
        check("", Err("/up?now=1: ")).await;
    }

    #[tokio::test]
    async fn ports_are_asked() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limit = Duration::from_millis(50);
        assert_eq!(knock(&format!("tcp://{address}"), limit).await, Ok(()));
        let silent = knock(&format!("http://{address}/"), limit).await;
        assert!(silent.clone().is_err_and(|it| it.contains("does not answer")), "{silent:?}");
        assert!(is_near(&address.to_string()).await);
        drop(listener);
        let refused = knock(&format!("tcp://{address}"), limit).await;
        assert!(refused.clone().is_err_and(|it| it.contains("refused")), "{refused:?}");
        assert!(is_near(&address.to_string()).await, "it says no, but it says it");
        assert!(!is_near("no such host:1").await);
        for bad in ["", "x", "https://a:1/", "tcp://a", "http://a/", "/x"] {
            assert!(knock(bad, limit).await.is_err(), "{bad}");
        }
    }
}

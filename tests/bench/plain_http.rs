//! One HTTP/1.0 request on one connection, blocking, so that nothing but the answer is waited for and its body ends
//! with the connection.

use crate::fault::{Fault, while_doing};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_mins(2);

/// An answer: its status and its bytes after the headers, as they came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Sends a request over a unix socket.
pub(crate) fn over_unix(socket: &Path, request: &str) -> Result<Answer, Fault> {
    let doing = format!("asking {}", socket.display());
    let stream = UnixStream::connect(socket).map_err(while_doing(&doing))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    exchange(stream, request).map_err(while_doing(&doing))
}

/// Sends a request over TCP, with a limit for connecting and for each read.
pub(crate) fn over_tcp(
    address: SocketAddr,
    request: &str,
    patience: Duration,
) -> Result<Answer, Fault> {
    let stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_nodelay(true)?;
    exchange(stream, request)
}

/// Returns a request without body.
pub(crate) fn request(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.0\r\nhost: localhost\r\n\r\n")
}

/// Returns a POST of JSON.
pub(crate) fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.0\r\nhost: localhost\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn exchange(mut stream: impl Read + Write, request: &str) -> Result<Answer, Fault> {
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").ok_or("no HTTP answer")?;
    let head = std::str::from_utf8(&bytes[..end])?;
    let status = head.split(' ').nth(1).ok_or("no status in the answer")?.parse()?;
    Ok(Answer { status, body: bytes.split_off(end + 4) })
}

//! A small HTTP/1.1 client, independent of the one under test: one connection for each exchange.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Returns the first header with that name, in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What to ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
    /// For each read and write, not for the whole.
    pub(crate) timeout: Duration,
}

impl<'a> Question<'a> {
    /// Returns a GET without headers that may take a minute.
    pub(crate) fn get(path: &'a str) -> Self {
        let timeout = Duration::from_mins(1);
        Self { method: "GET", path, headers: &[], body: &[], timeout }
    }
}

/// Asks a server on a unix socket.
pub(crate) fn ask_unix(socket: &Path, question: Question<'_>) -> io::Result<Answer> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(question.timeout))?;
    stream.set_write_timeout(Some(question.timeout))?;
    exchange(stream, "engine", question)
}

/// Asks a server on TCP.
pub(crate) fn ask_tcp(address: &str, question: Question<'_>) -> io::Result<Answer> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(question.timeout))?;
    stream.set_write_timeout(Some(question.timeout))?;
    exchange(stream, address, question)
}

fn exchange(
    mut stream: impl Read + Write,
    host: &str,
    question: Question<'_>,
) -> io::Result<Answer> {
    let Question { method, path, headers, body, .. } = question;
    let mut message = Vec::new();
    write!(message, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n")?;
    write!(message, "Content-Length: {}\r\n", body.len())?;
    for (name, value) in headers {
        write!(message, "{name}: {value}\r\n")?;
    }
    message.extend_from_slice(b"\r\n");
    message.extend_from_slice(body);
    stream.write_all(&message)?;
    read_answer(BufReader::new(stream), method == "HEAD")
}

fn read_answer(mut stream: impl BufRead, bodiless: bool) -> io::Result<Answer> {
    let status_line = read_line(&mut stream)?;
    let status = status_line.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("no status: {status_line:?}")))?;
    let mut answer = Answer { status, headers: Vec::new(), body: Vec::new() };
    loop {
        let line = read_line(&mut stream)?;
        let Some((name, value)) = line.split_once(':') else { break };
        answer.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if bodiless {
        return Ok(answer);
    }
    if answer.header("transfer-encoding") == Some("chunked") {
        read_chunks(&mut stream, &mut answer.body)?;
    } else if let Some(length) = answer.header("content-length") {
        let length = length.parse().map_err(io::Error::other)?;
        stream.take(length).read_to_end(&mut answer.body)?;
    } else if status != 204 && status != 304 {
        stream.read_to_end(&mut answer.body)?;
    }
    Ok(answer)
}

fn read_chunks(stream: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let line = read_line(stream)?;
        let length = u64::from_str_radix(&line, 16).map_err(io::Error::other)?;
        stream.take(length).read_to_end(body)?;
        read_line(stream)?;
        if length == 0 {
            return Ok(());
        }
    }
}

fn read_line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

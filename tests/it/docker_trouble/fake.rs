//! An engine that answers as a test wants it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use docker_auto::docker::{Host, Tls};
use tempfile::TempDir;

use super::at;

/// A socket that answers like an engine, or not at all like one.
pub(super) struct FakeEngine {
    folder: TempDir,
    pub(super) calls: Arc<Mutex<Vec<String>>>,
}

/// What is answered to a call: status, further headers and body.
pub(super) type Reply = (u16, String, String);

impl FakeEngine {
    pub(super) fn start(reply: impl Fn(&str) -> Reply + Send + 'static) -> Self {
        let folder = TempDir::new().expect("a folder");
        let listener = UnixListener::bind(folder.path().join("docker.sock")).expect("a socket");
        let calls = Arc::new(Mutex::new(Vec::new()));
        let seen = calls.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let line = request_line(&stream);
                let (status, headers, body) = reply(&line);
                seen.lock().expect("nobody panics with it").push(line);
                let length = body.len();
                let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{headers}");
                // A client that has gone does not need the rest.
                let _ = write!(&stream, "{head}Content-Length: {length}\r\n\r\n{body}");
            }
        });
        Self { folder, calls }
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    pub(super) fn host(&self) -> Host {
        at(&format!("unix://{}", self.socket().display()), &Tls::Off).expect("a host")
    }
}

fn request_line(stream: &UnixStream) -> String {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let _headers = lines.take_while(|line| !line.is_empty()).count();
    first.trim_end_matches(" HTTP/1.1").to_owned()
}

pub(super) fn ok(body: impl Into<String>) -> Reply {
    (200, "Api-Version: 1.47\r\n".to_owned(), body.into())
}

pub(super) fn ping(version: &str) -> Reply {
    (200, format!("Api-Version: {version}\r\n"), "OK".to_owned())
}

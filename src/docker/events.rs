//! What happens on a host, as its engine tells it.

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::core::notice::{self, Notice};

use super::Host;
use super::call::Call;
use super::error::DockerError;

/// An event takes a few hundred bytes, and its labels some thousands more.
const LONGEST_EVENT: usize = 1 << 20;

/// The notices of a host, as long as the connection lasts.
#[derive(Debug)]
pub struct Notices {
    body: Incoming,
    lines: Lines,
}

impl Host {
    /// Asks the engine to tell from now on what happens.
    pub async fn notices(&self) -> Result<Notices, DockerError> {
        let filters = json!({"type": notice::TYPES, "event": notice::ACTIONS}).to_string();
        let call = Call::get("following the engine's events", "/events").query("filters", &filters);
        Ok(Notices { body: self.transport().open(&call).await?, lines: Lines::default() })
    }
}

impl Notices {
    /// Waits for the next notice; `None` when the engine tells nothing more.
    ///
    /// *Cancel safety*: nothing is lost.
    pub async fn next(&mut self) -> Option<Notice> {
        loop {
            while let Some(line) = self.lines.next() {
                // What cannot be read is a kind of event that we do not know.
                let event = serde_json::from_slice::<Value>(&line).unwrap_or_default();
                if let Some(notice) = notice::read(&event) {
                    return Some(notice);
                }
            }
            let frame = self.body.frame().await?.ok()?;
            if let Ok(data) = frame.into_data() {
                self.lines.push(&data);
            }
        }
    }
}

/// Takes a stream of lines apart, wherever it was cut; a line that has no end is dropped.
#[derive(Debug, Default)]
struct Lines {
    held: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        if self.held.len() > LONGEST_EVENT && !self.held.contains(&b'\n') {
            self.held.clear();
        }
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        let end = self.held.iter().position(|byte| *byte == b'\n')?;
        Some(self.held.drain(..=end).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together() {
        let mut lines = Lines::default();
        let mut all = Vec::new();
        for piece in ["{\"a\":1}\n{\"b", "\":2", "}\n\n", "{\"c\":3}"] {
            lines.push(piece.as_bytes());
            while let Some(line) = lines.next() {
                all.push(String::from_utf8(line).unwrap());
            }
        }
        assert_eq!(all, ["{\"a\":1}\n", "{\"b\":2}\n", "\n"]);
        lines.push(&vec![b'x'; LONGEST_EVENT]);
        assert!(lines.held.is_empty() && lines.next().is_none());
    }
}

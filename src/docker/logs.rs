//! What a container has logged, as text: both streams in the order they came.

use serde_json::Value;

use crate::core::id::{ContainerId, Timestamp};

use super::Host;
use super::call::{Call, in_path};
use super::error::DockerError;
use super::output::Frames;

/// What is read of a log at most, before its end is cut out.
const LARGEST_READ: usize = 8 << 20;

/// How a container writes its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// It has a terminal: the bytes as they are.
    Raw,
    /// Two streams, in frames with headers.
    Frames,
}

impl LogFormat {
    /// Returns the format of a container from its inspect.
    pub fn of(inspect: &Value) -> Self {
        if inspect["Config"]["Tty"] == true { Self::Raw } else { Self::Frames }
    }
}

impl Host {
    /// Returns the last lines that a container logged, no more of them than `bytes` of JSON.
    pub async fn last_logs(
        &self,
        id: &ContainerId,
        format: LogFormat,
        lines: u32,
        bytes: usize,
    ) -> Result<String, DockerError> {
        let text = self.log(id, format, ("tail", &lines.to_string())).await?;
        Ok(last(&text, bytes).to_owned())
    }

    /// Returns what a container has logged since a moment, as far as it is not too much.
    pub(super) async fn logs_since(
        &self,
        id: &ContainerId,
        format: LogFormat,
        since: Timestamp,
    ) -> Result<String, DockerError> {
        let since = format!("{}.{:09}", since.timestamp(), since.timestamp_subsec_nanos());
        self.log(id, format, ("since", &since)).await
    }

    async fn log(
        &self,
        id: &ContainerId,
        format: LogFormat,
        (parameter, value): (&str, &str),
    ) -> Result<String, DockerError> {
        let path = format!("/containers/{}/logs", in_path(id.as_str()));
        let call = Call::get(format!("reading the log of container {}", id.short()), &path)
            .query("stdout", "1")
            .query("stderr", "1")
            .query(parameter, value)
            .cut_at(LARGEST_READ);
        let answer = self.transport().send(&call).await?;
        let text = match format {
            LogFormat::Raw => answer.bytes.to_vec(),
            LogFormat::Frames => joined(&answer.bytes),
        };
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

/// Takes the headers out; a last frame that was cut off is taken as far as it goes.
fn joined(stream: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(stream.len());
    Frames::default().push(stream, |payload| text.extend_from_slice(payload));
    text
}

/// Returns the end of a text that takes no more than `bytes` as JSON, beginning at a line where
/// there is one.
fn last(text: &str, bytes: usize) -> &str {
    let characters = text.char_indices().rev();
    let kept = within(characters, bytes);
    let end = &text[kept.unwrap_or(text.len())..];
    match end.split_once('\n') {
        Some((_, lines)) if end.len() < text.len() && !lines.is_empty() => lines,
        _ => end,
    }
}

/// Returns the beginning of a text that takes no more than `bytes` as JSON.
pub(super) fn first(text: &str, bytes: usize) -> &str {
    let ends = text.char_indices().map(|(start, one)| (start + one.len_utf8(), one));
    &text[..within(ends, bytes).unwrap_or(0)]
}

/// Returns the place of the last character that there is room for.
fn within(characters: impl Iterator<Item = (usize, char)>, bytes: usize) -> Option<usize> {
    let places = characters.scan(bytes, |room, (place, character)| {
        *room = room.checked_sub(encoded_bytes(character))?;
        Some(place)
    });
    places.last()
}

/// Returns how many bytes a character takes in JSON, as which the journal keeps it.
fn encoded_bytes(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => character.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept() {
        for (text, bytes, expected) in [
            ("a\nb\nc\n", 10, "a\nb\nc\n"),
            ("aaa\nb\nc\n", 8, "b\nc\n"),
            ("one long line", 4, "line"),
            ("ääää", 3, "ä"),
            ("aaaa\n", 4, "aa\n"),
            ("\u{1b}[1m\u{1b}", 9, "[1m\u{1b}"),
            ("ab", 0, ""),
        ] {
            assert_eq!(last(text, bytes), expected);
        }
    }

    /// The journal has a reserve of a certain size for it.
    #[test]
    fn what_is_kept_is_bounded_as_json() {
        let all: String = (0..=0x2ff).filter_map(char::from_u32).collect();
        for text in ["\u{1b}".repeat(1000), "\n\"\\".repeat(1000), all] {
            for kept in [last(&text, 200), first(&text, 200)] {
                let encoded = serde_json::to_string(kept).unwrap().len() - 2;
                assert!(encoded <= 200 && encoded > 190, "{encoded}: {kept:?}");
            }
        }
    }
}

//! What comes in frames of two streams: taken apart in the order they come; of a command's output
//! the beginning and the end are kept.

use std::collections::VecDeque;

/// What is kept of each end.
const KEPT: usize = 16 << 10;
/// The length of a frame's header.
const HEADER: usize = 8;

/// Takes frames apart, wherever they were cut.
#[derive(Debug, Default)]
pub(super) struct Frames {
    header: Vec<u8>,
    /// How much of the frame's payload is yet to come.
    payload: usize,
}

impl Frames {
    /// Takes a piece of the stream and hands on what it holds of payloads.
    pub(super) fn push(&mut self, mut bytes: &[u8], mut keep: impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            if self.payload == 0 {
                let (header, rest) = bytes.split_at(bytes.len().min(HEADER - self.header.len()));
                self.header.extend_from_slice(header);
                bytes = rest;
                if let [_, _, _, _, a, b, c, d] = *self.header {
                    let length = u32::from_be_bytes([a, b, c, d]);
                    self.payload = usize::try_from(length).unwrap_or(usize::MAX);
                    self.header.clear();
                }
            } else {
                let (payload, rest) = bytes.split_at(bytes.len().min(self.payload));
                self.payload -= payload.len();
                keep(payload);
                bytes = rest;
            }
        }
    }
}

/// Collects what a command writes; never holds more than its two ends.
#[derive(Debug, Default)]
pub(super) struct Output {
    frames: Frames,
    kept: Ends,
}

impl Output {
    /// Takes a piece of the stream.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.frames.push(bytes, |payload| self.kept.push(payload));
    }

    /// Returns what was kept, as text.
    pub(super) fn text(self) -> String {
        self.kept.text()
    }
}

/// The beginning and the end of a text.
#[derive(Debug, Default)]
struct Ends {
    first: Vec<u8>,
    last: VecDeque<u8>,
    left_out: u64,
}

impl Ends {
    fn push(&mut self, payload: &[u8]) {
        let (first, rest) = payload.split_at(payload.len().min(KEPT - self.first.len()));
        self.first.extend_from_slice(first);
        self.last.extend(rest);
        let surplus = self.last.len().saturating_sub(KEPT);
        self.last.drain(..surplus);
        self.left_out += u64::try_from(surplus).unwrap_or(u64::MAX);
    }

    fn text(mut self) -> String {
        if self.left_out > 0 {
            let gap = format!("\n… {} bytes are left out here …\n", self.left_out);
            self.first.extend_from_slice(gap.as_bytes());
        }
        self.first.extend(self.last);
        String::from_utf8_lossy(&self.first).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&[stream, 0, 0, 0], &length[..], payload].concat()
    }

    #[test]
    fn frames_are_joined_wherever_they_are_cut() {
        let stream = [frame(1, b"out\n"), frame(2, b""), frame(2, b"err\n")].concat();
        for size in 1..=stream.len() {
            let mut output = Output::default();
            stream.chunks(size).for_each(|piece| output.push(piece));
            assert_eq!(output.text(), "out\nerr\n", "in pieces of {size}");
        }
        for (cut, expected) in [
            (&stream[..stream.len() - 1], "out\nerr"),
            (&[1, 0, 0], ""),
            (&[1, 0, 0, 0, 255, 255, 255, 255, b'x'], "x"),
        ] {
            let mut output = Output::default();
            output.push(cut);
            assert_eq!(output.text(), expected);
        }
    }

    #[test]
    fn both_ends_are_kept() {
        for (more, gap) in [(0, None), (1, Some("… 1 bytes are")), (99_999, Some("… 99999 bytes"))]
        {
            let mut output = Output::default();
            output.push(&frame(1, &b"a".repeat(KEPT)));
            output.push(&frame(1, &b"b".repeat(more)));
            output.push(&frame(2, &b"c".repeat(KEPT)));
            let text = output.text();
            assert!(text.starts_with(&"a".repeat(KEPT)) && text.ends_with(&"c".repeat(KEPT)));
            assert_eq!(text.contains("bytes are left out"), gap.is_some(), "{more}");
            assert!(text.contains(gap.unwrap_or_default()), "{more}");
        }
    }
}

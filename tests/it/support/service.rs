//! A helper process of a test: it says when it is ready, may be steered by lines, and ends with its input.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::Value;

/// A running helper process; dropping it ends it in order.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    // Taken when the service ends: the end of its input is how it is told.
    lines: Mutex<Option<(ChildStdin, BufReader<ChildStdout>)>>,
}

impl Service {
    /// Starts a command and waits for its first line, `ready WORD...`; returns the words.
    pub(crate) fn start(command: &mut Command) -> (Self, Vec<String>) {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let input = child.stdin.take().expect("it was piped");
        let mut output = BufReader::new(child.stdout.take().expect("it was piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("a helper writes text");
        let words = line.strip_prefix("ready ").map(str::split_whitespace);
        let words = words.unwrap_or_else(|| panic!("{command:?} did not get ready: {line:?}"));
        let words = words.map(str::to_owned).collect();
        (Self { child, lines: Mutex::new(Some((input, output))) }, words)
    }

    /// Sends `verb argument` and returns the answer.
    pub(crate) fn ask(&self, verb: &str, argument: &Value) -> Value {
        let mut lines = self.lines.lock().expect("no thread panics while it asks");
        let (input, output) = lines.as_mut().expect("it is taken by drop only");
        writeln!(input, "{verb} {argument}").expect("the helper runs");
        let mut line = String::new();
        output.read_line(&mut line).expect("the helper runs");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{verb} was answered {line:?}"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // A lock poisoned by a panic still gives its pipes back.
        drop(self.lines.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner()).take());
        // It is our child, so it can only have been waited for already.
        let _reaped = self.child.wait();
    }
}

//! The variables in a project's `.env` file, and where their values stand in it.

use std::ops::Range;

use crate::core::yaml::BYTE_ORDER_MARK;

use super::Refusal;

/// A line that sets a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry<'t> {
    pub(super) name: &'t str,
    /// Where its value stands, without quotes; none where only the name does, and the value comes
    /// from whoever runs Compose.
    pub(super) value: Option<Range<usize>>,
    pub(super) line: usize,
}

/// Reads all entries, in their order.
pub(super) fn entries(text: &str) -> Result<Vec<Entry<'_>>, Refusal> {
    let mut entries = Vec::new();
    let mut at = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let mut line = 1;
    while at < text.len() {
        let (entry, end) = entry(text, at, line)?;
        entries.extend(entry);
        line += text[at..end].matches('\n').count();
        at = end;
    }
    Ok(entries)
}

/// Reads what begins at a line's start; returns where the next line does.
fn entry(text: &str, start: usize, line: usize) -> Result<(Option<Entry<'_>>, usize), Refusal> {
    let end_of_line = |from: usize| text[from..].find('\n').map_or(text.len(), |at| from + at);
    let end = end_of_line(start);
    let next = |end: usize| (end + 1).min(text.len());
    let whole = &text[start..end];
    let content = whole.trim_start();
    if content.trim_end().is_empty() || content.starts_with('#') {
        return Ok((None, next(end)));
    }
    let indent = whole.len() - content.len();
    let exported = content.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t']));
    let named = exported.map_or(content, str::trim_start);
    let begin = start + indent + (content.len() - named.len());
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    let length = named.as_bytes().iter().take_while(|byte| is_part(byte)).count();
    let (name, rest) = named.split_at(length);
    let odd = || Refusal::OddEntry { line };
    if name.is_empty() {
        return Err(odd());
    }
    let gap = rest.len() - rest.trim_start().len();
    if rest.trim().is_empty() {
        return Ok((Some(Entry { name, value: None, line }), next(end)));
    }
    if !rest[gap..].starts_with(['=', ':']) {
        return Err(odd());
    }
    let after = begin + length + gap + 1;
    let blank = text[after..end].len() - text[after..end].trim_start().len();
    let first = after + blank;
    let (value, end) = match text[first..end].chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let value = quoted(text, first + 1, quote).ok_or_else(odd)?;
            let end = end_of_line(value.end);
            let behind = text[value.end + 1..end].trim();
            if !(behind.is_empty() || behind.starts_with('#')) {
                return Err(odd());
            }
            (value, end)
        }
        _ => (unquoted(text, first..end, blank > 0), end),
    };
    Ok((Some(Entry { name, value: Some(value), line }), next(end)))
}

/// Returns where a quoted value stands, of which the quote at its end may be behind a backslash.
fn quoted(text: &str, start: usize, quote: char) -> Option<Range<usize>> {
    let mut ends = text[start..].match_indices(quote).map(|(at, _)| start + at);
    ends.find(|at| *at == start || text.as_bytes()[at - 1] != b'\\').map(|end| start..end)
}

/// A comment begins behind a space.
fn unquoted(text: &str, range: Range<usize>, after_space: bool) -> Range<usize> {
    let value = &text[range.clone()];
    let comment = value.match_indices('#').map(|(at, _)| at).find(|at| match at.checked_sub(1) {
        Some(before) => value.as_bytes()[before].is_ascii_whitespace(),
        None => after_space,
    });
    let value = value[..comment.unwrap_or(value.len())].trim_end();
    range.start..range.start + value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, Option<&str>, usize)]) {
        let entries = entries(text).unwrap();
        let found =
            entries.iter().map(|it| (it.name, it.value.clone().map(|at| &text[at]), it.line));
        assert_eq!(found.collect::<Vec<_>>(), expected, "{text:?}");
    }

    #[test]
    fn entries_are_read() {
        check("", &[]);
        check("\n# A=1\n  # B=2\n", &[]);
        check("A=1\nB = 2\nC: 3", &[("A", Some("1"), 1), ("B", Some("2"), 2), ("C", Some("3"), 3)]);
        check("export A=1\nexportB=2\n", &[("A", Some("1"), 1), ("exportB", Some("2"), 2)]);
        check(
            "A=1 # one\nB=a#b\nC=\nD= # no",
            &[("A", Some("1"), 1), ("B", Some("a#b"), 2), ("C", Some(""), 3), ("D", Some(""), 4)],
        );
        check(
            "A='x y' # z\r\nB=\"q\"\r\nC=7\r\n",
            &[("A", Some("x y"), 1), ("B", Some("q"), 2), ("C", Some("7"), 3)],
        );
        check("A=\"one\nB=2\n\"\nC=3\n", &[("A", Some("one\nB=2\n"), 1), ("C", Some("3"), 4)]);
        check("A=\"a\\\"b\"\nB\n", &[("A", Some("a\\\"b"), 1), ("B", None, 2)]);
        check("\u{feff}A=ü\nB=1", &[("A", Some("ü"), 1), ("B", Some("1"), 2)]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in ["A=\"x", "A='x'y", "=1", "A B=1", "A\u{e4}=1", "- A"] {
            assert!(matches!(entries(text), Err(Refusal::OddEntry { line: 1 })), "{text:?}");
        }
    }
}

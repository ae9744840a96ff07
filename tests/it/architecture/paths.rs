//! Reads the paths that Rust code names, without comments and texts.

/// A path as it is written, with groups taken apart, and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamedPath {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
}

/// Returns the code with blanks in place of comments and of what is inside quotes.
pub(super) fn code(text: &str) -> String {
    let mut rest = text;
    let mut code = String::with_capacity(text.len());
    while !rest.is_empty() {
        let length = hidden(rest);
        if length == 0 {
            let word = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            let length = word.max(rest.chars().next().map_or(1, char::len_utf8));
            let (seen, after) = rest.split_at(length);
            code.push_str(seen);
            rest = after;
        } else {
            let (blanked, after) = rest.split_at(length);
            code.extend(blanked.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = after;
        }
    }
    code
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Returns how many bytes of a comment or a quoted text begin here; 0 if none does.
fn hidden(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return block_comment(text);
    }
    let after_prefix = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - after_prefix.len();
    if prefix <= 1
        && let Some(raw) = after_prefix.strip_prefix('r')
    {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", &raw[..hashes]);
            let inside = &raw[hashes + 1..];
            let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
            return prefix + 1 + hashes + 1 + length;
        }
    }
    if prefix <= 1 && after_prefix.starts_with('"') {
        return prefix + quoted(after_prefix, '"');
    }
    let character = text.strip_prefix('\'').is_some_and(|inside| {
        let second = inside.chars().nth(1);
        inside.starts_with('\\') || second == Some('\'')
    });
    if character { quoted(text, '\'') } else { 0 }
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns all paths of more than one segment, and what `use` names, in code without comments.
pub(super) fn paths(code: &str) -> Vec<NamedPath> {
    let mut reader = Reader { code, at: 0, found: Vec::new() };
    let mut previous = ' ';
    let mut in_use = false;
    while let Some(character) = reader.peek() {
        if is_word(character) && previous != '.' && previous != '\'' {
            let word = reader.word();
            reader.blanks();
            if word == "use" {
                in_use = true;
            } else if in_use || reader.is_at("::") {
                reader.path(vec![word.to_owned()]);
                in_use = false;
            }
            previous = ' ';
        } else {
            previous = if character.is_whitespace() { previous } else { character };
            reader.at += character.len_utf8();
        }
    }
    reader.found.retain(|path| path.segments.len() > 1 || path.segments[0] != "crate");
    reader.found
}

struct Reader<'a> {
    code: &'a str,
    at: usize,
    found: Vec<NamedPath>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.code[self.at..].chars().next()
    }

    fn is_at(&self, text: &str) -> bool {
        self.code[self.at..].starts_with(text)
    }

    fn blanks(&mut self) {
        let rest = &self.code[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn word(&mut self) -> &'a str {
        let rest = &self.code[self.at..];
        let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Reads what follows the first segments of a path: further ones, or a group of them.
    fn path(&mut self, mut segments: Vec<String>) {
        let line = self.code[..self.at].matches('\n').count() + 1;
        loop {
            self.blanks();
            if !self.is_at("::") {
                break;
            }
            self.at += 2;
            self.blanks();
            if self.is_at("{") {
                self.at += 1;
                return self.group(&segments);
            }
            let word = self.word();
            if word.is_empty() {
                break;
            }
            segments.push(word.to_owned());
        }
        self.found.push(NamedPath { segments, line });
    }

    fn group(&mut self, before: &[String]) {
        loop {
            self.blanks();
            let Some(character) = self.peek() else { return };
            if character == '}' {
                self.at += 1;
                return;
            }
            if is_word(character) {
                let word = self.word();
                let mut segments = before.to_vec();
                segments.push(word.to_owned());
                // What a name is taken over as is no path.
                if word == "as" {
                    self.blanks();
                    self.word();
                } else {
                    self.path(segments);
                }
            } else {
                self.at += character.len_utf8();
            }
        }
    }
}

#[test]
fn comments_and_texts_are_no_code() {
    for (text, expected) in [
        ("a // b::c\nd", "a        \nd"),
        ("a /* b /* c */ d */ e", "a                   e"),
        ("f(\"b::c \\\" d\", e)", "f(           , e)"),
        ("r#\"a \" b\"# c", "           c"),
        ("br\"a\" b\"\\\"\" c\"x\" d", "                 d"),
        ("'x' '\\'' 'a: &'a str", "         'a: &'a str"),
        ("for_\"x\" rest", "for_    rest"),
        ("/// ünï\né", "       \né"),
    ] {
        assert_eq!(code(text), expected, "{text}");
    }
}

#[test]
fn paths_are_taken_apart() {
    for (text, expected) in [
        ("use a::b;", &["a::b"][..]),
        ("use a;", &["a"]),
        ("pub use a::{b, c::{d as e, f}, g as _};", &["a::b", "a::c::d", "a::c::f", "a::g"]),
        ("use ::a::b::*;", &["a::b"]),
        ("let x = a::b(c::d::<E>(f));", &["a::b", "c::d"]),
        ("x.a::<b::C>(); y", &["b::C"]),
        ("a\n    ::b\n    ::c", &["a::b::c"]),
        ("if a { b } else { c }", &[]),
        ("m::n!(o::p; \"\")", &["m::n", "o::p"]),
        ("&'a a::b", &["a::b"]),
    ] {
        let found: Vec<_> = paths(text).iter().map(|path| path.segments.join("::")).collect();
        assert_eq!(found, expected, "{text}");
    }
    assert_eq!(paths("x\n\ny\na::b")[0].line, 4);
}

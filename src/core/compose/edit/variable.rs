//! The variables in a value of a Compose file: `$NAME`, `${NAME}`, `${NAME:-default}`.

use std::ops::Range;

use super::Refusal;

/// A piece of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// What is written.
    Literal(Range<usize>),
    /// What a variable says.
    Variable { name: Range<usize>, fallback: Option<Fallback> },
}

/// What stands for a variable that says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fallback {
    /// Where it is written.
    pub(super) text: Range<usize>,
    /// Whether it stands for an empty variable too.
    pub(super) also_for_empty: bool,
}

/// Takes a value apart. What is written in a way that is rare in the name of an image is refused.
pub(super) fn pieces(value: &str) -> Result<Vec<Piece>, Refusal> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(found) = value[at..].find('$') {
        let dollar = at + found;
        if dollar > at {
            pieces.push(Piece::Literal(at..dollar));
        }
        let (piece, end) = variable(value, dollar + 1)?;
        pieces.push(piece);
        at = end;
    }
    if at < value.len() {
        pieces.push(Piece::Literal(at..value.len()));
    }
    Ok(pieces)
}

/// Reads what stands behind a dollar, and where it ends.
fn variable(value: &str, start: usize) -> Result<(Piece, usize), Refusal> {
    let odd = || Refusal::OddVariable(value.to_owned());
    let Some(inner) = value[start..].strip_prefix('{') else {
        let end = start + name_length(&value[start..]);
        let name = start..end;
        return if name.is_empty() {
            Err(odd())
        } else {
            Ok((Piece::Variable { name, fallback: None }, end))
        };
    };
    let begin = start + 1;
    let close = begin + inner.find('}').ok_or_else(odd)?;
    let name = begin..begin + name_length(inner);
    let rest = &value[name.end..close];
    if name.is_empty() || rest.contains(['$', '{']) {
        return Err(odd());
    }
    let fallback = if rest.is_empty() || rest.starts_with([':', '?']) && !rest.starts_with(":-") {
        // `:?` and `?` ask for a value, and change none.
        let asks = rest.is_empty() || rest.starts_with('?') || rest.starts_with(":?");
        asks.then_some(None).ok_or_else(odd)?
    } else if let Some(text) = rest.strip_prefix(":-") {
        Some(Fallback { text: close - text.len()..close, also_for_empty: true })
    } else if let Some(text) = rest.strip_prefix('-') {
        Some(Fallback { text: close - text.len()..close, also_for_empty: false })
    } else {
        return Err(odd());
    };
    Ok((Piece::Variable { name, fallback }, close + 1))
}

fn name_length(text: &str) -> usize {
    let is_part = |(index, byte): (usize, u8)| {
        byte == b'_' || byte.is_ascii_alphabetic() || index > 0 && byte.is_ascii_digit()
    };
    text.bytes().enumerate().take_while(|pair| is_part(*pair)).count()
}

/// Says whether a text speaks of a variable.
pub(super) fn names(text: &str, variable: &str) -> bool {
    text.match_indices('$').any(|(at, _)| {
        let rest = &text[at + 1..];
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        &rest[..name_length(rest)] == variable
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let Ok(pieces) = pieces(value) else { return "refused".to_owned() };
        let shown = pieces.into_iter().map(|piece| match piece {
            Piece::Literal(text) => value[text].to_owned(),
            Piece::Variable { name, fallback: None } => format!("<{}>", &value[name]),
            Piece::Variable { name, fallback: Some(it) } => {
                let mark = if it.also_for_empty { "=" } else { "" };
                format!("<{}|{mark}{}>", &value[name], &value[it.text])
            }
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn values_are_taken_apart() {
        for (value, expected) in [
            ("", ""),
            ("nginx:1.27", "nginx:1.27"),
            ("nginx:$TAG", "nginx: <TAG>"),
            ("nginx:$TAG-alpine", "nginx: <TAG> -alpine"),
            ("${A}/${B}:${C}", "<A> / <B> : <C>"),
            ("n:${TAG:-1.0}", "n: <TAG|=1.0>"),
            ("n:${TAG-1.0}x", "n: <TAG|1.0> x"),
            ("n:${TAG:-}", "n: <TAG|=>"),
            ("n:${TAG:?say it}", "n: <TAG>"),
            ("n:${TAG?}", "n: <TAG>"),
            ("n:${TAG:+1.0}", "refused"),
            ("n:${TAG+1.0}", "refused"),
            ("n:${TAG:-${OTHER}}", "refused"),
            ("n:${TAG:-$OTHER}", "refused"),
            ("n:${TAG", "refused"),
            ("n:${}", "refused"),
            ("n:${1}", "refused"),
            ("n:$$TAG", "refused"),
            ("n:$", "refused"),
            ("n:${TAG/a/b}", "refused"),
            ("n:${TAG:=1}", "refused"),
        ] {
            assert_eq!(shown(value), expected, "{value}");
        }
    }

    #[test]
    fn a_variable_is_recognised_by_its_whole_name() {
        for (text, expected) in [
            ("$TAG", true),
            ("x${TAG}", true),
            ("${TAG:-1}", true),
            ("${A:-${TAG}}", true),
            ("$TAGS", false),
            ("${TAG_2}", false),
            ("TAG", false),
            ("$$TAG", true),
            ("ü$", false),
        ] {
            assert_eq!(names(text, "TAG"), expected, "{text}");
        }
    }
}

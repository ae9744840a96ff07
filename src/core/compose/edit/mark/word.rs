//! Words of a Compose file in the form in which Compose writes them down.

use serde_json::Value;

pub(super) fn trimmed(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() && !path.is_empty() { "/" } else { trimmed }
}

pub(super) fn number(text: &str) -> Option<Value> {
    // Go writes none with nothing behind its point.
    let plain = match text.split_once('.') {
        Some((whole, rest)) if !whole.is_empty() && rest.bytes().all(|it| it == b'0') => whole,
        _ => text,
    };
    let whole = plain.parse::<i64>().ok().map(Value::from);
    whole.or_else(|| text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from))
}

/// Sizes are written down as texts.
pub(super) fn bytes(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.bytes().take_while(|it| it.is_ascii_digit() || *it == b'.').count();
    let (number, unit) = lower.split_at(digits);
    let shift = match unit.trim() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return None,
    };
    let (whole, parts) = number.split_once('.').unwrap_or((number, "0"));
    let each = 10_u64.checked_pow(u32::try_from(parts.len()).ok()?)?;
    let whole = u128::from(whole.parse::<u64>().ok()?) * u128::from(each);
    let bytes = (whole + u128::from(parts.parse::<u64>().ok()?)).checked_mul(1 << shift)?;
    u64::try_from(bytes / u128::from(each)).ok().map(|bytes| bytes.to_string())
}

/// Returns a duration as Go writes it: `1m30s`, `500ms`.
pub(super) fn span(text: &str) -> Option<String> {
    let mut milliseconds = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at(digits);
        let unit = behind.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, behind) = behind.split_at(unit);
        let each = match unit {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1000,
            "ms" => 1,
            _ => return None,
        };
        milliseconds = number.parse::<u64>().ok()?.checked_mul(each)?.checked_add(milliseconds)?;
        rest = behind;
    }
    let (seconds, parts) = (milliseconds / 1000, milliseconds % 1000);
    if seconds == 0 && parts > 0 {
        return Some(format!("{parts}ms"));
    }
    let parts = format!(".{parts:03}");
    let parts = parts.trim_end_matches('0').trim_end_matches('.');
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let seconds = format!("{}{parts}s", seconds % 60);
    Some(match (hours, minutes) {
        (0, 0) => seconds,
        (0, minutes) => format!("{minutes}m{seconds}"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
    })
}

/// Takes a command line apart as a shell does; `None` where it does more than that.
pub(super) fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next()? {
                        end if end == letter => break,
                        '\\' if letter == '"' => word.push(letters.next()?),
                        inner => word.push(inner),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(letters.next()?),
            letter if letter.is_whitespace() => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_go_does() {
        for (text, expected) in [
            ("0s", Some("0s")),
            ("500ms", Some("500ms")),
            ("1500ms", Some("1.5s")),
            ("90s", Some("1m30s")),
            ("1h", Some("1h0m0s")),
            ("1m30s", Some("1m30s")),
            ("36h5m", Some("36h5m0s")),
            ("1.5s", None),
            ("5", None),
            ("s", None),
            ("99999999999999999999h", None),
        ] {
            assert_eq!(span(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_written_as_go_does() {
        for (text, expected) in [
            ("7", "7"),
            ("-1", "-1"),
            ("0.50", "0.5"),
            ("2.0", "2"),
            ("0.0", "0"),
            ("10.01", "10.01"),
        ] {
            assert_eq!(number(text).unwrap().to_string(), expected, "{text}");
        }
        assert_eq!(number("x").or(number("inf")).or(number(".")), None);
    }

    #[test]
    fn sizes_are_bytes() {
        for (text, expected) in [
            ("512m", Some("536870912")),
            ("1GB", Some("1073741824")),
            ("7", Some("7")),
            ("1.5g", Some("1610612736")),
            ("0.3 KiB", Some("307")),
            ("1.2.3g", None),
            ("1.g", None),
            (".5g", None),
            ("x", None),
            ("99999999999g", None),
        ] {
            assert_eq!(bytes(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn commands_are_taken_apart() {
        for (text, expected) in [
            ("", Some(&[][..])),
            ("a  b", Some(&["a", "b"])),
            ("a 'b c' \"d\\\"e\"f g\\ h", Some(&["a", "b c", "d\"ef", "g h"])),
            ("''", Some(&[""])),
            ("a 'b", None),
            ("a\\", None),
        ] {
            let expected = expected.map(|words| words.iter().map(|it| (*it).to_owned()).collect());
            assert_eq!(words(text), expected, "{text}");
        }
    }
}

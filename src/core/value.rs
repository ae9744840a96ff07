//! Settings as people write them: switches, words out of a few, lists.

use crate::core::suggestion::closest;

const YES: [&str; 5] = ["true", "1", "yes", "on", "t"];
const NO: [&str; 5] = ["false", "0", "no", "off", "f"];

/// Reads a switch; the error says what may be written.
pub fn switch(text: &str) -> Result<bool, String> {
    let word = text.trim().to_ascii_lowercase();
    match (YES.contains(&&*word), NO.contains(&&*word)) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(format!("write true or false{}", did_you_mean(&word, ["true", "false"]))),
    }
}

/// Reads one of a few words; the error names them all.
pub fn choice<T: Copy>(text: &str, words: &[(&'static str, T)]) -> Result<T, String> {
    let text = text.trim();
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("write one of {}{}", names.join(", "), did_you_mean(text, names))
    })
}

/// Reads a list whose items are separated by commas; empty items do not count.
pub fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// Reads a name that a person gave to something.
pub fn name(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("write a name".to_owned()),
        name => Ok(name.to_owned()),
    }
}

/// Says whether a text is a MAC address: six pairs of hexadecimal digits, between `:` or `-`.
pub fn is_mac(text: &str) -> bool {
    let pair = |pair: &str| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
    [':', '-']
        .into_iter()
        .any(|between| text.split(between).count() == 6 && text.split(between).all(pair))
}

/// Returns `; did you mean …?` if one of the known words is near, else nothing.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    closest(word, known).map(|near| format!("; did you mean {near}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_and_choices_are_read() {
        for (text, expected) in [
            ("true", Ok(true)),
            (" TRUE ", Ok(true)),
            ("1", Ok(true)),
            ("on", Ok(true)),
            ("no", Ok(false)),
            ("0", Ok(false)),
            ("ture", Err("write true or false; did you mean true?".to_owned())),
            ("", Err("write true or false".to_owned())),
            ("2", Err("write true or false".to_owned())),
        ] {
            assert_eq!(switch(text), expected, "{text}");
        }
        let words = [("text", 1), ("json", 2)];
        assert_eq!(choice("JSON", &words), Ok(2));
        let error = choice("jsn", &words);
        assert_eq!(error, Err("write one of text, json; did you mean json?".to_owned()));
        assert_eq!(list(" a, ,b,").collect::<Vec<_>>(), ["a", "b"]);
    }
}

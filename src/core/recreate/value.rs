//! Reading JSON where missing, null and empty may or may not be the same.

use serde_json::Value;

/// Says whether a value is missing, null, or an empty text, list or object.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Says whether a value is empty or the number or truth value that Go leaves out.
pub(super) fn is_zero(value: &Value) -> bool {
    is_empty(value) || value == &Value::Bool(false) || value.as_f64() == Some(0.0)
}

/// Says whether two values mean the same: equal, or both empty.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    one == other || (is_empty(one) && is_empty(other))
}

/// Returns a copy of a value unless it is empty.
pub(super) fn filled(value: &Value) -> Option<Value> {
    (!is_empty(value)).then(|| value.clone())
}

/// Returns a text; anything else counts as the empty one.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Returns a list's items; anything else counts as the empty list.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Returns an object's entries; anything else counts as the empty object.
pub(super) fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// Returns an absolute path without `.`, `..`, doubled and trailing slashes, as the engine stores
/// it; a path of another form stays as it is.
pub(super) fn clean_path(path: &str) -> String {
    if !path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_the_engine_does() {
        for (path, clean) in [
            ("/a/../b/", "/b"),
            ("/www/", "/www"),
            ("/", "/"),
            ("//a//./b", "/a/b"),
            ("/../..", "/"),
            ("C:\\x", "C:\\x"),
            ("", ""),
        ] {
            assert_eq!(clean_path(path), clean, "{path}");
        }
    }
}

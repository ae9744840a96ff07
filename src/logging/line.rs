//! One log line: its fields from the record, and how they look as text and as JSON.

use std::fmt::Write as _;

use log::kv::{Error, Key, Value, VisitSource, VisitValue};
use log::{Level, Record};
use serde_json::Value as Json;

use crate::core::id::Timestamp;

use super::{Redactor, component};

/// The order of the known fields; others follow, then the message.
const ORDER: [&str; 9] = [
    "action",
    "event",
    "container",
    "container_id",
    "image",
    "digest",
    "durationMs",
    "err",
    "operation",
];

/// A log line, already without secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    at: Timestamp,
    level: Level,
    component: String,
    fields: Vec<(String, Json)>,
    message: String,
}

impl Line {
    /// Returns the line of a record.
    pub fn of(record: &Record<'_>, at: Timestamp, redactor: &Redactor) -> Self {
        let mut fields = Fields { redactor, found: Vec::new() };
        // Our own visitor never fails.
        let _ = record.key_values().visit(&mut fields);
        let rank = |name: &str| ORDER.iter().position(|known| *known == name);
        let mut fields = fields.found;
        fields.sort_by_key(|(name, _)| rank(name).unwrap_or(ORDER.len()));
        Self {
            at,
            level: record.level(),
            component: component(record).to_owned(),
            fields,
            message: redactor.redact(&record.args().to_string()).into_owned(),
        }
    }

    /// Returns the line for people.
    pub fn text(&self) -> String {
        self.text_with(["", ""])
    }

    /// Returns the line for people at a terminal.
    pub fn coloured_text(&self) -> String {
        let colour = match self.level {
            Level::Error => "\x1b[1;31m",
            Level::Warn => "\x1b[33m",
            Level::Info => "\x1b[32m",
            Level::Debug | Level::Trace => "\x1b[2m",
        };
        self.text_with([colour, "\x1b[0m"])
    }

    fn text_with(&self, [on, off]: [&str; 2]) -> String {
        let (level, component) = (self.level, &self.component);
        let mut text = format!("{} {on}{level:<5}{off} {component}: ", self.stamp());
        text.push_str(&printable(&self.message));
        for (name, value) in &self.fields {
            let value = match value {
                Json::String(value) if is_plain(value) => value.clone(),
                value => value.to_string(),
            };
            // Writing to a String cannot fail.
            let _ = write!(text, " {}={}", printable(name), printable(&value));
        }
        text
    }

    /// Returns the line as a JSON object.
    pub fn json(&self) -> String {
        let mut object = serde_json::Map::new();
        let mut put = |name: &str, value: Json| object.insert(name.to_owned(), value);
        put("timestamp", self.stamp().into());
        put("level", self.level.as_str().to_ascii_lowercase().into());
        put("component", self.component.as_str().into());
        for (name, value) in &self.fields {
            put(name, value.clone());
        }
        put("message", self.message.as_str().into());
        Json::Object(object).to_string()
    }

    fn stamp(&self) -> String {
        self.at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }
}

/// Returns a text without control characters: a foreign message must not break lines or steer the
/// terminal.
pub fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

/// Returns a text of several lines without any other control characters.
pub fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains([' ', '"', '='])
}

struct Fields<'a> {
    redactor: &'a Redactor,
    found: Vec<(String, Json)>,
}

impl<'kvs> VisitSource<'kvs> for Fields<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let mut seen = AsJson { redactor: self.redactor, json: Json::Null };
        value.visit(&mut seen)?;
        self.found.push((key.as_str().to_owned(), seen.json));
        Ok(())
    }
}

struct AsJson<'a> {
    redactor: &'a Redactor,
    json: Json,
}

impl VisitValue<'_> for AsJson<'_> {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), Error> {
        self.visit_str(&value.to_string())
    }

    fn visit_null(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), Error> {
        self.json = value.into();
        Ok(())
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), Error> {
        self.json = value.into();
        Ok(())
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), Error> {
        self.json = value.into();
        Ok(())
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), Error> {
        self.json = value.into();
        Ok(())
    }

    fn visit_str(&mut self, value: &str) -> Result<(), Error> {
        self.json = self.redactor.redact(value).into();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::core::secret::Secret;

    use super::*;

    const AT: &str = "2026-11-22T03:04:05.6789Z";

    fn line(message: &str, fields: &[(&str, Value<'_>)]) -> Line {
        let redactor = Redactor::default();
        redactor.hide(&Secret::new("hunter\"22"));
        let fields: Vec<_> = fields.iter().map(|(n, v)| (Key::from_str(n), v.clone())).collect();
        let mut record = Record::builder();
        record.level(Level::Warn).module_path(Some("docker_auto::engine::execute"));
        record.key_values(&fields);
        Line::of(&record.args(format_args!("{message}")).build(), AT.parse().unwrap(), &redactor)
    }

    fn check(line: &Line, text: &str, json: &str) {
        assert_eq!(line.text(), text);
        assert_eq!(line.json(), json);
        assert_eq!(serde_json::from_str::<Json>(json).unwrap()["message"], line.message);
    }

    #[test]
    fn a_line_has_the_known_fields_in_their_order() {
        check(
            &line(
                "the update is done",
                &[
                    ("extra", Value::from("a b")),
                    ("err", Value::from("x: y")),
                    ("durationMs", Value::from(1234_u64)),
                    ("container", Value::from("web")),
                    ("action", Value::from("update")),
                ],
            ),
            "2026-11-22T03:04:05.678Z WARN  engine: the update is done action=update \
             container=web durationMs=1234 err=\"x: y\" extra=\"a b\"",
            r#"{"timestamp":"2026-11-22T03:04:05.678Z","level":"warn","component":"engine","action":"update","container":"web","durationMs":1234,"err":"x: y","extra":"a b","message":"the update is done"}"#,
        );
    }

    #[test]
    fn values_keep_their_types() {
        check(
            &line(
                "m",
                &[
                    ("a", Value::from(true)),
                    ("b", Value::from(-1)),
                    ("c", Value::from(0.5)),
                    ("d", Value::null()),
                    ("e", Value::from_debug(&Some(1))),
                ],
            ),
            "2026-11-22T03:04:05.678Z WARN  engine: m a=true b=-1 c=0.5 d=null e=Some(1)",
            r#"{"timestamp":"2026-11-22T03:04:05.678Z","level":"warn","component":"engine","a":true,"b":-1,"c":0.5,"d":null,"e":"Some(1)","message":"m"}"#,
        );
    }

    #[test]
    fn secrets_and_control_characters_do_not_come_through() {
        check(
            &line(
                "hunter\"22 was refused\n\x1b[31mFATAL",
                &[("err", Value::from("no hunter\"22")), ("image", Value::from(""))],
            ),
            "2026-11-22T03:04:05.678Z WARN  engine: *** was refused\\n\\u{1b}[31mFATAL image=\"\" \
             err=\"no ***\"",
            r#"{"timestamp":"2026-11-22T03:04:05.678Z","level":"warn","component":"engine","image":"","err":"no ***","message":"*** was refused\n\u001b[31mFATAL"}"#,
        );
    }

    #[test]
    fn colour_is_only_around_the_level() {
        let line = line("m", &[]);
        let plain = line.coloured_text().replace("\x1b[33m", "").replace("\x1b[0m", "");
        assert_eq!(plain, line.text());
        assert_ne!(line.coloured_text(), line.text());
    }
}

//! Ports: the short form, in which there may be several, and the long one.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::core::yaml::Tree;

use super::form::{Form, Reader, Table, only};
use super::list::{each_once, items};

/// No service has more ports: each of a range is one.
const MOST_PORTS: usize = 4096;

/// A port in its long form.
const PORT: Table = &[
    ("target", Form::Text),
    ("published", Form::Text),
    ("host_ip", Form::Text),
    ("protocol", Form::Text),
    ("mode", Form::Text),
];

impl Reader<'_> {
    pub(super) fn ports(&self, given: &Tree) -> Option<Value> {
        let mut ports = Vec::new();
        for port in items(given)? {
            ports.extend(self.port(port)?);
            if ports.len() > MOST_PORTS {
                return None;
            }
        }
        let place = |port: &Value| {
            let part = |name: &str| port.get(name).map(Value::to_string).unwrap_or_default();
            let host = port.get("host_ip").and_then(Value::as_str).unwrap_or("0.0.0.0");
            [host, &part("published"), &part("target"), &part("protocol")].join(":")
        };
        Some(each_once(ports, place).into())
    }

    fn port(&self, given: &Tree) -> Option<Vec<Value>> {
        if given.text().is_none() {
            return self.long_port(given).map(|port| vec![port]);
        }
        let text = self.text(given)?;
        let (text, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
        let parts: Vec<_> = text.split(':').collect();
        let (host, published, target) = match parts[..] {
            [target] => (None, None, target),
            [published, target] => (None, Some(published), target),
            [host, published, target] => (Some(host), Some(published), target),
            _ => return None,
        };
        let targets = range(target)?;
        let mut all: Vec<_> = match published.map(|it| (it, range(it))) {
            Some((_, Some(published))) if published.len() == targets.len() => {
                targets.zip(published).map(|(target, it)| (target, Some(it.to_string()))).collect()
            }
            // One of them, whichever is free.
            Some((text, Some(_))) if targets.len() == 1 => {
                targets.map(|target| (target, Some(text.to_owned()))).collect()
            }
            Some(_) => return None,
            None => targets.map(|target| (target, None)).collect(),
        };
        // As words, not as numbers.
        all.sort_by_cached_key(|(target, _)| target.to_string());
        let made = all.into_iter();
        Some(made.map(|(target, it)| port((host, it.as_deref()), target, protocol)).collect())
    }

    fn long_port(&self, given: &Tree) -> Option<Value> {
        only(given, PORT)?;
        let text = |name| given.get(name).map(|value| self.text(value));
        let field = |name| text(name).map_or(Some(None), |value| value.map(Some));
        let (host, published) = (field("host_ip")?, field("published")?);
        let protocol = field("protocol")?.unwrap_or_else(|| "tcp".to_owned());
        if field("mode")?.is_some_and(|mode| mode != "ingress") {
            return None;
        }
        let target = text("target")??.parse().ok()?;
        Some(port((host.as_deref(), published.as_deref()), target, &protocol))
    }
}

fn port((host, published): (Option<&str>, Option<&str>), target: u32, protocol: &str) -> Value {
    let mut port = Map::new();
    port.insert("mode".to_owned(), "ingress".into());
    port.extend(host.map(|host| ("host_ip".to_owned(), host.into())));
    port.insert("target".to_owned(), target.into());
    port.extend(published.map(|published| ("published".to_owned(), published.into())));
    port.insert("protocol".to_owned(), protocol.into());
    port.into()
}

/// Reads `80`, or `80-89`.
fn range(text: &str) -> Option<Range<u32>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse::<u16>().ok()?, last.parse::<u16>().ok()?);
    (first <= last && usize::from(last - first) < MOST_PORTS)
        .then(|| u32::from(first)..u32::from(last) + 1)
}

//! One call of the Engine API as data: method, path, query, body and limits.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::time::Duration;

use http::Method;
use serde_json::Value;

/// The largest answer that is read: lists of thousands of containers stay far below it.
const LARGEST_ANSWER: usize = 64 << 20;

/// Which of a host's time limits bounds a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// A question that the engine answers from memory.
    Ask,
    /// A change.
    Manage,
    /// Exactly this long.
    Within(Duration),
}

/// One call of the Engine API, without the version in its path.
#[derive(Clone, Debug)]
pub(super) struct Call<'a> {
    pub(super) doing: Cow<'a, str>,
    pub(super) method: Method,
    pub(super) path: String,
    query: String,
    pub(super) body: Option<&'a Value>,
    pub(super) limit: Limit,
    pub(super) largest: usize,
    pub(super) overflow: Overflow,
    pub(super) connection: Connection,
}

/// Over which connection a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connection {
    /// One that is open, if there is any.
    Any,
    /// A new one: an engine on its way down still answers on the old ones.
    New,
}

/// What becomes of an answer that is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overflow {
    /// It is an error.
    Refuse,
    /// Its beginning is enough.
    Cut,
}

impl<'a> Call<'a> {
    /// Returns a call; `doing` says in error messages what it is for.
    pub(super) fn new(doing: impl Into<Cow<'a, str>>, method: Method, path: &str) -> Self {
        let limit = if method == Method::GET { Limit::Ask } else { Limit::Manage };
        Self {
            doing: doing.into(),
            method,
            path: path.to_owned(),
            query: String::new(),
            body: None,
            limit,
            largest: LARGEST_ANSWER,
            overflow: Overflow::Refuse,
            connection: Connection::Any,
        }
    }

    /// Returns a question.
    pub(super) fn get(doing: impl Into<Cow<'a, str>>, path: &str) -> Self {
        Self::new(doing, Method::GET, path)
    }

    /// Returns a change.
    pub(super) fn post(doing: impl Into<Cow<'a, str>>, path: &str) -> Self {
        Self::new(doing, Method::POST, path)
    }

    /// Returns a removal.
    pub(super) fn delete(doing: impl Into<Cow<'a, str>>, path: &str) -> Self {
        Self::new(doing, Method::DELETE, path)
    }

    /// Adds a parameter, encoded.
    #[must_use]
    pub(super) fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(name);
        self.query.push('=');
        self.query.extend(url::form_urlencoded::byte_serialize(value.as_bytes()));
        self
    }

    /// Adds a JSON body.
    #[must_use]
    pub(super) fn body(self, body: &'a Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Sets the time limit.
    #[must_use]
    pub(super) fn within(self, limit: Duration) -> Self {
        Self { limit: Limit::Within(limit), ..self }
    }

    /// Reads no more than this many bytes of the answer.
    #[must_use]
    pub(super) fn cut_at(self, bytes: usize) -> Self {
        Self { largest: bytes, overflow: Overflow::Cut, ..self }
    }

    /// Makes a new connection for it.
    #[must_use]
    pub(super) fn anew(self) -> Self {
        Self { connection: Connection::New, ..self }
    }

    pub(super) fn path_and_query(&self) -> String {
        format!("{}{}", self.path, self.query)
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Returns a name as part of a path: everything that could end or split the path is encoded. The
/// slashes and colons of image names stay, as the engine's own client leaves them.
pub(super) fn in_path(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            _ if byte.is_ascii_alphanumeric() || b"-_.~/:@+".contains(&byte) => {
                encoded.push(char::from(byte));
            }
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_encoded() {
        for (name, path) in [
            ("web-1_a.b", "web-1_a.b"),
            ("ghcr.io:443/a/b:1@sha256:00", "ghcr.io:443/a/b:1@sha256:00"),
            ("a b?c#d%e", "a%20b%3Fc%23d%25e"),
            ("ä", "%C3%A4"),
        ] {
            assert_eq!(in_path(name), path);
        }
        let call = Call::post("creating", "/containers/create")
            .query("name", "a&b=c d")
            .query("platform", "linux/arm/v7");
        let expected = "/containers/create?name=a%26b%3Dc+d&platform=linux%2Farm%2Fv7";
        assert_eq!(call.path_and_query(), expected);
        assert_eq!(call.to_string(), "POST /containers/create");
    }
}

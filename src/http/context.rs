//! What a handler sees: the program's state, the path's values, the query and the body.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::clock::Clock;
use crate::core::text::Language;
use crate::core::value;
use crate::engine::Engine;
use crate::http::error::ApiError;
use crate::http::router::Surface;
use crate::store::Store;

/// What all handlers share; a cheap clone.
#[derive(Clone)]
pub struct State {
    /// The engine, which does everything that changes something.
    pub engine: Engine,
    /// The store, for reading.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// The language of texts where a request asks for none.
    pub language: Language,
}

/// One request.
pub struct RequestContext {
    /// What all handlers share.
    pub state: State,
    /// Where it came in.
    pub surface: Surface,
    /// The path's `{…}` values, as they stand in the path.
    pub parameters: BTreeMap<String, String>,
    /// The query, without the question mark.
    pub query: String,
    /// The whole body.
    pub body: Bytes,
}

impl RequestContext {
    /// Returns a value of the path, percent-decoded.
    pub fn parameter(&self, name: &str) -> String {
        let raw = self.parameters.get(name).map_or("", String::as_str);
        let pairs = format!("v={}", raw.replace('+', "%2B"));
        let decoded = url::form_urlencoded::parse(pairs.as_bytes()).next();
        decoded.map_or_else(String::new, |(_, value)| value.into_owned())
    }

    /// Returns a value of the query.
    pub fn query_value(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Returns the language that is asked for: `?language=en|zh`.
    pub fn language(&self) -> Result<Language, ApiError> {
        let Some(word) = self.query_value("language") else { return Ok(self.state.language) };
        value::choice(&word, &Language::WORDS)
            .map_err(|cure| ApiError::bad_request(format!("language={word}: {cure}")))
    }

    /// Reads the body as JSON; an empty one counts as `{}`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let body = if self.body.is_empty() { b"{}" } else { &*self.body };
        serde_json::from_slice(body)
            .map_err(|error| ApiError::bad_request(format!("the body is not as expected: {error}")))
    }
}

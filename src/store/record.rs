//! How a record is written: JSON with the version of its shape.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::core::id::Timestamp;
use crate::logging::Chain;

/// Something that is stored as a record.
pub(super) trait Stored: Serialize + DeserializeOwned {
    /// The version of the shape that is written.
    const VERSION: u32;

    /// Returns a value of version `from` in the shape of the version after it; `None` where there
    /// never was such a version.
    fn upgrade(from: u32, value: Value) -> Option<Value> {
        let _ = (from, value);
        None
    }
}

/// Values that the caller understands alone.
impl Stored for Value {
    const VERSION: u32 = 1;
}

/// Why a record does not read back.
#[derive(Debug, Error)]
pub enum RecordError {
    /// It is not what it should be.
    #[error("the record is not valid JSON of its kind")]
    Json(#[from] serde_json::Error),
    /// It has another shape than any that is known.
    #[error("the record has version {found}, this docker-auto knows {known}")]
    Version {
        /// The record's version.
        found: u32,
        /// The version that is known.
        known: u32,
    },
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    version: u32,
    value: T,
}

/// Writes a record.
pub(super) fn encode<T: Stored>(value: &T) -> Result<Vec<u8>, RecordError> {
    Ok(serde_json::to_vec(&Envelope { version: T::VERSION, value })?)
}

/// Reads a record, of this version or an older one.
pub(super) fn decode<T: Stored>(bytes: &[u8]) -> Result<T, RecordError> {
    let Envelope { version, .. } = serde_json::from_slice::<Envelope<IgnoredAny>>(bytes)?;
    if version == T::VERSION {
        return Ok(serde_json::from_slice::<Envelope<T>>(bytes)?.value);
    }
    let unknown = || RecordError::Version { found: version, known: T::VERSION };
    let mut value = serde_json::from_slice::<Envelope<Value>>(bytes)?.value;
    if version > T::VERSION {
        return Err(unknown());
    }
    for from in version..T::VERSION {
        value = T::upgrade(from, value).ok_or_else(unknown)?;
    }
    Ok(serde_json::from_value(value)?)
}

/// Reads some fields of a record, whatever else it holds.
pub(super) fn peek<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RecordError> {
    Ok(serde_json::from_slice::<Envelope<T>>(bytes)?.value)
}

/// Says whether a record's field `at` is no earlier than a moment. One that does not read back is
/// taken for young: it may be a newer version's.
pub(super) fn is_since(bytes: &[u8], cutoff: Timestamp) -> bool {
    #[derive(Deserialize)]
    struct Dated {
        at: Timestamp,
    }

    peek::<Dated>(bytes).map_or(true, |dated| dated.at >= cutoff)
}

/// Reads a record of a list; one that does not read back is named in the log and left out.
pub(super) fn decode_listed<T: Stored>(key: &str, bytes: &[u8]) -> Option<T> {
    listed(key, decode(bytes))
}

/// Reads some fields of a record of a list, as [`decode_listed`] does.
pub(super) fn peek_listed<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Option<T> {
    listed(key, peek(bytes))
}

fn listed<T>(key: &str, read: Result<T, RecordError>) -> Option<T> {
    read.inspect_err(|error| {
        log::error!(action = "read"; "the record {key:?} was left out: {}", Chain(error));
    })
    .ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Was called `title` in version 1, and was a bare text in version 0.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Named {
        name: String,
    }

    impl Stored for Named {
        const VERSION: u32 = 2;

        fn upgrade(from: u32, value: Value) -> Option<Value> {
            match from {
                0 => Some(json!({"title": value})),
                1 => Some(json!({"name": value.get("title")?})),
                _ => None,
            }
        }
    }

    fn check(bytes: &str, expected: Result<&str, &str>) {
        let read = decode::<Named>(bytes.as_bytes()).map(|named| named.name);
        let read = read.map_err(|error| error.to_string());
        match (&read, expected) {
            (Ok(name), Ok(expected)) => assert_eq!(name, expected, "{bytes}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{bytes}: {error}"),
            _ => panic!("{bytes}: {read:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn records_of_every_version_are_read() {
        check(r#"{"version":2,"value":{"name":"web"}}"#, Ok("web"));
        check(r#"{"version":1,"value":{"title":"web"}}"#, Ok("web"));
        check(r#"{"version":0,"value":"web"}"#, Ok("web"));
        check(r#"{"version":3,"value":{"name":"web"}}"#, Err("version 3"));
        check(r#"{"version":1,"value":{"label":"web"}}"#, Err("version 1"));
        check(r#"{"version":2,"value":{"title":"web"}}"#, Err("not valid JSON"));
        check(r#"{"version":2,"value":{"name":"w"#, Err("not valid JSON"));
        check("", Err("not valid JSON"));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let named = Named { name: "web".into() };
        let bytes = encode(&named).unwrap();
        assert_eq!(bytes, br#"{"version":2,"value":{"name":"web"}}"#);
        assert_eq!(decode::<Named>(&bytes).unwrap(), named);
        assert_eq!(peek::<Value>(&bytes).unwrap(), json!({"name": "web"}));
    }
}

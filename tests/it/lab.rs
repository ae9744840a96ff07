//! The lab itself: engines, registries and faults are what the other tests take them for.

mod engines;
mod images;
mod program;
mod proxy;
mod registries;

use std::time::Duration;

use serde_json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);

/// A container of an image without a network of its own.
fn body(reference: &str) -> Value {
    json!({"Image": reference, "HostConfig": {"NetworkMode": "none"}})
}

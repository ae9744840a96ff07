//! The tables and how their keys are made, all in one place.
//!
//! Keys begin with the host, so that one host's records stand together. Times in keys are
//! microseconds since 1970. Values are records ([`super::record`]) unless the table says otherwise.

use std::ops::RangeInclusive;

use redb::{TableDefinition, WriteTransaction};

use crate::core::id::TargetId;
use crate::core::plan::RejectKey;

/// A record's bytes.
type Bytes = &'static [u8];

/// `schema` → the schema's number, a plain integer.
pub(super) const META: TableDefinition<&str, u64> = TableDefinition::new("meta");

/// Operation → its history record without the plan.
pub(super) const HISTORY: TableDefinition<&str, Bytes> = TableDefinition::new("history");

/// Operation → its plan, which is the largest part and never listed.
pub(super) const HISTORY_PLAN: TableDefinition<&str, Bytes> = TableDefinition::new("history_plan");

/// (start, operation) → the status as one byte, so that a page is found without reading records.
pub(super) const HISTORY_BY_TIME: TableDefinition<(i64, &str), u8> =
    TableDefinition::new("history_by_time");

/// (host, container, start, operation) → the status as one byte.
pub(super) const HISTORY_BY_TARGET: TableDefinition<(&str, &str, i64, &str), u8> =
    TableDefinition::new("history_by_target");

/// (host, container, reject key) → why that image is not tried again.
pub(super) const REJECTS: TableDefinition<(&str, &str, &str), Bytes> =
    TableDefinition::new("rejects");

/// (host, container) → its inspect JSON as last seen.
pub(super) const SNAPSHOTS: TableDefinition<(&str, &str), Bytes> =
    TableDefinition::new("snapshots");

/// (host, image ID) → the image's inspect JSON as last seen.
pub(super) const IMAGES: TableDefinition<(&str, &str), Bytes> = TableDefinition::new("images");

/// (host, image ID, digest) → nothing: this digest names the same content as that image.
pub(super) const EQUIVALENTS: TableDefinition<(&str, &str, &str), ()> =
    TableDefinition::new("equivalents");

/// (host, container) → the last check's result.
pub(super) const CHECKS: TableDefinition<(&str, &str), Bytes> = TableDefinition::new("checks");

/// (host, container, topic) → what was said last on that topic, a plain text.
pub(super) const SAID: TableDefinition<(&str, &str, &str), &str> = TableDefinition::new("said");

/// Schedule → its last run.
pub(super) const SCHEDULES: TableDefinition<&str, Bytes> = TableDefinition::new("schedules");

/// (host, container, reject key) → what a person said of that image there.
pub(super) const VERDICTS: TableDefinition<(&str, &str, &str), Bytes> =
    TableDefinition::new("verdicts");

/// (host, kind, name) → who paused that.
pub(super) const PAUSES: TableDefinition<(&str, &str, &str), Bytes> =
    TableDefinition::new("pauses");

/// Name → a rule.
pub(super) const RULES: TableDefinition<&str, Bytes> = TableDefinition::new("rules");

/// Reference → what is known of a watched image.
pub(super) const WATCHED: TableDefinition<&str, Bytes> = TableDefinition::new("watched");

/// (host, container) → its volumes that nobody named.
pub(super) const ANONYMOUS: TableDefinition<(&str, &str), Bytes> =
    TableDefinition::new("anonymous");

/// (host, container) → what it waits for.
pub(super) const WAITS: TableDefinition<(&str, &str), Bytes> = TableDefinition::new("waits");

/// (host, container, hook) → what became of that hook of a check the last time.
pub(super) const CHECK_HOOKS: TableDefinition<(&str, &str, &str), Bytes> =
    TableDefinition::new("check_hooks");

/// A text after every other one.
pub(super) const LAST: &str = "\u{10ffff}";

/// The entries of one host, where a key has two parts.
pub(super) fn pairs_of(host: &str) -> RangeInclusive<(&str, &str)> {
    (host, "")..=(host, LAST)
}

/// The entries of one host, where a key has three parts.
pub(super) fn triples_of(host: &str) -> RangeInclusive<(&str, &str, &str)> {
    (host, "", "")..=(host, LAST, LAST)
}

/// The entries of one container, where an image or a topic follows its name.
pub(super) fn of_container<'a>(
    host: &'a str,
    name: &'a str,
) -> RangeInclusive<(&'a str, &'a str, &'a str)> {
    (host, name, "")..=(host, name, LAST)
}

/// The key of what is kept of an image in a container's place.
pub(super) fn of_image<'a>(
    target: &'a TargetId,
    image: &'a RejectKey,
) -> (&'a str, &'a str, &'a str) {
    (target.host.as_str(), target.name.as_str(), image.as_str())
}

/// Makes the tables of the first schema, empty, as far as they are missing.
pub(super) fn create_all(write: &WriteTransaction) -> Result<(), redb::Error> {
    write.open_table(META)?;
    write.open_table(HISTORY)?;
    write.open_table(HISTORY_PLAN)?;
    write.open_table(HISTORY_BY_TIME)?;
    write.open_table(HISTORY_BY_TARGET)?;
    write.open_table(REJECTS)?;
    write.open_table(SNAPSHOTS)?;
    write.open_table(IMAGES)?;
    write.open_table(EQUIVALENTS)?;
    write.open_table(CHECKS)?;
    write.open_table(SAID)?;
    write.open_table(SCHEDULES)?;
    write.open_table(WATCHED)?;
    write.open_table(VERDICTS)?;
    write.open_table(PAUSES)?;
    write.open_table(RULES)?;
    write.open_table(WAITS)?;
    write.open_table(CHECK_HOOKS)?;
    write.open_table(ANONYMOUS)?;
    Ok(())
}

//! What people said of images in the place of containers, and what they paused.

use std::collections::{BTreeMap, BTreeSet};

use redb::{ReadTransaction, ReadableTable as _, WriteTransaction};
use serde::{Deserialize, Serialize};

use crate::core::candidate::Mark;
use crate::core::id::{ContainerName, HostId, TargetId};
use crate::core::verdict::{Pause, Paused, Verdict};

use super::fault::Fault;
use super::record::{Stored, decode, decode_listed, encode};
use super::{KeepDays, Store, StoreError, record, table};

const READING: &str = "reading what people decided";
const WRITING: &str = "writing what people decided";

/// What people decided.
#[derive(Clone, Copy, Debug)]
pub struct Verdicts<'a>(pub(super) &'a Store);

/// A person's word on one image, on one container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The container.
    pub target: TargetId,
    /// The word.
    #[serde(flatten)]
    pub verdict: Verdict,
}

impl Stored for Given {
    const VERSION: u32 = 1;
}

impl Stored for Pause {
    const VERSION: u32 = 1;
}

/// What a check found: which images could run in a container's place now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// The container.
    pub name: ContainerName,
    /// The images; none where the container is up to date.
    pub marks: Vec<Mark>,
}

impl Verdicts<'_> {
    /// Stores a word; it takes the place of what was said of that image before.
    pub async fn say(&self, given: Given) -> Result<(), StoreError> {
        let say = move |write: &WriteTransaction| {
            let mut verdicts = write.open_table(table::VERDICTS)?;
            verdicts.insert(
                table::of_image(&given.target, &given.verdict.mark.key),
                &*encode(&given)?,
            )?;
            Ok(())
        };
        self.0.write(WRITING, say).await
    }

    /// Removes all that was said of images in a container's place; returns it.
    pub async fn forget(&self, target: &TargetId) -> Result<Vec<Verdict>, StoreError> {
        let target = target.clone();
        let forget = move |write: &WriteTransaction| {
            let mut verdicts = write.open_table(table::VERDICTS)?;
            let range = table::of_container(target.host.as_str(), target.name.as_str());
            let mut said = Vec::new();
            for entry in verdicts.extract_from_if(range, |_, _| true)? {
                let (key, bytes) = entry?;
                let given = decode_listed::<Given>(key.value().1, bytes.value());
                said.extend(given.map(|given| given.verdict));
            }
            Ok(said)
        };
        self.0.write(WRITING, forget).await
    }

    /// Returns all of one host, by container.
    pub async fn of_host(
        &self,
        host: &HostId,
    ) -> Result<BTreeMap<ContainerName, Vec<Verdict>>, StoreError> {
        let host = host.clone();
        let list = move |read: &ReadTransaction| {
            let verdicts = read.open_table(table::VERDICTS)?;
            let range = table::triples_of(host.as_str());
            let mut listed: BTreeMap<ContainerName, Vec<Verdict>> = BTreeMap::new();
            for entry in verdicts.range(range)? {
                let (key, bytes) = entry?;
                if let Some(given) = decode_listed::<Given>(key.value().1, bytes.value()) {
                    listed.entry(given.target.name).or_default().push(given.verdict);
                }
            }
            Ok(listed)
        };
        self.0.read(READING, list).await
    }

    /// Removes the words that are overtaken: approvals and snoozes of images that are not the newest
    /// ones any more. What was left out or rejected stays: a tag may come back to it.
    pub async fn settle(&self, host: &HostId, newest: Vec<Newest>) -> Result<(), StoreError> {
        let host = host.clone();
        let settle = move |write: &WriteTransaction| {
            let mut verdicts = write.open_table(table::VERDICTS)?;
            for Newest { name, marks } in &newest {
                let range = table::of_container(host.as_str(), name.as_str());
                verdicts.retain_in(range, |_, bytes| match decode::<Given>(bytes) {
                    Ok(Given { verdict, .. }) => !verdict.is_overtaken(marks),
                    // It may be a newer version's.
                    Err(_) => true,
                })?;
            }
            Ok::<_, Fault>(())
        };
        self.0.write(WRITING, settle).await
    }

    /// Removes what was said longer ago of containers of a host that are not there any more, and
    /// their pauses.
    pub async fn expire(
        &self,
        host: &HostId,
        present: BTreeSet<ContainerName>,
        keep: KeepDays,
    ) -> Result<(), StoreError> {
        let (host, cutoff) = (host.clone(), keep.cutoff(self.0.clock.now()));
        let expire = move |write: &WriteTransaction| {
            let is_kept = |name: &str, bytes: &[u8]| {
                present.contains(&ContainerName::new(name)) || record::is_since(bytes, cutoff)
            };
            let range = table::triples_of(host.as_str());
            let mut verdicts = write.open_table(table::VERDICTS)?;
            verdicts.retain_in(range.clone(), |(_, name, _), bytes| is_kept(name, bytes))?;
            let mut pauses = write.open_table(table::PAUSES)?;
            pauses.retain_in(range, |(_, kind, name), bytes| {
                kind != CONTAINER || is_kept(name, bytes)
            })?;
            Ok::<_, Fault>(())
        };
        self.0.write("cleaning up what people decided", expire).await
    }

    /// Stores a pause; pausing again what is paused leaves the first one. Returns the one that holds.
    pub async fn pause(&self, host: &HostId, pause: Pause) -> Result<Pause, StoreError> {
        let host = host.clone();
        let begin = move |write: &WriteTransaction| {
            let mut pauses = write.open_table(table::PAUSES)?;
            let (kind, name) = pause.paused.parts();
            let key = (host.as_str(), kind, name);
            let known = pauses.get(key)?.and_then(|bytes| decode::<Pause>(bytes.value()).ok());
            if let Some(known) = known {
                return Ok(known);
            }
            pauses.insert(key, &*encode(&pause)?)?;
            Ok(pause)
        };
        self.0.write(WRITING, begin).await
    }

    /// Ends a pause; says whether there was one.
    pub async fn resume(&self, host: &HostId, what: Paused) -> Result<bool, StoreError> {
        let host = host.clone();
        let end = move |write: &WriteTransaction| {
            let mut pauses = write.open_table(table::PAUSES)?;
            let (kind, name) = what.parts();
            let ended = pauses.remove((host.as_str(), kind, name))?.is_some();
            Ok(ended)
        };
        self.0.write(WRITING, end).await
    }

    /// Returns all pauses of a host, the widest first.
    pub async fn pauses(&self, host: &HostId) -> Result<Vec<Pause>, StoreError> {
        let host = host.clone();
        let list = move |read: &ReadTransaction| {
            let pauses = read.open_table(table::PAUSES)?;
            let range = table::triples_of(host.as_str());
            let mut listed = Vec::new();
            for entry in pauses.range(range)? {
                let (key, bytes) = entry?;
                listed.extend(decode_listed::<Pause>(key.value().2, bytes.value()));
            }
            listed.sort_by(|one, other| one.paused.cmp(&other.paused));
            Ok(listed)
        };
        self.0.read(READING, list).await
    }
}

/// The kind of a pause that goes with its container.
const CONTAINER: &str = "container";

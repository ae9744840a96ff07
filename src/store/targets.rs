//! The last check's result of each container, and what was said of it, so that it is said once.

use std::collections::BTreeSet;

use redb::{ReadTransaction, ReadableTable as _, WriteTransaction};
use serde_json::Value;

use crate::core::id::{ContainerName, HostId, TargetId};

use super::fault::Fault;
use super::record::{decode, encode};
use super::{Store, StoreError, table};

/// The last check's results.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a>(pub(super) &'a Store);

/// The result of one container's check.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The container.
    pub name: ContainerName,
    /// The result, which the caller alone understands.
    pub result: Value,
    /// What there is to say of it.
    pub sayings: Vec<Saying>,
}

/// Something that is said of a container when it is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    /// What it is about; each topic has its own last word.
    pub topic: &'static str,
    /// What tells it from the last one; `None` takes the last one back, so that the next one is
    /// new.
    pub key: Option<String>,
}

/// Something that was not said before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The container.
    pub name: ContainerName,
    /// The topic.
    pub topic: &'static str,
}

/// What a scan looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All containers of the host: those that are not among the results are gone.
    Whole,
    /// Some of them.
    Part,
}

impl Targets<'_> {
    /// Stores the results of a scan in one transaction; returns what is new.
    pub async fn record_scan(
        &self,
        host: &HostId,
        scope: Scope,
        results: Vec<Checked>,
    ) -> Result<Vec<News>, StoreError> {
        let host = host.clone();
        let record = move |write: &WriteTransaction| {
            if scope == Scope::Whole {
                forget_others(write, &host, &results)?;
            }
            let mut news = Vec::new();
            for checked in &results {
                record_one(write, &host, checked, &mut news)?;
            }
            Ok(news)
        };
        self.0.write("writing the results of a check", record).await
    }

    /// Forgets what was found and said of containers that are not there any more.
    pub async fn forget(&self, host: &HostId, gone: Vec<ContainerName>) -> Result<(), StoreError> {
        let host = host.clone();
        let forget = move |write: &WriteTransaction| {
            let gone: BTreeSet<&str> = gone.iter().map(ContainerName::as_str).collect();
            keep(write, &host, |name| !gone.contains(name))
        };
        self.0.write("forgetting the results of containers that are gone", forget).await
    }

    /// Returns all results of a host, by container.
    pub async fn results(&self, host: &HostId) -> Result<Vec<(ContainerName, Value)>, StoreError> {
        let doing = "reading the results of the last check";
        Ok(self.0.by_container(doing, table::CHECKS, host).await?.into_iter().collect())
    }

    /// Returns the result of one container.
    pub async fn result(&self, target: &TargetId) -> Result<Option<Value>, StoreError> {
        let target = target.clone();
        let find = move |read: &ReadTransaction| {
            let checks = read.open_table(table::CHECKS)?;
            let found = checks.get((target.host.as_str(), target.name.as_str()))?;
            Ok(found.map(|bytes| decode(bytes.value())).transpose()?)
        };
        self.0.read("reading the result of the last check", find).await
    }
}

fn record_one(
    write: &WriteTransaction,
    host: &HostId,
    checked: &Checked,
    news: &mut Vec<News>,
) -> Result<(), Fault> {
    let (host, name) = (host.as_str(), checked.name.as_str());
    write.open_table(table::CHECKS)?.insert((host, name), &*encode(&checked.result)?)?;
    let mut said = write.open_table(table::SAID)?;
    for Saying { topic, key } in &checked.sayings {
        let place = (host, name, *topic);
        let Some(key) = key else {
            said.remove(place)?;
            continue;
        };
        let known = said.get(place)?.is_some_and(|last| last.value() == key);
        if !known {
            said.insert(place, &**key)?;
            news.push(News { name: checked.name.clone(), topic });
        }
    }
    Ok(())
}

fn forget_others(
    write: &WriteTransaction,
    host: &HostId,
    results: &[Checked],
) -> Result<(), Fault> {
    let present: BTreeSet<&str> = results.iter().map(|checked| checked.name.as_str()).collect();
    keep(write, host, |name| present.contains(name))
}

fn keep(
    write: &WriteTransaction,
    host: &HostId,
    is_kept: impl Fn(&str) -> bool,
) -> Result<(), Fault> {
    let host = host.as_str();
    let mut checks = write.open_table(table::CHECKS)?;
    checks.retain_in(table::pairs_of(host), |(_, name), _| is_kept(name))?;
    let mut said = write.open_table(table::SAID)?;
    said.retain_in(table::triples_of(host), |(_, name, _), _| is_kept(name))?;
    Ok(())
}

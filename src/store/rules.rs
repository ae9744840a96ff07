//! Rules that people stored: settings for the containers that they match.

use redb::{ReadTransaction, ReadableTable as _, WriteTransaction};

use crate::core::rule::{self, Rule};

use super::record::{Stored, decode_listed, encode};
use super::{Store, StoreError, table};

/// The stored rules.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a>(pub(super) &'a Store);

impl Stored for Rule {
    const VERSION: u32 = 1;
}

impl Rules<'_> {
    /// Stores a rule in place of the one of its name.
    pub async fn put(&self, rule: Rule) -> Result<(), StoreError> {
        let put = move |write: &WriteTransaction| {
            write.open_table(table::RULES)?.insert(&*rule.name, &*encode(&rule)?)?;
            Ok(())
        };
        self.0.write("writing a rule", put).await
    }

    /// Removes a rule; says whether there was one.
    pub async fn remove(&self, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        let remove = move |write: &WriteTransaction| {
            let removed = write.open_table(table::RULES)?.remove(&*name)?.is_some();
            Ok(removed)
        };
        self.0.write("removing a rule", remove).await
    }

    /// Returns all rules, in the order in which they are laid over one another.
    pub async fn list(&self) -> Result<Vec<Rule>, StoreError> {
        let list = move |read: &ReadTransaction| {
            let mut listed = Vec::new();
            for entry in read.open_table(table::RULES)?.iter()? {
                let (name, bytes) = entry?;
                listed.extend(decode_listed::<Rule>(name.value(), bytes.value()));
            }
            rule::sort(&mut listed);
            Ok(listed)
        };
        self.0.read("reading the rules", list).await
    }
}

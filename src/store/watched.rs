//! What is known of the images that are watched although no container runs them.

use redb::{ReadTransaction, ReadableTable as _, WriteTransaction};

use crate::core::watched::Watched;

use super::record::{Stored, decode_listed, encode};
use super::{Store, StoreError, table};

/// What is known of watched images.
#[derive(Clone, Copy, Debug)]
pub struct WatchedImages<'a>(pub(super) &'a Store);

impl Stored for Watched {
    const VERSION: u32 = 1;
}

impl WatchedImages<'_> {
    /// Returns all of them.
    pub async fn all(&self) -> Result<Vec<Watched>, StoreError> {
        let list = move |read: &ReadTransaction| {
            let mut listed = Vec::new();
            for entry in read.open_table(table::WATCHED)?.iter()? {
                let (key, bytes) = entry?;
                listed.extend(decode_listed::<Watched>(key.value(), bytes.value()));
            }
            Ok(listed)
        };
        self.0.read("reading what is known of watched images", list).await
    }

    /// Puts these in the place of all that is known.
    pub async fn replace(&self, all: Vec<Watched>) -> Result<(), StoreError> {
        let replace = move |write: &WriteTransaction| {
            let mut watched = write.open_table(table::WATCHED)?;
            watched.retain(|_, _| false)?;
            for one in &all {
                watched.insert(&*one.reference.to_string(), &*encode(one)?)?;
            }
            Ok(())
        };
        self.0.write("writing what is known of watched images", replace).await
    }
}

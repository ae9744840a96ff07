//! A container's Compose file, where it can be read: what an update does not do of it.

use std::time::Duration;

use tokio::fs;
use tokio::time::timeout;

use crate::core::compose::file::{CONFIG_FILES, hooks};
use crate::core::compose::{Compose, Labels};

/// No Compose file is larger.
const LARGEST: u64 = 1 << 20;
/// How long a file may take: it may lie on a disk that is away.
const PATIENCE: Duration = Duration::from_secs(2);

/// Returns a warning of the hooks that only Compose runs.
pub(super) async fn without_hooks(labels: &Labels) -> Option<String> {
    let service = Compose::read(labels)?.service;
    let mut found = Vec::new();
    for path in labels.get(CONFIG_FILES)?.split(',') {
        let text = timeout(PATIENCE, read(path)).await.ok().flatten();
        found.extend(hooks(&text.unwrap_or_default(), &service));
    }
    found.sort_unstable();
    found.dedup();
    let warning = || {
        format!("its Compose file has {}, which Compose alone runs: not here", found.join(" and "))
    };
    (!found.is_empty()).then(warning)
}

/// Most often the file is not there: it lies on the host, and we in a container.
async fn read(path: &str) -> Option<String> {
    let known = fs::metadata(path).await.ok()?;
    let is_plain = known.is_file() && known.len() <= LARGEST;
    if is_plain { fs::read_to_string(path).await.ok() } else { None }
}

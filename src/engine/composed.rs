//! A container's Compose file, where it can be read: what an update does not do of it.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, TryLockError};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::core::compose::file::{CONFIG_FILES, hooks};
use crate::core::compose::{Compose, Labels};

/// No Compose file is larger.
const LARGEST: u64 = 1 << 20;
/// How long they may take together: a disk may be away.
const PATIENCE: Duration = Duration::from_secs(2);
/// A project has no more files; the label is anybody's, an image's too.
const MOST: usize = 8;
/// One who waits for a disk that is away keeps a thread; there is never a second one.
static READING: Mutex<()> = Mutex::new(());

/// Returns a warning of the hooks that only Compose runs.
pub(super) async fn without_hooks(labels: &Labels) -> Option<String> {
    let service = Compose::read(labels)?.service;
    let mut found = Vec::new();
    let paths = labels.get(CONFIG_FILES)?.split(',').filter(|path| is_compose_file(path));
    let paths: Vec<_> = paths.take(MOST).map(str::to_owned).collect();
    if paths.is_empty() {
        return None;
    }
    let texts = timeout(PATIENCE, spawn_blocking(move || read_all(&paths))).await;
    for text in texts.ok()?.ok()? {
        found.extend(hooks(&text, &service));
    }
    found.sort_unstable();
    found.dedup();
    let warning = || {
        format!("its Compose file has {}, which Compose alone runs: not here", found.join(" and "))
    };
    (!found.is_empty()).then(warning)
}

/// The kernel's own files may never end.
fn is_compose_file(path: &str) -> bool {
    let path = Path::new(path);
    let named = path.extension().is_some_and(|it| it == "yml" || it == "yaml");
    let of_the_kernel = ["/proc", "/sys", "/dev"].iter().any(|folder| path.starts_with(folder));
    named && path.is_absolute() && !of_the_kernel
}

fn read_all(paths: &[String]) -> Vec<String> {
    let _reading = match READING.try_lock() {
        Ok(reading) => reading,
        Err(TryLockError::Poisoned(reading)) => reading.into_inner(),
        Err(TryLockError::WouldBlock) => return Vec::new(),
    };
    paths.iter().filter_map(|path| read(path)).collect()
}

/// Most often the file is not there: it lies on the host, and we in a container.
fn read(path: &str) -> Option<String> {
    let known = fs::metadata(path).ok()?;
    let is_plain = known.is_file() && known.len() <= LARGEST;
    if is_plain { fs::read_to_string(path).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_compose_could_have_are_read() {
        for (path, expected) in [
            ("/srv/shop/compose.yaml", true),
            ("/srv/shop/docker-compose.yml", true),
            ("compose.yaml", false),
            ("/etc/shadow", false),
            ("/proc/kmsg", false),
            ("/proc/self/root/x.yml", false),
            ("/dev/x.yaml", false),
        ] {
            assert_eq!(is_compose_file(path), expected, "{path}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yml").display().to_string();
        assert_eq!(read(&path), None);
        fs::write(&path, "services:\n").unwrap();
        assert_eq!(read_all(&[path.clone(), "/none".to_owned()]), ["services:\n"]);
        let reading = READING.lock().unwrap();
        assert!(read_all(&[path]).is_empty(), "one at a time");
        drop(reading);
    }
}

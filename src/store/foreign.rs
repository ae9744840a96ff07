//! Files of others, which are only looked at.

use std::fs;
use std::sync::{Mutex, TryLockError};
use std::time::Duration;

use tokio::time::timeout;

use super::blocking;

/// No file that is read is larger, in bytes.
const LARGEST: u64 = 1 << 20;
/// How long they may take together: a disk may be away.
const PATIENCE: Duration = Duration::from_secs(10);
/// One who waits for a disk that is away keeps a thread; there is never a second one.
static READING: Mutex<()> = Mutex::new(());

/// Returns the texts of those files that can be read, are no larger than a megabyte, and come soon.
pub async fn texts(paths: Vec<String>) -> Vec<String> {
    let reading = blocking::start(move || read_all(&paths));
    timeout(PATIENCE, reading).await.ok().and_then(Result::ok).unwrap_or_default()
}

fn read_all(paths: &[String]) -> Vec<String> {
    let _reading = match READING.try_lock() {
        Ok(reading) => reading,
        Err(TryLockError::Poisoned(reading)) => reading.into_inner(),
        Err(TryLockError::WouldBlock) => return Vec::new(),
    };
    paths.iter().filter_map(|path| read(path)).collect()
}

fn read(path: &str) -> Option<String> {
    let known = fs::metadata(path).ok()?;
    let is_plain = known.is_file() && known.len() <= LARGEST;
    if is_plain { fs::read_to_string(path).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_can_be_read_is_read_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yml").display().to_string();
        assert!(texts(vec![path.clone()]).await.is_empty());
        fs::write(&path, "services:\n").unwrap();
        let folder = folder.path().display().to_string();
        assert_eq!(texts(vec![path.clone(), "/none".to_owned(), folder]).await, ["services:\n"]);
        let reading = READING.lock().unwrap();
        assert!(read_all(&[path]).is_empty());
        drop(reading);
    }
}

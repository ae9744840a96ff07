//! One instance at a time: a lock on the data directory, with the name of its holder.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::core::id::Timestamp;

use super::{StoreError, directory};

const FILE: &str = "lock";

/// How often a standby looks: rarely enough to be idle, soon enough to take over.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Between two tries of who waits for a command.
const PAUSE: Duration = Duration::from_millis(100);

/// The right to use a data directory, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    /// A program that is being started has copies of all open files for a moment, so that closing this one
    /// would not be enough.
    fn drop(&mut self) {
        // The system lets it go with the last copy at the latest.
        let _ = self.file.unlock();
    }
}

/// Who holds a lock, as it says itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process ID, as it sees it itself.
    pub pid: Option<u32>,
    /// Its machine's or container's name.
    pub host: Option<String>,
    /// Since when it holds the lock.
    pub since: Option<Timestamp>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another docker-auto")?;
        if let Some(pid) = self.pid {
            write!(f, ", process {pid}")?;
        }
        if let Some(host) = &self.host {
            write!(f, " on {host}")?;
        }
        if let Some(since) = self.since {
            write!(f, ", since {}", since.format("%Y-%m-%dT%H:%M:%SZ"))?;
        }
        Ok(())
    }
}

impl Lock {
    /// Takes the lock of a data directory, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] names the holder where there is one.
    pub fn acquire(directory: &Path, clock: &Clock) -> Result<Self, StoreError> {
        directory::prepare(directory)?;
        let path = directory.join(FILE);
        let file = directory::private().create(true).truncate(false).open(&path);
        let mut file = file.map_err(StoreError::at("opening the lock", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = read_holder(&mut file);
                return Err(StoreError::Locked { path: directory.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => {
                return Err(StoreError::at("locking", &path)(error));
            }
        }
        if let Err(error) = write_holder(&mut file, clock) {
            // The lock holds all the same; only its holder's name is missing.
            log::warn!("writing {}: {error}", path.display());
        }
        Ok(Self { file })
    }

    /// Takes the lock as soon as it is free, for as long as `patience`: who has it may be a command,
    /// which is over in a moment.
    ///
    /// # Errors
    ///
    /// As [`Lock::acquire`].
    pub async fn acquire_within(
        directory: &Path,
        clock: &Clock,
        patience: Duration,
    ) -> Result<Self, StoreError> {
        let mut left = patience;
        loop {
            match Self::acquire(directory, clock) {
                Err(StoreError::Locked { .. }) if !left.is_zero() => {}
                result => return result,
            }
            clock.sleep(PAUSE).await;
            left = left.saturating_sub(PAUSE);
        }
    }

    /// Waits until the lock is free and takes it; `None` when the program shall end first.
    pub async fn wait(
        directory: &Path,
        clock: &Clock,
        stop: &CancellationToken,
    ) -> Result<Option<Self>, StoreError> {
        let mut told = false;
        loop {
            match Self::acquire(directory, clock) {
                Err(StoreError::Locked { holder, .. }) => {
                    if !told {
                        log::info!(action = "standby"; "standing by for {holder}");
                    }
                    told = true;
                }
                result => return result.map(Some),
            }
            tokio::select! {
                () = clock.sleep(LOOK_AGAIN) => {}
                () = stop.cancelled() => return Ok(None),
            }
        }
    }
}

/// What cannot be read is not known: the holder is writing it, or is an older version.
fn read_holder(file: &mut File) -> Holder {
    let mut text = String::new();
    let read = file.take(4096).read_to_string(&mut text);
    read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn write_holder(file: &mut File, clock: &Clock) -> io::Result<()> {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let holder = Holder {
        pid: Some(std::process::id()),
        host: host.map(|host| host.trim().to_owned()),
        since: Some(clock.now()),
    };
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(serde_json::to_string(&holder)?.as_bytes())
}

//! Reads one archive, piece by piece, and makes sure that it is what was written.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

use crate::store::{StoreError, blocking};

use super::write::{complete_path, hexadecimal};
use super::{BackupError, PIECES};

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// An archive that is being read.
pub struct Reading {
    pieces: Receiver<Vec<u8>>,
    done: JoinHandle<Result<Result<(), BackupError>, StoreError>>,
}

impl Reading {
    /// Begins to read an archive of a complete backup that has this digest.
    pub fn begin(folder: &str, file: &str, sha256: &str) -> Self {
        let (path, sha256) = (complete_path(folder, file), sha256.to_owned());
        let (sender, pieces) = channel(PIECES);
        Self { pieces, done: blocking::start(move || Ok(read(&path, &sha256, &sender))) }
    }

    /// Returns its pieces, and what says at their end whether they are what was written.
    pub fn into_parts(self) -> (Receiver<Vec<u8>>, Verdict) {
        (self.pieces, Verdict(self.done))
    }
}

/// Says whether what was read is what was written.
pub struct Verdict(JoinHandle<Result<Result<(), BackupError>, StoreError>>);

impl Verdict {
    /// Waits until all is read, or nobody reads any more.
    pub async fn wait(self) -> Result<(), BackupError> {
        blocking::ended("reading a backup", self.0.await)?
    }
}

fn read(path: &Path, sha256: &str, pieces: &Sender<Vec<u8>>) -> Result<(), BackupError> {
    let mut file = File::open(path).map_err(BackupError::at("opening", path))?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; PIECE];
    loop {
        let length = file.read(&mut buffer).map_err(BackupError::at("reading", path))?;
        let piece = buffer.get(..length).unwrap_or_default();
        if piece.is_empty() {
            break;
        }
        digest.update(piece);
        if pieces.blocking_send(piece.to_vec()).is_err() {
            // Whoever does not take the rest has a reason of his own.
            return Ok(());
        }
    }
    if hexadecimal(digest) == sha256 {
        return Ok(());
    }
    let reason = "its digest is another one".to_owned();
    Err(BackupError::Damaged { path: path.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_was_written_is_read() {
        let place = tempfile::tempdir().unwrap();
        let bytes = vec![7; PIECE + 1];
        std::fs::write(place.path().join("0.tar.gz"), &bytes).unwrap();
        let mut digest = Sha256::new();
        digest.update(&bytes);
        let right = hexadecimal(digest);
        for (sha256, good) in [(right.as_str(), true), ("00", false)] {
            let reading = Reading::begin(place.path().to_str().unwrap(), "0.tar.gz", sha256);
            let (mut pieces, verdict) = reading.into_parts();
            let mut read = Vec::new();
            while let Some(piece) = pieces.recv().await {
                read.extend(piece);
            }
            assert_eq!((read == bytes, verdict.wait().await.is_ok()), (true, good));
        }
    }
}

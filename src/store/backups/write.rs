//! Writes one archive: what the engine sends is compressed, counted and read as an archive on its way
//! to the disk, so that one that is not whole is noticed at once.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

use crate::core::backup::{Sums, shown};
use crate::store::directory::private;
use crate::store::{StoreError, blocking};

use super::measure::{self, Space};
use super::{BackupError, PIECES, folder};

/// An archive ends with two blocks of zeros; its reader is content with one.
const BLOCK: u64 = 512;
/// How many bytes are written between two looks at the disk.
const LOOK_EVERY: u64 = 64 << 20;

/// An archive that is being written.
pub struct Writing {
    pieces: Sender<Vec<u8>>,
    done: JoinHandle<Result<Result<Sums, BackupError>, StoreError>>,
}

impl Writing {
    /// Begins an archive in the folder of a backup that was prepared.
    pub fn begin(folder: &str, file: &str) -> Self {
        let path = folder::partial(Path::new(folder)).join(file);
        let (pieces, received) = channel(PIECES);
        let look = {
            let directory = path.clone();
            move || measure::space(&directory).ok()
        };
        Self { pieces, done: blocking::start(move || Ok(write(&path, received, &look))) }
    }

    /// Writes a piece; false when nothing more can be written, and [`Writing::end`] says why.
    pub async fn piece(&self, piece: Vec<u8>) -> bool {
        self.pieces.send(piece).await.is_ok()
    }

    /// Ends the archive: it is on the disk, whole, when this returns.
    pub async fn end(self) -> Result<Sums, BackupError> {
        drop(self.pieces);
        blocking::ended("writing a backup", self.done.await)?
    }
}

fn write(
    path: &Path,
    received: Receiver<Vec<u8>>,
    look: &dyn Fn() -> Option<Space>,
) -> Result<Sums, BackupError> {
    let file = private().create(true).truncate(true).open(path);
    let file = BufWriter::new(file.map_err(BackupError::at("making", path))?);
    let counted = Counted { file, digest: Sha256::new(), bytes: 0, look, next_look: 0 };
    let mut copy = Copy {
        received,
        piece: io::Cursor::default(),
        gzip: GzEncoder::new(counted, Compression::fast()),
        bytes: 0,
        ended: false,
        trouble: None,
    };
    let read = read(&mut copy);
    if let Some(trouble) = copy.trouble.take() {
        return Err(BackupError::at("writing", path)(trouble));
    }
    let not_whole = |reason| BackupError::NotWhole { doing: writing(path), reason };
    let entries = read.map_err(|error| not_whole(error.to_string()))?;
    let bytes = copy.bytes;
    let ended = copy.gzip.finish().and_then(Counted::finish);
    let (sha256, archive_bytes) = ended.map_err(BackupError::at("writing", path))?;
    Ok(Sums { entries, bytes, archive_bytes, sha256 })
}

fn writing(path: &Path) -> String {
    format!("writing {}", path.display())
}

/// Reads an archive to its end, which its reader does not miss, and returns how much is in it.
fn read(copy: &mut Copy<'_>) -> io::Result<u64> {
    let mut entries = 0;
    let mut archive = tar::Archive::new(&mut *copy);
    for entry in archive.entries()? {
        entry?;
        entries += 1;
    }
    let begun = !copy.ended;
    if begun && io::copy(copy, &mut io::sink())? >= BLOCK {
        return Ok(entries);
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "its end is missing"))
}

/// Reads what is received, and writes all of it on the way.
struct Copy<'a> {
    received: Receiver<Vec<u8>>,
    piece: io::Cursor<Vec<u8>>,
    gzip: GzEncoder<Counted<'a>>,
    bytes: u64,
    /// Whether somebody was told that nothing more comes.
    ended: bool,
    /// Why it could not be written.
    trouble: Option<io::Error>,
}

impl Read for Copy<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.piece.read(buffer)?;
            if length > 0 {
                return Ok(length);
            }
            let Some(piece) = self.received.blocking_recv() else {
                self.ended = true;
                return Ok(0);
            };
            self.bytes = self.bytes.saturating_add(length_of(&piece));
            if let Err(error) = self.gzip.write_all(&piece) {
                let kind = error.kind();
                self.trouble = Some(error);
                return Err(kind.into());
            }
            self.piece = io::Cursor::new(piece);
        }
    }
}

fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Writes to a file and keeps account of it.
struct Counted<'a> {
    file: BufWriter<File>,
    digest: Sha256,
    bytes: u64,
    /// How much there is of the disk, where that can be told.
    look: &'a dyn Fn() -> Option<Space>,
    /// With how many bytes that is looked at again.
    next_look: u64,
}

impl Counted<'_> {
    /// Whoever else writes to the disk must not fail for a backup.
    fn leave_room(&mut self) -> io::Result<()> {
        if self.bytes < self.next_look {
            return Ok(());
        }
        self.next_look = self.bytes.saturating_add(LOOK_EVERY);
        let Some(space) = (self.look)().filter(|space| space.free < space.floor()) else {
            return Ok(());
        };
        let (free, floor) = (shown(space.free), shown(space.floor()));
        let text = format!("{free} are free, and {floor} are left to others");
        Err(io::Error::new(io::ErrorKind::StorageFull, text))
    }

    fn finish(mut self) -> io::Result<(String, u64)> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        Ok((hexadecimal(self.digest), self.bytes))
    }
}

/// Returns a digest as people and other programs write it.
pub(super) fn hexadecimal(digest: Sha256) -> String {
    crate::core::digest::hexadecimal(&digest.finalize())
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.leave_room()?;
        let length = self.file.write(bytes)?;
        let written = bytes.get(..length).unwrap_or_default();
        self.digest.update(written);
        self.bytes = self.bytes.saturating_add(length_of(written));
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Returns where an archive of a complete backup lies.
pub(super) fn complete_path(folder: &str, file: &str) -> PathBuf {
    Path::new(folder).join(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns an archive of a folder and two files, the last of which ends with zeros.
    fn sample() -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, bytes) in [("data/one", &[1_u8; 700][..]), ("data/two", &[0; 4096])] {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o640);
            archive.append_data(&mut header, path, bytes).unwrap();
        }
        archive.into_inner().unwrap()
    }

    async fn written(pieces: impl Iterator<Item = Vec<u8>>) -> Result<(Sums, Vec<u8>), String> {
        let place = tempfile::tempdir().unwrap();
        let backup = place.path().join("web");
        folder::prepare(&backup, None).unwrap();
        let writing = Writing::begin(backup.to_str().unwrap(), "0.tar.gz");
        for piece in pieces {
            writing.piece(piece).await;
        }
        let sums = writing.end().await.map_err(|error| error.to_string())?;
        let file = std::fs::read(folder::partial(&backup).join("0.tar.gz")).unwrap();
        assert_eq!(sums.archive_bytes, file.len() as u64);
        let mut read = Vec::new();
        flate2::read::GzDecoder::new(&*file).read_to_end(&mut read).unwrap();
        Ok((sums, read))
    }

    #[tokio::test]
    async fn archives_are_counted_and_written_as_they_are() {
        let sample = sample();
        for length in [1, 511, 512, 100_000] {
            let (sums, read) = written(sample.chunks(length).map(<[u8]>::to_vec)).await.unwrap();
            assert_eq!((sums.entries, sums.bytes), (2, sample.len() as u64), "{length}");
            assert_eq!(sums.sha256.len(), 64);
            assert!(read == sample, "{length}");
        }
    }

    #[tokio::test]
    async fn a_disk_is_not_filled_up() {
        for (free, fits) in [(5, true), (4, false)] {
            let place = tempfile::tempdir().unwrap();
            let path = place.path().join("0.tar.gz");
            let (sender, received) = channel(1);
            sender.send(sample()).await.unwrap();
            drop(sender);
            let look = move || Some(Space { free, all: 100 });
            let written = blocking::start(move || write(&path, received, &look));
            match written.await.unwrap() {
                Ok(_) => assert!(fits, "{free}"),
                Err(error) => {
                    assert!(!fits && matches!(error, BackupError::Full { .. }), "{free}: {error}");
                    let why = std::error::Error::source(&error).unwrap().to_string();
                    assert_eq!(why, "0.1 MB are free, and 0.1 MB are left to others");
                }
            }
        }
    }

    #[tokio::test]
    async fn an_archive_that_is_not_whole_is_refused() {
        let sample = sample();
        // Cut in a file, behind a file, and in the end mark.
        for length in [0, 100, 700, 1024, 1536, 2048, 3000, 6144, 6656] {
            let cut = sample[..length.min(sample.len() - 1)].to_vec();
            let error = written(std::iter::once(cut)).await.unwrap_err();
            assert!(error.contains("is not whole"), "{length}: {error}");
        }
        let error = written(std::iter::once(vec![7; 5000])).await.unwrap_err();
        assert!(error.contains("is not whole"), "{error}");
    }
}

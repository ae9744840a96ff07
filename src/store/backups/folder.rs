//! The folders of backups: made under a temporary name, renamed when complete, removed when too many.

use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::core::backup::{Fate, MANIFEST_VERSION, Manifest, archive_name, surplus};
use crate::core::id::{ContainerName, OperationId, Timestamp};
use crate::store::directory::private;

use super::{BackupError, measure};

/// The file that makes a folder a complete backup.
const MANIFEST: &str = "manifest.json";
/// The file that marks the backup of an update that failed.
const FAILED: &str = "failed";
/// The ending of a folder that is not complete, and of one that is being removed.
const PARTIAL: &str = ".partial";
const REMOVED: &str = ".removed";

/// A complete backup.
pub(super) struct Complete {
    pub(super) path: PathBuf,
    pub(super) manifest: Manifest,
}

impl Complete {
    fn fate(&self) -> Fate {
        if self.path.join(FAILED).exists() { Fate::Failed } else { Fate::Well }
    }
}

/// Returns the name of a backup's folder: names of containers hold no such moment at their end.
pub(super) fn name(name: &ContainerName, at: Timestamp, operation: &OperationId) -> String {
    format!("{name}-{}-{}", at.format("%Y%m%dT%H%M%SZ"), operation.short())
}

/// Says whether a folder's name is that of a backup of a container.
fn is_name_of(folder: &str, container: &ContainerName) -> bool {
    let rest = folder.strip_prefix(container.as_str()).and_then(|rest| rest.strip_prefix('-'));
    let Some((moment, short)) = rest.and_then(|rest| rest.split_once('-')) else { return false };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let moment = moment.strip_suffix('Z').and_then(|moment| moment.split_once('T'));
    let moment = moment.is_some_and(|(day, time)| {
        day.len() == 8 && time.len() == 6 && digits(day) && digits(time)
    });
    moment && short.len() == 6 && short.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns the name that a folder has until it is complete.
pub(super) fn partial(folder: &Path) -> PathBuf {
    with_ending(folder, PARTIAL)
}

fn with_ending(folder: &Path, ending: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

pub(super) fn prepare(folder: &Path, needed: Option<u64>) -> Result<(), BackupError> {
    let directory = folder.parent().unwrap_or(Path::new("/"));
    make(directory)?;
    if let Some(needed) = needed {
        fits(directory, needed)?;
    }
    // What a run before a crash has left is begun anew.
    discard(folder)?;
    let path = partial(folder);
    // What somebody else puts there meanwhile is not written into.
    let made = DirBuilder::new().mode(0o700).create(&path);
    made.map_err(BackupError::at("making the folder", &path))
}

/// Makes sure that so much may be written where a folder is, or will be.
pub(super) fn fits(directory: &Path, needed: u64) -> Result<(), BackupError> {
    let space = measure::space(directory)?;
    if space.has(needed) {
        return Ok(());
    }
    Err(BackupError::TooLarge { path: directory.to_owned(), needed, space })
}

fn make(path: &Path) -> Result<(), BackupError> {
    if path.is_dir() {
        return Ok(());
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(BackupError::at("making the folder", path))
}

pub(super) fn complete(folder: &Path, manifest: Manifest) -> Result<(), BackupError> {
    let partial = partial(folder);
    let path = partial.join(MANIFEST);
    let before = ones_of(folder.parent().unwrap_or(Path::new("/")), &manifest.container);
    let last = before.first().map_or(0, |newest| newest.manifest.sequence);
    let manifest = Manifest { sequence: last.saturating_add(1), ..manifest };
    let text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other);
    let written = text.and_then(|text| {
        let mut file = private().create(true).truncate(true).open(&path)?;
        file.write_all(&text)?;
        file.sync_all()
    });
    written.map_err(BackupError::at("writing", &path))?;
    sync(&partial)?;
    fs::rename(&partial, folder).map_err(BackupError::at("completing", folder))?;
    sync(folder.parent().unwrap_or(Path::new("/")))
}

/// Makes the names in a folder durable.
fn sync(path: &Path) -> Result<(), BackupError> {
    let written = fs::File::open(path).and_then(|folder| folder.sync_all());
    written.map_err(BackupError::at("writing the folder", path))
}

pub(super) fn discard(folder: &Path) -> Result<(), BackupError> {
    remove(&partial(folder))
}

fn remove(path: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BackupError::at("removing", path)(error))
        }
        _ => Ok(()),
    }
}

pub(super) fn manifest(folder: &Path) -> Result<Manifest, BackupError> {
    let path = folder.join(MANIFEST);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(BackupError::Missing { path: folder.to_owned() });
        }
        Err(error) => return Err(BackupError::at("reading", &path)(error)),
    };
    let damaged = |reason| BackupError::Damaged { path: path.clone(), reason };
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    if manifest.version != MANIFEST_VERSION {
        return Err(damaged(format!("version {} is not known here", manifest.version)));
    }
    for (index, archive) in manifest.archives.iter().enumerate() {
        // Nothing outside of the folder is read.
        if archive.file != archive_name(index) {
            return Err(damaged(format!("it names the file {:?}", archive.file)));
        }
    }
    Ok(manifest)
}

/// Returns the complete backups in a folder; what else lies there is nobody's matter.
pub(super) fn complete_ones(directory: &Path) -> Vec<Complete> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let complete = paths.filter_map(|path| {
        let name = path.file_name()?.to_str()?.to_owned();
        let is_folder = fs::symlink_metadata(&path).ok()?.is_dir();
        let manifest = is_folder.then(|| manifest(&path).ok()).flatten()?;
        is_name_of(&name, &manifest.container).then_some(Complete { path, manifest })
    });
    complete.collect()
}

/// Returns the complete backups of a container, the newest first.
fn ones_of(directory: &Path, container: &ContainerName) -> Vec<Complete> {
    let mut own = complete_ones(directory);
    own.retain(|one| one.manifest.container == *container);
    own.sort_by_key(|one| {
        std::cmp::Reverse((one.manifest.sequence, one.manifest.taken_at, one.path.clone()))
    });
    own
}

pub(super) fn prune(folder: &Path, keep: usize, fate: Fate) -> Result<(), BackupError> {
    let directory = folder.parent().unwrap_or(Path::new("/"));
    let container = match manifest(folder) {
        // It failed before anything was saved.
        Err(BackupError::Missing { .. }) if fate == Fate::Failed => return Ok(()),
        manifest => manifest?.container,
    };
    if fate == Fate::Failed {
        let mark = folder.join(FAILED);
        let made = private().create(true).truncate(true).open(&mark);
        made.map_err(BackupError::at("making", &mark))?;
    }
    let own = ones_of(directory, &container);
    let fates: Vec<_> = own.iter().map(Complete::fate).collect();
    // An update that failed costs no backup of one that went well.
    let keep = if fate.is_well() { keep } else { usize::MAX };
    let gone = surplus(&fates, keep).into_iter().filter_map(|index| own.get(index));
    for one in gone.filter(|one| one.path != folder) {
        // A folder that is half removed must not look like a complete one.
        let removed = with_ending(&one.path, REMOVED);
        fs::rename(&one.path, &removed).map_err(BackupError::at("removing", &one.path))?;
    }
    remove_leftovers(directory, &container)
}

/// Removes what was renamed to be removed, also before a crash.
fn remove_leftovers(directory: &Path, container: &ContainerName) -> Result<(), BackupError> {
    let entries = fs::read_dir(directory).map_err(BackupError::at("reading", directory))?;
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.and_then(|name| name.strip_suffix(REMOVED));
        if name.is_some_and(|name| is_name_of(name, container)) {
            remove(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::core::id::ImageId;

    use super::*;

    #[test]
    fn names_of_folders_are_recognised() {
        let web = ContainerName::new("web");
        let at = "2026-01-02T03:04:05Z".parse().unwrap();
        let made = name(&web, at, &OperationId::new("0198c0de-00a1b2c3"));
        assert_eq!(made, "web-20260102T030405Z-a1b2c3");
        for (folder, expected) in [
            (made.as_str(), true),
            ("web-20260102T030405Z-a1b2c3.partial", false),
            ("web-2-20260102T030405Z-a1b2c3", false),
            ("web-20260102T030405-a1b2c3", false),
            ("web-20260102T030405Z-a1b2c", false),
            ("webs-20260102T030405Z-a1b2c3", false),
            ("web", false),
        ] {
            assert_eq!(is_name_of(folder, &web), expected, "{folder}");
        }
    }

    fn manifest_of(container: &str, day: u32) -> Manifest {
        Manifest {
            version: MANIFEST_VERSION,
            operation: OperationId::new("0-a1b2c3"),
            container: ContainerName::new(container),
            reference: "web:1".into(),
            image: ImageId::new("sha256:1"),
            sequence: 0,
            taken_at: format!("2026-01-{day:02}T00:00:00Z").parse().unwrap(),
            duration_ms: 1000,
            archives: Vec::new(),
        }
    }

    #[test]
    fn backups_of_failed_updates_cost_none_of_the_others() {
        let place = tempfile::tempdir().unwrap();
        let folder = |day: u32| {
            let manifest = manifest_of("web", day);
            place.path().join(name(&manifest.container, manifest.taken_at, &manifest.operation))
        };
        // Two that went well, then failures, then two more that go well; the clock is set back in
        // between.
        for (day, fate, left) in [
            (11, Fate::Well, &[11][..]),
            (12, Fate::Well, &[11, 12]),
            (3, Fate::Failed, &[3, 11, 12]),
            (4, Fate::Failed, &[3, 4, 11, 12]),
            (5, Fate::Failed, &[3, 5, 11, 12]),
            (6, Fate::Well, &[3, 5, 6, 12]),
            (7, Fate::Failed, &[3, 5, 6, 7, 12]),
            (8, Fate::Well, &[6, 7, 8]),
        ] {
            prepare(&folder(day), None).unwrap();
            complete(&folder(day), manifest_of("web", day)).unwrap();
            for _ in ["once", "again after a crash"] {
                prune(&folder(day), 2, fate).unwrap();
                let there: Vec<_> = (1..=19).filter(|day| folder(*day).exists()).collect();
                assert_eq!(there, left, "{day}");
            }
        }
        prune(&folder(9), 1, Fate::Failed).unwrap();
        assert!(prune(&folder(9), 1, Fate::Well).is_err(), "a good update has saved something");
    }

    #[test]
    fn only_complete_backups_beyond_the_newest_go() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("backups");
        let folder = |container: &str, day: u32| {
            let manifest = manifest_of(container, day);
            directory.join(name(&manifest.container, manifest.taken_at, &manifest.operation))
        };
        for (container, day) in [("web", 1), ("web", 2), ("web", 3), ("web-2", 1), ("db", 1)] {
            let folder = folder(container, day);
            prepare(&folder, Some(1)).unwrap();
            fs::write(partial(&folder).join("0.tar.gz"), "x").unwrap();
            complete(&folder, manifest_of(container, day)).unwrap();
        }
        prepare(&folder("web", 4), None).unwrap();
        fs::create_dir(directory.join("web-20260101T000000Z-ffffff")).unwrap();
        fs::create_dir(with_ending(&folder("web", 9), REMOVED)).unwrap();
        prune(&folder("web", 3), 2, Fate::Well).unwrap();
        let left = |container: &str| {
            let own = complete_ones(&directory).into_iter();
            own.filter(|one| one.manifest.container.as_str() == container).count()
        };
        assert_eq!((left("web"), left("web-2"), left("db")), (2, 1, 1));
        assert!(!folder("web", 1).exists() && folder("web", 3).exists());
        assert!(partial(&folder("web", 4)).exists(), "another one may be under way");
        assert!(directory.join("web-20260101T000000Z-ffffff").exists(), "it is not ours to judge");
        assert!(!with_ending(&folder("web", 9), REMOVED).exists());
        discard(&folder("web", 4)).unwrap();
        assert!(!partial(&folder("web", 4)).exists());
        discard(&folder("web", 3)).unwrap();
        assert!(folder("web", 3).exists(), "a complete one stays");
        let huge = prepare(&folder("web", 5), Some(u64::MAX)).unwrap_err().to_string();
        assert!(huge.contains("may take") && !partial(&folder("web", 5)).exists(), "{huge}");
    }

    #[test]
    fn a_manifest_names_nothing_outside_of_its_folder_and_a_planted_folder_is_not_used() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("web-20260101T000000Z-a1b2c3");
        prepare(&folder, None).unwrap();
        complete(&folder, manifest_of("web", 1)).unwrap();
        let path = folder.join(MANIFEST);
        let text = fs::read_to_string(&path).unwrap();
        for (file, good) in [("0.tar.gz", true), ("../0.tar.gz", false), ("/etc/passwd", false)] {
            let archive = format!(
                r#"[{{"file": "{file}", "source": {{"volume": "v"}}, "destinations": ["/d"],
                "node": "folder", "entries": 1, "bytes": 1, "archive_bytes": 1, "sha256": ""}}]"#
            );
            fs::write(&path, text.replace("[]", &archive)).unwrap();
            assert_eq!(manifest(&folder).is_ok(), good, "{file}");
        }
        let other = place.path().join("other");
        std::os::unix::fs::symlink(place.path(), partial(&other)).unwrap();
        prepare(&other, None).unwrap();
        let made = fs::symlink_metadata(partial(&other)).unwrap();
        assert!(
            made.is_dir() && folder.exists(),
            "what led somewhere else is gone, and that alone"
        );
    }
}

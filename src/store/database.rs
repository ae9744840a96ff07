//! The redb file: opened, checked, moved aside when it is damaged, opened anew after a fault.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use redb::Database;

use crate::clock::Clock;
use crate::shutdown::panic_message;

use super::fault::Fault;
use super::{Store, StoreError, directory, migrate};

/// The file's name in the data directory.
pub(super) const FILE: &str = "state.redb";

/// All that redb may keep in memory: the system has the pages too, and ours would lie scattered
/// over the heap that a check has left.
const CACHE_BYTES: usize = 128 << 10;

/// How many files that were moved aside are kept.
const KEPT_ASIDE: usize = 3;

/// Files up to this size are read and checked as a whole at every start, which takes a few
/// milliseconds. Larger ones are checked after a crash or a fault: damage shows where it is read.
const CHECKED_BYTES: u64 = 4 << 20;

/// The database of one data directory.
#[derive(Debug)]
pub(super) struct Guarded {
    path: PathBuf,
    clock: Clock,
    state: RwLock<State>,
    aside: Option<PathBuf>,
}

#[derive(Debug)]
enum State {
    Open(Database),
    /// A fault left it unusable: it must be opened anew, with a full check.
    Spoiled,
    Closed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    IfSmall,
    Always,
}

/// What an attempt to open came to.
enum Opened {
    Good(Database),
    Damaged(String),
}

impl Store {
    /// Returns where a damaged database was moved when this store was opened.
    pub fn moved_aside(&self) -> Option<&Path> {
        self.database.aside.as_deref()
    }
}

impl Guarded {
    /// Opens the database of a data directory. One that is damaged is moved aside and replaced by an
    /// empty one.
    pub(super) fn open(directory: &Path, clock: Clock) -> Result<Self, StoreError> {
        directory::prepare(directory)?;
        let path = directory.join(FILE);
        let (database, aside) = open_or_replace(&path, &clock, Check::IfSmall)?;
        Ok(Self { path, clock, state: RwLock::new(State::Open(database)), aside })
    }

    /// Lets `work` use the database; after a fault that spoils it, the next use opens it anew.
    pub(super) fn with<T>(
        &self,
        doing: &str,
        work: impl FnOnce(&Database) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let state = self.usable(doing)?;
        let State::Open(database) = &*state else {
            return Err(StoreError::Closed { doing: doing.to_owned() });
        };
        let result = catch_unwind(AssertUnwindSafe(|| work(database)));
        drop(state);
        match result {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(fault)) => {
                if fault.spoils() {
                    self.spoil();
                }
                Err(fault.while_doing(doing, &self.path))
            }
            Err(panic) => {
                self.spoil();
                let reason = panic_message(&*panic).to_owned();
                Err(StoreError::Damaged { doing: doing.to_owned(), reason })
            }
        }
    }

    /// Writes everything out and lets the file go; every later use is an error.
    pub(super) fn close(&self) -> Result<(), StoreError> {
        match std::mem::replace(&mut *self.write(), State::Closed) {
            State::Open(database) => {
                let fault = |error| Fault::from(error).while_doing("closing the store", &self.path);
                database.close().map_err(fault)
            }
            State::Spoiled | State::Closed => Ok(()),
        }
    }

    fn usable(&self, doing: &str) -> Result<RwLockReadGuard<'_, State>, StoreError> {
        let state = self.read();
        if !matches!(*state, State::Spoiled) {
            return Ok(state);
        }
        drop(state);
        let mut state = self.write();
        if matches!(*state, State::Spoiled) {
            let (database, _) = open_or_replace(&self.path, &self.clock, Check::Always)?;
            *state = State::Open(database);
            log::info!(action = "reopen"; "{doing}: the database was opened anew after a fault");
        }
        drop(state);
        Ok(self.read())
    }

    fn spoil(&self) {
        let mut state = self.write();
        if matches!(*state, State::Open(_)) {
            *state = State::Spoiled;
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open_or_replace(
    path: &Path,
    clock: &Clock,
    check: Check,
) -> Result<(Database, Option<PathBuf>), StoreError> {
    let reason = match try_open(path, check)? {
        Opened::Good(database) => return Ok((database, None)),
        Opened::Damaged(reason) => reason,
    };
    let aside = move_aside(path, clock)?;
    log::error!(
        action = "move_aside";
        "the database {} is damaged ({reason}); it was moved to {} and an empty one takes its \
         place: the history and the list of rejected images begin anew, containers and open \
         operations are not affected",
        path.display(),
        aside.display()
    );
    match try_open(path, check)? {
        Opened::Good(database) => Ok((database, Some(aside))),
        Opened::Damaged(reason) => {
            Err(StoreError::Damaged { doing: format!("creating {}", path.display()), reason })
        }
    }
}

fn try_open(path: &Path, check: Check) -> Result<Opened, StoreError> {
    let file = directory::private().create(true).truncate(false).open(path);
    let size = file.and_then(|file| file.metadata()).map_err(StoreError::at("opening", path))?;
    let whole = check == Check::Always || size.len() <= CHECKED_BYTES;
    // A damaged file that is not checked may make redb panic.
    let opened = catch_unwind(|| -> Result<Database, Fault> {
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(whole);
        let database = builder.create(path)?;
        migrate::migrate(&database, migrate::STEPS)?;
        Ok(database)
    });
    match opened {
        Ok(Ok(database)) => Ok(Opened::Good(database)),
        Ok(Err(fault)) => match fault.damage() {
            Some(reason) => Ok(Opened::Damaged(reason)),
            None => Err(fault.while_doing(&format!("opening {}", path.display()), path)),
        },
        Err(panic) => Ok(Opened::Damaged(panic_message(&*panic).to_owned())),
    }
}

fn move_aside(path: &Path, clock: &Clock) -> Result<PathBuf, StoreError> {
    let stamp = clock.now().format("%Y%m%dT%H%M%SZ");
    let aside = directory::free_beside(path, &format!("broken-{stamp}"));
    fs::rename(path, &aside).map_err(StoreError::at("moving aside", path))?;
    path.parent().map_or(Ok(()), directory::sync)?;
    remove_older(path);
    Ok(aside)
}

/// Keeps the newest of the files that were moved aside: a failing disk makes ever more of them.
fn remove_older(path: &Path) {
    let named = |found: &PathBuf| {
        let name = found.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(&format!("{FILE}.broken-")))
    };
    let entries = path.parent().and_then(|parent| fs::read_dir(parent).ok());
    let paths = entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut aside: Vec<_> = paths.filter(named).collect();
    // Those of one second are numbered.
    aside.sort_by_key(|path| {
        let name = path.to_string_lossy().into_owned();
        let (moment, number) = name.rsplit_once("Z-").unwrap_or((name.trim_end_matches('Z'), ""));
        (moment.to_owned(), number.parse::<u32>().unwrap_or(1))
    });
    let surplus = aside.len().saturating_sub(KEPT_ASIDE);
    for path in aside.drain(..surplus) {
        match fs::remove_file(&path) {
            Ok(()) => log::info!("{} is older than others and was removed", path.display()),
            Err(error) => log::warn!("{} cannot be removed: {error}", path.display()),
        }
    }
}

//! Why a Compose file cannot be read or written.

use std::io;

use thiserror::Error;

/// Why a Compose file cannot be read or written; who tells it names the file.
#[derive(Debug, Error)]
pub enum FileError {
    /// The path is none that Compose would have.
    #[error("it is no absolute path of a .yml, .yaml or .env file")]
    Odd,
    /// It is not there.
    #[error("it is not there")]
    Missing,
    /// Whether it is there cannot be seen: it lies outside of what we see, or a link leads nowhere.
    #[error(
        "it cannot be seen from here; where docker-auto runs in a container, mount the file's directory \
         into it at the same path"
    )]
    Unseen,
    /// It lies elsewhere.
    #[error("it lies in none of the directories that DOCKER_AUTO_COMPOSE_DIRECTORIES names")]
    NotAllowed,
    /// It is a folder, a pipe, a device or a link.
    #[error("it is no regular file")]
    NotRegular,
    /// It has several names, of which only one would be changed.
    #[error("it has several names (hard links), of which only one would be changed")]
    Linked,
    /// It is too large for a Compose file.
    #[error("it is larger than a megabyte")]
    TooLarge,
    /// It is no text.
    #[error("it is no text in UTF-8")]
    NotText,
    /// It is mounted by itself, so that no other file can take its place.
    #[error("it is mounted by itself; mount the directory that it is in")]
    Mounted,
    /// Its directory cannot be written.
    #[error("its directory cannot be written; mount it without :ro")]
    ReadOnly(#[source] io::Error),
    /// It belongs to another user, to whom we could not give the new file.
    #[error(
        "it belongs to another user, to whom a new file cannot be given; run docker-auto as that user, \
         or as root with CAP_CHOWN and CAP_FOWNER"
    )]
    NotOurs,
    /// Somebody has changed it since it was read.
    #[error("somebody has changed it meanwhile, so that it is left as it is")]
    Changed,
    /// The disk takes too long.
    #[error("its disk does not answer in time")]
    Slow,
    /// To understand it takes too long.
    #[error("understanding it takes too long")]
    Endless,
    /// Something else.
    #[error("{doing} failed")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The system's word.
        source: io::Error,
    },
}

impl FileError {
    /// Returns a function that makes a system's error one of ours, for `map_err`.
    pub(super) fn at(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }
}

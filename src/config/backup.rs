//! The backups that are made before updates: where, and how many stay.

use std::path::PathBuf;

use crate::config::Config;
use crate::config::general::absolute;
use crate::config::variable::{Kind, Secrecy, Variable, set};

/// The backups of containers' data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupConfig {
    /// Where they are.
    pub directory: PathBuf,
    /// How many of a container stay.
    pub keep: u32,
}

pub(super) const VARIABLES: [Variable; 2] = [
    Variable {
        key: "backup.dir",
        name: "DOCKER_AUTO_BACKUP_DIR",
        aliases: &[],
        kind: Kind::Path,
        default: "",
        doc: "Where containers' data is saved that have the label `docker-auto.backup`; without it \
              in `backups` in the data directory.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.backup.directory, absolute(&given)),
    },
    Variable {
        key: "backup.keep",
        name: "DOCKER_AUTO_BACKUP_KEEP",
        aliases: &[],
        kind: Kind::Number,
        default: "3",
        doc: "How many backups of a container stay; older ones are removed after an update.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.backup.keep, given.number(1..=1000)),
    },
];

/// Without a place of their own they lie with everything else.
pub(super) fn settle(config: &mut Config) {
    if config.backup.directory.as_os_str().is_empty() {
        config.backup.directory = config.data.join("backups");
    }
}

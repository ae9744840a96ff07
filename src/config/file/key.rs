//! The keys of a configuration file: which variables they are for, and which ones lead to others.

use crate::config::reader;
use crate::config::variable::{Secrecy, Variable};
use crate::config::variables;

/// Keys that are known by other words as well, without capitals and underscores.
const ALIASES: [(&str, &str); 9] = [
    ("scan.initialscanonstart", "scan.on_start"),
    ("update.autoupdatecron", "update.cron"),
    ("update.allowcomposeupdate", "update.allow_compose"),
    ("update.recreatestrategy", "update.strategy"),
    ("update.removeoldcontainer", "update.remove_old"),
    ("logging.level", "log.level"),
    ("httpproxy", "proxy.http"),
    ("httpsproxy", "proxy.https"),
    ("noproxy", "proxy.exempt"),
];

/// What a key is.
#[derive(Debug)]
pub(super) enum Key {
    /// That of a variable.
    Setting(Sought),
    /// The beginning of others.
    Group,
    /// Nothing.
    Nothing,
}

/// A variable, the number in its name, and whether its key names a file with the value.
#[derive(Debug)]
pub(super) struct Sought {
    pub(super) variable: &'static Variable,
    pub(super) index: String,
    in_file: bool,
}

impl Sought {
    /// Returns the variable's name.
    pub(super) fn name(&self) -> String {
        let ending = if self.in_file { reader::FILE } else { "" };
        format!("{}{ending}", self.variable.name.replace(reader::NUMBER, &self.index))
    }
}

/// Says what a key is, in whichever common spelling.
pub(super) fn find(key: &str) -> Key {
    let (key, mut leads) = (plain(key), false);
    for variable in variables() {
        let aliases = ALIASES.iter().filter(|(_, ours)| *ours == variable.key);
        let plainly = aliases.map(|(alias, _)| (*alias).to_owned()).chain([plain(variable.key)]);
        let is_secret = variable.secrecy == Secrecy::Secret;
        let patterns = plainly.flat_map(|it| {
            let in_file = is_secret.then(|| (format!("{it}file"), true));
            std::iter::once((it, false)).chain(in_file)
        });
        for (pattern, in_file) in patterns {
            match follow(&pattern, &key) {
                Some((index, true)) => return Key::Setting(Sought { variable, index, in_file }),
                Some((_, false)) => leads = true,
                None => {}
            }
        }
    }
    if leads { Key::Group } else { Key::Nothing }
}

/// Follows a pattern along a key: returns the number that stands for `<n>`, and whether that is all.
fn follow(pattern: &str, key: &str) -> Option<(String, bool)> {
    let (mut parts, mut index) = (pattern.split('.'), String::new());
    for part in key.split('.') {
        match parts.next()? {
            reader::NUMBER if reader::plain_number(part).is_some() => part.clone_into(&mut index),
            expected if expected == part => {}
            _ => return None,
        }
    }
    Some((index, parts.next().is_none()))
}

/// Says whether a key is this one, in whichever common spelling.
pub(super) fn is_called(key: &str, own: &str) -> bool {
    plain(key) == own
}

/// Capitals, hyphens and underscores make no other key: `cacheTTL` is `cache_ttl`.
fn plain(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

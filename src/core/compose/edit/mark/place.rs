//! Volumes and devices: the short form of each, and the long one.

use serde_json::{Map, Value, json};

use crate::core::yaml::Tree;

use super::super::named::absolute;
use super::form::{Form, Reader, Table, only};
use super::table::{BIND, TMPFS, VOLUME};
use super::word::trimmed;

/// A volume in its long form.
const MOUNT: Table = &[
    ("type", Form::Text),
    ("source", Form::Text),
    ("target", Form::Text),
    ("read_only", Form::Flag),
    ("bind", Form::Record(BIND)),
    ("volume", Form::Record(VOLUME)),
    ("tmpfs", Form::Record(TMPFS)),
];

/// How mounts within a directory of the host are seen.
const PROPAGATIONS: [&str; 6] = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];

impl Reader<'_> {
    pub(super) fn volume(&self, given: &Tree) -> Option<Value> {
        if given.text().is_none() {
            return self.long_volume(given);
        }
        let text = self.text(given)?;
        if (1..=2).contains(&text.len()) {
            // Compose looks no closer at one so short, and says nothing of its volume.
            return Some(json!({"type": "volume", "target": trimmed(&text)}));
        }
        let parts: Vec<_> = text.split(':').collect();
        let (source, target, mode) = match parts[..] {
            [target] => (None, target, ""),
            [source, target] => (Some(source), target, ""),
            [source, target, mode] => (Some(source), target, mode),
            _ => return None,
        };
        let target = trimmed(target);
        let mut volume = Map::new();
        let is_bind = source.is_some_and(|source| source.starts_with(['/', '.']));
        volume.insert("type".to_owned(), if is_bind { "bind" } else { "volume" }.into());
        if let Some(source) = source {
            let source = if is_bind { self.path(source) } else { source.to_owned() };
            volume.insert("source".to_owned(), source.into());
        }
        volume.insert("target".to_owned(), target.into());
        let (mut bind, mut of_volume) = (Map::new(), Map::new());
        for word in mode.split(',').filter(|word| !word.is_empty()) {
            match word {
                "ro" => drop(volume.insert("read_only".to_owned(), true.into())),
                "rw" => {}
                "z" | "Z" if is_bind => drop(bind.insert("selinux".to_owned(), word.into())),
                "nocopy" if !is_bind => drop(of_volume.insert(word.to_owned(), true.into())),
                _ if is_bind && PROPAGATIONS.contains(&word) => {
                    bind.insert("propagation".to_owned(), word.into());
                }
                _ => return None,
            }
        }
        if is_bind {
            bind.insert("create_host_path".to_owned(), true.into());
            volume.insert("bind".to_owned(), bind.into());
        } else {
            volume.insert("volume".to_owned(), of_volume.into());
        }
        Some(volume.into())
    }

    fn long_volume(&self, given: &Tree) -> Option<Value> {
        only(given, MOUNT)?;
        let kind = self.text(given.get("type")?)?;
        let mut volume = Map::new();
        for (name, form) in MOUNT {
            let Some(value) = given.get(name) else { continue };
            let value = match *name {
                "source" if kind == "bind" => self.path(&self.text(value)?).into(),
                "target" => trimmed(&self.text(value)?).into(),
                _ => form.read(value, self)?,
            };
            if value != false {
                volume.insert((*name).to_owned(), value);
            }
        }
        Some(volume.into())
    }

    pub(super) fn path(&self, path: &str) -> String {
        absolute(self.folder, path)
    }

    pub(super) fn device(&self, given: &Tree) -> Option<Value> {
        let text = self.text(given)?;
        let parts: Vec<_> = text.split(':').collect();
        let (source, target, permissions) = match parts[..] {
            [source] => (source, source, "rwm"),
            [source, target] => (source, target, "rwm"),
            [source, target, permissions] => (source, target, permissions),
            _ => return None,
        };
        Some(json!({"source": source, "target": target, "permissions": permissions}))
    }
}

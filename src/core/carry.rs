//! Files in a container's own layer: which are carried to the new container, and which would be lost.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::compose::Labels;
use crate::core::id::Timestamp;

/// The label by which a container names files to be carried.
pub const CARRY: &str = "docker-auto.carry";
/// Where Compose and others put secrets into a container that was made, but not started yet.
const SECRETS: &str = "/run/secrets";
/// Where programs keep what may go at any time.
const PASSING: [&str; 10] = [
    "/dev",
    "/proc",
    "/run",
    "/sys",
    "/tmp",
    "/var/cache",
    "/var/lock",
    "/var/log",
    "/var/run",
    "/var/tmp",
];

/// One line of `GET /containers/x/changes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The path.
    #[serde(rename = "Path")]
    pub path: String,
    /// 0 for a file or directory that was modified, 1 for one that was added, 2 for a deleted one.
    #[serde(rename = "Kind")]
    pub kind: u8,
}

/// A start within this time of the creation is taken for the first one.
const FIRST_START: TimeDelta = TimeDelta::seconds(60);
/// How long after the creation files are put into a container whose first start is not known.
const INJECTING: TimeDelta = TimeDelta::seconds(5);
/// Archives keep times in whole seconds, to the nearest one.
const ROUNDING: TimeDelta = TimeDelta::seconds(1);
/// What systems and their start-up scripts write, and let nobody write to.
const READ_ONLY_BY_NATURE: [&str; 7] = [
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/machine-id",
    "/etc/pki/ca-trust",
    "/etc/shadow",
    "/etc/shadow-",
    "/var/lib/dbus/machine-id",
];
const MODIFIED: u8 = 0;
const ADDED: u8 = 1;

/// What the owner wants to be carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Secrets, and what lies at or below these paths.
    Paths(Vec<String>),
    /// Nothing: rather no update than one that loses secrets.
    Nothing,
}

/// A path to be carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The path.
    pub path: String,
    /// How it may change until the old container stands still.
    pub nature: Nature,
}

/// How a carried path may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// It was put there once: a copy before the stop is as good as one after it.
    Fixed,
    /// Its container may write to it until it stops.
    Living,
}

/// What becomes of the files in a container's own layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// These are carried.
    pub carried: Vec<Carried>,
    /// These were put there as secrets, and their owner wants nothing to be carried.
    pub refused: Vec<String>,
    /// These go with the old container, unless someone put them there before it was started.
    pub left: Vec<Change>,
    /// These may go at any time, unless Compose put them there.
    pub passing: Vec<Change>,
}

impl Wish {
    /// Reads the label; says what is wrong with it.
    pub fn read(labels: &Labels) -> Result<Self, String> {
        match labels.get(CARRY).map(|text| text.trim()) {
            None | Some("") => Ok(Self::Paths(Vec::new())),
            Some("none") => Ok(Self::Nothing),
            Some(text) => {
                let paths = text.split(',').map(|path| tidy(path.trim()));
                let paths: Vec<_> = paths.map(ToOwned::to_owned).collect();
                match paths.iter().find(|path| !path.starts_with('/')) {
                    Some(path) => Err(format!("{path:?} is no absolute path; write /a,/b or none")),
                    None => Ok(Self::Paths(paths)),
                }
            }
        }
    }

    fn names(&self, path: &str) -> bool {
        matches!(self, Self::Paths(paths) if paths.iter().any(|wanted| is_below(path, wanted)))
    }
}

/// Sorts what changed in a container's own layer; what lies in its mounts is not in that layer.
pub fn sort(changes: &[Change], mounts: &[String], wish: &Wish) -> Layer {
    let present = present(changes);
    let mut layer = Layer::default();
    let mut whole: Option<&str> = None;
    for (index, change) in present.iter().enumerate() {
        let path = change.path.as_str();
        if mounts.iter().any(|mount| is_below(path, mount))
            || whole.is_some_and(|dir| is_below(path, dir))
        {
            continue;
        }
        let has_children = has_children(&present, index);
        let has_mounts = mounts.iter().any(|mount| is_inside(mount, path));
        let is_new = change.kind == ADDED && !has_mounts;
        let secret = is_inside(path, SECRETS);
        if (secret || wish.names(path)) && (is_new || !has_children) {
            whole = Some(path);
            layer.keep(change, secret, wish);
        } else if !has_children && !has_mounts {
            let passes = PASSING.iter().any(|dir| is_below(path, dir));
            let list = if passes { &mut layer.passing } else { &mut layer.left };
            list.push((*change).clone());
        }
    }
    layer
}

/// Returns what is there, each directory right before what lies in it.
fn present(changes: &[Change]) -> Vec<&Change> {
    let mut present: Vec<_> = changes.iter().filter(|change| change.kind <= ADDED).collect();
    present.sort_by(|one, other| one.path.split('/').cmp(other.path.split('/')));
    present
}

fn has_children(present: &[&Change], index: usize) -> bool {
    let next = present.get(index + 1);
    next.zip(present.get(index)).is_some_and(|(next, this)| is_inside(&next.path, &this.path))
}

/// Returns the modified paths in which nothing changed: a file, or a directory that was only touched,
/// which the list does not tell apart.
pub fn ambiguous(changes: &[Change]) -> Vec<&str> {
    let present = present(changes);
    let lonely =
        |index: &usize| present[*index].kind == MODIFIED && !has_children(&present, *index);
    (0..present.len()).filter(lonely).map(|index| present[index].path.as_str()).collect()
}

impl Layer {
    fn keep(&mut self, change: &Change, secret: bool, wish: &Wish) {
        let path = change.path.clone();
        if *wish == Wish::Nothing {
            self.refused.push(path);
        } else {
            let nature = if secret && !wish.names(&path) { Nature::Fixed } else { Nature::Living };
            self.carried.push(Carried { path, nature });
        }
    }
}

impl Change {
    /// Says whether a change looks like data. What an image's start-up script writes over its own
    /// settings is none: it is written again.
    pub fn is_data(&self) -> bool {
        self.kind == ADDED || !is_below(&self.path, "/etc")
    }
}

/// Says whether a file was written while the container's process did not run: between its creation
/// and its first start, or between an end and the start that followed. Compose writes contents then,
/// and writes them again with each start of its own.
pub fn is_injected(inspect: &Value, written: Timestamp) -> bool {
    let time = |path: &str| inspect.pointer(path)?.as_str()?.parse::<Timestamp>().ok();
    let (Some(created), Some(started)) = (time("/Created"), time("/State/StartedAt")) else {
        return false;
    };
    let first = inspect.pointer("/RestartCount") == Some(&0.into())
        && started >= created
        && started.signed_duration_since(created) < FIRST_START;
    // A clock that was set back says nothing of the start.
    let made = if first { (started + ROUNDING).max(created) } else { created + INJECTING };
    let ended = time("/State/FinishedAt").filter(|ended| *ended > created);
    let still = ended.is_some_and(|ended| ended <= written && written <= started + ROUNDING);
    written <= made || still
}

/// Says whether a file may be what Compose wrote, whatever its time says: nobody may write to it, as
/// Compose makes them, and it is none of those that programs make so.
pub fn is_doubtful(path: &str, permissions: u64) -> bool {
    permissions & 0o222 == 0
        && permissions & 0o444 != 0
        && !READ_ONLY_BY_NATURE.iter().any(|known| is_below(path, known))
}

fn tidy(path: &str) -> &str {
    if path == "/" { path } else { path.trim_end_matches('/') }
}

fn is_inside(path: &str, dir: &str) -> bool {
    path.strip_prefix(tidy(dir)).is_some_and(|rest| rest.starts_with('/'))
}

fn is_below(path: &str, dir: &str) -> bool {
    path == tidy(dir) || is_inside(path, dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(text: &str) -> Vec<Change> {
        let lines = text.split_whitespace().map(|word| {
            let (kind, path) = word.split_at(1);
            let kind = "CAD".find(kind).unwrap();
            Change { path: path.to_owned(), kind: u8::try_from(kind).unwrap() }
        });
        lines.collect()
    }

    #[test]
    fn what_passes_is_kept_apart() {
        let all = changes("C/run A/run/app.pid A/tmp/x A/var/log/x A/app/data A/run/secrets/key");
        let passing = sort(&all, &["/tmp".to_owned()], &Wish::Paths(Vec::new())).passing;
        let paths: Vec<_> = passing.iter().map(|change| &*change.path).collect();
        assert_eq!(paths, ["/run/app.pid", "/var/log/x"]);
    }

    #[test]
    fn files_are_sorted_by_what_becomes_of_them() {
        for (text, mounts, label, carried, refused, lost) in [
            ("", "", "", "", "", ""),
            ("C/run A/run/secrets A/run/secrets/token", "", "", "/run/secrets/token", "", ""),
            (
                "C/run C/run/secrets A/run/secrets/a A/run/secrets/b",
                "",
                "",
                "/run/secrets/a /run/secrets/b",
                "",
                "",
            ),
            (
                "A/run/secrets A/run/secrets/a A/run/secrets/d A/run/secrets/d/x",
                "",
                "",
                "/run/secrets/a /run/secrets/d",
                "",
                "",
            ),
            // A secret that is mounted is not in the layer.
            (
                "A/run/secrets A/run/secrets/a A/run/secrets/b",
                "/run/secrets/b",
                "",
                "/run/secrets/a",
                "",
                "",
            ),
            ("A/run/secrets A/run/secrets/a", "", "none", "", "/run/secrets/a", ""),
            ("C/run A/run/app.pid C/tmp A/tmp/x C/var C/var/log A/var/log/x", "", "", "", "", ""),
            ("C/etc C/etc/app.conf A/etc/own.conf", "", "", "", "", "/etc/own.conf"),
            ("A/app A/app/data.db A/data", "/data", "", "", "", "/app/data.db"),
            ("A/app A/app/data.db", "", "/app/", "/app!", "", ""),
            (
                "C/app A/app/data.db C/app/conf D/app/old",
                "",
                "/app",
                "/app/conf! /app/data.db!",
                "",
                "",
            ),
            // A mount below a directory that is carried is left where it is.
            ("A/app A/app/x A/app/mnt A/app/mnt/y", "/app/mnt", "/app", "/app/x!", "", ""),
            ("A/apple A/app", "", "/app", "/app!", "", "/apple"),
            ("A/run/secrets A/run/secrets/a", "", "/run/secrets", "/run/secrets!", "", ""),
        ] {
            let mounts: Vec<_> = mounts.split_whitespace().map(ToOwned::to_owned).collect();
            let labels = Labels::from([(CARRY.to_owned(), label.to_owned())]);
            let layer = sort(&changes(text), &mounts, &Wish::read(&labels).unwrap());
            let shown = layer.carried.iter().map(|one| {
                let living = if one.nature == Nature::Living { "!" } else { "" };
                format!("{}{living}", one.path)
            });
            let shown: Vec<_> = shown.collect();
            let data = layer.left.iter().filter(|change| change.is_data());
            let data: Vec<_> = data.map(|change| change.path.as_str()).collect();
            let found = (shown.join(" "), layer.refused.join(" "), data.join(" "));
            let expected = (carried.to_owned(), refused.to_owned(), lost.to_owned());
            assert_eq!(found, expected, "{text} {mounts:?} {label}");
        }
    }

    #[test]
    fn only_what_may_be_an_untouched_directory_is_asked_for() {
        let found = changes("C/a C/a-b C/a/c A/b C/d A/d/e D/f");
        assert_eq!(ambiguous(&found), ["/a/c", "/a-b"]);
    }

    #[test]
    fn files_are_put_in_while_nothing_runs() {
        // Made at 10:00:00; ended, started; how often restarted; written.
        for (ended, started, restarts, written, expected) in [
            ("", "10:00:03", 0, "10:00:02", true),
            ("", "10:00:03", 0, "10:00:04", true),
            ("", "10:00:03", 0, "10:00:05", false),
            ("", "10:00:03", 1, "10:00:05", true),
            ("", "10:00:03", 1, "10:00:06", false),
            ("", "12:00:00", 0, "10:00:05", true),
            ("", "12:00:00", 0, "11:59:59", false),
            // Started again by Compose, which writes before each start.
            ("11:00:00", "12:00:00", 0, "11:59:59", true),
            ("11:00:00", "12:00:00", 0, "12:00:01", true),
            ("11:00:00", "12:00:00", 0, "12:00:02", false),
            ("11:00:00", "12:00:00", 0, "10:59:59", false),
            ("11:00:00", "12:00:00", 0, "10:00:01", true),
            // The clock was set back before the last start: what was written first is known still.
            ("", "09:00:00", 0, "10:00:01", true),
            ("", "09:00:00", 0, "10:00:06", false),
            ("08:59:00", "09:00:00", 0, "10:00:01", true),
        ] {
            let time = |time: &str| match time {
                "" => "0001-01-01T00:00:00Z".to_owned(),
                time => format!("2026-01-01T{time}Z"),
            };
            let inspect = serde_json::json!({
                "Created": time("10:00:00"),
                "RestartCount": restarts,
                "State": {"StartedAt": time(started), "FinishedAt": time(ended)},
            });
            let found = is_injected(&inspect, time(written).parse().unwrap());
            assert_eq!(found, expected, "{ended} {started} {restarts} {written}");
        }
        assert!(!is_injected(&Value::Null, Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn what_nobody_may_write_to_is_doubted() {
        for (path, permissions, expected) in [
            ("/etc/app.conf", 0o444, true),
            ("/etc/app.conf", 0o400, true),
            ("/etc/app.conf", 0o644, false),
            ("/etc/app.conf", 0o000, false),
            ("/etc/shadow", 0o400, false),
            ("/etc/pki/ca-trust/extracted/x.pem", 0o444, false),
        ] {
            assert_eq!(is_doubtful(path, permissions), expected, "{path} {permissions:o}");
        }
    }

    #[test]
    fn a_wish_is_read_or_refused() {
        for (text, wrong) in
            [("/a, /b/", None), ("none", None), ("a", Some("\"a\"")), ("/a,", Some("\"\""))]
        {
            let wish = Wish::read(&Labels::from([(CARRY.to_owned(), text.to_owned())]));
            assert_eq!(wish.is_err(), wrong.is_some(), "{text}: {wish:?}");
            assert!(wish.err().unwrap_or_default().contains(wrong.unwrap_or_default()), "{text}");
        }
    }
}

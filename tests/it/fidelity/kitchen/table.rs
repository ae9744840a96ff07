//! The README's annex: what became of each setting on each engine, written from the results.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::compare::ALLOWED;

/// What became of a setting in an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// It is shown as it was.
    Kept,
    /// It is shown as it was where the machine has it; it is sent on anywhere.
    ByMachine,
    /// The engine could not be asked for it; it is sent on, as other tests show.
    OnTheBody,
    /// The engine does not know it.
    Unknown,
    /// It is shown otherwise, for a reason.
    Changed,
}

impl Fate {
    fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::ByMachine => "kept if possible",
            Self::OnTheBody => "sent",
            Self::Unknown => "–",
            Self::Changed => "changed",
        }
    }
}

/// A setting's path, and what became of it on each engine.
pub(super) type Row = (Vec<&'static str>, Vec<Fate>);

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const HEADING: &str = "## What survives an update\n";

/// Holds the last section of the README to the results; `UPDATE_EXPECT=1` writes it anew.
pub(super) fn check(engines: &[String], rows: &[Row]) {
    let readme = fs::read_to_string(README).expect("there is a README");
    let (rest, shown) = readme.split_once(HEADING).unwrap_or((&readme, ""));
    let found = section(engines, rows);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let text = format!("{}\n\n{HEADING}{found}", rest.trim_end());
        return fs::write(Path::new(README), text).expect("the README can be written");
    }
    // Engines of other versions than those of the day may come to the same.
    let words = |text: &str| {
        let (head, table) = text.split_once("| --- |").unwrap_or((text, ""));
        let head: String =
            head.chars().filter(|one| !one.is_ascii_digit() && *one != '.').collect();
        (head, table.to_owned())
    };
    assert_eq!(words(shown), words(&found), "UPDATE_EXPECT=1 writes README.md anew");
}

fn section(engines: &[String], rows: &[Row]) -> String {
    let mut text = String::from(INTRODUCTION);
    let _ = writeln!(text, "| Settings | {} |", engines.join(" | "));
    let _ = writeln!(text, "| --- |{}", " --- |".repeat(engines.len()));
    for ((area, fates), names) in grouped(rows) {
        let words: Vec<_> = fates.iter().map(|fate| fate.word()).collect();
        let _ = writeln!(text, "| **{}** {} | {} |", area.1, names.join(", "), words.join(" | "));
    }
    text.push_str(
        "\nOnly this is otherwise in what an engine shows of a container after its update:\n\n",
    );
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for (path, why) in ALLOWED {
        let path = format!("`{}`", path.join("."));
        match reasons.iter_mut().find(|(known, _)| known == why) {
            Some((_, paths)) => paths.push(path),
            None => reasons.push((why, vec![path])),
        }
    }
    for (why, paths) in reasons {
        let _ = writeln!(text, "- {why}: {}", paths.join(", "));
    }
    text
}

const INTRODUCTION: &str = "
Written by the tests: containers with every flag that `docker run` has, and every field that the engine's API has for a new container,
are updated on real engines, and what the engines show of them before and after is compared. *kept*: it is shown as it was; *if possible*: not
every kernel and storage has it. *sent*: it is sent on, but means nothing to these engines. –: this engine does not know it. *changed*: see below.

";

/// Returns the names of settings by area and fates, in the order of the areas.
fn grouped(rows: &[Row]) -> BTreeMap<(Area, Vec<Fate>), Vec<String>> {
    let mut settings: Vec<(&[&'static str], Vec<&Row>)> = Vec::new();
    for row in rows {
        let setting = setting(&row.0);
        match settings.last_mut() {
            Some((last, rows)) if *last == setting => rows.push(row),
            _ => settings.push((setting, vec![row])),
        }
    }
    let mut grouped: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (setting, rows) in settings {
        // The setting as a whole shares the fate of most of its parts; others are named.
        let count = |fates: &Vec<Fate>| rows.iter().filter(|row| row.1 == *fates).count();
        let whole = rows.iter().map(|row| &row.1).max_by_key(|fates| count(fates));
        let whole = whole.expect("a setting has parts");
        grouped.entry((area(setting), whole.clone())).or_default().push(name(setting));
        for (path, fates) in rows.iter().filter(|row| row.1 != *whole) {
            grouped.entry((area(setting), fates.clone())).or_default().push(name(path));
        }
    }
    grouped
}

/// Returns the beginning of a path that names a setting of its own.
fn setting<'a>(path: &'a [&'static str]) -> &'a [&'static str] {
    let length = match path {
        ["HostConfig", ..] => 2,
        ["NetworkingConfig", ..] => 4,
        _ => 1,
    };
    path.get(..length).unwrap_or(path)
}

fn name(path: &[&str]) -> String {
    let parts = path.iter().filter(|part| !ABOVE.contains(part));
    format!("`{}`", parts.copied().collect::<Vec<_>>().join("."))
}

/// What goes without saying in a name.
const ABOVE: &[&str] = &["*", "HostConfig", "NetworkingConfig", "EndpointsConfig"];

/// Beginnings of the names of fields, by what they are about; what begins otherwise is for the rest.
const AREAS: &[(&str, &[&str])] = &[
    (
        "Limits:",
        &[
            "Blkio",
            "Cpu",
            "NanoCpus",
            "Memory",
            "Oom",
            "PidsLimit",
            "Ulimits",
            "ShmSize",
            "IOMaximum",
            "CgroupParent",
            "StorageOpt",
        ],
    ),
    (
        "Rights:",
        &[
            "Cap",
            "Devices",
            "DeviceCgroupRules",
            "DeviceRequests",
            "Privileged",
            "SecurityOpt",
            "GroupAdd",
            "MaskedPaths",
            "ReadonlyPaths",
            "ReadonlyRootfs",
            "UsernsMode",
            "Sysctls",
            "Runtime",
            "Isolation",
        ],
    ),
    ("Files:", &["Binds", "Mounts", "Tmpfs", "Volume"]),
    (
        "Namespaces and names:",
        &[
            "NetworkMode",
            "PidMode",
            "IpcMode",
            "UTSMode",
            "Cgroup",
            "Dns",
            "ExtraHosts",
            "Links",
            "Port",
            "PublishAllPorts",
        ],
    ),
];

/// A place in the table, and what it is called there.
type Area = (usize, &'static str);

fn area(setting: &[&str]) -> Area {
    match setting {
        ["HostConfig", field, ..] => {
            let is_about = |names: &[&str]| names.iter().any(|name| field.starts_with(name));
            let found = AREAS.iter().position(|(_, names)| is_about(names));
            found.map_or((8, "Life:"), |index| (index + 1, AREAS[index].0))
        }
        ["NetworkingConfig", ..] => (9, "In each network:"),
        _ => (0, "Process:"),
    }
}

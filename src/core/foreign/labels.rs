//! Labels of other tools: one table that turns them into ours.

mod diun;
mod drydock;
mod merge;
mod others;
mod watchtower;
mod wud;

use std::fmt::Write as _;

use crate::core::compose::Labels;
use crate::core::foreign::{Idiom, Meaning, Setting, Tool, Understood};
use crate::core::hook;
use crate::core::labels::{INTERNAL, is_known};
use crate::core::value::switch;

use self::merge::{Made, holds, merge};

/// Labels that begin so say which foreign setting one of ours was made from.
const MADE_FROM: &str = "docker-auto.internal.made-from.";
/// Labels that begin so say why a foreign label, which may restrain updates, cannot be read.
const UNCLEAR: &str = "docker-auto.internal.unclear.";
/// Labels that begin so say why any other foreign label cannot be read.
const IGNORED: &str = "docker-auto.internal.ignored.";

/// A label of another tool.
#[derive(Debug)]
pub struct ForeignLabel {
    /// Its name.
    pub name: &'static str,
    /// What it means here, for the README.
    pub means: &'static str,
    strictness: Strictness,
    reading: Reading,
}

/// How a label is read.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// By its value.
    Read(fn(&str, &Scene<'_>) -> Understood),
    /// See [`Meaning::Already`].
    Already(&'static str),
    /// See [`Meaning::Nothing`].
    Nothing(&'static str),
}

/// What a value that cannot be read means for updates of its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strictness {
    /// They are held back: the label was probably meant to do that.
    HoldBack,
    /// Nothing.
    Ignore,
}

/// What is said of a label that is not known.
const UNKNOWN: &str = "this label is not known here";

/// What stands beside a label.
struct Scene<'a> {
    labels: &'a Labels,
    idiom: &'a Idiom,
}

/// The labels with which other tools watch a container.
const WATCHES: [&str; 3] = ["wud.watch", "dd.watch", "diun.enable"];

impl Scene<'_> {
    /// Says whether the container's labels let nothing be done with it but look at it.
    fn is_only_watched(&self) -> bool {
        if let Some(own) = self.labels.get(wud::MODE) {
            return ["watch", "off"].contains(&own.trim());
        }
        let updates = |watch: &str| self.idiom.watched_are_updated && watch != "diun.enable";
        let says_so = |watch: &str| self.labels.get(watch).is_some_and(|it| switch(it) == Ok(true));
        WATCHES.into_iter().any(|watch| says_so(watch) && !updates(watch))
    }
}

/// Builds a row whose bad values hold updates back.
const fn strict(
    name: &'static str,
    means: &'static str,
    read: fn(&str, &Scene<'_>) -> Understood,
) -> ForeignLabel {
    ForeignLabel { name, means, strictness: Strictness::HoldBack, reading: Reading::Read(read) }
}

/// Builds a row whose bad values change nothing.
const fn lenient(
    name: &'static str,
    means: &'static str,
    read: fn(&str, &Scene<'_>) -> Understood,
) -> ForeignLabel {
    ForeignLabel { name, means, strictness: Strictness::Ignore, reading: Reading::Read(read) }
}

/// Builds a row of something that holds in any case.
const fn already(name: &'static str, means: &'static str, why: &'static str) -> ForeignLabel {
    ForeignLabel { name, means, strictness: Strictness::Ignore, reading: Reading::Already(why) }
}

/// Builds a row without an equivalent.
const fn nothing(name: &'static str, means: &'static str, why: &'static str) -> ForeignLabel {
    ForeignLabel { name, means, strictness: Strictness::Ignore, reading: Reading::Nothing(why) }
}

/// What a foreign label of a container means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLabel {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whose it is.
    pub tool: Tool,
    /// What it means, or why it cannot be read.
    pub meaning: Result<Meaning, String>,
}

/// The beginnings of the labels, which are the tools' own.
const PREFIXES: [(&str, Tool); 6] = [
    ("com.centurylinklabs.watchtower", Tool::Watchtower),
    ("wud.", Tool::Wud),
    ("dd.", Tool::Drydock),
    ("diun.", Tool::Diun),
    ("com.ouroboros.", Tool::Ouroboros),
    ("watchdocker.", Tool::WatchDocker),
];

/// Returns all rows, in the order in which they count.
pub fn rows() -> impl Iterator<Item = &'static ForeignLabel> {
    let tables: [&'static [ForeignLabel]; 5] =
        [&watchtower::LABELS, &wud::LABELS, &drydock::LABELS, &diun::LABELS, &others::LABELS];
    tables.into_iter().flatten()
}

/// Returns what each foreign label of a container means.
pub fn read(labels: &Labels, idiom: &Idiom) -> Vec<FoundLabel> {
    let scene = Scene { labels, idiom };
    let owner = |name: &str| PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix));
    let foreign = labels.iter().filter_map(|(name, value)| Some((name, value, owner(name)?.1)));
    let found = foreign.map(|(name, value, tool)| {
        let row = rows().find(|row| row.matches(name));
        let meaning = match row {
            Some(row) => row.reading.understand(value, &scene),
            None => Ok(Meaning::Nothing(UNKNOWN)),
        };
        FoundLabel { name: name.clone(), value: value.clone(), tool, meaning }
    });
    found.collect()
}

/// Returns labels with those added that foreign ones stand for. Where one of ours is there already
/// it stays; [`as_written`] takes them away again.
pub fn understood(labels: &Labels, idiom: &Idiom) -> Labels {
    let mut all = as_written(labels);
    let mut made = Made::new();
    let mut unclear: Vec<(String, String)> = Vec::new();
    for FoundLabel { name, meaning, .. } in read(&all, idiom) {
        match meaning {
            Ok(Meaning::Ours(settings)) => {
                let settings = settings
                    .into_iter()
                    .filter(|ours| !all.contains_key(&ours.name) && is_known(&ours.name));
                for Setting { name: ours, value } in settings {
                    let merged = merge(&mut made, ours, (value.expose().to_owned(), name.clone()));
                    unclear.extend(merged.err().map(|cure| (format!("{UNCLEAR}{name}"), cure)));
                }
            }
            Ok(Meaning::Already(_) | Meaning::Nothing(_)) => {}
            Err(cure) => unclear.push((format!("{}{name}", prefix_of(&name)), cure)),
        }
    }
    all.extend(unclear);
    hook_user(&mut made, &all, idiom);
    for (ours, (value, name)) in made {
        all.insert(format!("{MADE_FROM}{ours}"), name);
        all.insert(ours, value);
    }
    all
}

fn prefix_of(name: &str) -> &'static str {
    match rows().find(|row| row.matches(name)).map(|row| row.strictness) {
        Some(Strictness::HoldBack) => UNCLEAR,
        _ => IGNORED,
    }
}

/// Watchtower's variables may say who runs the hooks of its labels.
fn hook_user(made: &mut Made, all: &Labels, idiom: &Idiom) {
    let user = idiom.watchtower.as_ref().and_then(|watchtower| watchtower.hook_user.as_ref());
    let hooks = [hook::PRE_CHECK, hook::PRE_UPDATE, hook::POST_UPDATE, hook::POST_CHECK];
    let theirs = hooks.iter().any(|hook| made.contains_key(*hook));
    if let Some((user, variable)) = user.filter(|_| theirs && !all.contains_key(hook::USER)) {
        let name = (*variable).to_owned();
        made.entry(hook::USER.to_owned()).or_insert_with(|| (user.clone(), name));
    }
}

/// Says whether a label is one that [`understood`] adds beside others.
fn is_mark(name: &str) -> bool {
    [MADE_FROM, UNCLEAR, IGNORED].iter().any(|it| name.starts_with(it))
}

/// Returns labels as the engine told them without marks: an image could have them in order to take
/// its user's labels away.
pub fn unmarked(mut labels: Labels) -> Labels {
    labels.retain(|name, _| !is_mark(name));
    labels
}

/// Returns the labels as the container has them, without what [`understood`] added.
pub fn as_written(labels: &Labels) -> Labels {
    let made = |name: &str| labels.contains_key(&format!("{MADE_FROM}{name}"));
    let written = labels.iter().filter(|(name, _)| !is_mark(name) && !made(name));
    written.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Returns the name of the foreign label, or variable, that one of our labels was made from.
pub fn made_from<'a>(labels: &'a Labels, ours: &str) -> Option<&'a str> {
    labels.get(&format!("{MADE_FROM}{ours}")).map(String::as_str)
}

/// Returns the names of our labels that were made from foreign ones.
pub fn made(labels: &Labels) -> impl Iterator<Item = &str> {
    labels.keys().filter_map(|name| name.strip_prefix(MADE_FROM))
}

/// Returns what there is to say of each foreign label of a container, after they were understood:
/// which of ours it is read as, or why it means nothing.
pub fn told(understood: &Labels, idiom: &Idiom) -> Vec<String> {
    let mut told = Vec::new();
    for FoundLabel { name, meaning, .. } in read(&as_written(understood), idiom) {
        match meaning {
            Ok(_) if understood.contains_key(&format!("{UNCLEAR}{name}")) => {}
            Ok(Meaning::Ours(settings)) => {
                let counts = |ours: &&Setting| {
                    let stands = understood.get(&ours.name).map(String::as_str);
                    made_from(understood, &ours.name).is_some()
                        && stands.is_some_and(|it| holds(&ours.name, it, ours.value.expose()))
                };
                let ours = settings.iter().filter(counts).map(|setting| &setting.name);
                told.extend(ours.map(|ours| format!("the label {name} is read as {ours}")));
            }
            Ok(Meaning::Nothing(why)) => {
                told.push(format!("the label {name} has no equivalent: {why}"));
            }
            Ok(Meaning::Already(_)) | Err(_) => {}
        }
    }
    told
}

/// A foreign label that cannot be read.
pub struct Unreadable<'a> {
    /// Its name.
    pub name: &'a str,
    /// What to write instead.
    pub cure: &'a str,
    /// Whether updates are held back for it.
    pub holds_back: bool,
}

/// Returns the foreign labels that cannot be read.
pub fn unreadable(labels: &Labels) -> impl Iterator<Item = Unreadable<'_>> {
    labels.iter().filter(|(name, _)| name.starts_with(INTERNAL)).filter_map(|(name, cure)| {
        let strict = name.strip_prefix(UNCLEAR);
        let foreign = strict.or_else(|| name.strip_prefix(IGNORED))?;
        Some(Unreadable { name: foreign, cure, holds_back: strict.is_some() })
    })
}

impl Reading {
    fn understand(self, text: &str, scene: &Scene<'_>) -> Understood {
        match self {
            Self::Read(read) => read(text, scene),
            Self::Already(why) => Ok(Meaning::Already(why)),
            Self::Nothing(why) => Ok(Meaning::Nothing(why)),
        }
    }
}

impl ForeignLabel {
    /// A name that ends with `*` stands for all that begin like it.
    fn matches(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => self.name == name,
        }
    }
}

/// Returns the README's table of other tools' labels in Markdown.
pub fn readme_table() -> String {
    let mut table = String::from("| Label of another tool | What it means here |\n| --- | --- |\n");
    for ForeignLabel { name, means, .. } in rows() {
        let _ = writeln!(table, "| `{name}` | {means} |");
    }
    table
}

//! A tag taken apart: prefix, numbers, stage, suffix; and its family.

use crate::core::version::kind::{Kind, dashed_date, dashed_time};
use crate::core::version::suffix::{MACHINES, Part, Role, is_commit, number, parts};

/// How far a version is on its way to be released.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Before it: the rank of its word (`alpha` before `beta` before `rc`) and its numbers.
    Before(u8, Vec<u64>),
    /// Released.
    Released,
}

/// A tag taken apart. Tags of one family are ordered from the oldest to the newest; others somehow,
/// but always the same way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// What kind of thing it is.
    pub kind: Kind,
    /// What stands before its numbers: `v`, `release-`.
    pub prefix: String,
    /// Its numbers; none for what is no version.
    pub numbers: Vec<u64>,
    /// How far it is.
    pub stage: Stage,
    /// What stands behind.
    pub suffix: Vec<Part>,
    /// The length of its first number as it is written.
    pub width: usize,
    /// The whole text.
    pub text: String,
}

/// What tags must share to take one another's place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Family {
    kind: Kind,
    prefix: String,
    count: usize,
    width: usize,
    suffix: Vec<String>,
}

/// Words before a release, with their ranks; these are meant so with or without a number.
const STAGES: [(&str, u8); 9] = [
    ("alpha", 2),
    ("alfa", 2),
    ("beta", 3),
    ("milestone", 4),
    ("pre", 5),
    ("preview", 5),
    ("prerelease", 5),
    ("rc", 6),
    ("cr", 6),
];

/// Words that are meant so with a number alone; without one they name a variant.
const NUMBERED: [(&str, u8); 13] = [
    ("dev", 0),
    ("develop", 0),
    ("nightly", 0),
    ("snapshot", 0),
    ("daily", 0),
    ("canary", 1),
    ("unstable", 1),
    ("edge", 1),
    ("next", 1),
    ("exp", 1),
    ("m", 4),
    ("ea", 5),
    ("test", 1),
];

/// Letters that are meant so right behind the numbers: `3.14.0a1`.
const LETTERS: [(&str, u8); 3] = [("a", 2), ("b", 3), ("c", 6)];

/// Words that stand right before a version's numbers.
const MARKS: [&str; 4] = ["", "v", "r", "ver"];

/// Words whose number names something else than the version: a change that is proposed, a branch or
/// a commit.
const CHANGES: [&str; 15] = [
    "pr",
    "mr",
    "pull",
    "merge",
    "issue",
    "branch",
    "feature",
    "feat",
    "fix",
    "bugfix",
    "hotfix",
    "dependabot",
    "renovate",
    "sha",
    "commit",
];

/// Words whose number says what the image is built on.
const BASES: [&str; 20] = [
    "alpine",
    "debian",
    "deb",
    "ubuntu",
    "ubi",
    "fedora",
    "el",
    "windowsservercore",
    "servercore",
    "nanoserver",
    "jdk",
    "jre",
    "java",
    "php",
    "python",
    "py",
    "node",
    "pg",
    "postgres",
    "cuda",
];

/// Says whether what stands before a tag's numbers leaves them a version: nothing, `v`, or words with
/// a separator behind them, such as `release-`.
fn stands_before_versions(prefix: &str) -> bool {
    let prefix = prefix.to_ascii_lowercase();
    if MARKS.contains(&prefix.trim_start_matches(['-', '_', '.'])) {
        return true;
    }
    let mut words = prefix.split(['-', '_', '.']);
    // Behind the last separator stands nothing, or what marks a version.
    let last = words.next_back().unwrap_or_default();
    MARKS.contains(&last) && words.all(|word| !CHANGES.contains(&word) && !BASES.contains(&word))
}

/// Returns the length of what a tag such as `pg14-v0.2.0` begins with, which says what the image is
/// built on: a word with its number, and a version of its own behind, which `v` or two dots mark.
fn base(text: &str) -> Option<usize> {
    let (word, rest) = text.split_at(text.find(|c: char| !c.is_ascii_alphabetic())?);
    let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let marked = rest.get(digits..)?.strip_prefix('-')?;
    let version = marked.strip_prefix('v').unwrap_or(marked);
    let numbers = version.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    let dots = numbers.split('.').filter(|number| !number.is_empty()).count().saturating_sub(1);
    let is_base = BASES.contains(&word.to_ascii_lowercase().as_str()) && digits > 0;
    let is_version = version.starts_with(|c: char| c.is_ascii_digit())
        && dots >= if version.len() < marked.len() { 1 } else { 2 };
    (is_base && is_version).then_some(text.len() - version.len())
}

/// Returns how far the machine reaches that a tag names before its version: `linux-amd64-2.19.4`.
/// What it is called is no version, whatever digits it has.
fn machine(text: &str) -> usize {
    let mut reach = 0;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let named = MACHINES.iter().filter(|name| {
            let behind = rest.strip_prefix(**name);
            behind.is_some_and(|behind| behind.starts_with(['-', '_']))
        });
        let word = rest.find(['-', '_']).unwrap_or(rest.len());
        if let Some(length) = named.map(|name| name.len()).max() {
            reach = at + length;
            at = reach + 1;
        } else if rest[..word].contains(|c: char| c.is_ascii_digit()) {
            return reach;
        } else {
            at += word + 1;
        }
    }
    // Nothing behind it could be a version: `build-386` is one itself.
    0
}

impl Tag {
    /// Takes a tag apart; what is no version is floating or a commit.
    pub fn parse(text: &str) -> Self {
        if is_commit_tag(text) {
            return Self::unordered(text, Kind::Commit);
        }
        Self::version(text).unwrap_or_else(|| Self::unordered(text, Kind::Floating))
    }

    fn unordered(text: &str, kind: Kind) -> Self {
        Self {
            kind,
            prefix: String::new(),
            numbers: Vec::new(),
            stage: Stage::Released,
            suffix: Vec::new(),
            width: 0,
            text: text.to_owned(),
        }
    }

    fn version(text: &str) -> Option<Self> {
        if let Some(prefix) = base(text) {
            return Self::behind(text, prefix);
        }
        let skipped = machine(text);
        let begin = skipped + text.get(skipped..)?.find(|c: char| c.is_ascii_digit())?;
        if !stands_before_versions(text.get(..begin)?) {
            return None;
        }
        Self::behind(text, begin)
    }

    /// Reads the version behind a prefix of this length.
    fn behind(text: &str, prefix: usize) -> Option<Self> {
        let (prefix, rest) = text.split_at(prefix);
        let (kind, numbers, width, rest) = dashed(rest).or_else(|| dotted(rest))?;
        let (stage, rest) = stage(rest);
        let exact = kind != Kind::Date && numbers.len() > 2;
        Some(Self {
            kind,
            prefix: prefix.to_owned(),
            numbers,
            stage,
            suffix: parts(rest, exact),
            width,
            text: text.to_owned(),
        })
    }

    /// Returns its family; `None` for what is no version.
    pub fn family(&self) -> Option<Family> {
        if matches!(self.kind, Kind::Floating | Kind::Commit) {
            return None;
        }
        Some(Family {
            kind: self.kind,
            prefix: self.prefix.clone(),
            count: self.numbers.len(),
            width: if self.kind == Kind::Date { self.width } else { 0 },
            suffix: self.suffix.iter().map(|part| part.shape.clone()).collect(),
        })
    }

    /// Returns the numbers of the parts of its suffix that have this role.
    pub fn suffix_numbers(&self, role: Role) -> Vec<&[u64]> {
        let parts = self.suffix.iter().filter(|part| part.role == role);
        parts.map(|part| part.numbers.as_slice()).collect()
    }

    /// Returns its numbers as they are written.
    pub fn written(&self) -> impl Iterator<Item = &str> {
        let numbers = self.text.get(self.prefix.len()..).unwrap_or_default();
        let words = numbers.split(|c: char| !c.is_ascii_digit());
        words.filter(|word| !word.is_empty()).take(self.numbers.len())
    }
}

/// `sha-1a2b3c4`, `main-1a2b3c4`, `1a2b3c4-slim`, and signatures, which stand under a digest's name.
fn is_commit_tag(text: &str) -> bool {
    let plain = |word: &&str| !word.contains(|c: char| c.is_ascii_digit());
    let mut words = text.split('-').filter(|word| !plain(word) && !MACHINES.contains(word));
    text.starts_with("sha256-") || words.next().is_some_and(is_commit)
}

type Numbers<'a> = (Kind, Vec<u64>, usize, &'a str);

/// Reads `2024-01-16` and `2024-01-16T16-07-38Z`.
fn dashed(text: &str) -> Option<Numbers<'_>> {
    let (day, rest) = text.split_at(dashed_date(text)?);
    let (time, rest) = rest.split_at(dashed_time(rest).unwrap_or(0));
    let words = day.split('-').chain(time.split(['T', '-', 'Z']).filter(|word| !word.is_empty()));
    let numbers: Option<Vec<u64>> = words.map(number).collect();
    Some((Kind::Date, numbers?, day.len() + time.len(), rest))
}

/// Reads numbers with dots between them.
fn dotted(text: &str) -> Option<Numbers<'_>> {
    let mut words: Vec<&str> = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        words.push(&rest[..end]);
        rest = &rest[end..];
        match rest.strip_prefix('.') {
            Some(next) if next.starts_with(|c: char| c.is_ascii_digit()) => rest = next,
            _ => break,
        }
    }
    let first = *words.first()?;
    let kind = Kind::of(first, words.len());
    let numbers: Option<Vec<u64>> = words.iter().map(|word| number(word)).collect();
    Some((kind, numbers?, first.len(), rest))
}

/// Reads what says that a version is not released yet; returns what stands behind it.
fn stage(text: &str) -> (Stage, &str) {
    let released = (Stage::Released, text);
    let word = text.strip_prefix(['-', '.', '_']).unwrap_or(text);
    let attached = word.len() == text.len();
    let end = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
    let (letters, rest) = word.split_at(end);
    let letters = letters.to_ascii_lowercase();
    let (numbers, rest) = stage_numbers(rest);
    let rank = |words: &[(&str, u8)]| {
        words.iter().find(|(known, _)| *known == letters).map(|(_, rank)| *rank)
    };
    let numbered = !numbers.is_empty();
    let found = rank(&STAGES)
        .or_else(|| rank(&NUMBERED).filter(|_| numbered))
        .or_else(|| rank(&LETTERS).filter(|_| numbered && attached));
    let ends = rest.is_empty() || rest.starts_with(['-', '_', '.']);
    match found {
        Some(rank) if ends => (Stage::Before(rank, numbers), rest),
        _ => released,
    }
}

/// Reads the day of a stage: `-2024-01-16`.
fn stage_day(text: &str) -> Option<(Vec<u64>, &str)> {
    let text = text.strip_prefix(['.', '-']).unwrap_or(text);
    let (day, rest) = text.split_at(dashed_date(text)?);
    Some((day.split('-').filter_map(number).collect(), rest))
}

/// Reads the numbers of a stage: `1`, `.1`, `-1`, `.20240101.1`, `-2024-01-16`.
fn stage_numbers(text: &str) -> (Vec<u64>, &str) {
    let (mut numbers, mut rest) = stage_day(text).unwrap_or((Vec::new(), text));
    loop {
        let separators: &[char] = if numbers.is_empty() { &['.', '-'] } else { &['.'] };
        let next = match rest.strip_prefix(separators) {
            Some(next) => next,
            None if numbers.is_empty() => rest,
            None => break,
        };
        let end = next.find(|c: char| !c.is_ascii_digit()).unwrap_or(next.len());
        let Some(found) = number(&next[..end]).filter(|_| end > 0) else { break };
        numbers.push(found);
        rest = &next[end..];
    }
    (numbers, rest)
}

//! What stands behind a version's numbers: the variant, and what is counted in it.

use crate::core::version::kind::{dashed_date, is_date};

/// What the numbers of a suffix's part mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Nothing: the whole part stays as it is.
    Literal,
    /// The release of the distribution below: it may move with a version, but is no reason to.
    Distribution,
    /// A build of the same version: a higher one is newer.
    Counter,
    /// A second version (`16-3.4`, `4.6.3_v2.0.10`, `-r4.3`), whose major is a variant; it rises no
    /// further than the first one may.
    Version,
}

/// One part of a suffix: `-alpine3.20`, `-slim`, `-ls123`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// What must be the same; `#` stands for a number that may move.
    pub shape: String,
    /// What its numbers mean.
    pub role: Role,
    /// The numbers.
    pub numbers: Vec<u64>,
}

/// Words whose number is the release of a distribution.
const DISTRIBUTIONS: [&str; 7] = ["alpine", "debian", "deb", "ubuntu", "ubi", "fedora", "el"];

/// Words whose number counts builds.
const COUNTERS: [&str; 12] =
    ["ls", "r", "build", "b", "p", "pl", "rev", "post", "patch", "u", "release", "revision"];

/// What names a machine, numbers included.
pub(super) const MACHINES: [&str; 22] = [
    "amd64", "arm64", "arm64v8", "arm64-v8", "arm32v5", "arm32v6", "arm32v7", "armv6", "armv7",
    "arm-v6", "arm-v7", "armhf", "arm", "aarch64", "i386", "386", "x86", "x86_64", "x86-64",
    "s390x", "ppc64le", "riscv64",
];

/// Takes a suffix apart, in small letters; never fails. Right behind an `exact` version `-v9` counts
/// builds; behind `2` or `2.1` it may name anything.
pub(super) fn parts(text: &str, exact: bool) -> Vec<Part> {
    let text = text.to_ascii_lowercase();
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let begin = usize::from(rest.starts_with(['-', '_', '.']));
        let (separator, words) = rest.split_at(begin);
        let end = dashed_date(words).or_else(|| words.find(['-', '_'])).unwrap_or(words.len());
        let (word, behind) = words.split_at(end);
        // Two separators in a row make an empty part, and one at the end is a part of its own.
        let part = part(separator, word, parts.last(), exact);
        parts.push(part);
        rest = behind;
    }
    parts
}

fn part(separator: &str, word: &str, before: Option<&Part>, exact: bool) -> Part {
    let literal =
        || Part { shape: format!("{separator}{word}"), role: Role::Literal, numbers: Vec::new() };
    if MACHINES.contains(&word) {
        return literal();
    }
    if is_commit(word) {
        return Part { shape: format!("{separator}<commit>"), ..literal() };
    }
    if dashed_date(word).is_some() {
        let numbers = word.split('-').filter_map(number).collect();
        return Part { shape: format!("{separator}#-#-#"), role: Role::Counter, numbers };
    }
    let Some((letters, numbers)) = split(word) else { return literal() };
    let shape = |letters: &str| {
        let marks = vec!["#"; numbers.len()].join(".");
        format!("{separator}{letters}{marks}")
    };
    if letters == "u" && !separator.is_empty() {
        // `8u392` is an update, `-u22` an Ubuntu.
        return literal();
    }
    let versioned = letters == "v" || COUNTERS.contains(&letters);
    if numbers.len() > 1 && (versioned || (letters.is_empty() && before.is_none())) {
        let major = numbers.first().copied().unwrap_or_default();
        let shape = format!("{separator}{letters}{major}{}", ".#".repeat(numbers.len() - 1));
        return Part { shape, role: Role::Version, numbers };
    }
    match role(letters, word, before, exact) {
        Role::Literal => literal(),
        role => Part { shape: shape(letters), role, numbers },
    }
}

fn role(letters: &str, word: &str, before: Option<&Part>, exact: bool) -> Role {
    let bare = letters.is_empty();
    let first = before.is_none();
    let of_distribution = before.is_some_and(|before| {
        let name = before.shape.trim_start_matches(['-', '_', '.']);
        DISTRIBUTIONS.contains(&name)
    });
    if DISTRIBUTIONS.contains(&letters) || (bare && of_distribution) {
        Role::Distribution
    } else if COUNTERS.contains(&letters)
        || letters.ends_with('.')
        || (bare && (first || is_date(word)))
        || (letters == "v" && first && exact)
    {
        Role::Counter
    } else {
        Role::Literal
    }
}

/// Splits `alpine3.20` into its letters and numbers; the letters keep a dot (`ce.0`).
fn split(word: &str) -> Option<(&str, Vec<u64>)> {
    let digits = word.find(|c: char| c.is_ascii_digit())?;
    let (letters, numbers) = word.split_at(digits);
    let plain = letters.strip_suffix('.').unwrap_or(letters);
    if !plain.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let numbers: Option<Vec<u64>> = numbers.split('.').map(number).collect();
    Some((letters, numbers?))
}

/// Reads digits and nothing else.
pub(super) fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && text.len() <= 18 { text.parse().ok() } else { None }
}

/// Says whether a word is a commit's digits: hexadecimal, with letters and digits in it.
pub(super) fn is_commit(word: &str) -> bool {
    (7..=64).contains(&word.len())
        && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
}

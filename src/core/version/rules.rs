//! Which versions a container follows: its track, and what its tags must look like.

use std::borrow::Cow;
use std::fmt;

use regex::{Regex, RegexBuilder};

use crate::core::policy::Sourced;
use crate::core::version::parse::Tag;

/// How far a container's version may move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Track {
    /// Not at all: only what its tag names moves.
    #[default]
    Tag,
    /// Within its major and minor version.
    Patch,
    /// Within its major version.
    Minor,
    /// Everywhere within its family.
    Major,
}

impl Track {
    /// All tracks by the words that name them.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("tag", Self::Tag),
        ("patch", Self::Patch),
        ("minor", Self::Minor),
        ("major", Self::Major),
    ];
}

/// The longest expression that is read, and the most memory that it may take.
const LONGEST: usize = 1024;
const LARGEST: usize = 1 << 20;

/// A regular expression that tags are held against.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Reads a regular expression of bounded size; the error says what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > LONGEST {
            return Err(format!(
                "write a regular expression of at most {LONGEST} characters, such as ^1\\.27\\."
            ));
        }
        let built = RegexBuilder::new(text).size_limit(LARGEST).build();
        built.map(Self).map_err(|error| {
            // The lines before point into the expression.
            let error = error.to_string();
            let last = error.lines().last().unwrap_or_default();
            format!("write a regular expression: {}", last.trim_start_matches("error: "))
        })
    }

    /// Says whether a tag matches it.
    pub fn matches(&self, tag: &str) -> bool {
        self.0.is_match(tag)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// How a tag is rewritten before it is read as a version: `^build-(\d+)-(\d+) => $1.$2`.
#[derive(Clone, Debug, PartialEq)]
pub struct Transform {
    pattern: Pattern,
    replacement: String,
}

impl Transform {
    /// Reads `REGEX => REPLACEMENT`; the error says what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (pattern, replacement) = text
            .split_once("=>")
            .ok_or("write REGEX => REPLACEMENT, such as ^r(\\d+)_(\\d+) => $1.$2")?;
        let replacement = replacement.trim();
        if replacement.is_empty() || replacement.len() > LONGEST {
            return Err("write what the tag becomes behind =>, such as $1.$2".to_owned());
        }
        Ok(Self { pattern: Pattern::parse(pattern.trim())?, replacement: braced(replacement) })
    }

    /// Returns a tag as it is to be read; one that does not match stays as it is.
    pub fn apply<'a>(&self, tag: &'a str) -> Cow<'a, str> {
        self.pattern.0.replace(tag, self.replacement.as_str())
    }
}

/// Writes `$1` as `${1}`, so that `$1a` and `$1_$2` mean what they look like.
fn braced(text: &str) -> String {
    let mut braced = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        braced.push_str(before);
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (digits, after) = after.split_at(end);
        if digits.is_empty() {
            braced.push('$');
        } else {
            braced.extend(["${", digits, "}"]);
        }
        rest = after;
    }
    braced + rest
}

/// Which versions a container follows.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionRules {
    /// How far its version may move.
    pub track: Sourced<Track>,
    /// Whether versions before their release count; they do in any case where one runs.
    pub prerelease: Sourced<bool>,
    /// What a tag must match.
    pub include: Option<Sourced<Pattern>>,
    /// What a tag must not match.
    pub exclude: Option<Sourced<Pattern>>,
    /// How tags are rewritten before they are read.
    pub transform: Option<Sourced<Transform>>,
}

impl Default for VersionRules {
    fn default() -> Self {
        Self {
            track: Sourced::by_default(Track::Tag),
            prerelease: Sourced::by_default(false),
            include: None,
            exclude: None,
            transform: None,
        }
    }
}

/// Rules to lay over others; `None` leaves what is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VersionPatch {
    /// See [`VersionRules::track`].
    pub track: Option<Sourced<Track>>,
    /// See [`VersionRules::prerelease`].
    pub prerelease: Option<Sourced<bool>>,
    /// See [`VersionRules::include`].
    pub include: Option<Sourced<Pattern>>,
    /// See [`VersionRules::exclude`].
    pub exclude: Option<Sourced<Pattern>>,
    /// See [`VersionRules::transform`].
    pub transform: Option<Sourced<Transform>>,
}

impl VersionRules {
    /// Returns these rules with a patch laid over them.
    #[must_use]
    pub fn with(&self, patch: VersionPatch) -> Self {
        Self {
            track: patch.track.unwrap_or_else(|| self.track.clone()),
            prerelease: patch.prerelease.unwrap_or_else(|| self.prerelease.clone()),
            include: patch.include.or_else(|| self.include.clone()),
            exclude: patch.exclude.or_else(|| self.exclude.clone()),
            transform: patch.transform.or_else(|| self.transform.clone()),
        }
    }

    /// Says whether a tag may be chosen, whatever its version.
    pub fn admits(&self, tag: &str) -> bool {
        let included = self.include.as_ref().is_none_or(|include| include.value.matches(tag));
        included && self.exclude.as_ref().is_none_or(|exclude| !exclude.value.matches(tag))
    }

    /// Reads a tag as a version.
    pub fn read(&self, tag: &str) -> Tag {
        match &self.transform {
            Some(transform) => Tag::parse(&transform.value.apply(tag)),
            None => Tag::parse(tag),
        }
    }
}

//! Which of a repository's tags may take a tag's place, the newest first.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;

use crate::core::version::kind::Kind;
use crate::core::version::parse::{Stage, Tag};
use crate::core::version::rules::{Track, VersionRules};
use crate::core::version::suffix::{Part, Role};

/// What a repository's tags come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The tags that are newer and within what is followed, the newest first.
    pub in_range: Vec<String>,
    /// The newest ones beyond it, the newest first.
    pub beyond: Vec<String>,
}

/// How many beyond are of interest: what is no image may stand above the newest that is one.
const MOST_BEYOND: usize = 50;

/// Says whether other tags could take this one's place at all.
pub fn has_versions(current: &str, rules: &VersionRules) -> bool {
    rules.track.value != Track::Tag && rules.read(current).family().is_some()
}

/// Chooses among a repository's tags those that may take the current one's place. A family never
/// jumps: kind, prefix, number of parts and the suffix's words stay.
pub fn choose<'a>(
    current: &str,
    tags: impl IntoIterator<Item = &'a str>,
    rules: &VersionRules,
) -> Choice {
    let now = rules.read(current);
    let Some(family) = now.family() else { return Choice::default() };
    let admitted = tags.into_iter().filter(|tag| *tag != current && rules.admits(tag));
    let read = admitted.map(|tag| (rules.read(tag), tag));
    let kin: Vec<_> = read.filter(|(tag, _)| tag.family().as_ref() == Some(&family)).collect();
    let counts = kin.iter().map(|(tag, _)| tag).chain([&now]).any(begins_a_count);
    let early = rules.prerelease.value;
    let newer = kin.into_iter().filter(|(tag, _)| is_far_enough(tag, &now, early));
    let newer: Vec<_> = newer.filter(|(tag, _)| is_newer(tag, &now)).collect();
    let last = last_major(&now, newer.iter().map(|(tag, _)| tag));
    let follows = |tag: &Tag| is_in_range(tag, &now, rules.track.value);
    let carries = |tag: &Tag| tag.numbers > now.numbers && is_same_variant(tag, &now);
    let varies = !counts || newer.iter().any(|(tag, _)| follows(tag) && carries(tag));
    let kept = newer.into_iter().filter(|(tag, _)| {
        tag.numbers.first() <= last.as_ref() && (!varies || is_same_variant(tag, &now))
    });
    let (mut near, mut far): (Vec<_>, Vec<_>) = kept.partition(|(tag, _)| follows(tag));
    let distribution = now.suffix_numbers(Role::Distribution);
    // Of one version, the one on the same release of the distribution comes first.
    let by_age = |(one, text): &(Tag, &'a str), (other, other_text): &(Tag, &'a str)| {
        let key = |tag: &Tag| {
            let stays = tag.suffix_numbers(Role::Distribution) == distribution;
            Reverse((tag.numbers.clone(), tag.stage.clone(), stays, tag.suffix.clone()))
        };
        key(one).cmp(&key(other)).then_with(|| other_text.cmp(text))
    };
    near.sort_by(by_age);
    far.sort_by(by_age);
    // What is held back by its second version may be older than what is not.
    far.retain(|tag| near.first().is_none_or(|newest| by_age(tag, newest).is_lt()));
    Choice {
        in_range: near.into_iter().map(|(_, text)| text.to_owned()).collect(),
        beyond: far.into_iter().take(MOST_BEYOND).map(|(_, text)| text.to_owned()).collect(),
    }
}

/// Says whether a version may be taken although it is not released: by who runs such a one already,
/// or asks for them. What changes each night is for those alone who run it.
fn is_far_enough(tag: &Tag, now: &Tag, early: bool) -> bool {
    const ALPHA: u8 = 2;
    match (&tag.stage, &now.stage) {
        (Stage::Released, _) => true,
        (Stage::Before(rank, _), Stage::Before(own, _)) => {
            *rank >= if early { (*own).min(ALPHA) } else { *own }
        }
        (Stage::Before(rank, _), Stage::Released) => early && *rank >= ALPHA,
    }
}

/// Returns the last major version that follows on the current one without a gap: what lies behind a
/// gap is counted otherwise, such as the `14.3.9` among a `4.6.3` and a `5.0.2`.
fn last_major<'a>(now: &Tag, newer: impl Iterator<Item = &'a Tag>) -> Option<u64> {
    let current = *now.numbers.first()?;
    if now.kind != Kind::Semver {
        return Some(u64::MAX);
    }
    let majors: BTreeSet<u64> = newer.filter_map(|tag| tag.numbers.first().copied()).collect();
    let follows = |last: u64, next: &u64| *next <= last.saturating_add((last / 2).max(3));
    Some(
        majors
            .into_iter()
            .fold(current, |last, next| if follows(last, &next) { next } else { last }),
    )
}

/// Returns the bare number behind a version that may name a variant (`3.1.0-18` for Node.js 18);
/// none with more digits does: it counts builds, or is a day.
fn bare(tag: &Tag) -> Option<u64> {
    small(tag, &["-#"])
}

/// Returns the number that stands alone behind a version in one of these shapes, where it is small.
fn small(tag: &Tag, shapes: &[&str]) -> Option<u64> {
    const MOST: u64 = 9999;
    let counter =
        |part: &&Part| part.role == Role::Counter && shapes.contains(&part.shape.as_str());
    let part = tag.suffix.first().filter(counter);
    part.and_then(|part| part.numbers.first().copied()).filter(|number| *number <= MOST)
}

/// Returns a version's numbers; behind a first one that is alone, the bare one may be its minor:
/// `RELEASE_3_18`.
fn numbers(tag: &Tag) -> Vec<u64> {
    let minor = small(tag, &["-#", "_#"]).filter(|_| tag.numbers.len() == 1);
    tag.numbers.iter().copied().chain(minor).collect()
}

/// Says whether a tag's bare number is one that builds are counted from. A family without any is one
/// of variants.
fn begins_a_count(tag: &Tag) -> bool {
    matches!(bare(tag), Some(0 | 1))
}

/// Says whether the bare numbers behind two versions are the same: where a later version carries the
/// current one's, or none begins a count, they name a variant and no build.
fn is_same_variant(tag: &Tag, now: &Tag) -> bool {
    bare(tag) == bare(now)
}

fn is_newer(tag: &Tag, now: &Tag) -> bool {
    if leaps(tag, now) || is_written_otherwise(tag, now) || falls(tag, now) {
        return false;
    }
    match (&tag.numbers, &tag.stage).cmp(&(&now.numbers, &now.stage)) {
        Ordering::Greater => true,
        Ordering::Less => false,
        // All but the distribution's release are builds: their words are the family's.
        Ordering::Equal => {
            let distribution = |tag: &Tag| tag.suffix_numbers(Role::Distribution).concat();
            distribution(tag) == distribution(now) && tag.suffix > now.suffix
        }
    }
}

/// Says whether a tag's second version is older behind a first one that is no release of its own:
/// `2.13-2.4.1` is a step back from `2.12-2.5.0`, and `1.16.3-1.0` none from `1.16.2-1.1`.
fn falls(tag: &Tag, now: &Tag) -> bool {
    let (new, old) = (tag.suffix_numbers(Role::Version), now.suffix_numbers(Role::Version));
    now.numbers.len() < 3 && new.iter().zip(old).any(|(new, old)| *new < old)
}

/// A number of two more digits is no next version: builds are counted under the same repository.
fn leaps(tag: &Tag, now: &Tag) -> bool {
    let digits = |tag: &Tag| tag.numbers.first().copied().unwrap_or(0).max(1).ilog10();
    tag.kind == Kind::Semver && digits(tag) > digits(now) + 1
}

/// `20.04.1` is no later version of `4.6.3`: one of them writes zeros before its digits.
fn is_written_otherwise(tag: &Tag, now: &Tag) -> bool {
    let pairs = tag.written().zip(now.written()).skip(1);
    let padded = |digits: &str| digits.len() > 1 && digits.starts_with('0');
    pairs
        .into_iter()
        .any(|(new, old)| (padded(new) && old.len() == 1) || (padded(old) && new.len() == 1))
}

/// Dates have no parts that could stay. A second version rises no further than the first one.
fn is_in_range(tag: &Tag, now: &Tag, track: Track) -> bool {
    let kept = match track {
        Track::Tag => return false,
        Track::Major => 0,
        Track::Minor => 1,
        Track::Patch => 2,
    };
    let first = |tag: &Tag| numbers(tag).into_iter().take(kept);
    let stays = now.kind == Kind::Date || first(tag).eq(first(now));
    let (new, old) = (tag.suffix_numbers(Role::Version), now.suffix_numbers(Role::Version));
    let rises = |(new, old): (&[u64], &[u64])| new.iter().take(kept).gt(old.iter().take(kept));
    stays && !new.into_iter().zip(old).any(rises)
}

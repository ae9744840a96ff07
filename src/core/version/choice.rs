//! Which of a repository's tags may take a tag's place, the newest first.

use std::cmp::{Ordering, Reverse};

use crate::core::version::kind::Kind;
use crate::core::version::parse::{Family, Tag};
use crate::core::version::rules::{Track, VersionRules};
use crate::core::version::suffix::Role;

/// What a repository's tags come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The tags that are newer and within what is followed, the newest first.
    pub in_range: Vec<String>,
    /// The newest one beyond it.
    pub beyond: Option<String>,
}

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
    let early = rules.prerelease.value || now.is_before_release();
    let admitted = tags.into_iter().filter(|tag| *tag != current && rules.admits(tag));
    let read = admitted.map(|tag| (rules.read(tag), tag));
    let newer =
        read.filter(|(tag, _)| (early || !tag.is_before_release()) && is_newer(tag, &now, &family));
    let (mut near, mut far): (Vec<_>, Vec<_>) =
        newer.partition(|(tag, _)| is_in_range(tag, &now, rules.track.value));
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
    Choice {
        in_range: near.into_iter().map(|(_, text)| text.to_owned()).collect(),
        beyond: far.into_iter().next().map(|(_, text)| text.to_owned()),
    }
}

fn is_newer(tag: &Tag, now: &Tag, family: &Family) -> bool {
    if tag.family().as_ref() != Some(family) || leaps(tag, now) || is_written_otherwise(tag, now) {
        return false;
    }
    let version = (&tag.numbers, &tag.stage).cmp(&(&now.numbers, &now.stage));
    let distribution = |tag: &Tag| -> Vec<Vec<u64>> {
        tag.suffix_numbers(Role::Distribution).into_iter().map(<[u64]>::to_vec).collect()
    };
    match version {
        Ordering::Greater => true,
        Ordering::Less => false,
        Ordering::Equal => {
            distribution(tag) == distribution(now)
                && tag.suffix_numbers(Role::Counter) > now.suffix_numbers(Role::Counter)
        }
    }
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

/// Dates have no parts that could stay.
fn is_in_range(tag: &Tag, now: &Tag, track: Track) -> bool {
    let kept = match (now.kind, track) {
        (_, Track::Tag) => return false,
        (Kind::Date, _) | (_, Track::Major) => 0,
        (_, Track::Minor) => 1,
        (_, Track::Patch) => 2,
    };
    tag.numbers.iter().zip(&now.numbers).take(kept).all(|(new, old)| new == old)
}

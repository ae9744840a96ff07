//! Laws of tags, their order and their choice.

use std::cmp::Ordering;

use proptest::prelude::*;
use proptest::sample::select;

use crate::core::policy::Sourced;
use crate::core::version::{Kind, Pattern, Stage, Tag, Track, VersionRules, choose};

/// What versions stand behind; a longer one first where it begins with another.
const PREFIXES: [&str; 11] = [
    "linux-amd64-",
    "linux-arm64-",
    "linux-s390x-",
    "linux-386-",
    "linux-x86_64-",
    "amd64-",
    "release-",
    "RELEASE.",
    "v",
    "pg",
    "",
];

const SUFFIXES: [&str; 25] = [
    "",
    "",
    "",
    "-alpine",
    "-alpine3.19",
    "-alpine3.20",
    "-ls3",
    "-ls12",
    "-slim",
    "_12-jre",
    "-debian-12-r7",
    "-1a2b3c4",
    "-v1.2",
    "-v2.0",
    "-v3",
    "-2.5",
    "-2.6",
    "-3.0",
    "-1",
    "-18",
    "-20",
    "_7",
    "_2024-01-16",
    "_2024-02-01",
    "-1.2.3",
];

fn numbers() -> impl Strategy<Value = String> {
    let number = select(vec!["0", "1", "2", "10", "2024", "20240116", "07"]);
    proptest::collection::vec(number, 1..5).prop_map(|numbers| numbers.join("."))
}

/// Tags near one another, and texts of any kind.
fn tag() -> impl Strategy<Value = String> {
    let stage = select(vec!["", "", "", "-rc.1", "-rc2", "b3", "-alpha", "-nightly-20240101"]);
    let made = (select(PREFIXES.to_vec()), numbers(), stage, select(SUFFIXES.to_vec()));
    let made = made
        .prop_map(|(prefix, numbers, stage, suffix)| format!("{prefix}{numbers}{stage}{suffix}"));
    prop_oneof![8 => made, 1 => "[a-z0-9._-]{0,12}", 1 => ".{0,8}"]
}

/// A tag and a list with others of its line in it, so that there is something to choose.
fn line() -> impl Strategy<Value = (String, Vec<String>)> {
    let versions = proptest::collection::vec((numbers(), select(SUFFIXES.to_vec())), 0..20);
    let others = proptest::collection::vec(tag(), 0..20);
    let current = (select(PREFIXES.to_vec()), numbers(), select(SUFFIXES.to_vec()));
    (current, versions, others).prop_map(|((prefix, numbers, suffix), versions, others)| {
        let versions = versions.into_iter().flat_map(|(numbers, other)| {
            [suffix, other].map(|suffix| format!("{prefix}{numbers}{suffix}"))
        });
        (format!("{prefix}{numbers}{suffix}"), versions.chain(others).collect())
    })
}

fn rules() -> impl Strategy<Value = VersionRules> {
    let track = select(vec![Track::Patch, Track::Minor, Track::Major]);
    let pattern = || proptest::option::of(select(vec!["^v", "alpine", "2", r"^\d+\.\d+\.\d+$"]));
    (track, any::<bool>(), pattern(), pattern()).prop_map(|(track, early, include, exclude)| {
        let pattern = |text: Option<&str>| {
            text.map(|text| Sourced::by_default(Pattern::parse(text).unwrap()))
        };
        VersionRules {
            track: Sourced::by_default(track),
            prerelease: Sourced::by_default(early),
            include: pattern(include),
            exclude: pattern(exclude),
            transform: None,
        }
    })
}

fn key(tag: &Tag) -> impl Ord + std::fmt::Debug + use<> {
    (tag.numbers.clone(), tag.stage.clone(), tag.suffix.clone())
}

/// Returns the numbers of a tag's version as a person reads them: behind the first prefix it begins
/// with, however it was taken apart.
fn read(text: &str) -> Vec<u64> {
    let version = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix));
    let version = version.unwrap_or_default();
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    version[..end].split('.').filter_map(|number| number.parse().ok()).collect()
}

/// Returns how many of a version's numbers stay.
fn kept(track: Track) -> usize {
    match track {
        Track::Tag | Track::Major => 0,
        Track::Minor => 1,
        Track::Patch => 2,
    }
}

fn is_before_release(tag: &Tag) -> bool {
    matches!(tag.stage, Stage::Before(..))
}

proptest! {
    #[test]
    fn the_order_is_total(one in tag(), other in tag(), third in tag()) {
        let [one, other, third] = [one, other, third].map(|text| Tag::parse(&text));
        prop_assert_eq!(one.cmp(&other), other.cmp(&one).reverse());
        prop_assert_eq!(one.cmp(&other) == Ordering::Equal, one.text == other.text);
        if one <= other && other <= third {
            prop_assert!(one <= third);
        }
    }

    #[test]
    fn a_choice_stays_in_its_family_and_is_newer(
        (current, tags) in prop_oneof![(tag(), proptest::collection::vec(tag(), 0..40)), line()],
        rules in rules(),
    ) {
        let choice = choose(&current, tags.iter().map(String::as_str), &rules);
        let now = Tag::parse(&current);
        for text in choice.in_range.iter().chain(&choice.beyond) {
            let tag = Tag::parse(text);
            prop_assert!(tags.contains(text));
            prop_assert_eq!(tag.family(), now.family());
            prop_assert!(tag.family().is_some());
            prop_assert!(key(&tag) > key(&now), "{} over {}", text, current);
            prop_assert!(rules.admits(text));
            let early = rules.prerelease.value || is_before_release(&now);
            prop_assert!(early || !is_before_release(&tag));
        }
        let kept = kept(rules.track.value);
        for text in choice.in_range.iter().filter(|_| now.kind != Kind::Date) {
            let [new, old] = [read(text), read(&current)].map(|of| of.into_iter().take(kept));
            prop_assert!(new.eq(old), "{} is beyond {}", text, current);
        }
        let newest = choice.in_range.first().map(|text| Tag::parse(text));
        if let (Some(newest), Some(beyond)) = (newest, choice.beyond.first()) {
            prop_assert!(key(&Tag::parse(beyond)) > key(&newest));
        }
    }

    #[test]
    fn a_choice_does_not_depend_on_the_order_of_the_list(
        current in tag(),
        mut tags in proptest::collection::vec(tag(), 0..20),
        rules in rules(),
    ) {
        let choice = choose(&current, tags.iter().map(String::as_str), &rules);
        tags.reverse();
        prop_assert_eq!(choose(&current, tags.iter().map(String::as_str), &rules), choice);
    }

    #[test]
    fn nothing_is_newer_than_what_was_chosen(
        current in tag(),
        tags in proptest::collection::vec(tag(), 0..40),
        rules in rules(),
    ) {
        let rules = VersionRules { track: Sourced::by_default(Track::Major), ..rules };
        let choice = choose(&current, tags.iter().map(String::as_str), &rules);
        prop_assert_eq!(choice.beyond, Vec::<String>::new());
        if let Some(newest) = choice.in_range.first() {
            // From the newest, which is no early one of a released line, nothing leads on but builds
            // of another release of the distribution.
            let next = choose(newest, tags.iter().map(String::as_str), &rules);
            let early = is_before_release(&Tag::parse(newest));
            for text in &next.in_range {
                let (next, newest) = (Tag::parse(text), Tag::parse(newest));
                // Nobody knows a revision from a variant once no later version carries it.
                let revised = Tag::parse(&current).suffix.iter().any(|part| part.shape == "-#");
                prop_assert!(early || revised || (next.numbers, next.stage) <= (newest.numbers, newest.stage)
                    || leaps_from(&current, text));
            }
        }
    }
}

/// A number that is too far from the first one may be near the second.
fn leaps_from(current: &str, text: &str) -> bool {
    let digits = |tag: &str| Tag::parse(tag).numbers.first().copied().unwrap_or(0).max(1).ilog10();
    digits(text) > digits(current) + 1
}

//! Laws of tags, their order and their choice.

use std::cmp::Ordering;

use proptest::prelude::*;
use proptest::sample::select;

use crate::core::policy::Sourced;
use crate::core::version::{Pattern, Stage, Tag, Track, VersionRules, choose};

/// Tags near one another, and texts of any kind.
fn tag() -> impl Strategy<Value = String> {
    let prefix = select(vec!["", "v", "release-", "amd64-", "RELEASE.", "pg"]);
    let number = select(vec!["0", "1", "2", "10", "2024", "20240116", "07"]);
    let numbers = proptest::collection::vec(number, 1..5);
    let stage = select(vec!["", "", "", "-rc.1", "-rc2", "b3", "-alpha", "-nightly-20240101"]);
    let suffix = select(vec![
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
    ]);
    let made = (prefix, numbers, stage, suffix).prop_map(|(prefix, numbers, stage, suffix)| {
        format!("{prefix}{}{stage}{suffix}", numbers.join("."))
    });
    prop_oneof![8 => made, 1 => "[a-z0-9._-]{0,12}", 1 => ".{0,8}"]
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
        current in tag(),
        tags in proptest::collection::vec(tag(), 0..40),
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
        let newest = choice.in_range.first().map(|text| Tag::parse(text));
        if let (Some(newest), Some(beyond)) = (newest, choice.beyond.first()) {
            prop_assert!(Tag::parse(beyond).numbers > newest.numbers);
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

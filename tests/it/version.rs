//! Versions: `fixtures/version/*.txt` — real tags of a repository, a current one, its rules → what
//! may take its place, and what lies beyond.
//!
//! A block is a repository: a line that names it, lines of `tags`, then a line for each case,
//! `CURRENT TRACK [prerelease] [include=REGEX] [exclude=REGEX] [transform=REGEX=>TEXT]`, with
//! ` -> NEWEST beyond BEYOND` behind it. `UPDATE_EXPECT=1` writes that; read the diff.

use std::fs;
use std::path::Path;

use docker_auto::core::policy::{Origin, Sourced};
use docker_auto::core::version::{
    Kind, Pattern, Stage, Tag, Track, Transform, VersionRules, choose,
};

const GOOD: &str = "the fixtures of versions are good";
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/version");

fn sourced<T>(value: T) -> Sourced<T> {
    Sourced { value, origin: Origin::Default }
}

fn rules<'a>(track: &str, words: impl Iterator<Item = &'a str>) -> VersionRules {
    let track = Track::WORDS.iter().find(|(word, _)| *word == track).expect(GOOD).1;
    let mut rules = VersionRules { track: sourced(track), ..VersionRules::default() };
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("prerelease", _) => rules.prerelease = sourced(true),
            ("include", text) => rules.include = Some(sourced(Pattern::parse(text).expect(GOOD))),
            ("exclude", text) => rules.exclude = Some(sourced(Pattern::parse(text).expect(GOOD))),
            ("transform", text) => {
                rules.transform = Some(sourced(Transform::parse(text).expect(GOOD)));
            }
            _ => panic!("{word} means nothing"),
        }
    }
    rules
}

/// Returns a case with what it comes to.
fn judged(case: &str, tags: &[&str]) -> String {
    let mut words = case.split_whitespace();
    let (current, track) = (words.next().expect(GOOD), words.next().expect(GOOD));
    let choice = choose(current, tags.iter().copied(), &rules(track, words));
    let newest = choice.in_range.first().map_or("-", String::as_str);
    let beyond = choice.beyond.first().map_or("-", String::as_str);
    format!("{case} -> {newest} beyond {beyond}")
}

/// Judges the cases of a file and returns how many there are.
fn check(path: &Path) -> usize {
    let expected = fs::read_to_string(path).expect(GOOD);
    let mut cases = 0;
    let mut found = String::new();
    let mut tags: Vec<&str> = Vec::new();
    for line in expected.lines() {
        if let Some(more) = line.strip_prefix("tags ") {
            tags.extend(more.split_whitespace());
        } else if line.is_empty() {
            tags.clear();
        }
        let is_case =
            !line.is_empty() && !line.starts_with(['#', '=']) && !line.starts_with("tags ");
        if is_case {
            cases += 1;
            let case = line.split_once(" -> ").map_or(line, |(case, _)| case);
            found.push_str(&judged(case, &tags));
        } else {
            found.push_str(line);
        }
        found.push('\n');
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, &found).expect(GOOD);
        return cases;
    }
    for (number, (expected, found)) in expected.lines().zip(found.lines()).enumerate() {
        assert_eq!(expected, found, "{}:{}", path.display(), number + 1);
    }
    cases
}

#[test]
fn versions_are_chosen_as_their_tables_tell() {
    let files = fs::read_dir(FOLDER).expect(GOOD).map(|file| file.expect(GOOD).path());
    let mut files: Vec<_> = files.filter(|path| path.extension() == Some("txt".as_ref())).collect();
    files.sort();
    let cases: usize = files.iter().map(|file| check(file)).sum();
    assert!(cases >= 300, "only {cases} cases in {FOLDER}");
}

/// `KIND PREFIX NUMBERS STAGE SUFFIX`, `-` for what is not there.
fn shown(tag: &Tag) -> String {
    let numbers =
        |numbers: &[u64]| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
    let or_none = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let stage = match &tag.stage {
        Stage::Released => String::new(),
        Stage::Before(rank, of) => format!("{rank}:{}", numbers(of)),
    };
    let suffix: Vec<_> = tag.suffix.iter().map(|part| part.shape.as_str()).collect();
    format!(
        "{} {} {} {} {}",
        tag.kind.as_str(),
        or_none(tag.prefix.clone()),
        or_none(numbers(&tag.numbers)),
        or_none(stage),
        or_none(suffix.concat())
    )
}

fn assert_taken_apart(tag: &str, expected: &str) {
    let parsed = Tag::parse(tag);
    assert_eq!(shown(&parsed), expected, "{tag}");
    let ordered = !matches!(parsed.kind, Kind::Floating | Kind::Commit);
    assert_eq!(parsed.family().is_some(), ordered, "{tag}");
}

#[test]
fn machines_second_versions_and_days_are_told_from_versions() {
    for (tag, expected) in [
        ("linux-amd64-2.19.4", "semver linux-amd64- 2.19.4 - -"),
        ("linux_386_2.19.4", "semver linux_386_ 2.19.4 - -"),
        ("x86_64-v1.2", "semver x86_64-v 1.2 - -"),
        ("build-386", "semver build- 386 - -"),
        ("linux-amd64", "floating - - - -"),
        ("amd64-1a2b3c4", "commit - - - -"),
        ("1a2b3c4-slim", "commit - - - -"),
        ("16-3.4", "semver - 16 - -3.#"),
        ("4.6.3_v2.0.10", "semver - 4.6.3 - _v2.#.#"),
        ("7.2.0-v9", "semver - 7.2.0 - -v#"),
        ("7.2-v9", "semver - 7.2 - -v9"),
        ("1.2.3-beta_2024-01-16-ls2", "semver - 1.2.3 3: _#-#-#-ls#"),
        ("2.11.0-nightly-2024-01-16", "semver - 2.11.0 0:2024.1.16 -"),
    ] {
        assert_taken_apart(tag, expected);
    }
}

#[test]
fn tags_are_taken_apart() {
    for (tag, expected) in [
        ("latest", "floating - - - -"),
        ("alpine", "floating - - - -"),
        ("main-1a2b3c4", "commit - - - -"),
        ("sha-1a2b3c4", "commit - - - -"),
        ("0fe1b2a", "commit - - - -"),
        ("sha256-1a2b.sig", "commit - - - -"),
        ("1", "semver - 1 - -"),
        ("v1.2.3", "semver v 1.2.3 - -"),
        ("1.27-alpine3.20", "semver - 1.27 - -alpine#.#"),
        ("1.27.3-alpine3.20-slim", "semver - 1.27.3 - -alpine#.#-slim"),
        ("4.0.9.2244-ls253", "semver - 4.0.9.2244 - -ls#"),
        ("amd64-1.2.3", "semver amd64- 1.2.3 - -"),
        ("1.2.3-arm64v8", "semver - 1.2.3 - -arm64v8"),
        ("1.2.3-x86_64", "semver - 1.2.3 - -x86_64"),
        ("1.40.1.8227-c0dd5a73e", "semver - 1.40.1.8227 - -<commit>"),
        ("21.0.1_12-jre", "semver - 21.0.1 - _#-jre"),
        ("23.0.4-0", "semver - 23.0.4 - -#"),
        ("16.7.0-ce.0", "semver - 16.7.0 - -ce.#"),
        ("16.1.0-debian-11-r5", "semver - 16.1.0 - -debian-#-r#"),
        ("2.426.1-lts-jdk17", "semver - 2.426.1 - -lts-jdk17"),
        ("10.0-nanoserver-1809", "semver - 10.0 - -nanoserver-1809"),
        ("pg16-v0.3.0", "semver pg16-v 0.3.0 - -"),
        ("pg16-v0.3.0-alpha.2", "semver pg16-v 0.3.0 2:2 -"),
        ("pg16-v0", "floating - - - -"),
        ("pg16-0.3", "floating - - - -"),
        ("pg16-0.3.0-slim", "semver pg16- 0.3.0 - -slim"),
        ("php8.3-fpm", "floating - - - -"),
        ("pg-v0.3.0", "floating - - - -"),
        ("pr12-v0.3.0", "floating - - - -"),
        ("17rc1", "semver - 17 6:1 -"),
        ("17beta1-alpine3.20", "semver - 17 3:1 -alpine#.#"),
        ("3.14.0a1", "semver - 3.14.0 2:1 -"),
        ("3.14-rc-slim", "semver - 3.14 6: -slim"),
        ("1.0.0-rc.1", "semver - 1.0.0 6:1 -"),
        ("1.0.0-beta-3", "semver - 1.0.0 3:3 -"),
        ("1.2-dev", "semver - 1.2 - -dev"),
        ("2.11.0-nightly-20240101", "semver - 2.11.0 0:20240101 -"),
        ("999.0.0-SNAPSHOT", "semver - 999.0.0 - -snapshot"),
        ("2024.12.0", "calendar - 2024.12.0 - -"),
        ("2024.12.0b3", "calendar - 2024.12.0 3:3 -"),
        ("2024.12.0.dev202412010235", "calendar - 2024.12.0 0:202412010235 -"),
        ("2022-latest", "calendar - 2022 - -latest"),
        ("24.04", "semver - 24.4 - -"),
        ("20240116", "date - 20240116 - -"),
        ("bookworm-20240110-slim", "date bookworm- 20240110 - -slim"),
        ("2024-01-16", "date - 2024.1.16 - -"),
        ("240915", "date - 240915 - -"),
        ("999999", "semver - 999999 - -"),
        ("20241301", "semver - 20241301 - -"),
        ("RELEASE.2024-01-16T16-07-38Z-cpuv1", "date RELEASE. 2024.1.16.16.7.38 - -cpuv1"),
        ("1-2--3__", "semver - 1 - -#--3__"),
        ("12345678901234567890", "floating - - - -"),
        ("é1.2", "floating - - - -"),
    ] {
        assert_taken_apart(tag, expected);
    }
}

#[test]
fn rules_that_mean_nothing_say_what_to_write() {
    let long = "a".repeat(1025);
    for (read, text, part) in [
        (Pattern::parse(""), "", "write a regular expression"),
        (Pattern::parse("("), "(", "write a regular expression"),
        (Pattern::parse(&long), "long", "at most 1024 characters"),
        (Pattern::parse("(((a{99}){99}){99}){99}"), "huge", "write a regular expression"),
    ] {
        assert!(read.as_ref().is_err_and(|error| error.contains(part)), "{text}: {read:?}");
    }
    for (text, part) in [
        ("a", "REGEX => REPLACEMENT"),
        ("a =>", "such as $1.$2"),
        (" => a", "write a regular expression"),
        ("( => a", "write a regular expression"),
    ] {
        let read = Transform::parse(text);
        assert!(read.as_ref().is_err_and(|error| error.contains(part)), "{text}: {read:?}");
    }
    for (text, tag, expected) in [
        (r"^r(\d+)_(\d+) => $1.$2", "r12_4", "12.4"),
        (r"^r(\d+)_(\d+) => $1.$2", "latest", "latest"),
        (r"(\d+)x => $1a$", "7x", "7a$"),
        ("^v=>w", "v1", "w1"),
    ] {
        assert_eq!(Transform::parse(text).expect(GOOD).apply(tag), expected, "{text}");
    }
}

//! Every variable and label of the README's tables → what is different with it: one row for each.

mod cited;
mod judged;
mod shown;
mod told;

use std::collections::BTreeSet;
use std::path::Path;

use docker_auto::config::{Config, ConfigProblem, Environment, variables};
use docker_auto::core::labels::LABELS;

use crate::decide::Story;

use cited::cited;
use judged::JUDGED;
use shown::SHOWN;
use told::TOLD;

/// What a setting does.
enum Effect {
    /// A container is judged otherwise: the lines of a story, the code without it and with it.
    Judges(&'static str, &'static str, &'static str),
    /// A part is told so: how it shows what it was told, words that appear with the setting alone,
    /// and the test that shows what the part does then.
    Tells(fn(&Config) -> String, &'static str, Test),
    /// A test shows it on a whole program; it names the setting, or a part of its name, itself or in
    /// what it uses of its file.
    Shows(Test, &'static str),
    /// There is one value; another one is refused, with these words.
    Refuses(&'static str),
}

use Effect::{Judges, Refuses, Shows, Tells};

/// A file, seen from `tests/it`, and a test in it.
type Test = (&'static str, &'static str);

/// A row: the setting's name, and what is set (further lines are set without it, too).
type Row = (&'static str, &'static str, Effect);

/// Settings with one value.
const REFUSED: &[Row] = &[("DOCKER_AUTO_UPDATE_STRATEGY", "rolling", Refuses("write recreate"))];

fn rows() -> impl Iterator<Item = &'static Row> {
    JUDGED.iter().chain(TOLD).chain(SHOWN).chain(REFUSED)
}

fn read(lines: &str) -> (Config, Vec<ConfigProblem>) {
    let pairs = lines.lines().filter_map(|line| line.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.replace("<n>", "7"), value.to_owned()));
    let unreadable = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
    Config::load(&Environment::new(pairs, &unreadable))
}

fn load(lines: &str) -> Config {
    let (config, problems) = read(lines);
    assert!(problems.iter().all(|problem| !problem.is_fatal()), "{lines}: {problems:?}");
    config
}

/// Returns the code of a story's judgement.
fn judged(lines: &str) -> String {
    let lines: Vec<&str> = lines.lines().collect();
    Story::read("an effect", &lines).assessed().decision.code().to_owned()
}

#[test]
fn settings_change_how_containers_are_judged() {
    for (name, value, effect) in JUDGED {
        let Judges(story, without, with) = effect else { panic!("{name}") };
        let kind = if name.starts_with("docker-auto.") { "label" } else { "env" };
        assert_eq!(judged(story), *without, "without {name}");
        assert_eq!(judged(&format!("{kind} {name}={value}\n{story}")), *with, "{name}={value}");
        assert_ne!(without, with, "{name} changes nothing");
    }
}

/// Settings that their tests know by another word than the setting's, or its field's.
const OTHERWISE: [(&str, &str); 8] = [
    ("DOCKER_AUTO_SCAN_JITTER", "delay"),
    ("DOCKER_AUTO_SCAN_CACHE_TTL", "Within"),
    ("DOCKER_AUTO_REGISTRY_ECR_ENDPOINT", "ECR"),
    ("HTTPS_PROXY", "ForwardProxy"),
    ("NO_PROXY", ""), // its test stands inside its subject, where none of it is read
    ("DOCKER_AUTO_DOCKER_HOST", "no-such-host"),
    ("DOCKER_CERT_PATH", "folder: Some"),
    ("DOCKER_AUTO_BACKUP_KEEP", "saving"),
];

#[test]
fn settings_reach_the_parts_that_they_are_for() {
    for (name, value, effect) in TOLD {
        let Tells(told, words, test) = effect else { panic!("{name}") };
        // Credentials count only together.
        let alone = !name.starts_with("DOCKER_AUTO_REGISTRY_AUTH_");
        let rest = value.split_once('\n').filter(|_| alone).map_or("", |(_, rest)| rest);
        let (without, with) = (told(&load(rest)), told(&load(&format!("{name}={value}"))));
        assert!(with.contains(words), "{name}: {with}");
        assert!(!without.contains(words), "{name}: {without}");
        let field = words.split(|c: char| !c.is_lowercase() && c != '_').find(|it| it.len() > 2);
        let otherwise =
            OTHERWISE.iter().find(|(setting, _)| setting == name).map(|(_, word)| *word);
        let calls = [Some(name.trim_start_matches("DOCKER_AUTO_")), field, otherwise];
        let whole = cited(*test);
        let named = calls.into_iter().flatten().any(|word| whole.contains(word));
        assert!(named, "{name}: {test:?} names none of {calls:?}");
    }
}

#[test]
fn settings_of_whole_programs_are_named_by_their_tests() {
    for (name, _, effect) in SHOWN {
        let Shows(test, words) = effect else { panic!("{name}") };
        assert!(name.contains(words), "{name}");
        assert!(cited(*test).contains(words), "{name}: {test:?}");
    }
}

#[test]
fn settings_with_one_value_refuse_others() {
    for (name, value, effect) in REFUSED {
        let Refuses(words) = effect else { panic!("{name}") };
        let problems = read(&format!("{name}={value}")).1;
        let [problem] = &problems[..] else { panic!("{name}: {problems:?}") };
        let text = problem.to_string();
        assert!(problem.is_fatal() && [*name, value, words].iter().all(|it| text.contains(it)));
    }
}

#[test]
fn no_row_of_the_tables_is_without_effect() {
    let named: BTreeSet<&str> = rows().map(|(name, ..)| *name).collect();
    let labels = LABELS.iter().map(|label| label.name);
    let all: BTreeSet<&str> = variables().map(|variable| variable.name).chain(labels).collect();
    assert_eq!(named, all);
    assert_eq!(named.len(), rows().count(), "one row for each");
}

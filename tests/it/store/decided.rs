//! What people decided: words on images, pauses, rules; they outlive the program and expire.

use std::collections::BTreeSet;
use std::time::Duration;

use docker_auto::core::candidate::Mark;
use docker_auto::core::digest::Digest;
use docker_auto::core::id::{ContainerName, HostId, TargetId};
use docker_auto::core::plan::RejectKey;
use docker_auto::core::rule::Rule;
use docker_auto::core::verdict::{COMMAND_LINE, Pause, Paused, Said, Verdict, Word};
use docker_auto::store::{Given, KeepDays, Newest, Store};

use super::{START, clock, directory, local, moment, open};

const WORDS: [Word; 3] = [Word::Approved, Word::Skipped, Word::Rejected];

fn said() -> Said {
    Said { by: COMMAND_LINE.into(), at: moment(START) }
}

fn mark(image: &str) -> Mark {
    let digest = Digest::of(image.as_bytes());
    Mark { key: RejectKey::manifest(&digest), image: None, digest: Some(digest) }
}

fn given(host: &str, name: &str, word: Word, image: &str) -> Given {
    let target = TargetId { host: HostId::new(host), name: ContainerName::new(name) };
    Given { target, verdict: Verdict { word, mark: mark(image), said: said() } }
}

fn snoozed() -> Word {
    Word::Snoozed { until: moment("2026-12-01T00:00:00Z") }
}

/// Returns the words of a host's containers, by container and in the order of their codes.
async fn words(store: &Store) -> Vec<(String, &'static str)> {
    let found = store.verdicts().of_host(&local()).await.unwrap();
    let all = found.iter().flat_map(|(name, verdicts)| {
        verdicts.iter().map(move |verdict| (name.to_string(), verdict.word.code()))
    });
    let all: BTreeSet<_> = all.collect();
    all.into_iter().collect()
}

fn expected(words: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    words.iter().map(|(name, word)| ((*name).to_owned(), *word)).collect()
}

#[tokio::test]
async fn words_outlive_the_program_and_the_last_one_counts() {
    let directory = directory();
    let store = open(directory.path()).await;
    for word in WORDS.into_iter().chain([snoozed()]) {
        store.verdicts().say(given("local", "web", word, "one")).await.unwrap();
    }
    store.verdicts().say(given("local", "web", Word::Skipped, "two")).await.unwrap();
    store.verdicts().say(given("far", "web", Word::Approved, "one")).await.unwrap();
    store.close().await.unwrap();
    let store = open(directory.path()).await;
    assert_eq!(words(&store).await, expected(&[("web", "skipped"), ("web", "snoozed")]));
    let found = store.verdicts().of_host(&local()).await.unwrap();
    let one = &found[&ContainerName::new("web")].iter().find(|one| one.mark == mark("one"));
    assert_eq!(one.map(|one| (one.word, one.said.clone())), Some((snoozed(), said())));
}

#[tokio::test]
async fn what_is_overtaken_is_forgotten_but_no_refusal() {
    for (newest, left) in [
        (Some("one"), &["approved", "rejected", "skipped", "snoozed"][..]),
        (Some("two"), &["rejected", "skipped"]),
        (None, &["rejected", "skipped"]),
    ] {
        let directory = directory();
        let store = open(directory.path()).await;
        for (word, name) in [(WORDS[0], "a"), (WORDS[1], "b"), (WORDS[2], "c"), (snoozed(), "d")] {
            store.verdicts().say(given("local", name, word, "one")).await.unwrap();
        }
        store.verdicts().say(given("local", "other", Word::Approved, "one")).await.unwrap();
        let names = ["a", "b", "c", "d"].map(ContainerName::new);
        let found =
            names.map(|name| Newest { name, marks: newest.map(mark).into_iter().collect() });
        store.verdicts().settle(&local(), found.to_vec()).await.unwrap();
        let mut kept: Vec<_> = words(&store).await;
        kept.retain(|(name, _)| name != "other");
        let mut kept: Vec<_> = kept.into_iter().map(|(_, word)| word).collect();
        kept.sort_unstable();
        assert_eq!(kept, left, "{newest:?}");
        assert!(words(&store).await.contains(&("other".to_owned(), "approved")));
    }
}

#[tokio::test]
async fn what_was_said_of_a_container_goes_some_time_after_it() {
    let directory = directory();
    let clock = clock();
    let store = Store::open(directory.path(), clock.clone()).await.unwrap();
    for name in ["web", "db"] {
        store.verdicts().say(given("local", name, Word::Skipped, "one")).await.unwrap();
        let paused = Paused::Container(ContainerName::new(name));
        store.verdicts().pause(&local(), Pause { paused, said: said() }).await.unwrap();
    }
    let everything = Pause { paused: Paused::Everything, said: said() };
    store.verdicts().pause(&local(), everything).await.unwrap();
    for (days, left, pauses) in
        [(90, &[("db", "skipped"), ("web", "skipped")][..], 3), (1, &[("web", "skipped")], 2)]
    {
        clock.advance(Duration::from_secs(days * 24 * 60 * 60));
        let present = [ContainerName::new("web")].into();
        store.verdicts().expire(&local(), present, KeepDays::default()).await.unwrap();
        assert_eq!(words(&store).await, expected(left), "{days}");
        assert_eq!(store.verdicts().pauses(&local()).await.unwrap().len(), pauses, "{days}");
    }
}

#[tokio::test]
async fn a_pause_holds_until_it_is_resumed() {
    let directory = directory();
    let store = open(directory.path()).await;
    let container = Paused::Container(ContainerName::new("web"));
    let all = [Paused::Everything, Paused::Group("media".into()), container];
    for paused in all.iter().rev() {
        let pause = Pause { paused: paused.clone(), said: said() };
        assert_eq!(store.verdicts().pause(&local(), pause.clone()).await.unwrap(), pause);
        let again = Said { by: "somebody else".into(), at: moment("2026-12-01T00:00:00Z") };
        let again = Pause { paused: paused.clone(), said: again };
        assert_eq!(
            store.verdicts().pause(&local(), again).await.unwrap(),
            pause,
            "the first stays"
        );
    }
    store.close().await.unwrap();
    let store = open(directory.path()).await;
    let listed = store.verdicts().pauses(&local()).await.unwrap();
    assert_eq!(listed.into_iter().map(|pause| pause.paused).collect::<Vec<_>>(), all);
    for paused in all {
        assert!(store.verdicts().resume(&local(), paused.clone()).await.unwrap());
        assert!(!store.verdicts().resume(&local(), paused).await.unwrap());
    }
    assert_eq!(store.verdicts().pauses(&local()).await.unwrap(), []);
}

#[tokio::test]
async fn rules_are_listed_as_they_are_laid_over_one_another() {
    let directory = directory();
    let store = open(directory.path()).await;
    let rule = |name: &str, priority| {
        let set = [("mode".to_owned(), "watch".to_owned())].into();
        Rule { name: name.to_owned(), priority, set, ..Rule::default() }
    };
    for one in [rule("a", 2), rule("b", 1), rule("c", 1), rule("d", 5), rule("d", -1)] {
        store.rules().put(one).await.unwrap();
    }
    store.close().await.unwrap();
    let store = open(directory.path()).await;
    let expected = [rule("d", -1), rule("b", 1), rule("c", 1), rule("a", 2)];
    assert_eq!(store.rules().list().await.unwrap(), expected);
    assert!(store.rules().remove("a").await.unwrap());
    assert!(!store.rules().remove("a").await.unwrap());
    assert_eq!(store.rules().list().await.unwrap().len(), 3);
}

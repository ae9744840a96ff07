//! What `next` says in every state that a program can wake up in, told in words.
//!
//! `tests/fixtures/journal/next.txt` holds the states with what follows; `UPDATE_EXPECT=1` writes
//! what is found into it: read the difference before you keep it.

use std::collections::BTreeMap;

use docker_auto::core::hook::{End, Execution};
use docker_auto::core::id::{ContainerId, ContainerName, Timestamp};
use docker_auto::core::inventory::RunState;
use docker_auto::core::journal::{
    Class, JournalEntry, Next, Observed, Position, Seen, StepOutput, next,
};
use docker_auto::core::plan::{Key, Step, UpdatePlan};

use super::scenario::{NAME, SHAPES, Scenario};
use super::story::{place, word};
use crate::support::fake_host::container::Behaviour;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/journal/next.txt");
const AT: Timestamp = Timestamp::UNIX_EPOCH;

#[test]
fn every_waking_goes_on_as_it_is_written() {
    let written = std::fs::read_to_string(FIXTURE).unwrap();
    let mut found = String::new();
    for line in written.lines().filter(|line| !line.starts_with(' ')) {
        found.push_str(line);
        found.push('\n');
        if let Some((shape, events)) = line.split_once(": ").filter(|_| !line.starts_with('#')) {
            found.extend(["    ", &told(shape, events), "\n"]);
        }
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        return std::fs::write(FIXTURE, &found).unwrap();
    }
    let differs = written.lines().zip(found.lines()).find(|(written, found)| written != found);
    assert_eq!(differs, None, "the first line that differs, as written and as found");
    assert_eq!(written, found);
}

/// Lets the events happen to an operation, and tells what follows.
fn told(shape: &str, events: &str) -> String {
    let shape = SHAPES.into_iter().find(|known| known.label == shape);
    let scenario = Scenario::of(shape.expect("the shape is known"), Behaviour::Serves);
    let mut tale = Tale { plan: &scenario.plan, entries: Vec::new() };
    for event in events.split(", ") {
        match event.split_once(' ').unwrap_or((event, "")) {
            ("to", place) => tale.go_to(place),
            ("damaged", "") => {
                tale.entries.push(JournalEntry::Damaged { at: AT, what: "line 9".into() });
            }
            ("fails", "") => tale.fail(Class::Lasting),
            ("exits", code) => tale.exit(code.parse().expect("an exit code")),
            ("superseded", seen) => {
                tale.entries.push(JournalEntry::Looked { at: AT, observed: observed(seen) });
                tale.fail(Class::Superseded);
            }
            ("wakes", seen) => {
                tale.entries.push(JournalEntry::Resumed { at: AT, observed: observed(seen) });
            }
            _ => panic!("{event:?} is no event"),
        }
    }
    tale.rest()
}

struct Tale<'a> {
    plan: &'a UpdatePlan,
    entries: Vec<JournalEntry>,
}

impl Tale<'_> {
    /// Lets everything go well until a step is begun.
    fn go_to(&mut self, wanted: &str) {
        loop {
            let Next::Do(position) = next(self.plan, &self.entries) else {
                panic!("{wanted} never comes")
            };
            self.entries.push(JournalEntry::Started { position, at: AT });
            if place(self.plan, position) == wanted {
                return;
            }
            self.succeed(position);
        }
    }

    fn succeed(&mut self, position: Position) {
        let output = match position.step(self.plan) {
            Some(Step::Create { key, .. }) => StepOutput::Created { id: id(key.as_str()) },
            Some(Step::Pull { .. }) => {
                StepOutput::Pulled { image: self.plan.new_image.id.clone(), size_bytes: 1 }
            }
            _ => StepOutput::Done,
        };
        self.entries.push(JournalEntry::Done { position, at: AT, output });
    }

    /// Returns the step that was begun last.
    fn begun(&self) -> Position {
        let started = self.entries.iter().rev().find_map(|entry| match entry {
            JournalEntry::Started { position, .. } => Some(*position),
            _ => None,
        });
        started.expect("a step was begun")
    }

    /// Lets the hook that was begun end.
    fn exit(&mut self, exit_code: i64) {
        let execution = Execution { end: End::Exited { exit_code }, text: String::new() };
        let (position, output) = (self.begun(), StepOutput::Executed(execution));
        self.entries.push(JournalEntry::Done { position, at: AT, output });
    }

    fn fail(&mut self, class: Class) {
        let (position, error) = (self.begun(), "no luck".into());
        self.entries.push(JournalEntry::Failed { position, at: AT, class, error });
    }

    /// Lets everything go well to the end.
    fn rest(mut self) -> String {
        let mut told = String::new();
        loop {
            match next(self.plan, &self.entries) {
                Next::Do(position) => {
                    told.push_str(&place(self.plan, position));
                    told.push(' ');
                    self.entries.push(JournalEntry::Started { position, at: AT });
                    self.succeed(position);
                }
                Next::Finish(outcome) => {
                    let reason = outcome.reason();
                    let colon = if reason.is_empty() { "" } else { ": " };
                    return format!("{told}= {}{colon}{reason}", word(&outcome));
                }
            }
        }
    }
}

/// Reads `[old=web:exited other=web:running]`; `other` is none of the operation's.
fn observed(text: &str) -> Observed {
    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let mut containers = BTreeMap::new();
    let mut owners = BTreeMap::new();
    for word in text.expect("brackets").split_whitespace() {
        let (key, rest) = word.split_once('=').expect("key=name:state");
        let (name, state) = rest.split_once(':').expect("name:state");
        if name == NAME {
            owners.insert(ContainerName::new(NAME), id(key));
        }
        let (name, state) = (ContainerName::new(name), RunState::parse(state));
        if let Some(known) = known(key) {
            containers.insert(known, Seen { id: id(key), name, state });
        }
    }
    Observed { containers, owners }
}

fn known(key: &str) -> Option<Key> {
    let all = [Key::old(), Key::replacement(), Key::rescue(), Key::probe(), Key::data()];
    all.into_iter().find(|known| known.as_str() == key)
}

fn id(key: &str) -> ContainerId {
    ContainerId::new(format!("the {key} one"))
}

//! The matrix: every scenario × every call × before and after × everything that can go wrong.

use std::collections::{BTreeMap, HashSet};

use docker_auto::core::id::Timestamp;
use docker_auto::core::journal::{JournalEntry, Outcome};

use super::drive::{Begin, PATIENCE, Ran, drive};
use super::fingerprint::fingerprint;
use super::invariants::problems;
use super::scenario::Scenario;
use super::story::{story, word};
use crate::support::fake_host::container::Behaviour;
use crate::support::fake_host::user::Action;
use crate::support::fake_host::{Fault, Planned, When};

const SIDES: [When; 2] = [When::Before, When::After];

/// Everything that can go wrong at a call, and on which sides of it. What leaves the call itself
/// alone is the same before the next one.
fn faults() -> Vec<(Fault, When)> {
    let failures = [
        Fault::Crash,
        Fault::EngineRestart,
        Fault::Unreachable,
        Fault::Transient(PATIENCE),
        Fault::Transient(PATIENCE + 1),
        Fault::Lasting,
    ];
    let failures = failures.into_iter().flat_map(|fault| SIDES.map(|when| (fault, when)));
    let meanwhile = [Fault::Shutdown, Fault::JournalFull, Fault::User(Action::Steal)];
    let meanwhile = meanwhile.into_iter().chain(Action::OURS.map(Fault::User));
    failures.chain(meanwhile.map(|fault| (fault, When::Before))).collect()
}

/// What can happen to the engine while the program is down.
fn absences() -> Vec<Fault> {
    let mut absences = vec![Fault::EngineRestart];
    absences.extend(Action::OURS.map(Fault::User));
    absences
}

/// Counts runs and collects what went wrong in them.
#[derive(Default)]
struct Tally {
    runs: usize,
    outcomes: BTreeMap<&'static str, usize>,
    wrong: BTreeMap<String, (usize, String)>,
}

impl Tally {
    fn run(&mut self, scenario: &Scenario, begin: Begin, faults: Vec<Planned>) -> Ran {
        let ran = drive(begin, faults);
        self.runs += 1;
        *self.outcomes.entry(ran.outcome.as_ref().map_or("none", word)).or_default() += 1;
        for problem in problems(scenario, &ran) {
            let (count, _) =
                self.wrong.entry(problem).or_insert_with(|| (0, story(scenario, &ran)));
            *count += 1;
        }
        ran
    }

    fn finish(self, what: &str) {
        println!("{what}: {} runs {:?}", self.runs, self.outcomes);
        let wrong = self.wrong.iter();
        let wrong: Vec<_> = wrong
            .map(|(problem, (count, first))| format!("{count} × {problem}, first:\n{first}"))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// Finds the moments at which the program can die, each once.
#[derive(Default)]
struct Deaths(HashSet<u64>);

impl Deaths {
    fn of(&mut self, scenario: &Scenario, ran: &Ran) -> Vec<Begin> {
        let all = ran.moments.iter().map(|moment| ran.dead_at(scenario, moment));
        all.filter(|begin| self.0.insert(fingerprint(begin))).collect()
    }
}

fn again(begin: &Begin) -> Begin {
    Begin {
        plan: begin.plan.clone(),
        engine: begin.engine.clone(),
        entries: begin.entries.clone(),
        past: begin.past.clone(),
        watched: begin.watched,
    }
}

/// Scenarios that differ in what a second misfortune can do to them.
fn telling() -> Vec<Scenario> {
    let all = Scenario::all().into_iter();
    let telling = all.filter(|scenario| {
        let shape = [
            "always",
            "no",
            "stopped",
            "auto-remove",
            "auto-remove, port",
            "rollback",
            "ourselves",
        ];
        let image = [Behaviour::Serves, Behaviour::Exits(1)];
        shape.contains(&scenario.shape.label) && image.contains(&scenario.behaviour)
    });
    telling.collect()
}

#[test]
fn one_fault_anywhere_loses_nothing() {
    let mut tally = Tally::default();
    for scenario in Scenario::all() {
        let quiet = tally.run(&scenario, Begin::of(&scenario), Vec::new());
        for call in 1..=quiet.calls {
            for (fault, when) in faults() {
                let planned = Planned { call, when, fault };
                tally.run(&scenario, Begin::of(&scenario), vec![planned]);
            }
        }
    }
    tally.finish("one fault anywhere");
}

#[test]
fn killed_anywhere_and_anywhere_again_it_loses_nothing() {
    let mut tally = Tally::default();
    // How else an image fails makes no difference any more once it has failed.
    let images = [Behaviour::Serves, Behaviour::Exits(1), Behaviour::Unhealthy];
    for scenario in Scenario::all().into_iter().filter(|one| images.contains(&one.behaviour)) {
        let mut deaths = Deaths::default();
        let quiet = tally.run(&scenario, Begin::of(&scenario).watched(), Vec::new());
        for begin in deaths.of(&scenario, &quiet) {
            let resumed = tally.run(&scenario, begin.watched(), Vec::new());
            for begin in deaths.of(&scenario, &resumed) {
                tally.run(&scenario, begin, Vec::new());
            }
        }
    }
    tally.finish("killed anywhere, and anywhere again");
}

#[test]
fn whatever_happens_while_it_is_down_loses_nothing() {
    let mut tally = Tally::default();
    for scenario in Scenario::all() {
        let mut deaths = Deaths::default();
        let quiet = tally.run(&scenario, Begin::of(&scenario).watched(), Vec::new());
        for begin in deaths.of(&scenario, &quiet) {
            for fault in absences() {
                // The first call of the next life looks at the engine.
                let planned = Planned { call: 1, when: When::Before, fault };
                tally.run(&scenario, again(&begin), vec![planned]);
            }
        }
    }
    tally.finish("killed anywhere, and something else meanwhile");
}

#[test]
fn killed_anywhere_after_a_fault_it_loses_nothing() {
    let mut tally = Tally::default();
    let second = [
        Fault::EngineRestart,
        Fault::Lasting,
        Fault::Transient(PATIENCE + 1),
        Fault::User(Action::Recreate),
        Fault::User(Action::Prune),
    ];
    for scenario in telling() {
        let mut deaths = Deaths::default();
        let quiet = tally.run(&scenario, Begin::of(&scenario).watched(), Vec::new());
        deaths.of(&scenario, &quiet);
        for call in 1..=quiet.calls {
            for fault in second {
                let planned = Planned { call, when: When::After, fault };
                let ran = tally.run(&scenario, Begin::of(&scenario).watched(), vec![planned]);
                for begin in deaths.of(&scenario, &ran) {
                    tally.run(&scenario, begin, Vec::new());
                }
            }
        }
    }
    tally.finish("killed anywhere after a fault");
}

/// Three wake-ups force the way back, six park it.
#[test]
fn interrupted_again_and_again_it_ends() {
    let mut tally = Tally::default();
    for scenario in telling() {
        let quiet = tally.run(&scenario, Begin::of(&scenario), Vec::new());
        for fault in [Fault::Crash, Fault::EngineRestart] {
            for first in 1..=quiet.calls {
                for stride in 1..=12 {
                    let calls = (0..8).map(|life| first + life * stride);
                    let crashes = calls.map(|call| Planned { call, when: When::After, fault });
                    tally.run(&scenario, Begin::of(&scenario), crashes.collect());
                }
            }
        }
    }
    tally.finish("interrupted again and again");
}

/// A port that is taken when it is needed is waited for, and the service comes back once it is free
/// again, with whichever image; when the patience ends, everything is kept.
#[test]
fn a_stolen_port_is_waited_for() {
    let mut tally = Tally::default();
    let steal = |call| Planned { call, when: When::Before, fault: Fault::User(Action::Steal) };
    let leave = |call| Planned { call, when: When::Before, fault: Fault::User(Action::Return) };
    for scenario in Scenario::all().into_iter().filter(|scenario| scenario.shape.port) {
        let quiet = tally.run(&scenario, Begin::of(&scenario), Vec::new());
        for call in 1..=quiet.calls {
            for later in 1..=12 {
                let visit = vec![steal(call), leave(call + later)];
                tally.run(&scenario, Begin::of(&scenario), visit);
            }
        }
    }
    tally.finish("a stolen port");
}

/// What a person writes into the file is never written over, whenever that is.
#[test]
fn a_file_that_is_edited_meanwhile_stays_as_it_is() {
    let mut tally = Tally::default();
    for scenario in Scenario::all().into_iter().filter(|scenario| scenario.shape.file) {
        let quiet = tally.run(&scenario, Begin::of(&scenario), Vec::new());
        for call in 1..=quiet.calls {
            for when in SIDES {
                let edit = Planned { call, when, fault: Fault::User(Action::Edit) };
                let crash = Planned { call: call + 1, when, fault: Fault::Crash };
                tally.run(&scenario, Begin::of(&scenario), vec![edit]);
                tally.run(&scenario, Begin::of(&scenario), vec![edit, crash]);
            }
        }
    }
    tally.finish("a file that is edited meanwhile");
}

/// Nobody starts the program anew because a line could not be written.
#[test]
fn a_journal_that_cannot_be_written_for_a_while_is_waited_for() {
    for scenario in telling() {
        let quiet = drive(Begin::of(&scenario), Vec::new());
        for call in 1..=quiet.calls {
            let full = Planned { call, when: When::Before, fault: Fault::JournalFull };
            let ran = drive(Begin::of(&scenario), vec![full]);
            assert!(ran.outcome.is_some(), "{}", story(&scenario, &ran));
            assert_eq!(ran.starts, 1, "{}", story(&scenario, &ran));
        }
    }
}

/// Whatever its journal has lost, nothing is removed, and a service that ran runs.
#[test]
fn a_damaged_journal_removes_nothing() {
    // One that the engine itself removes may be gone in any case.
    let stays = |scenario: &Scenario| !scenario.shape.label.contains("auto-remove");
    for scenario in telling().into_iter().filter(stays) {
        let quiet = drive(Begin::of(&scenario).watched(), Vec::new());
        for moment in &quiet.moments {
            for kept in 0..=moment.written {
                check_damage(&scenario, quiet.dead_at(&scenario, moment), kept);
            }
        }
    }
}

/// Goes on with the first entries of a journal alone.
fn check_damage(scenario: &Scenario, mut begin: Begin, kept: usize) {
    begin.entries.truncate(kept);
    let what = "a line".to_owned();
    begin.entries.push(JournalEntry::Damaged { at: Timestamp::UNIX_EPOCH, what });
    let before = begin.engine.clone();
    let ran = drive(begin, Vec::new());
    let told = || format!("{kept} kept: {}", story(scenario, &ran));
    assert!(matches!(ran.outcome, Some(Outcome::NeedsHelp(_))), "{}", told());
    let left = &ran.engine.containers;
    assert!(before.containers.keys().all(|id| left.contains_key(id)), "{}", told());
    let up = left.values().filter(|one| one.state.is_up()).count();
    assert_eq!(up, usize::from(scenario.was_running()), "{}", told());
}

/// The program may die between the last entry and what is made of it.
#[test]
fn what_is_finished_is_left_alone() {
    for scenario in Scenario::all() {
        let ran = drive(Begin::of(&scenario), Vec::new());
        let (entries, outcome) = (ran.entries.clone(), ran.outcome.clone());
        let again =
            drive(Begin { entries, engine: ran.engine, ..Begin::of(&scenario) }, Vec::new());
        assert_eq!((again.outcome, again.calls), (outcome, 0), "{scenario}");
        assert_eq!(again.entries, ran.entries, "{scenario}");
    }
}

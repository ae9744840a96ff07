//! The matrix: every scenario × every call × before and after × everything that can go wrong.

use std::collections::{BTreeMap, HashSet};

use super::drive::{Begin, PATIENCE, Ran, drive};
use super::fingerprint::fingerprint;
use super::invariants::problems;
use super::scenario::Scenario;
use super::story::{story, word};
use crate::support::fake_host::container::Behaviour;
use crate::support::fake_host::user::Action;
use crate::support::fake_host::{Fault, Planned, When};

const SIDES: [When; 2] = [When::Before, When::After];

/// Everything that can go wrong once.
fn faults() -> Vec<Fault> {
    let mut faults = vec![
        Fault::Crash,
        Fault::Shutdown,
        Fault::JournalFull,
        Fault::EngineRestart,
        Fault::Unreachable,
        Fault::Transient(1),
        Fault::Transient(PATIENCE),
        Fault::Transient(PATIENCE + 1),
        Fault::Lasting,
    ];
    faults.extend(Action::ALL.map(Fault::User));
    faults
}

/// What can happen to the engine while the program is down.
fn absences() -> Vec<Fault> {
    let mut absences = vec![Fault::EngineRestart];
    absences.extend(Action::ALL.map(Fault::User));
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
        let shape = ["always", "no", "stopped", "auto-remove", "auto-remove, port", "rollback"];
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
            for when in SIDES {
                for fault in faults() {
                    let planned = Planned { call, when, fault };
                    tally.run(&scenario, Begin::of(&scenario), vec![planned]);
                }
            }
        }
    }
    tally.finish("one fault anywhere");
}

#[test]
fn killed_anywhere_and_anywhere_again_it_loses_nothing() {
    let mut tally = Tally::default();
    for scenario in Scenario::all() {
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
                for stride in 1..=quiet.calls {
                    let calls = (0..8).map(|life| first + life * stride);
                    let crashes = calls.map(|call| Planned { call, when: When::After, fault });
                    tally.run(&scenario, Begin::of(&scenario), crashes.collect());
                }
            }
        }
    }
    tally.finish("interrupted again and again");
}

//! The matrix: every scenario × every call × before and after × everything that can go wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use docker_auto::core::journal::{JournalEntry, Position};
use docker_auto::core::plan::{Key, Step};

use super::drive::{Begin, PATIENCE, Ran, drive};
use super::invariants::problems;
use super::scenario::Scenario;
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

/// Counts runs and collects what went wrong in them.
#[derive(Default)]
struct Tally {
    runs: usize,
    wrong: BTreeMap<String, (usize, String)>,
}

impl Tally {
    fn note(&mut self, scenario: &Scenario, ran: &Ran) {
        self.runs += 1;
        for problem in problems(scenario, ran) {
            let (count, _) = self.wrong.entry(problem).or_insert_with(|| (0, story(scenario, ran)));
            *count += 1;
        }
    }

    fn finish(self, what: &str) {
        println!("{what}: {} runs", self.runs);
        let wrong = self.wrong.iter();
        let wrong: Vec<_> = wrong
            .map(|(problem, (count, first))| format!("{count} × {problem}, first:\n{first}"))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// Tells one run, so that it can be understood without running it again.
fn story(scenario: &Scenario, ran: &Ran) -> String {
    use std::fmt::Write;
    let mut text = format!("  {scenario}; {:?}\n   ", ran.fired);
    for entry in &ran.entries {
        write!(text, " {}", told(scenario, entry)).unwrap();
    }
    for (id, found) in &ran.engine.containers {
        write!(text, "\n    {id}: {} {:?} {}", found.name, found.state, found.image).unwrap();
    }
    text
}

fn told(scenario: &Scenario, entry: &JournalEntry) -> String {
    let step = |position: &Position| {
        let step = position.step(&scenario.plan);
        let back = if matches!(position, Position::Forward(_)) { "" } else { "-" };
        let key = step.and_then(Step::container).map_or("", Key::as_str);
        format!("{back}{}({key})", step.map_or("none", Step::verb))
    };
    match entry {
        JournalEntry::Started { position, .. } => step(position),
        JournalEntry::Done { .. } => "ok,".into(),
        JournalEntry::Failed { class, error, .. } => format!("FAILED {class:?} {error},"),
        JournalEntry::Resumed { observed, .. } => {
            let seen = observed.containers.iter();
            let seen: Vec<_> =
                seen.map(|(key, seen)| format!("{key}={}:{:?}", seen.name, seen.state)).collect();
            format!("WOKE[{}],", seen.join(" "))
        }
        JournalEntry::Finished { outcome, .. } => format!("= {outcome:?}"),
    }
}

fn begin(scenario: &Scenario) -> Begin {
    Begin { plan: Arc::clone(&scenario.plan), engine: scenario.engine.clone(), entries: Vec::new() }
}

#[test]
fn one_fault_anywhere_loses_nothing() {
    let mut tally = Tally::default();
    for scenario in Scenario::all() {
        let quiet = drive(begin(&scenario), Vec::new());
        tally.note(&scenario, &quiet);
        for call in 1..=quiet.calls {
            for when in SIDES {
                for fault in faults() {
                    let planned = Planned { call, when, fault };
                    let ran = drive(begin(&scenario), vec![planned]);
                    tally.note(&scenario, &ran);
                }
            }
        }
    }
    tally.finish("one fault anywhere");
}

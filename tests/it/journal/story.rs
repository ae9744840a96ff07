//! Tells a run in words, so that it can be understood without running it again.

use std::fmt::Write;

use docker_auto::core::journal::{JournalEntry, Observed, Outcome, Position};
use docker_auto::core::plan::{Key, Step, UpdatePlan};

use super::drive::Ran;
use super::scenario::Scenario;

/// Tells a run.
pub(crate) fn story(scenario: &Scenario, ran: &Ran) -> String {
    let faults: Vec<_> = ran.fired.iter().map(|planned| format!("{planned:?}")).collect();
    let mut text = format!("  {scenario}; {}\n   ", faults.join(", "));
    for entry in &ran.entries {
        write!(text, " {}", told(&scenario.plan, entry)).unwrap();
    }
    for (id, found) in &ran.engine.containers {
        write!(text, "\n    {id}: {} {:?} {}", found.name, found.state, found.image).unwrap();
    }
    text
}

fn told(plan: &UpdatePlan, entry: &JournalEntry) -> String {
    match entry {
        JournalEntry::Started { position, .. } => place(plan, *position),
        JournalEntry::Done { .. } => "ok,".into(),
        JournalEntry::Failed { class, error, .. } => format!("FAILED {class:?} {error},"),
        JournalEntry::Looked { observed, .. } => format!("LOOKED[{}]", shown(observed)),
        JournalEntry::Resumed { observed, .. } => format!("WOKE[{}],", shown(observed)),
        JournalEntry::Damaged { .. } => "DAMAGED,".into(),
        JournalEntry::Finished { outcome, .. } => format!("= {outcome:?}"),
    }
}

/// Names what stands at a place of a plan: `-` before what takes back, `+` before what rescues.
pub(crate) fn place(plan: &UpdatePlan, position: Position) -> String {
    let step = position.step(plan);
    let mark = match position {
        Position::Forward(_) => "",
        Position::Undo { .. } => "-",
        Position::Rescue(_) => "+",
    };
    let verb = step.map_or("none", Step::verb);
    match step.and_then(Step::container).map(Key::as_str) {
        Some(key) => format!("{mark}{verb}({key})"),
        None => format!("{mark}{verb}"),
    }
}

fn shown(observed: &Observed) -> String {
    let seen = observed.containers.iter();
    let seen: Vec<_> =
        seen.map(|(key, seen)| format!("{key}={}:{:?}", seen.name, seen.state)).collect();
    seen.join(" ")
}

/// Returns an outcome's own word.
pub(crate) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Updated => "updated",
        Outcome::NoChange => "no change",
        Outcome::Aborted(_) => "aborted",
        Outcome::RolledBack(_) => "rolled back",
        Outcome::Superseded(_) => "superseded",
        Outcome::RecoveredFromSpec(_) => "recovered",
        Outcome::NeedsHelp(_) => "needs help",
    }
}

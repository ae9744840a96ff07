//! The parts of the benchmark, each of which adds lines to the report.

mod api;
mod check;
mod gate;
mod history;
mod limits;
mod memory;
mod round;
mod size;
mod start;
mod update;
mod warm;

use crate::fault::Fault;
use crate::figure::Line;
use crate::harness::Harness;
use crate::options::Part;

type Run = fn(&mut Harness) -> Result<(), Fault>;

/// Something that is run for any of some parts.
struct Stage {
    name: &'static str,
    parts: &'static [Part],
    run: Run,
    weight: Weight,
}

/// What it means if a stage cannot be measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// The hard gates were not checked: a failure.
    Gate,
    /// A line is missing.
    Line,
}

const STAGES: [Stage; 9] = [
    stage("limits", &[Part::Limits], limits::run),
    stage("size", &[Part::Size], size::run),
    gate("check", &[Part::Check, Part::Counts, Part::Cpu], check::run),
    gate("second check of a server", &[Part::Check, Part::Counts], warm::run),
    stage("memory and idle", &[Part::Memory, Part::Idle], memory::run),
    stage("start", &[Part::Start], start::run),
    stage("long history", &[Part::Start, Part::Store], history::run),
    stage("api", &[Part::Api], api::run),
    stage("update", &[Part::Update], update::run),
];

const fn stage(name: &'static str, parts: &'static [Part], run: Run) -> Stage {
    Stage { name, parts, run, weight: Weight::Line }
}

const fn gate(name: &'static str, parts: &'static [Part], run: Run) -> Stage {
    Stage { name, parts, run, weight: Weight::Gate }
}

/// Runs the wanted parts; one that cannot be measured says why and stops no other.
pub(crate) fn run(harness: &mut Harness) {
    for Stage { name, parts, run, weight } in STAGES {
        if harness.options.wants(parts)
            && let Err(fault) = run(harness)
        {
            let line = Line::skipped(name, &fault.to_string());
            let wrong = match weight {
                Weight::Gate => vec![format!("{name} could not be measured: {fault}")],
                Weight::Line => Vec::new(),
            };
            harness.report.gate(line, wrong);
        }
    }
}

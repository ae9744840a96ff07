//! What the benchmark is asked to do.

use argh::FromArgs;
use std::path::PathBuf;
use std::time::Duration;

/// Measures docker-auto beside a limit and peer-like baselines, all in one run, and prints a table.
/// It never judges absolute times; it fails only if a hard gate (a count of requests) is broken.
#[derive(FromArgs)]
pub(crate) struct Options {
    /// the parts to run, by commas: check, counts, cpu, memory, idle, start, api, update, store, size (all of these
    /// by default), limits (the clients and baselines alone, in many widths; needs no docker-auto)
    #[argh(option, default = "Parts(Part::DEFAULT.to_vec())", from_str_fn(parts))]
    part: Parts,

    /// how often each figure is measured; the median is shown (default 7)
    #[argh(option, default = "7")]
    pub(crate) runs: usize,

    /// fewer containers, runs and seconds: a look, not a result
    #[argh(switch)]
    pub(crate) quick: bool,

    /// print the table as Markdown
    #[argh(switch)]
    pub(crate) markdown: bool,

    /// write every single run to this file, as lines of JSON
    #[argh(option)]
    pub(crate) raw: Option<PathBuf>,

    /// the address of the engine's published ports for the part update (default: found out)
    #[argh(option)]
    pub(crate) engine_address: Option<String>,

    /// given by cargo bench; changes nothing
    #[argh(switch)]
    #[expect(dead_code, reason = "cargo passes it to every benchmark")]
    bench: bool,
}

/// The parts that are wanted.
struct Parts(Vec<Part>);

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Limits,
    Check,
    Counts,
    Cpu,
    Memory,
    Idle,
    Start,
    Api,
    Update,
    Store,
    Size,
}

impl Part {
    const NAMES: [(&str, Self); 11] = [
        ("limits", Self::Limits),
        ("check", Self::Check),
        ("counts", Self::Counts),
        ("cpu", Self::Cpu),
        ("memory", Self::Memory),
        ("idle", Self::Idle),
        ("start", Self::Start),
        ("api", Self::Api),
        ("update", Self::Update),
        ("store", Self::Store),
        ("size", Self::Size),
    ];

    const DEFAULT: [Self; 10] = [
        Self::Check,
        Self::Counts,
        Self::Cpu,
        Self::Memory,
        Self::Idle,
        Self::Start,
        Self::Api,
        Self::Update,
        Self::Store,
        Self::Size,
    ];
}

impl Options {
    /// Returns whether any of some parts is wanted.
    pub(crate) fn wants(&self, parts: &[Part]) -> bool {
        parts.iter().any(|part| self.part.0.contains(part))
    }

    /// Returns whether any part needs docker-auto itself.
    pub(crate) fn wants_product(&self) -> bool {
        self.part.0.iter().any(|part| *part != Part::Limits)
    }

    /// Returns how often a figure of the product is measured.
    pub(crate) fn runs(&self) -> usize {
        if self.quick { self.runs.min(3) } else { self.runs.max(1) }
    }

    /// Returns the numbers of containers that are checked.
    pub(crate) fn sizes(&self) -> &'static [usize] {
        if self.quick { &[10, 100] } else { &[10, 100, 500] }
    }

    /// Returns how long a server rests before its memory is read.
    pub(crate) fn rest(&self) -> Duration {
        Duration::from_secs(if self.quick { 3 } else { 10 })
    }

    /// Returns how long an idle server is watched.
    pub(crate) fn watch(&self) -> Duration {
        Duration::from_secs(if self.quick { 5 } else { 30 })
    }
}

fn parts(text: &str) -> Result<Parts, String> {
    text.split(',')
        .map(|name| {
            let known = Part::NAMES.iter().find(|(known, _)| *known == name);
            known.map(|(_, part)| *part).ok_or_else(|| format!("there is no part \"{name}\""))
        })
        .collect::<Result<_, _>>()
        .map(Parts)
}

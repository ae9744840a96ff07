//! One network and size: the check in turns with the limit and the baselines, and the lines that come of it.

use super::gate;
use crate::client::Client;
use crate::count::Counts;
use crate::fault::Fault;
use crate::figure::{Beside, Column, Figure, Goal, Line, Summary, Unit, float};
use crate::harness::{Harness, Trial};
use crate::options::Part;
use crate::product::World;
use crate::run::{Finished, to_end};
use crate::scene::{Network, Scene};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Who runs besides the limit.
const BASELINES: [(Column, Client); 4] = [
    (Column::Burst, Client::Burst),
    (Column::Chatty, Client::Chatty),
    (Column::Pool, Client::Pool),
    (Column::Seq, Client::Seq),
];

/// A baseline that would take longer is extrapolated from fewer containers: all of them are linear by then.
const LONGEST_MS: f64 = 10_000.0;
/// A baseline that takes longer is measured once.
const LONG_MS: f64 = 2_000.0;
/// The runs of a baseline that is quick.
const BASELINE_RUNS: usize = 3;

/// The measurements of one network and size.
pub(crate) struct Round {
    network: Network,
    containers: usize,
    product: Samples,
    limit: Samples,
    baselines: Vec<(Column, Client, Samples)>,
    counts: Counts,
    wrong: Vec<String>,
}

#[derive(Default)]
struct Samples {
    walls: Vec<f64>,
    cpus: Vec<f64>,
    /// The time that was not measured but extrapolated.
    derived: Option<f64>,
}

impl Samples {
    fn median(&self) -> f64 {
        Summary::of(&self.walls).map_or_else(|| self.derived.unwrap_or(0.0), |found| found.median)
    }

    fn add(&mut self, run: &Finished) {
        self.walls.push(run.wall.as_secs_f64() * 1000.0);
        self.cpus.push(run.cpu.as_secs_f64() * 1000.0);
    }

    fn wants_more(&self, most: usize) -> bool {
        let long = self.walls.last().is_some_and(|wall| *wall > LONG_MS);
        self.derived.is_none() && self.walls.len() < most && !long
    }
}

impl Round {
    /// Runs everyone in turns.
    pub(crate) fn measure(
        harness: &mut Harness,
        network: Network,
        containers: usize,
        smaller: &BTreeMap<Client, (usize, f64)>,
    ) -> Result<Self, Fault> {
        harness.mocks.show(Scene::up_to_date(network, containers))?;
        let baselines = BASELINES.map(|(column, client)| {
            let mut samples = Samples::default();
            if let Some((before, time)) = smaller.get(&client) {
                let expected = time * float(containers) / float(*before);
                samples.derived = (expected > LONGEST_MS).then_some(expected);
            }
            (column, client, samples)
        });
        let mut round = Self {
            network,
            containers,
            product: Samples::default(),
            limit: Samples::default(),
            baselines: baselines.into(),
            counts: Counts::default(),
            wrong: Vec::new(),
        };
        for _ in 0..harness.options.runs() {
            round.turn(harness)?;
        }
        Ok(round)
    }

    /// Runs everyone once, so that a change of the machine's load meets all of them.
    fn turn(&mut self, harness: &mut Harness) -> Result<(), Fault> {
        let (run, counts) = check(harness, self.network)?;
        self.product.add(&run);
        self.wrong.extend(gate::cold(self.network, self.containers, &counts));
        self.wrong.extend(gate::up_to_date(&run.output, self.containers));
        self.counts = counts;
        self.note_raw(harness, "docker-auto", &run)?;
        let (network, containers) = (self.network, self.containers);
        let run =
            harness.run_client(Trial { client: Client::limit(network), network, containers })?;
        self.limit.add(&run);
        self.note_raw(harness, "limit", &run)?;
        for at in 0..self.baselines.len() {
            let (_, client, samples) = &mut self.baselines[at];
            if samples.wants_more(BASELINE_RUNS) {
                let client = *client;
                let run = harness.run_client(Trial { client, network, containers })?;
                samples.add(&run);
                self.note_raw(harness, &client.to_string(), &run)?;
            }
        }
        Ok(())
    }

    fn note_raw(&self, harness: &mut Harness, who: &str, run: &Finished) -> Result<(), Fault> {
        let counts = if who == "docker-auto" { json!(self.counts) } else { Value::Null };
        let raw = json!({ "who": who, "network": self.network, "containers": self.containers,
            "wall_ms": run.wall.as_secs_f64() * 1000.0, "cpu_ms": run.cpu.as_secs_f64() * 1000.0,
            "counts": counts });
        harness.report.raw("check", raw)
    }

    /// Returns the times of the baselines, from which those of more containers may be extrapolated.
    pub(crate) fn medians(&self) -> BTreeMap<Client, (usize, f64)> {
        let baselines = self.baselines.iter();
        baselines.map(|(_, client, found)| (*client, (self.containers, found.median()))).collect()
    }

    /// Adds what was measured to the report.
    pub(crate) fn report(self, harness: &mut Harness) {
        let Self { network, containers, .. } = self;
        if harness.options.wants(&[Part::Check]) {
            harness.report.add(self.wall().line().void(&self.wrong));
        }
        if harness.options.wants(&[Part::Cpu]) {
            harness.report.add(self.cpu().line().void(&self.wrong));
        }
        let name = format!("counts of check {network} {containers}");
        let goal = gate::goal(network, containers);
        let line = Line::gate(&name, gate::text(&self.counts), &goal, &self.wrong);
        harness.report.gate(line, self.wrong);
    }

    fn wall(&self) -> Figure {
        let Self { network, containers, .. } = *self;
        let name = format!("check {network} {containers}");
        let mut figure = Figure::new(name, Unit::Milliseconds, self.product.walls.clone())
            .beside(Column::Limit, self.limit.median())
            .goal(wall_goal(network, containers));
        for (column, _, samples) in &self.baselines {
            let (value, derived) = (samples.median(), samples.derived.is_some());
            figure.beside.push(Beside { column: *column, value, derived });
        }
        figure
    }

    fn cpu(&self) -> Figure {
        let Self { network, containers, .. } = *self;
        let name = format!("cpu of check {network} {containers}");
        let mut figure = Figure::new(name, Unit::Milliseconds, self.product.cpus.clone());
        let limit = (Column::Limit, &self.limit.cpus);
        let baselines = self.baselines.iter().map(|(column, _, found)| (*column, &found.cpus));
        for (column, cpus) in [limit].into_iter().chain(baselines) {
            if let Some(summary) = Summary::of(cpus) {
                figure = figure.beside(column, summary.median);
            }
        }
        if network == Network::Tls && containers == 500 {
            figure.goal(Goal::AtMost(40.0))
        } else {
            figure
        }
    }
}

fn wall_goal(network: Network, containers: usize) -> Goal {
    match (network, containers) {
        (Network::Lan, _) => Goal::TimesLimit(1.5),
        (Network::Wan, ..=10) => Goal::AtMost(120.0),
        (Network::Wan, ..=100) => Goal::AtMost(180.0),
        (Network::Tls, ..=10) => Goal::AtMost(380.0),
        (Network::Tls, ..=100) => Goal::AtMost(390.0),
        (Network::Wan | Network::Tls, _) => Goal::AtMost(520.0),
    }
}

/// Runs `check --json` in the present scene with nothing cached.
pub(crate) fn check(harness: &mut Harness, network: Network) -> Result<(Finished, Counts), Fault> {
    let data = harness.scratch.path().join("data");
    let world = World::mock(&harness.mocks.places, network, &data)?;
    harness.mocks.reset()?;
    let run = to_end(&mut harness.product.command(&world, &["check", "--json"])?)?;
    if !run.status.success() {
        let said = run.errors.lines().last().unwrap_or_default();
        return Err(format!("check --json ended with {}: {said}", run.status).into());
    }
    Ok((run, harness.mocks.counts()?))
}

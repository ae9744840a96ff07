//! check, counts, cpu: one check from exec to exit, in turns with the limit and the baselines.

use super::gate;
use super::round::{Round, check};
use crate::fault::Fault;
use crate::figure::Line;
use crate::harness::Harness;
use crate::scene::{Network, Scene};
use std::collections::BTreeMap;

/// Measures all networks and sizes.
pub(crate) fn run(harness: &mut Harness) -> Result<(), Fault> {
    for network in Network::ALL {
        let mut smaller = BTreeMap::new();
        for &containers in harness.options.sizes() {
            let round = Round::measure(harness, network, containers, &smaller)?;
            smaller = round.medians();
            round.report(harness);
        }
    }
    changed(harness)
}

/// Proves that the product reads the registry's answers: of ten images one has changed.
fn changed(harness: &mut Harness) -> Result<(), Fault> {
    harness.mocks.show(Scene::Many { network: Network::Tls, containers: 10, outdated: 1 })?;
    let (run, counts) = check(harness, Network::Tls)?;
    let mut wrong = gate::up_to_date(&run.output, 9);
    wrong.extend(gate::outdated(&run.output, 1));
    wrong.extend(gate::exact("HEADs", counts.heads, 10));
    let line =
        Line::gate("one of ten images changed", gate::text(&counts), "10 HEAD, 1 update", &wrong);
    harness.report.gate(line, wrong);
    Ok(())
}

//! What all parts share: the options, the mocks, the product and the report.

use crate::client::{Client, Report as Said, Task, Visits};
use crate::fault::Fault;
use crate::mocks::Mocks;
use crate::options::Options;
use crate::product::Product;
use crate::report::Report;
use crate::run::{Finished, to_end};
use crate::scene::Network;
use tempfile::TempDir;

/// A benchmark that is running.
pub(crate) struct Harness {
    pub(crate) options: Options,
    pub(crate) mocks: Mocks,
    pub(crate) product: Product,
    pub(crate) report: Report,
    pub(crate) scratch: TempDir,
}

/// A client and what it meets.
#[derive(Clone, Copy)]
pub(crate) struct Trial {
    pub(crate) client: Client,
    pub(crate) network: Network,
    pub(crate) containers: usize,
}

impl Harness {
    /// Runs a client in the present scene, from exec to exit.
    pub(crate) fn run_client(&self, trial: Trial) -> Result<Finished, Fault> {
        self.visit(trial, Visits::One).map(|(run, _)| run)
    }

    /// Returns how many milliseconds the limit needs for a second check with connections and tokens at hand.
    pub(crate) fn run_limit_again(&self, trial: Trial) -> Result<f64, Fault> {
        let (_, said) = self.visit(trial, Visits::Two)?;
        said.again_ms.ok_or_else(|| format!("{} did not check again", trial.client).into())
    }

    fn visit(&self, trial: Trial, visits: Visits) -> Result<(Finished, Said), Fault> {
        let Trial { client, network, containers } = trial;
        let places = &self.mocks.places;
        let ca = (network == Network::Tls).then(|| places.ca.clone());
        let task = Task { client, engine: places.engine.clone(), ca, visits };
        let run = to_end(&mut task.command()?)?;
        if !run.status.success() {
            return Err(format!("{client}: {}: {}", run.status, run.errors.trim()).into());
        }
        let said: Said = serde_json::from_str(&run.output)?;
        if said.up_to_date != containers {
            let found = said.up_to_date;
            return Err(format!("{client} found {found} of {containers} images up to date").into());
        }
        Ok((run, said))
    }
}

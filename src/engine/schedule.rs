//! The loop of `serve`: sleeps to the next due time, checks, updates what is allowed to.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::core::hook::Moment;
use crate::core::id::ContainerName;
use crate::core::inventory::Inventory;
use crate::core::plan::Trigger;
use crate::core::window::Timetable;
use crate::engine::command::{
    Backup, CheckRequest, Freshness, Intent, Operated, OperatedResult, Selection, UpdateRequest,
};
use crate::engine::pace::LOT;
use crate::engine::runs::Job;
use crate::engine::{Engine, EngineError};
use crate::logging::Chain;
use crate::store::KeepDays;

/// The pauses between two tries of a check that the engine did not answer.
const BACK_OFF: [u64; 6] = [1, 2, 5, 15, 30, 60];

/// The pause between two tries to list the open operations.
const RECOVERY_PAUSE: Duration = Duration::from_secs(10);

/// When what is done.
#[derive(Clone, Debug)]
pub struct Timetables {
    /// When containers are checked.
    pub check: Timetable,
    /// When they are updated; without it, right after each check.
    pub update: Option<Timetable>,
    /// By how much a check may come late.
    pub jitter: Duration,
    /// Whether the first check is at the start.
    pub check_on_start: bool,
    /// How long the host is left to settle after something happened there, before it is looked at
    /// again; without it that waits for the next check.
    pub settle: Option<Duration>,
    /// How long the past is kept.
    pub keep: KeepDays,
}

/// Notes that the loop failed, unless it ends in order.
struct Working<'a>(&'a AtomicBool);

impl<'a> Working<'a> {
    fn begin(broken: &'a AtomicBool) -> Self {
        broken.store(false, Ordering::Relaxed);
        Self(broken)
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.store(std::thread::panicking(), Ordering::Relaxed);
    }
}

/// Says which updates could not even be begun.
pub(super) fn report_failures(operated: Vec<Operated>) {
    for Operated { name, result } in operated {
        if let OperatedResult::Failed(error) = result {
            let container = name.as_str();
            let error = Chain(&error).to_string();
            log::error!(action = "update", container, err = error.as_str(); "{container}: {error}");
        }
    }
}

impl Engine {
    /// Works until the program ends, in a task of its own that is begun anew when it fails.
    pub fn start(&self, timetables: Timetables) {
        if let Some(settle) = timetables.settle {
            self.watch(settle);
        }
        let engine = self.clone();
        self.tasks.spawn_loop("engine", move || {
            let (engine, timetables) = (engine.clone(), timetables.clone());
            async move {
                let _working = Working::begin(&engine.broken);
                engine.serve(timetables).await;
            }
        });
    }

    /// Runs until the program ends: recovery first, then every due job, one after the other.
    async fn serve(&self, timetables: Timetables) {
        if self.begin().await.is_err() {
            return;
        }
        let mut runs = self.runs(&timetables).await;
        while !self.stop.is_cancelled() {
            let (job, wait) = self.next_job(&timetables, &mut runs);
            if let Some(until) = wait {
                tokio::select! {
                    () = self.clock.sleep_until_or_set_back(until) => continue,
                    noticed = self.noticed() => {
                        self.heed(noticed).await;
                        continue;
                    }
                    () = self.stop.cancelled() => return,
                }
            }
            let began = self.clock.now();
            let spread = runs.spread(&timetables, began);
            self.work((&job, spread), &timetables).await;
            if self.stop.is_cancelled() {
                return; // what was not done is due at the next start
            }
            self.ran((&job, began), &timetables, &mut runs).await;
        }
    }

    /// Waits for the engine and deals with what an earlier run left open.
    async fn begin(&self) -> Result<(), ()> {
        let report = |error: &crate::docker::DockerError| {
            let trouble = error.chain();
            if self.trouble().as_deref() != Some(&trouble) {
                log::error!("{trouble}");
            }
            self.set_trouble(Some(trouble));
        };
        self.host.wait_until_ready(&self.stop, &report).await.map_err(drop)?;
        self.set_trouble(None);
        while let Err(error) = self.recover().await {
            log::error!("{}", Chain(&error));
            self.rest(RECOVERY_PAUSE).await?;
        }
        if let Err(error) = self.settle_leftovers().await {
            log::error!("{}", Chain(&error));
        }
        Ok(())
    }

    /// Does a job; an engine that does not answer is asked again, with growing pauses.
    async fn work(&self, job: (&Job, Duration), timetables: &Timetables) {
        let mut pauses = BACK_OFF.iter().chain(std::iter::repeat(&60));
        let mut said = None;
        loop {
            let result = Box::pin(self.run_job(job, timetables)).await;
            let error = match result {
                Ok(()) => break,
                Err(EngineError::Stopping) => return,
                Err(error) => Chain(&error).to_string(),
            };
            if said.as_ref() != Some(&error) {
                log::error!(action = "check"; "{error}");
            }
            said = Some(error);
            if self.trouble().is_none() {
                break; // the engine is there: what failed is tried again at the next due time
            }
            let pause = Duration::from_secs(pauses.next().copied().unwrap_or(60));
            if self.rest(pause).await.is_err() {
                return;
            }
        }
    }

    /// Waits; an error when the program shall end first.
    pub(super) async fn rest(&self, pause: Duration) -> Result<(), ()> {
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = self.stop.cancelled() => Err(()),
        }
    }

    async fn run_job(
        &self,
        (job, spread): (&Job, Duration),
        timetables: &Timetables,
    ) -> Result<(), EngineError> {
        let follows = timetables.update.is_none();
        let mut inventory = self.discover().await?;
        self.run_check_hooks(&inventory, Moment::PreCheck).await?;
        // Fewer are asked for in one lot; what is due at its own time does not wait.
        let mut freshness = Freshness::Forced;
        if *job == Job::Check && inventory.containers.len() > LOT {
            let little_by_little = Freshness::Spread(spread);
            let request = CheckRequest { names: Vec::new(), freshness: little_by_little };
            let began = Instant::now();
            Box::pin(self.check_in(&inventory, &request)).await?;
            inventory = self.discover().await?;
            if !follows {
                return self.after_check(&inventory, timetables).await;
            }
            freshness = Freshness::Since(began);
        }
        let (selection, trigger) = match job {
            Job::Update => (Selection::All, Trigger::Schedule),
            Job::Turns(names) => {
                let present = |name: &&ContainerName| inventory.containers.contains_key(*name);
                let names: Vec<_> = names.iter().filter(present).cloned().collect();
                if names.is_empty() {
                    return Ok(());
                }
                (Selection::Among(names), Trigger::Schedule)
            }
            Job::Check if follows => (Selection::All, Trigger::Auto),
            Job::Check => {
                let request = CheckRequest { names: Vec::new(), freshness };
                Box::pin(self.check_in(&inventory, &request)).await?;
                return self.after_check(&inventory, timetables).await;
            }
        };
        let (intent, backup) = (Intent::Act, Backup::AsLabelled);
        let request = UpdateRequest { selection, intent, trigger, backup, freshness };
        let operated = Box::pin(self.update_in(&inventory, &request)).await?;
        if operated.is_empty() {
            return self.after_check(&inventory, timetables).await;
        }
        report_failures(operated);
        // Some containers are others now, and their images may have gone.
        self.after_check(&self.discover().await?, timetables).await
    }

    async fn after_check(
        &self,
        inventory: &Inventory,
        timetables: &Timetables,
    ) -> Result<(), EngineError> {
        self.run_check_hooks(inventory, Moment::PostCheck).await?;
        self.snapshot(inventory).await?;
        self.remove_left_over(inventory).await?;
        self.check_images_in(inventory, Freshness::Cached).await?;
        let present: BTreeSet<_> = inventory.containers.keys().cloned().collect();
        let (host, keep) = (self.host.id(), timetables.keep);
        self.store.verdicts().expire(host, present.clone(), keep).await?;
        self.store.rejects().expire(host, present, keep).await?;
        self.forget_gone(inventory).await?;
        let expired = self.store.history().expire(keep).await?;
        if expired > 0 {
            log::info!("{expired} records of the history are older than they are kept");
        }
        Ok(())
    }
}

//! The part of docker-auto's own replacement that is the server's: it never drives it, but sees to it
//! that the helper does, says that it serves, and files the operation away.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::core::event::What;
use crate::core::history::HistoryRecord;
use crate::core::id::{ContainerId, ContainerName, OperationId, Timestamp};
use crate::core::inventory::RunState;
use crate::core::journal::{
    Class, Journal as _, JournalEntry, Known, Position, StepOutput, is_untouched,
};
use crate::core::plan::{BoxFuture, Key, Step, StepError, StepRunner as _, UpdatePlan};
use crate::core::probe::Ready;
use crate::core::reference::ImageRef;
use crate::docker::{HostRunner, LogFormat, PullAuth, PullCredentials};
use crate::engine::execute::Begin;
use crate::engine::limits::Slot;
use crate::engine::operate::rejected;
use crate::engine::{Engine, EngineError};
use crate::logging::Chain;
use crate::store::{OpenOperation, Taken};

use super::progress::{Progress, Stuck};
use super::{Shown, discard_helper, text};

/// Between two looks at the helper and its journal.
const PAUSE: Duration = Duration::from_millis(500);
/// How much of what a helper said is kept of one that is taken away.
const LAST_WORDS: (u32, usize) = (3, 500);
/// Between two looks at a journal that is over, but not let go yet.
const SHORT_PAUSE: Duration = Duration::from_millis(50);

impl Engine {
    /// Follows the helper in a task of its own; whatever needs a place waits until it is done.
    pub(in crate::engine) fn follow_beside(&self, plan: UpdatePlan, slot: Slot) {
        let engine = self.clone();
        self.tasks.spawn("self-update", async move {
            let _slot = slot;
            if let Err(error) = engine.follow_helper(&plan).await {
                log::error!(
                    "operation {} of {}: {}",
                    plan.operation,
                    plan.target.name,
                    Chain(&error)
                );
            }
        });
    }

    /// Waits until the helper has brought an operation to its end, and files it away. Returns early
    /// when the program shall end: the next one goes on.
    pub(in crate::engine) async fn follow_helper(
        &self,
        plan: &UpdatePlan,
    ) -> Result<(), EngineError> {
        plan.homes().for_each(|name| self.limits.block(name.clone()));
        tokio::select! {
            over = self.until_over(plan) => over?,
            () = self.stop.cancelled() => return Ok(()),
        }
        if let Some(operation) = self.take(&plan.operation).await? {
            let record = self.file(operation).await?;
            let finished = What::OperationFinished { outcome: record.outcome };
            self.tell(plan.target.clone(), Some(plan.operation.clone()), finished);
        }
        plan.homes().for_each(|name| self.limits.unblock(name));
        Ok(())
    }

    async fn until_over(&self, plan: &UpdatePlan) -> Result<(), EngineError> {
        let (mut said, mut trouble) = (None, None);
        let mut progress = Progress::new(self.operations.length(&plan.operation), Instant::now());
        loop {
            let seen = self.attend(plan, &mut said).await;
            if self.operations.is_over(&plan.operation).await? {
                return Ok(());
            }
            let length = self.operations.length(&plan.operation);
            let started_at = seen.as_ref().ok().cloned().flatten();
            if let Some(stuck) = progress.look(length, started_at, Instant::now()) {
                if self.take_back(plan, stuck).await? {
                    return Ok(());
                }
                self.tell_stuck(plan, stuck.since).await;
            }
            tell_once(&mut trouble, seen.err().map(|error| Chain(&error).to_string()));
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Takes an operation back whose helper gets nowhere, as long as nothing is touched yet; returns
    /// whether that is done. The helper goes first, so that it cannot begin after all.
    async fn take_back(&self, plan: &UpdatePlan, stuck: Stuck) -> Result<bool, EngineError> {
        let entries = self.operations.entries(&plan.operation).await?.unwrap_or_default();
        let Some(position) = plan.handing_over().filter(|_| is_untouched(plan, &entries)) else {
            return Ok(false);
        };
        let error = self.last_words(plan, stuck).await;
        if let Err(error) = discard_helper(&self.host, &plan.operation).await {
            log::warn!("{}", error.chain());
            return Ok(false);
        }
        let Some(mut operation) = self.take(&plan.operation).await? else { return Ok(true) };
        if operation.is_finished() || !is_untouched(plan, operation.entries()) {
            return Ok(false);
        }
        log::error!("operation {} of {}: {error}", plan.operation, plan.target.name);
        let (at, class) = (self.clock.now(), Class::Lasting);
        let failed =
            JournalEntry::Failed { position: Position::Forward(position), at, class, error };
        if let Err(error) = operation.append(vec![failed]).await {
            log::error!("operation {}: {}", plan.operation, Chain(&error));
            return Ok(false);
        }
        self.carry(operation, Begin::Resumed).await?;
        Ok(true)
    }

    /// Tells what became of a helper, before it is gone.
    async fn last_words(&self, plan: &UpdatePlan, stuck: Stuck) -> String {
        let found = self.host.find_container(&ContainerName::of_helper(&plan.operation)).await;
        let mut said = String::new();
        if let Ok(Some(inspect)) = found {
            let (id, (lines, bytes)) = (ContainerId::new(text(&inspect, "/Id")), LAST_WORDS);
            let log = self.host.last_logs(&id, LogFormat::of(&inspect), lines, bytes).await;
            said = log.unwrap_or_else(|error| error.chain());
        }
        let Stuck { since, starts } = stuck;
        let seconds = since.as_secs();
        let did = format!("its helper did nothing for {seconds} seconds and {starts} starts");
        match said.trim() {
            "" => did,
            said => format!("{did}; it said last: {said}"),
        }
    }

    /// Nothing else says why no update begins any more.
    async fn tell_stuck(&self, plan: &UpdatePlan, stuck: Duration) {
        let name = ContainerName::of_helper(&plan.operation);
        let state = match self.host.find_container(&name).await {
            Ok(Some(inspect)) => text(&inspect, "/State/Status").to_owned(),
            Ok(None) => "gone".to_owned(),
            Err(error) => error.chain(),
        };
        log::error!(
            "operation {} of {}: for {} minutes there has been no progress, and no other update begins \
             until it is over; its helper {name} is {state}: see `docker logs {name}` and what keeps it, \
             `docker unpause {name}` if it is paused, `docker restart {name}` to have it try again",
            plan.operation,
            plan.target.name,
            stuck.as_secs() / 60
        );
    }

    /// Says that we serve, and sees to it that the helper runs; returns when that was started.
    async fn attend(
        &self,
        plan: &UpdatePlan,
        said: &mut Option<Ready>,
    ) -> Result<Option<String>, EngineError> {
        self.say_ready(&plan.operation, said).await?;
        let helper = self.host.find_container(&ContainerName::of_helper(&plan.operation)).await?;
        let state = helper.as_ref().map(|one| RunState::parse(text(one, "/State/Status")));
        let started_at = helper.map(|inspect| text(&inspect, "/State/StartedAt").to_owned());
        // In this order: a helper goes only when its operation is over.
        if state.is_some_and(RunState::is_up) || self.operations.is_over(&plan.operation).await? {
            return Ok(started_at);
        }
        log::warn!("the helper of operation {} does not run; it is started again", plan.operation);
        self.start_helper(plan).await.map_err(EngineError::Helper)?;
        Ok(started_at)
    }

    async fn say_ready(
        &self,
        operation: &OperationId,
        said: &mut Option<Ready>,
    ) -> Result<(), EngineError> {
        let Some(own) = self.shown().await?.and_then(Shown::id) else { return Ok(()) };
        let Some(inspect) = self.host.inspect_container(own).await? else {
            return Ok(());
        };
        let ready = Ready {
            container: ContainerId::new(text(&inspect, "/Id")),
            started_at: text(&inspect, "/State/StartedAt").to_owned(),
        };
        let runs = text(&inspect, "/State/Status") == "running";
        if runs && said.as_ref() != Some(&ready) {
            self.operations.say_ready(operation, ready.clone()).await?;
            *said = Some(ready);
        }
        Ok(())
    }

    /// Makes the helper as the plan says, as far as it is not there, and starts it.
    async fn start_helper(&self, plan: &UpdatePlan) -> Result<(), StepError> {
        let runner = HostRunner::new(self.host.clone(), Arc::new(|_| {}), Arc::new(NoPulls));
        let mut known = Known::of(plan, &[]);
        if let Some(own) = self.shown().await.ok().flatten().and_then(Shown::id) {
            // Files are carried from whichever container of ours there is.
            known.ids.insert(Key::old(), own.clone());
        }
        for step in plan.helper_steps() {
            if let StepOutput::Created { id } = runner.run(step, &known).await? {
                known.ids.insert(Key::helper(), id);
            }
        }
        runner.run(&Step::HandOver { container: Key::helper() }, &known).await.map(drop)
    }

    /// Takes an operation that is over; `None` when it is filed away, or the program shall end.
    async fn take(&self, operation: &OperationId) -> Result<Option<OpenOperation>, EngineError> {
        loop {
            match self.operations.take(operation).await? {
                Taken::Open(operation) => return Ok(Some(*operation)),
                Taken::Gone => return Ok(None),
                Taken::Held => {}
            }
            tokio::select! {
                () = tokio::time::sleep(SHORT_PAUSE) => {}
                () = self.stop.cancelled() => return Ok(None),
            }
        }
    }

    /// Files a finished operation away, with all that its helper left to us.
    pub(in crate::engine) async fn file(
        &self,
        mut operation: OpenOperation,
    ) -> Result<HistoryRecord, EngineError> {
        if operation.plan().has_helper() {
            self.tidy_up(&operation).await?;
        }
        self.remember_anonymous(&operation).await?;
        operation.finish(&self.store).await?;
        Ok(HistoryRecord::from_journal(operation.plan(), operation.entries()))
    }

    /// May be done again after a crash.
    async fn tidy_up(&self, operation: &OpenOperation) -> Result<(), EngineError> {
        let (plan, entries) = (operation.plan(), operation.entries());
        let known = Known::of(plan, entries);
        for (position, at) in done(entries) {
            if let Some(Step::Reject { image, .. }) = position.step(plan) {
                self.store.rejects().add(rejected(plan, image, &known, at)).await?;
            }
        }
        if let Err(error) = discard_helper(&self.host, &plan.operation).await {
            // Its own last act is the same.
            log::warn!("{}", error.chain());
        }
        Ok(self.operations.sweep(&plan.operation).await?)
    }
}

fn done(entries: &[JournalEntry]) -> impl Iterator<Item = (Position, Timestamp)> {
    entries.iter().filter_map(|entry| match entry {
        JournalEntry::Done { position, at, .. } => Some((*position, *at)),
        _ => None,
    })
}

/// Logs what is wrong when it is another thing than before.
fn tell_once(before: &mut Option<String>, now: Option<String>) {
    if let Some(error) = now.as_ref().filter(|_| *before != now) {
        log::error!("replacing docker-auto: {error}");
    }
    *before = now;
}

/// The helper's image is here.
pub(super) struct NoPulls;

impl PullCredentials for NoPulls {
    fn for_pull<'a>(&'a self, _: &'a ImageRef) -> BoxFuture<'a, Option<PullAuth>> {
        Box::pin(std::future::ready(None))
    }
}

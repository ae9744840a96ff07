//! Plans and updates: judge, plan, carry.

use futures_util::future::join_all;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::core::candidate::{Candidate, CandidateImage};
use crate::core::decision::{Decision, Request};
use crate::core::id::ContainerName;
use crate::core::inventory::Inventory;
use crate::core::plan::recreate::Source;
use crate::core::plan::{BoxFuture, OperationKind, Trigger, UpdatePlan};
use crate::engine::check::meant;
use crate::engine::command::{
    Assessment, Freshness, Intent, Operated, OperatedResult, Planning, Progress, Selection,
    UpdateRequest,
};
use crate::engine::prepare::Job;
use crate::engine::{Engine, EngineError};

impl Engine {
    /// Plans a container's update, whatever its mode; touches nothing.
    pub async fn plan(&self, name: &ContainerName) -> Result<Planning, EngineError> {
        let inventory = self.discover().await?;
        let names = meant(&inventory, std::slice::from_ref(name))?;
        let found = self.assess(&inventory, &names, Freshness::Forced, Request::Named).await?;
        let assessment = found.first().ok_or_else(|| EngineError::Unknown(name.clone()))?;
        let decision = &assessment.decision;
        let Some(candidate) = decision.candidate() else {
            let (name, reason) = (assessment.container.name.clone(), decision.to_string());
            return match decision {
                Decision::UpToDate { .. } => Ok(Planning::UpToDate { name, reason }),
                _ => Err(EngineError::NothingToPlan { name, reason }),
            };
        };
        let mut plan =
            self.plan_candidate(&inventory, assessment, candidate, Trigger::Manual).await?;
        if let Decision::Hold { reason, .. } = decision {
            plan.warnings.insert(0, format!("docker-auto update would hold this back: {reason}"));
        }
        Ok(Planning::Plan(Box::new(plan)))
    }

    /// Updates containers, in a task of its own: dropping the receiver stops nothing.
    pub fn update(&self, request: UpdateRequest) -> UnboundedReceiver<Progress> {
        let engine = self.clone();
        self.follow("update", async move {
            let inventory = engine.unless_stopped(engine.discover()).await?;
            engine.update_in(&inventory, &request).await
        })
    }

    /// Runs work in a task of its own; passes on what happens meanwhile and how it ends.
    pub(super) fn follow(
        &self,
        name: &'static str,
        work: impl Future<Output = Result<Vec<Operated>, EngineError>> + Send + 'static,
    ) -> UnboundedReceiver<Progress> {
        let (sender, receiver) = unbounded_channel();
        let mut events = self.events();
        self.tasks.spawn(name, async move {
            tokio::pin!(work);
            let ended = loop {
                tokio::select! {
                    biased;
                    Ok(event) = events.recv() => pass(&sender, Progress::Happened(event)),
                    ended = &mut work => break ended,
                }
            };
            while let Ok(event) = events.try_recv() {
                pass(&sender, Progress::Happened(event));
            }
            pass(&sender, Progress::Over(ended));
        });
        receiver
    }

    /// Updates what a request means of an inventory that was just taken, and returns what became of
    /// each container. The registries are asked anew: who has just pushed an image and asks for it
    /// means that one.
    pub(super) async fn update_in(
        &self,
        inventory: &Inventory,
        request: &UpdateRequest,
    ) -> Result<Vec<Operated>, EngineError> {
        let (names, who) = match (&request.selection, request.trigger) {
            (Selection::Named(names), _) => (names.as_slice(), Request::Named),
            (Selection::Forced(names), _) => (names.as_slice(), Request::Forced),
            (Selection::All, Trigger::Manual) => (&[][..], Request::Everything),
            (Selection::All, Trigger::Schedule) => (&[][..], Request::Schedule),
            (Selection::All, Trigger::Auto) => (&[][..], Request::Check),
        };
        let names = meant(inventory, names)?;
        let asking = self.assess(inventory, &names, Freshness::Forced, who);
        let found = self.unless_stopped(asking).await?;
        self.record(&names, &found).await?;
        let wanted = found.into_iter().filter(|assessment| match &assessment.decision {
            Decision::Update { .. } => true,
            // A person who asks for everything learns what is held; a schedule says nothing.
            Decision::Hold { .. } => who != Request::Check && who != Request::Schedule,
            _ => !names.is_empty(),
        });
        let mut work: Vec<BoxFuture<'_, Operated>> = Vec::new();
        for assessment in wanted {
            work.push(Box::pin(self.update_one(inventory, assessment, request)));
        }
        Ok(join_all(work).await)
    }

    /// Does what changes nothing, unless the program shall end.
    pub(super) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        tokio::select! {
            done = work => done,
            () = self.stop.cancelled() => Err(EngineError::Stopping),
        }
    }

    async fn update_one(
        &self,
        inventory: &Inventory,
        assessment: Assessment,
        request: &UpdateRequest,
    ) -> Operated {
        let name = assessment.container.name.clone();
        let result = match assessment.decision.clone() {
            Decision::Update { candidate } => self
                .update_to(inventory, &assessment, &candidate, request)
                .await
                .unwrap_or_else(OperatedResult::Failed),
            _ => OperatedResult::Unchanged(Box::new(assessment)),
        };
        Operated { name, result }
    }

    async fn update_to(
        &self,
        inventory: &Inventory,
        assessment: &Assessment,
        candidate: &Candidate,
        request: &UpdateRequest,
    ) -> Result<OperatedResult, EngineError> {
        let name = &assessment.container.name;
        let plan = self.plan_candidate(inventory, assessment, candidate, request.trigger);
        if request.intent == Intent::Tell {
            return Ok(OperatedResult::Planned(Box::new(plan.await?)));
        }
        let slot = self.limits.acquire(name, &candidate.reference).await;
        let _slot = slot.ok_or_else(|| EngineError::Busy(name.clone()))?;
        if self.stop.is_cancelled() {
            return Ok(OperatedResult::Interrupted);
        }
        let plan = self.unless_stopped(plan).await?;
        Ok(self.operate(plan).await?.into())
    }

    async fn plan_candidate(
        &self,
        inventory: &Inventory,
        assessment: &Assessment,
        candidate: &Candidate,
        trigger: Trigger,
    ) -> Result<UpdatePlan, EngineError> {
        let reference = &candidate.reference;
        let mut goal = match &candidate.image {
            CandidateImage::Remote(image) => self.remote_goal(reference, image, inventory).await?,
            CandidateImage::Local { id, .. } => {
                self.local_goal(reference, id, Source::Local).await?
            }
        };
        goal.old_digest.clone_from(&assessment.current);
        goal.old_manifest.clone_from(&assessment.manifest);
        self.plan_job(Job {
            container: &assessment.container,
            inventory,
            policy: &assessment.policy,
            goal,
            kind: OperationKind::Update,
            trigger,
        })
        .await
    }
}

/// Nobody waiting for the answer is no fault.
fn pass(sender: &UnboundedSender<Progress>, progress: Progress) {
    let _ = sender.send(progress);
}

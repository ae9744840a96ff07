//! Plans and updates: judge, plan, carry.

use futures_util::future::join_all;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::core::candidate::{Candidate, CandidateImage};
use crate::core::decision::{Decision, Request};
use crate::core::id::ContainerName;
use crate::core::inventory::Inventory;
use crate::core::plan::recreate::Source;
use crate::core::plan::{BoxFuture, OperationKind, Trigger, UpdatePlan};
use crate::engine::command::{
    Assessment, Freshness, Intent, Operated, OperatedResult, Progress, Selection, UpdateRequest,
};
use crate::engine::prepare::Job;
use crate::engine::{Engine, EngineError};

impl Engine {
    /// Returns the plan of a container's update, whatever its mode; touches nothing.
    pub async fn plan(&self, name: &ContainerName) -> Result<UpdatePlan, EngineError> {
        let inventory = self.discover().await?;
        let names = std::slice::from_ref(name);
        let found = self.assess(&inventory, names, Freshness::Forced, Request::Named).await?;
        let assessment = found.first().ok_or_else(|| EngineError::Unknown(name.clone()))?;
        match assessment.decision.candidate() {
            Some(candidate) => {
                self.plan_candidate(&inventory, assessment, candidate, Trigger::Manual).await
            }
            None => Err(EngineError::NothingToPlan {
                name: name.clone(),
                reason: assessment.decision.to_string(),
            }),
        }
    }

    /// Updates containers, in a task of its own: dropping the receiver stops nothing.
    pub fn update(&self, request: UpdateRequest) -> UnboundedReceiver<Progress> {
        let engine = self.clone();
        self.follow("update", async move {
            if request.intent == Intent::Act {
                engine.settled().await?;
            }
            engine.update_all(&request).await
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

    /// Updates what a request means, and returns what became of each container. The registries are
    /// asked anew: who has just pushed an image and asks for it means that one.
    pub(super) async fn update_all(
        &self,
        request: &UpdateRequest,
    ) -> Result<Vec<Operated>, EngineError> {
        let (names, who) = match (&request.selection, request.trigger) {
            (Selection::Named(names), _) => (names.as_slice(), Request::Named),
            (Selection::All, Trigger::Manual) => (&[][..], Request::Everything),
            (Selection::All, Trigger::Schedule) => (&[][..], Request::Schedule),
            (Selection::All, Trigger::Auto) => (&[][..], Request::Check),
        };
        let inventory = self.discover().await?;
        let found = self.assess(&inventory, names, Freshness::Forced, who).await?;
        self.record(names, &found).await?;
        let wanted = found.into_iter().filter(|assessment| {
            !names.is_empty() || matches!(assessment.decision, Decision::Update { .. })
        });
        let mut work: Vec<BoxFuture<'_, Operated>> = Vec::new();
        for assessment in wanted {
            work.push(Box::pin(self.update_one(&inventory, assessment, request)));
        }
        Ok(join_all(work).await)
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
        Ok(self.operate(plan.await?).await?.into())
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

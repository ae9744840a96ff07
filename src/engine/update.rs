//! Plans and updates: judge, plan, carry.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::core::candidate::{Candidate, CandidateImage};
use crate::core::decision::{Decision, Request};
use crate::core::dependency::{Edge, components};
use crate::core::id::ContainerName;
use crate::core::inventory::Inventory;
use crate::core::plan::blueprint::Source;
use crate::core::plan::{BoxFuture, OperationKind, Trigger, UpdatePlan};
use crate::engine::check::meant;
use crate::engine::command::{
    Assessment, Backup, Freshness, Intent, Operated, OperatedResult, Planning, Progress, Selection,
    UpdateRequest,
};
use crate::engine::judge::Bench;
use crate::engine::prepare::Job;
use crate::engine::{Engine, EngineError};

impl Engine {
    /// Plans a container's update, whatever its mode; touches nothing.
    pub async fn plan(
        &self,
        name: &ContainerName,
        backup: Backup,
    ) -> Result<Planning, EngineError> {
        let inventory = self.discover().await?;
        let asked = (Freshness::Forced, Request::Named);
        let mut assessment = self.assess_one(&inventory, name, asked).await?;
        assessment.policy = backup.over(&assessment.policy);
        let decision = &assessment.decision;
        let Some(candidate) = decision.candidate() else {
            let (name, reason) = (assessment.container.name.clone(), decision.to_string());
            return match decision {
                Decision::UpToDate { .. } => Ok(Planning::UpToDate { name, reason }),
                _ => Err(EngineError::NothingToPlan { name, reason }),
            };
        };
        let edges = self.edges(&inventory).await?;
        let host = (&inventory, &edges);
        let mut plan = self.plan_candidate(host, &assessment, candidate, Trigger::Manual).await?;
        if let Decision::Hold { reason, .. } = decision {
            plan.warnings.insert(0, format!("docker-auto update would hold this back: {reason}"));
        }
        Ok(Planning::Plan(Box::new(plan), Box::new(candidate.clone())))
    }

    /// Updates containers, in a task of its own: dropping the receiver stops nothing.
    pub fn update(&self, request: UpdateRequest) -> UnboundedReceiver<Progress> {
        let engine = self.clone();
        self.follow("update", async move {
            if request.intent == Intent::Act {
                engine.settled().await?;
            }
            let inventory = engine.unless_stopped(Box::pin(engine.discover())).await?;
            Box::pin(engine.update_in(&inventory, &request)).await
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
    /// each container.
    pub(super) async fn update_in(
        &self,
        inventory: &Inventory,
        request: &UpdateRequest,
    ) -> Result<Vec<Operated>, EngineError> {
        let (names, who) = asked(request);
        let names = meant(inventory, names)?;
        let asking = Box::pin(self.assess(inventory, &names, request.freshness, who));
        let mut found = self.unless_stopped(asking).await?;
        self.record(&names, &found, who).await?;
        for assessment in &mut found {
            assessment.policy = request.backup.over(&assessment.policy);
        }
        let wanted = found.into_iter().filter(|assessment| match &assessment.decision {
            Decision::Update { .. } => true,
            // A person who asks for everything learns what is held; a schedule says nothing.
            Decision::Hold { .. } => who != Request::Check && who != Request::Schedule,
            _ => matches!(who, Request::Named | Request::Forced),
        });
        let mut wanted: BTreeMap<_, _> =
            wanted.map(|assessment| (assessment.container.name.clone(), assessment)).collect();
        let any = wanted.values().any(|one| matches!(one.decision, Decision::Update { .. }));
        let edges = if any { self.edges(inventory).await? } else { BTreeSet::new() };
        let ourselves = wanted.values().find(|one| self.is_own(&one.container));
        let ourselves = ourselves.map(|one| one.container.name.clone());
        let ourselves = ourselves.and_then(|name| wanted.remove(&name));
        let groups = components(&edges, &wanted.keys().cloned().collect());
        let mut work: Vec<BoxFuture<'_, Vec<Operated>>> = Vec::new();
        for group in groups {
            let group = group.iter().filter_map(|name| wanted.remove(name)).collect();
            work.push(Box::pin(self.update_group((inventory, &edges), group, request)));
        }
        let mut operated: Vec<_> = join_all(work).await.into_iter().flatten().collect();
        // Last, for then we are gone.
        if let Some(assessment) = ourselves {
            operated.push(Box::pin(self.update_anew(assessment, request)).await);
        }
        Ok(operated)
    }

    /// Updates containers that have to do with one another, those that are needed first.
    async fn update_group(
        &self,
        host: (&Inventory, &BTreeSet<Edge>),
        group: Vec<Assessment>,
        request: &UpdateRequest,
    ) -> Vec<Operated> {
        let mut operated: Vec<Operated> = Vec::new();
        for assessment in group {
            let changed = operated.iter().any(|one| matches!(one.result, OperatedResult::Ended(_)));
            operated.push(if changed {
                self.update_anew(assessment, request).await
            } else {
                self.update_one(host, assessment, request).await
            });
        }
        operated
    }

    /// An update before this one may have made the container anew, on the same image.
    async fn update_anew(&self, assessment: Assessment, request: &UpdateRequest) -> Operated {
        let name = assessment.container.name.clone();
        let looked = async {
            let inventory = self.discover().await?;
            let container = inventory.containers.get(&name).cloned();
            let same = container.filter(|now| now.image_id == assessment.container.image_id);
            let container = same.ok_or_else(|| EngineError::Gone(name.clone()))?;
            let edges = self.edges(&inventory).await?;
            Ok::<_, EngineError>((container, inventory, edges))
        };
        match looked.await {
            Ok((container, inventory, edges)) => {
                let assessment = Assessment { container, ..assessment };
                self.update_one((&inventory, &edges), assessment, request).await
            }
            Err(error) => Operated { name, result: OperatedResult::Failed(error) },
        }
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
        host: (&Inventory, &BTreeSet<Edge>),
        assessment: Assessment,
        request: &UpdateRequest,
    ) -> Operated {
        let name = assessment.container.name.clone();
        let result = match assessment.decision.clone() {
            Decision::Update { candidate } => {
                let updated = Box::pin(self.update_to(host, &assessment, &candidate, request));
                updated.await.unwrap_or_else(OperatedResult::Failed)
            }
            _ => OperatedResult::Unchanged(Box::new(assessment)),
        };
        Operated { name, result }
    }

    async fn update_to(
        &self,
        host: (&Inventory, &BTreeSet<Edge>),
        assessment: &Assessment,
        candidate: &Candidate,
        request: &UpdateRequest,
    ) -> Result<OperatedResult, EngineError> {
        let name = &assessment.container.name;
        let trigger = request.trigger;
        if request.intent == Intent::Tell {
            let plan = Box::pin(self.plan_candidate(host, assessment, candidate, trigger));
            return Ok(OperatedResult::Planned(Box::new(plan.await?)));
        }
        let slot = self.slot(name, &candidate.reference, host).await?;
        if self.stop.is_cancelled() {
            return Ok(OperatedResult::Interrupted);
        }
        let asking = Box::pin(self.ask_again(host.0, assessment, candidate, request));
        let assessment = self.unless_stopped(asking).await?;
        if !matches!(assessment.decision, Decision::Update { .. }) {
            return Ok(OperatedResult::Unchanged(Box::new(assessment)));
        }
        let plan = Box::pin(self.plan_candidate(host, &assessment, candidate, trigger));
        let plan = self.unless_stopped(plan).await?;
        self.operate(plan, slot).await
    }

    /// Judges a container again whose turn has come: while others were updated a person may have
    /// paused it, or its window may have closed.
    async fn ask_again(
        &self,
        inventory: &Inventory,
        before: &Assessment,
        candidate: &Candidate,
        request: &UpdateRequest,
    ) -> Result<Assessment, EngineError> {
        self.learn_rules().await?;
        let memory = Box::pin(self.memory(inventory)).await?;
        let way = self.way().await?;
        let bench = Bench::new(inventory, memory, &self.settings, way, self.clock.now());
        let subject = bench.subject(&before.container);
        let (_, who) = asked(request);
        let assessment = Assessment {
            decision: bench.reconsider(&subject, candidate, who),
            policy: request.backup.over(&subject.policy),
            checked_at: bench.now,
            ..before.clone()
        };
        if !matches!(assessment.decision, Decision::Update { .. }) {
            let name = std::slice::from_ref(&before.container.name);
            self.record(name, std::slice::from_ref(&assessment), who).await?;
        }
        Ok(assessment)
    }

    async fn plan_candidate(
        &self,
        (inventory, edges): (&Inventory, &BTreeSet<Edge>),
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
            edges,
            restored: None,
        })
        .await
    }
}

/// Returns the containers that a request names, none for all, and whose consent it brings.
fn asked(request: &UpdateRequest) -> (&[ContainerName], Request) {
    match (&request.selection, request.trigger) {
        (Selection::Named(names), _) => (names.as_slice(), Request::Named),
        (Selection::Forced(names), _) => (names.as_slice(), Request::Forced),
        (Selection::All, Trigger::Manual) => (&[], Request::Everything),
        (Selection::All, Trigger::Schedule) => (&[], Request::Schedule),
        (Selection::All, Trigger::Auto) => (&[], Request::Check),
        (Selection::Among(names), _) => (names.as_slice(), Request::Check),
    }
}

/// Nobody waiting for the answer is no fault.
fn pass(sender: &UnboundedSender<Progress>, progress: Progress) {
    let _ = sender.send(progress);
}

//! What the engine is asked, and what it answers.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::core::candidate::Candidate;
use crate::core::decision::{Asked, Decision};
use crate::core::digest::Digest;
use crate::core::event::Event;
use crate::core::history::HistoryRecord;
use crate::core::id::{ContainerName, Timestamp};
use crate::core::inventory::Container;
use crate::core::plan::{Trigger, UpdatePlan};
use crate::core::policy::{Policy, PolicyPatch};
use crate::core::verdict::Word;
use crate::core::version::Glimpse;
use crate::engine::EngineError;

/// Which containers to check.
#[derive(Clone, Debug)]
pub struct CheckRequest {
    /// Containers by name; all if none is named.
    pub names: Vec<ContainerName>,
    /// How old answers of the registries may be.
    pub freshness: Freshness,
}

/// How old answers of the registries may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// As old as the cache keeps them.
    Cached,
    /// New.
    Forced,
    /// New, asked for little by little over so much time: nobody waits for the answers.
    Spread(Duration),
    /// Not older than the beginning of a run that asked for it, however long the cache keeps it.
    Since(Instant),
}

/// Which containers to update.
#[derive(Clone, Debug)]
pub struct UpdateRequest {
    /// Which ones.
    pub selection: Selection,
    /// Whether to do it.
    pub intent: Intent,
    /// Who asks.
    pub trigger: Trigger,
    /// Whether data is saved before.
    pub backup: Backup,
    /// How old answers of the registries may be.
    pub freshness: Freshness,
}

/// A person's word on the image that could run in a container's place.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// The container.
    pub name: ContainerName,
    /// The word.
    pub word: Word,
    /// Who says it.
    pub by: String,
}

/// Whether data is saved before an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backup {
    /// Where a container's label asks for it.
    AsLabelled,
    /// In any case.
    Wanted,
}

impl Backup {
    /// Returns a policy with this in it.
    pub fn over(self, policy: &Policy) -> Policy {
        match self {
            Self::AsLabelled => policy.clone(),
            Self::Wanted => policy.with(PolicyPatch::backup()),
        }
    }
}

/// How far a rollback goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The image goes back, the data stays as it is.
    Image,
    /// The data that was saved before the update comes back as well.
    ImageAndData,
}

/// Which containers are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These; naming one is consent enough.
    Named(Vec<ContainerName>),
    /// These, with their pins and rejections lifted.
    Forced(Vec<ContainerName>),
    /// All that their mode or the configuration allows.
    All,
    /// These, as far as their mode or the configuration allows.
    Among(Vec<ContainerName>),
}

/// Whether to do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Do it.
    Act,
    /// Say what would be done; touch nothing.
    Tell,
}

/// A container with the judgement of it.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// The container as it was listed.
    pub container: Container,
    /// The digest of what it runs, from the repository of its reference.
    pub current: Option<Digest>,
    /// What the registry answered.
    pub remote: Option<Digest>,
    /// The judgement.
    pub decision: Decision,
    /// The questions on the way to it, where the container was named.
    pub chain: Vec<Asked>,
    /// The platform manifest of what it runs, where that had to be found out.
    pub manifest: Option<Digest>,
    /// Its policy.
    pub policy: Policy,
    /// Labels that could not be understood.
    pub problems: Vec<String>,
    /// What was seen of versions beyond those that it follows.
    pub beyond: Vec<Glimpse>,
    /// When.
    pub checked_at: Timestamp,
}

/// What planning an update came to.
#[derive(Debug)]
pub enum Planning {
    /// The plan, and the image that it is for.
    Plan(Box<UpdatePlan>, Box<Candidate>),
    /// There is nothing to do.
    UpToDate {
        /// The container.
        name: ContainerName,
        /// How that is known.
        reason: String,
    },
}

/// What becomes known while an operation runs.
#[derive(Debug)]
pub enum Progress {
    /// Something happened on the way.
    Happened(Arc<Event>),
    /// It is over; the last message.
    Over(Result<Vec<Operated>, EngineError>),
}

/// What became of one container.
#[derive(Debug)]
pub struct Operated {
    /// The container.
    pub name: ContainerName,
    /// What became of it.
    pub result: OperatedResult,
}

/// What became of one container.
#[derive(Debug)]
pub enum OperatedResult {
    /// Nothing was to be done, or nothing may be done: the judgement says why.
    Unchanged(Box<Assessment>),
    /// This would be done.
    Planned(Box<UpdatePlan>),
    /// This was done.
    Ended(Box<HistoryRecord>),
    /// The program was asked to end; the next start goes on.
    Interrupted,
    /// A helper goes on: it is the container that this program runs in.
    HandedOver {
        /// The helper's name.
        helper: ContainerName,
    },
    /// It could not even be begun.
    Failed(EngineError),
}

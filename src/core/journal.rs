//! What to do next in an operation, from its plan and what is written: execution, rollback and
//! crash recovery in one pure function.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::core::backup::BackupRecord;
use crate::core::hook::Execution;
use crate::core::id::{ContainerId, ContainerName, ImageId, OperationId, Timestamp};
use crate::core::inventory::RunState;
use crate::core::plan::{BoxFuture, Key, Step, UpdatePlan};

mod back;
mod replay;
mod wake;

use replay::{Phase, Replay};

/// Wake-ups that force the way back.
pub const WAKES_FORCE_BACK: u32 = 3;
/// Wake-ups at which the operation is parked as needing help: the way back is tried a last time,
/// without removing anything.
pub const WAKES_PARK: u32 = 6;

/// A place in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// The step with this index.
    Forward(usize),
    /// The `undo`-th entry of a step's way back.
    Undo {
        /// The step's index.
        step: usize,
        /// The index in its undo list.
        undo: usize,
    },
    /// The entry of the rescue list with this index.
    Rescue(usize),
}

impl Position {
    /// Returns the step that stands at this place of the plan.
    pub fn step(self, plan: &UpdatePlan) -> Option<&Step> {
        match self {
            Self::Forward(index) => plan.steps.get(index).map(|planned| &planned.action),
            Self::Undo { step, undo } => plan.steps.get(step)?.undo.get(undo),
            Self::Rescue(index) => plan.rescue.get(index),
        }
    }
}

/// How bad an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// The engine could not be asked: nothing is known, nothing is written.
    Unreachable,
    /// It may go well a little later: a port still taken, an engine that is busy.
    Transient,
    /// It will not go well.
    Lasting,
    /// The world is no longer the plan's: someone else changed, removed or replaced a container. The
    /// executor looks at it, and what it sees decides.
    Superseded,
}

/// What a step brought back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "output", rename_all = "snake_case")]
pub enum StepOutput {
    /// Nothing to say.
    Done,
    /// A container was made.
    Created {
        /// Its ID.
        id: ContainerId,
    },
    /// An image was pulled and verified.
    Pulled {
        /// Its ID.
        image: ImageId,
        /// Its size on disk in bytes.
        size_bytes: u64,
    },
    /// What a failed container left behind.
    Evidence(Evidence),
    /// An image was removed.
    ImageRemoved {
        /// Its size on disk in bytes, with layers that others may share; absent where it was gone
        /// already and nobody can say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size_bytes: Option<u64>,
        /// What that did to the engine's disk, where it can be seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        free: Option<FreeSpace>,
    },
    /// An image was not removed.
    ImageStays {
        /// What needs it.
        reason: String,
    },
    /// A command was run inside a container.
    Executed(Execution),
    /// Data was saved.
    BackedUp(BackupRecord),
    /// Another process carries out the rest.
    HandedOver,
}

impl StepOutput {
    /// Returns what is not well although the step is done.
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Executed(execution) => execution.problem(),
            _ => None,
        }
    }
}

/// How much was free on the engine's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreeSpace {
    /// Before.
    pub before_bytes: u64,
    /// After.
    pub after_bytes: u64,
}

/// What a failed container left behind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Its run state in the engine's word.
    pub state: String,
    /// The exit code of its last run.
    pub exit_code: i64,
    /// The engine's own error of the last start.
    pub error: String,
    /// Whether the kernel killed it for memory.
    pub out_of_memory: bool,
    /// How often its restart policy restarted it.
    pub restart_count: u64,
    /// The outputs of its last health probes.
    pub health: Vec<String>,
    /// The last lines that it logged.
    pub logs: String,
}

/// A container as seen on waking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its ID.
    pub id: ContainerId,
    /// Its name.
    pub name: ContainerName,
    /// Its run state.
    pub state: RunState,
}

/// What the engine shows of an operation's containers on waking; a key that is absent is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// The operation's own containers.
    pub containers: BTreeMap<Key, Seen>,
    /// Who has the names of the operation's services now; a name that is absent is free.
    pub owners: BTreeMap<ContainerName, ContainerId>,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "reason", rename_all = "snake_case")]
pub enum Outcome {
    /// The new container runs under the name.
    Updated,
    /// The pull brought the image that already runs.
    NoChange,
    /// It ended before the old container was touched.
    Aborted(String),
    /// The old container is back.
    RolledBack(String),
    /// Someone else changed the container meanwhile; theirs was left alone.
    Superseded(String),
    /// The old container was gone and was made anew from its saved body.
    RecoveredFromSpec(String),
    /// Everything is kept as it is; a person must look.
    NeedsHelp(String),
}

impl Outcome {
    /// Returns the reason; empty where all went well.
    pub fn reason(&self) -> &str {
        match self {
            Self::Updated | Self::NoChange => "",
            Self::Aborted(reason)
            | Self::RolledBack(reason)
            | Self::Superseded(reason)
            | Self::RecoveredFromSpec(reason)
            | Self::NeedsHelp(reason) => reason,
        }
    }
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum JournalEntry {
    /// A step begins; written durably before its effect.
    Started { position: Position, at: Timestamp },
    /// A step ended well.
    Done { position: Position, at: Timestamp, output: StepOutput },
    /// The engine was looked at because the step that fails next found the world changed.
    Looked { at: Timestamp, observed: Observed },
    /// A step ended badly.
    Failed { position: Position, at: Timestamp, class: Class, error: String },
    /// The program woke up, or the engine came back, and this is what it saw.
    Resumed { at: Timestamp, observed: Observed },
    /// What stood here, and behind it, is lost: from then on nothing is removed, and a person must
    /// look at the end.
    Damaged { at: Timestamp, what: String },
    /// The operation is over.
    Finished { at: Timestamp, outcome: Outcome },
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Run what stands here.
    Do(Position),
    /// Nothing more; this is how it ended.
    Finish(Outcome),
}

/// Returns what to do next. Pure: the same plan and entries always give the same answer, and after
/// a `Started` without an end the caller appends a `Resumed` before it asks.
pub fn next(plan: &UpdatePlan, entries: &[JournalEntry]) -> Next {
    Replay::of(plan, entries).next()
}

/// Says whether the operation has passed its point of no return.
pub fn is_committed(plan: &UpdatePlan, entries: &[JournalEntry]) -> bool {
    Replay::of(plan, entries).committed
}

/// Says whether the operation is on its way forward and has changed nothing that was there before.
pub fn is_untouched(plan: &UpdatePlan, entries: &[JournalEntry]) -> bool {
    let replay = Replay::of(plan, entries);
    replay.phase == Phase::Forward && !replay.touched && !replay.committed
}

/// Says whether the operation may be left here for long: not while the service is down for it.
pub fn may_rest(plan: &UpdatePlan, entries: &[JournalEntry]) -> bool {
    Replay::of(plan, entries).may_rest()
}

/// The containers of a plan with what the journal adds to them: the keys' IDs and names.
#[derive(Clone, Debug)]
pub struct Known {
    /// The operation, which the containers it made carry as a label.
    pub operation: OperationId,
    /// The target's name.
    pub name: ContainerName,
    /// The names under which the operation's services are known: the target's, and those of the
    /// containers that go with it, by the keys of those that were there before.
    pub homes: BTreeMap<Key, ContainerName>,
    /// The IDs by key, as far as they are known.
    pub ids: BTreeMap<Key, ContainerId>,
    /// The names that containers are made with, by key: how one is found whose ID was lost.
    pub created_as: BTreeMap<Key, ContainerName>,
    /// Why the way turned back, if it did.
    pub failure: Option<String>,
}

impl Known {
    /// Returns what is known after these entries.
    pub fn of(plan: &UpdatePlan, entries: &[JournalEntry]) -> Self {
        let mut known = Self {
            operation: plan.operation.clone(),
            name: plan.target.name.clone(),
            homes: BTreeMap::new(),
            ids: BTreeMap::new(),
            created_as: BTreeMap::new(),
            failure: None,
        };
        for (key, container) in &plan.containers {
            if let Some(id) = &container.id {
                known.ids.insert(key.clone(), id.clone());
                known.homes.insert(key.clone(), container.name.clone());
            }
        }
        let all = plan.steps.iter().map(|planned| &planned.action).chain(&plan.rescue);
        for step in all {
            if let Step::Create { key, name, .. } = step {
                known.created_as.insert(key.clone(), name.clone());
            }
        }
        for entry in entries {
            known.learn(plan, entry);
        }
        known
    }

    fn learn(&mut self, plan: &UpdatePlan, entry: &JournalEntry) {
        match entry {
            JournalEntry::Done { position, output: StepOutput::Created { id }, .. } => {
                if let Some(key) = position.step(plan).and_then(Step::container) {
                    self.ids.insert(key.clone(), id.clone());
                }
            }
            JournalEntry::Failed { position: Position::Forward(_), error, .. } => {
                self.failure.get_or_insert_with(|| error.clone());
            }
            JournalEntry::Resumed { observed, .. } | JournalEntry::Looked { observed, .. } => {
                // One of ours that is gone may be made again, and is then to be found by its name.
                self.ids.retain(|key, _| {
                    observed.containers.contains_key(key) || !self.created_as.contains_key(key)
                });
                for (key, seen) in &observed.containers {
                    self.ids.insert(key.clone(), seen.id.clone());
                }
            }
            _ => {}
        }
    }
}

/// Why an entry could not be written: without it there must be no effect.
#[derive(Debug)]
pub struct JournalError(pub Box<dyn std::error::Error + Send + Sync>);

impl std::fmt::Display for JournalError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("writing the operation's journal")
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

/// The journal of one open operation.
pub trait Journal: Send + Sync {
    /// Returns the plan, which never changes.
    fn plan(&self) -> &UpdatePlan;

    /// Returns what is written so far.
    fn entries(&self) -> &[JournalEntry];

    /// Writes entries; durable when it returns, and all of them or none.
    fn append(&mut self, entries: Vec<JournalEntry>) -> BoxFuture<'_, Result<(), JournalError>>;
}

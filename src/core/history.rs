//! What is kept of a finished operation: its record, made from the plan and the journal alone.

use serde::{Deserialize, Serialize};

use crate::core::backup::BackupRecord;
use crate::core::compose::edit::FileChange;
use crate::core::digest::Digest;
use crate::core::hook::{Execution, Moment};
use crate::core::id::{ContainerId, ContainerName, HostId, ImageId, OperationId, Timestamp};
use crate::core::journal::{
    Evidence, JournalEntry, Known, Outcome, Position, StepOutput, is_committed,
};
use crate::core::plan::{ImageSummary, Key, OperationKind, Step, Trigger, UpdatePlan};

mod backup;
mod removal;

pub use backup::{WayBack, way_back};
pub use removal::{RemovedImage, freed};

/// How an operation ended, in one word (R37, R157).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The container runs what it should.
    Success,
    /// It ended otherwise.
    Failed,
    /// The container runs what it ran before.
    Rollback,
}

impl Status {
    /// All words.
    pub const ALL: [Self; 3] = [Self::Success, Self::Failed, Self::Rollback];

    /// Returns the word for an outcome.
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Updated | Outcome::NoChange => Self::Success,
            Outcome::RolledBack(_) | Outcome::RecoveredFromSpec(_) => Self::Rollback,
            Outcome::Aborted(_) | Outcome::Superseded(_) | Outcome::NeedsHelp(_) => Self::Failed,
        }
    }

    /// Returns the word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Rollback => "rollback",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// The record of one finished operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryRecord {
    /// The operation.
    pub id: OperationId,
    /// The host it ran on.
    pub host: HostId,
    /// The container's name.
    pub container: ContainerName,
    /// The container that had the name before.
    pub old_container_id: Option<ContainerId>,
    /// The container that the operation left under the name; absent where it left none of its own.
    pub container_id: Option<ContainerId>,
    /// What was asked for.
    pub kind: OperationKind,
    /// The reference that it ran before, as people write it.
    pub old_image: String,
    /// The reference that it should run.
    pub new_image: String,
    /// The image that it ran before.
    pub old_image_id: ImageId,
    /// The image that it should run.
    pub new_image_id: ImageId,
    /// The digest of what it ran before.
    pub old_digest: Option<Digest>,
    /// The digest of what it should run.
    pub new_digest: Option<Digest>,
    /// The version that the old image says it has.
    pub old_version: Option<String>,
    /// The version that the new image says it has.
    pub new_version: Option<String>,
    /// The old image's size on disk.
    pub old_size_bytes: Option<u64>,
    /// The new image's size: on disk once it was pulled, else compressed.
    pub new_size_bytes: Option<u64>,
    /// How it ended, in one word.
    pub status: Status,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Why it did not end well.
    pub error_message: Option<String>,
    /// How long it took.
    pub duration_seconds: f64,
    /// How long the container was down; absent where it was not, or where nobody saw its end.
    pub outage_seconds: Option<f64>,
    /// Who asked for it.
    pub triggered_by: Trigger,
    /// When its first step began.
    pub started_at: Timestamp,
    /// When it was over.
    pub completed_at: Timestamp,
    /// One sentence for people.
    pub summary: String,
    /// What was done, in the order in which it was done.
    pub steps: Vec<StepTiming>,
    /// The images that were removed because nothing needed them any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed_images: Vec<RemovedImage>,
    /// What failed containers left behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// What became of the commands that were run inside the containers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<HookRun>,
    /// What was saved of the container's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupRecord>,
    /// What was written into Compose files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileChange>,
    /// The folder of the backup that was restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<String>,
    /// What a person should hear of the data: how it comes back where it was saved and not restored,
    /// and where it is where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about_data: Option<String>,
    /// What a person should know, none of which stopped it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What was planned; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Box<UpdatePlan>>,
}

/// One step as it was run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepTiming {
    /// Its verb.
    pub step: String,
    /// The container it acted on, by its key in the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Key>,
    /// Its place in the plan.
    pub position: Position,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took; absent where it was interrupted.
    pub duration_ms: Option<u64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// One hook as it was run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HookRun {
    /// When.
    pub hook: Moment,
    /// How it ended.
    #[serde(flatten)]
    pub execution: Execution,
}

impl HistoryRecord {
    /// Returns the record of an operation; one whose journal has no end counts as needing help.
    pub fn from_journal(plan: &UpdatePlan, entries: &[JournalEntry]) -> Self {
        let outcome = outcome(entries);
        let started_at = entries.first().map(at).unwrap_or_default();
        let completed_at = entries.last().map(at).unwrap_or_default();
        let reason = outcome.reason();
        let (old, new) = (&plan.old_image, &plan.new_image);
        Self {
            id: plan.operation.clone(),
            host: plan.target.host.clone(),
            container: plan.target.name.clone(),
            old_container_id: plan.containers.get(&Key::old()).and_then(|old| old.id.clone()),
            container_id: left_under_the_name(plan, entries, &outcome),
            kind: plan.kind,
            old_image: plan.old_reference().familiar(),
            new_image: plan.reference.familiar(),
            old_image_id: old.id.clone(),
            new_image_id: new.id.clone(),
            old_digest: old.digest.clone(),
            new_digest: new.digest.clone(),
            old_version: old.version.clone(),
            new_version: new.version.clone(),
            old_size_bytes: old.size_bytes,
            new_size_bytes: pulled_size(entries, new),
            status: Status::of(&outcome),
            error_message: (!reason.is_empty()).then(|| reason.to_owned()),
            duration_seconds: seconds(started_at, completed_at),
            outage_seconds: outage_seconds(plan, entries),
            triggered_by: plan.trigger,
            started_at,
            completed_at,
            summary: plan.summary.clone(),
            steps: timings(plan, entries),
            removed_images: removal::removed_images(plan, entries),
            evidence: evidence(entries),
            hooks: hooks(plan, entries),
            files: files(plan, entries),
            backup: backup::saved(entries),
            restored: backup::restored(plan, entries),
            about_data: backup::about_data(plan, entries, &outcome),
            warnings: warnings(plan, entries, reason),
            plan: Some(Box::new(plan.clone())),
            outcome,
        }
    }
}

impl HistoryRecord {
    /// Returns its sentence, with what was saved and what was freed.
    pub fn told(&self) -> String {
        let saved = self.backup.as_ref().map(BackupRecord::told);
        let told = [Some(self.summary.clone()), saved, freed(&self.removed_images)];
        told.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

fn at(entry: &JournalEntry) -> Timestamp {
    match entry {
        JournalEntry::Started { at, .. }
        | JournalEntry::Done { at, .. }
        | JournalEntry::Failed { at, .. }
        | JournalEntry::Looked { at, .. }
        | JournalEntry::Resumed { at, .. }
        | JournalEntry::Damaged { at, .. }
        | JournalEntry::Finished { at, .. } => *at,
    }
}

fn outcome(entries: &[JournalEntry]) -> Outcome {
    let finished = entries.iter().rev().find_map(|entry| match entry {
        JournalEntry::Finished { outcome, .. } => Some(outcome.clone()),
        _ => None,
    });
    finished.unwrap_or_else(|| Outcome::NeedsHelp("its journal has no end".into()))
}

fn left_under_the_name(
    plan: &UpdatePlan,
    entries: &[JournalEntry],
    outcome: &Outcome,
) -> Option<ContainerId> {
    let key = match outcome {
        Outcome::Updated => Key::replacement(),
        Outcome::NoChange | Outcome::Aborted(_) | Outcome::RolledBack(_) => Key::old(),
        Outcome::RecoveredFromSpec(_) => Key::rescue(),
        Outcome::Superseded(_) | Outcome::NeedsHelp(_) => return None,
    };
    Known::of(plan, entries).ids.remove(&key)
}

fn pulled_size(entries: &[JournalEntry], new: &ImageSummary) -> Option<u64> {
    let pulled = entries.iter().find_map(|entry| match entry {
        JournalEntry::Done { output: StepOutput::Pulled { size_bytes, .. }, .. } => {
            Some(*size_bytes)
        }
        _ => None,
    });
    pulled.or(new.size_bytes)
}

fn evidence(entries: &[JournalEntry]) -> Vec<Evidence> {
    let found = entries.iter().filter_map(|entry| match entry {
        JournalEntry::Done { output: StepOutput::Evidence(evidence), .. } => Some(evidence),
        _ => None,
    });
    found.cloned().collect()
}

fn hooks(plan: &UpdatePlan, entries: &[JournalEntry]) -> Vec<HookRun> {
    let runs = entries.iter().filter_map(|entry| match entry {
        JournalEntry::Done { position, output: StepOutput::Executed(execution), .. } => {
            match position.step(plan)? {
                Step::Exec { moment, .. } => {
                    Some(HookRun { hook: *moment, execution: execution.clone() })
                }
                _ => None,
            }
        }
        _ => None,
    });
    runs.collect()
}

fn files(plan: &UpdatePlan, entries: &[JournalEntry]) -> Vec<FileChange> {
    let mut files = Vec::new();
    for entry in entries {
        let JournalEntry::Done { position, .. } = entry else { continue };
        if let Some(Step::RewriteFile { change }) = position.step(plan)
            && !files.contains(change)
        {
            files.push(change.clone());
        }
    }
    files
}

/// From the first stop of the old container to the last start that went well.
fn outage_seconds(plan: &UpdatePlan, entries: &[JournalEntry]) -> Option<f64> {
    if !plan.was_running {
        return None;
    }
    let stopped = entries.iter().find_map(|entry| match entry {
        JournalEntry::Started { position, at } => match position.step(plan)? {
            Step::Stop { container, .. } if *container == Key::old() => Some(*at),
            _ => None,
        },
        _ => None,
    })?;
    let back = entries.iter().rev().find_map(|entry| match entry {
        JournalEntry::Done { position, at, .. } => {
            matches!(position.step(plan)?, Step::Start { .. }).then_some(*at)
        }
        _ => None,
    })?;
    Some(seconds(stopped, back))
}

fn timings(plan: &UpdatePlan, entries: &[JournalEntry]) -> Vec<StepTiming> {
    let mut timings: Vec<StepTiming> = Vec::new();
    for entry in entries {
        match entry {
            JournalEntry::Started { position, at } => timings.push(begun(plan, *position, *at)),
            JournalEntry::Done { position, at, .. } => end(&mut timings, *position, *at, None),
            JournalEntry::Failed { position, at, error, .. } => {
                end(&mut timings, *position, *at, Some(error));
            }
            JournalEntry::Looked { .. }
            | JournalEntry::Resumed { .. }
            | JournalEntry::Damaged { .. }
            | JournalEntry::Finished { .. } => {}
        }
    }
    timings
}

fn begun(plan: &UpdatePlan, position: Position, started_at: Timestamp) -> StepTiming {
    let step = position.step(plan);
    StepTiming {
        step: step.map_or("unknown", Step::verb).to_owned(),
        on: step.and_then(Step::container).cloned(),
        position,
        started_at,
        duration_ms: None,
        error: None,
    }
}

fn end(timings: &mut [StepTiming], position: Position, at: Timestamp, error: Option<&String>) {
    let last = timings.iter_mut().rev().find(|timing| timing.position == position);
    if let Some(timing) = last {
        let spent = at.signed_duration_since(timing.started_at).num_milliseconds();
        timing.duration_ms = Some(u64::try_from(spent).unwrap_or_default());
        timing.error = error.cloned();
    }
}

/// The plan's own, and every failure that is not the one that the outcome speaks of.
fn warnings(plan: &UpdatePlan, entries: &[JournalEntry], reason: &str) -> Vec<String> {
    let committed = is_committed(plan, entries);
    let failures = entries.iter().filter_map(|entry| match entry {
        JournalEntry::Failed { position, error, .. } if committed || !reason.contains(error) => {
            let verb = position.step(plan).map_or("unknown", Step::verb);
            Some(format!("{verb}: {error}"))
        }
        JournalEntry::Done { position, output: StepOutput::ImageStays { reason }, .. } => {
            removal::stays(plan, *position, reason)
        }
        _ => None,
    });
    let hooks = hooks(plan, entries).into_iter();
    // What another one has against the update is the reason.
    let told = hooks.filter(|run| run.hook == Moment::PostUpdate).filter_map(|run| {
        run.execution.problem().map(|problem| format!("its post-update hook {problem}"))
    });
    let short = backup::saved(entries).map(|record| record.warnings).unwrap_or_default();
    plan.warnings.iter().cloned().chain(failures).chain(told).chain(short).collect()
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.signed_duration_since(from).to_std().unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests;

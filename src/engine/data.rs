//! Performs the steps that save and restore data: the engine has one end of them, the disk the other.

use crate::core::backup::{
    Archive, BackupRecord, Fate, MANIFEST_VERSION, Manifest, RestoredMount, SavedMount, Sums,
    archive_name, parent, place,
};
use crate::core::journal::{Class, Known, StepOutput};
use crate::core::plan::{Key, Step, StepError, StepRunner as _};
use crate::engine::operate::Runner;
use crate::logging::Chain;
use crate::store::backups::{self, BackupError, Reading, Writing};

type StepResult = Result<StepOutput, StepError>;

impl Runner<'_> {
    /// Performs one of the steps that are about backups. Who ends the program does not wait for them:
    /// the way back begins at once, so that the service is not left down.
    pub(super) async fn data_step(&self, step: &Step, known: &Known) -> StepResult {
        let work = async {
            match step {
                Step::PrepareBackup { folder, needed_bytes } => {
                    done(backups::prepare(folder, *needed_bytes).await)
                }
                Step::BackUp { container, folder, mounts } => {
                    self.back_up(known, container, (folder, mounts)).await
                }
                Step::Restore { container, folder, mounts } => {
                    self.restore(known, container, (folder, mounts)).await
                }
                Step::PruneBackups { folder, keep, fate } => {
                    prune(backups::prune(folder, *keep, *fate).await, *fate)
                }
                Step::DiscardBackup { folder } => done(backups::discard(folder).await),
                _ => self.host.run(step, known).await,
            }
        };
        if !matches!(step, Step::BackUp { .. } | Step::Restore { .. }) {
            return work.await;
        }
        tokio::select! {
            biased;
            () = self.engine.stop.cancelled() => {
                let text = "docker-auto was asked to end while data was copied";
                Err(StepError::new(Class::Lasting, text))
            }
            result = work => result,
        }
    }

    async fn back_up(
        &self,
        known: &Known,
        container: &Key,
        (folder, mounts): (&str, &[SavedMount]),
    ) -> StepResult {
        let taken_at = (self.now)();
        let mut archives = Vec::new();
        for (index, mount) in mounts.iter().enumerate() {
            let file = archive_name(index);
            let sums = self.save(known, (container, &place(index)), (folder, &file)).await?;
            archives.push(Archive { file, mount: mount.clone(), sums });
        }
        let spent = (self.now)().signed_duration_since(taken_at).num_milliseconds();
        let manifest = Manifest {
            version: MANIFEST_VERSION,
            operation: self.plan.operation.clone(),
            container: self.plan.target.name.clone(),
            reference: self.plan.old_reference().familiar(),
            image: self.plan.old_image.id.clone(),
            sequence: 0,
            taken_at,
            duration_ms: u64::try_from(spent).unwrap_or_default(),
            archives,
        };
        let record = BackupRecord::of(folder, &manifest);
        record.warnings.iter().for_each(|warning| log::warn!("{}: {warning}", manifest.container));
        backups::complete(folder, manifest).await.map_err(|error| failed(&error))?;
        Ok(StepOutput::BackedUp(record))
    }

    async fn save(
        &self,
        known: &Known,
        (container, path): (&Key, &str),
        (folder, file): (&str, &str),
    ) -> Result<Sums, StepError> {
        let mut download = self.host.download(known, container, path).await?;
        let writing = Writing::begin(folder, file);
        while let Some(piece) = self.host.piece(&mut download).await? {
            if !writing.piece(piece).await {
                break;
            }
        }
        writing.end().await.map_err(|error| failed(&error))
    }

    async fn restore(
        &self,
        known: &Known,
        container: &Key,
        (folder, mounts): (&str, &[RestoredMount]),
    ) -> StepResult {
        for (index, mount) in mounts.iter().enumerate() {
            let reading = Reading::begin(folder, &mount.file, &mount.sha256);
            let (pieces, verdict) = reading.into_parts();
            let archive = (pieces, mount.archive_bytes);
            let unpacked = self.host.unpack(known, (container, &parent(index)), archive).await;
            // What the engine cannot read may be what was never written.
            verdict.wait().await.map_err(|error| failed(&error))?;
            unpacked?;
        }
        Ok(StepOutput::Done)
    }
}

/// On the way back the service is up already: nobody needs to come for a backup too many.
fn prune(result: Result<(), BackupError>, fate: Fate) -> StepResult {
    match result {
        Err(error) if fate == Fate::Failed => {
            log::warn!("{}", Chain(&error));
            Ok(StepOutput::Done)
        }
        result => done(result),
    }
}

fn done(result: Result<(), BackupError>) -> StepResult {
    result.map(|()| StepOutput::Done).map_err(|error| failed(&error))
}

fn failed(error: &BackupError) -> StepError {
    StepError::new(Class::Lasting, Chain(error).to_string())
}

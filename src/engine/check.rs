//! Refreshes what is known: one look at the host, one HEAD per distinct reference, then the judge.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use serde_json::Value;

use crate::core::decision::Request;
use crate::core::digest::{Digest, Platform};
use crate::core::id::{ContainerId, ContainerName, ImageId};
use crate::core::inventory::{Container, Inventory};
use crate::core::plan::BoxFuture;
use crate::core::reference::ImageRef;
use crate::core::remote::{RemoteAnswer, RemoteDigest};
use crate::docker::DockerError;
use crate::engine::command::{Assessment, CheckRequest, Freshness};
use crate::engine::goal::platform_of;
use crate::engine::judge::{Bench, Found, Subject};
use crate::engine::{Engine, EngineError, remote};

/// How many images are resolved at once; the registry client has limits of its own.
const RESOLVED_AT_ONCE: usize = 16;

/// The answers of the registries to the questions of one check.
type Answers = BTreeMap<ImageRef, RemoteAnswer>;

/// A container for which only the manifest can tell.
struct Open<'a> {
    index: usize,
    reference: &'a ImageRef,
    digest: &'a RemoteDigest,
    platform: Platform,
    manifest: Option<Digest>,
}

/// Returns the names of the containers that a person means.
pub(super) fn meant(
    inventory: &Inventory,
    texts: &[ContainerName],
) -> Result<Vec<ContainerName>, EngineError> {
    let name = |text| match inventory.meant(text) {
        Some(container) => Ok(container.name.clone()),
        None => Err(EngineError::Unknown(text.clone())),
    };
    texts.iter().map(name).collect()
}

impl Engine {
    /// Checks containers and says for each what is to be done and why.
    pub async fn check(&self, request: &CheckRequest) -> Result<Vec<Assessment>, EngineError> {
        let inventory = self.discover().await?;
        self.check_in(&inventory, request).await
    }

    /// Checks containers of an inventory.
    pub(super) async fn check_in(
        &self,
        inventory: &Inventory,
        request: &CheckRequest,
    ) -> Result<Vec<Assessment>, EngineError> {
        let names = meant(inventory, &request.names)?;
        let checked = self.assess(inventory, &names, request.freshness, Request::Check).await?;
        self.record(&names, &checked).await?;
        Ok(checked)
    }

    /// Looks at the host, and remembers whether it answered.
    pub(super) async fn discover(&self) -> Result<Inventory, EngineError> {
        let found = self.host.inventory(self.clock.now()).await;
        self.set_trouble(found.as_ref().err().map(DockerError::chain));
        Ok(found?)
    }

    /// Judges containers of an inventory: those that are named, or all.
    pub(super) async fn assess(
        &self,
        inventory: &Inventory,
        names: &[ContainerName],
        freshness: Freshness,
        request: Request,
    ) -> Result<Vec<Assessment>, EngineError> {
        let memory = self.memory(inventory).await?;
        let bench = Bench::new(inventory, memory, &self.settings, self.clock.now());
        let meant = inventory.containers.values();
        let meant = meant.filter(|one| names.is_empty() || names.contains(&one.name));
        let mut subjects: Vec<_> = meant.map(|container| bench.subject(container)).collect();
        let questions: Vec<_> =
            subjects.iter().map(|subject| bench.question(subject, request)).collect();
        let answers = self.ask(inventory, questions.iter().flatten(), freshness).await;
        let mut resolved = self.resolve_all(&bench, (&subjects, &questions), &answers).await?;
        let mut assessments = Vec::with_capacity(subjects.len());
        for (index, (subject, question)) in subjects.iter_mut().zip(&questions).enumerate() {
            let resolved = resolved.remove(&index).map(|found| subject.learn(found));
            let answer = question.as_ref().and_then(|reference| answers.get(reference));
            let answer = resolved.as_ref().or(answer);
            assessments.push(self.assessment(&bench, subject, answer, request));
        }
        Ok(assessments)
    }

    fn assessment<'a>(
        &self,
        bench: &'a Bench<'a>,
        subject: &'a Subject<'a>,
        answer: Option<&'a RemoteAnswer>,
        request: Request,
    ) -> Assessment {
        let remote = answer.and_then(|answer| match answer {
            RemoteAnswer::Digest(found) => Some(found.digest.clone()),
            RemoteAnswer::Image(image) => Some(image.resolved.digest.clone()),
            RemoteAnswer::Failed(_) => None,
        });
        Assessment {
            container: subject.container.clone(),
            current: bench.current(subject, answer),
            remote,
            decision: bench.decide(subject, answer, request),
            manifest: subject.manifest.clone(),
            policy: subject.policy.clone(),
            problems: subject.problems.clone(),
            checked_at: self.clock.now(),
        }
    }

    /// Asks the registries, once per distinct reference.
    async fn ask(
        &self,
        inventory: &Inventory,
        references: impl Iterator<Item = &ImageRef>,
        freshness: Freshness,
    ) -> Answers {
        let distinct: BTreeSet<_> = references.collect();
        let wanted = distinct.into_iter().map(|reference| remote::wanted(reference, inventory));
        let answers = self.registry.check(wanted.collect(), remote::freshness(freshness)).await;
        answers.into_iter().map(|(reference, answer)| (reference, remote::answer(answer))).collect()
    }

    /// Where the digest is another one, only the manifest can tell whether the content differs: it
    /// is fetched for the platform that the container runs as, once for all that share both. Returns
    /// what was found by the subject's index.
    async fn resolve_all(
        &self,
        bench: &Bench<'_>,
        (subjects, questions): (&[Subject<'_>], &[Option<ImageRef>]),
        answers: &Answers,
    ) -> Result<BTreeMap<usize, Found>, EngineError> {
        let mut work: Vec<BoxFuture<'_, Result<Open<'_>, EngineError>>> = Vec::new();
        for (index, (subject, question)) in subjects.iter().zip(questions).enumerate() {
            let Some(reference) = question else { continue };
            let answer = answers.get(reference);
            if let Some(RemoteAnswer::Digest(digest)) = answer
                && bench.is_unresolved(subject, answer)
            {
                let (container, inventory) = (subject.container, bench.inventory);
                work.push(Box::pin(async move {
                    let platform = self.running_platform(inventory, container).await?;
                    let manifest = self.running_manifest(&container.id).await?;
                    Ok(Open { index, reference, digest, platform, manifest })
                }));
            }
        }
        let open: Vec<_> =
            futures_util::stream::iter(work).buffer_unordered(RESOLVED_AT_ONCE).collect().await;
        let open: Vec<Open<'_>> = open.into_iter().collect::<Result<_, _>>()?;
        let images = self.resolve(bench.inventory, &open).await;
        let found = open.into_iter().filter_map(|one| {
            let answer = images.get(&(one.reference, one.platform.clone()))?.clone();
            Some((one.index, Found { answer, platform: one.platform, manifest: one.manifest }))
        });
        Ok(found.collect())
    }

    /// Fetches each distinct manifest.
    async fn resolve<'a>(
        &self,
        inventory: &Inventory,
        open: &[Open<'a>],
    ) -> BTreeMap<(&'a ImageRef, Platform), RemoteAnswer> {
        let distinct: BTreeMap<_, _> =
            open.iter().map(|one| ((one.reference, one.platform.clone()), one.digest)).collect();
        let mut work: Vec<BoxFuture<'_, _>> = Vec::new();
        for ((reference, platform), digest) in distinct {
            work.push(Box::pin(async move {
                let wanted = remote::wanted(reference, inventory);
                let answer = match self.registry.resolve(&wanted, &digest.digest, &platform).await {
                    Ok(image) => RemoteAnswer::Image(remote::image(image, digest)),
                    Err(error) => RemoteAnswer::Failed(remote::failure(&error)),
                };
                ((reference, platform), answer)
            }));
        }
        futures_util::stream::iter(work).buffer_unordered(RESOLVED_AT_ONCE).collect().await
    }

    async fn running_platform(
        &self,
        inventory: &Inventory,
        container: &Container,
    ) -> Result<Platform, EngineError> {
        let inspect = self.image_inspect(&container.image_id).await?;
        let platform = inspect.as_ref().and_then(platform_of);
        Ok(platform.unwrap_or_else(|| inventory.engine.platform.clone()))
    }

    /// Returns an image's inspect, or the one that was stored while the image was still there.
    pub(super) async fn image_inspect(&self, id: &ImageId) -> Result<Option<Value>, EngineError> {
        if let Some(inspect) = self.host.inspect_image(id.as_str(), None).await? {
            return Ok(Some(inspect));
        }
        let stored = self.store.snapshots().image(self.host.id(), id).await?;
        Ok(stored.map(|snapshot| snapshot.inspect))
    }

    /// Returns the platform manifest that a container runs, where the engine says it (API 1.48).
    async fn running_manifest(&self, id: &ContainerId) -> Result<Option<Digest>, EngineError> {
        let inspect = self.host.inspect_container(id).await?;
        let digest = inspect.as_ref().and_then(|it| it.pointer("/ImageManifestDescriptor/digest"));
        Ok(digest.and_then(Value::as_str).and_then(|text| text.parse().ok()))
    }
}

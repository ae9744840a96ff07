//! Refreshes what is known: one look at the host, one HEAD per distinct reference, then the judge.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;

use crate::core::decision::Request;
use crate::core::digest::{Digest, Platform};
use crate::core::id::ContainerName;
use crate::core::inventory::Inventory;
use crate::core::plan::BoxFuture;
use crate::core::reference::ImageRef;
use crate::core::remote::{RateLimit, RemoteAnswer, RemoteDigest};
use crate::docker::DockerError;
use crate::engine::command::{Assessment, CheckRequest, Freshness};
use crate::engine::describe::Depth;
use crate::engine::image::Running;
use crate::engine::judge::{Bench, Found, Subject};
use crate::engine::pace::Pace;
use crate::engine::{Engine, EngineError, remote};
use crate::logging::Chain;

/// How many images are resolved at once; the registry client has limits of its own.
const RESOLVED_AT_ONCE: usize = 16;

/// The answers of the registries to the questions of one check.
type Answers = BTreeMap<ImageRef, RemoteAnswer>;

/// How much of a judgement is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// What it came to.
    Decision,
    /// The questions on the way as well, for a person who named the container.
    Chain,
}

/// A container for which only the manifest can tell.
struct Open<'a> {
    index: usize,
    reference: &'a ImageRef,
    digest: &'a RemoteDigest,
    platform: Platform,
    manifest: Option<Digest>,
    depth: Depth,
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

    /// Returns what registries have said of how much they still allow, by their names.
    pub fn rate_limits(&self) -> Vec<RateLimit> {
        self.registry.rate_limits()
    }

    /// Checks containers of an inventory.
    pub(super) async fn check_in(
        &self,
        inventory: &Inventory,
        request: &CheckRequest,
    ) -> Result<Vec<Assessment>, EngineError> {
        let names = meant(inventory, &request.names)?;
        let asking = self.assess(inventory, &names, request.freshness, Request::Check);
        let checked = self.unless_stopped(Box::pin(asking)).await?;
        self.record(&names, &checked, Request::Check).await?;
        Ok(checked)
    }

    /// Looks at the host, and remembers whether it answered.
    pub(super) async fn discover(&self) -> Result<Inventory, EngineError> {
        let found = self.host.inventory(self.clock.now()).await;
        self.set_trouble(found.as_ref().err().map(DockerError::chain));
        let mut inventory = found?;
        self.learn_rules().await?;
        self.understand(&mut inventory);
        Ok(inventory)
    }

    /// Judges containers of an inventory: those that are named, or all.
    pub(super) async fn assess(
        &self,
        inventory: &Inventory,
        names: &[ContainerName],
        freshness: Freshness,
        request: Request,
    ) -> Result<Vec<Assessment>, EngineError> {
        let memory = Box::pin(self.memory(inventory)).await?;
        let way = self.way().await?;
        let bench = Bench::new(inventory, memory, &self.settings, way, self.clock.now());
        let meant = inventory.containers.values();
        let meant = meant.filter(|one| names.is_empty() || names.contains(&one.name));
        let mut subjects: Vec<_> = meant.map(|container| bench.subject(container)).collect();
        let questions: Vec<_> =
            subjects.iter().map(|subject| bench.question(subject, request)).collect();
        let asked = self.ask(inventory, questions.iter().flatten(), freshness);
        let looked = self.versions(&bench, &subjects, (request, freshness));
        let (answers, versions) = tokio::join!(Box::pin(asked), Box::pin(looked));
        for (index, learnt) in versions? {
            if let Some(subject) = subjects.get_mut(index) {
                subject.learn_versions(learnt);
            }
        }
        let resolved = self.resolve_all(&bench, (&subjects, &questions), &answers, request);
        let mut resolved = resolved.await?;
        Box::pin(self.look_beyond(&bench, &mut subjects, freshness)).await;
        let mut assessments = Vec::with_capacity(subjects.len());
        for (index, (subject, question)) in subjects.iter_mut().zip(&questions).enumerate() {
            let mut resolved = resolved.remove(&index).and_then(|found| subject.learn(found));
            if let Some(RemoteAnswer::Image(image)) = &mut resolved {
                subject.date(image);
            }
            let answer = question.as_ref().and_then(|reference| answers.get(reference));
            let answer = resolved.as_ref().or(answer);
            let detail = if names.is_empty() { Detail::Decision } else { Detail::Chain };
            assessments.push(self.assessment(&bench, subject, answer, (request, detail)));
        }
        Ok(assessments)
    }

    /// Judges one container of an inventory, with every question on the way.
    pub(super) async fn assess_one(
        &self,
        inventory: &Inventory,
        name: &ContainerName,
        (freshness, request): (Freshness, Request),
    ) -> Result<Assessment, EngineError> {
        let names = meant(inventory, std::slice::from_ref(name))?;
        let found = Box::pin(self.assess(inventory, &names, freshness, request)).await?;
        found.into_iter().next().ok_or_else(|| EngineError::Unknown(name.clone()))
    }

    fn assessment<'a>(
        &self,
        bench: &'a Bench<'a>,
        subject: &'a Subject<'a>,
        answer: Option<&'a RemoteAnswer>,
        (request, detail): (Request, Detail),
    ) -> Assessment {
        let (decision, chain) = match detail {
            Detail::Decision => (bench.decide(subject, answer, request), Vec::new()),
            Detail::Chain => bench.explain(subject, answer, request),
        };
        let remote = answer.and_then(|answer| match answer {
            RemoteAnswer::Digest(found) => Some(found.digest.clone()),
            RemoteAnswer::Image(image) => Some(image.resolved.digest.clone()),
            RemoteAnswer::Failed(_) => None,
        });
        Assessment {
            container: subject.container.clone(),
            current: bench.current(subject, answer),
            remote,
            decision,
            chain,
            manifest: subject.manifest.clone(),
            policy: subject.policy.clone(),
            problems: subject.problems.clone(),
            beyond: subject.waiting.beyond.clone(),
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
        let pace = Pace::of(freshness, self.clock.now());
        let mut found = Answers::new();
        for slot in pace.slots(distinct, |reference| reference.registry()) {
            slot.wait(&self.clock).await;
            let wanted =
                slot.items.into_iter().map(|reference| remote::wanted(reference, inventory));
            let asked = self.registry.check(wanted.collect(), remote::freshness(freshness)).await;
            let told = asked.into_iter().map(|(reference, it)| (reference, remote::answer(it)));
            found.extend(told);
        }
        found
    }

    /// Where the digest is another one, only the manifest can tell whether the content differs: it
    /// is fetched for the platform that the container runs as, once for all that share both. Returns
    /// by the subject's index what was found, or why the engine could not say what runs.
    async fn resolve_all(
        &self,
        bench: &Bench<'_>,
        (subjects, questions): (&[Subject<'_>], &[Option<ImageRef>]),
        answers: &Answers,
        request: Request,
    ) -> Result<BTreeMap<usize, Result<Found, String>>, EngineError> {
        let mut work: Vec<BoxFuture<'_, (usize, Result<Open<'_>, EngineError>)>> = Vec::new();
        for (index, (subject, question)) in subjects.iter().zip(questions).enumerate() {
            let Some(reference) = question else { continue };
            let answer = answers.get(reference);
            if let Some(RemoteAnswer::Digest(digest)) = answer
                && bench.is_unresolved(subject, answer, request)
            {
                let (container, inventory) = (subject.container, bench.inventory);
                let depth = Depth::of(&subject.policy);
                let open = async move {
                    let Running { platform, manifest } = self.running(inventory, container).await?;
                    Ok(Open { index, reference, digest, platform, manifest, depth })
                };
                work.push(Box::pin(async move { (index, open.await) }));
            }
        }
        let mut looked = futures_util::stream::iter(work).buffer_unordered(RESOLVED_AT_ONCE);
        let (mut open, mut resolved) = (Vec::new(), BTreeMap::new());
        while let Some((index, one)) = looked.next().await {
            match one {
                Ok(one) => open.push(one),
                Err(error) if error.is_unreachable() => return Err(error),
                Err(error) => drop(resolved.insert(index, Err(Chain(&error).to_string()))),
            }
        }
        let images = self.resolve(bench.inventory, &open).await;
        resolved.extend(open.into_iter().filter_map(|one| {
            let answer = images.get(&(one.reference, one.platform.clone()))?.clone();
            Some((one.index, Ok(Found { answer, platform: one.platform, manifest: one.manifest })))
        }));
        Ok(resolved)
    }

    /// Fetches each distinct manifest.
    async fn resolve<'a>(
        &self,
        inventory: &Inventory,
        open: &[Open<'a>],
    ) -> BTreeMap<(&'a ImageRef, Platform), RemoteAnswer> {
        let mut distinct: BTreeMap<_, (&RemoteDigest, Depth)> = BTreeMap::new();
        for one in open {
            let place = (one.reference, one.platform.clone());
            let (_, depth) = distinct.entry(place).or_insert((one.digest, one.depth));
            *depth = one.depth.max(*depth);
        }
        let mut work: Vec<BoxFuture<'_, _>> = Vec::new();
        for ((reference, platform), (digest, depth)) in distinct {
            work.push(Box::pin(async move {
                let wanted = remote::wanted(reference, inventory);
                let answer = match self.registry.resolve(&wanted, &digest.digest, &platform).await {
                    Ok(image) => {
                        let mut image = remote::image(image, digest);
                        self.describe(inventory, reference, (&mut image, depth)).await;
                        RemoteAnswer::Image(image)
                    }
                    Err(error) => RemoteAnswer::Failed(remote::failure(&error)),
                };
                ((reference, platform), answer)
            }));
        }
        futures_util::stream::iter(work).buffer_unordered(RESOLVED_AT_ONCE).collect().await
    }
}

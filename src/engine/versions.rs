//! Newer tags: one list for each repository, then the newest one that has an image for the platform.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;

use crate::core::decision::Request;
use crate::core::digest::{Digest, Platform};
use crate::core::inventory::{Container, Inventory};
use crate::core::plan::BoxFuture;
use crate::core::reference::ImageRef;
use crate::core::remote::{FailureCode, RemoteAnswer, RemoteFailure, RemoteImage};
use crate::core::version::{Choice, Newest, VersionAnswer, choose};
use crate::engine::command::Freshness;
use crate::engine::image::Running;
use crate::engine::judge::{Bench, Subject};
use crate::engine::{Engine, EngineError, remote};
use crate::logging::Chain;
use crate::registry::{RegistryError, Tags, Wanted};

/// How many tags are tried until one has an image for the platform.
const TRIES: usize = 5;

/// How much is asked at once; the registry client has limits of its own.
const AT_ONCE: usize = 16;

/// The lists of tags by their repository's name.
type Lists = BTreeMap<String, Result<Tags, RegistryError>>;

/// Newer tags of one repository for one platform, the newest first.
type Offer = (Vec<ImageRef>, Platform);

/// What was found out of a container's versions.
pub(super) struct Learnt {
    answer: VersionAnswer,
    platform: Option<(Platform, Option<Digest>)>,
}

impl Subject<'_> {
    /// Takes in what was found out of its versions.
    pub(super) fn learn_versions(&mut self, learnt: Result<Learnt, String>) {
        match learnt {
            Ok(learnt) => {
                self.versions = Some(learnt.answer);
                if let Some((platform, manifest)) = learnt.platform {
                    self.platform = platform;
                    self.manifest = manifest;
                }
            }
            Err(trouble) => self.trouble = Some(trouble),
        }
    }
}

/// A container with newer tags.
struct Open {
    index: usize,
    beyond: Option<String>,
    offer: Offer,
    manifest: Option<Digest>,
}

impl Engine {
    /// Finds out, by the subject's index, which newer versions there are for those that follow any.
    pub(super) async fn versions(
        &self,
        bench: &Bench<'_>,
        subjects: &[Subject<'_>],
        (request, freshness): (Request, Freshness),
    ) -> Result<BTreeMap<usize, Result<Learnt, String>>, EngineError> {
        let questions = subjects.iter().map(|subject| bench.version_question(subject, request));
        let questions: Vec<_> = questions.collect();
        let lists = self.lists(bench.inventory, questions.iter().flatten(), freshness).await;
        let mut learnt = BTreeMap::new();
        let mut open = Vec::new();
        for (index, (subject, question)) in subjects.iter().zip(&questions).enumerate() {
            let Some(reference) = question else { continue };
            let choice = match lists.get(&reference.name()) {
                Some(Ok(tags)) => chosen(reference, tags, subject),
                Some(Err(error)) => {
                    let answer = VersionAnswer::Failed(remote::failure(error));
                    learnt.insert(index, Ok(Learnt { answer, platform: None }));
                    continue;
                }
                None => continue,
            };
            if choice.in_range.is_empty() {
                let answer = VersionAnswer::Known { newest: None, beyond: choice.beyond };
                learnt.insert(index, Ok(Learnt { answer, platform: None }));
                continue;
            }
            match self.open(bench.inventory, subject.container, (reference, choice)).await {
                Ok(one) => open.push(Open { index, ..one }),
                Err(error) if error.is_unreachable() => return Err(error),
                Err(error) => drop(learnt.insert(index, Err(Chain(&error).to_string()))),
            }
        }
        let newest = self.newest(bench.inventory, &open, freshness).await;
        for one in open {
            let answer = match newest.get(&one.offer) {
                Some(Ok(newest)) => VersionAnswer::Known {
                    newest: newest.clone().map(Box::new),
                    beyond: one.beyond,
                },
                Some(Err(failure)) => VersionAnswer::Failed(failure.clone()),
                None => continue,
            };
            let platform = Some((one.offer.1, one.manifest));
            learnt.insert(one.index, Ok(Learnt { answer, platform }));
        }
        Ok(learnt)
    }

    /// Lists the tags of each distinct repository.
    async fn lists(
        &self,
        inventory: &Inventory,
        references: impl Iterator<Item = &ImageRef>,
        freshness: Freshness,
    ) -> Lists {
        let distinct: BTreeMap<_, _> =
            references.map(|reference| (reference.name(), reference)).collect();
        let mut work: Vec<BoxFuture<'_, _>> = Vec::new();
        for (name, reference) in distinct {
            let wanted = remote::wanted(reference, inventory);
            work.push(Box::pin(async move {
                (name, self.registry.tags(wanted, remote::freshness(freshness)).await)
            }));
        }
        futures_util::stream::iter(work).buffer_unordered(AT_ONCE).collect().await
    }

    /// Finds out for which platform the newer tags must have an image.
    async fn open(
        &self,
        inventory: &Inventory,
        container: &Container,
        (reference, choice): (&ImageRef, Choice),
    ) -> Result<Open, EngineError> {
        let Running { platform, manifest } = self.running(inventory, container).await?;
        let references = choice.in_range.iter().filter_map(|tag| reference.with_tag(tag).ok());
        let references = references.take(TRIES).collect();
        let beyond = choice.beyond;
        Ok(Open { index: 0, beyond, offer: (references, platform), manifest })
    }

    /// Finds the newest image of each distinct offer.
    async fn newest<'a>(
        &self,
        inventory: &Inventory,
        open: &'a [Open],
        freshness: Freshness,
    ) -> BTreeMap<Offer, Result<Option<Newest>, RemoteFailure>> {
        let distinct: BTreeSet<&'a Offer> = open.iter().map(|one| &one.offer).collect();
        let mut work: Vec<BoxFuture<'_, _>> = Vec::new();
        for offer in distinct {
            work.push(Box::pin(async move {
                (offer.clone(), self.newest_of(inventory, offer, freshness).await)
            }));
        }
        futures_util::stream::iter(work).buffer_unordered(AT_ONCE).collect().await
    }

    /// Tries tags, the newest first, until one has an image for the platform. One that is listed and
    /// gone counts as one without.
    async fn newest_of(
        &self,
        inventory: &Inventory,
        (references, platform): &Offer,
        freshness: Freshness,
    ) -> Result<Option<Newest>, RemoteFailure> {
        for reference in references {
            let found = self.image_of(inventory, (reference, platform), freshness).await;
            match found {
                RemoteAnswer::Image(image) => {
                    let tag = reference.tag().unwrap_or_default().to_owned();
                    return Ok(Some(Newest { tag, image }));
                }
                RemoteAnswer::Failed(failure)
                    if !matches!(failure.code, FailureCode::NoPlatform | FailureCode::NotFound) =>
                {
                    return Err(failure);
                }
                RemoteAnswer::Failed(_) | RemoteAnswer::Digest(_) => {}
            }
        }
        Ok(None)
    }

    async fn image_of(
        &self,
        inventory: &Inventory,
        (reference, platform): (&ImageRef, &Platform),
        freshness: Freshness,
    ) -> RemoteAnswer {
        let wanted = remote::wanted(reference, inventory);
        let asked = vec![wanted.clone()];
        let mut answers = self.registry.check(asked, remote::freshness(freshness)).await;
        let Some(answer) = answers.remove(reference).map(remote::answer) else {
            return RemoteAnswer::Failed(unanswered(reference));
        };
        let RemoteAnswer::Digest(digest) = answer else { return answer };
        match self.registry.resolve(&wanted, &digest.digest, platform).await {
            Ok(image) => {
                let mut image = remote::image(image, &digest);
                self.describe(&wanted, &mut image).await;
                RemoteAnswer::Image(image)
            }
            Err(error) => RemoteAnswer::Failed(remote::failure(&error)),
        }
    }
}

impl Engine {
    /// Reads what an image says of itself, where that is not known yet; without it, it is as good.
    async fn describe(&self, wanted: &Wanted, image: &mut RemoteImage) {
        let Some(digest) = image.config.as_ref().filter(|_| image.created_at.is_none()) else {
            return;
        };
        match self.registry.image_config(wanted, digest).await {
            Ok(config) => remote::describe(image, &config),
            Err(error) => log::debug!("what an image says of itself is not known: {error}"),
        }
    }
}

fn chosen(reference: &ImageRef, tags: &Tags, subject: &Subject<'_>) -> Choice {
    let current = reference.tag().unwrap_or_default();
    choose(current, tags.iter().map(AsRef::as_ref), &subject.policy.versions)
}

fn unanswered(reference: &ImageRef) -> RemoteFailure {
    RemoteFailure {
        code: FailureCode::BadAnswer,
        message: format!("nothing was answered for {}", reference.familiar()),
        until: None,
    }
}

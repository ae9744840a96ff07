//! Newer tags: one list for each repository, then the images behind them, the newest first, down to
//! the first one that may be taken.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures_util::StreamExt;

use crate::core::decision::Request;
use crate::core::digest::{Digest, Platform};
use crate::core::inventory::{Container, Inventory};
use crate::core::plan::BoxFuture;
use crate::core::reference::ImageRef;
use crate::core::remote::{FailureCode, RemoteAnswer, RemoteFailure, RemoteImage};
use crate::core::version::{Choice, NoImage, Offer, Offered, VersionAnswer, choose};
use crate::engine::command::Freshness;
use crate::engine::describe::Depth;
use crate::engine::image::Running;
use crate::engine::judge::{Bench, Subject};
use crate::engine::pace::Pace;
use crate::engine::{Engine, EngineError, remote, rounds};
use crate::logging::Chain;
use crate::registry::{RegistryError, Tags};

/// How many newer versions of a container are looked at: each of them costs requests.
const MOST_LOOKED_AT: usize = 20;

/// How many with those that are too young alone, which a busy repository has many of.
const MOST_IN_ALL: usize = 100;

/// How much is asked at once; the registry client has limits of its own.
const AT_ONCE: usize = 16;

/// The lists of tags by their repository's name.
type Lists = BTreeMap<String, Result<Tags, RegistryError>>;

/// A tag for a platform, and how much of its image must be known.
type Place = (ImageRef, Platform, Depth);

/// The images that were looked for, or why there is none.
type Images = BTreeMap<Place, Result<Result<RemoteImage, NoImage>, RemoteFailure>>;

/// What was found out of a container's versions.
pub(super) struct Learnt {
    answer: VersionAnswer,
    platform: Option<(Platform, Option<Digest>)>,
    beyond: Vec<ImageRef>,
}

impl Learnt {
    /// Returns what is learnt without a look at images.
    fn listed(answer: VersionAnswer) -> Self {
        Self { answer, platform: None, beyond: Vec::new() }
    }
}

impl Subject<'_> {
    /// Takes in what was found out of its versions.
    pub(super) fn learn_versions(&mut self, learnt: Result<Learnt, String>) {
        match learnt {
            Ok(learnt) => {
                self.versions = Some(learnt.answer);
                self.beyond = learnt.beyond;
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
struct Open<'a> {
    index: usize,
    /// The container with what was found out so far.
    subject: Subject<'a>,
    /// The tags that were not looked at, the newest first.
    left: VecDeque<ImageRef>,
    beyond: Vec<ImageRef>,
    offered: Offered,
    failed: Option<RemoteFailure>,
}

impl Open<'_> {
    /// Takes in what is known, and returns what must be looked for next; `None` when all is known.
    fn next(&mut self, bench: &Bench<'_>, request: Request, images: &Images) -> Option<Place> {
        loop {
            self.subject.versions = Some(VersionAnswer::Known(self.offered.clone()));
            if self.failed.is_some() || !bench.wants_older(&self.subject, request) {
                return None;
            }
            let looked_at = self.offered.offers.len();
            if looked_at >= MOST_IN_ALL
                || looked_at >= MOST_LOOKED_AT
                    && bench.looked_at_in_vain(&self.subject, request) >= MOST_LOOKED_AT
            {
                self.offered.unseen = self.left.len();
                return None;
            }
            let depth = Depth::of(&self.subject.policy);
            let place = (self.left.front()?.clone(), self.subject.platform.clone(), depth);
            let Some(found) = images.get(&place) else { return Some(place) };
            match found {
                Ok(image) => self.offer(&place.0, image.clone()),
                Err(failure) => self.failed = Some(failure.clone()),
            }
        }
    }

    fn offer(&mut self, reference: &ImageRef, mut image: Result<RemoteImage, NoImage>) {
        self.left.pop_front();
        if let Ok(image) = &mut image {
            self.subject.date(image);
        }
        let tag = reference.tag().unwrap_or_default().to_owned();
        self.offered.offers.push(Offer { tag, image: image.map(Box::new) });
    }

    fn learnt(self) -> (usize, Result<Learnt, String>) {
        let answer = match self.failed {
            Some(failure) => VersionAnswer::Failed(failure),
            None => VersionAnswer::Known(self.offered),
        };
        let platform = Some((self.subject.platform, self.subject.manifest));
        (self.index, Ok(Learnt { answer, platform, beyond: self.beyond }))
    }
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
        let mut work: Vec<BoxFuture<'_, (usize, Result<Open<'_>, EngineError>)>> = Vec::new();
        for (index, (subject, question)) in subjects.iter().zip(&questions).enumerate() {
            let Some(reference) = question else { continue };
            let choice = match lists.get(&reference.name()) {
                Some(Ok(tags)) => chosen(reference, tags, subject),
                Some(Err(error)) => {
                    let answer = VersionAnswer::Failed(remote::failure(error));
                    learnt.insert(index, Ok(Learnt::listed(answer)));
                    continue;
                }
                None => continue,
            };
            if choice == Choice::default() {
                let answer = VersionAnswer::Known(Offered::default());
                learnt.insert(index, Ok(Learnt::listed(answer)));
                continue;
            }
            let opening = self.open(bench, subject.container, (index, reference, choice));
            work.push(Box::pin(async move { (index, opening.await) }));
        }
        let mut opened = futures_util::stream::iter(work).buffer_unordered(AT_ONCE);
        let mut open = Vec::new();
        while let Some((index, one)) = opened.next().await {
            match one {
                Ok(one) => open.push(one),
                Err(error) if error.is_unreachable() => return Err(error),
                Err(error) => drop(learnt.insert(index, Err(Chain(&error).to_string()))),
            }
        }
        self.look_at(bench, &mut open, (request, freshness)).await;
        learnt.extend(open.into_iter().map(Open::learnt));
        Ok(learnt)
    }

    /// Looks at the newer versions.
    async fn look_at(
        &self,
        bench: &Bench<'_>,
        open: &mut [Open<'_>],
        (request, freshness): (Request, Freshness),
    ) {
        let next = |images: &Images| -> BTreeSet<Place> {
            open.iter_mut().filter_map(|one| one.next(bench, request, images)).collect()
        };
        let look = |place: Place| -> BoxFuture<'_, _> {
            Box::pin(async move {
                let found = self.offered_image(bench.inventory, &place, freshness).await;
                (place, found)
            })
        };
        rounds::ask(AT_ONCE, next, look).await;
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
        let pace = Pace::of(freshness, self.clock.now());
        let mut lists = Lists::new();
        for slot in pace.slots(distinct, |(_, reference)| reference.registry()) {
            slot.wait(&self.clock).await;
            let mut work: Vec<BoxFuture<'_, _>> = Vec::new();
            for (name, reference) in slot.items {
                let wanted = remote::wanted(reference, inventory);
                work.push(Box::pin(async move {
                    (name, self.registry.tags(wanted, remote::freshness(freshness)).await)
                }));
            }
            let asked = futures_util::stream::iter(work).buffer_unordered(AT_ONCE);
            lists.extend(asked.collect::<Vec<_>>().await);
        }
        lists
    }

    /// Finds out for which platform the newer tags must have an image. Of what lies beyond alone
    /// nobody needs to know.
    async fn open<'a>(
        &self,
        bench: &'a Bench<'a>,
        container: &'a Container,
        (index, reference, choice): (usize, &ImageRef, Choice),
    ) -> Result<Open<'a>, EngineError> {
        let left: VecDeque<_> = tagged(reference, &choice.in_range).collect();
        let mut beyond: Vec<_> = tagged(reference, &choice.beyond).collect();
        let mut subject = bench.subject(container);
        match self.running(bench.inventory, container).await {
            Ok(Running { platform, manifest }) => {
                (subject.platform, subject.manifest) = (platform, manifest);
            }
            Err(error) if left.is_empty() => {
                log::debug!("what lies beyond its versions is not known: {error}");
                beyond.clear();
            }
            Err(error) => return Err(error),
        }
        Ok(Open { index, subject, left, beyond, offered: Offered::default(), failed: None })
    }

    /// Finds a tag's image for a platform. One that is listed and gone counts as one without.
    async fn offered_image(
        &self,
        inventory: &Inventory,
        (reference, platform, depth): &Place,
        freshness: Freshness,
    ) -> Result<Result<RemoteImage, NoImage>, RemoteFailure> {
        match self.image_of(inventory, (reference, platform), freshness).await {
            RemoteAnswer::Image(mut image) => {
                self.describe(inventory, reference, (&mut image, *depth)).await;
                Ok(Ok(image))
            }
            RemoteAnswer::Failed(failure) => no_image(failure.code).map(Err).ok_or(failure),
            RemoteAnswer::Digest(_) => Ok(Err(NoImage::NoPlatform)),
        }
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
            Ok(image) => RemoteAnswer::Image(remote::image(image, &digest)),
            Err(error) => RemoteAnswer::Failed(remote::failure(&error)),
        }
    }
}

/// Returns what a failure says of a version, where it says that there is no image.
pub(super) fn no_image(code: FailureCode) -> Option<NoImage> {
    match code {
        FailureCode::NoPlatform | FailureCode::NotFound => Some(NoImage::NoPlatform),
        FailureCode::NotAnImage => Some(NoImage::NotAnImage),
        _ => None,
    }
}

fn tagged(reference: &ImageRef, tags: &[String]) -> impl Iterator<Item = ImageRef> {
    tags.iter().filter_map(|tag| reference.with_tag(tag).ok())
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

//! One look at a host: its containers with their policies, and what was found out before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::core::candidate::{Candidate, CandidateImage, Reject};
use crate::core::comparison::{Given, Identity, LocalImages, Remembered, Running};
use crate::core::decision::{
    Asked, Decision, Facts, Question, Request, Role, SkipReason, UnknownReason, decide, explain,
    looked_at_in_vain, question, reconsider, version_question, wants_older,
};
use crate::core::digest::{Digest, Platform};
use crate::core::id::{ContainerName, ImageId, Timestamp};
use crate::core::inventory::{Container, Image, Inventory};
use crate::core::policy::Policy;
use crate::core::reference::ImageRef;
use crate::core::remote::RemoteAnswer;
use crate::core::retention::is_ours;
use crate::core::rule::{self, Rule};
use crate::core::verdict::{Pause, Verdict};
use crate::core::version::{self, VersionAnswer};
use crate::core::waiting::Waiting;
use crate::engine::siblings::are_siblings;
use crate::engine::way::Way;
use crate::engine::{Engine, EngineError, Settings};
use crate::store::ImageSnapshot;

/// Everything that the judgement of a host's containers depends on, but the registries' answers.
pub(super) struct Bench<'a> {
    pub(super) inventory: &'a Inventory,
    images: LocalImages<'a>,
    memory: Memory,
    settings: &'a Settings,
    way: Way,
    pub(super) now: Timestamp,
}

/// What was found out before.
#[derive(Default)]
pub(super) struct Memory {
    equivalents: BTreeMap<ImageId, BTreeSet<Digest>>,
    rejects: BTreeMap<ContainerName, Vec<Reject>>,
    verdicts: BTreeMap<ContainerName, Vec<Verdict>>,
    pauses: Vec<Pause>,
    rules: Arc<[Rule]>,
    images: BTreeMap<ImageId, Image>,
    waits: BTreeMap<ContainerName, Waiting>,
}

impl Memory {
    /// Returns nothing but the rules, for what needs no more than policies.
    pub(super) fn of_rules(rules: Arc<[Rule]>) -> Self {
        Self { rules, ..Self::default() }
    }
}

/// One container before the judge.
pub(super) struct Subject<'a> {
    pub(super) container: &'a Container,
    pub(super) policy: Policy,
    pub(super) problems: Vec<String>,
    remembered: Remembered,
    rejects: Vec<Reject>,
    verdicts: &'a [Verdict],
    pause: Option<&'a Pause>,
    pub(super) waiting: Waiting,
    role: Role,
    /// The platform it runs as; the host's until it was looked at.
    pub(super) platform: Platform,
    /// Why the engine could not say what it is, in the engine's words.
    pub(super) trouble: Option<String>,
    /// The platform manifest it runs, where the engine says it.
    pub(super) manifest: Option<Digest>,
    /// What its registry's list of tags came to.
    pub(super) versions: Option<VersionAnswer>,
    /// The versions beyond those that it follows, the newest first.
    pub(super) beyond: Vec<ImageRef>,
}

/// What was found out of the image behind a digest.
pub(super) struct Found {
    pub(super) answer: RemoteAnswer,
    pub(super) platform: Platform,
    pub(super) manifest: Option<Digest>,
}

impl Subject<'_> {
    /// Returns the date of an image that is remembered.
    pub(super) fn sighted(&self, manifest: &Digest) -> Option<Timestamp> {
        self.waiting.sighting_by(manifest.as_str())?.built_at
    }

    /// Takes in what was found out, or why it was not; returns the registry's answer.
    pub(super) fn learn(&mut self, found: Result<Found, String>) -> Option<RemoteAnswer> {
        match found {
            Ok(found) => {
                self.platform = found.platform;
                self.manifest = found.manifest;
                Some(found.answer)
            }
            Err(trouble) => {
                self.trouble = Some(trouble);
                None
            }
        }
    }
}

impl Engine {
    /// Reads what was found out before.
    pub(super) async fn memory(&self, inventory: &Inventory) -> Result<Memory, EngineError> {
        let host = self.host.id();
        let mut rejects: BTreeMap<ContainerName, Vec<Reject>> = BTreeMap::new();
        let stored = self.store.rejects().of_host(host).await?;
        let unstored = self.unstored_rejects().clone();
        for rejected in stored.into_iter().chain(unstored) {
            rejects.entry(rejected.target.name).or_default().push(rejected.reject);
        }
        let equivalents = self.store.snapshots().equivalents(host).await?;
        let images = self.lost_images(inventory).await?;
        let verdicts = self.store.verdicts().of_host(host).await?;
        let pauses = self.store.verdicts().pauses(host).await?;
        let rules = self.known_rules();
        let waits = self.store.waits().of_host(host).await?;
        Ok(Memory { equivalents, rejects, verdicts, pauses, rules, images, waits })
    }

    /// Reads what was stored of images that run, but no longer say by themselves where they came
    /// from: they are gone, or `docker rmi --force` took their names, and with them their digests.
    async fn lost_images(
        &self,
        inventory: &Inventory,
    ) -> Result<BTreeMap<ImageId, Image>, EngineError> {
        let is_lost = |id: &&ImageId| {
            inventory.images.get(id).is_none_or(|image| image.repo_digests.is_empty())
        };
        let running = inventory.containers.values().map(|container| &container.image_id);
        let lost: BTreeSet<_> = running.filter(is_lost).collect();
        let mut images = BTreeMap::new();
        for id in lost {
            let stored = self.store.snapshots().image(self.host.id(), id).await?;
            images.extend(stored.map(|snapshot| (id.clone(), image_of(&snapshot))));
        }
        Ok(images)
    }
}

impl<'a> Bench<'a> {
    pub(super) fn new(
        inventory: &'a Inventory,
        memory: Memory,
        settings: &'a Settings,
        way: Way,
        now: Timestamp,
    ) -> Self {
        let images = LocalImages::new(inventory.engine.store, &inventory.images);
        Self { inventory, images, memory, settings, way, now }
    }

    /// Brings one container before the judge.
    pub(super) fn subject(&'a self, container: &'a Container) -> Subject<'a> {
        let equivalents = self.memory.equivalents.get(&container.image_id).cloned();
        let (host, rules) = (&self.inventory.host, &self.memory.rules);
        let (policy, problems) = rule::policy(&self.settings.policy, rules, host, container);
        let mut problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let reference = ImageRef::parse(&container.image).ok();
        let tag = reference.as_ref().and_then(ImageRef::tag);
        problems.extend(version::idle(tag, &policy.versions));
        let group = policy.group.as_ref().map(|group| group.value.as_str());
        let mut pauses = self.memory.pauses.iter();
        let pause = pauses.find(|pause| pause.paused.holds(&container.name, group));
        Subject {
            container,
            problems,
            remembered: Remembered {
                equivalents: equivalents.unwrap_or_default(),
                image: self.memory.images.get(&container.image_id).cloned(),
                ..Remembered::default()
            },
            waiting: self.memory.waits.get(&container.name).cloned().unwrap_or_default(),
            rejects: self.rejects_of(container, &policy),
            verdicts: self.memory.verdicts.get(&container.name).map_or(&[], Vec::as_slice),
            pause,
            policy,
            role: self.way.role(container),
            platform: self.inventory.engine.platform.clone(),
            trouble: self.inventory.unclear.get(&container.name).cloned(),
            manifest: None,
            versions: None,
            beyond: Vec::new(),
        }
    }

    /// Returns the images that failed on a container, and on those that are as good as it.
    fn rejects_of(&self, container: &Container, policy: &Policy) -> Vec<Reject> {
        let group = |other: &Container| {
            let (host, rules) = (&self.inventory.host, &self.memory.rules);
            let (policy, _) = rule::policy(&self.settings.policy, rules, host, other);
            policy.group.map(|group| group.value)
        };
        let own = policy.group.as_ref().map(|group| group.value.as_str());
        let mut rejects = Vec::new();
        for (name, failed) in &self.memory.rejects {
            let other = self.inventory.containers.get(name);
            let beside = other.is_some_and(|other| are_siblings((container, own), other, group));
            if *name == container.name {
                rejects.extend(failed.iter().cloned());
            } else if beside {
                // What runs there now has proved itself after all.
                let runs = other.map(|other| &other.image_id);
                let failed = failed.iter().filter(|reject| reject.image.as_ref() != runs);
                let there =
                    |reject: &Reject| Reject { beside: Some(name.clone()), ..reject.clone() };
                rejects.extend(failed.map(there));
            }
        }
        rejects
    }

    /// Returns the reference whose registry must be asked, if any.
    pub(super) fn question(
        &'a self,
        subject: &'a Subject<'a>,
        request: Request,
    ) -> Option<ImageRef> {
        let ask = || question(&self.facts(subject, None, request));
        subject.trouble.is_none().then(ask).flatten()
    }

    /// Returns the reference whose repository's tags must be listed, if any.
    pub(super) fn version_question(
        &'a self,
        subject: &'a Subject<'a>,
        request: Request,
    ) -> Option<ImageRef> {
        let ask = || version_question(&self.facts(subject, None, request));
        subject.trouble.is_none().then(ask).flatten()
    }

    /// Says whether the next older version must be looked at.
    pub(super) fn wants_older(&'a self, subject: &'a Subject<'a>, request: Request) -> bool {
        wants_older(&self.facts(subject, None, request))
    }

    /// Returns how many newer versions were looked at in vain.
    pub(super) fn looked_at_in_vain(&'a self, subject: &'a Subject<'a>, request: Request) -> usize {
        looked_at_in_vain(&self.facts(subject, None, request))
    }

    /// Returns the image that a container's reference names here, if it is another one than runs.
    pub(super) fn moved(&self, subject: &Subject<'_>) -> Option<ImageId> {
        let running = self.running(subject);
        let Given::Reference(reference, _) = running.given() else { return None };
        match running.moved(&reference)?.image {
            CandidateImage::Local { id, .. } => Some(id),
            CandidateImage::Remote(_) => None,
        }
    }

    /// Says whether only the manifest can tell if the registry's image is another one.
    pub(super) fn is_unresolved(
        &self,
        subject: &Subject<'_>,
        answer: Option<&RemoteAnswer>,
        request: Request,
    ) -> bool {
        // For the very request: one that lifts failures finds what a failure hides.
        let decision = self.decide(subject, answer, request);
        let unresolved = |reason: &_| matches!(reason, UnknownReason::Unresolved { .. });
        matches!(&decision, Decision::Unknown { reason } if unresolved(reason))
    }

    /// Judges.
    pub(super) fn decide(
        &'a self,
        subject: &'a Subject<'a>,
        answer: Option<&'a RemoteAnswer>,
        request: Request,
    ) -> Decision {
        let decision = decide(&self.facts(subject, answer, request));
        unclear(subject, &decision).unwrap_or(decision)
    }

    /// Judges once more whether a candidate that was found before may run.
    pub(super) fn reconsider(
        &'a self,
        subject: &'a Subject<'a>,
        candidate: &Candidate,
        request: Request,
    ) -> Decision {
        reconsider(&self.facts(subject, None, request), candidate.clone())
    }

    /// Judges, and returns every question that was asked.
    pub(super) fn explain(
        &'a self,
        subject: &'a Subject<'a>,
        answer: Option<&'a RemoteAnswer>,
        request: Request,
    ) -> (Decision, Vec<Asked>) {
        let (decision, mut chain) = explain(&self.facts(subject, answer, request));
        let Some(unclear) = unclear(subject, &decision) else { return (decision, chain) };
        // What stands before the image was asked with what is known.
        chain.retain(|asked| asked.question < Question::Engine && asked.ended.is_none());
        let ended = Some(unclear.code());
        chain.push(Asked { ended, ..Asked::of(Question::Engine) });
        (unclear, chain)
    }

    /// Returns the digest to show for what runs; also for containers that no registry is asked for.
    pub(super) fn current(
        &'a self,
        subject: &'a Subject<'a>,
        answer: Option<&RemoteAnswer>,
    ) -> Option<Digest> {
        let running = self.running(subject);
        match running.given() {
            Given::Reference(reference, _) | Given::ImageId(Some(reference)) => {
                running.current_digest(&reference, answer)
            }
            Given::ImageId(None) | Given::Unreadable(_) => None,
        }
    }

    fn running(&'a self, subject: &'a Subject<'a>) -> Running<'a> {
        Running {
            container: subject.container,
            platform: &subject.platform,
            manifest: subject.manifest.as_ref(),
            identity: Identity::Unknown,
            images: &self.images,
            remembered: &subject.remembered,
        }
    }

    fn facts(
        &'a self,
        subject: &'a Subject<'a>,
        answer: Option<&'a RemoteAnswer>,
        request: Request,
    ) -> Facts<'a> {
        Facts {
            running: self.running(subject),
            answer,
            versions: subject.versions.as_ref(),
            policy: &subject.policy,
            rejects: &subject.rejects,
            verdicts: subject.verdicts,
            pause: subject.pause,
            waiting: &subject.waiting,
            role: subject.role,
            request,
            now: self.now,
        }
    }
}

/// Returns what is said instead where the engine did not say what a container is. What leaves it out
/// holds whatever its image is.
fn unclear(subject: &Subject<'_>, decision: &Decision) -> Option<Decision> {
    let trouble = subject.trouble.as_ref()?;
    let left_out = matches!(decision, Decision::Skip { reason } if !matches!(reason, SkipReason::PinnedImageId(_)));
    let reason = UnknownReason::Engine(trouble.clone());
    (!left_out).then_some(Decision::Unknown { reason })
}

/// Returns a stored image as it would be listed.
fn image_of(snapshot: &ImageSnapshot) -> Image {
    let inspect = &snapshot.inspect;
    let texts = |field: &str| {
        let listed = inspect.get(field).and_then(Value::as_array).into_iter().flatten();
        let names = listed.filter_map(Value::as_str).filter(|name| !is_ours(name));
        names.map(ToOwned::to_owned).collect()
    };
    let labels = inspect.pointer("/Config/Labels").and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    let created = inspect.get("Created").and_then(Value::as_str);
    Image {
        id: snapshot.image_id.clone(),
        repo_tags: texts("RepoTags"),
        repo_digests: texts("RepoDigests"),
        keep_tags: Vec::new(),
        labels: labels
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
        size_bytes: inspect.get("Size").and_then(Value::as_u64).unwrap_or(0),
        created_at: created.and_then(|text| text.parse().ok()).unwrap_or(snapshot.seen_at),
    }
}

//! The facts before any policy: is the image that runs what its reference names now?

use std::collections::BTreeSet;

use crate::core::candidate::{Candidate, CandidateImage};
use crate::core::digest::{Digest, Platform};
use crate::core::inventory::{Container, Image, ImageStore};
use crate::core::reference::{DOCKER_HUB, ImageRef, is_image_id};
use crate::core::remote::{FailureCode, RemoteAnswer, RemoteFailure, RemoteImage};
use crate::core::version::{VERSION_LABEL, Versions, shown};

mod images;

pub use images::LocalImages;
use images::own_digests;

/// What was found out before about a container's image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The reference that the container follows, for one that was made from an image ID.
    pub reference: Option<ImageRef>,
    /// Registry digests whose content is the image that runs.
    pub equivalents: BTreeSet<Digest>,
    /// The digest of its config.
    pub config: Option<Digest>,
    /// The image as it was known before, for one that the engine no longer lists, or lists without
    /// its digests.
    pub image: Option<Image>,
}

/// Where the engine says that an image came from (API 1.53 and later).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// The engine does not say.
    #[default]
    Unknown,
    /// It was pulled.
    Pulled,
    /// It was built here.
    Built,
}

/// A container with everything that is known of its image without a registry.
#[derive(Clone, Copy, Debug)]
pub struct Running<'a> {
    /// The container.
    pub container: &'a Container,
    /// The platform that it runs as.
    pub platform: &'a Platform,
    /// The digest of the manifest that it runs, where the engine says it (API 1.48 and later).
    pub manifest: Option<&'a Digest>,
    /// Where its image came from.
    pub identity: Identity,
    /// The images of its host.
    pub images: &'a LocalImages<'a>,
    /// What was found out before.
    pub remembered: &'a Remembered,
}

/// What a container's image was given as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// A reference, with or without a registry's host in it.
    Reference(ImageRef, Host),
    /// An image ID; the reference is the only one that names that image, if there is just one.
    ImageId(Option<ImageRef>),
    /// A text that is neither; says why.
    Unreadable(String),
}

/// Whether a reference was written with its registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// It names its registry.
    Named,
    /// It names none, which means Docker Hub, or nothing but a local name.
    Implied,
}

impl Host {
    /// Returns how a reference is written in its familiar form.
    pub fn of(reference: &ImageRef) -> Self {
        if reference.registry() == DOCKER_HUB { Self::Implied } else { Self::Named }
    }
}

/// The outcome of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The reference names what runs.
    Same(Match),
    /// The registry has something else.
    Newer(Box<RemoteImage>),
    /// The image is known here alone.
    Local(LocalEvidence),
    /// The registry has another digest; only its manifest can tell whether the content differs.
    Unresolved(Digest),
    /// The registry was not asked.
    NotAsked,
    /// The registry could not say.
    Failed(RemoteFailure),
}

/// How an image is known to be the one that a reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// Its digest is the registry's.
    Digest(Digest),
    /// The registry's digest is another one, but for this platform its content is the same; worth
    /// to be remembered.
    Content(Digest),
    /// Its local name still names it.
    LocalName,
}

/// What shows that an image is known here alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalEvidence {
    /// It has no digest from its repository: it was built, loaded, imported or retagged.
    NoDigest,
    /// The engine says that it was built here.
    Built,
    /// Its name has no registry in it, and Docker Hub answered so.
    UnknownToHub(String),
}

impl<'a> Running<'a> {
    /// Reads what the container's image was given as. An image ID is resolved by what is
    /// remembered, else by the one name that the image has.
    pub fn given(&self) -> Given {
        let text = self.container.image.as_str();
        if self.is_id_of_image(text) {
            return match &self.remembered.reference {
                Some(reference) => Given::Reference(reference.clone(), Host::of(reference)),
                None => Given::ImageId(self.only_name()),
            };
        }
        match ImageRef::parse(text) {
            Ok(reference) => Given::Reference(reference, host(text)),
            Err(error) => Given::Unreadable(error.to_string()),
        }
    }

    /// `docker run 4f5e6d` writes the abbreviated ID as it was typed.
    fn is_id_of_image(&self, text: &str) -> bool {
        let full = self.container.image_id.as_str();
        let digits = full.strip_prefix("sha256:").unwrap_or(full);
        let named = || ImageRef::parse(text).is_ok_and(|name| self.images.named(&name).is_some());
        is_image_id(text) || (text.len() >= 4 && digits.starts_with(text) && !named())
    }

    fn only_name(&self) -> Option<ImageRef> {
        match self.image()?.repo_tags.as_slice() {
            [tag] => ImageRef::parse(tag).ok(),
            _ => None,
        }
    }

    /// Returns the image that runs, as it is listed or was listed last.
    fn image(&self) -> Option<&'a Image> {
        let id = &self.container.image_id;
        let listed = self.images.by_id.get(id);
        listed.or(self.remembered.image.as_ref().filter(|image| image.id == *id))
    }

    /// Returns the version that the image which runs says it has. The containerd store lists an image
    /// without its labels where parts of it are gone; the container has them from it.
    pub fn version(&self) -> Option<String> {
        let labels = &self.image()?.labels;
        let label = labels.get(VERSION_LABEL);
        let inherited = labels.is_empty().then(|| self.container.labels.get(VERSION_LABEL));
        shown(label.or(inherited.flatten())?)
    }

    /// Returns the digests that its image has, or had before, from a reference's repository. What an
    /// ID stands for never changes, so that what was known of it still holds.
    fn own_digests(&self, reference: &ImageRef) -> BTreeSet<Digest> {
        let id = &self.container.image_id;
        let remembered = self.remembered.image.as_ref().filter(|image| image.id == *id);
        let known = [self.images.by_id.get(id), remembered].into_iter().flatten();
        known.flat_map(|image| own_digests(image, reference)).collect()
    }

    /// Returns the digests by which a registry may know the image that runs: those from its own
    /// repository, whatever their order, and those that were found to be the same.
    pub fn known_digests(&self, reference: &ImageRef) -> BTreeSet<Digest> {
        let mut digests = self.own_digests(reference);
        digests.extend(self.remembered.equivalents.iter().cloned());
        if self.images.store == ImageStore::Containerd {
            digests.extend(self.container.image_id.as_str().parse::<Digest>().ok());
        }
        digests
    }

    /// Returns the digest to show for what runs: the registry's, if it stands for the same image,
    /// else one of its own repository.
    pub fn current_digest(
        &self,
        reference: &ImageRef,
        answer: Option<&RemoteAnswer>,
    ) -> Option<Digest> {
        let known = self.known_digests(reference);
        let remote = match answer {
            Some(RemoteAnswer::Digest(found)) => Some(&found.digest),
            Some(RemoteAnswer::Image(image)) => Some(&image.resolved.digest),
            Some(RemoteAnswer::Failed(_)) | None => None,
        };
        let own = || self.own_digests(reference).pop_first();
        let remote = remote.filter(|digest| known.contains(digest)).cloned();
        remote.or_else(own).or_else(|| known.into_iter().next())
    }

    /// Returns what shows without a registry that the image is known here alone. The containerd
    /// store gives every local name a digest, so that there only the engine's own word counts.
    pub fn local_evidence(&self, reference: &ImageRef) -> Option<LocalEvidence> {
        self.image()?;
        match (self.identity, self.images.store) {
            (Identity::Built, _) => Some(LocalEvidence::Built),
            (Identity::Unknown, ImageStore::GraphDriver)
                if self.own_digests(reference).is_empty()
                    && self.remembered.equivalents.is_empty() =>
            {
                Some(LocalEvidence::NoDigest)
            }
            _ => None,
        }
    }

    /// Returns the image that the reference names here, if it is another one than runs: someone
    /// pulled or built it.
    pub fn moved(&self, reference: &ImageRef) -> Option<Candidate> {
        let image = self.images.named(reference)?;
        (image.id != self.container.image_id).then(|| Candidate {
            reference: reference.clone(),
            image: CandidateImage::Local {
                id: image.id.clone(),
                digests: own_digests(image, reference),
            },
            versions: Versions::default(),
        })
    }

    /// Compares what runs with what a registry answers about its reference.
    pub fn compare(
        &self,
        reference: &ImageRef,
        host: Host,
        answer: Option<&RemoteAnswer>,
    ) -> Comparison {
        if let Some(evidence) = self.local_evidence(reference) {
            return Comparison::Local(evidence);
        }
        let known = self.known_digests(reference);
        match answer {
            None => Comparison::NotAsked,
            Some(RemoteAnswer::Failed(failure)) => self.failed(failure, host),
            Some(RemoteAnswer::Digest(found)) if known.contains(&found.digest) => {
                Comparison::Same(Match::Digest(found.digest.clone()))
            }
            Some(RemoteAnswer::Digest(found)) => Comparison::Unresolved(found.digest.clone()),
            Some(RemoteAnswer::Image(image)) => self.resolved(&known, image, reference),
        }
    }

    /// A private registry that refuses is an error; Docker Hub also refuses (401) what it does not
    /// know, and a name without a registry that it does not know is a local one.
    fn failed(&self, failure: &RemoteFailure, host: Host) -> Comparison {
        let unknown = matches!(failure.code, FailureCode::Unauthorized | FailureCode::NotFound);
        let has_digest = self.images.store == ImageStore::GraphDriver && self.image().is_some();
        let pulled = has_digest || self.identity == Identity::Pulled;
        match host {
            Host::Implied if unknown && !pulled => {
                Comparison::Local(LocalEvidence::UnknownToHub(failure.message.clone()))
            }
            _ => Comparison::Failed(failure.clone()),
        }
    }

    fn resolved(
        &self,
        known: &BTreeSet<Digest>,
        image: &RemoteImage,
        reference: &ImageRef,
    ) -> Comparison {
        let digest = &image.resolved.digest;
        if known.contains(digest) {
            return Comparison::Same(Match::Digest(digest.clone()));
        }
        let runs = |platform: &Platform| platform.distance_to(self.platform).is_some();
        if let Some(platform) = image.platform.as_ref().filter(|platform| !runs(platform)) {
            let wanted = self.platform;
            return Comparison::Failed(RemoteFailure {
                code: FailureCode::NoPlatform,
                message: format!("{} is for {platform}, not for {wanted}", reference.familiar()),
                until: None,
            });
        }
        if known.contains(&image.manifest) || self.has_content(image) {
            return Comparison::Same(Match::Content(digest.clone()));
        }
        Comparison::Newer(Box::new(image.clone()))
    }

    fn has_content(&self, image: &RemoteImage) -> bool {
        let runs_config = |config: &Digest| {
            let is_id = self.container.image_id.as_str() == config.as_str();
            (is_id && self.images.store == ImageStore::GraphDriver)
                || self.remembered.config.as_ref() == Some(config)
        };
        self.manifest == Some(&image.manifest) || image.config.as_ref().is_some_and(runs_config)
    }
}

fn host(text: &str) -> Host {
    let first = text.split_once('/').map(|(first, _)| first);
    let named = |first: &str| first.contains(['.', ':']) || first == "localhost";
    if first.is_some_and(named) { Host::Named } else { Host::Implied }
}

//! Asks a registry for one image: its digest, its manifest for a platform, its config.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::Value;

use super::access::Access;
use super::client::{Answer, Request};
use super::error::RegistryError;
use super::host::{Heads, Host, scope_of};
use super::manifest::{self, ACCEPTED, Entry, Manifest, OUTDATED, Unread};
use super::refusal;
use crate::core::digest::{Digest, Platform};
use crate::core::reference::ImageRef;

/// The longest manifest that is read; registries accept no longer ones either.
const LONGEST_MANIFEST: usize = 4 * 1024 * 1024;

/// The longest image config that is read.
const LONGEST_CONFIG: usize = 8 * 1024 * 1024;

/// How deep an index may stand within others.
const DEEPEST: u8 = 3;

/// The most manifests that are read to find one for a platform.
const MOST_MANIFESTS: usize = 16;

/// What a tag names now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteDigest {
    /// The digest that the tag resolves to: of an index where there is one.
    pub digest: Digest,
    /// Its media type.
    pub media_type: Box<str>,
    /// Who said so.
    pub source: Source,
}

/// Who answered for an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Its own registry.
    Canonical,
    /// A mirror, because the registry was out of reach; it may be behind.
    Mirror(Box<str>),
}

/// An image for one platform, found in a registry.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteImage {
    /// The digest that was asked for.
    pub digest: Digest,
    /// The digest of the platform's own manifest; the same where there is no index.
    pub manifest: Digest,
    /// The digest of its config, which is the image's ID in a graph driver's store.
    pub config: Digest,
    /// The size of its config and its layers, as they are transferred.
    pub size_bytes: u64,
    /// The platform it is made for.
    pub platform: Platform,
    /// Its config, where finding the platform took reading it.
    pub image_config: Option<Value>,
}

/// What lies behind a digest.
enum Looked {
    Image(RemoteImage),
    Index(Vec<Entry>),
}

/// One image at one registry.
pub(super) struct RemoteReference {
    pub(super) access: Arc<Access>,
    pub(super) host: Arc<Host>,
    pub(super) reference: ImageRef,
    pub(super) source: Source,
}

impl RemoteReference {
    /// Asks what the tag names: by HEAD, which is free, and by GET only where that is no answer.
    pub(super) async fn digest(&self) -> Result<RemoteDigest, RegistryError> {
        let heads = self.host.heads();
        if heads != Heads::Refused {
            let answer = self.manifest(Method::HEAD, self.tag_or_digest()).await?;
            if answer.status.is_success() {
                self.host.learn_heads(Heads::Answered);
                if let Some(digest) = stated_digest(&answer) {
                    return Ok(self.remote_digest(digest, media_type(&answer)));
                }
            } else if heads == Heads::Answered || !may_concern_the_method(answer.status) {
                return Err(self.refusal(&answer).await);
            } else if answer.status == StatusCode::METHOD_NOT_ALLOWED {
                self.host.learn_heads(Heads::Refused);
            }
        }
        let answer = self.manifest(Method::GET, self.tag_or_digest()).await?;
        if !answer.status.is_success() {
            return Err(self.refusal(&answer).await);
        }
        let digest = self.digest_of_content(&answer)?;
        Ok(self.remote_digest(digest, media_type(&answer)))
    }

    /// Finds the image for a platform behind a digest.
    pub(super) async fn image(
        &self,
        digest: &Digest,
        wanted: &Platform,
    ) -> Result<RemoteImage, RegistryError> {
        self.search(digest, wanted, (|_| None, |image| image)).await
    }

    /// Finds out whether there is an image for a platform behind a digest. Where an index states
    /// one, that is believed: reading it would count as another pull.
    pub(super) async fn has_image(
        &self,
        digest: &Digest,
        wanted: &Platform,
    ) -> Result<(), RegistryError> {
        let stated = |entries: &[Entry]| {
            let best = manifest::candidates(entries, wanted).into_iter().next()?;
            (best.platform.is_some() && !best.nested).then_some(())
        };
        self.search(digest, wanted, (stated, drop)).await
    }

    /// Searches behind a digest for a platform's image, unless an index tells enough. What is no
    /// image does not hide the others of its index.
    async fn search<T>(
        &self,
        digest: &Digest,
        wanted: &Platform,
        (enough, found): (impl Fn(&[Entry]) -> Option<T>, impl Fn(RemoteImage) -> T),
    ) -> Result<T, RegistryError> {
        let mut pending = vec![(digest.clone(), None, 0)];
        let runs = |platform: &Platform| platform.distance_to(wanted).is_some();
        let (mut available, mut no_image) = (Vec::new(), None);
        for _ in 0..MOST_MANIFESTS {
            let Some((manifest, platform, depth)) = pending.pop() else { break };
            match Box::pin(self.look(digest, (manifest, platform))).await {
                Ok(Looked::Image(image)) if runs(&image.platform) => return Ok(found(image)),
                Ok(Looked::Image(image)) => available.push(image.platform),
                Ok(Looked::Index(_)) if depth == DEEPEST => {
                    return Err(self.bad_answer("its indexes are nested too deeply"));
                }
                Ok(Looked::Index(entries)) => {
                    if let Some(told) = enough(&entries) {
                        return Ok(told);
                    }
                    let stated = entries.iter().filter_map(|entry| entry.platform.clone());
                    available.extend(stated.filter(|platform| !runs(platform)));
                    for entry in manifest::candidates(&entries, wanted).into_iter().rev() {
                        let stated = entry.platform.clone().filter(|_| !entry.nested);
                        pending.push((entry.digest.clone(), stated, depth + 1));
                    }
                }
                Err(error @ RegistryError::NotAnImage { .. }) => {
                    no_image.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(if available.is_empty() {
            no_image.unwrap_or_else(|| {
                self.not_an_image("it is no container image: its index names none")
            })
        } else {
            RegistryError::NoPlatform {
                doing: self.doing().into(),
                wanted: wanted.clone(),
                available: manifest::listed(available.iter()),
            }
        })
    }

    /// Reads a manifest and, where nothing states it, the platform of its image.
    async fn look(
        &self,
        asked: &Digest,
        (manifest, stated): (Digest, Option<Platform>),
    ) -> Result<Looked, RegistryError> {
        let (config, size_bytes) = match self.read_manifest(&manifest).await? {
            Manifest::Index(entries) => return Ok(Looked::Index(entries)),
            Manifest::Image { config, size_bytes } => (config, size_bytes),
        };
        let (platform, image_config) = self.platform(stated, &config).await?;
        let digest = asked.clone();
        let image = RemoteImage { digest, manifest, config, size_bytes, platform, image_config };
        Ok(Looked::Image(image))
    }

    /// Reads an image's config.
    pub(super) async fn config(&self, digest: &Digest) -> Result<Value, RegistryError> {
        let path = self.path("blobs", digest.as_str());
        let answer = self.call(Method::GET, path, LONGEST_CONFIG).await?;
        let content = self.checked(&answer, digest).await?;
        serde_json::from_slice(&content)
            .map_err(|error| self.bad_answer(&format!("its config is not valid JSON ({error})")))
    }

    async fn read_manifest(&self, digest: &Digest) -> Result<Manifest, RegistryError> {
        let answer = self.manifest(Method::GET, digest.as_str()).await?;
        self.refuse_outdated(&answer)?;
        let content = self.checked(&answer, digest).await?;
        Manifest::read(&content).map_err(|unread| self.unread(&unread))
    }

    fn refuse_outdated(&self, answer: &Answer) -> Result<(), RegistryError> {
        if answer.status.is_success() && manifest::is_outdated(&media_type(answer)) {
            return Err(self.not_an_image(OUTDATED));
        }
        Ok(())
    }

    /// Returns the platform that an index states, or else the one in the image's config.
    async fn platform(
        &self,
        stated: Option<Platform>,
        config: &Digest,
    ) -> Result<(Platform, Option<Value>), RegistryError> {
        if let Some(platform) = stated {
            return Ok((platform, None));
        }
        let content = self.config(config).await?;
        match manifest::platform_of(&content) {
            Some(platform) => Ok((platform, Some(content))),
            None => {
                Err(self.not_an_image("it is no container image: its config names no platform"))
            }
        }
    }

    async fn checked(&self, answer: &Answer, digest: &Digest) -> Result<Bytes, RegistryError> {
        if !answer.status.is_success() {
            return Err(self.refusal(answer).await);
        }
        if !manifest::is_content_of(digest, &answer.body) {
            let reason = format!("the content received is not {digest}");
            return Err(self.bad_answer(&reason));
        }
        Ok(answer.body.clone())
    }

    /// Returns the digest of a manifest's content; the registry's word must agree.
    fn digest_of_content(&self, answer: &Answer) -> Result<Digest, RegistryError> {
        self.refuse_outdated(answer)?;
        Manifest::read(&answer.body).map_err(|unread| self.unread(&unread))?;
        match stated_digest(answer) {
            None => Ok(Digest::of(&answer.body)),
            Some(digest) if manifest::is_content_of(&digest, &answer.body) => Ok(digest),
            Some(digest) => Err(self.bad_answer(&format!("the content received is not {digest}"))),
        }
    }

    async fn manifest(&self, method: Method, name: &str) -> Result<Answer, RegistryError> {
        self.call(method, self.path("manifests", name), LONGEST_MANIFEST).await
    }

    async fn call(
        &self,
        method: Method,
        path: String,
        longest: usize,
    ) -> Result<Answer, RegistryError> {
        let timing = self.access.client.timing();
        let budget = if method == Method::HEAD { timing.budget } else { timing.download };
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(ACCEPTED));
        let doing = self.doing();
        let body = Bytes::new();
        let account = "";
        let request =
            Request { doing: &doing, account, method, path, headers, body, longest, budget };
        let scope = scope_of(self.reference.repository());
        self.access.call(&self.host, &request, &scope).await
    }

    pub(super) fn path(&self, kind: &str, name: &str) -> String {
        format!("{}/v2/{}/{kind}/{name}", self.host.prefix, self.reference.repository())
    }

    fn tag_or_digest(&self) -> &str {
        let digest = || self.reference.digest().map_or("latest", Digest::as_str);
        self.reference.tag().unwrap_or_else(digest)
    }

    fn remote_digest(&self, digest: Digest, media_type: Box<str>) -> RemoteDigest {
        RemoteDigest { digest, media_type, source: self.source.clone() }
    }

    pub(super) fn doing(&self) -> String {
        doing(&self.host.name, &self.reference)
    }

    pub(super) fn bad_answer(&self, reason: &str) -> RegistryError {
        RegistryError::bad_answer(&self.doing(), reason)
    }

    fn not_an_image(&self, reason: &str) -> RegistryError {
        RegistryError::NotAnImage { doing: self.doing().into(), reason: reason.into() }
    }

    fn unread(&self, unread: &Unread) -> RegistryError {
        match unread {
            Unread::Broken(reason) => self.bad_answer(reason),
            Unread::NotAnImage(reason) => self.not_an_image(reason),
        }
    }

    pub(super) async fn refusal(&self, answer: &Answer) -> RegistryError {
        let found = self.access.found(&self.host).await;
        refusal::error(&self.doing(), answer, &found)
    }
}

/// Returns what an error about an image says was being done.
pub(super) fn doing(host: &str, reference: &ImageRef) -> String {
    format!("asking {host} for {}", reference.familiar())
}

/// Says whether a refused HEAD request might be answered as GET: some registries do not know it.
fn may_concern_the_method(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::UNAUTHORIZED
    )
}

fn stated_digest(answer: &Answer) -> Option<Digest> {
    answer.headers.get("docker-content-digest")?.to_str().ok()?.trim().parse().ok()
}

fn media_type(answer: &Answer) -> Box<str> {
    let text = answer.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    text.and_then(|text| text.split(';').next()).unwrap_or_default().trim().into()
}

//! What registries say of images: the digest behind a tag, the image for a platform, its config.

mod access;
mod cache;
mod challenge;
mod client;
mod credentials;
mod ecr;
mod error;
mod found;
mod guess;
mod host;
mod hosts;
mod hub;
mod image;
mod insecure;
mod limit;
mod manifest;
mod peer;
mod pool;
mod refusal;
mod retry;
mod settings;
mod tags;
mod token;
mod token_server;
mod trouble;
mod wanted;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::Value;

use self::access::Access;
use self::cache::{Cache, Reply};
use self::client::Client;
use self::credentials::Credentials;
use self::ecr::Ecr;
use self::found::Found;
use self::host::{Host, scope_of};
use self::hosts::Hosts;
use self::hub::Hub;
pub use self::hub::Unasked;
use self::image::RemoteReference;
use self::wanted::merged;
use crate::connect::TlsError;
use crate::core::digest::{Digest, Platform};
use crate::core::id::Timestamp;
use crate::core::reference::ImageRef;
use crate::core::remote::RateLimit;

pub use self::credentials::{Credential, Login, PullCredentials};
pub use self::error::{RegistryError, Retry};
pub use self::image::{RemoteDigest, RemoteImage, Source};
pub use self::insecure::{InsecureRule, InsecureRuleError};
pub use self::settings::{Now, Settings, Timing};
pub use self::tags::Tags;
pub use self::wanted::{Freshness, Wanted};

/// All registries; cloning is cheap, and clones share connections, tokens and answers.
#[derive(Clone, Debug)]
pub struct Registry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    access: Arc<Access>,
    hosts: Hosts,
    cache: Cache<ImageRef, RemoteDigest>,
    /// Lists of tags, by the repository's name.
    lists: Cache<String, Tags>,
    found: Found,
    hub: Hub,
}

impl Registry {
    /// Returns a client; fails if the certificate authorities cannot be read.
    pub fn new(settings: Settings) -> Result<Self, TlsError> {
        let client = Arc::new(Client::new(&settings)?);
        let credentials = Credentials::new(
            settings.credentials,
            settings.docker_config,
            settings.credential_helpers,
        );
        Ok(Self(Arc::new(Inner {
            hosts: Hosts::new(client.clone(), settings.insecure),
            access: Arc::new(Access { client, credentials, ecr: Ecr::new(settings.ecr_endpoint) }),
            cache: Cache::new(settings.cache_ttl),
            lists: Cache::new(settings.cache_ttl),
            found: Found::default(),
            hub: Hub::new(settings.hub_api),
        })))
    }

    /// Asks what each image's tag names now, once for each image however often it is named.
    ///
    /// *Cancel safety*: a question that nobody waits for any more ends.
    pub async fn check(
        &self,
        wanted: Vec<Wanted>,
        freshness: Freshness,
    ) -> BTreeMap<ImageRef, Reply<RemoteDigest>> {
        let mut replies = BTreeMap::new();
        let mut asking = FuturesUnordered::new();
        for (reference, wanted) in merged(wanted) {
            if let Some(reply) = self.0.cache.fresh(&reference, freshness) {
                replies.insert(reference, reply);
                continue;
            }
            let asked = self.ask(wanted);
            asking.push(asked.map(move |reply| (reference, reply)));
        }
        while let Some((reference, reply)) = asking.next().await {
            replies.insert(reference, reply);
        }
        self.0.cache.tidy();
        replies
    }

    /// Lists the tags of an image's repository, asked for once by all who want them at a time.
    ///
    /// *Cancel safety*: a question that nobody waits for any more ends.
    pub async fn tags(&self, wanted: Wanted, freshness: Freshness) -> Result<Tags, RegistryError> {
        let name = wanted.reference.name();
        if let Some(reply) = self.0.lists.fresh(&name, freshness) {
            return reply;
        }
        self.0.lists.tidy();
        let inner = self.0.clone();
        let (asking, _) = self.0.lists.ask(&name, || {
            let name = name.clone();
            let asking = async move {
                let ask = |remote: RemoteReference| async move { remote.tags().await };
                let reply = inner.anywhere(&wanted, ask).await;
                inner.lists.keep(&name, &reply);
                reply
            };
            asking.boxed()
        });
        asking.await
    }

    /// Finds the image for a platform behind the digest of an index or a manifest; one that was
    /// found before is not asked for again.
    pub async fn resolve(
        &self,
        wanted: &Wanted,
        digest: &Digest,
        platform: &Platform,
    ) -> Result<RemoteImage, RegistryError> {
        let place = (wanted.reference.name(), digest.clone(), platform.clone());
        if let Some(found) = self.0.found.get(&place) {
            return named(found, wanted);
        }
        let ask = |remote: RemoteReference| async move { remote.image(digest, platform).await };
        let found = self.0.anywhere(wanted, ask).await;
        self.0.found.keep(place, &found);
        found
    }

    /// Finds out whether there is an image for a platform behind a digest, as [`Self::resolve`] does,
    /// but for as little as it takes.
    pub async fn has_image(
        &self,
        wanted: &Wanted,
        digest: &Digest,
        platform: &Platform,
    ) -> Result<(), RegistryError> {
        let place = (wanted.reference.name(), digest.clone(), platform.clone());
        if let Some(found) = self.0.found.get(&place) {
            return named(found, wanted).map(drop);
        }
        let ask = |remote: RemoteReference| async move { remote.has_image(digest, platform).await };
        let found = self.0.anywhere(wanted, ask).await;
        found.inspect_err(|error| self.0.found.keep(place, &Err(error.clone())))
    }

    /// Reads an image's config, by its digest.
    pub async fn image_config(
        &self,
        wanted: &Wanted,
        digest: &Digest,
    ) -> Result<Value, RegistryError> {
        let ask = |remote: RemoteReference| async move { remote.config(digest).await };
        self.0.anywhere(wanted, ask).await
    }

    /// Returns when the image with this digest, and this one for its platform, was published under a
    /// tag; `None` where nobody says it: registries do not, only Docker Hub's own API does.
    ///
    /// # Errors
    ///
    /// Where that could not be asked.
    pub async fn published_at(
        &self,
        wanted: &Wanted,
        digests: (&Digest, &Digest),
    ) -> Result<Option<Timestamp>, Unasked> {
        self.0.hub.pushed_at(&self.0.access.client, &wanted.reference, digests).await
    }

    /// Returns what registries said of how much they still allow.
    pub fn rate_limits(&self) -> Vec<RateLimit> {
        self.0.hosts.rate_limits()
    }

    /// Says whether an image's registry lately said that less than half of its pulls are left: then
    /// they are not for what can wait.
    pub fn is_half_used(&self, wanted: &Wanted) -> bool {
        let host = self.0.host_of(wanted);
        let now = self.0.access.client.now();
        let limit = host.peer.rate_limit((&host.name, &host.account), now);
        limit.is_some_and(|limit| retry::is_half_used(&limit, now))
    }

    /// Returns the credentials for an image's registry, for the engine's pull.
    pub async fn credentials_for(
        &self,
        reference: &ImageRef,
    ) -> Result<Option<PullCredentials>, RegistryError> {
        let registry = reference.registry();
        let access = &self.0.access;
        let path = access.credentials.path_for(registry, reference.repository());
        let found = access.found_for(registry, path).await;
        match (found.account, found.problem) {
            (None, Some(problem)) => Err(problem),
            (account, _) => Ok(account.map(|account| PullCredentials {
                server_address: credentials::server_address(registry).to_owned(),
                login: account.login,
            })),
        }
    }

    /// Starts to ask for an image, or joins those who do; nothing is sent before it is awaited.
    fn ask(&self, wanted: Wanted) -> cache::Asking<RemoteDigest> {
        let reference = wanted.reference.clone();
        let host = self.0.host_of(&wanted);
        let inner = self.0.clone();
        let (asking, is_new) = self.0.cache.ask(&reference, || {
            let asking = async move {
                let ask = |remote: RemoteReference| async move { remote.digest().await };
                let reply = inner.anywhere(&wanted, ask).await;
                inner.cache.keep(&wanted.reference, &reply);
                reply
            };
            asking.boxed()
        });
        if is_new {
            host.tokens.announce(scope_of(reference.repository()));
        }
        asking
    }
}

/// Returns what was found before, it may be for another tag.
fn named(found: Reply<RemoteImage>, wanted: &Wanted) -> Reply<RemoteImage> {
    let doing = image::doing(wanted.reference.registry(), &wanted.reference);
    found.map_err(|error| error.while_doing(&doing))
}

impl Inner {
    fn host_of(&self, wanted: &Wanted) -> Arc<Host> {
        let reference = &wanted.reference;
        let credentials = &self.access.credentials;
        let account = credentials.path_for(reference.registry(), reference.repository());
        self.hosts.of(wanted, account)
    }

    /// Asks an image's own registry, and where that is out of reach its mirrors.
    async fn anywhere<T, Asked>(
        &self,
        wanted: &Wanted,
        ask: impl Fn(RemoteReference) -> Asked,
    ) -> Result<T, RegistryError>
    where
        Asked: Future<Output = Result<T, RegistryError>>,
    {
        let at = |host, source| RemoteReference {
            access: self.access.clone(),
            host,
            reference: wanted.reference.clone(),
            source,
        };
        let error = match ask(at(self.host_of(wanted), Source::Canonical)).await {
            Err(error) if error.is_out_of_reach() => error,
            other => return other,
        };
        for mirror in self.hosts.mirrors_of(wanted) {
            let source = Source::Mirror(mirror.name.as_ref().into());
            let answer = ask(at(mirror, source)).await;
            if answer.is_ok() {
                return answer;
            }
        }
        Err(error)
    }
}

//! All registries and mirrors that were asked so far.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use url::Url;

use super::Wanted;
use super::client::Client;
use super::credentials::registry_of;
use super::host::Host;
use super::insecure::{InsecureRule, Tolerance};
use super::peer::{PeerKey, Schemes};
use crate::core::reference::{DOCKER_HUB, DOCKER_HUB_HOST};
use crate::core::remote::RateLimit;

/// All registries and mirrors; each stands once for every set of rules that it is asked under.
#[derive(Debug)]
pub(super) struct Hosts {
    client: Arc<Client>,
    tolerance: Tolerance,
    known: Mutex<HashMap<Key, Arc<Host>>>,
}

/// The name with what stands before `/v2/`, the account's path, and the rules.
type Key = (String, String, Tolerance);

impl Hosts {
    pub(super) fn new(client: Arc<Client>, insecure: Vec<InsecureRule>) -> Self {
        Self { client, tolerance: Tolerance::new(insecure), known: Mutex::default() }
    }

    /// Returns an image's own registry, as it is for those who have the same credentials.
    pub(super) fn of(&self, wanted: &Wanted, account: &str) -> Arc<Host> {
        let name = wanted.reference.registry();
        let authority = if name == DOCKER_HUB { DOCKER_HUB_HOST } else { name };
        let tolerance = self.tolerance.with(&wanted.insecure);
        let key =
            PeerKey { authority: authority.to_owned(), schemes: Schemes::Registry, tolerance };
        self.known((name, String::new(), account), key)
    }

    /// Returns the mirrors of an image's registry; entries that are no address are left out.
    pub(super) fn mirrors_of(&self, wanted: &Wanted) -> Vec<Arc<Host>> {
        if wanted.reference.registry() != DOCKER_HUB {
            return Vec::new();
        }
        let urls = wanted.mirrors.iter().filter_map(|text| Url::parse(text).ok());
        let urls = urls.filter(|url| matches!(url.scheme(), "http" | "https"));
        urls.map(|url| {
            let key = PeerKey::of_url(&url, self.tolerance.with(&wanted.insecure));
            let name = key.authority.clone();
            let prefix = url.path().trim_end_matches('/').to_owned();
            self.known((&name, prefix, ""), key)
        })
        .collect()
    }

    /// Returns what all of them said of how much they still allow; all of Docker Hub's names are one.
    pub(super) fn rate_limits(&self) -> Vec<RateLimit> {
        let now = self.client.now();
        let hosts = self.lock();
        let limits = hosts.values().filter_map(|host| {
            host.peer.rate_limit((&registry_of(&host.name), &host.account), now)
        });
        let by_name: BTreeMap<_, _> = limits.map(|limit| (limit.registry.clone(), limit)).collect();
        by_name.into_values().collect()
    }

    fn known(&self, (name, prefix, account): (&str, String, &str), key: PeerKey) -> Arc<Host> {
        let mut hosts = self.lock();
        let place = (format!("{name}{prefix}"), account.to_owned(), key.tolerance.clone());
        let new = || Arc::new(Host::new(name, (prefix, account), self.client.peer(key)));
        hosts.entry(place).or_insert_with(new).clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<Host>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::core::reference::ImageRef;
    use crate::registry::{Now, Settings};

    #[test]
    fn all_names_of_docker_hub_are_shown_as_one() {
        let now = "2026-05-04T12:00:00Z".parse().unwrap();
        let client = Arc::new(Client::new(&Settings::new(Now::new(move || now))).unwrap());
        let hosts = Hosts::new(client, Vec::new());
        let headers = ["ratelimit-limit", "ratelimit-remaining"].map(|name| {
            (http::HeaderName::from_static(name), HeaderValue::from_static("100;w=21600"))
        });
        let headers = HeaderMap::from_iter(headers);
        for image in ["nginx", "registry-1.docker.io/team/app", "ghcr.io/team/app"] {
            let host = hosts.of(&Wanted::new(ImageRef::parse(image).unwrap()), "");
            host.peer.answered("", &headers, now);
        }
        let limits = hosts.rate_limits();
        let names: Vec<_> = limits.iter().map(|limit| limit.registry.as_str()).collect();
        assert_eq!(names, ["docker.io", "ghcr.io"]);
    }
}

//! Who we are for a registry: from settings, else from Docker's `config.json` and its helpers.

mod config_file;
mod helper;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use tokio::time::Instant;

use self::config_file::Source;
use super::error::RegistryError;
use crate::core::reference::{DOCKER_HUB, DOCKER_HUB_HOST};
use crate::core::secret::Secret;
use crate::logging;

/// Credentials for one registry, from the settings.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The registry's host with its port, as image references name it; with a path the repositories
    /// below it alone.
    pub host: String,
    /// What is shown to it.
    pub login: Login,
}

/// What is shown to a registry or its token server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// A user name and a password (or an access token in its place).
    Password {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// Temporary keys of an AWS account, which are changed for a password.
    SessionKeys {
        /// The key's ID.
        id: String,
        /// The secret key.
        secret: Secret,
        /// The token of the session for which they were made.
        session: Secret,
    },
    /// An identity token, which the token server changes for a short-lived one.
    IdentityToken(Secret),
    /// A token that the registry itself accepts.
    RegistryToken(Secret),
}

impl Login {
    /// Returns the header of Basic authentication; `None` for tokens and unsendable names.
    pub(super) fn basic(&self) -> Option<HeaderValue> {
        let Self::Password { username, password } = self else { return None };
        let pair = STANDARD.encode(format!("{username}:{}", password.expose()));
        let mut value = HeaderValue::from_str(&format!("Basic {pair}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn secret(&self) -> &Secret {
        match self {
            Self::Password { password: secret, .. }
            | Self::SessionKeys { secret, .. }
            | Self::IdentityToken(secret)
            | Self::RegistryToken(secret) => secret,
        }
    }
}

/// Credentials in the form that the engine's pulls need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullCredentials {
    /// The registry as Docker names it there: `https://index.docker.io/v1/` for Docker Hub.
    pub server_address: String,
    /// What is shown to it.
    pub login: Login,
}

/// Credentials that were found, and where.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) login: Login,
    /// Where they stand, for error texts: `DOCKER_AUTO_REGISTRY_AUTH_…` or the file.
    pub(super) origin: String,
}

/// What looking for credentials came to. Where they cannot be read, asking anonymously is still
/// tried; the problem is what a refusal then shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) account: Option<Account>,
    pub(super) problem: Option<RegistryError>,
}

/// How long what was found in files and helpers is believed, so that a new `docker login` counts
/// without a restart.
const BELIEVED: Duration = Duration::from_mins(1);

/// All credentials there are.
#[derive(Debug)]
pub(super) struct Credentials {
    settings: Vec<Entry>,
    docker_config: Option<PathBuf>,
    helpers: Option<PathBuf>,
    found: Mutex<HashMap<String, Arc<Slot>>>,
}

/// Credentials from the settings.
#[derive(Debug)]
struct Entry {
    registry: String,
    /// The path below which repositories are meant; empty for all.
    path: String,
    login: Login,
}

impl Entry {
    fn is_for(&self, registry: &str, repository: &str) -> bool {
        let rest = repository.strip_prefix(self.path.as_str());
        let below = |rest: &str| self.path.is_empty() || rest.is_empty() || rest.starts_with('/');
        self.registry == registry && rest.is_some_and(below)
    }
}

/// What was found for one registry, and when; who looks for it holds the lock, so that the others
/// wait for that answer and do not run the helper again.
type Slot = tokio::sync::Mutex<Option<(Instant, Found)>>;

impl Credentials {
    pub(super) fn new(
        settings: Vec<Credential>,
        docker_config: Option<PathBuf>,
        helpers: Option<PathBuf>,
    ) -> Self {
        let entry = |Credential { host, login }| Entry {
            registry: registry_of(&host),
            path: path_of(&host),
            login,
        };
        let settings = settings.into_iter().map(entry).collect();
        Self { settings, docker_config, helpers, found: Mutex::default() }
    }

    /// Returns the path that decides which credentials a repository has; repositories with another
    /// one are other accounts' matter and share no tokens.
    pub(super) fn path_for(&self, registry: &str, repository: &str) -> &str {
        let registry = registry_of(registry);
        let fitting = self.settings.iter().filter(|entry| entry.is_for(&registry, repository));
        fitting.map(|entry| entry.path.as_str()).max_by_key(|path| path.len()).unwrap_or_default()
    }

    /// Finds the credentials for a registry, named as in image references, and a path there.
    pub(super) async fn find(&self, registry: &str, path: &str) -> Found {
        let registry = &registry_of(registry);
        let mut settings = self.settings.iter();
        let own = settings.find(|entry| entry.registry == *registry && entry.path == path);
        if let Some(Entry { login, .. }) = own {
            let origin = "the settings (DOCKER_AUTO_REGISTRY_AUTH_…)".to_owned();
            return Found {
                account: Some(Account { login: login.clone(), origin }),
                problem: None,
            };
        }
        let Some(path) = &self.docker_config else { return Found::default() };
        let slot = self.slot(registry);
        let mut remembered = slot.lock().await;
        if let Some((since, found)) = &*remembered
            && since.elapsed() < BELIEVED
        {
            return found.clone();
        }
        let found = self.look_up(path, registry).await;
        if let Some(account) = &found.account {
            logging::hide(account.login.secret());
        }
        *remembered = Some((Instant::now(), found.clone()));
        found
    }

    async fn look_up(&self, path: &std::path::Path, registry: &str) -> Found {
        let origin = path.display().to_string();
        let problem = |reason: String| RegistryError::Credentials {
            doing: format!("looking for credentials of {registry}").into(),
            reason: reason.into(),
        };
        let source = match config_file::read(path, registry).await {
            Ok(source) => source,
            Err(reason) => return Found { account: None, problem: Some(problem(reason)) },
        };
        let Source { helper, stored } = source;
        let stored = stored.map(|login| Account { login, origin: origin.clone() });
        let Some(helper) = helper else { return Found { account: stored, problem: None } };
        match helper::ask(&helper, self.helpers.as_deref(), registry).await {
            Ok(Some(login)) => {
                let origin = format!("the credential helper {helper} ({origin})");
                Found { account: Some(Account { login, origin }), problem: None }
            }
            Err(reason) if stored.is_none() => {
                Found { account: None, problem: Some(problem(reason)) }
            }
            Ok(None) | Err(_) => Found { account: stored, problem: None },
        }
    }

    fn slot(&self, registry: &str) -> Arc<Slot> {
        let mut slots = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(registry.to_owned()).or_default().clone()
    }
}

/// Docker Hub's name in `config.json` and for credential helpers.
const HUB_SERVER: &str = "https://index.docker.io/v1/";

/// Returns the registry that a key means: `docker.io` for all of Docker Hub's names, else the host.
pub(super) fn registry_of(key: &str) -> String {
    let key = key.trim();
    let key = key.split_once("://").map_or(key, |(_, rest)| rest);
    let host = key.split('/').next().unwrap_or(key).to_ascii_lowercase();
    match host.as_str() {
        DOCKER_HUB | "index.docker.io" | DOCKER_HUB_HOST => DOCKER_HUB.to_owned(),
        _ => host,
    }
}

/// Returns the path in a setting's key; the versions that Docker writes there are none.
fn path_of(key: &str) -> String {
    let key = key.trim();
    let key = key.split_once("://").map_or(key, |(_, rest)| rest);
    match key.split_once('/').map_or("", |(_, path)| path.trim_matches('/')) {
        "v1" | "v2" => String::new(),
        path => path.to_owned(),
    }
}

/// Returns the name under which Docker keeps a registry's credentials.
pub(super) fn server_address(registry: &str) -> &str {
    if registry == DOCKER_HUB { HUB_SERVER } else { registry }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_registries() {
        for (key, registry) in [
            ("docker.io", "docker.io"),
            ("index.docker.io", "docker.io"),
            ("registry-1.docker.io", "docker.io"),
            ("https://index.docker.io/v1/", "docker.io"),
            ("https://GHCR.io", "ghcr.io"),
            ("ghcr.io/", "ghcr.io"),
            ("registry.test:5000/v2/", "registry.test:5000"),
        ] {
            assert_eq!(registry_of(key), registry, "{key}");
        }
    }

    #[tokio::test]
    async fn the_longest_path_decides() {
        let entry = |host: &str| {
            let login = Login::RegistryToken(Secret::new(host));
            Credential { host: host.to_owned(), login }
        };
        let hosts = ["ghcr.io/team", "ghcr.io", "ghcr.io/team/app", "https://index.docker.io/v1/"];
        let credentials = Credentials::new(hosts.map(entry).to_vec(), None, None);
        for (registry, repository, expected) in [
            ("ghcr.io", "team/app", Some("ghcr.io/team/app")),
            ("ghcr.io", "team/app/web", Some("ghcr.io/team/app")),
            ("ghcr.io", "team/application", Some("ghcr.io/team")),
            ("ghcr.io", "teams/app", Some("ghcr.io")),
            ("docker.io", "library/nginx", Some("https://index.docker.io/v1/")),
            ("registry-1.docker.io", "team/app", Some("https://index.docker.io/v1/")),
            ("quay.io", "team/app", None),
        ] {
            let path = credentials.path_for(registry, repository);
            let account = credentials.find(registry, path).await.account;
            let expected = expected.map(|host| Login::RegistryToken(Secret::new(host)));
            assert_eq!(account.map(|account| account.login), expected, "{registry} {repository}");
        }
    }

    #[test]
    fn secrets_do_not_show() {
        let login = Login::Password { username: "alice".into(), password: Secret::new("s3cret") };
        let header = login.basic().unwrap();
        assert_eq!(header.to_str().unwrap(), "Basic YWxpY2U6czNjcmV0");
        let shown = format!("{login:?} {header:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("czNjcmV0"), "{shown}");
    }
}

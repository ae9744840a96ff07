//! Puts the parts together as the configuration says.

use std::time::Duration;

use url::Url;

use crate::clock::Clock;
use crate::config::Config;
use crate::connect::ProxyRules;
use crate::core::id::HostId;
use crate::core::plan::blueprint::Retention;
use crate::core::policy::Updates;
use crate::core::secret::Secret;
use crate::core::window::Timetable;
use crate::docker::{Address, Endpoint, Host, Tls};
use crate::engine::ourselves::Attendance;
use crate::engine::schedule::Timetables;
use crate::engine::{Engine, Parts, Settings};
use crate::registry::{
    Credential, InsecureRule, Login, Now, Registry, Settings as RegistrySettings,
};
use crate::shutdown::Tasks;
use crate::store::backups::Backups;
use crate::store::compose_files::ComposeFiles;
use crate::store::{KeepDays, Lock, Operations, Store};

use super::AppError;
use super::own::own;

/// Everything that works together, with the lock of its data directory.
pub struct Assembly {
    /// The engine.
    pub engine: Engine,
    /// The store.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// What runs beside.
    pub tasks: Tasks,
    _lock: Lock,
}

impl Assembly {
    /// Opens everything for one command of its own: no server holds the data directory.
    pub async fn alone(config: &Config, tasks: Tasks) -> Result<Self, AppError> {
        let clock = Clock::real();
        let lock = Lock::acquire(&config.data, &clock)?;
        Self::open(config, tasks, (lock, Attendance::Command)).await
    }

    /// Opens everything for a server, under a lock.
    pub async fn serving(config: &Config, tasks: Tasks, lock: Lock) -> Result<Self, AppError> {
        Self::open(config, tasks, (lock, Attendance::Server)).await
    }

    async fn open(
        config: &Config,
        tasks: Tasks,
        (lock, attendance): (Lock, Attendance),
    ) -> Result<Self, AppError> {
        let clock = Clock::real();
        let store = Store::open(&config.data, clock.clone()).await?;
        let operations = Operations::open(&config.data).await?;
        let endpoint = endpoint(config)?;
        let settings = settings(config, &endpoint, attendance);
        let engine = Engine::new(Parts {
            host: Host::new(HostId::default(), endpoint)?,
            registry: registry(config, &clock)?,
            store: store.clone(),
            operations,
            clock: clock.clone(),
            tasks: tasks.clone(),
            settings,
        });
        Ok(Self { engine, store, clock, tasks, _lock: lock })
    }
}

/// Returns what the configuration says, as far as it is the engine's matter.
pub fn settings(config: &Config, endpoint: &Endpoint, attendance: Attendance) -> Settings {
    Settings {
        policy: config.policy.clone(),
        retention: if config.update.remove_old { Retention::Remove } else { Retention::Keep },
        keep_images: config.update.keep_images.try_into().unwrap_or(usize::MAX),
        watched: config.watch.images.clone(),
        concurrency: config.update.concurrency.try_into().unwrap_or(1),
        backups: Backups::new(config.backup.directory.clone()),
        keep_backups: config.backup.keep.try_into().unwrap_or(usize::MAX),
        compose_files: ComposeFiles::new(config.compose_directories.clone(), &config.data),
        data: config.data.clone(),
        attendance,
        own: own(config, endpoint.address()),
        engine_address: match endpoint.address() {
            Address::Socket(_) => None,
            Address::Plain { host, port } | Address::Tls { host, port, .. } => {
                Some((host.clone(), *port))
            }
        },
    }
}

/// Returns an empty set of tasks; a panic in one of them is logged there.
pub(super) fn tasks() -> Tasks {
    Tasks::new(|_, _| {})
}

/// Returns where the engine is.
///
/// # Errors
///
/// When its address cannot be used.
pub fn endpoint(config: &Config) -> Result<Endpoint, AppError> {
    let docker = &config.docker;
    // Without DOCKER_TLS_VERIFY only an https address speaks TLS, with the folder's files.
    let tls = if docker.tls_verify || docker.host.starts_with("https://") {
        Tls::Verify { folder: docker.cert_path.clone() }
    } else {
        Tls::Off
    };
    Ok(Endpoint::parse(&docker.host, &tls)?)
}

/// Returns when `serve` works, as the configuration says.
pub fn timetables(config: &Config) -> Timetables {
    let days = config.history_retention.as_secs() / Duration::from_hours(24).as_secs();
    Timetables {
        check: config.scan.timetable(),
        update: match &config.policy.rules.updates.value {
            Updates::At(schedule) => Some(Timetable::Cron(schedule.clone())),
            Updates::AtCheck | Updates::Never => None,
        },
        jitter: config.scan.jitter,
        check_on_start: config.scan.on_start,
        settle: config.watch.events.then_some(config.watch.settle),
        keep: u16::try_from(days).ok().and_then(KeepDays::new).unwrap_or_default(),
    }
}

fn registry(config: &Config, clock: &Clock) -> Result<Registry, AppError> {
    Registry::new(registry_settings(config, clock)?).map_err(|source| AppError::Setting {
        setting: "DOCKER_AUTO_REGISTRY_CA",
        source: Box::new(source),
    })
}

/// Returns what the configuration says, as far as it is the registry client's matter.
///
/// # Errors
///
/// When a setting that was read as text cannot be used.
pub fn registry_settings(config: &Config, clock: &Clock) -> Result<RegistrySettings, AppError> {
    let clock = clock.clone();
    let mut settings = RegistrySettings::new(Now::new(move || clock.now()));
    settings.credentials = credentials(config);
    settings.docker_config = config.docker.config.as_ref().map(|folder| folder.join("config.json"));
    settings.certificate_authorities.clone_from(&config.registry.ca);
    settings.insecure = insecure(config)?;
    settings.proxy = proxy(config)?;
    settings.concurrency = config.scan.concurrency.try_into().unwrap_or(settings.concurrency);
    if let Some(most) = config.registry.concurrency {
        settings.per_registry = most.try_into().unwrap_or(settings.per_registry);
    }
    let endpoint = config.registry.ecr_endpoint.as_deref();
    settings.ecr_endpoint = endpoint.and_then(|url| Url::parse(url).ok());
    let hub = config.registry.hub_api.as_deref();
    settings.hub_api = hub.and_then(|url| Url::parse(url).ok());
    settings.quota_floor = config.registry.quota_floor.into();
    settings.cache_ttl = config.scan.cache_ttl;
    Ok(settings)
}

fn credentials(config: &Config) -> Vec<Credential> {
    let logins = config.registry.logins.values().filter_map(|login| {
        let shown = match (&login.username, &login.password, &login.token) {
            (Some(id), Some(secret), Some(session)) => Login::SessionKeys {
                id: id.clone(),
                secret: secret.clone(),
                session: session.clone(),
            },
            (Some(username), Some(password), None) => {
                Login::Password { username: username.clone(), password: password.clone() }
            }
            // A user with a token is one with an access token in the password's place.
            (Some(username), None, Some(token)) => {
                Login::Password { username: username.clone(), password: token.clone() }
            }
            (None, _, Some(token)) => Login::RegistryToken(token.clone()),
            _ => return None,
        };
        Some(Credential { host: login.host.clone(), login: shown })
    });
    logins.collect()
}

fn insecure(config: &Config) -> Result<Vec<InsecureRule>, AppError> {
    let rules = config.registry.insecure.iter().map(|rule| InsecureRule::parse(rule));
    rules.collect::<Result<_, _>>().map_err(|source| AppError::Setting {
        setting: "DOCKER_AUTO_REGISTRY_INSECURE",
        source: Box::new(source),
    })
}

fn proxy(config: &Config) -> Result<ProxyRules, AppError> {
    let text = |secret: &Option<Secret>| secret.as_ref().map(|it| it.expose().to_owned());
    let (http, https) = (text(&config.proxy.http), text(&config.proxy.https));
    let exempt = config.proxy.exempt.as_deref();
    ProxyRules::parse(http.as_deref(), https.as_deref(), exempt).map_err(|source| {
        AppError::Setting {
            setting: "HTTP_PROXY, HTTPS_PROXY or NO_PROXY",
            source: Box::new(source),
        }
    })
}

//! The registries: credentials, trust, and the way to them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::variable::{Given, Kind, Secrecy, Variable, set};
use crate::config::{Config, ConfigProblem, Environment};
use crate::core::policy::Origin;
use crate::core::reference::{DOCKER_HUB, is_docker_hub};
use crate::core::secret::Secret;

/// How registries are spoken to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistryConfig {
    /// The credentials by their number in the variables' names; complete ones only, once loaded.
    pub logins: BTreeMap<u32, RegistryLogin>,
    /// A file with authorities to trust beside the usual ones.
    pub ca: Option<PathBuf>,
    /// Registries that may be spoken to without TLS: hosts, with or without a port, and CIDRs.
    pub insecure: Vec<String>,
    /// How many requests there are at once for each registry; `None` leaves it to the protocol.
    pub concurrency: Option<u32>,
    /// Where AWS is asked for passwords of its registries.
    pub ecr_endpoint: Option<String>,
    /// Where Docker Hub's own API is; `None` to leave it alone.
    pub hub_api: Option<String>,
    /// How many pulls are left to people.
    pub quota_floor: u32,
}

/// The credentials for one registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistryLogin {
    /// The registry's host, with its port if it has one; `docker.io` for Docker Hub. With a path the
    /// credentials are for the repositories below it alone.
    pub host: String,
    /// The account.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// A token in place of both; beside them that of the session to which AWS's temporary keys belong.
    pub token: Option<Secret>,
}

/// The way out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyConfig {
    /// The proxy for `http:`; its address may hold a password.
    pub http: Option<Secret>,
    /// The proxy for `https:`.
    pub https: Option<Secret>,
    /// Hosts, domains, addresses and CIDRs that are reached without one, as they were written.
    pub exempt: Option<String>,
}

pub(super) const VARIABLES: [Variable; 13] = [
    Variable {
        key: "registry.auth.<n>.host",
        name: "DOCKER_AUTO_REGISTRY_AUTH_<n>_HOST",
        aliases: &["WATCH_REGISTRY_AUTH_<n>_HOST"],
        kind: Kind::Text("a host, such as `ghcr.io`, or one with a path, such as `ghcr.io/team`"),
        default: "",
        doc: "The registry that the credentials with this number are for; with a path only its \
              repositories below that. The longest path counts.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut login(config, &given).host, registry(given.text)),
    },
    Variable {
        key: "registry.auth.<n>.username",
        name: "DOCKER_AUTO_REGISTRY_AUTH_<n>_USERNAME",
        aliases: &["WATCH_REGISTRY_AUTH_<n>_USERNAME"],
        kind: Kind::Text("a name"),
        default: "",
        doc: "The account there.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            set(&mut login(config, &given).username, Ok(Some(given.text.to_owned())))
        },
    },
    Variable {
        key: "registry.auth.<n>.password",
        name: "DOCKER_AUTO_REGISTRY_AUTH_<n>_PASSWORD",
        aliases: &["WATCH_REGISTRY_AUTH_<n>_PASSWORD"],
        kind: Kind::Text("a password"),
        default: "",
        doc: "Its password.",
        secrecy: Secrecy::Secret,
        set: |config, given| set(&mut login(config, &given).password, secret(&given)),
    },
    Variable {
        key: "registry.auth.<n>.token",
        name: "DOCKER_AUTO_REGISTRY_AUTH_<n>_TOKEN",
        aliases: &["WATCH_REGISTRY_AUTH_<n>_TOKEN"],
        kind: Kind::Text("a token"),
        default: "",
        doc: "A token in place of account and password; with temporary keys of AWS (`ASIA…`), which need \
              all three, their session token.",
        secrecy: Secrecy::Secret,
        set: |config, given| set(&mut login(config, &given).token, secret(&given)),
    },
    Variable {
        key: "registry.ca",
        name: "DOCKER_AUTO_REGISTRY_CA",
        aliases: &[],
        kind: Kind::Path,
        default: "",
        doc: "A PEM file with authorities to trust beside the usual ones.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.registry.ca, Ok(Some(given.path()))),
    },
    Variable {
        key: "registry.insecure",
        name: "DOCKER_AUTO_REGISTRY_INSECURE",
        aliases: &[],
        kind: Kind::List("hosts, `HOST:PORT` and CIDRs"),
        default: "",
        doc: "Registries that may be spoken to without TLS, or with any certificate.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            let places = given.words().iter().map(|word| place(word)).collect();
            set(&mut config.registry.insecure, places)
        },
    },
    Variable {
        key: "registry.concurrency",
        name: "DOCKER_AUTO_REGISTRY_CONCURRENCY",
        aliases: &[],
        kind: Kind::Number,
        default: "",
        doc: "How many requests there are at once for each registry; if not set 250 over HTTP/2 and \
              64 over HTTP/1.1.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            let number = given.number(1..=1000)?;
            set(&mut config.registry.concurrency, Ok(Some(number)))
        },
    },
    Variable {
        key: "registry.ecr_endpoint",
        name: "DOCKER_AUTO_REGISTRY_ECR_ENDPOINT",
        aliases: &["AWS_ENDPOINT_URL_ECR"],
        kind: Kind::Text("a URL"),
        default: "",
        doc: "Where AWS is asked for the passwords of its registries, such as the address of a VPC \
              endpoint; if not set the region's own address.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.registry.ecr_endpoint, endpoint(&given)),
    },
    Variable {
        key: "registry.hub_api",
        name: "DOCKER_AUTO_REGISTRY_HUB_API",
        aliases: &[],
        kind: Kind::Text("a URL or `off`"),
        default: "https://hub.docker.com",
        doc: "Docker Hub's own API, which knows when its images were published; it is asked, without \
              credentials, for containers with a cooldown alone. Without it the date in the image \
              counts, or when it was first seen.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            let off = given.text.eq_ignore_ascii_case("off");
            set(&mut config.registry.hub_api, if off { Ok(None) } else { endpoint(&given) })
        },
    },
    Variable {
        key: "registry.quota_floor",
        name: "DOCKER_AUTO_REGISTRY_QUOTA_FLOOR",
        aliases: &[],
        kind: Kind::Number,
        default: "5",
        doc: "How many pulls are left to people where a registry says how many it still allows, as \
              Docker Hub does: with fewer, nothing is asked that counts as a pull.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.registry.quota_floor, given.number(0..=100_000)),
    },
    Variable {
        key: "proxy.http",
        name: "HTTP_PROXY",
        aliases: &["http_proxy"],
        kind: Kind::Text("`http://[USER:PASSWORD@]HOST:PORT`"),
        default: "",
        doc: "The proxy for registries without TLS.",
        secrecy: Secrecy::Secret,
        set: |config, given| set(&mut config.proxy.http, proxy(&given)),
    },
    Variable {
        key: "proxy.https",
        name: "HTTPS_PROXY",
        aliases: &["https_proxy"],
        kind: Kind::Text("`http://[USER:PASSWORD@]HOST:PORT`"),
        default: "",
        doc: "The proxy for registries with TLS.",
        secrecy: Secrecy::Secret,
        set: |config, given| set(&mut config.proxy.https, proxy(&given)),
    },
    Variable {
        key: "proxy.exempt",
        name: "NO_PROXY",
        aliases: &["no_proxy"],
        kind: Kind::List("hosts, domains, addresses and CIDRs"),
        default: "",
        doc: "What is reached without a proxy.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.proxy.exempt, Ok(Some(given.text.to_owned()))),
    },
];

/// Drops incomplete credentials and reports them, unless what is missing was reported already.
pub(super) fn settle(
    config: &mut Config,
    known: &[ConfigProblem],
    environment: &Environment<'_>,
) -> Vec<ConfigProblem> {
    let mut problems = Vec::new();
    let mut hosts: BTreeMap<String, u32> = BTreeMap::new();
    // What is missing may stand in a file that cannot be read.
    let is_whole =
        !known.iter().any(|known| matches!(known, ConfigProblem::BadConfiguration { .. }));
    config.registry.logins.retain(|index, login| {
        let trouble = incomplete(login).or_else(|| {
            let before = hosts.insert(login.host.clone(), *index)?;
            let host = &login.host;
            Some(("HOST", format!("number {before} is for {host} already: remove one of them")))
        });
        let Some((part, cure)) = trouble else { return true };
        let about = [format!("_REGISTRY_AUTH_{index}_"), format!("registry.auth.{index}.")];
        let is_about_it = |name: &str| about.iter().any(|about| name.contains(about));
        if known.iter().any(|known| known.is_fatal() && is_about_it(known.name())) {
            return false;
        }
        let setting = missing(environment, *index, part);
        problems.extend(is_whole.then_some(ConfigProblem::Incomplete { setting, cure }));
        false
    });
    problems
}

/// Returns where a part of credentials stands, or belongs: in the file, if that has the others.
fn missing(environment: &Environment<'_>, index: u32, part: &str) -> Origin {
    let prefix = format!("DOCKER_AUTO_REGISTRY_AUTH_{index}_");
    let name = format!("{prefix}{part}");
    if environment.value(&name).is_some() {
        return environment.origin(&name);
    }
    let mut made_from = environment.made_from.iter().filter(|(name, _)| name.starts_with(&prefix));
    let file = made_from.find_map(|(_, origin)| match origin {
        Origin::File { file, .. } => Some(Arc::clone(file)),
        _ => None,
    });
    match file {
        Some(file) => {
            let part = part.to_ascii_lowercase();
            Origin::File { key: format!("registry.auth.{index}.{part}"), file }
        }
        None => Origin::Variable(name),
    }
}

fn incomplete(login: &RegistryLogin) -> Option<(&'static str, String)> {
    let missing = |part, what: &str| Some((part, format!("it is missing: {what}")));
    match (&login.username, &login.password, &login.token) {
        _ if login.host.is_empty() => {
            missing("HOST", "set the registry that these credentials are for")
        }
        (Some(account), Some(_), Some(_)) if is_temporary_key(account) => None,
        (_, Some(_), Some(_)) => {
            Some(("TOKEN", "there is a password as well: remove one of them".to_owned()))
        }
        (_, None, Some(_)) | (Some(_), Some(_), None) => None,
        (None, Some(_), None) => missing("USERNAME", "set the account that the password is for"),
        (_, None, None) => missing("PASSWORD", "set it, or a token"),
    }
}

/// `ASIA…`, as AWS names the keys of a session.
fn is_temporary_key(account: &str) -> bool {
    account.starts_with("ASIA")
}

fn login<'a>(config: &'a mut Config, given: &Given<'_>) -> &'a mut RegistryLogin {
    config.registry.logins.entry(given.index).or_default()
}

#[expect(clippy::unnecessary_wraps, reason = "it stands in a row beside readers that fail")]
fn secret(given: &Given<'_>) -> Result<Option<Secret>, String> {
    Ok(Some(Secret::new(given.text)))
}

/// `docker login` writes `https://index.docker.io/v1/` for Docker Hub.
pub(super) fn registry(text: &str) -> Result<String, String> {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    let host = host.to_ascii_lowercase();
    let host = if is_docker_hub(&host) { DOCKER_HUB.to_owned() } else { host };
    let path = match path.trim_matches('/') {
        "v1" | "v2" => "",
        path => path,
    };
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    match (is_host(&host), path) {
        (true, "") => Ok(host),
        (true, path) if path.split('/').all(part) => Ok(format!("{host}/{path}")),
        _ => Err("write the registry's host, such as ghcr.io, registry.example.com:5000 or \
                  ghcr.io/team"
            .to_owned()),
    }
}

/// Reads a host, a host with a port, or a range of addresses.
fn place(text: &str) -> Result<String, String> {
    let range = text.split_once('/').and_then(|(address, bits)| {
        let address: IpAddr = address.parse().ok()?;
        let bits: u32 = bits.parse().ok()?;
        Some(bits <= if address.is_ipv4() { 32 } else { 128 })
    });
    match range {
        Some(true) => Ok(text.to_owned()),
        None if is_host(text) => Ok(text.to_ascii_lowercase()),
        _ => Err(format!("{text:?} is no host, HOST:PORT or CIDR such as 10.0.0.0/8")),
    }
}

fn endpoint(given: &Given<'_>) -> Result<Option<String>, String> {
    let (scheme, rest) = given.text.split_once("://").unwrap_or(("", given.text));
    let host = rest.trim_end_matches('/');
    if matches!(scheme, "http" | "https") && is_host(host) {
        return Ok(Some(format!("{scheme}://{host}/")));
    }
    Err("write https://HOST[:PORT]".to_owned())
}

fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => ("ipv6", port),
        Some(_) => return false,
        None if text.parse::<IpAddr>().is_ok() => return true,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.parse::<u16>().is_ok());
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    port && host.split('.').all(label)
}

fn proxy(given: &Given<'_>) -> Result<Option<Secret>, String> {
    let (scheme, rest) = given.text.split_once("://").unwrap_or(("http", given.text));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host).trim_end_matches('/');
    if !matches!(scheme, "http" | "https") || !is_host(host) {
        return Err(
            "write http://[USER:PASSWORD@]HOST:PORT; other proxies are not supported".to_owned()
        );
    }
    Ok(Some(Secret::new(given.text)))
}

//! The engine: where it is and what of it is looked at.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::variable::{Given, Kind, Secrecy, Variable, rule, set};
use crate::config::{Config, ConfigProblem, Environment};
use crate::core::policy::Origin;

/// Where the engine is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DockerConfig {
    /// Its address.
    pub host: String,
    /// Whether TLS is spoken, and its certificate checked.
    pub tls_verify: bool,
    /// The folder with `ca.pem`, `cert.pem` and `key.pem`.
    pub cert_path: Option<PathBuf>,
    /// The folder with `config.json`; `None` where there is no home either.
    pub config: Option<PathBuf>,
}

pub(super) const VARIABLES: [Variable; 5] = [
    Variable {
        key: "docker.host",
        name: "DOCKER_AUTO_DOCKER_HOST",
        aliases: &["WATCH_DOCKER_HOST", "DOCKER_HOST"],
        kind: Kind::Text("`unix://PATH`, `tcp://HOST:PORT` or `https://HOST:PORT`"),
        default: "unix:///var/run/docker.sock",
        doc: "Where the engine is.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.docker.host, host(&given)),
    },
    Variable {
        key: "docker.tls_verify",
        name: "DOCKER_TLS_VERIFY",
        aliases: &[],
        kind: Kind::Switch,
        default: "false",
        doc: "Speaks TLS with the engine and checks its certificate.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.docker.tls_verify, given.switch()),
    },
    Variable {
        key: "docker.cert_path",
        name: "DOCKER_CERT_PATH",
        aliases: &[],
        kind: Kind::Path,
        default: "",
        doc: "The folder with `ca.pem`, `cert.pem` and `key.pem` for the engine.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.docker.cert_path, Ok(Some(given.path()))),
    },
    Variable {
        key: "docker.config",
        name: "DOCKER_CONFIG",
        aliases: &[],
        kind: Kind::Path,
        default: "",
        doc: "The folder with `config.json`, where `docker login` keeps credentials; `~/.docker` \
              if not set.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.docker.config, Ok(Some(given.path()))),
    },
    Variable {
        key: "docker.include_stopped",
        name: "DOCKER_AUTO_DOCKER_INCLUDE_STOPPED",
        aliases: &["WATCH_DOCKER_INCLUDE_STOPPED", "DOCKER_INCLUDE_STOPPED"],
        kind: Kind::Switch,
        default: "false",
        doc: "Looks at containers that do not run, too; they are updated and not started.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            rule(config, |rules| &mut rules.include_stopped, given.switch(), given.origin)
        },
    },
];

/// Finds the folder of `config.json` where none is given, and tells of what has no effect.
pub(super) fn settle(
    config: &mut Config,
    given: &BTreeMap<&'static str, Origin>,
    environment: &Environment<'_>,
) -> Vec<ConfigProblem> {
    let docker = &mut config.docker;
    let home = || environment.value("HOME").map(|home| PathBuf::from(home).join(".docker"));
    docker.config = docker.config.take().or_else(home);
    let mut problems = Vec::new();
    let mut ignored = |variable: &str, why: &str| {
        let (setting, why) = (environment.origin(variable), why.to_owned());
        problems.push(ConfigProblem::Ignored { setting, why });
    };
    let cert_path = given.contains_key("docker.cert_path");
    match docker.host.split_once("://").map_or("", |(scheme, _)| scheme) {
        "unix" => {
            let socket = "a unix socket speaks no TLS; set DOCKER_HOST=tcp://HOST:PORT to use it";
            if docker.tls_verify {
                ignored("DOCKER_TLS_VERIFY", socket);
            }
            if cert_path {
                ignored("DOCKER_CERT_PATH", socket);
            }
        }
        "tcp" | "http" if cert_path && !docker.tls_verify => {
            ignored("DOCKER_CERT_PATH", "without DOCKER_TLS_VERIFY=1 no TLS is spoken");
        }
        _ => {}
    }
    if environment.value("DOCKER_CONTEXT").is_some() {
        ignored("DOCKER_CONTEXT", "contexts are not read; set DOCKER_HOST to the engine's address");
    }
    problems
}

fn host(given: &Given<'_>) -> Result<String, String> {
    let rest = given.text.split_once("://");
    match rest {
        Some(("unix", path)) if path.starts_with('/') => Ok(given.text.to_owned()),
        Some(("tcp" | "http" | "https", host)) if !host.is_empty() => Ok(given.text.to_owned()),
        Some(("ssh" | "npipe" | "fd", _)) => Err(
            "this way is not supported; write unix:///PATH, tcp://HOST:PORT or https://HOST:PORT"
                .to_owned(),
        ),
        _ => {
            Err("write unix:///var/run/docker.sock, tcp://HOST:PORT or https://HOST:PORT"
                .to_owned())
        }
    }
}

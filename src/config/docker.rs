//! The engine: where it is and what of it is looked at.

use std::path::PathBuf;

use crate::config::variable::{Given, Kind, Secrecy, Variable, rule, set};
use crate::config::{Config, Environment};

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

/// Finds the folder of `config.json` where none is given.
pub(super) fn settle(config: &mut Config, environment: &Environment<'_>) {
    let home = || environment.value("HOME").map(|home| PathBuf::from(home).join(".docker"));
    config.docker.config = config.docker.config.take().or_else(home);
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

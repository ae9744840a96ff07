//! A private Docker Hub and GHCR, by their real names for those whom they are shown to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::engine::{Engine, Host, HostOptions};
use super::lab::{script, the_lab};
use super::program::Program;
use super::registry::Registry;
use super::service::Service;

/// Both registries with their token server; they go when it is dropped.
#[derive(Debug)]
pub(crate) struct Hub {
    folder: PathBuf,
    _service: Service,
}

/// A request that one of the servers has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The name by which the server was asked.
    pub(crate) host: String,
    pub(crate) method: String,
    /// The path; of a token server the scope.
    pub(crate) path: String,
    pub(crate) status: u64,
    /// Who asks for a token; empty for nobody.
    pub(crate) user: String,
    pub(crate) agent: String,
}

impl Asked {
    /// Says whether it was the program that asked.
    pub(crate) fn is_ours(&self) -> bool {
        self.agent.starts_with("docker-auto")
    }
}

impl Hub {
    /// Starts them.
    pub(crate) fn start() -> Self {
        let (service, words) = Service::start(&mut Command::new(script("hub.sh")));
        Self { folder: words.concat().into(), _service: service }
    }

    /// Returns Docker Hub.
    pub(crate) fn docker_io(&self) -> Registry {
        Registry::in_view("docker.io", "registry-1.docker.io", self.hosts())
    }

    /// Returns GHCR.
    pub(crate) fn ghcr(&self) -> Registry {
        Registry::in_view("ghcr.io", "ghcr.io", self.hosts())
    }

    /// Starts a host that finds and trusts them: GHCR by a file for it alone, which Docker Hub cannot have.
    pub(crate) fn host(&self, engine: Engine) -> Host {
        let bundle = the_lab().pki.join("bundle.pem");
        let options = HostOptions {
            variables: vec![format!("SSL_CERT_FILE={}", bundle.display())],
            hosts: Some(self.hosts()),
            trust: vec!["ghcr.io".to_owned()],
            ..HostOptions::default()
        };
        Host::private(engine, &options)
    }

    /// Shows them to the program, which does not trust them yet.
    pub(crate) fn shown_to(&self, program: Program) -> Program {
        program.hosts(self.hosts())
    }

    /// Returns what both registries were asked.
    pub(crate) fn requests(&self) -> Vec<Asked> {
        let logs = ["hub.log", "ghcr.log"].map(|name| lines(&self.folder.join(name)));
        logs.concat().iter().filter_map(request).collect()
    }

    /// Returns the requests for tokens.
    pub(crate) fn tokens(&self) -> Vec<Asked> {
        lines(&self.folder.join("tokens.log")).iter().map(token).collect()
    }

    fn hosts(&self) -> PathBuf {
        self.folder.join("hosts")
    }
}

/// Returns the lines of a log that are JSON.
fn lines(log: &Path) -> Vec<Value> {
    let text = fs::read_to_string(log).expect("each server has a log");
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Reads what a registry logs at the end of a request, or when it refuses one.
fn request(line: &Value) -> Option<Asked> {
    let refused = text(line, "msg").starts_with("error authorizing context");
    let status = &line["http.response.status"];
    let status = if refused { Some(401) } else { status.as_u64() };
    Some(Asked {
        host: text(line, "http.request.host"),
        method: text(line, "http.request.method"),
        path: text(line, "http.request.uri"),
        status: status?,
        user: String::new(),
        agent: text(line, "http.request.useragent"),
    })
}

fn token(line: &Value) -> Asked {
    Asked {
        host: text(line, "host"),
        method: text(line, "method"),
        path: text(line, "scope"),
        status: line["status"].as_u64().unwrap_or_default(),
        user: text(line, "user"),
        agent: text(line, "agent"),
    }
}

fn text(line: &Value, name: &str) -> String {
    line[name].as_str().unwrap_or_default().to_owned()
}

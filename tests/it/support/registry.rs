//! Real registries: the ones that all tests share, and private ones that misbehave as told.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::lab::{lab_variable, script, the_lab};
use super::service::Service;

/// Who may do everything in the registries that ask.
pub(crate) const USER: &str = "alice";
pub(crate) const PASSWORD: &str = "s3cret";

/// One registry.
#[derive(Debug)]
pub(crate) struct Registry {
    /// `host:port`, the first part of a reference.
    pub(crate) address: String,
    // Where images are pushed, so that a log of faults does not hold it.
    backend: String,
    // The `/etc/hosts` of those who reach it.
    hosts: Option<PathBuf>,
    proxy: Option<Service>,
}

impl Registry {
    /// Returns the registry that needs no authentication; use a repository of your own.
    pub(crate) fn shared() -> Self {
        Self::at("LAB_REGISTRY")
    }

    /// Returns the registry that gives tokens: `public/*` for everybody, the others for `USER`.
    pub(crate) fn token() -> Self {
        Self::at("LAB_REGISTRY_TOKEN")
    }

    /// Returns the registry with Basic authentication for `USER`.
    pub(crate) fn basic() -> Self {
        Self::at("LAB_REGISTRY_BASIC")
    }

    /// Returns the registry with a certificate of the lab's authority.
    pub(crate) fn tls() -> Self {
        let registry = Self::at("LAB_REGISTRY_TLS");
        Self { backend: format!("https://{}", registry.address), ..registry }
    }

    fn at(variable: &str) -> Self {
        let address = lab_variable(variable);
        Self { backend: address.clone(), address, hosts: None, proxy: None }
    }

    /// Returns the registry that is at `host` for those who have this `/etc/hosts`, with TLS.
    pub(super) fn in_view(address: &str, host: &str, hosts: PathBuf) -> Self {
        let (address, backend) = (address.to_owned(), format!("https://{host}"));
        Self { address, backend, hosts: Some(hosts), proxy: None }
    }

    /// Starts an address of its own before the shared registry, which misbehaves as `faults` says.
    pub(crate) fn faulty(faults: &Value) -> Self {
        Self::shared().behind_faults(faults)
    }

    /// Starts an address of its own before this registry (one without TLS).
    pub(crate) fn behind_faults(&self, faults: &Value) -> Self {
        let mut command = Command::new(script("regproxy.py"));
        let (service, words) = Service::start(command.args([&the_lab().address, &self.backend]));
        let address = words.concat();
        let backend = self.backend.clone();
        let registry = Self { address, backend, hosts: None, proxy: Some(service) };
        registry.faults(faults);
        registry
    }

    /// Replaces the faults; `tests/lab/regproxy.py` says which there are.
    pub(crate) fn faults(&self, faults: &Value) {
        self.proxy().ask("faults", faults);
    }

    /// Says whether it is one that misbehaves.
    pub(crate) fn is_faulty(&self) -> bool {
        self.proxy.is_some()
    }

    /// Returns all requests so far, as objects with `method`, `path`, `status`, `user_agent`, `accept` and more.
    pub(crate) fn log(&self) -> Vec<Value> {
        let log = self.proxy().ask("log", &Value::Null);
        log.as_array().expect("a log is a list").clone()
    }

    /// Returns how many requests had this method and a path that holds `part`.
    pub(crate) fn count(&self, method: &str, part: &str) -> usize {
        let path = |entry: &Value| entry["path"].as_str().is_some_and(|path| path.contains(part));
        self.log().iter().filter(|entry| entry["method"] == method && path(entry)).count()
    }

    /// Empties the log.
    pub(crate) fn forget(&self) {
        self.proxy().ask("forget", &json!(null));
    }

    fn proxy(&self) -> &Service {
        self.proxy.as_ref().expect("only a faulty registry is steered")
    }

    pub(super) fn seed(&self, verb: &str, repository: &str, tag: &str) -> Command {
        let seed = script("seed.py");
        let mut command = match &self.hosts {
            None => Command::new(seed),
            Some(hosts) => {
                let mut command = Command::new(script("view.sh"));
                command.arg(hosts).arg(seed);
                command
            }
        };
        command.args([verb, &self.backend, repository, tag]);
        command.env("SEED_USER", USER).env("SEED_PASSWORD", PASSWORD);
        command.env("SEED_CA", the_lab().pki.join("ca.crt"));
        command
    }
}

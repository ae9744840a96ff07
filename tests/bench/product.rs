//! docker-auto as a black box: its command line, its variables, its control socket.

use crate::elf::Elf;
use crate::fault::{Fault, while_doing};
use crate::mock::Places;
use crate::scene::Network;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program that is measured.
pub(crate) struct Product {
    path: Option<PathBuf>,
    missing: String,
}

/// Where the product finds engine and registry, and where it keeps its data.
#[derive(Clone)]
pub(crate) struct World {
    /// What `DOCKER_HOST` says.
    pub(crate) engine: String,
    pub(crate) data: PathBuf,
    pub(crate) registry: Trust,
}

/// Why a registry is trusted.
#[derive(Clone)]
pub(crate) enum Trust {
    /// It is plain HTTP, and in this network.
    Insecure(String),
    /// Its certificate comes from this authority.
    Authority(PathBuf),
}

impl World {
    /// Returns the world of the mocks, with an empty data directory.
    pub(crate) fn mock(places: &Places, network: Network, data: &Path) -> Result<Self, Fault> {
        if data.exists() {
            fs::remove_dir_all(data).map_err(while_doing("emptying the data directory"))?;
        }
        fs::create_dir_all(data).map_err(while_doing("making the data directory"))?;
        let registry = match network {
            Network::Lan | Network::Wan => Trust::Insecure("127.0.0.0/8".to_owned()),
            Network::Tls => Trust::Authority(places.ca.clone()),
        };
        let engine = format!("unix://{}", places.engine.display());
        Ok(Self { engine, data: data.to_owned(), registry })
    }
}

impl Product {
    /// Finds the program: `DOCKER_AUTO_BIN`, or what cargo has built with this benchmark.
    pub(crate) fn find() -> Self {
        let built = PathBuf::from(env!("CARGO_BIN_EXE_docker-auto"));
        let path = std::env::var_os("DOCKER_AUTO_BIN").map_or(built, PathBuf::from);
        match refusal(&path) {
            None => Self { path: Some(path), missing: String::new() },
            Some(why) => Self { path: None, missing: format!("{} {why}", path.display()) },
        }
    }

    /// Returns the program's file, or why it cannot be measured.
    pub(crate) fn path(&self) -> Result<&Path, Fault> {
        self.path.as_deref().ok_or_else(|| self.missing.clone().into())
    }

    /// Returns a sentence on what was measured.
    pub(crate) fn describe(&self) -> String {
        match &self.path {
            Some(path) => format!("Measured: {}", path.display()),
            None => format!("Not measured: {}", self.missing),
        }
    }

    /// Returns a command with no variables but those of the world.
    pub(crate) fn command(&self, world: &World, arguments: &[&str]) -> Result<Command, Fault> {
        let mut command = Command::new(self.path()?);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", &world.data)
            .env("DOCKER_CONFIG", world.data.join("no-credentials"))
            .env("DOCKER_HOST", &world.engine)
            .env("DOCKER_AUTO_DATA", &world.data);
        match &world.registry {
            Trust::Insecure(network) => command.env("DOCKER_AUTO_REGISTRY_INSECURE", network),
            Trust::Authority(ca) => command.env("DOCKER_AUTO_REGISTRY_CA", ca),
        };
        Ok(command)
    }
}

/// Returns why a file must not be measured, if there is a reason.
fn refusal(path: &Path) -> Option<String> {
    let file = match fs::read(path) {
        Ok(file) => file,
        Err(error) => return Some(format!("cannot be read: {error}")),
    };
    match Elf::parse(&file) {
        Err(error) => Some(format!("cannot be measured: {error}")),
        Ok(elf) if elf.debug => Some(
            "is a debug build, whose times mean nothing: run `cargo bench`, or set DOCKER_AUTO_BIN to a release build"
                .to_owned(),
        ),
        Ok(_) => None,
    }
}

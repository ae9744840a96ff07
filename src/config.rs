//! The configuration, from environment variables and a file: one table drives the parsing and the README.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;

use crate::core::foreign::Setting;
use crate::core::ourselves::CONFIGURATION;
use crate::core::policy::{Origin, Policy};
use crate::core::text::Language;

mod backup;
mod compose;
mod docker;
mod file;
mod foreign;
mod general;
mod log;
mod policy;
mod problem;
mod reader;
mod registry;
mod scan;
mod update;
mod variable;
mod watch;

pub use backup::BackupConfig;
pub use docker::DockerConfig;
pub use log::{LogConfig, LogFormat, LogLevel};
pub use problem::ConfigProblem;
pub use registry::{ProxyConfig, RegistryConfig, RegistryLogin};
pub use scan::ScanConfig;
pub use update::UpdateConfig;
pub use variable::{Kind, Secrecy, Variable};
pub use watch::WatchConfig;

/// Everything that environment variables and the configuration file say.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The configuration file, if there is one.
    pub file: Option<PathBuf>,
    /// What is wrong with that: nothing may be done with this configuration but to ask a server that runs.
    pub wrong: Vec<String>,
    /// Where everything is kept that must outlive the program.
    pub data: PathBuf,
    /// How long history records are kept.
    pub history_retention: Duration,
    /// The time zone of all schedules.
    pub time_zone: Tz,
    /// The language of reasons.
    pub language: Language,
    /// Where to listen.
    pub server: ListenAddress,
    /// The engine.
    pub docker: DockerConfig,
    /// The checks.
    pub scan: ScanConfig,
    /// What is looked at beside them.
    pub watch: WatchConfig,
    /// The updates.
    pub update: UpdateConfig,
    /// The backups of containers' data.
    pub backup: BackupConfig,
    /// The directories in which Compose files may be written.
    pub compose_directories: Vec<PathBuf>,
    /// The registries.
    pub registry: RegistryConfig,
    /// The way out to them.
    pub proxy: ProxyConfig,
    /// The log.
    pub log: LogConfig,
    /// What may be done with a container, before its labels are read.
    pub policy: Policy,
}

impl Default for Config {
    /// Returns a blank, which the defaults of the table are read into.
    fn default() -> Self {
        Self {
            file: None,
            wrong: Vec::new(),
            data: PathBuf::new(),
            history_retention: Duration::ZERO,
            time_zone: Tz::UTC,
            language: Language::default(),
            server: ListenAddress::default(),
            docker: DockerConfig::default(),
            scan: ScanConfig::default(),
            watch: WatchConfig::default(),
            update: UpdateConfig::default(),
            backup: BackupConfig::default(),
            compose_directories: Vec::new(),
            registry: RegistryConfig::default(),
            proxy: ProxyConfig::default(),
            log: LogConfig::default(),
            policy: Policy::default(),
        }
    }
}

/// An address to listen on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListenAddress {
    /// A host name or address; empty for all addresses.
    pub host: String,
    /// The port; 0 for any free one.
    pub port: u16,
}

/// Reads a file whose content a `…_FILE` variable stands for.
pub type ReadFile<'a> = &'a dyn Fn(&Path) -> std::io::Result<String>;

/// What the configuration is read from.
#[derive(Clone)]
pub struct Environment<'a> {
    variables: BTreeMap<String, String>,
    /// Variables that were made from those of other tools or from keys of a file, with these.
    made_from: BTreeMap<String, Origin>,
    read_file: ReadFile<'a>,
}

/// No secret is longer; a path to something endless must not fill the memory.
const LONGEST_FILE: u64 = 1 << 20;

impl<'a> Environment<'a> {
    /// Returns an environment with these variables; files are read by `read_file`.
    pub fn new(
        variables: impl IntoIterator<Item = (String, String)>,
        read_file: ReadFile<'a>,
    ) -> Self {
        let variables = variables.into_iter().collect();
        Self { variables, made_from: BTreeMap::new(), read_file }
    }

    /// Returns the environment with this configuration file, whatever it names itself.
    #[must_use]
    pub fn with_file(mut self, file: &Path) -> Self {
        self.variables.insert(CONFIGURATION.to_owned(), file.display().to_string());
        self
    }

    /// Returns the data directory that it names itself.
    pub fn data(&self) -> Option<&Path> {
        self.value("DOCKER_AUTO_DATA").map(Path::new)
    }

    /// Returns the environment with what its configuration file says, whatever is wrong with that.
    #[must_use]
    pub fn with_keys(&self) -> Self {
        file::lay_under(self).0
    }

    /// Returns all variables as they are written.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// Returns the environment of this process; the only place that reads it.
    pub fn of_process() -> Environment<'static> {
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let variables = std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value)));
        let target = |path: &Path| std::fs::canonicalize(path).ok();
        let variables = variables.map(|(name, value)| match name.as_str() {
            "TZ" => (name, general::linked_zone(&value, target).unwrap_or(value)),
            _ => (name, value),
        });
        Environment::new(variables, &|path| {
            use std::io::Read as _;
            // A pipe could keep us waiting for ever.
            if !std::fs::metadata(path)?.is_file() {
                return Err(std::io::Error::other("it is no regular file"));
            }
            let mut text = String::new();
            let read =
                std::fs::File::open(path)?.take(LONGEST_FILE + 1).read_to_string(&mut text)?;
            if read as u64 > LONGEST_FILE {
                return Err(std::io::Error::other("it is longer than 1 MiB"));
            }
            Ok(text)
        })
    }

    /// Returns a variable's value; an empty one counts as not set.
    fn value(&self, name: &str) -> Option<&str> {
        self.exact_value(name).map(str::trim)
    }

    /// Returns what a variable was made from, or the variable itself.
    fn origin(&self, name: &str) -> Origin {
        let made_from = self.made_from.get(name).cloned();
        made_from.unwrap_or_else(|| Origin::Variable(name.to_owned()))
    }

    /// Returns a variable's value with the space around it, which may belong to a password.
    fn exact_value(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name).map(String::as_str);
        value.filter(|value| !value.trim().is_empty())
    }
}

impl Config {
    /// Reads the configuration. It is complete whatever the problems; where one of them is fatal
    /// it must not be used.
    pub fn load(environment: &Environment<'_>) -> (Self, Vec<ConfigProblem>) {
        let (environment, file, wrong) = file::lay_under(environment);
        let (environment, told) = foreign::understand(&environment);
        let environment = &environment;
        let mut reader = reader::Reader::new(environment);
        let mut config = reader.read();
        config.file = file;
        reader.unknown();
        let given = reader.given;
        let mut problems = reader.problems;
        problems.extend(wrong.into_iter().chain(told));
        foreign::settle(&mut config, environment);
        problems.extend(scan::settle(&mut config, &given));
        problems.extend(update::settle(&mut config, &given));
        let incomplete = registry::settle(&mut config, &problems, environment);
        problems.extend(incomplete);
        problems.extend(docker::settle(&mut config, &given, environment));
        general::settle_zone(&config, &mut problems);
        general::settle(&mut config, environment);
        backup::settle(&mut config);
        (config, problems)
    }
}

/// Returns all variables that are read, in the README's order.
pub fn variables() -> impl Iterator<Item = &'static Variable> {
    let groups: [&[Variable]; 10] = [
        &general::VARIABLES,
        &docker::VARIABLES,
        &scan::VARIABLES,
        &watch::VARIABLES,
        &update::VARIABLES,
        &backup::VARIABLES,
        &compose::VARIABLES,
        &policy::VARIABLES,
        &registry::VARIABLES,
        &log::VARIABLES,
    ];
    groups.into_iter().flatten()
}

/// Returns a variable by the first name of the one that has this name as well; a number in it stays.
/// Its value is a secret where that one's is, unless it names a file.
pub fn ours(name: &str, value: &str) -> Option<Setting> {
    let first = reader::first_name(name)?;
    let mut secrets = variables().filter(|variable| variable.secrecy == Secrecy::Secret);
    let secret = secrets.any(|variable| variable.is_called(name)) && !name.ends_with(reader::FILE);
    Some(if secret { Setting::secret(first, value) } else { Setting::open(first, value) })
}

/// Returns the README's table of variables in Markdown.
pub fn readme_table() -> String {
    let mut table =
        String::from("| Variable | Values | Default | Meaning |\n| --- | --- | --- | --- |\n");
    for variable in variables() {
        let Variable { name, kind, doc, .. } = variable;
        let default = match variable.default {
            "" => String::new(),
            default => format!("`{default}`"),
        };
        let file = match variable.secrecy {
            Secrecy::Secret => format!(" Or `{name}_FILE`, a file that holds it."),
            Secrecy::Open => String::new(),
        };
        let names: Vec<String> =
            variable.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let aliases = match names.as_slice() {
            [] => String::new(),
            names => format!(" Also read: {}.", names.join(", ")),
        };
        let _ = writeln!(table, "| `{name}` | {kind} | {default} | {doc}{file}{aliases} |");
    }
    table
}

//! Where data is kept, the time zone, and where to listen.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;

use crate::config::variable::{Given, Kind, Secrecy, Variable, set};
use crate::config::{Config, ConfigProblem, Environment, ListenAddress, file};
use crate::core::ourselves::CONFIGURATION;
use crate::core::policy::Origin;
use crate::core::text::Language;
use crate::core::value;

/// A record is never deleted earlier.
const SHORTEST_RETENTION: Duration = Duration::from_hours(30 * 24);

pub(super) const VARIABLES: [Variable; 6] = [
    Variable {
        key: "data",
        name: "DOCKER_AUTO_DATA",
        aliases: &[],
        kind: Kind::Path,
        default: "",
        doc: "Where everything is kept that must outlive the program: `/data` in the image, else \
              `$XDG_STATE_HOME/docker-auto` or `~/.local/state/docker-auto`.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.data, absolute(&given)),
    },
    Variable {
        key: "config",
        name: CONFIGURATION,
        aliases: &[],
        kind: Kind::Path,
        default: "",
        doc: "A YAML file with settings by their keys, as `--config` names one; if not set `config.yaml` in the \
              directory of `DOCKER_AUTO_DATA`, else `/etc/docker-auto/config.yaml`, if it is there.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.file, Ok(Some(given.path()))),
    },
    Variable {
        key: "history.retention",
        name: "DOCKER_AUTO_HISTORY_RETENTION",
        aliases: &[],
        kind: Kind::Duration,
        default: "90d",
        doc: "How long the records of operations are kept, at least `30d`.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.history_retention, given.duration(SHORTEST_RETENTION)),
    },
    Variable {
        key: "tz",
        name: "TZ",
        aliases: &[],
        kind: Kind::Text("a name such as `Europe/Berlin`"),
        default: "UTC",
        doc: "The time zone of all schedules, windows and dates.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.time_zone, time_zone(&given)),
    },
    Variable {
        key: "language",
        name: "DOCKER_AUTO_LANGUAGE",
        aliases: &[],
        kind: Kind::Words("`en`, `zh`"),
        default: "en",
        doc: "The language of reasons and explanations: English or Chinese.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.language, value::choice(given.text, &Language::WORDS)),
    },
    Variable {
        key: "server.addr",
        name: "DOCKER_AUTO_SERVER_ADDR",
        aliases: &["WATCH_SERVER_ADDR", "SERVER_ADDR"],
        kind: Kind::Text("`[HOST]:PORT`"),
        default: ":8080",
        doc: "Where to listen; without a host on all addresses.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.server, address(&given)),
    },
];

/// In paths, names of time zones follow this folder.
const ZONES: &str = "/zoneinfo/";

/// Where data is kept where neither a variable nor a home says it.
const NO_HOME: &str = "/var/lib/docker-auto";

/// Returns what `TZ` means where it names a link, as `:/etc/localtime` and `localtime` do.
pub(super) fn linked_zone(text: &str, target: impl Fn(&Path) -> Option<PathBuf>) -> Option<String> {
    let path = match text.trim().trim_start_matches(':') {
        "localtime" => "/etc/localtime",
        path if path.starts_with('/') && !path.contains(ZONES) => path,
        _ => return None,
    };
    let target = target(Path::new(path))?.to_string_lossy().into_owned();
    target.contains(ZONES).then_some(target)
}

/// A zone that is not known matters only where something goes by the clock on the wall.
pub(super) fn settle_zone(config: &Config, problems: &mut [ConfigProblem]) {
    let schedules = config.scan.schedule.is_some() || config.update.schedule.is_some();
    if schedules || config.policy.window.is_some() || config.policy.blackout.is_some() {
        return;
    }
    for problem in problems {
        if let ConfigProblem::BadValue { setting, value, cure } = problem
            && (*setting == Origin::Variable("TZ".to_owned())
                || matches!(setting, Origin::File { key, .. } if file::is_called(key, "tz")))
        {
            let why = format!("{value:?}: {cure}. UTC is used");
            *problem = ConfigProblem::Ignored { setting: setting.clone(), why };
        }
    }
}

/// Finds the data directory where none is given.
pub(super) fn settle(config: &mut Config, environment: &Environment<'_>) {
    if !config.data.as_os_str().is_empty() {
        return;
    }
    // The XDG rules have relative paths ignored.
    let folder =
        |name| environment.value(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")));
    config.data = state.map_or_else(|| NO_HOME.into(), |state| state.join("docker-auto"));
}

pub(super) fn absolute(given: &Given<'_>) -> Result<PathBuf, String> {
    let path = given.path();
    let relative = || "write an absolute path: it would be another one in each folder".to_owned();
    path.is_absolute().then_some(path).ok_or_else(relative)
}

/// Libraries also read `:Europe/Berlin` and the path of a zone's file.
fn time_zone(given: &Given<'_>) -> Result<Tz, String> {
    let name = given.text.trim_start_matches(':');
    let name = name.rsplit_once(ZONES).map_or(name, |(_, name)| name);
    name.parse().map_err(|_| {
        "it is no name of the IANA time zone database; write one such as Europe/Berlin or UTC"
            .to_owned()
    })
}

fn address(given: &Given<'_>) -> Result<ListenAddress, String> {
    let cure = || "write :PORT or HOST:PORT, such as :8080 or 127.0.0.1:8080".to_owned();
    let (host, port) = given.text.rsplit_once(':').ok_or_else(cure)?;
    let port = port.parse().map_err(|_| cure())?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let good = match bare {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
    };
    let host = bare.unwrap_or(host).to_owned();
    good.then_some(ListenAddress { host, port }).ok_or_else(cure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_behind_its_link() {
        let target = |path: &Path| {
            let known = path == Path::new("/etc/localtime");
            known.then(|| PathBuf::from("/usr/share/zoneinfo/Europe/Berlin"))
        };
        for (text, expected) in [
            (":/etc/localtime", Some("/usr/share/zoneinfo/Europe/Berlin")),
            ("/etc/localtime", Some("/usr/share/zoneinfo/Europe/Berlin")),
            ("localtime", Some("/usr/share/zoneinfo/Europe/Berlin")),
            ("/etc/other", None),
            (":/usr/share/zoneinfo/Asia/Tokyo", None),
            ("Europe/Berlin", None),
        ] {
            assert_eq!(linked_zone(text, target).as_deref(), expected, "{text}");
        }
    }
}

//! The checks: when, and how many at once.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::variable::{Given, Kind, Secrecy, Variable, set};
use crate::config::{Config, ConfigProblem};
use crate::core::duration;
use crate::core::policy::Origin;
use crate::core::window::{Schedule, Timetable};

/// When containers are checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScanConfig {
    /// The time between two checks, where there is no schedule.
    pub interval: Duration,
    /// The times of the checks, in place of the interval.
    pub schedule: Option<Schedule>,
    /// By how much each of them may come late, so that many instances do not ask at once.
    pub jitter: Duration,
    /// Whether there is one at the start.
    pub on_start: bool,
    /// How many registry requests there are at once.
    pub concurrency: u32,
    /// How long a registry's answer is used again; never longer than the interval.
    pub cache_ttl: Duration,
}

impl ScanConfig {
    /// Returns when checks are due.
    pub fn timetable(&self) -> Timetable {
        self.schedule.clone().map_or(Timetable::Every(self.interval), Timetable::Cron)
    }
}

const MINUTE: Duration = Duration::from_mins(1);
const LONGEST_JITTER: Duration = Duration::from_hours(1);

pub(super) const VARIABLES: [Variable; 6] = [
    Variable {
        key: "scan.interval",
        name: "DOCKER_AUTO_SCAN_INTERVAL",
        aliases: &["WATCH_SCAN_INTERVAL", "SCAN_INTERVAL"],
        kind: Kind::Duration,
        default: "10m",
        doc: "The time between two checks, at least `1m`.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.scan.interval, given.duration(MINUTE)),
    },
    Variable {
        key: "scan.cron",
        name: "DOCKER_AUTO_SCAN_CRON",
        aliases: &["WATCH_SCAN_CRON", "SCAN_CRON"],
        kind: Kind::Cron,
        default: "",
        doc: "The times of the checks, in place of the interval.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            if let Some(interval) = given.text.strip_prefix("@every ") {
                let interval = interval.trim();
                return Err(format!("write DOCKER_AUTO_SCAN_INTERVAL={interval} in its place"));
            }
            let schedule = schedule(config, &given)?;
            if schedule.is_faster_than_a_minute() {
                return Err("checks may be a minute apart at least; write one second".to_owned());
            }
            set(&mut config.scan.schedule, Ok(Some(schedule)))
        },
    },
    Variable {
        key: "scan.jitter",
        name: "DOCKER_AUTO_SCAN_JITTER",
        aliases: &[],
        kind: Kind::Duration,
        default: "0s",
        doc: "Each check comes late by a time of chance up to this, so that many instances do not ask a \
              registry in the same second; a tenth of the interval is plenty, `1h` is the most.",
        secrecy: Secrecy::Open,
        set: |config, given| {
            let jitter = given.duration(Duration::ZERO)?;
            if jitter > LONGEST_JITTER {
                return Err("the largest is 1h".to_owned());
            }
            set(&mut config.scan.jitter, Ok(jitter))
        },
    },
    Variable {
        key: "scan.on_start",
        name: "DOCKER_AUTO_SCAN_ON_START",
        aliases: &["WATCH_SCAN_INITIAL_ON_START", "SCAN_INITIAL_ON_START"],
        kind: Kind::Switch,
        default: "true",
        doc: "Checks at the start, too.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.scan.on_start, given.switch()),
    },
    Variable {
        key: "scan.concurrency",
        name: "DOCKER_AUTO_SCAN_CONCURRENCY",
        aliases: &["WATCH_SCAN_CONCURRENCY", "SCAN_CONCURRENCY"],
        kind: Kind::Number,
        default: "64",
        doc: "How many registry requests there are at once, over all registries.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.scan.concurrency, given.number(1..=1000)),
    },
    Variable {
        key: "scan.cache_ttl",
        name: "DOCKER_AUTO_SCAN_CACHE_TTL",
        aliases: &["WATCH_SCAN_CACHE_TTL", "SCAN_CACHE_TTL"],
        kind: Kind::Duration,
        default: "5m",
        doc: "How long a registry's answer is used again; never longer than the interval.",
        secrecy: Secrecy::Open,
        set: |config, given| set(&mut config.scan.cache_ttl, given.duration(Duration::ZERO)),
    },
];

/// Reads a schedule in the configured time zone, which is read before it.
pub(super) fn schedule(config: &Config, given: &Given<'_>) -> Result<Schedule, String> {
    if given.text.starts_with(['"', '\'']) {
        return Err("remove the quotes: they belong to the shell, not to the value".to_owned());
    }
    Schedule::parse(given.text, config.time_zone).map_err(|error| error.to_string())
}

/// Settles what two settings say of one thing.
pub(super) fn settle(
    config: &mut Config,
    given: &BTreeMap<&'static str, Origin>,
) -> Vec<ConfigProblem> {
    let mut problems = Vec::new();
    let mut ignored = |key: &str, why: String| {
        if let Some(setting) = given.get(key).cloned() {
            problems.push(ConfigProblem::Ignored { setting, why });
        }
    };
    let scan = &mut config.scan;
    if let Some(schedule) = &scan.schedule {
        ignored("scan.interval", format!("checks follow the schedule {:?}", schedule.text()));
    } else if scan.cache_ttl > scan.interval {
        let interval = duration::print(scan.interval);
        ignored(
            "scan.cache_ttl",
            format!("answers are kept for {interval}, the time to the next check"),
        );
        scan.cache_ttl = scan.interval;
    }
    problems
}

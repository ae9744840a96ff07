//! Environment variables → configuration and problems: every variable of the table, and what is
//! special about some.

use std::collections::BTreeSet;
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::time::Duration;

use docker_auto::config::{
    Config, ConfigProblem, Environment, LogFormat, LogLevel, Secrecy, readme_table, variables,
};
use docker_auto::core::labels::{LABELS, readme_labels};
use docker_auto::core::policy::{Origin, Policy, Updates};
use docker_auto::core::window::Timetable;

mod credentials;
mod file;

/// Reads `NAME=value` lines; files are `/secret` and `/empty`.
fn load(lines: &str) -> (Config, Vec<ConfigProblem>) {
    let pairs = lines.lines().filter_map(|line| line.trim_start().split_once('='));
    let variables = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Config::load(&Environment::new(variables, &|path: &Path| match path.to_str() {
        Some("/secret") => Ok("s3cret\n".to_owned()),
        Some("/empty") => Ok("\n".to_owned()),
        Some("/config.yaml") => Ok("language: zh\n".to_owned()),
        _ => Err(Error::from(ErrorKind::NotFound)),
    }))
}

fn texts(problems: &[ConfigProblem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// Returns a row of `fixtures/config/values.txt`.
fn row(key: &str) -> Vec<&'static str> {
    let table = include_str!("../fixtures/config/values.txt");
    let rows = table.lines().map(|line| line.split(" | ").collect::<Vec<_>>());
    let mut rows = rows.filter(|row| row.first() == Some(&key));
    rows.next().unwrap_or_else(|| panic!("{key} has no values in the table"))
}

#[test]
fn every_variable_is_read_under_each_of_its_names() {
    let (blank, problems) = load("");
    assert!(problems.is_empty(), "{problems:?}");
    let table = include_str!("../fixtures/config/values.txt");
    let rows = table.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(rows, variables().count(), "a row of the table is for no variable");
    for variable in variables() {
        let row = row(variable.key);
        let good = row[1];
        for name in [variable.name].iter().chain(variable.aliases) {
            // Credentials count only together.
            let rest = match variable.key {
                "registry.auth.<n>.username" => "A_HOST=r.io\nA_PASSWORD=p",
                "registry.auth.<n>.password" => "A_HOST=r.io\nA_USERNAME=u",
                "registry.auth.<n>.token" => "A_HOST=r.io",
                "registry.auth.<n>.host" => "A_TOKEN=t",
                // These have an effect together.
                "docker.tls_verify" | "docker.cert_path" => {
                    "DOCKER_HOST=tcp://h:1\nDOCKER_TLS_VERIFY=1"
                }
                "tz" => "SCAN_CRON=0 3 * * *",
                _ => "",
            };
            let rest = rest.replace("A_", "DOCKER_AUTO_REGISTRY_AUTH_7_");
            let name = name.replace("<n>", "7");
            let (config, problems) = load(&format!("{rest}\n{name}={good}"));
            assert!(problems.is_empty(), "{name}={good}: {:?}", texts(&problems));
            // Of the strategies there is one, which holds anyway.
            let alone = variable.key == "update.strategy";
            assert_eq!(config == blank, alone, "{name}={good} changes nothing");
            assert_eq!(load(&format!("{name}=")).0, blank, "an empty {name} is none");
            let [_, _, bad, cure] = row[..] else { continue };
            let (_, problems) = load(&format!("{rest}\n{name}={bad}"));
            let problem = problems.iter().find(|problem| problem.name() == name).unwrap();
            assert!(problem.is_fatal(), "{problem}");
            let value = if variable.secrecy == Secrecy::Secret { "***" } else { bad };
            let text = problem.to_string();
            assert!([&*name, value, cure].iter().all(|part| text.contains(part)), "{text}");
        }
    }
}

#[test]
fn names_follow_from_keys() {
    let standard = [
        "DOCKER_TLS_VERIFY",
        "DOCKER_CERT_PATH",
        "DOCKER_CONFIG",
        "TZ",
        "NO_COLOR",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
    ];
    let mut names = BTreeSet::new();
    for variable in variables() {
        let key = variable.key.to_ascii_uppercase().replace('.', "_").replace("<N>", "<n>");
        let expected = format!("DOCKER_AUTO_{key}");
        assert!(variable.name == expected || standard.contains(&variable.name), "{expected}");
        for name in [variable.name].iter().chain(variable.aliases) {
            assert!(names.insert(*name), "{name} stands for two variables");
        }
    }
}

#[test]
fn nothing_set_is_the_documented_default() {
    let (config, problems) = load("HOME=/users/me");
    assert!(problems.is_empty());
    assert_eq!(config.policy, Policy::default());
    assert_eq!(config.data, Path::new("/users/me/.local/state/docker-auto"));
    assert_eq!(config.docker.config.as_deref(), Some(Path::new("/users/me/.docker")));
    assert_eq!(config.docker.host, "unix:///var/run/docker.sock");
    assert!(!config.docker.tls_verify);
    assert_eq!((&*config.server.host, config.server.port), ("", 8080));
    assert_eq!(config.scan.timetable(), Timetable::Every(Duration::from_mins(10)));
    assert_eq!(config.scan.cache_ttl, Duration::from_mins(5));
    assert!(config.scan.on_start && config.update.remove_old && !config.update.enabled);
    assert_eq!((config.scan.concurrency, config.update.concurrency), (64, 1));
    assert_eq!(config.update.keep_images, 1);
    assert_eq!(config.history_retention, Duration::from_hours(90 * 24));
    assert_eq!((config.log.level, config.log.format), (LogLevel::Info, LogFormat::Text));
    assert_eq!(config.registry.concurrency, None);
    assert_eq!(config.time_zone, chrono_tz::Tz::UTC);
}

#[test]
fn the_data_directory_is_found() {
    for (lines, expected) in [
        ("DOCKER_AUTO_DATA=/data\nHOME=/me\nXDG_STATE_HOME=/state", "/data"),
        ("HOME=/me\nXDG_STATE_HOME=/state", "/state/docker-auto"),
        ("HOME=/me\nXDG_STATE_HOME=relative", "/me/.local/state/docker-auto"),
        ("", "/var/lib/docker-auto"),
    ] {
        assert_eq!(load(lines).0.data, Path::new(expected), "{lines}");
    }
}

#[test]
fn addresses_are_read() {
    for (text, host, port) in [
        (":8080", "", 8080),
        ("0.0.0.0:80", "0.0.0.0", 80),
        ("[::1]:8080", "::1", 8080),
        ("localhost:0", "localhost", 0),
    ] {
        let (config, problems) = load(&format!("SERVER_ADDR={text}"));
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!((&*config.server.host, config.server.port), (host, port));
    }
    for bad in ["::1:8080", "host:", "host:99999", "a b:1", "[x]:1", ":-1"] {
        let (_, problems) = load(&format!("SERVER_ADDR={bad}"));
        assert!(problems.len() == 1 && problems[0].is_fatal(), "{bad}: {problems:?}");
    }
}

/// What is set → what is said; every part must appear, in this order.
const PROBLEMS: [(&str, &[(&str, bool)]); 31] = [
    ("SCAN_INTERVAL=1m\nDOCKER_AUTO_SCAN_CACHE_TTL=1m", &[]),
    (
        "DOCKER_AUTO_SCAN_INTERVALL=1m",
        &[(
            "DOCKER_AUTO_SCAN_INTERVALL is not known; did you mean DOCKER_AUTO_SCAN_INTERVAL?",
            false,
        )],
    ),
    (
        "DOCKER_AUTO_INTERVAL=1m",
        &[("DOCKER_AUTO_INTERVAL is not known; did you mean DOCKER_AUTO_SCAN_INTERVAL?", false)],
    ),
    ("DOCKER_AUTO_FROBNICATE=1", &[("DOCKER_AUTO_FROBNICATE is not known", false)]),
    (
        "DOCKER_AUTO_REGISTRY_AUTH_1_USER=me",
        &[("DOCKER_AUTO_REGISTRY_AUTH_1_USER is not known", false)],
    ),
    (
        "DOCKER_AUTO_REGISTRY_AUTH_1_USERNAM=me",
        &[("did you mean DOCKER_AUTO_REGISTRY_AUTH_<n>_USERNAME?", false)],
    ),
    ("DOCKER_AUTO_LOG_LEVEL_FILE=/secret", &[("LOG_LEVEL_FILE is not known", false)]),
    (
        "DOCKER_AUTO_SERVICE_HOST=1\nDOCKER_AUTO_PORT_80_TCP=x\nDOCKER_AUTO_PORT=tcp://x\nOTHER=1",
        &[],
    ),
    (
        "DOCKER_AUTO_LOG_LEVEL=debug\nLOG_LEVEL=warn",
        &[("LOG_LEVEL has no effect: the variable DOCKER_AUTO_LOG_LEVEL is set as well", false)],
    ),
    ("DOCKER_AUTO_LOG_LEVEL=debug\nLOG_LEVEL=debug", &[]),
    (
        "SCAN_CRON=0 3 * * *\nSCAN_INTERVAL=5m",
        &[("SCAN_INTERVAL has no effect: checks follow the schedule \"0 3 * * *\"", false)],
    ),
    (
        "SCAN_INTERVAL=1m\nSCAN_CACHE_TTL=5m",
        &[("SCAN_CACHE_TTL has no effect: answers are kept for 1m", false)],
    ),
    (
        "UPDATE_ENABLED=false\nUPDATE_CRON=0 3 * * *",
        &[("UPDATE_CRON has no effect: the variable UPDATE_ENABLED turns updates off", false)],
    ),
    ("WATCH_SCAN_INTERVALL=1m", &[("did you mean WATCH_SCAN_INTERVAL?", false)]),
    ("WATCH_SCAN_ODD=1m", &[("WATCH_SCAN_ODD is not known", false)]),
    ("SCAN_INTERVALL=1m", &[("did you mean SCAN_INTERVAL?", false)]),
    ("SCAN_RESULTS_FOLDER=/x\nWATCH_THIS=1\nUPDATE_NOTIFIER=1", &[]),
    (
        "WATCHTOWER_SCHEDULE=x\nWATCHTOWER_PORCELAIN=v1",
        &[
            ("WATCHTOWER_PORCELAIN has no equivalent", false),
            ("WATCHTOWER_SCHEDULE has the value \"x\"", true),
            ("WATCHTOWER_PORCELAIN is read as consent to its tool's defaults", false),
        ],
    ),
    ("DOCKER_TLS_VERIFY=1", &[("DOCKER_TLS_VERIFY has no effect: a unix socket", false)]),
    ("DOCKER_CERT_PATH=/c", &[("DOCKER_CERT_PATH has no effect: a unix socket", false)]),
    (
        "DOCKER_CERT_PATH=/c\nDOCKER_HOST=tcp://h:1",
        &[("DOCKER_CERT_PATH has no effect: without DOCKER_TLS_VERIFY=1", false)],
    ),
    ("DOCKER_CERT_PATH=/c\nDOCKER_HOST=https://h:1", &[]),
    ("DOCKER_CONTEXT=other", &[("DOCKER_CONTEXT has no effect", false)]),
    ("TZ=CET-1CEST", &[("TZ has no effect: \"CET-1CEST\"", false)]),
    ("TZ=CET-1CEST\nSCAN_CRON=0 3 * * *", &[("TZ has the value \"CET-1CEST\"", true)]),
    ("SCAN_CRON=\"0 3 * * *\"", &[("remove the quotes", true)]),
    ("SCAN_CRON=@every 5m", &[("write DOCKER_AUTO_SCAN_INTERVAL=5m", true)]),
    ("SCAN_CACHE_TTL=0", &[]),
    ("DOCKER_AUTO_DATA=data", &[("write an absolute path", true)]),
    (
        "DOCKER_AUTO_REGISTRY_AUTH_3_HOST=gh cr.io\nDOCKER_AUTO_REGISTRY_AUTH_3_TOKEN=t",
        &[("AUTH_3_HOST has the value \"gh cr.io\"", true)],
    ),
    (
        "UPDATE_CRON=61 * * * *\nSCAN_INTERVAL=x",
        &[
            ("SCAN_INTERVAL has the value \"x\"", true),
            (
                "UPDATE_CRON has the value \"61 * * * *\": the minute \"61\" must lie between 0 and 59",
                true,
            ),
        ],
    ),
];

#[test]
fn problems_name_the_variable_and_the_cure() {
    for (lines, expected) in PROBLEMS {
        let (_, problems) = load(lines);
        let texts = texts(&problems);
        assert_eq!(problems.len(), expected.len(), "{lines}: {texts:?}");
        for ((problem, text), (part, fatal)) in problems.iter().zip(&texts).zip(expected) {
            assert!(text.contains(part), "{text:?} lacks {part:?}");
            assert_eq!(problem.is_fatal(), *fatal, "{text}");
        }
    }
}

#[test]
fn the_cache_never_outlives_the_interval() {
    assert_eq!(load("SCAN_INTERVAL=1m").0.scan.cache_ttl, Duration::from_mins(1));
    assert_eq!(load("SCAN_CRON=0 3 * * *").0.scan.cache_ttl, Duration::from_mins(5));
}

#[test]
fn either_setting_enables_updates() {
    let updates = |lines: &str| load(lines).0.policy.rules.updates.clone();
    let origin = |name: &str| Origin::Variable(name.to_owned());
    assert_eq!(updates("").value, Updates::Never);
    let enabled = updates("WATCH_UPDATE_ENABLED=true");
    assert_eq!((enabled.value, enabled.origin), (Updates::AtCheck, origin("WATCH_UPDATE_ENABLED")));
    for lines in ["UPDATE_CRON=0 3 * * *", "UPDATE_CRON=0 3 * * *\nUPDATE_ENABLED=true"] {
        let scheduled = updates(&format!("{lines}\nTZ=Europe/Berlin"));
        let Updates::At(schedule) = scheduled.value else { panic!("{lines}") };
        assert_eq!(schedule.to_string(), "0 3 * * * (Europe/Berlin)");
        assert_eq!(scheduled.origin, origin("UPDATE_CRON"));
    }
    let refused = updates("UPDATE_CRON=0 3 * * *\nUPDATE_ENABLED=false");
    assert_eq!((refused.value, refused.origin), (Updates::Never, origin("UPDATE_ENABLED")));
}

#[test]
fn secrets_are_never_shown() {
    let lines = "DOCKER_AUTO_REGISTRY_AUTH_1_HOST=a.io\nDOCKER_AUTO_REGISTRY_AUTH_1_USERNAME=u\n\
         DOCKER_AUTO_REGISTRY_AUTH_1_PASSWORD=hunter2\nHTTPS_PROXY=http://me:hunter2@proxy:1\n\
         HTTP_PROXY=socks5://me:hunter2@proxy:1";
    let (config, problems) = load(lines);
    let shown = format!("{config:?} {problems:?} {:?}", texts(&problems));
    assert!(!shown.contains("hunter2") && shown.contains("***"), "{shown}");
    assert!(config.registry.logins[&1].password.as_ref().unwrap().expose() == "hunter2");
}

#[test]
fn the_readme_tables_hold_every_row() {
    let (variables_table, labels_table) = (readme_table(), readme_labels());
    let cells = |table: &str| {
        let rows: Vec<usize> = table.lines().map(|line| line.matches(" | ").count()).collect();
        assert!(rows.iter().skip(2).all(|cells| *cells >= 3), "{table}");
        rows.len() - 2
    };
    assert_eq!(cells(&variables_table), variables().count());
    assert_eq!(cells(&labels_table), LABELS.len());
    for variable in variables() {
        for name in [variable.name].iter().chain(variable.aliases) {
            assert!(variables_table.contains(&format!("`{name}`")), "{name}");
        }
    }
}

#[test]
fn the_process_environment_is_read() {
    let (config, _) = Config::load(&Environment::of_process());
    let home = std::env::var_os("DOCKER_CONFIG").or(std::env::var_os("HOME"));
    assert_eq!(config.docker.config.is_some(), home.is_some_and(|home| !home.is_empty()));
}

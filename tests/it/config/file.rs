//! A configuration file beside the environment: its keys, their spellings, who stands above whom.

use std::io::{Error, ErrorKind};
use std::path::Path;

use docker_auto::config::{Config, ConfigProblem, Environment, variables};
use docker_auto::core::secret::Secret;
use docker_auto::core::version::Track;

use super::{row, texts};

const PLACE: &str = "/etc/docker-auto/config.yaml";

/// Reads a configuration file at a place, and `NAME=value` lines; a secret's file is `/secret`.
fn load(place: &str, text: &str, lines: &str) -> (Config, Vec<ConfigProblem>) {
    let pairs = lines.lines().filter_map(|line| line.trim_start().split_once('='));
    let variables = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Config::load(&Environment::new(variables, &|path: &Path| match path.to_str() {
        Some("/secret") => Ok("s3cret\n".to_owned()),
        Some(path) if path == place => Ok(text.to_owned()),
        _ => Err(Error::from(ErrorKind::NotFound)),
    }))
}

/// Writes `key: value` as mappings within each other.
fn nested(key: &str, value: &str) -> String {
    let parts: Vec<&str> = key.split('.').collect();
    let line = |(depth, part): (usize, &&str)| format!("{}'{part}':\n", "  ".repeat(depth));
    let above: String = parts.iter().enumerate().map(line).collect();
    format!("{} '{value}'\n", above.trim_end())
}

/// Returns all that a configuration says, whoever says it.
fn shown(config: &Config, origin: &str) -> String {
    format!("{:?}", Config { file: None, ..config.clone() }).replace(origin, "ORIGIN")
}

#[test]
fn every_variable_is_read_by_its_key() {
    // Credentials, which count only together, have a table of their own.
    let alone = |key: &str| key != "config" && !key.starts_with("registry.auth.");
    for variable in variables().filter(|variable| alone(variable.key)) {
        let row = row(variable.key);
        let (key, name) = (variable.key, variable.name);
        let by_variable = load(PLACE, "", &format!("{name}={}", row[1]));
        let by_key = load(PLACE, &nested(key, row[1]), "");
        assert!(
            by_key.1.iter().all(|problem| !problem.is_fatal()),
            "{key}: {:?}",
            texts(&by_key.1)
        );
        let origin = format!("File {{ key: {key:?}, file: {PLACE:?} }}");
        let expected = shown(&by_variable.0, &format!("Variable({name:?})"));
        assert_eq!(shown(&by_key.0, &origin), expected, "{key}");
        assert_eq!(by_key.0.file.as_deref(), Some(Path::new(PLACE)));
        let [_, _, bad, cure] = row[..] else { continue };
        let problems = texts(&load(PLACE, &nested(key, bad), "").1);
        let named = |text: &String| [key, PLACE, cure].iter().all(|part| text.contains(part));
        assert!(problems.iter().any(named), "{key}: {problems:?}");
    }
}

#[test]
fn other_spellings_and_shapes_are_the_same_keys() {
    for (text, lines) in [
        ("server: {addr: ':80'}", "DOCKER_AUTO_SERVER_ADDR=:80"),
        ("docker: {includeStopped: true}", "DOCKER_AUTO_DOCKER_INCLUDE_STOPPED=true"),
        ("scan: {initialScanOnStart: false}", "DOCKER_AUTO_SCAN_ON_START=false"),
        ("scan: {cacheTTL: 1m}", "DOCKER_AUTO_SCAN_CACHE_TTL=1m"),
        ("scan.concurrency: 3", "DOCKER_AUTO_SCAN_CONCURRENCY=3"),
        ("update: {enabled: true}", "DOCKER_AUTO_UPDATE_ENABLED=true"),
        ("update: {autoUpdateCron: 0 3 * * *}", "DOCKER_AUTO_UPDATE_CRON=0 3 * * *"),
        ("update: {allowComposeUpdate: true}", "DOCKER_AUTO_UPDATE_ALLOW_COMPOSE=true"),
        ("update: {recreateStrategy: recreate}", "DOCKER_AUTO_UPDATE_STRATEGY=recreate"),
        ("update: {removeOldContainer: false}", "DOCKER_AUTO_UPDATE_REMOVE_OLD=false"),
        ("policy: {skipLabels: [a=b, c]}", "DOCKER_AUTO_POLICY_SKIP_LABELS=a=b,c"),
        ("policy:\n  onlyLabels:\n  - a\n", "DOCKER_AUTO_POLICY_ONLY_LABELS=a"),
        ("policy: {exclude-labels: a}", "DOCKER_AUTO_POLICY_EXCLUDE_LABELS=a"),
        ("policy: {skipLocalBuild: false}", "DOCKER_AUTO_POLICY_SKIP_LOCAL_BUILD=false"),
        ("policy: {skipSemverPinned: false}", "DOCKER_AUTO_POLICY_SKIP_SEMVER_PINNED=false"),
        ("policy: {floatingTags: [latest]}", "DOCKER_AUTO_POLICY_FLOATING_TAGS=latest"),
        ("http_proxy: 'http://p:1'", "HTTP_PROXY=http://p:1"),
        ("no_color: false", ""),
        ("registry: {auth: []}", ""),
        ("logging: {level: debug}", "DOCKER_AUTO_LOG_LEVEL=debug"),
        ("a: &a debug\nlog: {level: *a}", "DOCKER_AUTO_LOG_LEVEL=debug"),
        ("scan: {interval: }", ""),
        ("# nothing", ""),
        ("", ""),
    ] {
        let (by_key, by_variable) = (load(PLACE, text, "").0, load("/nowhere", "", lines).0);
        let origin = |config: &Config| {
            let shown = format!("{:?}", Config { file: None, ..config.clone() });
            // Who says it differs, and nothing else.
            let end = |rest: &str| rest.find(['}', ')']).map_or(0, |end| end + 1);
            let parts = shown.split("origin: ").map(|part| match part {
                part if part.starts_with("File {") || part.starts_with("Variable(") => {
                    &part[end(part)..]
                }
                part => part,
            });
            parts.collect::<Vec<_>>().join("origin: ")
        };
        assert_eq!(origin(&by_key), origin(&by_variable), "{text}");
    }
}

#[test]
fn credentials_stand_in_a_list() {
    let text = "
        registry:
          auth:
          - {host: ghcr.io, username: me, passwordFile: /secret}
          - host: registry-1.docker.io
            username: you
            password: one
    ";
    let (config, problems) = load(PLACE, text, "DOCKER_AUTO_REGISTRY_AUTH_1_PASSWORD=other");
    assert!(problems.iter().all(ConfigProblem::is_note), "{:?}", texts(&problems));
    let logins = config.registry.logins.values().map(|login| {
        let password = login.password.as_ref().map(|password| password.expose().to_owned());
        (
            login.host.clone(),
            login.username.clone().unwrap_or_default(),
            password.unwrap_or_default(),
        )
    });
    let expected = [("ghcr.io", "me", "s3cret"), ("docker.io", "you", "other")];
    let expected =
        expected.map(|(host, user, password)| (host.into(), user.into(), password.into()));
    assert_eq!(logins.collect::<Vec<(String, String, String)>>(), expected);
    // No password goes to a registry that it was not written for.
    let others = "DOCKER_AUTO_REGISTRY_AUTH_0_HOST=quay.io\nDOCKER_AUTO_REGISTRY_AUTH_0_TOKEN=t";
    let (config, problems) = load(PLACE, text, others);
    let login = &config.registry.logins[&0];
    assert_eq!(
        (&*login.host, login.username.as_ref(), login.password.as_ref()),
        ("quay.io", None, None)
    );
    let ignored = texts(&problems);
    let told =
        |part: &str| ignored.iter().any(|text| text.contains(&format!("registry.auth.0.{part}")));
    assert!(["host", "username", "passwordFile"].into_iter().all(told), "{ignored:?}");
}

#[test]
fn the_environment_stands_above_the_file_and_the_file_above_other_tools() {
    let text = "scan: {interval: 2m}";
    let minutes =
        |place: &str, lines: &str| load(place, text, lines).0.scan.interval.as_secs() / 60;
    for (place, lines, expected) in [
        (PLACE, "", 2),
        (PLACE, "DOCKER_AUTO_SCAN_INTERVAL=3m", 3),
        (PLACE, "SCAN_INTERVAL=3m", 3),
        (PLACE, "DOCKER_AUTO_SCAN_INTERVAL=", 2),
        (PLACE, "WATCHTOWER_POLL_INTERVAL=300", 2),
        ("/nowhere", "WATCHTOWER_POLL_INTERVAL=300", 5),
        ("/srv/config.yaml", "DOCKER_AUTO_DATA=/srv", 2),
        ("/srv/config.yaml", "", 10),
        ("/my.yaml", "DOCKER_AUTO_CONFIG=/my.yaml", 2),
        ("/my.yaml", "DOCKER_AUTO_CONFIG=/my.yaml\nDOCKER_AUTO_DATA=/srv", 2),
    ] {
        assert_eq!(minutes(place, lines), expected, "{place} {lines:?}");
    }
}

/// What a file says, whether that is fatal, and words of what is told.
const WRONG: [(&str, bool, &str); 35] = [
    (
        "scan: {intervall: 2m}",
        false,
        "scan.intervall in PLACE is not known; did you mean scan.interval?",
    ),
    ("twofa: {users: {me: {isSetup: true}}}", false, "twofa in PLACE is not known"),
    (
        "scan: {interval: 2}",
        true,
        "the key scan.interval in PLACE has the value \"2\": the duration",
    ),
    ("scan: {interval: [1m, 2m]}", true, "the key scan.interval in PLACE has the value"),
    ("policy: {skipLabels: ['a,b']}", true, "write items without commas"),
    ("policy: {skipLabels: !x [a]}", true, "policy.skipLabels in PLACE"),
    (
        "registry: {auth: [{host: a.io, username: u, password: [p]}]}",
        true,
        "registry.auth.0.password in",
    ),
    (
        "registry: {auth: [{host: a.io, username: u, password: p, passwordFile: /secret}]}",
        true,
        "the key registry.auth.0.password in PLACE and the key registry.auth.0.passwordFile in PLACE are both set",
    ),
    (
        "registry: {auth: [{host: a.io, username: u, passwordFile: /none}]}",
        true,
        "registry.auth.0.passwordFile in PLACE names the file /none",
    ),
    (
        "update: {cron: 0 3 * * *, autoUpdateCron: 0 4 * * *}",
        true,
        "update.autoUpdateCron in PLACE: it is the same as the key update.cron in PLACE",
    ),
    (
        "scan: {interval: 2m, interval: 3m}",
        true,
        "the configuration file PLACE cannot be used: interval stands twice",
    ),
    ("scan: [", true, "the configuration file PLACE cannot be used: line 2"),
    ("file", true, "write keys with their values"),
    ("- scan", true, "write keys with their values"),
    ("a: 1\n---\nb: 2", true, "a second document"),
    (
        "policy: {exclude_labels: {backup: running}}",
        true,
        "policy.exclude_labels in PLACE has the value",
    ),
    ("policy: {exclude_names: [[db], cache]}", true, "policy.exclude_names in PLACE has the value"),
    (
        "policy: {exclude_names: ['a{1,2}']}",
        true,
        "has the value \"a{1,2}\": write items without commas",
    ),
    ("update: false", true, "the key update in PLACE: write keys with their values below it"),
    ("policy: !x {exclude_names: [db]}", true, "the key policy in PLACE: write keys"),
    ("registry: {auth: [ghcr.io]}", true, "the key registry.auth.0 in PLACE: write keys"),
    (
        "config: /other.yaml",
        true,
        "config in PLACE has the value \"/other.yaml\": a file names no other one",
    ),
    (
        "policy: {exclude_names: [db], excludeNames: [cache]}",
        true,
        "is the same as the key policy.exclude_names in PLACE",
    ),
    ("a: {b: {c: 1}, d: 2}", false, "the key a in PLACE is not known"),
    (
        "registry: {auth: [{host: a.io, username: u}]}",
        true,
        "the key registry.auth.0.password in PLACE: it is missing",
    ),
    (
        "registry: {auth: [{username: u, password: p}]}",
        true,
        "the key registry.auth.0.host in PLACE: it is missing",
    ),
    ("tz: Mars/Olympus", false, "tz in PLACE has no effect: \"Mars/Olympus\""),
    (
        "policy: {exclude_names:db}",
        true,
        "the key policy.exclude_names in PLACE: write a space behind the colon",
    ),
    ("policy: {exclude_name: }", false, "policy.exclude_name in PLACE is not known; did you mean"),
    ("policy: {exclude_names: !reset }", true, "policy.exclude_names in PLACE has the value"),
    (
        "registry: {auth: [{host: 'me:hunter2@ghcr.io', token: x}]}",
        true,
        "has the value \"***@ghcr.io\"",
    ),
    (
        "registry: {auth: [{'me:hunter2@ghcr.io': x}]}",
        false,
        "the key registry.auth.0.me in PLACE is not known",
    ),
    (
        "registry: {auth: {4294967296: {host: a.io}}}",
        false,
        "registry.auth.4294967296 in PLACE is not known",
    ),
    ("TZ: Mars/Olympus", false, "the key TZ in PLACE has no effect"),
    ("http_proxy_file: /none", true, "the key http_proxy_file in PLACE names the file /none"),
];

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    for (text, is_fatal, words) in WRONG {
        let problems = load(PLACE, text, "").1;
        let words = words.replace("PLACE", PLACE);
        let found = problems.iter().find(|problem| problem.to_string().contains(&words));
        let found = found.unwrap_or_else(|| panic!("{text}: {:?}", texts(&problems)));
        assert_eq!(found.is_fatal(), is_fatal, "{text}: {found}");
    }
    let (_, problems) = load(PLACE, "", "DOCKER_AUTO_CONFIG=/none.yaml");
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    let text = problem.to_string();
    assert!(
        problem.is_fatal() && text.contains("/none.yaml") && text.contains("--config"),
        "{text}"
    );
}

#[test]
fn the_example_is_understood() {
    let (config, problems) = load(PLACE, include_str!("../../../examples/config.yaml"), "");
    assert!(problems.is_empty(), "{:?}", texts(&problems));
    assert_eq!(config.policy.versions.track.value, Track::Minor);
}

#[test]
fn what_the_environment_says_instead_is_told() {
    let text = "policy: {exclude_names: [a]}\nupdate: {enabled: false}\nscan: {interval: 2m}";
    let lines = "DOCKER_AUTO_POLICY_EXCLUDE_NAMES=b\nUPDATE_ENABLED=true\nSCAN_INTERVAL=2m";
    let (_, problems) = load(PLACE, text, lines);
    let told = [
        "the key policy.exclude_names in PLACE has no effect: the variable DOCKER_AUTO_POLICY_EXCLUDE_NAMES \
         is set as well and stands above it",
        "the key update.enabled in PLACE has no effect: the variable UPDATE_ENABLED is set as well and \
         stands above it",
    ];
    assert_eq!(texts(&problems), told.map(|text| text.replace("PLACE", PLACE)));
    assert!(problems.iter().all(ConfigProblem::is_note), "it was meant so");
}

/// What the file's credentials are, what the environment has beside them, and what comes of it: hosts with
/// their accounts, and words of what is told.
const LOGINS: [(&str, &str, &str, &str); 12] = [
    (
        "{host: ghcr.io, username: u, password: p}",
        "0_PASSWORD=q",
        "ghcr.io u q",
        "registry.auth.0.password in",
    ),
    (
        "{host: ghcr.io, username: u, password: p}",
        "0_HOST=GHCR.IO",
        "ghcr.io u p",
        "registry.auth.0.host in",
    ),
    (
        "{host: ghcr.io, username: u, password: p}",
        "0_HOST=a.io\n0_TOKEN=t",
        "a.io - -",
        "for another registry",
    ),
    ("{username: u, password: p}", "0_HOST=a.io", "", "for another registry"),
    ("{host: docker.io}", "0_USERNAME=u\n0_PASSWORD=p", "", "_0_HOST: it is missing"),
    (
        "{host: ghcr.io, username: u, password: p}",
        "1_HOST=ghcr.io\n1_TOKEN=t",
        "ghcr.io - -",
        "credentials for this registry",
    ),
    ("{host: ghcr.io, username: '', password: ''}", "", "", "neither an account nor a token"),
    ("{host: ghcr.io, token: t}", "", "ghcr.io - -", ""),
    (
        "{host: ghcr.io, token: [t]}",
        "",
        "",
        "the key registry.auth.0.token in PLACE has the value \"***\": write",
    ),
    (
        "{host: ghcr.io, username: u, password: p}",
        "0_HOST=ghcr.io\n0_TOKEN=t",
        "ghcr.io - -",
        "has credentials with this number",
    ),
    (
        "{host: ghcr.io, token: t}",
        "0_HOST=ghcr.io\n0_USERNAME=u\n0_PASSWORD=p",
        "ghcr.io u p",
        "has credentials with this number",
    ),
    ("{host: 'me:hunter2@a.io', username: u, password: p}", "", "", "***@a.io"),
];

#[test]
fn no_password_goes_to_a_registry_that_it_is_not_for() {
    for (login, lines, expected, words) in LOGINS {
        let lines = lines.lines().map(|line| format!("DOCKER_AUTO_REGISTRY_AUTH_{line}\n"));
        let lines: String = lines.collect();
        let (config, problems) = load(PLACE, &format!("registry: {{auth: [{login}]}}"), &lines);
        let word = |text: Option<&str>| text.unwrap_or("-").to_owned();
        let logins = config.registry.logins.values().map(|login| {
            let password = login.password.as_ref().map(Secret::expose);
            format!("{} {} {}", login.host, word(login.username.as_deref()), word(password))
        });
        assert_eq!(logins.collect::<Vec<_>>().join(", "), expected, "{login} {lines}");
        let told = texts(&problems).join("\n");
        assert!(!told.contains("hunter2"), "{told}");
        assert!(told.contains(&words.replace("PLACE", PLACE)), "{login} {lines}: {told}");
    }
}

#[test]
fn credentials_of_the_file_stand_above_those_of_other_tools() {
    for (number, host) in
        [("0", "registry.hub.docker.com"), ("4294967295", "docker.io"), ("7", "ghcr.io")]
    {
        let login = format!("{{{number}: {{host: {host}, username: u, password: p}}}}");
        let text = format!("registry: {{auth: {login}}}");
        let (config, problems) = load(PLACE, &text, "REPO_USER=other\nREPO_PASS=another");
        assert!(problems.iter().all(|problem| !problem.is_fatal()), "{:?}", texts(&problems));
        let logins = config.registry.logins.iter().map(|(number, login)| {
            let user = login.username.as_deref().unwrap_or_default();
            (number.to_string(), login.host.clone(), user.to_owned())
        });
        let logins: Vec<_> = logins.collect();
        let own = if host == "ghcr.io" { host } else { "docker.io" };
        assert!(
            logins.contains(&(number.to_owned(), own.to_owned(), "u".to_owned())),
            "{logins:?}"
        );
        assert_eq!(
            logins.len(),
            if own == host && host == "ghcr.io" { 2 } else { 1 },
            "{logins:?}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_may_have_named_another_directory() {
    for (text, hides) in [
        ("scan: [", true),
        ("data: relative", true),
        ("Data: relative", true),
        ("scan: {interval: x}", false),
        ("data: /srv\nscan: {interval: x}", false),
    ] {
        let (_, problems) = load(PLACE, text, "");
        assert!(problems.iter().any(ConfigProblem::is_fatal), "{text}");
        assert_eq!(problems.iter().any(ConfigProblem::hides_data), hides, "{text}");
    }
    // What is missing may stand in it.
    let (_, problems) = load(PLACE, "scan: [", "DOCKER_AUTO_REGISTRY_AUTH_0_PASSWORD=p");
    assert_eq!(problems.len(), 1, "{:?}", texts(&problems));
}

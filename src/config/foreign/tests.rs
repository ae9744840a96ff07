//! Other tools' variables → a configuration, and what is said of it.

use std::collections::BTreeMap;

use crate::config::{Config, ConfigProblem, Environment, Secrecy, ours, variables};
use crate::core::foreign::Content;
use crate::core::foreign::report::{Seen, report};
use crate::core::foreign::variables::rows;

fn load(lines: &str) -> (Config, Vec<ConfigProblem>) {
    let pairs = lines.lines().filter_map(|line| line.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Config::load(&Environment::new(pairs, &|path| match path.extension() {
        None => Ok("file".to_owned()),
        Some(_) => Err(std::io::ErrorKind::NotFound.into()),
    }))
}

/// What is there beside each row, so that what is implied is the same with and without it.
const BESIDE: &str = "DOCKER_AUTO_DATA=/d\nDOCKER_CONFIG=/c\nDOCKER_HOST=tcp://h:1\n\
                      WATCHTOWER_NO_STARTUP_MESSAGE=1\nDIUN_PROVIDERS_DOCKER=true\n";

/// Values of which each row takes at least one, and one of which is not what holds without it.
const VALUES: [&str; 17] = [
    "true",
    "false",
    "3",
    "90",
    "30s",
    "0 0 4 * * *",
    "@every 6h",
    "a.example:5000",
    "debug",
    "json",
    "/folder/file",
    "blue-green",
    "prod",
    "minor",
    "unix:///x",
    "none",
    "mature",
];

#[test]
fn every_variable_changes_something_or_says_why_it_does_not() {
    for row in rows() {
        let name = row.name.replace('*', "X");
        let mut told = Vec::new();
        let mut changes = false;
        for value in VALUES {
            // What is under test stands above what is beside it.
            let kept = if value == "unix:///x" || value.starts_with('/') {
                BESIDE.replace("DOCKER_HOST=tcp://h:1\n", "")
            } else {
                BESIDE.to_owned()
            };
            let (config, problems) = load(&format!("{kept}{name}={value}"));
            let without = load(&kept).0;
            changes |= config != without && !problems.iter().any(ConfigProblem::is_fatal);
            told.extend(problems.into_iter().filter(|problem| problem.name() == name));
        }
        let said = told.iter().any(|problem| match problem {
            ConfigProblem::NoEquivalent { why, .. } => !why.is_empty(),
            ConfigProblem::Understood { meaning, .. } => meaning.starts_with("nothing to set"),
            _ => false,
        });
        assert!(changes || said, "{name}: {told:?}");
    }
}

fn check(lines: &str, expected: &[&str]) {
    let (config, problems) = load(lines);
    let rules = &config.policy.rules;
    let shown = format!(
        "{:?} {} {} {} scan={:?} every={:?} start={} stop={:?} only={:?} names={:?} window={:?} problems={:?} fatal={} scope={} cooldown={:?}",
        rules.updates.value,
        rules.updates.origin,
        rules.allow_compose.value,
        config.update.keep_images,
        config.scan.schedule.as_ref().map(|it| it.text().to_owned()),
        config.scan.interval,
        config.scan.on_start,
        config.policy.stop_timeout.as_ref().map(|it| it.value),
        rules.only_labels.value.iter().map(ToString::to_string).collect::<Vec<_>>(),
        rules.exclude_names.value.iter().map(ToString::to_string).collect::<Vec<_>>(),
        config.policy.window.as_ref().map(|it| it.value.text().to_owned()),
        problems.iter().filter(|it| !it.is_note()).map(ToString::to_string).collect::<Vec<_>>(),
        problems.iter().any(ConfigProblem::is_fatal),
        rules.scope.value,
        config.policy.cooldown.value,
    );
    for part in expected {
        assert!(shown.contains(part), "{lines}: {shown} lacks {part}");
    }
}

#[test]
fn variables_of_watchtower_switch_its_defaults_on() {
    for (lines, expected) in [
        ("", &["Never the default false 1", "every=600s start=true", "problems=[]"][..]),
        (
            "WATCHTOWER_CLEANUP=true",
            &["AtCheck the variable WATCHTOWER_CLEANUP true 1 ", "every=86400s start=false"],
        ),
        (
            "WATCHTOWER_SCHEDULE=0 0 4 * * *",
            &["0 0 4 * * *", "the variable WATCHTOWER_SCHEDULE true", "every=600s start=true"],
        ),
        (
            "WATCHTOWER_SCHEDULE=@every 2h",
            &["AtCheck the variable WATCHTOWER_SCHEDULE true", "every=7200s start=false"],
        ),
        (
            "WATCHTOWER_POLL_INTERVAL=3600\nWATCHTOWER_UPDATE_ON_START=true",
            &["AtCheck", "every=3600s start=true"],
        ),
        ("WATCHTOWER_MONITOR_ONLY=true", &["Never the variable WATCHTOWER_MONITOR_ONLY false"]),
        (
            "WATCHTOWER_MONITOR_ONLY=true\nWATCHTOWER_SCHEDULE=0 0 4 * * *",
            &[
                "Never the variable WATCHTOWER_MONITOR_ONLY",
                "scan=Some(\"0 0 4 * * *\")",
                "problems=[]",
            ],
        ),
        (
            "WATCHTOWER_LABEL_ENABLE=1\nWATCHTOWER_DISABLE_CONTAINERS=a b\nWATCHTOWER_TIMEOUT=30s",
            &[
                "only=[\"com.centurylinklabs.watchtower.enable=true\"]",
                "names=[\"a\", \"b\"]",
                "stop=Some(30s)",
            ],
        ),
        // Ours stand above theirs.
        (
            "WATCHTOWER_CLEANUP=1\nDOCKER_AUTO_UPDATE_ENABLED=false",
            &["Never the variable DOCKER_AUTO_UPDATE_ENABLED", "problems=[]"],
        ),
        (
            "WATCHTOWER_POLL_INTERVAL=3600\nSCAN_INTERVAL=5m",
            &["every=300s", "the variable SCAN_INTERVAL is set as well"],
        ),
        (
            "WATCHTOWER_SCHEDULE=0 99 4 * * *",
            &["WATCHTOWER_SCHEDULE has the value \\\"0 99 4 * * *\\\"", "fatal=true"],
        ),
        ("WATCHTOWER_CLEANUP=maybe", &["WATCHTOWER_CLEANUP has the value", "fatal=true"]),
        ("DIUN_PROVIDERS_DOCKER=true", &["Never", "only=[\"diun.enable=true\"]"]),
        (
            "DIUN_PROVIDERS_DOCKER=true\nDIUN_PROVIDERS_DOCKER_WATCHBYDEFAULT=true",
            &["Never", "only=[]"],
        ),
        (
            "WUD_TRIGGER_DOCKER_LOCAL_PRUNE=true",
            &["AtCheck the variable WUD_TRIGGER_DOCKER_LOCAL_PRUNE"],
        ),
    ] {
        check(lines, expected);
    }
}

#[test]
fn a_schedule_of_ours_is_consent_beside_a_refusal_of_theirs_alone() {
    for (lines, expected) in [
        (
            "WATCHTOWER_MONITOR_ONLY=true\nDOCKER_AUTO_UPDATE_CRON=0 5 * * *",
            &[
                "the variable DOCKER_AUTO_UPDATE_CRON false",
                "the variable DOCKER_AUTO_UPDATE_CRON is set as well",
            ][..],
        ),
        (
            "DOCKER_AUTO_UPDATE_ENABLED=false\nDOCKER_AUTO_UPDATE_CRON=0 5 * * *",
            &["Never the variable DOCKER_AUTO_UPDATE_ENABLED", "turns updates off"],
        ),
        (
            "DOCKER_AUTO_UPDATE_ENABLED=false\nWATCHTOWER_SCHEDULE=0 0 4 * * *",
            &["Never the variable DOCKER_AUTO_UPDATE_ENABLED"],
        ),
    ] {
        check(lines, expected);
    }
}

#[test]
fn without_a_scope_watchtower_leaves_scoped_containers_to_others() {
    for (lines, expected) in [
        ("DIUN_WATCH_WORKERS=3", "scope=all containers"),
        ("WATCHTOWER_CLEANUP=1", "scope=containers without a scope"),
        ("WATCHTOWER_MONITOR_ONLY=1", "scope=containers without a scope"),
        ("WATCHTOWER_SCOPE=web", "scope=containers of the scope web"),
        ("WATCHTOWER_CLEANUP=1\nDOCKER_AUTO_POLICY_SCOPE=a", "scope=containers of the scope a"),
    ] {
        check(lines, &[expected]);
    }
}

#[test]
fn of_two_cooldowns_of_theirs_the_longer_one_counts() {
    for (lines, expected) in [
        ("WATCHTOWER_COOLDOWN_DELAY=1d\nWATCHTOWER_IMAGE_COOLDOWN=2d", "cooldown=172800s"),
        ("WATCHTOWER_COOLDOWN_DELAY=2d\nWATCHTOWER_IMAGE_COOLDOWN=1d", "cooldown=172800s"),
        (
            "WATCHTOWER_COOLDOWN_DELAY=1d\nWATCHTOWER_IMAGE_COOLDOWN=2d\n\
             DOCKER_AUTO_UPDATE_COOLDOWN=1h",
            "cooldown=3600s",
        ),
    ] {
        check(lines, &[expected]);
    }
    let told = load("WATCHTOWER_COOLDOWN_DELAY=1d\nWATCHTOWER_IMAGE_COOLDOWN=2d").1;
    let told: Vec<String> = told.iter().map(ToString::to_string).collect();
    let loser =
        "WATCHTOWER_COOLDOWN_DELAY has no effect: the variable WATCHTOWER_IMAGE_COOLDOWN is set";
    assert!(told.iter().any(|problem| problem.contains(loser)), "{told:?}");
}

#[test]
fn watchtower_keeps_images_unless_it_is_told_to_remove_them() {
    for (lines, expected) in [
        ("WATCHTOWER_CLEANUP=false", &["AtCheck the variable WATCHTOWER_CLEANUP true 1000 "][..]),
        ("WATCHTOWER_POLL_INTERVAL=3600", &["WATCHTOWER_POLL_INTERVAL true 1000 "]),
        ("WATCHTOWER_MONITOR_ONLY=true", &["WATCHTOWER_MONITOR_ONLY false 1000 "]),
        (
            "WATCHTOWER_POLL_INTERVAL=3600\nDOCKER_AUTO_UPDATE_KEEP_IMAGES=2",
            &["WATCHTOWER_POLL_INTERVAL true 2 ", "problems=[]"],
        ),
    ] {
        check(lines, expected);
    }
}

#[test]
fn what_restrains_other_tools_otherwise_is_no_consent() {
    for (lines, expected) in [
        (
            "WATCHTOWER_CLEANUP=1\nWATCHTOWER_SKIP_IMAGE_NAMES=a",
            &["Never the variable WATCHTOWER_SKIP_IMAGE_NAMES false", "problems=[]"][..],
        ),
        (
            "WATCHTOWER_SCHEDULE=0 0 4 * * *\nWATCHTOWER_MONITOR_IMAGE_NAMES=a",
            &[
                "Never the variable WATCHTOWER_MONITOR_IMAGE_NAMES false",
                "scan=Some(\"0 0 4 * * *\")",
                "problems=[]",
            ],
        ),
        ("WATCHTOWER_RUN_ONCE=true", &["Never the variable WATCHTOWER_RUN_ONCE false"]),
        (
            "WATCHTOWER_SCHEDULE=0 0 4 * * *\nWATCHTOWER_HTTP_API_UPDATE=true",
            &["Never the variable WATCHTOWER_HTTP_API_UPDATE false", "problems=[]"],
        ),
        (
            "WATCHTOWER_HTTP_API_ENDPOINTS=metrics,update",
            &["Never the variable WATCHTOWER_HTTP_API_ENDPOINTS false"],
        ),
        ("WATCHTOWER_HTTP_API_ENDPOINTS=metrics", &["AtCheck", "every=86400s"]),
        (
            "WATCHTOWER_HTTP_API_UPDATE=true\nWATCHTOWER_HTTP_API_PERIODIC_POLLS=true",
            &["AtCheck", "every=86400s"],
        ),
        (
            "WATCHTOWER_SKIP_IMAGE_NAMES=a\nDOCKER_AUTO_UPDATE_ENABLED=true",
            &["AtCheck the variable DOCKER_AUTO_UPDATE_ENABLED false"],
        ),
        ("WUD_TRIGGER_DOCKER_A_THRESHOLD=minor", &["Never the default false"]),
        (
            "DD_ACTION_DOCKER_A_AUTO=1\nDD_WATCHER_L_MAINTENANCE_WINDOW=* 2 1 * *",
            &["Never the default false", "window=None", "problems=[]"],
        ),
        (
            "DD_ACTION_DOCKER_A_AUTO=1\nDD_WATCHER_L_MAINTENANCE_WINDOW=* 2 * * *",
            &[
                "AtCheck the variable DD_ACTION_DOCKER_A_AUTO",
                "window=Some(\"always 02:00-03:00 UTC\")",
            ],
        ),
        (
            "DIUN_REGOPTS_0_NAME=h:5000\nDIUN_REGOPTS_0_INSECURETLS=1\n\
             DIUN_REGOPTS_1_NAME=i:80\nDIUN_REGOPTS_1_INSECURETLS=1",
            &["Never the default false", "window=None problems=[]"],
        ),
    ] {
        check(lines, expected);
    }
}

#[test]
fn filters_of_watchtower_are_not_widened() {
    for (lines, expected) in [
        // Watchtower asks for both, and one list of ours can only ask for any.
        (
            "WATCHTOWER_LABEL_ENABLE=1\nWATCHTOWER_ENABLE_CONTAINERS_BY_LABEL=a=b",
            &["two labels at once", "set DOCKER_AUTO_POLICY_ONLY_LABELS", "fatal=true"][..],
        ),
        (
            "WATCHTOWER_LABEL_ENABLE=1\nWATCHTOWER_ENABLE_CONTAINERS_BY_LABEL=a=b\n\
             DOCKER_AUTO_POLICY_ONLY_LABELS=c",
            &["only=[\"c\"]", "WATCHTOWER_LABEL_ENABLE has no effect", "fatal=false"],
        ),
        (
            "WATCHTOWER_DISABLE_CONTAINERS=a\nDOCKER_AUTO_POLICY_EXCLUDE_NAMES=b",
            &[
                "names=[\"b\"]",
                "WATCHTOWER_DISABLE_CONTAINERS has no effect: the variable DOCKER_AUTO_POLICY_EXCLUDE_NAMES is",
            ],
        ),
    ] {
        check(lines, expected);
    }
}

#[test]
fn what_restrains_other_tools_is_told() {
    for (lines, said) in [
        (
            "WATCHTOWER_SKIP_IMAGE_NAMES=a",
            "WATCHTOWER_SKIP_IMAGE_NAMES is read as no consent to updates: ",
        ),
        ("DD_WATCHER_L_MAINTENANCE_WINDOW=* 2 1 * *", "nothing is updated by itself beside it"),
        ("DD_WATCHER_L_IMGSET_A_TAG_EXCLUDE=x", "nothing is updated by itself beside it"),
        ("DD_SECURITY_SCANNER=trivy", "nothing is updated by itself where DD_SECURITY_SCANNER"),
        ("REPO_USER=u\nREPO_PASS=p", "which are for Docker Hub alone"),
        ("WATCHTOWER_LIFECYCLE_GID=5", "write WATCHTOWER_LIFECYCLE_UID as well"),
    ] {
        let told = load(lines).1;
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|problem| problem.contains(said)), "{told:?}");
    }
}

#[test]
fn secrets_of_ours_are_not_told_by_any_name() {
    let mut environment = Vec::new();
    for variable in variables().filter(|variable| variable.secrecy == Secrecy::Secret) {
        for name in std::iter::once(&variable.name).chain(variable.aliases) {
            let name = name.replace("<n>", "3");
            let found = ours(&name, "hidden").map(|setting| setting.value);
            assert!(matches!(found, Some(Content::Secret(_))), "{name}");
            let found = ours(&format!("{name}_FILE"), "/path").map(|setting| setting.value);
            assert!(matches!(found, Some(Content::Open(_))), "{name}_FILE");
            environment.push((name, "hidden".to_owned()));
        }
    }
    let seen = Seen {
        image: "jianxcao/watch-docker".to_owned(),
        variables: environment.into_iter().collect(),
        ..Seen::default()
    };
    let found = report(&[seen], &BTreeMap::new(), &ours);
    let json = serde_json::to_string(&found).unwrap();
    let text = found.text();
    assert!(text.contains("HTTP_PROXY=***") && !text.contains("hidden"), "{text}");
    assert!(!json.contains("hidden"), "{json}");
}

#[test]
fn credentials_of_others_are_ours() {
    for (lines, expected) in [
        ("REPO_USER=u\nREPO_PASS=p", "docker.io u p"),
        (
            "DIUN_REGOPTS_0_NAME=h:5000\nDIUN_REGOPTS_0_USERNAME=u\nDIUN_REGOPTS_0_PASSWORDFILE=/x",
            "h:5000 u file",
        ),
        ("WUD_REGISTRY_HUB_A_LOGIN=u\nWUD_REGISTRY_HUB_A_PASSWORD=p", "docker.io u p"),
        (
            "REPO_USER=u\nREPO_PASS=p\nDOCKER_AUTO_REGISTRY_AUTH_1_HOST=docker.io\n\
             DOCKER_AUTO_REGISTRY_AUTH_1_USERNAME=mine\nDOCKER_AUTO_REGISTRY_AUTH_1_PASSWORD=q",
            "docker.io mine q",
        ),
    ] {
        let (config, problems) = load(lines);
        assert!(!problems.iter().any(ConfigProblem::is_fatal), "{problems:?}");
        let shown = config.registry.logins.values().map(|login| {
            let (username, password) = (login.username.as_deref(), login.password.as_ref());
            let password = password.map_or("", |it| it.expose());
            format!("{} {} {password}", login.host, username.unwrap_or_default())
        });
        assert_eq!(shown.collect::<Vec<_>>(), [expected], "{lines}");
        assert!(!format!("{problems:?}").contains("\"p\""), "{problems:?}");
    }
}

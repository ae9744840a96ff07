//! Foreign labels and variables → what of ours they are.

use std::collections::BTreeMap;

use crate::core::labels as our_labels;

use super::{Idiom, Meaning, labels, variables};

/// Reads `name=value` from each line; a name that begins with a dot is Watchtower's.
fn lines(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().map(str::trim).filter_map(|line| line.split_once('='));
    let whole = |name: &str| match name.strip_prefix('.') {
        Some(rest) => format!("com.centurylinklabs.watchtower.{rest}"),
        None => name.to_owned(),
    };
    pairs.map(|(name, value)| (whole(name), value.to_owned())).collect()
}

fn told(meaning: &Result<Meaning, String>) -> String {
    match meaning {
        Ok(Meaning::Ours(settings)) => {
            settings.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        }
        Ok(Meaning::Already(_)) => "already".to_owned(),
        Ok(Meaning::Nothing(_)) => "nothing".to_owned(),
        Err(_) => "unreadable".to_owned(),
    }
}

/// Checks what the first label or variable of a text means beside the others.
fn check(text: &str, expected: &str) {
    let first = text.trim_start().split('=').next().unwrap_or_default();
    let all = lines(text);
    let name = lines(&format!("{first}=")).into_keys().next().unwrap_or_default();
    let found = if name.contains('.') {
        let idiom = Idiom::of(&all);
        let found = labels::read(&all, &idiom);
        found.iter().find(|found| found.name == name).map(|found| told(&found.meaning))
    } else {
        let found = variables::read(&all);
        let written = |found: &&variables::FoundVariable| {
            found.name == name && found.source == variables::Source::Written
        };
        found.iter().find(written).map(|found| told(&found.meaning))
    };
    assert_eq!(found.as_deref().unwrap_or("unseen"), expected, "{text}");
}

#[test]
fn labels_of_watchtower_are_understood() {
    for (text, expected) in [
        (".enable=true", "docker-auto.mode=auto"),
        (".enable=false", "docker-auto.mode=off"),
        (".enable=maybe", "unreadable"),
        (".enable=true\nWATCHTOWER_LABEL_ENABLE=true", "already"),
        (".enable=false\nWATCHTOWER_CLEANUP=true", "docker-auto.mode=off"),
        (".enable=true\nWATCHTOWER_MONITOR_ONLY=true", "docker-auto.mode=watch"),
        (".monitor-only=true", "docker-auto.mode=watch"),
        (".monitor-only=false", "already"),
        (".monitor-only=false\nWATCHTOWER_MONITOR_ONLY=true", "already"),
        (
            ".monitor-only=false\nWATCHTOWER_MONITOR_ONLY=1\nWATCHTOWER_LABEL_TAKE_PRECEDENCE=1",
            "docker-auto.mode=auto",
        ),
        (".no-pull=true", "docker-auto.mode=watch"),
        (".no-pull=false", "already"),
        (".scope=prod", "docker-auto.scope=prod"),
        (".scope=none", "already"),
        (".depends-on=db, /cache", "docker-auto.depends-on=db:restart,cache:restart"),
        (".stop-signal=SIGINT", "nothing"),
        (".lifecycle.pre-check=/a", "docker-auto.hook.pre-check=/a"),
        (".lifecycle.pre-update=/a b", "docker-auto.hook.pre-update=/a b"),
        (".lifecycle.post-update=/a", "docker-auto.hook.post-update=/a"),
        (".lifecycle.post-check=/a", "docker-auto.hook.post-check=/a"),
        (".lifecycle.pre-update=/a\nWATCHTOWER_CLEANUP=true", "nothing"),
        (
            ".lifecycle.pre-update=/a\nWATCHTOWER_LIFECYCLE_HOOKS=true",
            "docker-auto.hook.pre-update=/a",
        ),
        (".lifecycle.pre-check-timeout=3", "docker-auto.hook.timeout=3m"),
        (".lifecycle.pre-update-timeout=5", "docker-auto.hook.timeout=5m"),
        (".lifecycle.post-update-timeout=0", "docker-auto.hook.timeout=1d"),
        (".lifecycle.post-check-timeout=5m", "unreadable"),
        (".lifecycle.uid=1000", "docker-auto.hook.user=1000"),
        (".lifecycle.uid=1000\n.lifecycle.gid=100", "docker-auto.hook.user=1000:100"),
        (".lifecycle.gid=100\n.lifecycle.uid=1000", "already"),
        (".lifecycle.gid=100", "unreadable"),
        (".cooldown-delay=2w", "docker-auto.cooldown=14d"),
        (".cooldown-delay=0", "docker-auto.cooldown=0s"),
        (".image-cooldown=48h", "docker-auto.cooldown=2d"),
        (".health-check-timeout=90s", "docker-auto.health.timeout=1m30s"),
        (".update-strategy=recreate", "already"),
        (".update-strategy=blue-green", "nothing"),
        (".blue-green.drain=10s", "nothing"),
        (".no-init-deps=true", "already"),
        (".container-chain=abc", "nothing"),
    ] {
        check(text, expected);
    }
    check("com.centurylinklabs.watchtower=true", "nothing");
}

#[test]
fn labels_of_others_are_understood() {
    for (text, expected) in [
        ("wud.watch=true", "docker-auto.mode=watch"),
        ("wud.watch=false", "docker-auto.mode=off"),
        ("wud.watch=true\nWUD_TRIGGER_DOCKER_LOCAL_PRUNE=true", "already"),
        ("wud.watch=true\nWUD_TRIGGER_DOCKER_LOCAL_AUTO=false", "docker-auto.mode=watch"),
        ("wud.watch.digest=true", "already"),
        ("wud.watch.digest=false", "nothing"),
        ("wud.tag.include=^1\\.", "docker-auto.tag.include=^1\\. docker-auto.track=major"),
        ("wud.tag.include=(?!x)", "unreadable"),
        ("wud.tag.exclude=rc", "docker-auto.tag.exclude=rc"),
        ("wud.tag.transform=^v(.*)$ => $1", "docker-auto.tag.transform=^v(.*)$ => $1"),
        ("wud.tag.transform=x", "unreadable"),
        ("wud.link.template=x", "nothing"),
        ("wud.display.name=x", "nothing"),
        ("wud.trigger.include=a:major", "nothing"),
        ("wud.trigger.exclude=a", "nothing"),
        ("wud.compose.file=/x.yml", "already"),
        ("wud.other=1", "nothing"),
        ("dd.watch=true", "docker-auto.mode=watch"),
        ("dd.watch=false", "docker-auto.mode=off"),
        ("dd.watch.digest=true", "already"),
        ("dd.tag.include=^2", "docker-auto.tag.include=^2 docker-auto.track=major"),
        ("dd.tag.exclude=beta", "docker-auto.tag.exclude=beta"),
        ("dd.tag.transform=^(.*)$=>$1", "docker-auto.tag.transform=^(.*)$=>$1"),
        ("dd.tag.family=strict", "already"),
        ("dd.tag.family=loose", "nothing"),
        ("dd.group=media", "docker-auto.group=media"),
        ("dd.updatePolicy.maturityMode=mature", "docker-auto.cooldown=7d"),
        (
            "dd.updatePolicy.maturityMode=mature\ndd.updatePolicy.maturityMinAgeDays=3",
            "docker-auto.cooldown=3d",
        ),
        ("dd.updatePolicy.maturityMode=all", "already"),
        ("dd.updatePolicy.maturityMode=old", "unreadable"),
        ("dd.updatePolicy.maturityMinAgeDays=3", "already"),
        ("dd.updatePolicy.skipTags=1.2, 1.3", "docker-auto.tag.exclude=^(?:1\\.2|1\\.3)$"),
        ("dd.updatePolicy.skipDigests=sha256:1", "nothing"),
        ("dd.update.mode=infrastructure", "already"),
        ("dd.rollback.auto=true", "already"),
        ("dd.rollback.auto=false", "nothing"),
        ("dd.rollback.window=300000", "docker-auto.health.soak=5m"),
        ("dd.rollback.interval=10000", "already"),
        ("dd.depends_on=db,cache", "docker-auto.depends-on=db,cache"),
        ("dd.depends_on=db\ndd.depends_on.action=restart", "docker-auto.depends-on=db:restart"),
        ("dd.depends_on.action=restart", "already"),
        ("dd.hook.pre=/x", "nothing"),
        ("dd.display.icon=x", "nothing"),
        ("dd.action.include=x", "nothing"),
        ("dd.notification.include=x", "nothing"),
        ("dd.security.gate=x", "nothing"),
        ("diun.enable=true", "docker-auto.mode=watch"),
        ("diun.enable=false", "docker-auto.mode=off"),
        ("diun.watch_repo=true", "docker-auto.track=major"),
        ("diun.watch_repo=false", "already"),
        ("diun.include_tags=^1;^2", "docker-auto.tag.include=(?:^1)|(?:^2)"),
        ("diun.exclude_tags=rc", "docker-auto.tag.exclude=rc"),
        ("diun.sort_tags=semver", "already"),
        ("diun.max_tags=10", "already"),
        ("diun.notify_on=new", "nothing"),
        ("diun.hub_link=x", "nothing"),
        ("diun.platform=linux/amd64", "already"),
        ("diun.metadata.a=b", "nothing"),
        ("diun.regopt=x", "already"),
        ("com.ouroboros.enable=true", "docker-auto.mode=auto"),
        ("com.ouroboros.enable=false", "docker-auto.mode=off"),
        ("com.ouroboros.depends_on=db", "docker-auto.depends-on=db:restart"),
        ("com.ouroboros.hard_depends_on=db", "docker-auto.depends-on=db:restart"),
        ("com.ouroboros.stop_signal=SIGINT", "nothing"),
        ("watchdocker.skip=true", "docker-auto.enable=false"),
        ("watchdocker.skip=false", "already"),
        ("watchdocker.force=true", "docker-auto.force=true"),
        ("watchdocker.skipUpdate=true", "docker-auto.mode=watch"),
        ("watchdocker.other=1", "nothing"),
        ("org.opencontainers.image.title=x", "unseen"),
    ] {
        check(text, expected);
    }
}

#[test]
fn variables_of_watchtower_are_understood() {
    for (text, expected) in [
        ("WATCHTOWER_SCHEDULE=0 0 4 * * *", "DOCKER_AUTO_UPDATE_CRON=0 0 4 * * *"),
        ("WATCHTOWER_SCHEDULE=@daily", "DOCKER_AUTO_UPDATE_CRON=@daily"),
        ("WATCHTOWER_SCHEDULE=@every 1h", "DOCKER_AUTO_SCAN_INTERVAL=1h"),
        ("WATCHTOWER_SCHEDULE=x", "unreadable"),
        (
            "WATCHTOWER_SCHEDULE=0 0 4 * * *\nWATCHTOWER_MONITOR_ONLY=true",
            "DOCKER_AUTO_SCAN_CRON=0 0 4 * * *",
        ),
        ("WATCHTOWER_POLL_INTERVAL=3600", "DOCKER_AUTO_SCAN_INTERVAL=1h"),
        ("WATCHTOWER_POLL_INTERVAL=30", "DOCKER_AUTO_SCAN_INTERVAL=1m"),
        ("WATCHTOWER_POLL_INTERVAL=30\nWATCHTOWER_SCHEDULE=@daily", "already"),
        ("WATCHTOWER_RUN_ONCE=true", "nothing"),
        ("WATCHTOWER_UPDATE_ON_START=true", "DOCKER_AUTO_SCAN_ON_START=true"),
        ("WATCHTOWER_TIMEOUT=30s", "DOCKER_AUTO_UPDATE_STOP_TIMEOUT=30s"),
        ("WATCHTOWER_NO_PULL=true", "DOCKER_AUTO_UPDATE_ENABLED=false"),
        ("WATCHTOWER_NO_RESTART=true", "nothing"),
        ("WATCHTOWER_CLEANUP=true", "DOCKER_AUTO_UPDATE_KEEP_IMAGES=1"),
        ("WATCHTOWER_CLEANUP=false", "DOCKER_AUTO_UPDATE_KEEP_IMAGES=1000"),
        ("WATCHTOWER_CLEANUP=x", "unreadable"),
        ("WATCHTOWER_REMOVE_VOLUMES=true", "nothing"),
        (
            "WATCHTOWER_LABEL_ENABLE=true",
            "DOCKER_AUTO_POLICY_ONLY_LABELS=com.centurylinklabs.watchtower.enable=true",
        ),
        ("WATCHTOWER_LABEL_ENABLE=false", "already"),
        ("WATCHTOWER_DISABLE_CONTAINERS=a /b", "DOCKER_AUTO_POLICY_EXCLUDE_NAMES=a,b"),
        ("WATCHTOWER_ENABLE_CONTAINERS_BY_LABEL=a=b,c=", "DOCKER_AUTO_POLICY_ONLY_LABELS=a=b,c"),
        ("WATCHTOWER_DISABLE_CONTAINERS_BY_LABEL=a", "DOCKER_AUTO_POLICY_EXCLUDE_LABELS=a"),
        ("WATCHTOWER_SKIP_IMAGE_NAMES=x", "nothing"),
        ("WATCHTOWER_SCOPE=prod", "DOCKER_AUTO_POLICY_SCOPE=prod"),
        ("WATCHTOWER_SCOPE=none", "already"),
        ("WATCHTOWER_MONITOR_ONLY=true", "DOCKER_AUTO_UPDATE_ENABLED=false"),
        ("WATCHTOWER_MONITOR_ONLY=false", "already"),
        ("WATCHTOWER_INCLUDE_STOPPED=true", "DOCKER_AUTO_DOCKER_INCLUDE_STOPPED=true"),
        ("WATCHTOWER_REVIVE_STOPPED=true", "nothing"),
        ("WATCHTOWER_ROLLING_RESTART=true", "already"),
        ("WATCHTOWER_UPDATE_STRATEGY=blue-green", "nothing"),
        ("WATCHTOWER_HEALTH_CHECK_TIMEOUT=60s", "DOCKER_AUTO_HEALTH_TIMEOUT=1m"),
        ("WATCHTOWER_IMAGE_COOLDOWN=48h", "DOCKER_AUTO_UPDATE_COOLDOWN=2d"),
        ("WATCHTOWER_COOLDOWN_DELAY=1M", "DOCKER_AUTO_UPDATE_COOLDOWN=30d"),
        ("WATCHTOWER_LIFECYCLE_HOOKS=true", "already"),
        ("WATCHTOWER_INSECURE_REGISTRY=a:5000 b", "DOCKER_AUTO_REGISTRY_INSECURE=a:5000,b"),
        ("WATCHTOWER_REGISTRY_CA_BUNDLE=/ca.pem", "DOCKER_AUTO_REGISTRY_CA=/ca.pem"),
        ("WATCHTOWER_HTTP_API_PORT=9090", "DOCKER_AUTO_SERVER_ADDR=:9090"),
        ("WATCHTOWER_HTTP_API_HOST=::1", "DOCKER_AUTO_SERVER_ADDR=[::1]:8080"),
        (
            "WATCHTOWER_HTTP_API_HOST=h\nWATCHTOWER_HTTP_API_PORT=:90",
            "DOCKER_AUTO_SERVER_ADDR=h:90",
        ),
        ("WATCHTOWER_HTTP_API_TOKEN=t", "nothing"),
        ("WATCHTOWER_DEBUG=true", "DOCKER_AUTO_LOG_LEVEL=debug"),
        ("WATCHTOWER_TRACE=true", "DOCKER_AUTO_LOG_LEVEL=trace"),
        ("WATCHTOWER_LOG_LEVEL=panic", "DOCKER_AUTO_LOG_LEVEL=error"),
        ("WATCHTOWER_LOG_LEVEL=x", "unreadable"),
        ("WATCHTOWER_LOG_FORMAT=JSON", "DOCKER_AUTO_LOG_FORMAT=json"),
        ("WATCHTOWER_LOG_FORMAT=Pretty", "DOCKER_AUTO_LOG_FORMAT=text"),
        ("WATCHTOWER_NOTIFICATION_URL=x://y", "nothing"),
        ("WATCHTOWER_NOTIFICATIONS=email", "nothing"),
        ("WATCHTOWER_FROBNICATE=1", "nothing"),
        ("WATCHTOWER_SCHEDULE= ", "unseen"),
    ] {
        check(text, expected);
    }
}

#[test]
fn variables_of_others_are_understood() {
    for (text, expected) in [
        ("WUD_WATCHER_LOCAL_CRON=0 * * * *", "DOCKER_AUTO_SCAN_CRON=0 * * * *"),
        ("WUD_WATCHER_A_HOST=h\nWUD_WATCHER_A_PORT=2376", "DOCKER_AUTO_DOCKER_HOST=tcp://h:2376"),
        ("WUD_WATCHER_A_HOST=h", "DOCKER_AUTO_DOCKER_HOST=tcp://h:2375"),
        ("WUD_WATCHER_A_SOCKET=/s", "DOCKER_AUTO_DOCKER_HOST=unix:///s"),
        ("WUD_WATCHER_A_WATCHALL=true", "DOCKER_AUTO_DOCKER_INCLUDE_STOPPED=true"),
        ("WUD_WATCHER_A_WATCHBYDEFAULT=false", "DOCKER_AUTO_POLICY_ONLY_LABELS=wud.watch=true"),
        ("WUD_WATCHER_A_WATCHBYDEFAULT=true", "already"),
        ("WUD_TRIGGER_DOCKER_LOCAL_PRUNE=true", "DOCKER_AUTO_UPDATE_ENABLED=true"),
        ("WUD_TRIGGER_DOCKER_LOCAL_DRYRUN=true", "already"),
        (
            "WUD_TRIGGER_DOCKERCOMPOSE_X_FILE=/f",
            "DOCKER_AUTO_UPDATE_ENABLED=true DOCKER_AUTO_UPDATE_ALLOW_COMPOSE=true",
        ),
        ("WUD_TRIGGER_SMTP_X_PASS=p", "nothing"),
        ("WUD_SERVER_PORT=3000", "DOCKER_AUTO_SERVER_ADDR=:3000"),
        ("WUD_LOG_LEVEL=debug", "DOCKER_AUTO_LOG_LEVEL=debug"),
        (
            "WUD_REGISTRY_GHCR_X_TOKEN=t\nWUD_REGISTRY_GHCR_X_USERNAME=u",
            "DOCKER_AUTO_REGISTRY_AUTH_1_HOST=ghcr.io DOCKER_AUTO_REGISTRY_AUTH_1_USERNAME=u \
             DOCKER_AUTO_REGISTRY_AUTH_1_PASSWORD=***",
        ),
        ("WUD_REGISTRY_GHCR_X_TOKEN=t", "nothing"),
        (
            "WUD_REGISTRY_HUB_PASSWORD__FILE=/p\nWUD_REGISTRY_HUB_LOGIN=u",
            "DOCKER_AUTO_REGISTRY_AUTH_1_HOST=docker.io DOCKER_AUTO_REGISTRY_AUTH_1_USERNAME=u \
             DOCKER_AUTO_REGISTRY_AUTH_1_PASSWORD_FILE=/p",
        ),
        (
            "WUD_REGISTRY_QUAY_X_TOKEN=t\nWUD_REGISTRY_QUAY_X_NAMESPACE=n\nWUD_REGISTRY_QUAY_X_ACCOUNT=a",
            "DOCKER_AUTO_REGISTRY_AUTH_1_HOST=quay.io DOCKER_AUTO_REGISTRY_AUTH_1_USERNAME=n+a \
             DOCKER_AUTO_REGISTRY_AUTH_1_PASSWORD=***",
        ),
        (
            "WUD_REGISTRY_ECR_X_SECRETACCESSKEY=s\nWUD_REGISTRY_ECR_X_ACCESSKEYID=k\n\
             WUD_REGISTRY_ECR_X_ACCOUNTID=1\nWUD_REGISTRY_ECR_X_REGION=eu-west-1",
            "DOCKER_AUTO_REGISTRY_AUTH_1_HOST=1.dkr.ecr.eu-west-1.amazonaws.com \
             DOCKER_AUTO_REGISTRY_AUTH_1_USERNAME=k DOCKER_AUTO_REGISTRY_AUTH_1_PASSWORD=***",
        ),
        (
            "REPO_PASS=p\nREPO_USER=u\nDOCKER_AUTO_REGISTRY_AUTH_4_HOST=ghcr.io",
            "DOCKER_AUTO_REGISTRY_AUTH_5_HOST=docker.io DOCKER_AUTO_REGISTRY_AUTH_5_USERNAME=u \
             DOCKER_AUTO_REGISTRY_AUTH_5_PASSWORD=***",
        ),
        ("REPO_USER=u\nREPO_PASS=p", "already"),
        ("REPO_PASS=p\nREPO_USER=u\nDOCKER_AUTO_REGISTRY_AUTH_4_HOST=docker.io", "nothing"),
        ("REPO_USER=u", "nothing"),
        (
            "DIUN_REGOPTS_0_PASSWORDFILE=/p\nDIUN_REGOPTS_0_USERNAME=u\nDIUN_REGOPTS_0_NAME=h:5000",
            "DOCKER_AUTO_REGISTRY_AUTH_1_HOST=h:5000 DOCKER_AUTO_REGISTRY_AUTH_1_USERNAME=u \
             DOCKER_AUTO_REGISTRY_AUTH_1_PASSWORD_FILE=/p",
        ),
        (
            "DIUN_REGOPTS_0_PASSWORD=p\nDIUN_REGOPTS_0_USERNAME=u\nDIUN_REGOPTS_0_NAME=mine",
            "nothing",
        ),
        ("DIUN_WATCH_SCHEDULE=0 */6 * * *", "DOCKER_AUTO_SCAN_CRON=0 */6 * * *"),
        ("DIUN_WATCH_SCHEDULE=@every 6h", "DOCKER_AUTO_SCAN_INTERVAL=6h"),
        ("DIUN_WATCH_WORKERS=20", "DOCKER_AUTO_SCAN_CONCURRENCY=20"),
        ("DIUN_WATCH_RUNONSTARTUP=false", "DOCKER_AUTO_SCAN_ON_START=false"),
        ("DIUN_PROVIDERS_DOCKER_ENDPOINT=unix:///x", "DOCKER_AUTO_DOCKER_HOST=unix:///x"),
        ("DIUN_PROVIDERS_DOCKER_WATCHSTOPPED=true", "DOCKER_AUTO_DOCKER_INCLUDE_STOPPED=true"),
        ("DIUN_PROVIDERS_SWARM=true", "nothing"),
        ("DIUN_NOTIF_MAIL_PASSWORD=x", "nothing"),
        ("DIUN_OTHER=x", "nothing"),
        ("DD_WATCHER_LOCAL_CRON=0 */6 * * *", "DOCKER_AUTO_SCAN_CRON=0 */6 * * *"),
        ("DD_WATCHER_LOCAL_MATURITY_MIN_AGE_DAYS=3", "DOCKER_AUTO_UPDATE_COOLDOWN=3d"),
        ("DD_UPDATE_MAX_CONCURRENT=3", "DOCKER_AUTO_UPDATE_CONCURRENCY=3"),
        ("DD_ACTION_DOCKER_X_AUTO=true", "DOCKER_AUTO_UPDATE_ENABLED=true"),
        ("DD_AGENT_HOST=datadog", "unseen"),
        ("CUP_REFRESH_INTERVAL=0 */30 * * * *", "DOCKER_AUTO_SCAN_CRON=0 */30 * * * *"),
        ("CUP_SOCKET=/s", "DOCKER_AUTO_DOCKER_HOST=unix:///s"),
        ("CUP_SOCKET=tcp://h:1", "DOCKER_AUTO_DOCKER_HOST=tcp://h:1"),
        ("CUP_THEME=blue", "nothing"),
        ("HOME=/root", "unseen"),
    ] {
        check(text, expected);
    }
}

#[test]
fn ours_stand_above_theirs_and_the_stricter_of_theirs_counts() {
    for (text, ours, expected) in [
        (".enable=false\ndocker-auto.mode=auto", "docker-auto.mode", Some("auto")),
        (".enable=true\n.monitor-only=true", "docker-auto.mode", Some("watch")),
        (".enable=false\nwud.watch=true", "docker-auto.mode", Some("off")),
        ("diun.enable=true\n.enable=true", "docker-auto.mode", Some("watch")),
        (
            ".lifecycle.pre-update-timeout=2\n.lifecycle.post-update-timeout=1",
            "docker-auto.hook.timeout",
            Some("2m"),
        ),
        (".enable=x", "docker-auto.mode", None),
        (
            ".lifecycle.pre-update=x\nWATCHTOWER_LIFECYCLE_HOOKS=1\nWATCHTOWER_LIFECYCLE_UID=5",
            "docker-auto.hook.user",
            Some("5"),
        ),
    ] {
        let written = lines(text);
        let understood = labels::understood(&written, &Idiom::of(&written));
        assert_eq!(understood.get(ours).map(String::as_str), expected, "{text}");
        assert_eq!(labels::as_written(&understood), written, "{text}");
        assert_eq!(labels::understood(&understood, &Idiom::of(&written)), understood, "{text}");
    }
}

/// Values of which each row takes at least one.
const VALUES: [&str; 8] = ["true", "false", "1", "30s", "a", "x=>y", "mature", "recreate"];

#[test]
fn every_label_that_means_something_here_means_a_label_that_is_read() {
    for row in labels::rows() {
        let beside = lines("com.centurylinklabs.watchtower.lifecycle.uid=1");
        let mut meant = Vec::new();
        let mut told = false;
        for value in VALUES {
            let name = row.name.replace('*', "x");
            let mut written = lines(&format!("{name}={value}"));
            written.extend(beside.clone().into_iter().filter(|_| name.ends_with(".gid")));
            let found = labels::read(&written, &Idiom::default());
            let found = found.into_iter().filter(|found| found.name == name);
            for meaning in found.filter_map(|found| found.meaning.ok()) {
                told |= !matches!(meaning, Meaning::Ours(_));
                let Meaning::Ours(settings) = meaning else { continue };
                meant.extend(settings.into_iter().map(|setting| setting.name));
            }
        }
        let promised = row.means.starts_with("`docker-auto.");
        assert_eq!(
            promised || row.means.contains(": `docker-auto."),
            !meant.is_empty(),
            "{}",
            row.name
        );
        assert!(told || !meant.is_empty(), "{}", row.name);
        assert!(
            meant.iter().all(|ours| ours.starts_with(our_labels::PREFIX)),
            "{}: {meant:?}",
            row.name
        );
    }
}

#[test]
fn the_report_says_what_was_found() {
    use super::report::{Seen, report};
    let watchtower = Seen {
        name: "watchtower".to_owned(),
        image: "containrrr/watchtower".to_owned(),
        variables: lines(
            "WATCHTOWER_NOTIFICATION_URL=smtp://secret\nREPO_USER=me\nREPO_PASS=hidden",
        ),
        arguments: ["--cleanup", "--schedule", "0 0 4 * * *"].map(str::to_owned).to_vec(),
        ..Seen::default()
    };
    let web = Seen {
        name: "shop-web-1".to_owned(),
        image: "nginx".to_owned(),
        labels: lines(
            ".enable=false\n.stop-signal=INT\ncom.docker.compose.project=shop\n\
             com.docker.compose.service=web",
        ),
        ..Seen::default()
    };
    let plain = Seen { name: "db".to_owned(), image: "postgres".to_owned(), ..Seen::default() };
    let environment = lines("DIUN_WATCH_WORKERS=20\nDOCKER_AUTO_REGISTRY_AUTH_1_HOST=ghcr.io");
    let found = report(&[watchtower, web, plain], &environment, &|_| None);
    let expected = include_str!("tests/report.txt");
    assert_eq!(found.text(), expected);
    let json = serde_json::to_string(&found).unwrap();
    for text in [found.text(), json] {
        assert!(!text.contains("hidden") && !text.contains("smtp://secret"), "{text}");
    }
    let nothing = report(&[], &lines("DOCKER_AUTO_DATA=/x"), &|_| None);
    assert!(nothing.is_empty() && nothing.text().starts_with("no other tool was found"));
    let other = Seen {
        name: "w".to_owned(),
        image: "jianxcao/watch-docker".to_owned(),
        variables: lines("WATCH_SCAN_INTERVAL=5m\nWATCH_REGISTRY_AUTH_1_TOKEN=hidden"),
        ..Seen::default()
    };
    let found =
        report(&[other], &lines(""), &|name| Some(name.replacen("WATCH_", "DOCKER_AUTO_", 1)));
    let text = found.text();
    assert!(
        text.contains("DOCKER_AUTO_SCAN_INTERVAL: \"5m\"") && !text.contains("hidden"),
        "{text}"
    );
}
